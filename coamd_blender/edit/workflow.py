"""Edits and storyboards: ask the runtime, write a preview beside the untouched Action, then accept, reject or push.

The preview is a copy of the Action with the range made anew, assigned to the armature; ``scene.coamd_edit`` knows both.
Blender's data is remembered by ``session_uid`` while the runtime works.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import bpy
import numpy as np

from ..anim import actions, nla, rig_settings, stepwise, targets
from ..anim.read_action import Reading, read_steps
from ..core import session
from ..errors import InputError, RigError
from ..generate.properties import LARGEST_SEED
from ..motion.skeleton import JOINT_INDEX
from ..retarget.holds import Hold
from ..wire.jobs import Job, Step
from . import apply, request

CONTEXT_SECONDS = 5.0  # read on either side of what is made anew: the model sees no more
MOST_SECONDS = 600.0


@dataclass(frozen=True)
class Order:
    """An edit on its way: where it goes, and what is shown of it."""

    armature_uid: int
    action_uid: int
    scene_uid: int
    handle: int | None  # of the Action's slot
    frames: tuple[int, int]
    title: str
    site: apply.Site | None = None  # once the Action is read


@dataclass(frozen=True)
class Wanted:
    """What the settings say: ``fields`` and a ``path`` (points, 3; Y up, the world's) for the runtime; the ``read``
    frames, first and last; the ``asked`` areas; the rest as for edit_action.survey."""

    fields: dict[str, Any]
    path: np.ndarray | None
    read: tuple[int, int]
    asked: tuple[request.Area, ...]
    joints: frozenset[str]
    contact: str
    poses: tuple[int, ...]
    hold: Hold | None


# --- asking -----------------------------------------------------------------------------------------------------------


def begin(context: bpy.types.Context, again: bool = False) -> None:
    """Start the edit that ``context.scene.coamd_edit`` describes, of the Action the target armature plays.

    ``again`` gives up the edit that waits first. Raises CoamdError for settings that cannot be meant, before anything
    has changed. What reading the Action, step by step, finds wrong ends in the session's error.
    """
    settings, current = context.scene.coamd_edit, session.current()
    if current.running or current.asking:
        raise InputError("An earlier request is being answered", "Wait for it, or press Stop")
    waiting = _require(context) if again else pending(context)
    if waiting is not None and not again:
        raise InputError("An edit waits to be accepted", "Press Accept or Reject first")
    armature = targets.require(context)
    if waiting is not None and waiting.armature == armature:
        action = apply.require_action(armature, waiting.source)
        slot = apply.slot_of(action, _handle(armature, waiting.preview))
    else:
        action = apply.require_action(armature)
        slot = actions.slot_for(action, armature)
    wanted = _wanted(context, action, slot)
    if waiting is not None:
        reject(context)
    order = Order(
        armature.session_uid,
        action.session_uid,
        context.scene.session_uid,
        None if slot is None else slot.handle,
        (min(area.first for area, _ in wanted.asked), max(area.last for area, _ in wanted.asked)),
        wanted.fields["prompt"] or settings.bl_rna.properties["mode"].enum_items[settings.mode].name,
    )
    current.notice, current.error = "", None
    current.do(_ask(current, order, wanted))


def _wanted(context: bpy.types.Context, action, slot) -> Wanted:
    """What the settings say of ``action``."""
    scene, settings = context.scene, context.scene.coamd_edit
    keys = apply.extent(action, slot)
    marked = request.marked_range(context, action, slot)
    asked = request.areas(settings.mode, marked, *keys)
    read = _around(scene, [area for area, _ in asked], keys)
    joints, free = request.open_joints(settings)
    poses = request.kept_poses(scene, marked, asked[0][0]) if settings.keep_poses else ()
    hold = request.hold_of(scene, asked[0][0], read[0]) if settings.mode != "outpaint" else None
    path = None if settings.path is None else request.path_points(settings.path)
    fields = {
        "prompt": " ".join(settings.prompt.split()),
        "joints": joints,
        "keep": settings.keep / 100,
        "seed": random.randint(0, LARGEST_SEED) if settings.random_seed else settings.seed,
        "cfg": _text_weight(scene),
    }
    return Wanted(fields, path, read, asked, free, scene.coamd.contact, poses, hold)


def _around(scene, areas: list[apply.Range], keys: tuple[float, float]) -> tuple[int, int]:
    """First and last frame to read: the areas and what is around them, between the first of the ``keys`` and the
    last."""
    rate = scene.render.fps / scene.render.fps_base
    reach = int(CONTEXT_SECONDS * rate)
    first, last = min(area.first for area in areas), max(area.last for area in areas)
    if last - first > MOST_SECONDS * rate:
        raise InputError(f"A range of {last - first} frames is too long", f"Mark at most {MOST_SECONDS:g} seconds")
    return (
        min(first, max(int(np.floor(keys[0])), first - reach)),
        max(last, min(int(np.ceil(keys[1])), last + reach)),
    )


def _ask(current: session.Session, order: Order, wanted: Wanted) -> Iterator[Step]:
    """Steps that read the Action, one sample a scene frame; the last one asks the runtime."""
    armature, action, scene = _places(order)
    mapping = targets.coverage(armature).mapping
    reading = yield from read_steps(armature, action, frames=wanted.read, fps=None, scene=scene, mapping=mapping)
    armature, action, scene = _places(order)
    areas = tuple(area for area, _ in wanted.asked)
    site = apply.survey(armature, action, reading, areas, wanted.joints, wanted.contact, wanted.poses, wanted.hold)
    ranges = [[*_rows(area, reading), mode] for area, mode in wanted.asked]
    arrays = {"joints": reading.joints, **_targets(reading, wanted.poses, wanted.hold)}
    if wanted.path is not None:
        arrays["path"] = request.on_the_ground(wanted.path, reading.placement)
    fields = {"fps": reading.fps, "ranges": ranges, **wanted.fields}
    scene.coamd_edit.seed = wanted.fields["seed"]
    current.ask(bpy.context, "edit", fields, arrays, partial(_answer, current, replace(order, site=site)))


def _rows(area: apply.Range, reading: Reading) -> tuple[int, int]:
    """First row of the reading in the area, and one past its last."""
    return round(area.first - reading.frames[0]), round(area.last + 1 - reading.frames[0])


def _targets(reading: Reading, poses: tuple[int, ...], hold: Hold | None) -> dict[str, np.ndarray]:
    """Kept poses and the hold as the runtime takes them; empty without any."""
    rows = np.array([round(frame - reading.frames[0]) for frame in poses], np.int32)
    count = reading.joints.shape[1]
    points, joints = reading.joints[rows].reshape(-1, 3), np.tile(np.arange(count, dtype=np.int32), len(rows))
    frames = np.repeat(rows, count)
    if hold is not None:
        places = reading.placement.canonical(hold.points / reading.placement.scale).astype(np.float32)
        points = np.concatenate([points, places])
        joints = np.append(joints, np.full(len(places), JOINT_INDEX[hold.joint], np.int32))
        frames = np.append(frames, np.arange(hold.first, hold.last, dtype=np.int32))
    if not len(frames):
        return {}
    return {"target_points": points, "target_joints": joints, "target_frames": frames}


def _text_weight(scene) -> float | None:
    return scene.coamd.guidance if scene.coamd.use_guidance else None


# --- writing the preview ----------------------------------------------------------------------------------------------


def _answer(current: session.Session, order: Order, job: Job) -> None:
    current.do(_write(current, order, job.arrays["joints"]))


def _write(current: session.Session, order: Order, joints: np.ndarray) -> Iterator[None]:
    """Steps that solve in a thread, then write a preview, a few curves a step, and hand it over as one undo step."""
    planning = current.in_thread(apply.plan, order.site, joints)
    while not planning.done():
        yield
    channels, torn = planning.result()
    _, source, _ = _places(order)
    preview = source.copy()
    preview.name = f"{source.name} (edit)"
    uid, finished = preview.session_uid, False
    outcome = apply.Outcome(torn=torn, released=len(order.site.influences) * len(order.site.areas))
    try:
        done = 0
        while done < len(channels):
            armature, preview = _places(order)[0], _preview(uid)
            apply.check_paths(armature, order.site)
            done = apply.write_some(armature, preview, order.handle, channels, done, outcome, stepwise.WRITE_SECONDS)
            yield
        _show(order, _preview(uid), outcome)
        finished = True
    finally:
        left = None if finished else targets.by_uid(bpy.data.actions, uid)
        if left is not None:
            bpy.data.actions.remove(left)
    current.notice = "Edited: accept or reject it"
    stepwise.push_undo(f"CoAMD Edit: {order.title[:40]}")


def _show(order: Order, preview, outcome: apply.Outcome) -> None:
    """Let the armature play the preview, and remember whose copy it is.

    Raises InputError when the armature plays another Action by now, which would be lost, RigError while an NLA strip is
    being edited.
    """
    armature, source, scene = _places(order)
    apply.check_not_tweaked(armature)
    if armature.animation_data is None or armature.animation_data.action != source:
        raise InputError(f"{armature.name} no longer plays {source.name!r}", "Assign that Action, then edit again")
    settings = scene.coamd_edit
    settings.source, settings.preview, settings.armature = source, preview, armature
    settings.shown_first, settings.shown_last = order.frames
    settings.notes = "\n".join((*outcome.notes, *order.site.reading.notes))
    actions.play(armature, preview, apply.slot_of(preview, order.handle))


def _places(order: Order) -> tuple[bpy.types.Object, bpy.types.Action, bpy.types.Scene]:
    armature = targets.by_uid(bpy.data.objects, order.armature_uid)
    action = targets.by_uid(bpy.data.actions, order.action_uid)
    scene = targets.by_uid(bpy.data.scenes, order.scene_uid)
    if armature is None:
        raise RigError("The armature was deleted while its motion was being edited", "Select another armature")
    if scene is None:
        raise InputError("The scene was deleted while a motion in it was being edited", "Edit again in another scene")
    if action is None:
        raise InputError("The Action was deleted while it was being edited", "Choose another Action")
    return armature, action, scene


def _preview(uid: int) -> bpy.types.Action:
    preview = targets.by_uid(bpy.data.actions, uid)
    if preview is None:
        raise InputError("The preview was removed while its keys were being written", "Press Edit again")
    return preview


# --- what becomes of the preview --------------------------------------------------------------------------------------


def pending(context: bpy.types.Context):
    """The settings, where an edit waits in this scene; None without one, or when part of it was deleted."""
    settings = context.scene.coamd_edit
    whole = settings.preview is not None and settings.source is not None and settings.armature is not None
    return settings if whole else None


def accept(context: bpy.types.Context) -> None:
    """Let the edited Action take the place and the name of the one it was made from, for all who use it.

    With ``keep_source`` that one stays in the file under a name of its own. Raises InputError when no edit waits.
    """
    settings = _require(context)
    source, preview, name = settings.source, settings.preview, settings.source.name
    kept = source.use_fake_user
    _forget(settings)
    source.user_remap(preview)
    preview.use_fake_user = kept
    if context.scene.coamd_edit.keep_source:
        source.name, source.use_fake_user = f"{name} (before)", True
    else:
        bpy.data.actions.remove(source)
    preview.name = name


def reject(context: bpy.types.Context) -> None:
    """Give the armature its Action back and delete the preview.

    Raises InputError when no edit waits, RigError while a strip is being edited.
    """
    settings = _require(context)
    armature, source, preview = settings.armature, settings.source, settings.preview
    apply.check_not_tweaked(armature)
    handle = _handle(armature, preview)
    _forget(settings)
    actions.play(armature, source, apply.slot_of(source, handle))
    bpy.data.actions.remove(preview)


def push(context: bpy.types.Context) -> None:
    """Put the Action onto an NLA track and the edited range of its copy onto another above, where it can be muted.

    Raises InputError when no edit waits, RigError while a strip is being edited.
    """
    settings = _require(context)
    armature, source, preview = settings.armature, settings.source, settings.preview
    apply.check_not_tweaked(armature)
    handle = _handle(armature, preview)
    slots = apply.slot_of(source, handle), apply.slot_of(preview, handle)
    start, end = apply.extent(source, slots[0])
    # a frame to either side, where both are the same, so that nothing jumps between frames
    frames = [settings.shown_first, settings.shown_last]
    if start < frames[0]:
        frames[0] -= 1
    if end > frames[1]:
        frames[1] += 1
    _forget(settings)
    nla.add_edit(armature.animation_data, source, preview, slots, tuple(frames))


def _require(context):
    settings = pending(context)
    if settings is None:
        raise InputError("No edit waits to be accepted", "Press Edit first")
    return settings


def _handle(armature, preview) -> int | None:
    slot = actions.slot_for(preview, armature)
    return None if slot is None else slot.handle


def _forget(settings) -> None:
    settings.source = settings.preview = settings.armature = None
    settings.notes = ""


# --- storyboards ------------------------------------------------------------------------------------------------------


def begin_storyboard(context: bpy.types.Context) -> Job:
    """Ask for the motion of the storyboard's scenes; it becomes a new Action at the current frame, and a take.

    Raises CoamdError before anything has changed.
    """
    settings, current = context.scene.coamd_edit, session.current()
    if current.running or current.asking:
        raise InputError("An earlier request is being answered", "Wait for it, or press Stop")
    scenes = [
        {"prompt": " ".join(scene.prompt.split()), "seconds": round(scene.seconds, 3)} for scene in settings.scenes
    ]
    if not scenes:
        raise InputError("The storyboard holds no scene", "Press Add Scene")
    empty = next((number for number, scene in enumerate(scenes, start=1) if not scene["prompt"]), None)
    if empty is not None:
        raise InputError(f"Scene {empty} has no prompt", "Say what happens in it, or remove it")
    armature = targets.require(context)
    options = stepwise.ready(armature, context.scene, rig_settings.retarget_options(context.scene.coamd))
    if settings.random_seed:
        settings.seed = random.randint(0, LARGEST_SEED)
    fields = {
        "scenes": scenes,
        "seed": settings.seed,
        "cfg": _text_weight(context.scene),
        "loop": None if settings.loop == "none" else settings.loop,
        "in_place": settings.in_place,
    }
    wanted = stepwise.Wanted(
        joints=np.zeros((0, 22, 3)),
        fps=0.0,
        name=" / ".join(scene["prompt"] for scene in scenes),
        armature_uid=armature.session_uid,
        scene_uid=context.scene.session_uid,
        frame=context.scene.frame_current,
        options=options,
    )
    return current.ask(context, "storyboard", fields, None, partial(_answer_storyboard, current, wanted, settings.seed))


def _answer_storyboard(current: session.Session, wanted: stepwise.Wanted, seed: int, job: Job) -> None:
    wanted = replace(wanted, joints=job.arrays["joints"], fps=job.fields["fps"])
    current.do(stepwise.write(current.in_thread, wanted, partial(_note_take, wanted, seed)))


def _note_take(wanted: stepwise.Wanted, seed: int, action) -> None:
    settings = targets.by_uid(bpy.data.scenes, wanted.scene_uid).coamd
    take = settings.takes.add()
    take.name = take.prompt = wanted.name
    take.seed, take.action = seed, action
    take.armature = targets.by_uid(bpy.data.objects, wanted.armature_uid)
    settings.take_index = len(settings.takes) - 1
