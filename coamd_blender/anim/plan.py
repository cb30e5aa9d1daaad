"""A motion solved for an armature and turned into F-curves, all as numbers: no Blender, any thread."""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from ..errors import InputError
from ..motion import rotations as rot
from ..motion import skeleton
from ..motion.kinematics import leg_length
from ..motion.signals import resample
from ..retarget import (
    Mapping,
    Options,
    PoseSolution,
    Rig,
    bones,
    check_mapping,
    controls,
    detect_rig,
    ik,
    ik_controls,
    solve,
)
from ..retarget.body import read_rest
from ..retarget.finger_shapes import SHAPES, shaped
from ..retarget.hands import find_hands
from ..retarget.reading import Placement
from ..retarget.rig import hang
from ..retarget.solver import check_joints
from . import checks, reduction, snapshot
from .snapshot import Channel, Snapshot, WorldPose, rotation_channel
from .travel import AUTOMATIC, Travel, choose_of

# Where the keys go: an Action of their own, a copy of the one in use with this range replaced, or an NLA strip.
OUTPUTS = ("action", "replace", "strip")


@dataclass(frozen=True)
class WriteOptions:
    """How a motion becomes keys.

    output: one of OUTPUTS. tolerance: degrees by which a bone may miss its rotation where keys are left out, and the
    hips their place by the way a leg's end goes in such a turn; None keys every frame. switch: the Action also turns
    a control rig's limbs to what is keyed. limbs: the controls keyed for arms and legs of a generated rig, "fk" or
    "ik"; other rigs have theirs keyed as their constraints need. retarget: how it is retargeted. automatic: the root
    trajectory goes where it does no harm (travel.py), whatever ``retarget`` says. fingers: the shape of hands that have
    fingers, one of retarget.finger_shapes.SHAPES; None leaves them alone.
    """

    output: str = OUTPUTS[0]
    tolerance: float | None = None
    switch: bool = True
    limbs: str = controls.LIMB_CONTROLS[0]
    retarget: Options = field(default_factory=Options)
    automatic: bool = False
    fingers: str | None = None

    @classmethod
    def of(cls, **options: Any) -> WriteOptions:
        """Return those named as here, and all others as those of retarget.Options. Raises InputError for nonsense.

        travel may be "auto" besides, which it is unless it is given.
        """
        own = {name.name: options.pop(name.name) for name in fields(cls) if name.name in options}
        if options.get("travel", AUTOMATIC) == AUTOMATIC:
            own["automatic"] = True
            options.pop("travel", None)
        return cls(**own, retarget=Options(**options))

    def __post_init__(self) -> None:
        if self.output not in OUTPUTS:
            raise InputError(f"{self.output!r} is not one of {', '.join(OUTPUTS)}", "Choose one of these")
        if self.tolerance is not None and not (math.isfinite(self.tolerance) and self.tolerance > 0):
            raise InputError(f"A tolerance of {self.tolerance} degrees cannot be kept", "Give a number above 0")
        if self.fingers is not None and self.fingers not in SHAPES:
            raise InputError(f"{self.fingers!r} is not one of {', '.join(SHAPES)}", "Choose one of these")
        if self.limbs not in controls.LIMB_CONTROLS:
            raise InputError(f"{self.limbs!r} is not one of {', '.join(controls.LIMB_CONTROLS)}", "Choose one of these")


@dataclass(frozen=True, eq=False)
class WriteTarget:
    """An armature as numbers: all that solving needs.

    read: the armature as it was read. rig: its bones, at ``pose``. reference: bone to basis quaternion of a captured
    rest pose (retarget.solve). fps: of the scene, keys are at its frames from ``start`` on. control: of a generated
    rig. limbs: those led by IK targets; led: those whose IK controls are keyed for a preset. switches: keyed so that a
    control rig follows the controls that are keyed.
    """

    read: Snapshot
    rig: Rig
    pose: WorldPose
    mapping: Mapping
    options: WriteOptions
    fps: float
    start: int
    reference: Table[str, np.ndarray] | None
    control: controls.ControlRig | None
    limbs: tuple[ik.IkLimb, ...]
    led: tuple[ik_controls.ControlledLimb, ...]
    switches: tuple[controls.Switch, ...]
    travel: Travel


def make_target(
    read: Snapshot,
    options: WriteOptions,
    *,
    fps: float,
    start: int,
    mapping: Mapping | None = None,
    reference: Table[str, np.ndarray] | None = None,
    pose: WorldPose | None = None,
) -> WriteTarget:
    """Return what a motion is to be solved for.

    ``mapping`` overrides the detection by bone names and shape, ``reference``, bone name to basis quaternion (4,), the
    rest pose. ``pose``: where the object stands at the first frame; by default where it stood when it was read. Raises
    RigError for an armature that cannot carry motion.
    """
    checks.check_plays(read.name, read.playing, options.output)
    table = controls.find_table(read.rig.names)
    if mapping is None:
        mapping = controls.skeleton_mapping(table, read.rig.names) if table else detect_rig(read.rig)
    check_mapping(mapping, read.rig.names)
    if options.output == "replace":
        checks.check_replaceable(read.in_use, set(mapping.bones.values()))
    control, limbs, led = None, (), ()
    switches = snapshot.switches(read.properties, mapping, options.limbs)
    travel = Travel(options.retarget.travel)
    if table is not None and mapping.preset == table["label"]:
        angles = snapshot.pole_angles(read) if options.limbs == "ik" else None
        control = controls.read_controls(table, read.rig, snapshot.follows(read), angles)
        switches = control.switches
    else:
        if options.automatic and not options.retarget.in_place:
            travel = choose_of(read.rig, mapping, read.constraints, read.belongings)
            options = replace(options, retarget=replace(options.retarget, travel=travel.place))
        preset = snapshot.preset_of(mapping)
        if "ik" in preset:  # its controls may hang from others by constraints
            read = replace(read, rig=hang(read.rig, snapshot.carriers(read, mapping)))
            led = ik_controls.find_limbs(preset, read.rig) if options.limbs == "ik" else ()
        _check_bones_move(read, mapping, options.retarget)
        limbs = snapshot.ik_limbs(read, mapping)
    pose = read.pose if pose is None else pose
    switches = switches if options.switch else ()
    rig = replace(read.rig, world=pose.world)
    return WriteTarget(read, rig, pose, mapping, options, fps, start, reference, control, limbs, led, switches, travel)


def _check_bones_move(read: Snapshot, mapping: Mapping, options: Options) -> None:
    """Raise RigError where the mapped bones would not go where their keys say."""
    checks.check_moves_along(read, mapping)
    rig = read.rig
    carrier = bones.location_bone(rig, mapping)
    moved = [f"{read.paths[rig.names[carrier]]}.location"]
    if options.travel == "root":
        moved.append(f"{read.paths[rig.names[bones.root_bone(rig, carrier)]]}.location")
    elif options.travel == "object":
        moved.append("location")
    modes = dict(zip(rig.names, rig.rotation_modes, strict=True))
    turned = [f"{read.paths[name]}.{rotation_channel(modes[name])}" for name in mapping.bones.values()]
    checks.check_driven(read.driven, (*turned, *moved))


def placement(target: WriteTarget) -> Placement:
    """Return where in the world, and how large, a motion of ours will be on the armature."""
    body = read_rest(target.rig, target.mapping)
    scale = body.leg * body.scale / leg_length(skeleton.rest_joints()[None])
    if target.options.retarget.place == "world":
        return Placement(np.eye(3), np.zeros(3), scale)
    turn, origin = body.stance(target.rig)
    return Placement(turn, origin / scale, scale)


# --- planning ---------------------------------------------------------------------------------------------------------


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
class KeyPlan:
    """A motion solved for one armature: numbers only, so it outlives an undo. ``rest_bones`` are put in their rest
    pose when the Action is handed over, since the solution counts on it; so it does on ``held``, the object's own
    channels and their values."""

    name: str
    frames: np.ndarray
    curves: tuple[Curve, ...]
    rest_bones: tuple[str, ...]
    output: str = OUTPUTS[0]
    held: Table[Channel, float] = field(default_factory=dict)

    @property
    def span(self) -> tuple[int, int]:
        """First and last frame."""
        return int(self.frames[0]), int(self.frames[-1])


def plan_motion(
    target: WriteTarget, joints: np.ndarray, source_fps: float = skeleton.FPS, name: str = "CoAMD"
) -> KeyPlan:
    """Solve ``joints`` (frames, 22, 3), metres, Y up, for a target; bones keep their rotation modes.

    Raises InputError for joints or numbers that cannot be used.
    """
    joints = check_joints(joints)
    if not (np.isfinite(source_fps) and source_fps > 0):
        raise InputError(f"{source_fps} frames a second is not a frame rate", "Give a number above 0")
    solution = _solved(target, resample(joints, source_fps, target.fps))
    frames = target.start + np.arange(len(solution.quaternions))
    curves = (*_curves(target, solution, frames), *_finger_curves(target, frames[:1]))
    rest_bones = _rest_bones(target.rig, solution)
    return KeyPlan(name, frames, curves, rest_bones, target.options.output, target.pose.channels)


def _solved(target: WriteTarget, joints: np.ndarray) -> PoseSolution:
    options = target.options.retarget
    if target.control is not None:
        return controls.solve_controls(target.control, joints, options, target.fps)
    solution = solve(target.rig, target.mapping, joints, options, target.fps, target.reference)
    solution = ik.add_targets(target.rig, target.mapping, solution, target.limbs)
    if not target.led:
        return solution
    still = snapshot.preset_of(target.mapping)["ik"]["still"]
    return ik_controls.lead(target.rig, target.mapping, solution, target.led, still)


def _rest_bones(rig: Rig, solution: PoseSolution) -> tuple[str, ...]:
    """Return the keyed bones and all bones above them: a former Action may have left them elsewhere."""
    keyed = {rig.index[name] for name in (*solution.bones, *(track.bone for track in solution.tracks), *solution.still)}
    above = {higher for low in keyed for higher in rig.ancestors(low)}
    return tuple(rig.names[bone] for bone in sorted(keyed | above))


def _curves(target: WriteTarget, solution: PoseSolution, frames: np.ndarray) -> Iterator[Curve]:
    """Yield rotations on the channel of each bone's rotation mode, and the locations of what carries the travel."""
    paths, tolerance = target.read.paths, target.options.tolerance
    for number, bone in enumerate(solution.bones):
        yield from _rotation(target, bone, frames, solution.quaternions[:, number])
    places = [(f"{paths[solution.location_bone]}.location", solution.location_bone, solution.location)]
    for track in solution.tracks:
        if track.quaternions is not None:
            yield from _rotation(target, track.bone, frames, track.quaternions)
        places.append((f"{paths[track.bone]}.location", track.bone, track.location))
    if solution.root_bone is not None:
        places.append((f"{paths[solution.root_bone]}.location", solution.root_bone, solution.root_location))
    if solution.object_trajectory is not None:
        turned = solution.object_trajectory @ np.linalg.inv(target.pose.axes).T
        places.append(("location", "Object Transforms", target.pose.place + turned))
    reach = None if tolerance is None else math.radians(tolerance) * _leg(target)
    for path, group, values in places:
        scale = np.linalg.norm(target.pose.axes[:, 0]) if path == "location" else 1.0
        yield from _keyed(path, group, frames, values, reduction.distance_between, reach and reach / scale)
    for switch in target.switches:
        path = f'{paths[switch.bone]}["{switch.name}"]'
        ends = np.unique(frames[[0, -1]])
        yield Curve(path, 0, switch.bone, ends, np.full(len(ends), switch.value))


def _finger_curves(target: WriteTarget, frames: np.ndarray) -> Iterator[Curve]:
    """Yield one key at ``frames`` (1,) for every finger bone, where hands are to have a shape and the Action is new:
    in one that is there already, or under a strip, fingers have keys of their own. Driven bones are left out."""
    if target.options.fingers is None or target.options.output != OUTPUTS[0]:
        return
    rig, driven = target.rig, target.read.driven
    for hand in find_hands(rig, target.mapping).values():
        for bone, turn in shaped(rig, hand, SHAPES[target.options.fingers]).items():
            mode = rig.rotation_modes[rig.index[bone]]
            path = f"{target.read.paths[bone]}.{rotation_channel(mode)}"
            if path not in driven:
                yield from _keyed(
                    path, bone, frames, rotation_channels(turn[None], mode), reduction.distance_between, None
                )


def _rotation(target: WriteTarget, bone: str, frames: np.ndarray, quaternions: np.ndarray) -> Iterator[Curve]:
    mode = target.rig.rotation_modes[target.rig.index[bone]]
    values = rotation_channels(quaternions, mode)
    path = f"{target.read.paths[bone]}.{rotation_channel(mode)}"
    yield from _keyed(path, bone, frames, values, reduction.angle_between(mode), target.options.tolerance)


def rotation_channels(quaternions: np.ndarray, mode: str) -> np.ndarray:
    """Turn sign-continuous quaternions (F, 4) into the channels of a rotation mode: (F, 4), or (F, 3) for Euler."""
    if mode == "QUATERNION":
        return quaternions
    if mode == "AXIS_ANGLE":
        return rot.axis_angle_from_quaternion(quaternions)
    return rot.euler_from_matrix(rot.matrix_from_quaternion(quaternions), mode)


def _leg(target: WriteTarget) -> float:
    """Return the length of the rig's legs, armature units."""
    return read_rest(target.rig, target.mapping).leg


def _keyed(
    path: str,
    group: str,
    frames: np.ndarray,
    values: np.ndarray,
    distance: reduction.Distance,
    tolerance: float | None,
) -> Iterator[Curve]:
    """Yield the curves of one channel: a linear key a frame, or Bezier keys within ``tolerance`` of ``distance``."""
    if tolerance is None:
        for index in range(values.shape[1]):
            yield Curve(path, index, group, frames, values[:, index])
        return
    keys = reduction.reduce_keys(values, distance, tolerance)
    slopes = reduction.slopes_of(values)[keys]
    for index in range(values.shape[1]):
        yield Curve(path, index, group, frames[keys], values[keys, index], slopes[:, index])
