"""Read edge: an Action, a frame range of it, or what NLA, constraints and drivers make of it, as 22 joints.

Two ways, chosen by what moves the bones and named in the result:

* "curves": where F-curves alone move the mapped bones and those above them, the curves are sampled and the bones
  posed in numpy. Nothing in the file is touched.
* "evaluated": where constraints, drivers, NLA strips, a moving parent or scaled bones have a say, Blender evaluates
  them in a scratch scene that holds the armature only (or a copy of it, for an Action it does not play). The user's
  scene, its current frame and poses without keys stay as they are. The scratch scene is there within a step only,
  so that giving up between two steps leaves nothing behind.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from typing import Any

import bpy
import numpy as np

from ..errors import InputError, RigError
from ..motion import rotations as rot
from ..motion import skeleton
from ..retarget import Mapping, Rig, detect_rig
from ..retarget.body import read_rest
from ..retarget.channels import object_matrices, quaternions_of
from ..retarget.reading import Placement, canonicalise, joints_of_poses, needed_bones
from ..retarget.reference_pose import at_reference, reference_quaternions, standing_reference, why_not_at_rest
from ..retarget.rig import forward_kinematics
from . import actions
from .armature import Y_UP_FROM_Z_UP, check_editable, read_rig
from .snapshot import ROTATION_CHANNELS, rotation_channel
from .stage import evaluate, staged
from .steps import Call, Step
from .targets import by_uid

CURVES, EVALUATED = "curves", "evaluated"
_BONE_PATH = re.compile(r'pose\.bones\["((?:[^"\\]|\\.)*)"\]\.(\w+)$')
_CHANNELS = ("location", "scale", "rotation_euler", *ROTATION_CHANNELS.values())
_MOST_FRAMES = 200_000
PIECE = 40  # samples a step
POSES = 400  # poses turned into joints at a time
CHANGED = "The Action or its armature changed while it was being read"
EVALUATE_SECONDS = 0.01  # a step, beside the scratch scene


@dataclass(frozen=True)
class Reading:
    """A motion that was read.

    joints: float32 (F, 22, 3), the canonical body, metres, Y up, at frame 0 over the origin facing +Z, on the floor.
    placement: ``placement.place(joints)`` baked onto the same armature with ``place="world"`` is the pose again.
    heads: float64 (F, 22, 3), where the bones' heads are in Blender's world, Y up, the rig's own proportions.
    frames: (F,) the scene frames sampled. fps: samples a second. way: "curves" or "evaluated"; reason: why not
    "curves", else "". derived: joints that no bone plays. rig, mapping: what was read. poses: bone name to (F, 4, 4),
    armature space, of the mapped bones and those above them; worlds: (F, 4, 4), armature space to the Y-up world.
    reference: the pose of a frame, bone to basis quaternion (4,), that was taken for a rest pose that is not a stance.
    """

    joints: np.ndarray
    placement: Placement
    heads: np.ndarray
    frames: np.ndarray
    fps: float
    way: str
    reason: str
    derived: tuple[str, ...]
    rig: Rig
    mapping: Mapping
    poses: dict[str, np.ndarray]
    worlds: np.ndarray
    reference: dict[str, np.ndarray] | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of how it was read: lines."""
        lines = [f"Read as evaluated: {self.reason}"] if self.reason else []
        if self.derived:
            lines.append(f"Derived, as no bone plays them: {', '.join(self.derived).replace('_', ' ')}")
        why = why_not_at_rest(self.rig, self.mapping)
        if why is not None:
            taken = "a frame in which it stands is taken instead" if self.reference else "it may be read wrongly"
            lines.append(f"The rest pose is not a stance ({why}): {taken}")
        return (*lines, *self.mapping.notes)


def read_action(
    armature: bpy.types.Object,
    action: bpy.types.Action | None = None,
    *,
    frames: tuple[float, float] | None = None,
    fps: float | None = skeleton.FPS,
    scene: bpy.types.Scene | None = None,
    mapping: Mapping | None = None,
) -> Reading:
    """Read what an armature does, without changing anything.

    action: any Action, whether the armature plays it or not; None: what it plays, NLA included. frames: first and last
    frame, both read; None: all of the Action, or of the NLA's strips. fps: samples a second, the first at the
    first frame; None: one at every scene frame. mapping overrides the detection of bones.

    Raises RigError for an armature that cannot be read or maps to under half of the joints, InputError for a range
    without frames or an armature without animation.
    """
    steps = read_steps(armature, action, frames=frames, fps=fps, scene=scene, mapping=mapping, piece=None)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        return end.value


def read_steps(
    armature: bpy.types.Object,
    action: bpy.types.Action | None = None,
    *,
    frames: tuple[float, float] | None = None,
    fps: float | None = skeleton.FPS,
    scene: bpy.types.Scene | None = None,
    mapping: Mapping | None = None,
    piece: int | None = PIECE,
) -> Generator[Step | Call, Any, Reading]:
    """As :func:`read_action`, ``piece`` samples a step, so that the interface stays alive; returns the Reading, which
    a thread makes of the samples.

    Of what Blender must evaluate, a step takes fewer when EVALUATE_SECONDS are over. ``piece`` None: all in one step.
    Raises InputError too when armature or Action are removed between two steps.
    """
    scene = scene or bpy.context.scene
    check_editable(armature)
    bpy.context.view_layer.update()
    rig = read_rig(armature)
    mapping = mapping or detect_rig(rig)
    rate = scene.render.fps / scene.render.fps_base
    playing, stacked = _playing(armature)
    if action is None and playing is None and not stacked:
        raise InputError(f"{armature.name} has no animation", "Give it an Action, or select one that has")
    whole = action is None and stacked
    chosen = action or playing
    times = sample_frames(frames or _extent(armature, chosen, whole), rate, fps)
    names = [rig.names[bone] for bone in needed_bones(rig, mapping)]
    curves = _Curves(armature, chosen, names) if chosen is not None else None
    reason = "NLA strips play" if whole else _hindrance(armature, names, curves)
    if reason:
        poses, worlds = yield from _evaluated_steps(armature, None if whole else chosen, scene, names, times, piece)
    else:
        poses, worlds = yield from _pose_steps(armature, chosen, rig, names, times, piece or len(times))
    told = (rig, mapping, times, fps or rate, reason, poses, worlds)
    if piece is None:
        return _reading(*told)
    return (yield Call(_reading, told, Step("Reading the Action", len(times), len(times))))


def _reading(
    rig: Rig,
    mapping: Mapping,
    times: np.ndarray,
    fps: float,
    reason: str,
    poses: dict[str, np.ndarray],
    worlds: np.ndarray,
) -> Reading:
    """Turn poses into joints on the canonical body; return them and all else that is known. Any thread."""
    stood = replace(rig, world=worlds[0])
    reference = _reference(stood, mapping, poses)
    rests = stood if reference is None else at_reference(stood, reference_quaternions(stood, reference))
    body, parts = read_rest(rests, mapping), []
    mapped = {name: poses[name] for name in mapping.bones.values()}
    for start in range(0, len(times), POSES):
        some = slice(start, start + POSES)
        part = {name: matrices[some] for name, matrices in mapped.items()}
        parts.append(joints_of_poses(rests, mapping, body, part, worlds[some]))
    placed, heads = (np.concatenate(each) for each in zip(*parts, strict=True))
    joints, placement = canonicalise(placed, body, rests)
    return Reading(
        joints=joints.astype(np.float32),
        placement=placement,
        heads=heads,
        frames=times,
        fps=fps,
        way=EVALUATED if reason else CURVES,
        reason=reason,
        derived=mapping.missing,
        rig=stood,
        mapping=mapping,
        poses=poses,
        worlds=worlds,
        reference=reference,
    )


def _reference(rig: Rig, mapping: Mapping, poses: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
    """Return the pose of a frame in which the body stands, where the rest pose is not a stance; None where it is one,
    and where nobody stands."""
    if why_not_at_rest(rig, mapping) is None:
        return None
    up = rot.unit(np.linalg.inv(rig.world[:3, :3]) @ np.array([0.0, 1.0, 0.0]))
    return standing_reference(rig, mapping, poses, up)


def _pose_steps(
    armature: bpy.types.Object, action: bpy.types.Action, rig: Rig, names: list[str], times: np.ndarray, piece: int
) -> Generator[Step, None, tuple]:
    """Pose ``piece`` samples a step; Blender's data is looked up anew before each: an undo may have moved it."""
    uids, part = (armature.session_uid, action.session_uid), _part_of(rig, names)
    poses, worlds = _empty_poses(names, len(times))
    for start in range(0, len(times), piece):
        yield Step("Reading the Action", start, len(times))
        armature, action = _found_again(*uids, names)
        some = slice(start, start + piece)
        posed, worlds[some] = _pose(armature, part, _Curves(armature, action, names), times[some])
        for number, matrices in enumerate(poses.values()):
            matrices[some] = posed[:, number]
    return poses, worlds


def _empty_poses(names: list[str], frames: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return room for the poses of the bones ``names`` (each frames, 4, 4) and for the worlds (frames, 4, 4)."""
    return {name: np.zeros((frames, 4, 4)) for name in names}, np.zeros((frames, 4, 4))


def _evaluated_steps(
    armature: bpy.types.Object,
    action: bpy.types.Action | None,
    scene: bpy.types.Scene,
    names: list[str],
    times: np.ndarray,
    piece: int | None,
) -> Generator[Step, None, tuple]:
    """Let Blender pose the armature at ``times``, up to ``piece`` a step, as ``action`` alone has it, or with None as
    all has it that plays."""
    most, seconds = (len(times), float("inf")) if piece is None else (piece, EVALUATE_SECONDS)
    uids = armature.session_uid, action.session_uid if action is not None else None, scene.session_uid
    state = _state(armature, action)
    (poses, worlds), done = _empty_poses(names, len(times)), 0
    while done < len(times):
        yield Step("Reading the Action", done, len(times))
        armature, action = _found_again(uids[0], uids[1], names)
        if _state(armature, action) != state:
            raise InputError(CHANGED, "Try again")
        scene = by_uid(bpy.data.scenes, uids[2]) or bpy.context.scene
        alone = None if action is None or _plays_alone(armature, action) else action
        with staged(armature, alone, scene) as stage:
            room = {name: matrices[done:] for name, matrices in poses.items()}
            done += evaluate(*stage, times[done : done + most], room, worlds[done:], seconds)
    return poses, worlds


def _found_again(armature_uid: int, action_uid: int | None, names: Iterable[str]) -> tuple:
    """Return armature and Action (None without) after a step. Raises InputError when they or bones are gone, RigError
    when the armature is in Edit Mode."""
    armature = by_uid(bpy.data.objects, armature_uid)
    action = by_uid(bpy.data.actions, action_uid) if action_uid is not None else None
    gone = armature is None or (action_uid is not None and action is None)
    if gone or any(name not in armature.pose.bones for name in names):
        raise InputError(CHANGED, "Try again")
    check_editable(armature)
    return armature, action


def _state(armature: bpy.types.Object, action: bpy.types.Action | None) -> tuple:
    """Return what must stay between two steps so that Blender poses the armature alike."""
    playing, stacked = _playing(armature)
    playing = (playing and playing.session_uid, stacked) if action is None else None
    return armature.data.pose_position, playing


def sample_frames(extent: tuple[float, float], rate: float, fps: float | None = skeleton.FPS) -> np.ndarray:
    """Return the scene frames (F,) to sample from ``extent`` (first, last), ``fps`` a second at the scene's ``rate``.

    ``fps`` None: every frame. Raises InputError for a range that is empty, not finite or too long.
    """
    first, last = (float(value) for value in extent)
    if not (np.isfinite(first) and np.isfinite(last) and first <= last):
        raise InputError(f"Frames {first:g} to {last:g} are not a range", "Give a first frame and a last one after it")
    step = rate / fps if fps else 1.0
    count = int(np.floor((last - first) / step + 1e-6)) + 1
    if count > _MOST_FRAMES:
        raise InputError(f"{count} frames are too many to read", "Give a shorter frame range")
    return first + step * np.arange(count)


def bone_names(curves: Iterable[bpy.types.FCurve]) -> set[str]:
    """Return the names of the bones that F-curves move."""
    found = (_BONE_PATH.match(curve.data_path) for curve in curves)
    return {bpy.utils.unescape_identifier(match[1]) for match in found if match}


def _playing(armature: bpy.types.Object) -> tuple[object | None, bool]:
    """Return the Action that plays (None without) and whether NLA strips play as well, or change how it plays."""
    data = armature.animation_data
    if data is None:
        return None, False
    stacked = data.use_nla and any(not track.mute and len(track.strips) for track in data.nla_tracks)
    if data.action is not None and (data.action_influence != 1.0 or data.action_blend_type != "REPLACE"):
        stacked = stacked or data.use_nla
    return data.action, stacked


def _plays_alone(armature: bpy.types.Object, action: bpy.types.Action) -> bool:
    playing, stacked = _playing(armature)
    return playing == action and not stacked


def _extent(armature: bpy.types.Object, action: bpy.types.Action | None, whole: bool) -> tuple[float, float]:
    ends = [] if action is None else [actions.frame_range(action, actions.slot_for(action, armature))]
    if whole:
        tracks = [track for track in armature.animation_data.nla_tracks if not track.mute]
        ends += [(strip.frame_start, strip.frame_end) for track in tracks for strip in track.strips if not strip.mute]
    if not ends:
        raise InputError(f"The NLA strips of {armature.name} are muted", "Unmute them, or give a frame range")
    return min(first for first, _ in ends), max(last for _, last in ends)


class _Curves:
    """The F-curves of one Action that move an armature's object and some of its bones, by bone and channel.

    Most curves of a large rig move fingers, hair and cloth: they are passed over by their paths.
    """

    def __init__(self, armature: bpy.types.Object, action: bpy.types.Action, names: Iterable[str]):
        self.bones: dict[str, dict[str, dict[int, object]]] = {}
        self.object: dict[str, dict[int, object]] = {}
        wanted = {
            f'pose.bones["{bpy.utils.escape_identifier(name)}"].{channel}': (name, channel)
            for name in names
            for channel in _CHANNELS
        }
        for curve in actions.curves_of(action, actions.slot_for(action, armature)):
            path = curve.data_path
            moved = wanted.get(path)
            if (moved is None and "." in path) or curve.mute or (curve.group is not None and curve.group.mute):
                continue
            if moved is None:
                self.object.setdefault(path, {})[curve.array_index] = curve
            else:
                self.bones.setdefault(moved[0], {}).setdefault(moved[1], {})[curve.array_index] = curve

    def sample(
        self, owner: bpy.types.Object | bpy.types.PoseBone, channels: dict, name: str, times: list[float]
    ) -> np.ndarray:
        """Return channel ``name`` (F, n) over ``times``; what has no curve stays as ``owner`` has it now."""
        values = np.tile(np.array(getattr(owner, name), dtype=float), (len(times), 1))
        for index, curve in channels.get(name, {}).items():
            values[:, index] = [curve.evaluate(time) for time in times]
        return values


def _hindrance(armature: bpy.types.Object, names: list[str], curves: _Curves) -> str:
    """Return why F-curves alone do not say how the bones ``names`` move; "" when they do."""
    if armature.data.pose_position == "REST":
        raise RigError(f"{armature.name} shows its rest position", "Set the armature to Pose Position")
    for name in names:
        bone = armature.pose.bones[name]
        acting = [constraint for constraint in bone.constraints if not constraint.mute and constraint.influence > 0]
        if acting:
            return f"{name} has the constraint {acting[0].name}"
        if _is_scaled(bone, curves.bones.get(name, {})):
            return f"{name} is scaled"
    if (chain := _driven_by_others(armature, set(names))) is not None:
        return chain
    return _object_hindrance(armature, curves)


def _is_scaled(bone: bpy.types.PoseBone, channels: dict) -> bool:
    if any(abs(value - 1) > 1e-6 for value in bone.scale) and "scale" not in channels:
        return True
    for curve in channels.get("scale", {}).values():
        points = np.zeros(2 * len(curve.keyframe_points), dtype=np.float32)
        curve.keyframe_points.foreach_get("co", points)
        if np.abs(points[1::2] - 1).max(initial=0.0) > 1e-6 or len(curve.modifiers):
            return True
    return False


def _driven_by_others(armature: bpy.types.Object, names: set[str]) -> str | None:
    """Return what else moves the bones ``names``: IK that reaches up to them, or drivers."""
    for bone in armature.pose.bones:
        for constraint in bone.constraints:
            reaches_up = constraint.type in {"IK", "SPLINE_IK"} and not constraint.mute and constraint.influence > 0
            if reaches_up and names & {above.name for above in bone.parent_recursive}:
                return f"{bone.name} has the constraint {constraint.name}"
    for driver in armature.animation_data.drivers if armature.animation_data else ():
        match = _BONE_PATH.match(driver.data_path)
        if not driver.mute and (match is None or bpy.utils.unescape_identifier(match[1]) in names):
            return f"a driver moves {match[1] if match else driver.data_path}"
    return None


def _object_hindrance(armature: bpy.types.Object, curves: _Curves) -> str:
    acting = [constraint for constraint in armature.constraints if not constraint.mute]
    if acting:
        return f"the object has the constraint {acting[0].name}"
    plain = (
        not any(armature.delta_location)
        and armature.delta_scale[:] == (1.0, 1.0, 1.0)
        and not any(armature.delta_rotation_euler)
        and armature.delta_rotation_quaternion[:] == (1.0, 0.0, 0.0, 0.0)
    )
    moved = bool(set(curves.object) & {"location", "scale", *ROTATION_CHANNELS.values(), "rotation_euler"})
    if moved and not plain:
        return "the object has delta transforms"
    parent = armature.parent
    while parent is not None:
        if parent.animation_data is not None or len(parent.constraints) or armature.parent_type != "OBJECT":
            return f"the object follows {parent.name}"
        parent = parent.parent
    return ""


def _part_of(rig: Rig, names: list[str]) -> Rig:
    """Return the bones ``names`` of a rig, parents first and with all above them, as a rig of their own."""
    needed = [rig.index[name] for name in names]
    place = {bone: number for number, bone in enumerate(needed)}
    return replace(
        rig,
        names=tuple(names),
        parents=np.array([place.get(int(rig.parents[bone]), -1) for bone in needed]),
        rest=rig.rest[needed],
        lengths=rig.lengths[needed],
        rotation_modes=tuple(rig.rotation_modes[bone] for bone in needed),
        connected=rig.connected[needed],
        inherit_rotation=rig.inherit_rotation[needed],
        local_location=rig.local_location[needed],
    )


def _pose(armature: bpy.types.Object, part: Rig, curves: _Curves, times: np.ndarray):
    """Sample the curves and pose the bones of ``part``: (F, bones, 4, 4), and the worlds (F, 4, 4)."""
    sampled = times.tolist()
    quaternions, locations = np.zeros((len(times), len(part.names), 4)), np.zeros((len(times), len(part.names), 3))
    for number, (name, mode) in enumerate(zip(part.names, part.rotation_modes, strict=True)):
        bone, channels = armature.pose.bones[name], curves.bones.get(name, {})
        rotation = curves.sample(bone, channels, rotation_channel(mode), sampled)
        quaternions[:, number] = quaternions_of(rotation, mode)
        locations[:, number] = curves.sample(bone, channels, "location", sampled)
    return forward_kinematics(part, quaternions, locations), _worlds(armature, curves, sampled)


def _worlds(armature: bpy.types.Object, curves: _Curves, times: list[float]) -> np.ndarray:
    """Return armature space to the Y-up world (F, 4, 4)."""
    moved = set(curves.object) & {"location", "scale", "rotation_euler", *ROTATION_CHANNELS.values()}
    now = np.array(armature.matrix_world, dtype=float)
    if not moved:
        return np.tile(Y_UP_FROM_Z_UP @ now, (len(times), 1, 1))
    mode = armature.rotation_mode
    rotation = curves.sample(armature, curves.object, rotation_channel(mode), times)
    matrices = object_matrices(
        curves.sample(armature, curves.object, "location", times),
        quaternions_of(rotation, mode),
        curves.sample(armature, curves.object, "scale", times),
    )
    above = now @ np.linalg.inv(np.array(armature.matrix_basis, dtype=float))
    return Y_UP_FROM_Z_UP @ above @ matrices
