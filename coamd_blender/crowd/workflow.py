"""The motions of several characters from top to bottom: drawn for each, arranged, written together, one undo step."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import bpy
import numpy as np

from ..anim import rig_settings, stepwise, targets
from ..anim.plan import placement
from ..anim.steps import Call
from ..blocks import arrange, record, tracks
from ..core import undo
from ..core.workflow import Beside, Seal, Workflow
from ..errors import InputError, RigError
from ..generate import draws, pictures, playing, request, takes
from ..generate.preview import Preview
from ..motion import rotations as rot
from ..retarget.reading import Placement
from ..setup import preferences
from . import apart

if TYPE_CHECKING:
    from .properties import COAMD_PG_crowd

_UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Part:
    """What one character is asked for: where the motion goes, ``where`` it will be, and what is wished."""

    place: stepwise.Destination
    where: Placement
    wished: request.Wish


def members(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the selected armatures, and those that move selected meshes, by name, the active one first."""
    selected = context.view_layer.objects.selected
    found = [chosen for chosen in selected if chosen.type == "ARMATURE"]
    found += [armature for chosen in selected if (armature := chosen.find_armature()) is not None]
    active = context.view_layer.objects.active
    return sorted(dict.fromkeys(found), key=lambda armature: (armature != active, armature.name))


def generate(context: bpy.types.Context) -> Workflow:
    """Make a motion for every selected character, fresh, from the current frame on, each a take.

    Raises InputError or RigError, naming the character, before anything has changed.
    """
    started = time.monotonic()
    cast = members(context)
    if len(cast) < 2:
        raise InputError("One character is selected", "Select two or more, or press Generate under Generate Motion")
    parts = [_part(context, armature, number) for number, armature in enumerate(cast)]
    settings = context.scene.coamd_crowd
    distance = settings.apart if settings.keep_apart else 0.0
    preferences.remember_prompt(preferences.get(context), parts[0].wished.prompt)

    found = []
    for part in parts:
        with Preview(part.where) as preview:
            made = yield from draws.drawn(part.wished, part.place.target.fps, part.where, preview.show)
        found.append(made)
    yield Seal("Writing keys")
    choices = yield Call(_arranged, (parts, found, distance))
    jobs = [_job(*each) for each in zip(parts, found, choices, strict=True)]
    before = [tracks.settled(stepwise.found_again(part.place)[0]) for part in parts]
    actions = yield from stepwise.write_all(jobs)
    for part, made, choice, action, settled in zip(parts, found, choices, actions, before, strict=True):
        _note(part, made.made[choice.draw], made.weights, action)
        tracks.follow(stepwise.found_again(part.place)[0], settled)
    playing.afterwards(bpy.context, *(stepwise.found_again(part.place)[0] for part in parts))
    yield from undo.step(f"CoAMD: {len(parts)} characters")
    yield Beside(pictures.missing(bpy.context.scene))
    return "; ".join([f"{len(parts)} motions made in {time.monotonic() - started:.1f} s", *_told(choices, distance)])


def _part(context: bpy.types.Context, armature: bpy.types.Object, number: int) -> Part:
    coverage = targets.coverage(armature)
    if coverage.error is not None:
        raise RigError(f"{armature.name}: {coverage.error.message}", coverage.error.hint)
    wished = request.wish(context, armature, prompt=_sentence(context.scene.coamd_crowd, context, armature), fresh=True)
    wished = request.numbered(wished, number)
    options = rig_settings.retarget_options(context.scene.coamd)
    place = stepwise.destination(armature, context.scene, options, again="press Generate again", start=wished.first)
    return Part(place, placement(place.target), wished)


def _sentence(settings: COAMD_PG_crowd, context: bpy.types.Context, armature: bpy.types.Object) -> str:
    own = armature.coamd_member.prompt if settings.sentences == "OWN" else ""
    return own.strip() or context.scene.coamd.prompt


def _arranged(parts: list[Part], found: list[draws.Draws], distance: float) -> list[apart.Choice]:
    """Return what each does. Those that are led along a path are not turned. Any thread."""
    tracks = [[_track(part.where, draw.joints) for draw in made.made] for part, made in zip(parts, found, strict=True)]
    led = any(part.wished.path is not None for part in parts)
    return apart.arrange(tracks, distance, apart.TURNS[:1] if led else apart.TURNS)


def _track(where: Placement, joints: np.ndarray) -> np.ndarray:
    """Return the way of the pelvis (frames, 2: x, z) in the world, Blender's units, of ``joints`` (frames, 22, 3)."""
    return (where.place(joints[:, 0]) * where.scale)[:, [0, 2]]


def _job(part: Part, made: draws.Draws, choice: apart.Choice) -> stepwise.Job:
    """Return the chosen motion, turned about where it begins."""
    draw = made.made[choice.draw]
    start = draw.joints[0, 0] * (1.0, 0.0, 1.0)
    turn = rot.about(_UP, np.array(-choice.angle))  # a turn about Y takes z to x, that of a track x to z
    joints = (draw.joints - start) @ turn.T + start
    return stepwise.Job(part.place, joints, takes.title(part.wished.prompt), draw.fps)


def _note(part: Part, draw: draws.Draw, weights: dict[str, str], action: bpy.types.Action) -> None:
    """Note a motion as a take, and as a block of its character's track."""
    (armature, scene), wished = stepwise.found_again(part.place), part.wished
    takes.describe(action, wished.prompt, draw.seed, weights)
    block = arrange.Block(tracks.new_key(armature), wished.first, wished.last, wished.prompt, draw.seed)
    record.note(action, arrange.laid_over(record.made_of(action), block))
    takes.add(scene.coamd, wished.prompt, draw.seed, action, armature, 0, wished.worn)
    scene.coamd.take_index = len(scene.coamd.takes) - 1


def _told(choices: list[apart.Choice], distance: float) -> list[str]:
    """Return what to tell of how the motions were arranged."""
    aside = sum(choice.angle != 0.0 for choice in choices)
    nearest = min(choice.clearance for choice in choices)
    lines = [f"{aside} set out another way to keep apart"] if aside else []
    if nearest < distance - 1e-3:
        lines.append(f"the nearest two come within {nearest:.2f}")
    return lines
