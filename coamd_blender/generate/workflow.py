"""From the prompt to keyframes: one request, its draws written and then shown together, one undo step."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import bpy

from ..anim import rig_settings, stepwise, targets
from ..anim.plan import placement
from ..core.workflow import Ask, Seal, Workflow
from ..setup import preferences
from ..wire import limits
from ..wire.checks import check_whole
from ..wire.requests import GenerateRequest
from . import styles, takes
from .preview import Preview

if TYPE_CHECKING:
    from .properties import COAMD_PG_settings


def generate(context: bpy.types.Context) -> Workflow:
    """Make the motions that ``context.scene.coamd`` asks for and write them onto the target armature, each as a take.

    The best draw comes first and plays in the end. Raises InputError, RigError or RuntimeUnavailable before anything
    is started.
    """
    started = time.monotonic()
    scene, settings = context.scene, context.scene.coamd
    request = _request(settings)
    prompt, seed, worn = request.prompts[0], request.seeds[0], styles.told(settings)
    armature = targets.require(context)
    options = rig_settings.retarget_options(settings)
    place = stepwise.destination(armature, scene, options, again="press Generate again")
    preferences.remember_prompt(preferences.get(context), prompt)

    with Preview(placement(place.target)) as preview:
        answer = yield Ask(request, preview.show)
    yield Seal("Writing keys")
    order = _best_first(answer.fields.get("scores"), len(request.seeds))
    motions = [(answer.arrays["joints"][copy], f"CoAMD {prompt[:40]}") for copy in order]
    made = yield from stepwise.write_keys(place, motions, answer.fields["fps"])
    armature, scene = stepwise.found_again(place)
    for rank, (copy, action) in enumerate(zip(order, made, strict=True)):
        takes.add(scene.coamd, prompt, seed + copy, action, armature, rank, worn)
    settings = scene.coamd
    settings.seed = seed
    takes.show(settings, len(settings.takes) - len(request.seeds))
    stepwise.push_undo(f"CoAMD: {prompt[:40]}")
    told = f"Made in {time.monotonic() - started:.1f} s"
    if len(request.seeds) > 1:
        told += f", the best of {len(request.seeds)} draws shown"
    return "; ".join([told, *answer.fields.get("notes", ())])


def _best_first(scores: list[float] | None, count: int) -> list[int]:
    """Order ``count`` motions by their scores, the highest first, where there are any."""
    return sorted(range(count), key=lambda copy: -scores[copy]) if scores else list(range(count))


def _request(settings: COAMD_PG_settings) -> GenerateRequest:
    """Return what the settings ask for. Raises InputError when one of them cannot be used."""
    check_whole("The number of draws", settings.variants, 1, limits.MOST_VARIANTS)
    largest = limits.LARGEST_SEED - limits.MOST_VARIANTS
    request = GenerateRequest.variants(
        " ".join(settings.prompt.split()),
        round(settings.seconds, 3),  # as the user sees it: in Blender's single precision 9.8 is a little over 9.8
        random.randint(0, largest) if settings.random_seed else settings.seed,
        settings.variants,
        settings.guidance if settings.use_guidance else None,
        settings.recognizer_guidance if settings.use_recognizer else None,
        styles.chosen(settings),
    )
    request.check()
    return request
