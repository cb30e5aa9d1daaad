"""Operators of the clip tools: poll, call, report. Each leaves an edit that waits, and is one undo step."""

import bpy

from .. import clip_tools
from ..core import messages
from ..core.operator_base import Asking, begin, wait_property


class _Tool(Asking):
    """Runs the workflow named ``tool``."""

    tool = ""
    wait: wait_property()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin it; the timer does the rest, or this call when it is to wait."""
        steps = getattr(clip_tools.workflow, self.tool)(context)
        return begin(self, steps, messages.CLIP_TOOLS, wait=self.wait)


class COAMD_OT_mirror_motion(_Tool, bpy.types.Operator):
    """Exchange left and right in the Action that the character plays"""

    bl_idname = "coamd.mirror_motion"
    bl_label = "Mirror Motion"
    tool = "mirror"


class COAMD_OT_smooth_motion(_Tool, bpy.types.Operator):
    """Smooth the Action that the character plays; feet that stand stay"""

    bl_idname = "coamd.smooth_motion"
    bl_label = "Smooth Motion"
    tool = "smooth"


class COAMD_OT_loop_motion(_Tool, bpy.types.Operator):
    """Let the Action that the character plays end as it begins, carried on by the way it went"""

    bl_idname = "coamd.loop_motion"
    bl_label = "Make Loop"
    tool = "loop"


class COAMD_OT_blend_motions(_Tool, bpy.types.Operator):
    """Let the Action that the character plays go over into the chosen one, which begins where this one is then"""

    bl_idname = "coamd.blend_motions"
    bl_label = "Blend into Action"
    tool = "blend"


class COAMD_OT_motion_in_place(_Tool, bpy.types.Operator):
    """Take the way and the turn of the body out of the hips, onto the armature object or away"""

    bl_idname = "coamd.motion_in_place"
    bl_label = "Put in Place"
    tool = "put_in_place"


class COAMD_OT_trim_motion(_Tool, bpy.types.Operator):
    """Keep of the Action that the character plays what is inside the range of Edit Motion"""

    bl_idname = "coamd.trim_motion"
    bl_label = "Trim to Range"
    tool = "trim"


class COAMD_OT_retime_motion(_Tool, bpy.types.Operator):
    """Let the Action that the character plays take other time; poses stay, and feet that stand with them"""

    bl_idname = "coamd.retime_motion"
    bl_label = "Retime Motion"
    tool = "retime"


class COAMD_OT_look_at(Asking, bpy.types.Operator):
    """Turn head and eyes to a target over the preview range, or over the whole Action without one"""

    bl_idname = "coamd.look_at"
    bl_label = "Look at Target"

    wait: wait_property()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin it; the timer does the rest, or this call when it is to wait."""
        return begin(self, clip_tools.look.look_at(context), messages.CLIP_TOOLS, wait=self.wait)


CLASSES = (
    COAMD_OT_mirror_motion,
    COAMD_OT_smooth_motion,
    COAMD_OT_loop_motion,
    COAMD_OT_blend_motions,
    COAMD_OT_motion_in_place,
    COAMD_OT_trim_motion,
    COAMD_OT_retime_motion,
    COAMD_OT_look_at,
)
