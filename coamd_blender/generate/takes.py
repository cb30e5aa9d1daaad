"""The takes of a scene: motions made so far, each an Action for an armature; one plays at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ..anim import actions, nla
from ..errors import InputError

if TYPE_CHECKING:
    from .properties import COAMD_PG_settings


def add(
    settings: COAMD_PG_settings,
    prompt: str,
    seed: int,
    action: bpy.types.Action,
    armature: bpy.types.Object,
    rank: int = 0,
    styles: str = "",
) -> None:
    """Note a motion as a take of the scene whose ``settings`` (``scene.coamd``) these are; ``rank`` is 0 for the best
    of those made at once, which are noted one after another, the best first; ``styles`` tells those it was made in."""
    take = settings.takes.add()
    take.name = take.prompt = prompt
    take.seed, take.rank, take.action, take.armature, take.styles = seed, rank, action, armature, styles


def draws(settings: COAMD_PG_settings) -> list[list[int]]:
    """Return the indices of the takes made at once, the oldest first; of each the best that is left comes first."""
    groups: list[list[int]] = []
    before = None
    for index, take in enumerate(settings.takes):
        if before is None or take.rank <= before.rank or take.prompt != before.prompt:
            groups.append([])
        groups[-1].append(index)
        before = take
    return groups


def show(settings: COAMD_PG_settings, index: int) -> None:
    """Give take ``index``'s Action to its armature; the one it played stays in the file.

    Raises InputError when either is gone.
    """
    take = settings.takes[index] if index < len(settings.takes) else None
    if take is None or take.action is None or take.armature is None:
        raise InputError("This take was deleted", "Choose another take")
    rivals = {other.action for other in settings.takes if other.armature == take.armature} - {take.action, None}
    if not nla.show(take.armature.animation_data, take.action, rivals):
        # without a slot: Blender finds it again, it is the one used last there
        actions.play(take.armature, take.action)
    settings.take_index = index


def remove(settings: COAMD_PG_settings, others: bool) -> None:
    """Delete the chosen take and its Action, or with ``others`` all but the chosen one."""
    chosen = settings.take_index
    doomed = [index for index in range(len(settings.takes)) if (index != chosen) == others]
    for index in reversed(doomed):
        action, armature = settings.takes[index].action, settings.takes[index].armature
        settings.takes.remove(index)
        if action is not None and armature is not None:
            nla.remove(armature.animation_data, action)
        if action is not None:
            bpy.data.actions.remove(action)
    settings.take_index = 0 if others else max(0, chosen - 1)
    left = settings.takes[settings.take_index] if settings.takes else None
    if left is not None and left.action is not None and left.armature is not None:
        show(settings, settings.take_index)
