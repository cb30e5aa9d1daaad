"""The steps from the installation to the first motion, each with its button: what is done, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import bpy

from . import runtime

if TYPE_CHECKING:
    from .properties import COAMD_Preferences


class Step(NamedTuple):
    """A step: its ``name``, the ``operator`` that does it, whether it is ``done`` or may be done ``early``, and a line
    on it."""

    name: str
    operator: str
    done: bool
    early: bool = False
    note: str = ""


def steps(settings: COAMD_Preferences) -> list[Step]:
    """Return the steps in their order. One that needs nothing, as the network where a runtime is there, is done."""
    ready = runtime.problem(settings) is None
    installs = settings.source == "INSTALLED"
    online = ready or not installs or bpy.app.online_access or bool(settings.wheels)
    size = dict(_SIZES).get(settings.torch_source, "")
    return [
        Step("Allow Online Access", "coamd.allow_online", online, note="For the download of the next step alone"),
        Step("Install Runtime", "coamd.install", ready, note=size),
        Step("Test Runtime", "coamd.test", ready and settings.tested, note="Starts it once, and makes a motion"),
        Step("Make First Motion", "coamd.first_motion", bool(settings.recent), early=ready),
    ]


_SIZES = (
    ("cpu", "About 1 GB is downloaded, into CoAMD's own folder"),
    ("cuda", "About 6 GB are downloaded, into CoAMD's own folder"),
)
