"""A range regenerated: read the Action, ask the runtime, write a preview beside the untouched Action (pending.py)."""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ..anim import actions, ground_path, range_edit, range_steps, targets
from ..anim.read_action import Reading, read_steps
from ..anim.steps import Call
from ..core import undo
from ..core.workflow import Answer, Workflow
from ..errors import InputError, RigError
from ..guides import holds, markers
from ..retarget.holds import Hold
from ..wire import limits
from ..wire.edit_modes import EDIT_MODES
from ..wire.requests import EditRange, EditRequest
from . import pending, request

CONTEXT_SECONDS = 5.0  # read on either side of what is regenerated: the model sees no more


@dataclass(frozen=True)
class Original:
    """The Action that is edited, found again by ``session_uid``: where it lives, and what is shown of the edit."""

    armature_uid: int
    action_uid: int
    scene_uid: int
    handle: int | None  # of the Action's slot
    frames: tuple[int, int]
    title: str


@dataclass(frozen=True)
class EditSettings:
    """What the settings say: a ``prompt``, ``seed``, share to ``keep`` and text weight ``cfg``; the ``parts`` and
    ``joints`` regenerated; a ``path`` (points, 3; Y up, the world's); the ``read`` frames, first and last; the
    ``asked`` areas; the rest as for range_edit.survey."""

    prompt: str
    seed: int
    keep: float
    cfg: float | None
    parts: str | None
    joints: frozenset[str]
    path: np.ndarray | None
    read: tuple[int, int]
    asked: tuple[request.Area, ...]
    contact: str
    poses: tuple[int, ...]
    hold: Hold | None

    @property
    def areas(self) -> tuple[range_edit.Range, ...]:
        """The areas without their modes."""
        return tuple(area for area, _ in self.asked)


def edit_range(context: bpy.types.Context, again: bool = False) -> Workflow:
    """Make the edit that ``context.scene.coamd_edit`` describes, of the Action the target armature plays.

    ``again`` makes it in place of the edit that waits, which is there until the new one is. Raises CoamdError for
    settings that cannot be meant, before anything has changed.
    """
    waiting = pending.require(context) if again else pending.pending(context)
    if waiting is not None and not again:
        raise InputError("An edit waits to be accepted", "Press Accept or Reject first")
    armature, action, slot = _subject(context, waiting)
    wanted = _settings(context, action, slot)
    aside = None if waiting is None else pending.set_aside(context)
    try:
        yield from _edit(_original(context, armature, action, slot, wanted), wanted, aside)
    finally:
        if aside is not None:
            pending.put_back(aside)  # unless another took its place
    return "Edited: accept or reject it"


def _edit(original: Original, wanted: EditSettings, aside: pending.Aside | None) -> Workflow:
    """Read, ask and write; the edit set ``aside`` goes once the new one waits."""
    yield  # from here on, what goes wrong is told in the panel

    armature, action, scene = _found_again(original)
    mapping = targets.coverage(armature).mapping
    reading = yield from read_steps(armature, action, frames=wanted.read, fps=None, scene=scene, mapping=mapping)
    outline = yield Call(range_edit.outlined, (reading, wanted.contact))
    armature, action, scene = _found_again(original)
    site = range_edit.survey(armature, action, reading, outline, wanted.areas, wanted.joints, wanted.poses, wanted.hold)
    scene.coamd_edit.seed = wanted.seed
    answer = yield _request(wanted, reading)
    yield from _write(original, site, answer, aside)


def _subject(context: bpy.types.Context, waiting: bpy.types.PropertyGroup | None) -> tuple:
    """Return armature, Action and slot: what plays, or the source of the edit that waits for the same armature."""
    armature = targets.require(context)
    if waiting is None or waiting.armature != armature:
        action = range_edit.require_action(armature)
        return armature, action, actions.slot_for(action, armature)
    action = range_edit.require_action(armature, waiting.source)
    return armature, action, range_edit.slot_of(action, pending.slot_handle(armature, waiting.preview))


def _settings(context: bpy.types.Context, action: bpy.types.Action, slot: object | None) -> EditSettings:
    """Return what the settings say of ``action``."""
    scene, settings = context.scene, context.scene.coamd_edit
    keys = range_edit.extent(action, slot)
    marked = request.marked_range(context, action, slot)
    asked = request.areas(settings.mode, marked, *keys)
    read = around(scene, [area for area, _ in asked], keys)
    parts, free = request.open_joints(settings)
    places, area = request.takes_places(settings), asked[0][0]  # what the panel does not offer stays out
    poses = request.kept_poses(scene, marked, area) if places and settings.keep_poses else ()
    hold = holds.hold_of(settings, scene, area, read[0]) if places else None
    follows = settings.path is not None and request.takes_path(settings)
    path = ground_path.path_points(settings.path) if follows else None
    return EditSettings(
        prompt=" ".join(settings.prompt.split()),
        seed=random.randint(0, limits.LARGEST_SEED) if settings.random_seed else settings.seed,
        keep=settings.keep / 100,
        cfg=scene.coamd.guidance if scene.coamd.use_guidance else None,
        parts=parts,
        joints=free,
        path=path,
        read=read,
        asked=asked,
        contact=scene.coamd.contact,
        poses=poses,
        hold=hold,
    )


def around(scene: bpy.types.Scene, areas: list[range_edit.Range], keys: tuple[float, float]) -> tuple[int, int]:
    """Return first and last frame to read: the areas and what is around them, between the first of the ``keys`` and
    the last."""
    rate = scene.render.fps / scene.render.fps_base
    reach = int(CONTEXT_SECONDS * rate)
    first, last = min(area.first for area in areas), max(area.last for area in areas)
    if last - first > limits.LONGEST_EDIT * rate:
        raise InputError(
            f"A range of {last - first} frames is too long", f"Mark at most {limits.LONGEST_EDIT:g} seconds"
        )
    return (
        min(first, max(int(np.floor(keys[0])), first - reach)),
        max(last, min(int(np.ceil(keys[1])), last + reach)),
    )


def _original(
    context: bpy.types.Context,
    armature: bpy.types.Object,
    action: bpy.types.Action,
    slot: object | None,
    wanted: EditSettings,
) -> Original:
    return Original(
        armature.session_uid,
        action.session_uid,
        context.scene.session_uid,
        None if slot is None else slot.handle,
        (min(area.first for area in wanted.areas), max(area.last for area in wanted.areas)),
        wanted.prompt or EDIT_MODES[context.scene.coamd_edit.mode].label,
    )


def _found_again(original: Original) -> tuple[bpy.types.Object, bpy.types.Action, bpy.types.Scene]:
    """Return armature, Action and scene. Raises RigError or InputError when they were deleted."""
    armature = targets.by_uid(bpy.data.objects, original.armature_uid)
    action = targets.by_uid(bpy.data.actions, original.action_uid)
    scene = targets.by_uid(bpy.data.scenes, original.scene_uid)
    if armature is None:
        raise RigError("The armature was deleted while its motion was being edited", "Select another armature")
    if scene is None:
        raise InputError("The scene was deleted while a motion in it was being edited", "Edit again in another scene")
    if action is None:
        raise InputError("The Action was deleted while it was being edited", "Choose another Action")
    return armature, action, scene


# --- asking -----------------------------------------------------------------------------------------------------------


def _request(wanted: EditSettings, reading: Reading) -> EditRequest:
    """Return the request for what was read, one row a scene frame."""
    return EditRequest(
        reading.joints,
        reading.fps,
        tuple(EditRange(*rows(area, reading), mode) for area, mode in wanted.asked),
        wanted.prompt,
        wanted.parts,
        wanted.keep,
        wanted.seed,
        wanted.cfg,
        None if wanted.path is None else ground_path.on_the_ground(wanted.path, reading.placement),
        **markers.pose_targets(reading, wanted.poses, wanted.hold),
    )


def rows(area: range_edit.Range, reading: Reading) -> tuple[int, int]:
    """Return the first row of the reading in the area, and one past its last."""
    return round(area.first - reading.frames[0]), round(area.last + 1 - reading.frames[0])


# --- writing the preview ----------------------------------------------------------------------------------------------


def _write(
    original: Original, site: range_edit.Site, answer: Answer, aside: pending.Aside | None
) -> Generator[Call | None, Any, None]:
    """Solve in a thread, then write a preview, a few curves a step, and hand it over as one undo step, in which the
    edit set ``aside`` goes."""
    channels, torn = yield Call(range_edit.plan, (site, answer.arrays["joints"]))
    name = f"{_found_again(original)[1].name} (edit)"
    outcome = range_edit.EditOutcome(torn=torn, released=len(site.influences) * len(site.areas))

    def finish(copies: list[bpy.types.Action]) -> None:
        armature, source, scene = _found_again(original)
        same, changed = range_edit.count_untouched(source, copies[0], original.handle, site.areas)
        verified = f"{same:,} keys outside untouched, verified"
        told = verified if not changed else f"{verified}; {changed:,} are not as they were"
        notes = (told, *answer.fields.get("notes", ()), *outcome.notes, *site.reading.notes)
        pending.offer(scene, armature, source, copies[0], original.handle, original.frames, notes)

    (uid,) = yield from range_steps.write_copies(
        lambda: _found_again(original)[:2], site, original.handle, [(channels, outcome)], name, finish
    )
    if aside is not None:
        pending.discard(aside)
        range_steps.of_uid(uid).name = name  # which was taken until now
    yield from undo.step(f"CoAMD Edit: {original.title[:40]}")
