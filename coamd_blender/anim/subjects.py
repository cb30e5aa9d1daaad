"""What a user may mean by "this motion": what the armature plays, or what is selected; read step by step."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import bpy

from ..errors import InputError
from . import targets
from .armature import check_editable
from .read_action import Reading, read_steps
from .steps import Call, Step


@dataclass(frozen=True)
class Subject:
    """A motion that is meant. action_uid None: what the armature plays. ``frames`` of the Action, both included;
    scene frame = ``offset + scale * frame``."""

    name: str
    armature_uid: int
    action_uid: int | None
    frames: tuple[float, float] | None = None
    offset: float = 0.0
    scale: float = 1.0

    def read(self) -> Generator[Step | Call, Any, Reading]:
        """Read its joints step by step. Raises InputError when it is gone, and what read_steps raises."""
        armature = targets.by_uid(bpy.data.objects, self.armature_uid)
        action = None if self.action_uid is None else targets.by_uid(bpy.data.actions, self.action_uid)
        if armature is None or (self.action_uid is not None and action is None):
            raise InputError(f"{self.name} was deleted", "Select another one")
        check_editable(armature)
        coverage = targets.coverage(armature)
        if coverage.error is not None:
            raise coverage.error
        return (yield from read_steps(armature, action, frames=self.frames, mapping=coverage.mapping))


def active(context: bpy.types.Context, frames: tuple[float, float] | None = None) -> Subject:
    """Return what the active armature plays, NLA strips included, at ``frames`` or wherever it moves.

    Raises RigError without an armature that can be understood.
    """
    armature = targets.require(context)
    data = armature.animation_data
    action = data.action if data is not None else None
    return Subject(action.name if action else armature.name, armature.session_uid, None, frames)


def selected(context: bpy.types.Context) -> list[Subject]:
    """Return the Actions of all selected armatures, their selected NLA strips, and selected Actions.

    Raises InputError when nothing is selected that moves.
    """
    found = []
    for armature in _armatures(context):
        data = armature.animation_data
        if data is None:
            continue
        if data.action is not None:
            found.append(Subject(data.action.name, armature.session_uid, data.action.session_uid))
        strips = [strip for track in data.nla_tracks for strip in track.strips if strip.select and strip.action]
        found += [_of_strip(armature, strip) for strip in strips]
    known = {subject.action_uid for subject in found}
    armature = targets.find(context)
    actions = [block for block in getattr(context, "selected_ids", ()) if isinstance(block, bpy.types.Action)]
    if armature is not None:
        found += [
            Subject(action.name, armature.session_uid, action.session_uid)
            for action in actions
            if action.session_uid not in known
        ]
    if not found:
        raise InputError("No Action is selected", "Select armatures that have Actions, or NLA strips")
    return found


def _armatures(context: bpy.types.Context) -> list[bpy.types.Object]:
    chosen = [found for found in context.view_layer.objects.selected if found.type == "ARMATURE"]
    main = targets.find(context)
    return chosen if main is None or main in chosen else [main, *chosen]


def _of_strip(armature: bpy.types.Object, strip: bpy.types.NlaStrip) -> Subject:
    offset = strip.frame_start - strip.action_frame_start * strip.scale
    frames = (strip.action_frame_start, strip.action_frame_end)
    return Subject(strip.name, armature.session_uid, strip.action.session_uid, frames, offset, strip.scale)
