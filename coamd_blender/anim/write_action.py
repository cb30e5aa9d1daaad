"""Write edge: a solved motion as F-curves of a new Action, of a copy of the one in use, or of an NLA strip."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass, field, replace

import bpy
import numpy as np

from ..errors import InputError, RigError
from ..motion import rotations as rot
from ..motion import skeleton
from ..retarget import Mapping, Options, PoseSolution, Rig, bones, check_mapping, controls, detect_rig, ik, solve
from ..retarget.body import read_rest
from ..retarget.solver import check_joints, resample
from . import actions, checks, nla, reduction, replacing
from .armature import (
    check_editable,
    read_follows,
    read_ik,
    read_location_axes,
    read_pole_angles,
    read_rig,
    read_switches,
)

# Values of Blender's enums, for foreach_set.
_LINEAR, _BEZIER = 1, 2
_ALIGNED, _AUTO_CLAMPED = 3, 4
_GENERATED = 5
# Where the keys go: an Action of their own, a copy of the one in use with this range replaced, or an NLA strip.
OUTPUTS = ("action", "replace", "strip")
# The channels of a bone's pose, at rest.
REST = {
    "location": (0, 0, 0),
    "scale": (1, 1, 1),
    "rotation_quaternion": (1, 0, 0, 0),
    "rotation_euler": (0, 0, 0),
    "rotation_axis_angle": (0, 0, 1, 0),
}
# The channels of an object's own transform.
OBJECT_CHANNELS = (
    *("location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale"),
    *("delta_location", "delta_rotation_euler", "delta_rotation_quaternion", "delta_scale"),
)
_CHANNEL = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}


@dataclass(frozen=True)
class Curve:
    """One F-curve to write: its data path and index, the bone whose group it joins, and its keys.

    frames, values: (K,). slopes: (K,) a frame, for Bezier keys; None for linear ones.
    """

    path: str
    index: int
    group: str
    frames: np.ndarray
    values: np.ndarray
    slopes: np.ndarray | None = None


@dataclass(frozen=True)
class Plan:
    """A motion solved for one armature: numbers only, so it outlives an undo. ``rest_bones`` are put in their rest
    pose when the Action is handed over, since the solution counts on it; so it does on ``held``, the object's own
    channels (data path, index) and their values."""

    name: str
    frames: np.ndarray
    curves: tuple[Curve, ...]
    rest_bones: tuple[str, ...]
    output: str = "action"
    held: Table[tuple[str, int], float] = field(default_factory=dict)

    @property
    def span(self) -> tuple[int, int]:
        """First and last frame."""
        return int(self.frames[0]), int(self.frames[-1])


@dataclass(frozen=True)
class Stand:
    """Where an armature object stands at one moment.

    world: (4, 4) armature space to the Y-up world, as in Rig. place, place_axes: the object's location (3,) and its
    channels' axes (3, 3) in the Y-up world. held: as in Plan.
    """

    world: np.ndarray
    place: np.ndarray
    place_axes: np.ndarray
    held: Table[tuple[str, int], float]


@dataclass(frozen=True)
class Target:
    """An armature as numbers: all that solving needs, so that it can be done in another thread.

    paths: bone name to its data path. aligned: as in retarget.solve. output: one of OUTPUTS. tolerance: degrees
    within which keys are left out, or None for a key on every frame. stand: where the object stands meanwhile. control:
    of a generated rig. limbs: those led by IK targets. switches: keyed so that a control rig follows the controls that
    are keyed.
    """

    rig: Rig
    mapping: Mapping
    options: Options
    fps: float
    start: int
    paths: Table[str, str]
    aligned: Table[str, np.ndarray] | None
    output: str
    tolerance: float | None
    stand: Stand
    control: controls.ControlRig | None
    limbs: tuple[ik.IkLimb, ...]
    switches: tuple[controls.Switch, ...]


def apply_motion(
    armature_object, joints: np.ndarray, *, source_fps: float = skeleton.FPS, name: str = "CoAMD", **options
):
    """Key ``joints`` (frames, 22, 3), metres, Y up, onto an armature in a new Action and return the Action.

    ``options`` are those of :func:`read_target`; errors are its own and those of :func:`plan_motion`. The Action and
    slot in use before stay in the file untouched. All at once: an interface that must stay alive solves in a
    thread and uses :func:`write_some`.
    """
    joints = check_joints(joints)
    plan = plan_motion(read_target(armature_object, **options), joints, source_fps, name)
    action = new_action(armature_object, plan)
    write_some(action, plan, 0)
    hand_over(armature_object, action, plan)
    return action


def read_target(
    armature_object,
    *,
    start_frame: int | None = None,
    scene=None,
    mapping: Mapping | None = None,
    aligned: Table[str, np.ndarray] | None = None,
    output: str = "action",
    tolerance: float | None = None,
    switch: bool = True,
    limbs: str = "fk",
    stand: Stand | None = None,
    **options,
) -> Target:
    """Read what a motion is to be solved for; nothing is changed.

    One key a scene frame, at the scene's frame rate, from ``start_frame`` (the scene's current frame by
    default). ``mapping`` overrides the detection by bone names and shape, ``aligned`` the rest pose (as in
    retarget.solve). ``output``: one of OUTPUTS. ``tolerance``: degrees by which a bone may miss its rotation where
    keys are left out, and the hips their place by the way a leg's end goes in such a turn; None keys every frame.
    ``switch``: the Action also turns a control rig's limbs to what is keyed. ``limbs``: the controls keyed for arms and
    legs of a generated rig, "fk" or "ik"; other rigs have theirs keyed as their constraints need. ``stand``: where the
    object stands at the first frame, as an earlier Target has it; by default where it stands now.
    ``options`` are those of retarget.Options. Raises InputError for options there are not, RigError for an armature
    that cannot carry motion.
    """
    scene = scene or bpy.context.scene
    options = Options(**options)
    _check_output(output, tolerance)
    if limbs not in controls.LIMB_CONTROLS:
        raise InputError(f"{limbs!r} is not one of {', '.join(controls.LIMB_CONTROLS)}", "Choose one of these")
    check_editable(armature_object)
    checks.check_plays(armature_object, output)
    bpy.context.view_layer.update()
    checks.check_scale(armature_object)
    rig = read_rig(armature_object)
    table = controls.find_table(rig.names)
    if mapping is None:
        mapping = controls.skeleton_mapping(table, rig.names) if table else detect_rig(rig)
    check_mapping(mapping, rig.names)
    if output == "replace":
        checks.check_replaceable(armature_object, set(mapping.bones.values()))
    control = None
    if table is not None and mapping.preset == table["label"]:
        pole_angles = read_pole_angles(armature_object) if limbs == "ik" else None
        control = controls.read_controls(table, rig, read_follows(armature_object, rig), pole_angles)
    else:
        _check_bones_move(armature_object, rig, mapping, options)
    if stand is None:
        place, axes = np.array(armature_object.location, dtype=float), read_location_axes(armature_object)
        stand = Stand(rig.world, place, axes, _object_channels(armature_object))
    start = scene.frame_current if start_frame is None else int(start_frame)
    switches = control.switches if control is not None else read_switches(armature_object, mapping)
    return Target(
        rig=replace(rig, world=stand.world),
        mapping=mapping,
        options=options,
        fps=scene.render.fps / scene.render.fps_base,
        start=start,
        paths={bone.name: bone.path_from_id() for bone in armature_object.pose.bones},
        aligned=aligned,
        output=output,
        tolerance=tolerance,
        stand=stand,
        control=control,
        limbs=() if control is not None else read_ik(armature_object, rig, mapping),
        switches=switches if switch else (),
    )


def plan_motion(target: Target, joints: np.ndarray, source_fps: float = skeleton.FPS, name: str = "CoAMD") -> Plan:
    """Solve ``joints`` (frames, 22, 3), metres, Y up, for a target; bones keep their rotation modes. Any thread.

    Raises InputError for joints or numbers that cannot be used.
    """
    joints = check_joints(joints)
    if not (np.isfinite(source_fps) and source_fps > 0):
        raise InputError(f"{source_fps} frames a second is no frame rate", "Give a number above 0")
    rig, fps = target.rig, target.fps
    solution = _solved(target, resample(joints, source_fps, fps))
    frames = target.start + np.arange(len(solution.quaternions))
    curves = tuple(_curves(target, solution, frames))
    return Plan(name, frames, curves, _rest_bones(rig, solution), target.output, target.stand.held)


def _solved(target: Target, joints: np.ndarray) -> PoseSolution:
    if target.control is not None:
        return controls.solve_controls(target.control, joints, target.options, target.fps)
    solution = solve(target.rig, target.mapping, joints, target.options, target.fps, target.aligned)
    return ik.add_targets(target.rig, target.mapping, solution, target.limbs)


def new_action(armature_object, plan: Plan):
    """Return a new Action for ``plan``, with a slot where Blender has slots, assigned to nothing yet.

    Where the plan replaces a range, it is a copy of the Action in use, of which the range is yet to be cleared;
    else it holds the keys that keep what other strips do to its bones from shining through. Raises
    RigError where a bone it moves has been renamed or removed meanwhile.
    """
    _check_bones(armature_object, plan)
    checks.check_driven(armature_object, {curve.path for curve in plan.curves})
    written = {(curve.path, curve.index): curve.group for curve in plan.curves}
    resting = {channel: value for channel, value in _resting(armature_object, plan).items() if channel not in written}
    if plan.output == "replace":
        checks.check_replaceable(armature_object, {actions.bone_of(path) for path, _ in (*written, *resting)})
        action = actions.copy_in_use(armature_object.animation_data, plan.name)
        if action is not None:
            replacing.prepare(action, armature_object, plan.span, written, resting)
            return action
    action = actions.new(plan.name, armature_object)
    below = nla.heard_below(armature_object.animation_data, with_action=plan.output == "strip")
    replacing.rest(action, plan.span, {channel: value for channel, value in resting.items() if channel in below})
    return action


def write_some(action, plan: Plan, done: int, seconds: float = math.inf) -> int:
    """Write the curves of ``plan`` from number ``done`` on, for about ``seconds``; return how many are written now."""
    container = actions.container(action)
    beside = replacing.frames_beside(action, plan.span)
    end = time.perf_counter() + seconds
    while done < len(plan.curves):
        planned = plan.curves[done]
        curve = container.fcurves.find(planned.path, index=planned.index)
        if curve is None:
            curve = actions.new_curve(container, planned.path, planned.index, planned.group)
        elif plan.output == "replace":
            replacing.make_room(curve, plan.span, beside)
        _write_curve(curve, planned)
        done += 1
        if time.perf_counter() >= end:
            break
    return done


def hand_over(armature_object, action, plan: Plan) -> None:
    """Give the written Action to the armature. The one in use before gets a fake user: saving will not drop it.

    As an NLA strip it lies over what was there before, which becomes a strip of its own; as a new Action it leaves the
    object, where the one in use moved it, as the plan has it. Raises RigError, and changes nothing, where a bone it
    moves has been renamed or removed meanwhile.
    """
    _check_bones(armature_object, plan)
    data = armature_object.animation_data or armature_object.animation_data_create()
    if data.action is not None and data.action.is_editable:
        data.action.use_fake_user = True
    _clear_pose(armature_object, plan.rest_bones)
    if plan.output == "strip":
        nla.add(data, action, plan.span[0])
        return
    if plan.output == "action" and data.action is not None:
        _put_back(armature_object, data.action, plan.held)
    actions.assign(data, action)
    data.action_influence, data.action_blend_type = 1.0, "REPLACE"


def _put_back(armature_object, action, held: Table[tuple[str, int], float]) -> None:
    """Set those of the object's channels ``held`` that ``action`` moves: it will move them no more."""
    for curve in actions.curves_of(action, actions.slot_for(action, armature_object)):
        value = held.get((curve.data_path, curve.array_index))
        if value is not None:
            getattr(armature_object, curve.data_path)[curve.array_index] = value


def rotation_channels(quaternions: np.ndarray, mode: str) -> np.ndarray:
    """Turn sign-continuous quaternions (F, 4) into the channels of a rotation mode: (F, 4), or (F, 3) for Euler."""
    if mode == "QUATERNION":
        return quaternions
    if mode == "AXIS_ANGLE":
        return rot.axis_angle_from_quaternion(quaternions)
    return rot.euler_from_matrix(rot.matrix_from_quaternion(quaternions), mode)


def _check_bones_move(armature_object, rig: Rig, mapping: Mapping, options: Options) -> None:
    """Raise RigError where the mapped bones would not go where their keys say."""
    checks.check_carried(armature_object, rig, mapping)
    carrier = bones.location_bone(rig, mapping)
    moved = [f"{armature_object.pose.bones[rig.names[carrier]].path_from_id()}.location"]
    if options.travel == "root":
        moved.append(f"{armature_object.pose.bones[rig.names[bones.root_bone(rig, carrier)]].path_from_id()}.location")
    elif options.travel == "object":
        moved.append("location")
    turned = [armature_object.pose.bones[name] for name in mapping.bones.values()]
    channels = [f"{bone.path_from_id()}.{_CHANNEL.get(bone.rotation_mode, 'rotation_euler')}" for bone in turned]
    checks.check_driven(armature_object, (*channels, *moved))


def _check_output(output: str, tolerance: float | None) -> None:
    if output not in OUTPUTS:
        raise InputError(f"{output!r} is not one of {', '.join(OUTPUTS)}", "Choose one of these")
    if tolerance is not None and not (math.isfinite(tolerance) and tolerance > 0):
        raise InputError(f"A tolerance of {tolerance} degrees cannot be kept", "Give a number above 0")


def _check_bones(armature_object, plan: Plan) -> None:
    gone = [name for name in plan.rest_bones if name not in armature_object.pose.bones]
    if gone:
        raise RigError(f"The armature no longer has the bone {gone[0]!r}", "Rename it back, or make the motion again")


def _rest_bones(rig: Rig, solution: PoseSolution) -> tuple[str, ...]:
    """The keyed bones and all bones above them: a former Action may have left them elsewhere."""
    keyed = {rig.index[name] for name in (*solution.bones, *(track.bone for track in solution.tracks), *solution.still)}
    above = {higher for low in keyed for higher in rig.ancestors(low)}
    return tuple(rig.names[bone] for bone in sorted(keyed | above))


def _clear_pose(armature_object, bones: Iterable[str]) -> None:
    """Put bones in their rest pose."""
    for name in bones:
        pose_bone = armature_object.pose.bones[name]
        for channel, values in REST.items():
            setattr(pose_bone, channel, values)


def _resting(armature_object, plan: Plan) -> dict[tuple[str, int], float]:
    """Return the channels (data path, index) that the solution counts on: the object as it stood, bones at rest."""
    found = dict(plan.held)
    for name in plan.rest_bones:
        path = armature_object.pose.bones[name].path_from_id()
        for channel, values in REST.items():
            found |= {(f"{path}.{channel}", index): value for index, value in enumerate(values)}
    return found


def _object_channels(armature_object) -> dict[tuple[str, int], float]:
    """Return the channels (data path, index) of the object's own transform and their values."""
    return {
        (path, index): value for path in OBJECT_CHANNELS for index, value in enumerate(getattr(armature_object, path))
    }


def _curves(target: Target, solution: PoseSolution, frames: np.ndarray) -> Iterator[Curve]:
    """Rotations on the channel of each bone's rotation mode, and the locations of what carries the travel."""
    for number, bone in enumerate(solution.bones):
        yield from _rotation(target, bone, frames, solution.quaternions[:, number])
    places = [(f"{target.paths[solution.location_bone]}.location", solution.location_bone, solution.location)]
    for track in solution.tracks:
        if track.quaternions is not None:
            yield from _rotation(target, track.bone, frames, track.quaternions)
        places.append((f"{target.paths[track.bone]}.location", track.bone, track.location))
    if solution.root_bone is not None:
        places.append((f"{target.paths[solution.root_bone]}.location", solution.root_bone, solution.root_location))
    if solution.object_travel is not None:
        turned = solution.object_travel @ np.linalg.inv(target.stand.place_axes).T
        places.append(("location", "Object Transforms", target.stand.place + turned))
    reach = None if target.tolerance is None else math.radians(target.tolerance) * _leg(target)
    for path, group, values in places:
        scale = np.linalg.norm(target.stand.place_axes[:, 0]) if path == "location" else 1.0
        yield from _keyed(path, group, frames, values, reduction.way_between, reach and reach / scale)
    for switch in target.switches:
        path = f'{target.paths[switch.bone]}["{switch.name}"]'
        ends = np.unique(frames[[0, -1]])
        yield Curve(path, 0, switch.bone, ends, np.full(len(ends), switch.value))


def _rotation(target: Target, bone: str, frames: np.ndarray, quaternions: np.ndarray) -> Iterator[Curve]:
    mode = target.rig.rotation_modes[target.rig.index[bone]]
    values = rotation_channels(quaternions, mode)
    path = f"{target.paths[bone]}.{_CHANNEL.get(mode, 'rotation_euler')}"
    yield from _keyed(path, bone, frames, values, reduction.turn_between(mode), target.tolerance)


def _leg(target: Target) -> float:
    """The length of the rig's legs, armature units."""
    return read_rest(target.rig, target.mapping).leg


def _keyed(
    path: str,
    group: str,
    frames: np.ndarray,
    values: np.ndarray,
    distance: reduction.Distance,
    tolerance: float | None,
) -> Iterator[Curve]:
    """The curves of one channel: a linear key a frame, or Bezier keys within ``tolerance`` of ``distance``."""
    if tolerance is None:
        for index in range(values.shape[1]):
            yield Curve(path, index, group, frames, values[:, index])
        return
    keys = reduction.reduce_keys(values, distance, tolerance)
    slopes = reduction.slopes_of(values)[keys]
    for index in range(values.shape[1]):
        yield Curve(path, index, group, frames[keys], values[keys, index], slopes[:, index])


def _write_curve(curve, planned: Curve) -> None:
    """Add the planned keys to an F-curve, behind those that it has."""
    points = curve.keyframe_points
    kept, count = len(points), len(planned.frames)
    points.add(count)
    bezier = planned.slopes is not None
    fields = {
        "co": np.column_stack([planned.frames, planned.values]),
        "interpolation": np.full(count, _BEZIER if bezier else _LINEAR),
        "handle_left_type": np.full(count, _ALIGNED if bezier else _AUTO_CLAMPED),
        "handle_right_type": np.full(count, _ALIGNED if bezier else _AUTO_CLAMPED),
        "type": np.full(count, _GENERATED),
    }
    if bezier:
        fields["handle_left"], fields["handle_right"] = _handles(planned)
    for name, new in fields.items():
        new = new.astype(np.float32 if new.ndim == 2 else np.int32)
        points.foreach_set(name, new.ravel() if not kept else _after(points, name, kept, new))
    curve.update()


def _after(points, name: str, kept: int, new: np.ndarray) -> np.ndarray:
    """Return an attribute of all keys, those of the first ``kept`` as they are and then ``new``."""
    values = np.empty((len(points), *new.shape[1:]), dtype=new.dtype)
    flat = values.reshape(-1)
    points.foreach_get(name, flat)
    values[kept:] = new
    return flat


def _handles(planned: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Return the left and right handles (K, 2) that make Blender's Bezier curve the cubic Hermite spline."""
    steps = np.diff(planned.frames).astype(float) if len(planned.frames) > 1 else np.ones(1)
    key, slope = np.column_stack([planned.frames, planned.values]), planned.slopes[:, None]
    along = np.concatenate([np.ones_like(slope), slope], axis=1) / 3
    before, behind = np.concatenate([steps[:1], steps]), np.concatenate([steps, steps[-1:]])
    return key - along * before[:, None], key + along * behind[:, None]
