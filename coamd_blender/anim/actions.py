"""Actions, slots and F-curves in every Blender from 4.2 on. The only place with version guards."""

from __future__ import annotations

import re

import bpy
from bpy_extras import anim_utils

_BONE_PATH = re.compile(r'pose\.bones\["((?:[^"\\]|\\.)*)"\]')


def new(name: str, owner: bpy.types.Object) -> bpy.types.Action:
    """Return a new Action, from Blender 4.4 on with a slot for the object ``owner``; assigned to nothing yet."""
    action = bpy.data.actions.new(name)
    if hasattr(action, "slots"):
        action.slots.new(id_type="OBJECT", name=owner.name)
    return action


def copy_to_change(action: bpy.types.Action, name: str) -> bpy.types.Action:
    """Return a copy of ``action`` under ``name``, without users and without the picture of what it will not show."""
    copy = action.copy()
    copy.name, copy.use_fake_user = name, False
    if copy.preview is not None:
        copy.preview.image_size = (0, 0)
    return copy


def copy_in_use(data: bpy.types.AnimData | None, name: str) -> bpy.types.Action | None:
    """Return a copy of the Action that animation data ``data`` plays, with its slot alone, or None without one."""
    if data is None or data.action is None:
        return None
    if hasattr(data, "action_slot") and data.action_slot is None:
        return None
    copy = copy_to_change(data.action, name)
    if hasattr(data, "action_slot"):
        for slot in [slot for slot in copy.slots if slot.handle != data.action_slot.handle]:
            copy.slots.remove(slot)
    return copy


def assign(holder: bpy.types.AnimData | bpy.types.NlaStrip, action: bpy.types.Action) -> None:
    """Give ``action`` to animation data or an NLA strip: from 4.4 on without its slot it moves nothing."""
    holder.action = action
    if hasattr(holder, "action_slot"):
        holder.action_slot = action.slots[0]


def release(data: bpy.types.AnimData) -> None:
    """Give the Action in use, which is about to be replaced, a fake user when nobody else uses it.

    Blender does not save an Action without users, and what the user has keyed must not be lost for a click.
    """
    action = data.action
    if action is not None and action.is_editable and action.users <= 1:
        action.use_fake_user = True


def play(armature: bpy.types.Object, action: bpy.types.Action, slot: bpy.types.ActionSlot | None = None) -> None:
    """Give ``action`` to an armature together with its ``slot``: without one an Action moves nothing."""
    data = armature.animation_data or armature.animation_data_create()
    if data.action != action:
        release(data)
    data.action = action
    if slot is not None:
        data.action_slot = slot


def slot_for(action: bpy.types.Action, armature: bpy.types.Object) -> bpy.types.ActionSlot | None:
    """Return the slot of ``action`` that moves this armature: the one assigned, else one of its name, else the first
    for an object. None before Blender 4.4, which has no slots, and where there is no slot for objects."""
    if not hasattr(action, "slots"):
        return None
    data = armature.animation_data
    if data is not None and data.action == action and data.action_slot is not None:
        return data.action_slot
    slots = [slot for slot in action.slots if slot.target_id_type in {"OBJECT", "UNSPECIFIED"}]
    named = [slot for slot in slots if slot.name_display == armature.name]
    return next(iter(named or slots), None)


def curves_of(action: bpy.types.Action, slot: bpy.types.ActionSlot | None = None) -> list[bpy.types.FCurve]:
    """Return an Action's F-curves: all before Blender 4.4, those of ``slot`` from 4.4 (None: of its first slot)."""
    if not hasattr(action, "slots"):
        return list(action.fcurves)
    slot = slot or next(iter(action.slots), None)
    strips = [strip for layer in action.layers for strip in layer.strips if strip.type == "KEYFRAME"]
    bags = [strip.channelbag(slot) for strip in strips] if slot is not None else []
    return [curve for bag in bags if bag is not None for curve in bag.fcurves]


def frame_range(action: bpy.types.Action, slot: bpy.types.ActionSlot | None = None) -> tuple[float, float]:
    """Return the first and last frame of an Action: set by hand, or those ``slot`` (None: any) has keys on.

    Other slots of an Action may be longer.
    """
    ends = [tuple(curve.range()) for curve in curves_of(action, slot) if len(curve.keyframe_points)]
    if action.use_frame_range or slot is None or not ends:
        return tuple(action.frame_range)
    return min(first for first, _ in ends), max(last for _, last in ends)


def mark_loop(action: bpy.types.Action) -> None:
    """Mark an Action as one that goes round, from its first key to its last, as Blender does (Cyclic Animation)."""
    first, last = action.frame_range
    action.use_frame_range, action.frame_start, action.frame_end = True, first, last
    action.use_cyclic = True


def find_curve(
    action: bpy.types.Action, slot: bpy.types.ActionSlot | None, path: str, index: int
) -> bpy.types.FCurve | None:
    """Return the F-curve of ``path`` in the slot (None before Blender 4.4), None where there is none."""
    holder = action if slot is None else _channelbag(action, slot)
    return holder.fcurves.find(path, index=index)


def ensure_curve(
    action: bpy.types.Action, slot: bpy.types.ActionSlot | None, path: str, index: int, group: str
) -> bpy.types.FCurve:
    """Return the F-curve of ``path`` in the slot (None before Blender 4.4), made in the bone's group if missing."""
    holder = action if slot is None else _channelbag(action, slot)
    return holder.fcurves.find(path, index=index) or new_curve(holder, path, index, group)


def container(action: bpy.types.Action) -> bpy.types.bpy_struct:
    """Return what holds the F-curves: before Blender 4.4 the Action, from 4.4 its slot's channelbag."""
    return _channelbag(action, action.slots[0]) if hasattr(action, "slots") else action


def channels(action: bpy.types.Action) -> set[tuple[str, int]]:
    """Return (data path, index) of every F-curve of ``action``, whatever its slot."""
    if hasattr(action, "layers"):
        bags = [bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags]
    else:
        bags = [action]
    return {(curve.data_path, curve.array_index) for bag in bags for curve in bag.fcurves}


def _channelbag(action: bpy.types.Action, slot: bpy.types.ActionSlot | None) -> bpy.types.bpy_struct:
    """Return the slot's channelbag. 5.0 has a helper that makes layer and strip; 4.4 and 4.5 lack it."""
    if hasattr(anim_utils, "action_ensure_channelbag_for_slot"):
        return anim_utils.action_ensure_channelbag_for_slot(action, slot)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)


def new_curve(holder: bpy.types.bpy_struct, path: str, index: int, group: str) -> bpy.types.FCurve:
    """Make an F-curve in its group: one call in 4.2 and in 5.0 (of different spelling), two in 4.4 and 4.5."""
    if isinstance(holder, bpy.types.Action):
        return holder.fcurves.new(path, index=index, action_group=group)
    if "group_name" in bpy.types.ActionChannelbagFCurves.bl_rna.functions["new"].parameters:
        return holder.fcurves.new(path, index=index, group_name=group)
    curve = holder.fcurves.new(path, index=index)
    curve.group = holder.groups.get(group) or holder.groups.new(group)
    return curve


def bone_of(path: str) -> str | None:
    """Return the bone that a data path belongs to, None for a path of the object's own."""
    match = _BONE_PATH.match(path)
    return bpy.utils.unescape_identifier(match[1]) if match else None
