"""Write edge: a solved motion as a new Action with slot and F-curves. The only place with version guards."""

from __future__ import annotations

import bpy
import numpy as np

from . import skeleton
from .armature import check_editable, read_rig
from .errors import InputError, RigError
from .retarget import Mapping, Options, PoseSolution, Rig, detect, solve
from .retarget import rotations as rot
from .retarget.solver import check_joints, resample

# Values of Blender's enums, for foreach_set.
_LINEAR, _AUTO_CLAMPED, _GENERATED = 1, 4, 5
_CHANNEL = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}


def apply_motion(
    armature_object,
    joints: np.ndarray,
    *,
    source_fps: float = skeleton.FPS,
    start_frame: int | None = None,
    scene=None,
    name: str = "CoAMD",
    contact: str = "soft",
    place: str = "object",
    in_place: bool = False,
    mapping: Mapping | None = None,
):
    """Key ``joints`` (frames, 22, 3), metres, Y up, onto an armature in a new Action and return the Action.

    One key a scene frame, at the scene's frame rate, from ``start_frame`` (the scene's current frame by
    default). Bones keep their rotation modes. The Action and slot in use before stay in the file untouched.
    ``mapping`` overrides the detection by bone names; contact, place and in_place as in retarget.Options.
    Raises InputError for joints or numbers that cannot be used, RigError for an armature that cannot carry
    the motion; nothing has changed then.
    """
    scene = scene or bpy.context.scene
    joints = check_joints(joints)
    if not (np.isfinite(source_fps) and source_fps > 0):
        raise InputError(f"{source_fps} frames a second is no frame rate", "Give a number above 0")
    options = Options(place=place, contact=contact, in_place=in_place)
    check_editable(armature_object)
    _check_free(armature_object)
    bpy.context.view_layer.update()
    rig = read_rig(armature_object)
    mapping = mapping or detect(rig.names, rig.parents)
    _check_mapping(rig, mapping)
    fps = scene.render.fps / scene.render.fps_base
    solution = solve(rig, mapping, resample(joints, source_fps, fps), options, fps)
    start = scene.frame_current if start_frame is None else int(start_frame)
    return write_pose(armature_object, rig, solution, start_frame=start, name=name)


def write_pose(armature_object, rig: Rig, solution: PoseSolution, *, start_frame: int, name: str = "CoAMD"):
    """Write a PoseSolution, one key a frame from ``start_frame``, into a new assigned Action; return the Action.

    Rotations go to the channel of each bone's rotation mode. Bones above mapped ones are put in their rest
    pose, since the solution counts on it.
    """
    _keep_previous(armature_object)
    _clear_pose(armature_object, rig, solution)
    action = bpy.data.actions.new(name)
    curves = _Curves(armature_object, action)
    frames = start_frame + np.arange(len(solution.quaternions))
    for number, bone in enumerate(solution.bones):
        mode = rig.rotation_modes[rig.index[bone]]
        values = rotation_channels(solution.quaternions[:, number], mode)
        if bone == solution.location_bone:
            curves.write(bone, "location", frames, solution.location)
        curves.write(bone, _CHANNEL.get(mode, "rotation_euler"), frames, values)
    if solution.location_bone not in solution.bones:
        curves.write(solution.location_bone, "location", frames, solution.location)
    return action


def rotation_channels(quaternions: np.ndarray, mode: str) -> np.ndarray:
    """Turn sign-continuous quaternions (F, 4) into the channels of a rotation mode: (F, 4), or (F, 3) for Euler."""
    if mode == "QUATERNION":
        return quaternions
    if mode == "AXIS_ANGLE":
        return rot.axis_angle_from_quaternion(quaternions)
    return rot.euler_from_matrix(rot.matrix_from_quaternion(quaternions), mode)


def _check_free(armature_object) -> None:
    data = armature_object.animation_data
    if data is not None and data.use_tweak_mode:
        raise RigError("The armature's NLA strip is being edited", "Leave tweak mode (Tab in the NLA editor)")


def _check_mapping(rig: Rig, mapping: Mapping) -> None:
    unknown = [bone for bone in mapping.bones.values() if bone not in rig.index]
    if unknown:
        raise RigError(f"The armature has no bone {unknown[0]!r}", "Choose the bones of this armature")


def _keep_previous(armature_object) -> None:
    """Give the Action in use a fake user, so that taking it off the armature does not delete it on save."""
    data = armature_object.animation_data or armature_object.animation_data_create()
    if data.action is not None and data.action.is_editable:
        data.action.use_fake_user = True


def _clear_pose(armature_object, rig: Rig, solution: PoseSolution) -> None:
    """Put the keyed bones and all bones above them in their rest pose: a former Action may have left them elsewhere."""
    keyed = {rig.index[name] for name in solution.bones}
    for bone in keyed | {above for low in keyed for above in rig.ancestors(low)}:
        pose_bone = armature_object.pose.bones[rig.names[bone]]
        pose_bone.location = (0, 0, 0)
        pose_bone.scale = (1, 1, 1)
        pose_bone.rotation_quaternion = (1, 0, 0, 0)
        pose_bone.rotation_euler = (0, 0, 0)
        pose_bone.rotation_axis_angle = (0, 0, 1, 0)


class _Curves:
    """The F-curves of one Action for one armature; makes and assigns the slot where Blender has slots."""

    def __init__(self, armature_object, action):
        self.container = _assign(armature_object, action)
        self.pose_bones = armature_object.pose.bones

    def write(self, bone: str, channel: str, frames: np.ndarray, values: np.ndarray) -> None:
        """Key ``values`` (F, n) of one bone's channel at ``frames`` (F,)."""
        path = f"{self.pose_bones[bone].path_from_id()}.{channel}"
        count = len(frames)
        points = np.empty((count, 2), dtype=np.float32)
        points[:, 0] = frames
        kinds = np.empty(count, dtype=np.int32)
        for index in range(values.shape[1]):
            curve = _new_curve(self.container, path, index, bone)
            curve.keyframe_points.add(count)
            points[:, 1] = values[:, index]
            curve.keyframe_points.foreach_set("co", points.ravel())
            for attribute, value in (
                ("interpolation", _LINEAR),
                ("handle_left_type", _AUTO_CLAMPED),
                ("handle_right_type", _AUTO_CLAMPED),
                ("type", _GENERATED),
            ):
                kinds[:] = value
                curve.keyframe_points.foreach_set(attribute, kinds)
            curve.update()


def _assign(armature_object, action):
    """Assign ``action`` and return what holds its F-curves.

    Before Blender 4.4 an Action has no slots and holds them itself. From 4.4 an Action assigned without a slot
    moves nothing: the slot is made and assigned too.
    """
    data = armature_object.animation_data
    if not hasattr(action, "slots"):
        data.action = action
        return action
    slot = action.slots.new(id_type="OBJECT", name=armature_object.name)
    data.action = action
    data.action_slot = slot
    return _channelbag(action, slot)


def _channelbag(action, slot):
    """Return the slot's channelbag. 5.0 has a helper that makes layer and strip; 4.4 and 4.5 lack it."""
    from bpy_extras import anim_utils

    if hasattr(anim_utils, "action_ensure_channelbag_for_slot"):
        return anim_utils.action_ensure_channelbag_for_slot(action, slot)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)


def _new_curve(container, path: str, index: int, group: str):
    """Make an F-curve in the bone's group: one call in 4.2 and in 5.0 (of different spelling), two in 4.4 and 4.5."""
    if isinstance(container, bpy.types.Action):
        return container.fcurves.new(path, index=index, action_group=group)
    if "group_name" in bpy.types.ActionChannelbagFCurves.bl_rna.functions["new"].parameters:
        return container.fcurves.new(path, index=index, group_name=group)
    curve = container.fcurves.new(path, index=index)
    curve.group = container.groups.get(group) or container.groups.new(group)
    return curve
