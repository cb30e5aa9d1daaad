"""The edit that waits, a preview beside the untouched Action: shown, accepted, rejected, pushed to the NLA.

The preview is a copy of the Action with the range regenerated, assigned to the armature; ``scene.coamd_edit`` knows
both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import bpy

from ..anim import actions, nla, range_edit, scene_end, targets
from ..blocks import tracks
from ..errors import InputError
from ..setup import preferences

if TYPE_CHECKING:
    from .properties import COAMD_PG_edit


def pending(context: bpy.types.Context) -> COAMD_PG_edit | None:
    """Return the settings, where an edit waits in this scene; None without one, or when part of it was deleted."""
    settings = context.scene.coamd_edit
    whole = settings.preview is not None and settings.source is not None and settings.armature is not None
    return settings if whole else None


def require(context: bpy.types.Context) -> COAMD_PG_edit:
    """Return the settings, where an edit waits. Raises InputError where none does."""
    settings = pending(context)
    if settings is None:
        raise InputError("No edit waits to be accepted", "Press Edit first")
    return settings


def offer(
    scene: bpy.types.Scene,
    armature: bpy.types.Object,
    source: bpy.types.Action,
    preview: bpy.types.Action,
    handle: int | None,
    frames: tuple[int, int],
    notes: tuple[str, ...],
    tool: str = "",
) -> None:
    """Let ``armature`` play ``preview``, an edited copy of ``source``, whose slot has ``handle``, and let it wait.

    ``frames``: first and last that are other than before. ``notes``: lines for the user. ``tool``: what made it, where
    that is no edit, which can be tried again. Raises InputError when the armature plays another Action by now, which
    would be lost, RigError while an NLA strip is being edited.
    """
    range_edit.check_not_tweaked(armature)
    if armature.animation_data is None or armature.animation_data.action != source:
        raise InputError(f"{armature.name} no longer plays {source.name!r}", "Assign that Action, then edit again")
    settings = scene.coamd_edit
    settings.source, settings.preview, settings.armature = source, preview, armature
    settings.shown_first, settings.shown_last = frames
    settings.notes, settings.tool = "\n".join(notes), tool
    tracks.play(armature, preview, range_edit.slot_of(preview, handle))


@dataclass(frozen=True)
class Aside:
    """An edit that waits while another is made in its place, found again by ``session_uid``; of its slot the
    ``handle``."""

    armature_uid: int
    source_uid: int
    preview_uid: int
    handle: int | None


def set_aside(context: bpy.types.Context) -> Aside:
    """Let the armature play its own Action again while the edit that waits stays in the file, keys and all.

    Raises InputError when no edit waits, RigError while a strip is being edited.
    """
    settings = require(context)
    armature, source, preview = settings.armature, settings.source, settings.preview
    range_edit.check_not_tweaked(armature)
    handle = slot_handle(armature, preview)
    actions.play(armature, source, range_edit.slot_of(source, handle))
    return Aside(armature.session_uid, source.session_uid, preview.session_uid, handle)


def put_back(aside: Aside) -> None:
    """Let the armature play the edit that was set aside, unless it plays another Action by now, or part of it is gone
    or was accepted or rejected."""
    armature, source = targets.by_uid(bpy.data.objects, aside.armature_uid), _action(aside.source_uid)
    preview, data = _action(aside.preview_uid), armature.animation_data if armature is not None else None
    waits = preview is not None and any(scene.coamd_edit.preview == preview for scene in bpy.data.scenes)
    if waits and source is not None and data is not None and data.action == source and not data.use_tweak_mode:
        actions.play(armature, preview, range_edit.slot_of(preview, aside.handle))


def discard(aside: Aside) -> None:
    """Delete the edit that was set aside: another one waits in its place."""
    preview = _action(aside.preview_uid)
    if preview is not None:
        bpy.data.actions.remove(preview)


def _action(uid: int) -> bpy.types.Action | None:
    return targets.by_uid(bpy.data.actions, uid)


def accept(context: bpy.types.Context) -> None:
    """Let the edited Action take the place and the name of the one it was made from, for all who use it.

    Where it reaches beyond the scene, that ends with it, as with a motion that is made (anim.scene_end). With
    ``keep_source`` the one before stays in the file under a name of its own. Raises InputError when no edit waits.
    """
    settings = require(context)
    source, preview, name, armature = settings.source, settings.preview, settings.source.name, settings.armature
    kept = source.use_fake_user
    _forget(settings)
    source.user_remap(preview)
    preview.use_fake_user = kept
    if context.scene.coamd_edit.keep_source:
        source.name, source.use_fake_user = f"{name} (before)", True
    else:
        bpy.data.actions.remove(source)
    preview.name = name
    if not preview.users:  # the armature plays something else by now
        preview.use_fake_user = True
    if preferences.moves_timeline(context):
        scene_end.make_room(context.scene, armature)


def reject(context: bpy.types.Context) -> None:
    """Give the armature its Action back and delete the preview.

    Raises InputError when no edit waits, RigError while a strip is being edited.
    """
    settings = require(context)
    armature, source, preview = settings.armature, settings.source, settings.preview
    range_edit.check_not_tweaked(armature)
    handle = slot_handle(armature, preview)
    _forget(settings)
    tracks.play(armature, source, range_edit.slot_of(source, handle))
    bpy.data.actions.remove(preview)


def compare(context: bpy.types.Context) -> None:
    """Let the armature play its Action as it was, or the edit that waits again: whichever it does not play.

    Raises InputError when no edit waits, RigError while a strip is being edited.
    """
    settings = require(context)
    armature = settings.armature
    range_edit.check_not_tweaked(armature)
    handle = slot_handle(armature, settings.preview)
    wanted = settings.source if shows_edit(settings) else settings.preview
    tracks.play(armature, wanted, range_edit.slot_of(wanted, handle))


def shows_edit(settings: COAMD_PG_edit) -> bool:
    """Return whether the armature of the edit that waits plays the edit, and not what was there before."""
    data = settings.armature.animation_data
    return data is not None and data.action == settings.preview


def push(context: bpy.types.Context) -> None:
    """Put the Action onto an NLA track and the edited range of its copy onto another above, where it can be muted.

    Raises InputError when no edit waits, RigError while a strip is being edited.
    """
    settings = require(context)
    armature, source, preview = settings.armature, settings.source, settings.preview
    range_edit.check_not_tweaked(armature)
    handle = slot_handle(armature, preview)
    slots = range_edit.slot_of(source, handle), range_edit.slot_of(preview, handle)
    start, end = range_edit.extent(source, slots[0])
    # a frame to either side, where both are the same, so that nothing jumps between frames
    frames = [settings.shown_first, settings.shown_last]
    if start < frames[0]:
        frames[0] -= 1
    if end > frames[1]:
        frames[1] += 1
    _forget(settings)
    nla.add_edit(armature.animation_data, source, preview, slots, tuple(frames))


def slot_handle(armature: bpy.types.Object, action: bpy.types.Action) -> int | None:
    """Return the handle of the Action's slot that moves this armature; None before Blender 4.4, which has no slots."""
    slot = actions.slot_for(action, armature)
    return None if slot is None else slot.handle


def _forget(settings: COAMD_PG_edit) -> None:
    settings.source = settings.preview = settings.armature = None
    settings.notes = ""
