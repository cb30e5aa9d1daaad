"""The takes of a scene: motions made so far, each an Action for an armature; one plays at a time."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

import bpy

from ..anim import actions, nla
from ..blocks import tracks
from ..errors import InputError
from ..wire import protocol

if TYPE_CHECKING:
    from .properties import COAMD_PG_settings

TITLE_LETTERS = 44  # Blender's names have 63 bytes, and numbers are added to them


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
    of those made at once, which are noted one after another, the best first; ``styles`` tells those it was made in.

    The list is a user of the Action: it needs no fake one, which would keep it for ever.
    """
    take = settings.takes.add()
    take.name = take.prompt = prompt
    take.seed, take.rank, take.action, take.armature, take.styles = seed, rank, action, armature, styles
    take.request = max(other.request for other in settings.takes) + (rank == 0)
    action.use_fake_user = False


def title(prompt: str) -> str:
    """Return the name of an Action made of ``prompt``: its beginning, in whole words."""
    words = textwrap.shorten(prompt, TITLE_LETTERS, placeholder="") or prompt[:TITLE_LETTERS]
    return f"CoAMD {words}".rstrip(" ,;.")


def describe(action: bpy.types.Action, prompt: str, seed: int, weights: Mapping[str, str]) -> None:
    """Note in an Action's custom properties what it was made from, for people and scripts: ``coamd_prompt``,
    ``coamd_seed``, ``coamd_version`` and, of the ``weights`` where they are told, ``coamd_weights`` (file and digest)
    and ``coamd_licence``."""
    action["coamd_prompt"], action["coamd_seed"], action["coamd_version"] = prompt, seed, protocol.VERSION
    for name, told in (("coamd_weights", "name"), ("coamd_licence", "licence")):
        action.pop(name, None)  # a copy has that of the Action it was made from
        if told in weights:
            action[name] = str(weights[told])


def draws(settings: COAMD_PG_settings) -> list[list[int]]:
    """Return the indices of the takes made at once, the oldest first; of each the best that is left comes first."""
    groups: list[list[int]] = []
    before = None
    for index, take in enumerate(settings.takes):
        together = before is not None and (before.request, before.prompt) == (take.request, take.prompt)
        if not together or take.rank <= before.rank:
            groups.append([])
        groups[-1].append(index)
        before = take
    return groups


def other_draws(settings: COAMD_PG_settings) -> list[int]:
    """Return the indices of the takes that were made at once with the chosen one, without it."""
    group = next((group for group in draws(settings) if settings.take_index in group), [])
    return [index for index in group if index != settings.take_index]


def show(settings: COAMD_PG_settings, index: int) -> None:
    """Give take ``index``'s Action to its armature; the one it played stays in the file. The armature's track goes with
    it, unless blocks in it are yet to be made.

    Raises InputError when either is gone.
    """
    take = settings.takes[index] if 0 <= index < len(settings.takes) else None
    if take is None or take.action is None or take.armature is None:
        raise InputError("This take was deleted", "Choose another take")
    settled = tracks.settled(take.armature)
    rivals = {other.action for other in settings.takes if other.armature == take.armature} - {take.action, None}
    if not nla.show(take.armature.animation_data, take.action, rivals):
        # without a slot: Blender finds it again, it is the one used last there
        actions.play(take.armature, take.action)
    tracks.follow(take.armature, settled)
    settings.take_index = index


def remove(settings: COAMD_PG_settings, others: bool) -> None:
    """Delete the chosen take and its Action, or with ``others`` those that were made at once with it."""
    chosen = settings.take_index
    settled = {take.armature: tracks.settled(take.armature) for take in settings.takes if take.armature is not None}
    doomed = other_draws(settings) if others else [chosen] if 0 <= chosen < len(settings.takes) else []
    for index in reversed(doomed):
        action, armature = settings.takes[index].action, settings.takes[index].armature
        settings.takes.remove(index)
        if action is not None and armature is not None:
            nla.remove(armature.animation_data, action)
        if action is not None:
            bpy.data.actions.remove(action)
    before = sum(index < chosen for index in doomed)
    settings.take_index = chosen - before if others else max(0, min(chosen, len(settings.takes)) - 1)
    left = settings.takes[settings.take_index] if settings.takes else None
    if left is not None and left.action is not None and left.armature is not None:
        show(settings, settings.take_index)
        tracks.follow(left.armature, settled[left.armature])
