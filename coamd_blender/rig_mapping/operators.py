"""Operators of the mapping editor: poll, call, report."""

from pathlib import Path

import bpy
from bpy.props import StringProperty
from bpy_extras.io_utils import ExportHelper, ImportHelper

from .. import anim, rig_mapping
from ..core.operator_base import report
from ..errors import CoamdError, InputError


class _OnArmature:
    """For operators that need an armature whose settings can be changed."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is an armature that is the file's own or overridden."""
        armature = anim.targets.find(context)
        if armature is None:
            cls.poll_message_set("Select an armature")
            return False
        if not armature.is_editable:
            cls.poll_message_set("The armature is linked: make a library override")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Do it; an error is told in one line."""
        try:
            self.work(anim.targets.find(context), context)
        except CoamdError as error:
            return report(self, error)
        return {"FINISHED"}


class COAMD_OT_edit_mapping(_OnArmature, bpy.types.Operator):
    """Choose the bones yourself, beginning with those that were found; kept with the armature"""

    bl_idname = "coamd.edit_mapping"
    bl_label = "Edit Mapping"

    def work(self, armature: bpy.types.Object, context: bpy.types.Context) -> None:
        """Fill the list."""
        rig_mapping.workflow.start(armature)


class COAMD_OT_forget_mapping(_OnArmature, bpy.types.Operator):
    """Drop your own mapping and find the bones by their names and shape"""

    bl_idname = "coamd.forget_mapping"
    bl_label = "Detect Automatically"

    def work(self, armature: bpy.types.Object, context: bpy.types.Context) -> None:
        """Empty the list."""
        rig_mapping.workflow.forget(armature)


class COAMD_OT_pick_bone(_OnArmature, bpy.types.Operator):
    """Give the bone that is active in the viewport to this part of the body"""

    bl_idname = "coamd.pick_bone"
    bl_label = "Pick Active Bone"

    joint: StringProperty(name="Joint", description="One of the 22 joints, such as left_knee", options={"SKIP_SAVE"})

    def work(self, armature: bpy.types.Object, context: bpy.types.Context) -> None:
        """Give it, unless another joint has it."""
        active = armature.data.bones.active
        if active is None:
            raise InputError("No bone is active", "Click a bone in Pose Mode")
        rig_mapping.workflow.give(armature, self.joint, active.name)


class COAMD_OT_clear_mapping(_OnArmature, bpy.types.Operator):
    """Take all bones out of the mapping"""

    bl_idname = "coamd.clear_mapping"
    bl_label = "Clear"

    def work(self, armature: bpy.types.Object, context: bpy.types.Context) -> None:
        """Leave the list of joints without bones."""
        rig_mapping.workflow.fill(armature, {}, rig_mapping.workflow.OWN)


class COAMD_OT_swap_sides(_OnArmature, bpy.types.Operator):
    """Exchange the bones of left and right"""

    bl_idname = "coamd.swap_sides"
    bl_label = "Swap Sides"

    def work(self, armature: bpy.types.Object, context: bpy.types.Context) -> None:
        """Exchange them."""
        if not armature.coamd_rig.joints:
            rig_mapping.workflow.start(armature)
        rig_mapping.workflow.swap_sides(armature)


class COAMD_OT_use_mapping(_OnArmature, bpy.types.Operator):
    """Use this mapping for the armature"""

    bl_idname = "coamd.use_mapping"
    bl_label = "Use Mapping"

    preset: StringProperty(name="Mapping", description="Its name in the list, such as Mixamo", options={"SKIP_SAVE"})

    def work(self, armature: bpy.types.Object, context: bpy.types.Context) -> None:
        """Fill the list with what the table finds."""
        _warn_lacking(self, rig_mapping.workflow.use_preset(armature, self.preset))


class COAMD_OT_load_mapping(_OnArmature, bpy.types.Operator, ImportHelper):
    """Load a mapping from a JSON file, your own or one that somebody shared"""

    bl_idname = "coamd.load_mapping"
    bl_label = "Load Mapping"

    filename_ext = ".json"
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Browse, beginning in the user's own folder."""
        self.filepath = str(rig_mapping.workflow.folder()) + "/"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def work(self, armature: bpy.types.Object, context: bpy.types.Context) -> None:
        """Read it."""
        _warn_lacking(self, rig_mapping.workflow.load(armature, Path(self.filepath)))


class COAMD_OT_save_mapping(_OnArmature, bpy.types.Operator, ExportHelper):
    """Save the mapping as a JSON file; in the folder offered it joins the list of mappings"""

    bl_idname = "coamd.save_mapping"
    bl_label = "Save Mapping"

    filename_ext = ".json"
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Browse, beginning in the user's own folder with the armature's name."""
        name = bpy.path.clean_name(anim.targets.find(context).name)
        self.filepath = str(rig_mapping.workflow.folder() / f"{name}.json")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def work(self, armature: bpy.types.Object, context: bpy.types.Context) -> None:
        """Write it."""
        self.report({"INFO"}, f"Saved {rig_mapping.workflow.save(armature, Path(self.filepath))}")


class COAMD_OT_capture_rest(_OnArmature, bpy.types.Operator):
    """Use the current pose as rest reference: pose the character as a T or an A first. For rigs whose rest pose is
    bent or crouched"""

    bl_idname = "coamd.capture_rest"
    bl_label = "Use Current Pose as Rest"

    def work(self, armature: bpy.types.Object, context: bpy.types.Context) -> None:
        """Keep it."""
        if not rig_mapping.workflow.capture_rest(armature):
            raise InputError("The armature is in its rest pose", "Pose it as a T or an A first")


class COAMD_OT_forget_rest(_OnArmature, bpy.types.Operator):
    """Use the armature's own rest pose again"""

    bl_idname = "coamd.forget_rest"
    bl_label = "Use Own Rest Pose"

    def work(self, armature: bpy.types.Object, context: bpy.types.Context) -> None:
        """Drop the captured one."""
        armature.coamd_rig.rest.clear()


def _warn_lacking(operator: bpy.types.Operator, bones: list[str]) -> None:
    if bones:
        operator.report({"WARNING"}, f"Left out, since the armature lacks them: {', '.join(bones)}")


CLASSES = (
    COAMD_OT_edit_mapping,
    COAMD_OT_forget_mapping,
    COAMD_OT_pick_bone,
    COAMD_OT_clear_mapping,
    COAMD_OT_swap_sides,
    COAMD_OT_use_mapping,
    COAMD_OT_load_mapping,
    COAMD_OT_save_mapping,
    COAMD_OT_capture_rest,
    COAMD_OT_forget_rest,
)
