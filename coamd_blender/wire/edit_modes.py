"""What an edit can make of a range: one table for the panel, the command line, the wire and the runtime.

A mode is added here, and explained in the table of docs/editing.md. One that the networks are to draw in a way of its
own is told apart in runtime/edit/range_edit.py too, and one that means other frames than those that are marked in
coamd_blender/edit/request.py.

A leaf: standard library only, so that Blender's properties and the command line's parser can read it before anything
is loaded.
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class EditMode(NamedTuple):
    """A ``label`` and a ``description`` for the panel, and what sets the mode apart.

    ``builds_on``: the side of the range that is its context. With one side alone the range may reach beyond the clip's
    other end. ``keeps``: a share of the range, and all of its way over the floor, stays as a guide. ``around``: in
    Blender the marked frames stay, and what the Action has on either side of them is asked for in these two modes, the
    one before them first. A request always names the frames that are made anew: on the wire and the command line such
    a mode is what its ``builds_on`` says, no more.
    """

    label: str
    description: str
    builds_on: Literal["both", "before", "after"] = "both"
    keeps: bool = False
    around: tuple[str, str] | None = None


EDIT_MODES = {
    "between": EditMode(
        "In-Between",
        "Fill the range so that it leads from what is before it to what is after it",
    ),
    "continue": EditMode(
        "Continue After",
        "Go on from what is before the range, which may reach beyond the Action's end",
        builds_on="before",
    ),
    "lead_in": EditMode(
        "Lead In Before",
        "Lead up to what is after the range, which may begin before the Action does",
        builds_on="after",
    ),
    "outpaint": EditMode(
        "Outpaint Both Ends",
        "Keep the range, and make anew what the Action has before and after it",
        around=("lead_in", "continue"),
    ),
    "vary": EditMode(
        "Vary",
        "Make the range anew and keep a part of it as a guide",
        keeps=True,
    ),
}
DEFAULT_MODE = "between"
