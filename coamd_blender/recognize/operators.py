"""Operators of recognition, search and library: poll, call, report."""

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ..core.operator_base import begin, in_usable_mode
from ..errors import CoamdError
from .properties import WHICH


class _Asking:
    """Off while an earlier request is being answered."""

    @classmethod
    def poll(cls, context):
        """See the class."""
        from ..core import session

        if session.current().asking:
            cls.poll_message_set("An earlier request is being answered. Wait for it, or press Stop")
            return False
        return in_usable_mode(cls, context)


class COAMD_OT_recognize(_Asking, bpy.types.Operator):
    """Say what the motion is: the likeliest labels, and what happens when"""

    bl_idname = "coamd.recognize"
    bl_label = "Recognize"

    which: EnumProperty(name="Which", items=WHICH, options={"SKIP_SAVE"})

    def execute(self, context):
        """Read the joints and ask the runtime; the results appear in the panel."""
        from . import workflow as recognize_workflow

        return begin(self, lambda: recognize_workflow.begin(context, self.which))


class _OnResults:
    """On with results of a recognition; acts on the chosen one, or on all."""

    all: BoolProperty(name="All", description="All results and not only the chosen one", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        """See the class."""
        if not context.window_manager.coamd.recognised:
            cls.poll_message_set("Recognize something first")
            return False
        return True

    def _chosen(self, context) -> list:
        found = context.window_manager.coamd
        return list(found.recognised) if self.all else [found.recognised[found.recognised_index]]


class COAMD_OT_name_actions(_OnResults, bpy.types.Operator):
    """Name the Action by its likeliest label; one that is unknown keeps its name"""

    bl_idname = "coamd.name_actions"
    bl_label = "Name Action"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context):
        """Rename."""
        from . import workflow as recognize_workflow

        return _finish(self, lambda: f"Named {recognize_workflow.name_actions(self._chosen(context))} Actions")


class COAMD_OT_tag_assets(_OnResults, bpy.types.Operator):
    """Mark the Action as an asset, tagged with its likely labels"""

    bl_idname = "coamd.tag_assets"
    bl_label = "Tag as Asset"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context):
        """Mark and tag."""
        from . import workflow as recognize_workflow

        return _finish(self, lambda: f"Tagged {recognize_workflow.tag_assets(self._chosen(context))} Actions")


class COAMD_OT_set_markers(_OnResults, bpy.types.Operator):
    """Put a timeline marker where each part of the motion begins, named by what it is"""

    bl_idname = "coamd.set_markers"
    bl_label = "Set Markers"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context):
        """Set them."""
        from . import workflow as recognize_workflow

        def work():
            chosen = self._chosen(context)
            return f"Set {sum(recognize_workflow.set_markers(context.scene, result) for result in chosen)} markers"

        return _finish(self, work)


def _finish(operator: bpy.types.Operator, work) -> set[str]:
    try:
        operator.report({"INFO"}, work())
    except CoamdError as error:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    return {"FINISHED"}


class COAMD_OT_set_range(bpy.types.Operator):
    """Take the range from the preview range, or else from the scene"""

    bl_idname = "coamd.set_range"
    bl_label = "From Scene"
    bl_options = {"INTERNAL", "UNDO"}

    def execute(self, context):
        """Copy it."""
        scene, settings = context.scene, context.scene.coamd_understanding
        preview = scene.use_preview_range
        settings.first = scene.frame_preview_start if preview else scene.frame_start
        settings.last = scene.frame_preview_end if preview else scene.frame_end
        settings.use_range = True
        return {"FINISHED"}


class COAMD_OT_search(_Asking, bpy.types.Operator):
    """Find clips in the library by words, by what the active armature plays, or by both"""

    bl_idname = "coamd.search"
    bl_label = "Search"

    def execute(self, context):
        """Ask the runtime; the results appear in the list."""
        from ..library import workflow as library_workflow

        return begin(self, lambda: library_workflow.begin_search(context))


class _OnHit(_Asking):
    """On with a clip chosen and an armature to put it on."""

    index: IntProperty(name="Number", description="Of the result; -1 for the chosen one", default=-1, min=-1,
                       options={"SKIP_SAVE"})  # fmt: skip

    @classmethod
    def poll(cls, context):
        """See the class."""
        from ..anim import targets

        if not context.window_manager.coamd.hits:
            cls.poll_message_set("Search first")
            return False
        if targets.find(context) is None:
            cls.poll_message_set("Select an armature")
            return False
        return super().poll(context)


class COAMD_OT_apply_clip(_OnHit, bpy.types.Operator):
    """Put the clip onto the active armature at the current frame"""

    bl_idname = "coamd.apply_clip"
    bl_label = "Apply"

    def execute(self, context):
        """Fetch, retarget and write it; one undo step."""
        from ..library import workflow as library_workflow

        kind = context.scene.coamd_understanding.place_as
        return begin(self, lambda: library_workflow.begin_apply(context, kind, self.index))


class COAMD_OT_mark_clip(_OnHit, bpy.types.Operator):
    """Make an Action of the clip for the active armature, which it does not play, and mark it as an asset in the
    catalogue CoAMD (noted in blender_assets.cats.txt beside the saved file)"""

    bl_idname = "coamd.mark_clip"
    bl_label = "Mark as Asset"

    def execute(self, context):
        """Fetch, retarget, write and mark it; one undo step."""
        from ..anim import stepwise
        from ..library import workflow as library_workflow

        return begin(self, lambda: library_workflow.begin_apply(context, stepwise.ASSET, self.index))


class COAMD_OT_index_folder(bpy.types.Operator):
    """Put the motions of a folder into the library: .bvh, .npz, .glb, .amc, .fbx and .blend; again later, only what
    changed is read"""

    bl_idname = "coamd.index_folder"
    bl_label = "Index Folder"

    directory: StringProperty(name="Folder", subtype="DIR_PATH", options={"SKIP_SAVE"})
    licence: StringProperty(name="Licence", description="Noted with the clips, such as CC0", options={"SKIP_SAVE"})
    source: StringProperty(name="Source", description="Where they come from, noted with them", options={"SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        """Off while an earlier request is being answered."""
        from ..core import session

        if session.current().asking:
            cls.poll_message_set("An earlier request is being answered. Wait for it, or press Stop")
            return False
        return True

    def invoke(self, context, event):
        """Let the user choose the folder."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        """Start; the panel shows how far it is."""
        from ..library import index as library_index

        return begin(self, lambda: library_index.begin_index(context, self.directory, self.licence, self.source))


class COAMD_OT_stop(bpy.types.Operator):
    """Stop the request; what is indexed already stays"""

    bl_idname = "coamd.stop"
    bl_label = "Stop"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context):
        """On while a request is being answered."""
        from ..core import session

        return session.current().asking

    def execute(self, context):
        """Give it up."""
        from ..core import session

        session.current().cancel()
        return {"FINISHED"}


CLASSES = (
    COAMD_OT_recognize,
    COAMD_OT_name_actions,
    COAMD_OT_tag_assets,
    COAMD_OT_set_markers,
    COAMD_OT_set_range,
    COAMD_OT_search,
    COAMD_OT_apply_clip,
    COAMD_OT_mark_clip,
    COAMD_OT_index_folder,
    COAMD_OT_stop,
)
