"""What operators share: where they may run, how they begin a request, and how they tell errors."""

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty

from .. import core
from ..errors import CoamdError

if TYPE_CHECKING:
    from .workflow import Workflow


def in_usable_mode(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Return whether Object or Pose Mode is on; else ``cls`` says so where its button is hovered over."""
    if context.mode in {"OBJECT", "POSE"}:
        return True
    cls.poll_message_set("Switch to Object Mode or Pose Mode")
    return False


class Asking:
    """For operators that are off while an earlier request is being answered, and outside Object and Pose Mode."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether a request can be made."""
        if core.session.current().asking:
            cls.poll_message_set("An earlier request is being answered. Wait for it, or press Stop")
            return False
        return in_usable_mode(cls, context)


class Requesting(Asking):
    """Off while a motion is being made from a prompt, too."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether a request can be made."""
        if core.session.current().running:
            cls.poll_message_set("An earlier request is being answered. Wait for it, or press Stop")
            return False
        return super().poll(context)


def wait_property(result: str = "the keys are written") -> BoolProperty:
    """Return the operators' argument for scripts that go on with the ``result``."""
    return BoolProperty(
        name="Wait", description=f"Return when {result} (always so in background mode)", options={"SKIP_SAVE"}
    )


def report(operator: bpy.types.Operator, error: CoamdError) -> set[str]:
    """Tell the error where Blender tells them, and return the result of an operator that did nothing."""
    operator.report({"ERROR"}, str(error))
    return {"CANCELLED"}


def begin(
    operator: bpy.types.Operator, steps: "Workflow", panel: str, kind: str | None = None, wait: bool = False
) -> set[str]:
    """Start a workflow and let the timer do the rest, or ``wait`` for it, as always in background mode.

    ``panel``, one of messages.py: where errors and the outcome are shown. ``kind``: as of session.py, a request unless
    another is given. An error is reported, too.
    """
    current = core.session.current()
    try:
        current.start(steps, kind or core.session.REQUEST, panel)
        core.timer.start(current.tick)
        if wait or bpy.app.background:
            current.wait()
    except CoamdError as error:
        current.refuse(error, panel)
        core.timer.start(current.tick)  # redraws the panel, which now shows the error
        return report(operator, error)
    return {"FINISHED"}
