"""Several prompts in a row, one long motion."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import bpy

from ..anim import rig_settings, stepwise, targets
from ..core.workflow import Workflow
from ..errors import InputError
from ..generate import takes
from ..wire import limits
from ..wire.requests import StoryboardRequest, StoryboardScene

if TYPE_CHECKING:
    from .properties import COAMD_PG_edit


def storyboard(context: bpy.types.Context) -> Workflow:
    """Make the motion of the storyboard's scenes; it becomes a new Action at the current frame, and a take.

    Raises CoamdError before anything has changed.
    """
    scene, settings = context.scene, context.scene.coamd_edit
    request = _request(settings, scene.coamd)
    armature = targets.require(context)
    options = rig_settings.retarget_options(scene.coamd)
    place = stepwise.destination(armature, scene, options, again="make the storyboard again")
    settings.seed = request.seed
    name = " / ".join(part.prompt for part in request.scenes)

    answer = yield request
    (action,) = yield from stepwise.write_keys(place, [(answer.arrays["joints"], name)], answer.fields["fps"])
    armature, scene = stepwise.found_again(place)
    takes.add(scene.coamd, name, request.seed, action, armature)
    scene.coamd.take_index = len(scene.coamd.takes) - 1
    stepwise.push_undo(f"CoAMD: {name[:40]}")


def _request(settings: COAMD_PG_edit, general: bpy.types.PropertyGroup) -> StoryboardRequest:
    """Return what the settings ask for. Raises InputError when one of them cannot be used."""
    parts = [StoryboardScene(" ".join(part.prompt.split()), round(part.seconds, 3)) for part in settings.scenes]
    if not parts:
        raise InputError("The storyboard holds no scene", "Press Add Scene")
    request = StoryboardRequest(
        tuple(parts),
        random.randint(0, limits.LARGEST_SEED) if settings.random_seed else settings.seed,
        general.guidance if general.use_guidance else None,
        None if settings.loop == "none" else settings.loop,
        settings.in_place,
    )
    request.check()
    return request
