"""What the operators that ask the runtime share: where they may run, how they begin, and how they tell errors."""

from collections.abc import Callable

import bpy
from bpy.props import BoolProperty

from ..errors import CoamdError
from . import timer


def in_usable_mode(cls, context) -> bool:
    """Whether Object or Pose Mode is on; else the operator class ``cls`` says so where its button is hovered over."""
    if context.mode in {"OBJECT", "POSE"}:
        return True
    cls.poll_message_set("Switch to Object Mode or Pose Mode")
    return False


def wait_property() -> BoolProperty:
    """The operators' argument for scripts that go on with the result."""
    return BoolProperty(
        name="Wait",
        description="Return when the keys are written (always so in background mode)",
        options={"SKIP_SAVE"},
    )


def report(operator: bpy.types.Operator, error: CoamdError) -> set[str]:
    """Tell the error where Blender tells them, and give the result of an operator that did nothing."""
    operator.report({"ERROR"}, str(error))
    return {"CANCELLED"}


def begin(operator: bpy.types.Operator, start: Callable[[], object], wait: bool = False) -> set[str]:
    """Call ``start()`` and let the timer do the rest, or ``wait`` for it, as always in background mode.

    An error is reported and shown in the panel.
    """
    from . import session

    current = session.current()
    try:
        start()
        timer.start()
        if wait or bpy.app.background:
            current.wait()
    except CoamdError as error:
        current.error = error
        timer.start()  # redraws the panel, which now shows the error
        return report(operator, error)
    return {"FINISHED"}
