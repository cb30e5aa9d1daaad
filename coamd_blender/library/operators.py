"""Operators of the clip library: poll, call, report."""

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from .. import anim, core, library
from ..core import messages
from ..core.operator_base import Asking, begin, wait_property
from ..motion.files import BLENDER_FILES, RUNTIME_FILES, listed


class COAMD_OT_search(Asking, bpy.types.Operator):
    """Find clips in the library by words, by what the active armature plays, or by both"""

    bl_idname = "coamd.search"
    bl_label = "Search"

    wait: wait_property("the results are there")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the runtime; the results appear in the list."""
        return begin(self, library.workflow.search(context), messages.LIBRARY, wait=self.wait)


class _OnHit(Asking):
    """On with a clip chosen and an armature to put it on."""

    index: IntProperty(name="Number", description="Of the result; -1 for the chosen one", default=-1, min=-1,
                       options={"SKIP_SAVE"})  # fmt: skip
    wait: wait_property()

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is a clip, and one armature for it."""
        if not context.window_manager.coamd.hits:
            cls.poll_message_set("Search first")
            return False
        if anim.targets.find(context) is None:
            cls.poll_message_set("Select an armature")
            return False
        return super().poll(context)


class COAMD_OT_apply_clip(_OnHit, bpy.types.Operator):
    """Put the clip onto the active armature at the current frame"""

    bl_idname = "coamd.apply_clip"
    bl_label = "Apply"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fetch, retarget and write it; one undo step."""
        kind = context.scene.coamd_understanding.place_as
        return begin(self, library.workflow.apply_clip(context, kind, self.index), messages.LIBRARY, wait=self.wait)


class COAMD_OT_mark_clip(_OnHit, bpy.types.Operator):
    """Make an Action of the clip for the active armature, which it does not play, and mark it as an asset in the
    catalogue CoAMD (noted in blender_assets.cats.txt beside the saved file)"""

    bl_idname = "coamd.mark_clip"
    bl_label = "Mark as Asset"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fetch, retarget, write and mark it; one undo step."""
        return begin(
            self,
            library.workflow.apply_clip(context, anim.stepwise.ASSET, self.index),
            messages.LIBRARY,
            wait=self.wait,
        )


class COAMD_OT_index_folder(bpy.types.Operator):
    """Put the motions of a folder into the library"""

    bl_idname = "coamd.index_folder"
    bl_label = "Index Folder"
    bl_description = (
        f"Put the motions of a folder into the library: {listed((*RUNTIME_FILES, *BLENDER_FILES), 'and')}; "
        "again later, only what changed is read"
    )

    directory: StringProperty(
        name="Folder", description="Read with all folders in it", subtype="DIR_PATH", options={"SKIP_SAVE"}
    )
    licence: StringProperty(name="Licence", description="Noted with the clips, such as CC0", options={"SKIP_SAVE"})
    source: StringProperty(name="Source", description="Where they come from, noted with them", options={"SKIP_SAVE"})
    wait: wait_property("all is indexed")
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether a request can be made."""
        if core.session.current().asking:
            cls.poll_message_set("An earlier request is being answered. Wait for it, or press Stop")
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Let the user choose the folder."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start; the panel shows how far it is."""
        return begin(
            self,
            library.index.index_folder(context, self.directory, self.licence, self.source),
            messages.LIBRARY,
            wait=self.wait,
        )


CLASSES = (
    COAMD_OT_search,
    COAMD_OT_apply_clip,
    COAMD_OT_mark_clip,
    COAMD_OT_index_folder,
)
