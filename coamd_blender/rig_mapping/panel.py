"""The sub-panels on retargeting: how motions come onto the character, and which bone plays which joint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from .. import anim, rig_mapping
from ..core.drawing import Sidebar, draw_text, has_numpy

if TYPE_CHECKING:
    from ..anim.targets import Coverage

GROUPS = (
    ("Body", "", ("pelvis", "spine1", "spine2", "spine3", "neck", "head")),
    ("Left Arm", "left_", ("collar", "shoulder", "elbow", "wrist")),
    ("Right Arm", "right_", ("collar", "shoulder", "elbow", "wrist")),
    ("Left Leg", "left_", ("hip", "knee", "ankle", "foot")),
    ("Right Leg", "right_", ("hip", "knee", "ankle", "foot")),
)


class _Sub(Sidebar):
    bl_parent_id = "COAMD_PT_main"
    bl_options = {"DEFAULT_CLOSED"}


class COAMD_PT_carry(_Sub, bpy.types.Panel):
    """How the motion is carried onto the character"""

    bl_idname = "COAMD_PT_carry"
    bl_label = "Retargeting"

    def draw(self, context: bpy.types.Context) -> None:
        """Feet, travel, output."""
        layout, settings = self.layout, context.scene.coamd
        carry = settings.carry
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "contact")
        layout.prop(carry, "clear_hands")
        layout.prop(carry, "fingers")
        layout.prop(settings, "place")
        column = layout.column()
        column.active = not settings.in_place
        column.prop(carry, "travel")
        _draw_travel(column, context, settings)
        column.prop(carry, "scale_travel")
        layout.prop(carry, "floor")
        layout.separator()
        layout.prop(carry, "output")
        row = layout.row(heading="Reduce Keys")
        row.prop(carry, "reduce", text="")
        value = row.row()
        value.active = carry.reduce
        value.prop(carry, "tolerance", text="")
        _draw_switch(layout, context, carry)


def _draw_travel(layout: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.PropertyGroup) -> None:
    """Where travel goes by itself, and why, where that is not the usual."""
    armature = anim.targets.find(context) if has_numpy() else None
    if armature is None or settings.in_place or settings.carry.travel != anim.travel.AUTOMATIC:
        return
    chosen = anim.targets.travel_of(armature, anim.targets.shown_coverage(armature))
    if chosen is not None:
        draw_text(layout, chosen.line, context.region.width, "INFO")


def _draw_switch(layout: bpy.types.UILayout, context: bpy.types.Context, carry: bpy.types.PropertyGroup) -> None:
    """For a control rig: which controls are keyed, and whether its limbs follow them."""
    if not has_numpy():
        return
    armature = anim.targets.find(context)
    found = None if armature is None else anim.targets.shown_coverage(armature)
    if found is None:
        return
    note = anim.targets.switch_note(armature, found, limbs=carry.limbs, switch=carry.switch)
    if note is None:
        return
    if anim.targets.has_ik_controls(found):
        layout.prop(carry, "limbs")
    layout.prop(carry, "switch")
    draw_text(layout, note, context.region.width, "INFO")


class COAMD_MT_mappings(bpy.types.Menu):
    """Mappings to choose from: your own, then those that come with the extension"""

    bl_idname = "COAMD_MT_mappings"
    bl_label = "Mappings"

    def draw(self, context: bpy.types.Context) -> None:
        """One entry a mapping."""
        layout = self.layout
        for path in rig_mapping.workflow.saved():
            layout.operator("coamd.load_mapping", text=path.stem, icon="FILE").filepath = str(path)
        layout.separator()
        for preset in rig_mapping.workflow.named_presets():
            layout.operator("coamd.use_mapping", text=preset["label"]).preset = preset["label"]


class COAMD_PT_mapping(_Sub, bpy.types.Panel):
    """Which bone plays which part of the body"""

    bl_idname = "COAMD_PT_mapping"
    bl_label = "Bone Mapping"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Shown with an armature, where Blender has numpy: the main panel says when it has not."""
        if not has_numpy():
            return False
        return anim.targets.find(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Coverage, the list, and what to do with it."""
        layout, armature = self.layout, anim.targets.find(context)
        width = context.region.width
        own = armature.coamd_rig
        row = layout.row(align=True)
        row.menu("COAMD_MT_mappings", text=own.label or "Found by Name and Shape", icon="PRESET")
        row.operator("coamd.save_mapping", text="", icon="EXPORT")
        row.operator("coamd.load_mapping", text="", icon="IMPORT")
        if own.joints and rig_mapping.workflow.is_whole(armature):
            _draw_own(layout, armature, width)
        elif own.joints:
            draw_text(layout, rig_mapping.workflow.NOT_ONE, width, "ERROR")
            layout.operator("coamd.forget_mapping", text="Detect", icon="FILE_REFRESH")
        else:
            _draw_found(layout, anim.targets.shown_coverage(armature), width)
        _draw_rest(layout, own)


def _draw_own(layout: bpy.types.UILayout, armature: bpy.types.Object, width: float) -> None:
    row = layout.row(align=True)
    row.operator("coamd.swap_sides", text="Swap", icon="MOD_MIRROR")
    row.operator("coamd.clear_mapping", icon="X")
    row.operator("coamd.forget_mapping", text="Detect", icon="FILE_REFRESH")
    troubles = rig_mapping.workflow.problems(armature)
    for line in troubles:
        draw_text(layout, line, width, "ERROR")
    bones = [entry.bone for entry in armature.coamd_rig.joints if entry.bone]
    icon = "INFO" if troubles else "CHECKMARK"
    layout.label(text=f"{len(bones)} of {len(armature.coamd_rig.joints)} joints", icon=icon)
    for group, side, parts in GROUPS:
        column = layout.column(align=True)
        column.label(text=group)
        for part in parts:
            entry = armature.coamd_rig.joints[side + part]
            row = column.row(align=True)
            split = row.split(factor=0.36, align=True)
            split.alert = bool(entry.bone) and (bones.count(entry.bone) > 1 or entry.bone not in armature.data.bones)
            split.label(text=rig_mapping.workflow.LABELS[part])
            split.prop_search(entry, "bone", armature.data, "bones", text="")
            row.operator("coamd.pick_bone", text="", icon="EYEDROPPER").joint = entry.name


def _draw_found(layout: bpy.types.UILayout, coverage: Coverage, width: float) -> None:
    if anim.targets.control_table(coverage) is None:
        layout.operator("coamd.edit_mapping", icon="GREASEPENCIL")
    if coverage.error is not None:
        draw_text(layout, str(coverage.error), width, "ERROR")
        return
    layout.label(text=f"{coverage.mapped} of {coverage.total} joints", icon="CHECKMARK")
    bones = coverage.mapping.bones
    for group, side, parts in GROUPS:
        column = layout.column(align=True)
        column.scale_y = 0.8
        column.label(text=group)
        for part in parts:
            split = column.split(factor=0.36)
            split.label(text=rig_mapping.workflow.LABELS[part])
            bone = bones.get(side + part)
            split.label(text=bone or "none", icon="BONE_DATA" if bone else "BLANK1")


def _draw_rest(layout: bpy.types.UILayout, own: bpy.types.PropertyGroup) -> None:
    layout.separator()
    row = layout.row(align=True)
    row.operator("coamd.capture_rest", icon="ARMATURE_DATA")
    if own.rest:
        row.operator("coamd.forget_rest", text="", icon="X")
        layout.label(text=f"Captured rest pose: {len(own.rest)} bones turned", icon="CHECKMARK")


CLASSES = (COAMD_MT_mappings, COAMD_PT_carry, COAMD_PT_mapping)
