"""From the prompt to keyframes: one request, its draws written and then shown together, one undo step."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import bpy

from ..anim import actions, range_edit, rig_settings, stepwise, targets, unfinished
from ..anim.plan import placement
from ..blocks import arrange, record, tracks
from ..core import undo
from ..core.workflow import Beside, Seal, Workflow, Yield
from ..setup import preferences
from . import continuing, draws, guided, pictures, playing, request, takes
from .preview import Preview

Told = Generator[Yield, Any, list[str]]


def generate(context: bpy.types.Context) -> Workflow:
    """Make the motions that ``context.scene.coamd`` asks for and write them onto the target armature, each as a take.

    The best draw comes first and plays in the end. Where the character moves already, the motion goes on from there in
    a copy of its Action, unless a fresh start is asked for. Raises InputError, RigError or RuntimeUnavailable before
    anything is started.
    """
    started = time.monotonic()
    armature = targets.require(context)
    wished = request.wish(context, armature)
    preferences.remember_prompt(preferences.get(context), wished.prompt)
    make = _fresh if wished.join is None and not wished.guides.posed else _continued
    uid = armature.session_uid
    told = yield from make(context, armature, wished)
    armature = targets.by_uid(bpy.data.objects, uid)
    if armature is not None:
        playing.afterwards(bpy.context, armature)
    yield from undo.step(f"CoAMD: {wished.prompt[:40]}")
    yield Beside(pictures.missing(bpy.context.scene))
    return "; ".join([f"Made in {time.monotonic() - started:.1f} s", *told])


def _fresh(context: bpy.types.Context, armature: bpy.types.Object, wished: request.Wish) -> Told:
    """Write a motion of its own, as the options say; return what to tell."""
    options = rig_settings.retarget_options(context.scene.coamd)
    place = stepwise.destination(armature, context.scene, options, again="press Generate again", start=wished.first)
    key = tracks.new_key(armature)
    with Preview(placement(place.target)) as preview:
        found = yield from draws.drawn(wished, place.target.fps, placement(place.target), preview.show)
    yield Seal("Writing keys")
    title = takes.title(wished.prompt)
    motions = [(draw.joints, title) for draw in found.made]
    settled = tracks.settled(stepwise.found_again(place)[0])
    made = yield from stepwise.write_keys(place, motions, found.made[0].fps)
    armature, scene = stepwise.found_again(place)
    for rank, (draw, action) in enumerate(zip(found.made, made, strict=True)):
        takes.describe(action, wished.prompt, draw.seed, found.weights)
        block = arrange.Block(key, wished.first, wished.last, wished.prompt, draw.seed)
        record.note(action, arrange.laid_over(record.made_of(action), block))
        takes.add(scene.coamd, wished.prompt, draw.seed, action, armature, rank, wished.worn)
    tracks.follow(armature, settled)
    settings = scene.coamd
    settings.seed = wished.seed
    takes.show(settings, len(settings.takes) - wished.count)
    best = [f"the best of {wished.count} draws shown"] if wished.count > 1 and found.ranked else []
    return [*best, *found.notes]


def _continued(context: bpy.types.Context, armature: bpy.types.Object, wished: request.Wish) -> Told:
    """Go on from what the character does, or through poses that it has, in a copy of its Action for each draw; return
    what to tell."""
    ground_of = continuing.fresh_ground if wished.join is None else continuing.ground_of
    ground = ground_of(context, armature, wished)
    try:
        return (yield from _on(context, armature, wished, ground))
    finally:
        if ground.own:
            unfinished.remove([ground.action_uid])


def _on(
    context: bpy.types.Context, armature: bpy.types.Object, wished: request.Wish, ground: continuing.Ground
) -> Told:
    contact, key = context.scene.coamd.contact, tracks.new_key(armature)
    line = guided.told(context, wished.guides.poses, wished.join)
    yield  # from here on, what goes wrong is told in the panel
    site = yield from continuing.read(ground, contact)
    motions = []
    for seed in range(wished.seed, wished.seed + wished.count):
        joints, answer = yield from continuing.asked(wished, ground, site.reading, seed)
        motions.append((seed, joints))
    yield Seal("Writing keys")
    weights = answer.fields.get("weights") or {}

    def finish(copies: list[bpy.types.Action]) -> None:
        (armature, source), settings = ground.found(), ground.scene().coamd
        settled, before = tracks.settled(armature), record.made_of(source) if ground.joined else []
        for rank, (copy, (seed, _)) in enumerate(zip(copies, motions, strict=True)):
            takes.describe(copy, wished.prompt, seed, weights)
            block = arrange.Block(key, ground.area.first, ground.area.last, wished.prompt, seed)
            record.note(copy, [each for each in arrange.laid_over(before, block) if each.end <= block.end])
            takes.add(settings, wished.prompt, seed, copy, armature, rank, wished.worn)
        settings.seed = wished.seed
        actions.play(armature, copies[0], range_edit.slot_of(copies[0], ground.handle))
        tracks.follow(armature, settled)
        takes.show(settings, len(settings.takes) - len(copies))

    joints, title = [made for _, made in motions], takes.title(wished.prompt)
    told = yield from continuing.written(ground, site, joints, title, finish)
    frames = f"frames {ground.area.first} to {ground.area.last}"
    follows = f"{frames} follow on frame {wished.join}" if ground.joined else frames
    return [follows, *([line] if line else []), *answer.fields.get("notes", ()), *told]
