"""A range of an Action regenerated, in a copy of it: checks first, then numbers for a thread, then keys.

What is outside the range keeps its keys, interpolation and handles; handles that Blender would recalculate because
of the new neighbours are frozen where they are. Curves of bones that are not taken over are not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import bpy
import numpy as np

from ..errors import InputError, RigError
from ..retarget import Options, PoseSolution, solve
from ..retarget import splice as splicing
from ..retarget.channels import quaternions_of
from ..retarget.holds import Hold, bones_of, held
from . import actions, range_keys
from .range_keys import CONSTANT, LINEAR, Range, SourceCurve
from .read_action import Reading
from .snapshot import rotation_channel

_CHAINS = {"IK", "SPLINE_IK"}
_KEPT = ("co", "handle_left", "handle_right", "interpolation")  # of a key outside the range


@dataclass(frozen=True)
class Site:
    """All that a range edit needs of Blender, as numbers: it outlives an undo, and can be solved in a thread.

    ``areas`` are the ranges that are replaced. ``taken``: the bones that are keyed; ``paths``, ``modes``: their data
    paths and rotation modes; ``edges``: for each area and bone, its rotation channels at the frame before and the
    frame after (None where the Action ends). ``bases``: basis quaternions (F, 4) of bones without a pose in the
    reading. ``influences``: data paths of constraints that must let go, and the bone of each. ``poses``: frames whose
    poses are kept. ``hold``: where a hand or a foot must be.
    """

    reading: Reading
    options: Options
    areas: tuple[Range, ...]
    taken: tuple[str, ...]
    paths: dict[str, str]
    modes: dict[str, str]
    edges: dict[tuple[int, str], tuple[np.ndarray | None, np.ndarray | None]]
    bases: dict[str, np.ndarray]
    influences: tuple[tuple[str, str], ...]
    poses: tuple[int, ...]
    hold: Hold | None = None


class Keyed(Protocol):
    """What says which bones are keyed: their data paths."""

    @property
    def paths(self) -> dict[str, str]:
        """Bone to its data path."""


@dataclass(frozen=True)
class Channel:
    """New keys for one F-curve in one area: those in ``made``. ``group``: the bone whose group a new curve joins."""

    area: Range
    path: str
    index: int
    group: str
    made: range_keys.Keys


@dataclass
class EditOutcome:
    """What writing did besides the range: keys with ``frozen`` handles, keys ``added`` outside it so that curves keep
    their shape, ``torn`` bones whose curves jump by whole turns behind it, constraints ``released`` in it."""

    frozen: int = 0
    added: int = 0
    torn: list[str] = field(default_factory=list)
    released: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines for the user."""
        lines = []
        if self.added:
            lines.append(f"{self.added} keys beside the range keep curves in shape")
        if self.torn:
            lines.append(f"Whole turns behind the range: {', '.join(self.torn)}")
        if self.released:
            lines.append(f"{self.released} constraints let go in the range")
        return tuple(lines)


# --- checks -----------------------------------------------------------------------------------------------------------


def require_action(armature: bpy.types.Object, action: bpy.types.Action | None = None) -> bpy.types.Action:
    """Return the Action the armature plays, unless ``action`` is given.

    Raises InputError without one, for one without keys and for a linked one.
    """
    data = armature.animation_data
    action = action or (data.action if data is not None else None)
    if action is None:
        raise InputError(f"{armature.name} plays no Action", "Assign one, or press Generate first")
    if not action.is_editable:
        raise InputError(f"The Action {action.name!r} is linked from another file", "Make it local, then edit it")
    check_not_tweaked(armature)
    if not any(len(curve.keyframe_points) for curve in actions.curves_of(action, actions.slot_for(action, armature))):
        raise InputError(f"The Action {action.name!r} has no keys for {armature.name}", "Choose another Action")
    return action


def check_not_tweaked(armature: bpy.types.Object) -> None:
    """Raise RigError while an NLA strip of the armature is being edited: Blender then gives it no other Action."""
    if armature.animation_data is not None and armature.animation_data.use_tweak_mode:
        raise RigError("The armature's NLA strip is being edited", "Leave tweak mode (Tab in the NLA editor)")


def check_paths(armature: bpy.types.Object, site: Keyed) -> None:
    """Raise RigError when a bone that is to be keyed was renamed or removed since the Action was read."""
    bones = armature.pose.bones
    gone = [name for name, path in site.paths.items() if name not in bones or bones[name].path_from_id() != path]
    if gone:
        raise RigError(f"The bone {gone[0]!r} was renamed or removed meanwhile", "Press Edit again")


def slot_of(action: bpy.types.Action, handle: int | None) -> bpy.types.ActionSlot | None:
    """Return the slot with ``handle``, which copies of an Action share; None before Blender 4.4, which has no slots.

    Raises InputError when it was removed.
    """
    if handle is None:
        return None
    found = next((slot for slot in action.slots if slot.handle == handle), None)
    if found is None:
        raise InputError(f"The slot of the Action {action.name!r} was removed", "Choose another Action, edit again")
    return found


def extent(action: bpy.types.Action, slot: bpy.types.ActionSlot | None) -> tuple[float, float]:
    """Return first and last frame that has a key, over the slot's curves."""
    ends = [curve.range() for curve in actions.curves_of(action, slot) if len(curve.keyframe_points)]
    return min(first for first, _ in ends), max(last for _, last in ends)


def check_bones(
    armature: bpy.types.Object, action: bpy.types.Action, taken: tuple[str, ...], location_bone: str | None
) -> None:
    """Raise RigError, naming the bone and the remedy, unless the bones' channels can be keyed to effect."""
    paths = {}
    for name in taken:
        bone = armature.pose.bones[name]
        paths[f"{bone.path_from_id()}.{rotation_channel(bone.rotation_mode)}"] = name
        if any(bone.lock_rotation) or (bone.lock_rotations_4d and bone.lock_rotation_w):
            raise RigError(f"The rotation of bone {name!r} is locked", "Unlock it, or leave its body part out")
    if location_bone is not None:
        bone = armature.pose.bones[location_bone]
        paths[f"{bone.path_from_id()}.location"] = location_bone
        if any(bone.lock_location):
            raise RigError(f"The location of bone {location_bone!r} is locked", "Unlock it in the Item tab")
    for driver in _drivers(armature):
        name = paths.get(driver.data_path)
        if name is not None and not driver.mute:
            raise RigError(f"Bone {name!r} is driven", "Remove or mute its driver, or leave its body part out")
    for curve in actions.curves_of(action, actions.slot_for(action, armature)):
        if curve.data_path in paths:
            _check_curve(curve, paths[curve.data_path])


def _drivers(armature: bpy.types.Object) -> list[bpy.types.FCurve]:
    """Return the armature's drivers; it may have no animation at all."""
    return [] if armature.animation_data is None else list(armature.animation_data.drivers)


def _check_curve(curve: bpy.types.FCurve, bone: str) -> None:
    group = curve.group
    if curve.lock or (group is not None and group.lock):
        raise RigError(f"The F-curves of bone {bone!r} are locked", "Unlock them in the Graph Editor")
    if curve.mute or (group is not None and group.mute):
        raise RigError(f"The F-curves of bone {bone!r} are muted", "Unmute them in the Graph Editor")
    if any(not modifier.mute for modifier in curve.modifiers):
        raise RigError(f"An F-curve of bone {bone!r} has a modifier", "Bake it to keys, or remove it")


def holding_constraints(armature: bpy.types.Object, taken: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return data paths of the influences of constraints that would overrule keys on ``taken``, and the bone of each.

    Raises RigError for one whose influence is driven.
    """
    found = []
    driven = {driver.data_path for driver in _drivers(armature) if not driver.mute}
    for bone in armature.pose.bones:
        for constraint in bone.constraints:
            moved = {bone.name}
            if constraint.type in _CHAINS:
                above = [parent.name for parent in bone.parent_recursive]
                moved.update(above[: constraint.chain_count - 1] if constraint.chain_count else above)
            if constraint.mute or not moved & set(taken):
                continue
            path = f"{constraint.path_from_id()}.influence"
            if path in driven:
                raise RigError(
                    f"The influence of {constraint.name!r} on bone {bone.name!r} is driven", "Mute its driver"
                )
            found.append((path, bone.name))
    return tuple(found)


# --- numbers ----------------------------------------------------------------------------------------------------------


class Rotations:
    """Rotation channels of an armature's bones at any frame, as an Action has them."""

    def __init__(self, armature: bpy.types.Object, action: bpy.types.Action):
        self._bones = armature.pose.bones
        self._curves = _curves(action, actions.slot_for(action, armature))
        self.keyed = {actions.bone_of(path) for path, _ in self._curves} - {None}

    def at(self, name: str, frame: float) -> np.ndarray:
        """Return the channels (channels,) of bone ``name``, 3 or 4, in Blender's units (radians for angles); what has
        no curve is as the bone has it now."""
        bone = self._bones[name]
        channel = rotation_channel(bone.rotation_mode)
        values, path = np.array(getattr(bone, channel), dtype=float), f"{bone.path_from_id()}.{channel}"
        for index in range(len(values)):
            curve = self._curves.get((path, index))
            values[index] = values[index] if curve is None else curve.evaluate(frame)
        return values


class Outline(NamedTuple):
    """How an edit is solved, and the ``solution`` of its first frames, which tells what bones it moves."""

    options: Options
    solution: PoseSolution


def outlined(reading: Reading, contact: str) -> Outline:
    """Solve the first two frames that were read. Any thread may call it. Raises RigError."""
    options = Options(place="world", contact=contact)
    first = reading.placement.place(reading.joints[:2])
    return Outline(options, solve(reading.rig, reading.mapping, first, options, reference=reading.reference))


def survey(
    armature: bpy.types.Object,
    action: bpy.types.Action,
    reading: Reading,
    outline: Outline,
    areas: tuple[Range, ...],
    joints: frozenset[str],
    poses: tuple[int, ...] = (),
    hold: Hold | None = None,
) -> Site:
    """Read the rest of what the edit needs; ``joints`` are those regenerated. Changes nothing. Raises RigError, and
    InputError for a ``hold`` by bones that are not regenerated."""
    (options, solution), pose = outline, armature.pose.bones
    rotations = Rotations(armature, action)
    # bones that only help (twist) are left alone where the animation does, or where something else moves them
    taken = tuple(
        name
        for name in splicing.taken_bones(reading.rig, reading.mapping, solution.bones, joints)
        if name in reading.poses or (name in rotations.keyed and not len(pose[name].constraints))
    )
    if hold is not None and set(bones_of(reading.mapping, hold)) - set(taken):
        raise InputError(f"The {hold.name} is to be held but not made anew", "Choose a body part that it belongs to")
    travels = reading.mapping.bones["pelvis"] in taken
    check_bones(armature, action, taken, solution.location_bone if travels else None)
    edges = {
        (number, name): (
            rotations.at(name, area.first - 1) if area.before else None,
            rotations.at(name, area.last + 1) if area.after else None,
        )
        for number, area in enumerate(areas)
        for name in taken
    }
    bases = {
        name: quaternions_of(np.array([rotations.at(name, at) for at in reading.frames]), pose[name].rotation_mode)
        for name in taken
        if name not in reading.poses
    }
    paths = {name: pose[name].path_from_id() for name in {*taken, solution.location_bone}}
    modes = {name: pose[name].rotation_mode for name in taken}
    influences = holding_constraints(armature, taken)
    return Site(reading, options, areas, taken, paths, modes, edges, bases, influences, poses, hold)


def plan(site: Site, joints: np.ndarray) -> tuple[tuple[Channel, ...], list[str]]:
    """Solve the edited ``joints`` and return the keys to write and the bones whose curves are torn (splice.channels).

    ``joints`` (F, 22, 3) are canonical, metres, at the reading's frames. Any thread may call it. Raises InputError for
    a hold out of reach.
    """
    reading = site.reading
    solution = solve(
        reading.rig, reading.mapping, reading.placement.place(joints), site.options, reading.fps, reading.reference
    )
    posed = splicing.Posed(reading.poses, reading.worlds, site.bases)
    channels: list[Channel] = []
    torn: list[str] = []
    for number, area in enumerate(site.areas):
        frames = np.arange(area.first, area.last + 1)
        start, stop = (round(frame - reading.frames[0]) for frame in (area.first, area.last + 1))
        kept = tuple(round(frame - reading.frames[0]) for frame in site.poses if area.first <= frame <= area.last)
        stretch = splicing.Stretch(start, stop, reading.fps, area.before, area.after, kept)
        spliced = splicing.splice(reading.rig, reading.mapping, solution, posed, site.taken, stretch)
        if site.hold is not None:
            spliced = held(reading.rig, reading.mapping, posed, spliced, stretch, site.hold)
        for name, quaternions in spliced.quaternions.items():
            values, broken = splicing.channels(quaternions, site.modes[name], *site.edges[number, name])
            channel = rotation_channel(site.modes[name])
            channels += _channels(area, f"{site.paths[name]}.{channel}", name, frames, values, broken)
            torn += [name] if broken else []
        if spliced.location is not None:
            bone = spliced.location_bone
            channels += _channels(area, f"{site.paths[bone]}.location", bone, frames, spliced.location, False)
        for path, bone in site.influences:
            made = range_keys.fresh_keys(np.array([area.first]), np.array([0.0]), CONSTANT)
            channels.append(Channel(area, path, 0, bone, made))
    return tuple(channels), torn


def _channels(area: Range, path: str, bone: str, frames: np.ndarray, values: np.ndarray, torn: bool) -> list[Channel]:
    interpolation = np.full(len(frames), LINEAR)
    interpolation[-1] = CONSTANT if torn else LINEAR
    return [
        Channel(area, path, index, bone, range_keys.fresh_keys(frames, values[:, index], interpolation))
        for index in range(values.shape[1])
    ]


# --- keys -------------------------------------------------------------------------------------------------------------


def write_steps(
    found: Callable[[], tuple[bpy.types.Object, bpy.types.Action]],
    handle: int | None,
    channels: Sequence[Channel],
    outcome: EditOutcome,
) -> Generator[int, None, None]:
    """Write ``channels`` into the slot with ``handle`` of a copy of the armature's Action; note in ``outcome`` what it
    took. Each step tells what it did, in keys.

    ``found()`` gives armature and copy anew after each step: until the last, anything may happen in Blender between.
    """
    for channel in channels:

        def curve(channel: Channel = channel) -> bpy.types.FCurve:
            _, copy = found()
            return actions.ensure_curve(copy, slot_of(copy, handle), channel.path, channel.index, channel.group)

        armature, copy = found()
        present = actions.find_curve(copy, slot_of(copy, handle), channel.path, channel.index)
        if present is None:
            static = _static(armature, channel.path, channel.index)
            source = SourceCurve(range_keys.no_keys(), False, lambda frame, value=static: value)
        else:
            source = SourceCurve(range_keys.read_keys(present), present.extrapolation == "LINEAR", present.evaluate)
        merged, old = range_keys.replaced(source, channel.area, channel.made)
        outcome.added += len(old) - int(old.sum()) - len(channel.made["co"])
        yield len(old)
        outcome.frozen += yield from range_keys.write_steps(curve, merged, old)
        yield len(old)


def count_untouched(
    source: bpy.types.Action, copy: bpy.types.Action, handle: int | None, areas: tuple[Range, ...]
) -> tuple[int, int]:
    """Return how many keys of ``source`` outside the ``areas`` are in its edited ``copy`` as they were, and how many
    are not: place, handles and interpolation, to the byte."""
    same, changed = 0, 0
    curves = _curves(copy, slot_of(copy, handle))
    for channel, curve in _curves(source, slot_of(source, handle)).items():
        before = range_keys.read_keys(curve)
        times = before["co"][:, 0]
        outside = ~np.any([(times >= area.first) & (times <= area.last) for area in areas], axis=0)
        if channel not in curves:
            changed += int(outside.sum())
            continue
        after = range_keys.read_keys(curves[channel])
        rows = np.minimum(np.searchsorted(after["co"][:, 0], times), max(len(after["co"]) - 1, 0))
        alike = outside & (len(after["co"]) > 0)
        for name in _KEPT if len(after["co"]) else ():
            alike &= (before[name] == after[name][rows]).all(axis=1)
        same, changed = same + int(alike.sum()), changed + int((outside & ~alike).sum())
    return same, changed


def _curves(action: bpy.types.Action, slot: bpy.types.ActionSlot | None) -> dict[tuple[str, int], bpy.types.FCurve]:
    return {(curve.data_path, curve.array_index): curve for curve in actions.curves_of(action, slot)}


def _static(armature: bpy.types.Object, path: str, index: int) -> float:
    value = armature.path_resolve(path)
    return float(value[index]) if hasattr(value, "__len__") else float(value)
