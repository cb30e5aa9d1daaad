"""A clip tool from top to bottom: read the Action, make its motion into another, write it as an edit that waits."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ..anim import actions, range_edit, range_keys, range_steps, stepwise, targets
from ..anim.armature import Y_UP_FROM_Z_UP, read_armature
from ..anim.range_keys import LINEAR, Range
from ..anim.read_action import Reading, read_steps
from ..anim.snapshot import rotation_channel
from ..anim.steps import Call
from ..blocks import arrange, record
from ..core import undo
from ..core.workflow import Workflow, Yield
from ..edit import pending, request
from ..errors import InputError, RigError
from ..motion import rotations as rot
from ..motion.skeleton import JOINT_NAMES
from ..retarget import splice
from . import joint_tools, key_tools

_EVERY_JOINT = frozenset(JOINT_NAMES)
_LONGEST = 5000  # frames that a tool works on at once


@dataclass(frozen=True)
class Subject:
    """The Action that a tool works on, found again by ``session_uid``; ``span``: its first and last frame."""

    armature_uid: int
    action_uid: int
    scene_uid: int
    handle: int | None
    span: tuple[int, int]

    def found(self) -> tuple[bpy.types.Object, bpy.types.Action]:
        """Return armature and Action. Raises RigError or InputError when they were deleted."""
        armature = targets.by_uid(bpy.data.objects, self.armature_uid)
        action = targets.by_uid(bpy.data.actions, self.action_uid)
        if armature is None:
            raise RigError("The armature was deleted meanwhile", "Select another armature")
        if action is None:
            raise InputError("The Action was deleted meanwhile", "Choose another Action")
        return armature, action

    def offer(self, copy: bpy.types.Action, frames: tuple[int, int], notes: tuple[str, ...], tool: str) -> None:
        """Let ``copy`` wait to be accepted. Raises InputError when the scene was deleted."""
        scene = targets.by_uid(bpy.data.scenes, self.scene_uid)
        if scene is None:
            raise InputError("The scene was deleted meanwhile", "Go to another scene")
        armature, source = self.found()
        pending.offer(scene, armature, source, copy, self.handle, frames, notes, tool)


def mirror(context: bpy.types.Context) -> Workflow:
    """Exchange left and right. Raises CoamdError before anything has changed, as all tools do."""
    yield from _on_joints(subject_of(context), "Mirror", joint_tools.mirrored)


def smooth(context: bpy.types.Context) -> Workflow:
    """Average the motion over the frames around each; feet that stand stay."""
    reach = context.scene.coamd_clips.reach
    yield from _on_joints(subject_of(context), "Smooth", lambda joints: joint_tools.smoothed(joints, reach), "strict")


def loop(context: bpy.types.Context) -> Workflow:
    """Lead the end to the start, carried on by the way it went."""
    easing, subject = context.scene.coamd_clips.easing, subject_of(context)
    if subject.span[1] - subject.span[0] < 4:
        raise InputError("An Action of under 5 frames is too short for a loop", "Choose another Action")
    yield from _on_joints(subject, "Loop", lambda joints: joint_tools.looped(joints, easing))


def blend(context: bpy.types.Context) -> Workflow:
    """Let the Action go over into another one, which begins where this one is then."""
    settings, subject = context.scene.coamd_clips, subject_of(context)
    other, overlap = settings.other, settings.overlap
    if other is None:
        raise InputError("No Action is chosen to go over into", "Choose one under Go Over Into")
    armature, _ = subject.found()
    slot = actions.slot_for(other, armature)
    if not any(len(curve.keyframe_points) for curve in actions.curves_of(other, slot)):
        raise InputError(f"The Action {other.name!r} has no keys for {armature.name}", "Choose another Action")
    other_uid = other.session_uid
    yield
    armature, _ = subject.found()
    other = targets.by_uid(bpy.data.actions, other_uid)
    if other is None:
        raise InputError("The Action to go over into was deleted meanwhile", "Choose another one")
    second = yield from _read(armature, other, None)
    overlap = min(overlap, len(second.joints), subject.span[1] + 1 - subject.span[0])
    more, start = len(second.joints) - overlap, subject.span[1] - overlap + 1
    middle, late = start + overlap // 2, start - round(second.frames[0])
    others = arrange.cut(
        (arrange.shifted(block, late) for block in record.made_of(other)), middle, start + len(second.joints) - 1
    )

    def work(joints: np.ndarray) -> np.ndarray:
        return joint_tools.blended(joints[: len(joints) - more], second.joints, overlap)

    def both(row: arrange.Row) -> arrange.Row:
        return arrange.joined(arrange.cut(row, subject.span[0], middle - 1), others)

    yield from _on_joints(subject, "Blend", work, first=start, more=more, moved=both)


def put_in_place(context: bpy.types.Context) -> Workflow:
    """Take the way and the turn of the body out of the hips, onto the armature object or away."""
    subject, keep = subject_of(context), context.scene.coamd_clips.keep_root
    armature, action = subject.found()
    slot = actions.slot_for(action, armature)
    moved = {curve.data_path for curve in actions.curves_of(action, slot)} & {"location", *_OBJECT_TURNS}
    if moved:
        raise InputError("The object carries the way already", "Remove its location and rotation keys to leave it out")
    yield
    reading, site = yield from _site(subject, (subject.span[0], subject.span[1]), subject.span[0], "off")
    places, turns = joint_tools.root_motion(reading.joints.astype(float), reading.fps)
    joints = joint_tools.in_place(reading.joints.astype(float), places, turns)
    extra = _object_channels(subject.found()[0], site, places, turns) if keep else ()
    yield from _write(subject, site, joints, "In Place", extra)


def trim(context: bpy.types.Context) -> Workflow:
    """Keep the marked range of the Action alone."""
    subject = subject_of(context)
    first, last = request.marked_range(context, subject.found()[1], _slot(subject))
    first, last = max(first, subject.span[0]), min(last, subject.span[1])
    if last <= first:
        raise InputError("The marked range is outside the Action", "Mark frames inside it under Edit Motion")
    yield

    def kept(row: arrange.Row) -> arrange.Row:
        return arrange.cut(row, first, last)

    _on_keys(subject, "Trim", lambda curves: key_tools.trim(curves, first, last), (first, last), kept)


def retime(context: bpy.types.Context) -> Workflow:
    """Let the Action take other time; its poses stay, and with them feet that stand."""
    subject, factor = subject_of(context), context.scene.coamd_clips.factor
    first, last = subject.span
    yield

    def work(curves: list[bpy.types.FCurve]) -> None:
        key_tools.retime(curves, first, factor)

    def moved(row: arrange.Row) -> arrange.Row:
        return arrange.retimed(row, first, factor)

    _on_keys(subject, "Retime", work, (first, first + round((last - first) * factor)), moved)


_OBJECT_TURNS = ("rotation_euler", "rotation_quaternion", "rotation_axis_angle")


def subject_of(context: bpy.types.Context) -> Subject:
    """Return what the armature plays. Raises CoamdError for what cannot be worked on."""
    if pending.pending(context) is not None:
        raise InputError("An edit waits to be accepted", "Press Accept or Reject first")
    armature = targets.require(context)
    action = range_edit.require_action(armature)
    slot = actions.slot_for(action, armature)
    start, end = range_edit.extent(action, slot)
    if not 1 <= end - start <= _LONGEST:
        raise InputError(f"An Action of {end - start:.0f} frames cannot be worked on", f"Choose one of 1 to {_LONGEST}")
    uids = armature.session_uid, action.session_uid, context.scene.session_uid
    return Subject(*uids, None if slot is None else slot.handle, (int(np.floor(start)), int(np.ceil(end))))


def _slot(subject: Subject) -> bpy.types.ActionSlot | None:
    return range_edit.slot_of(subject.found()[1], subject.handle)


# --- by joints --------------------------------------------------------------------------------------------------------


def _on_joints(
    subject: Subject,
    name: str,
    work: Callable[[np.ndarray], np.ndarray],
    contact: str = "soft",
    first: int | None = None,
    more: int = 0,
    moved: Callable[[arrange.Row], arrange.Row] | None = None,
) -> Workflow:
    """Read the Action and ``more`` frames behind it, ``work`` on the joints in a thread, and write those from frame
    ``first`` on, by default all. ``moved``: what its prompt blocks are then, where they are not as before."""
    yield  # from here on, what goes wrong is told in the panel
    start, end = subject.span
    reading, site = yield from _site(subject, (start, end + more), start if first is None else first, contact)
    joints = yield Call(work, (reading.joints.astype(float),))
    yield from _write(subject, site, joints, name, moved=moved)


def _read(
    armature: bpy.types.Object, action: bpy.types.Action, frames: tuple[int, int] | None
) -> Generator[Yield, Any, Reading]:
    mapping = targets.coverage(armature).mapping
    return (yield from read_steps(armature, action, frames=frames, fps=None, mapping=mapping))


def _site(
    subject: Subject, frames: tuple[int, int], first: int, contact: str
) -> Generator[Yield, Any, tuple[Reading, range_edit.Site]]:
    armature, action = subject.found()
    start, end = range_edit.extent(action, range_edit.slot_of(action, subject.handle))
    area = Range(first, frames[1], start if first > subject.span[0] else float(first), min(end, frames[1]))
    reading = yield from _read(armature, action, frames)
    outline = yield Call(range_edit.outlined, (reading, contact))
    return reading, range_edit.survey(*subject.found(), reading, outline, (area,), _EVERY_JOINT)


def _write(
    subject: Subject,
    site: range_edit.Site,
    joints: np.ndarray,
    name: str,
    extra: tuple[range_edit.Channel, ...] = (),
    moved: Callable[[arrange.Row], arrange.Row] | None = None,
) -> Workflow:
    channels, torn = yield Call(range_edit.plan, (site, joints))
    outcome = range_edit.EditOutcome(torn=torn, released=len(site.influences))
    (area,) = site.areas

    def finish(copies: list[bpy.types.Action]) -> None:
        if moved is not None:
            _note(copies[0], moved)
        subject.offer(copies[0], (area.first, area.last), (*outcome.notes, *site.reading.notes), name.lower())

    source = subject.found()[1].name
    title = f"{source} ({name.lower()})"
    motions = [((*channels, *extra), outcome)]
    yield from range_steps.write_copies(subject.found, site, subject.handle, motions, title, finish)
    yield from undo.step(f"CoAMD {name}: {source[:40]}")


def _note(copy: bpy.types.Action, moved: Callable[[arrange.Row], arrange.Row]) -> None:
    """Note what the ``copy`` is made of now that its blocks are ``moved``; an Action of no blocks gets none noted."""
    before = list(record.made_of(copy))
    after = moved(before)
    if before or after:
        record.note(copy, after)


def _object_channels(
    armature: bpy.types.Object, site: range_edit.Site, places: np.ndarray, turns: np.ndarray
) -> tuple[range_edit.Channel, ...]:
    """Return keys for the object that goes by ``places`` (frames, 3), canonical metres, and turns by ``turns``."""
    placement, reading = site.reading.placement, site.reading
    start = reading.joints[0, 0] * (1.0, 0.0, 1.0)
    stood = read_armature(armature).pose
    basis = np.array(armature.matrix_basis, dtype=float)
    above = np.array(armature.matrix_world, dtype=float) @ np.linalg.inv(basis)
    to_basis = np.linalg.inv(above) @ np.linalg.inv(Y_UP_FROM_Z_UP)
    matrices = np.tile(np.eye(4), (len(turns), 1, 1))
    for row, (place, angle) in enumerate(zip(places, turns, strict=True)):
        moved = np.eye(4)
        turn = placement.turn @ rot.about(np.array([0.0, 1.0, 0.0]), np.array(angle)) @ placement.turn.T
        centre = placement.place(start[None])[0] * placement.scale
        moved[:3, :3] = turn
        moved[:3, 3] = centre + placement.turn @ place * placement.scale - turn @ centre
        matrices[row] = to_basis @ moved @ stood.world
    linear = matrices[:, :3, :3] / np.cbrt(np.linalg.det(matrices[:, :3, :3]))[:, None, None]
    quaternions = rot.continuous(rot.quaternion_from_matrix(linear))
    mode = armature.rotation_mode
    values, _ = splice.channels(quaternions, mode, None, None)
    (area,), found = site.areas, []
    for path, numbers in (("location", matrices[:, :3, 3]), (rotation_channel(mode), values)):
        for index in range(numbers.shape[1]):
            made = range_keys.fresh_keys(reading.frames, numbers[:, index], LINEAR)
            found.append(range_edit.Channel(area, path, index, "Object Transforms", made))
    return tuple(found)


# --- by keys ----------------------------------------------------------------------------------------------------------


def _on_keys(
    subject: Subject,
    name: str,
    work: Callable[[list[bpy.types.FCurve]], None],
    frames: tuple[int, int],
    moved: Callable[[arrange.Row], arrange.Row],
) -> None:
    """``work`` on all curves of a copy of the Action, which then waits. ``moved``: where its prompt blocks are then."""
    source = subject.found()[1]
    copy = actions.copy_to_change(source, f"{source.name} ({name.lower()})")
    try:
        work(actions.curves_of(copy, range_edit.slot_of(copy, subject.handle)))
        _note(copy, moved)
        subject.offer(copy, frames, (), name.lower())
    except Exception:
        bpy.data.actions.remove(copy)
        raise
    stepwise.push_undo(f"CoAMD {name}: {source.name[:40]}")
