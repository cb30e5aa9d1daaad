"""Takes compared in place: arrow keys step through them while they play."""

from __future__ import annotations

import bpy

from .. import core, generate
from ..core import messages
from ..errors import CoamdError

_KEYS = {"LEFT_ARROW": -1, "RIGHT_ARROW": 1, "UP_ARROW": -1, "DOWN_ARROW": 1}
HELP = (
    "Left, Right: next take    Up, Down: next sentence    G: ghosts    Space: play    Enter: use this one    Esc: back"
)

_comparing = False


def comparing() -> bool:
    """Return whether takes are being compared: the arrow keys step through them."""
    return _comparing


def groups(context: bpy.types.Context) -> list[list[int]]:
    """Return the takes of the chosen one's armature that are whole, those made at once together, the newest first."""
    settings = context.scene.coamd
    chosen = settings.takes[settings.take_index] if 0 <= settings.take_index < len(settings.takes) else None
    armature = None if chosen is None else chosen.armature
    found = []
    for group in reversed(generate.takes.draws(settings)):
        mine = [index for index in group if settings.takes[index].action and settings.takes[index].armature == armature]
        found += [mine] if armature is not None and mine else []
    return found


class COAMD_OT_compare_takes(bpy.types.Operator):
    """Step through the takes with the arrow keys while they play; G shows the others as ghosts, Enter uses the one
    that plays, Esc goes back; none is deleted"""

    bl_idname = "coamd.compare_takes"
    bl_label = "Compare Takes"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there are two takes or more of the character."""
        if sum(map(len, groups(context))) < 2:
            cls.poll_message_set("There are not two takes of this character")
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Wait for keys."""
        self.start = context.scene.coamd.take_index
        self.ghosts = False  # shown by a key: over when the comparison is
        generate.pictures.fill_in(context.scene)
        _tell(context, True)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Step, toggle or end; all other events go on to Blender."""
        if event.value != "PRESS":
            return {"PASS_THROUGH"}
        if event.type in _KEYS:
            self._step(context, event.type)
        elif event.type == "G":
            self.ghosts = not generate.ghosts.shown()
            bpy.ops.coamd.show_ghosts()
        elif event.type in {"RET", "NUMPAD_ENTER", "ESC"}:
            return self._end(context, back=event.type == "ESC")
        else:
            return {"PASS_THROUGH"}
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Leave the takes as they are: Blender closes, or opens another file."""
        self._tidy(context)

    def _step(self, context: bpy.types.Context, key: str) -> None:
        every = groups(context)
        if not every:
            return
        move = generate.stepping.above if key in {"UP_ARROW", "DOWN_ARROW"} else generate.stepping.beside
        self._show(context, move(every, context.scene.coamd.take_index, _KEYS[key]))
        if generate.ghosts.shown() and move is generate.stepping.above:
            _read_ghosts(context)

    def _show(self, context: bpy.types.Context, index: int) -> None:
        try:
            generate.takes.show(context.scene.coamd, index)
        except CoamdError as error:
            self.report({"WARNING"}, str(error))
        core.timer.redraw()

    def _end(self, context: bpy.types.Context, back: bool) -> set[str]:
        self._tidy(context)
        if back and context.scene.coamd.take_index != self.start:
            self._show(context, self.start)
        return {"CANCELLED" if back else "FINISHED"}

    def _tidy(self, context: bpy.types.Context) -> None:
        _tell(context, False)
        if self.ghosts:
            generate.ghosts.hide()


def _tell(context: bpy.types.Context, comparing: bool) -> None:
    """Have the status bar and the panel say which keys do what, or no more."""
    global _comparing
    _comparing = comparing
    context.workspace.status_text_set(core.drawing.translated(HELP) if comparing else None)
    core.timer.redraw()


class COAMD_OT_show_ghosts(bpy.types.Operator):
    """Show the takes made at once with the chosen one as stick figures, or hide them again"""

    bl_idname = "coamd.show_ghosts"
    bl_label = "Ghosts of Other Takes"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there are takes."""
        if not context.scene.coamd.takes:
            cls.poll_message_set("There are no takes")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Turn them on or off."""
        if generate.ghosts.shown():
            generate.ghosts.hide()
            return {"FINISHED"}
        _read_ghosts(context)
        return {"FINISHED"}


def _read_ghosts(context: bpy.types.Context) -> None:
    """Show those of the chosen take, in place of any others."""
    current = core.session.current()
    current.start(generate.ghosts.show(context.scene), core.session.IDLE, messages.GENERATE)
    core.timer.start(current.tick)
    if bpy.app.background:
        current.wait()


CLASSES = (COAMD_OT_compare_takes, COAMD_OT_show_ghosts)
