"""The track under the mouse, in a Dope Sheet or Timeline: drag an edge or a block, double-click to type, right-click.

Where no block is under the mouse, Blender goes on as if nothing had been clicked.
"""

from __future__ import annotations

import bpy
from bpy.props import StringProperty

from .. import track
from ..blocks import arrange, tracks

SNAP = 8  # pixels at a resolution scale of 1, within which an edge keeps to a mark

_keys: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def follow() -> None:
    """Listen to the mouse in Dope Sheets and Timelines."""
    keyconfig = bpy.context.window_manager.keyconfigs.addon
    if keyconfig is None or _keys:  # in background mode there is none
        return
    keymap = keyconfig.keymaps.new(name="Dopesheet", space_type="DOPESHEET_EDITOR")
    for operator, button, value in (
        ("coamd.block_type", "LEFTMOUSE", "DOUBLE_CLICK"),
        ("coamd.block_drag", "LEFTMOUSE", "PRESS"),
        ("coamd.block_menu", "RIGHTMOUSE", "PRESS"),
    ):
        _keys.append((keymap, keymap.keymap_items.new(operator, button, value)))


def unfollow() -> None:
    """Listen no more."""
    for keymap, item in _keys:
        keymap.keymap_items.remove(item)
    _keys.clear()


class _OnStrip:
    """On in a timeline that shows a track."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether a track is drawn here."""
        return track.overlay.shown(context) is not None

    def _choose(self, context: bpy.types.Context, event: bpy.types.Event) -> track.strip.Hit | None:
        """Choose the block under the mouse; return what of it is there, or None."""
        armature, view = track.overlay.shown(context)
        found = track.strip.hit(view, tracks.read(armature), event.mouse_region_x, event.mouse_region_y)
        if found is not None:
            armature.coamd_track.index = found.place
            track.overlay.redraw()
        return found


class COAMD_OT_block_drag(_OnStrip, bpy.types.Operator):
    """Drag a block, or one of its edges, over the timeline; Ctrl frees it from the marks"""

    bl_idname = "coamd.block_drag"
    bl_label = "Drag Block"
    bl_options = {"INTERNAL", "UNDO"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Grab what is under the mouse."""
        found = self._choose(context, event)
        if found is None:
            return {"PASS_THROUGH"}
        armature, view = track.overlay.shown(context)
        self._armature = armature
        self._drag = track.strip.Drag(tuple(tracks.read(armature)), found, view.frame_at(event.mouse_region_x))
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Follow the mouse until the button is released."""
        if event.type == "MOUSEMOVE":
            self._move(context, event)
        elif event.type == "LEFTMOUSE" and event.value == "RELEASE":
            return self._end(context)
        elif event.type in {"ESC", "RIGHTMOUSE"}:
            tracks.write(self._armature, self._drag.row, self._drag.grabbed.place)
            return self._end(context)
        return {"RUNNING_MODAL"}

    def _move(self, context: bpy.types.Context, event: bpy.types.Event) -> None:
        shown = track.overlay.shown(context)
        if shown is None:
            return
        scene, view = context.scene, shown[1]
        reach = 0.0 if event.ctrl else SNAP * view.height / track.overlay.HEIGHT / view.scale
        least = arrange.shortest(scene.render.fps / scene.render.fps_base)
        frame = view.frame_at(event.mouse_region_x)
        row, place = self._drag.to(frame, self._marks(scene), reach, least)
        tracks.write(self._armature, row, place)
        block, rate = row[place], scene.render.fps / scene.render.fps_base
        seconds = f"{block.frames / rate:.2f} s"
        context.workspace.status_text_set(f"Frames {block.start} to {block.end}, {seconds}")
        track.overlay.say(context.region, event.mouse_region_x, seconds)
        track.overlay.redraw()

    def _marks(self, scene: bpy.types.Scene) -> list[int]:
        """Return the frames that edges keep to: the playhead, markers, and the edges of other blocks as they were."""
        grabbed = self._drag.grabbed.place
        others = [block for place, block in enumerate(self._drag.row) if place != grabbed]
        edges = [edge for block in others for edge in (block.start, block.end + 1)]
        return [scene.frame_current, *(marker.frame for marker in scene.timeline_markers), *edges]

    def _end(self, context: bpy.types.Context) -> set[str]:
        context.workspace.status_text_set(None)
        track.overlay.say(None)
        track.overlay.redraw()
        changed = tuple(tracks.read(self._armature)) != self._drag.row
        return {"FINISHED"} if changed else {"CANCELLED"}


class COAMD_OT_block_type(_OnStrip, bpy.types.Operator):
    """Type what happens in the block under the mouse"""

    bl_idname = "coamd.block_type"
    bl_label = "Sentence of the Block"
    bl_options = {"INTERNAL", "UNDO"}

    prompt: StringProperty(name="Sentence", description="What happens, in one English sentence", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the field to type in."""
        if self._choose(context, event) is None:
            return {"PASS_THROUGH"}
        armature = track.overlay.shown(context)[0]
        self.prompt = armature.coamd_track.blocks[tracks.chosen_place(armature)].prompt
        return context.window_manager.invoke_props_dialog(self, width=400)

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the field, which has the keyboard."""
        row = self.layout.row()
        row.activate_init = True
        row.prop(self, "prompt", text="")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Keep it."""
        shown = track.overlay.shown(context)
        chosen = tracks.chosen_place(shown[0]) if shown is not None else None
        if chosen is None:
            return {"CANCELLED"}
        shown[0].coamd_track.blocks[chosen].prompt = self.prompt
        track.overlay.redraw()
        return {"FINISHED"}


class COAMD_OT_block_menu(_OnStrip, bpy.types.Operator):
    """Show what can be done to the block under the mouse"""

    bl_idname = "coamd.block_menu"
    bl_label = "Menu of the Block"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the menu."""
        if self._choose(context, event) is None:
            return {"PASS_THROUGH"}
        bpy.ops.wm.call_menu(name="COAMD_MT_block")
        return {"FINISHED"}


CLASSES = (COAMD_OT_block_drag, COAMD_OT_block_type, COAMD_OT_block_menu)
