"""Write edge: a solved motion as a new Action with slot and F-curves. The only place with version guards."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass

import bpy
import numpy as np

from . import skeleton
from .armature import check_editable, read_rig
from .errors import InputError, RigError
from .retarget import Mapping, Options, PoseSolution, Rig, detect_rig, solve
from .retarget import rotations as rot
from .retarget.solver import check_joints, resample

# Values of Blender's enums, for foreach_set.
_LINEAR, _AUTO_CLAMPED, _GENERATED = 1, 4, 5
_CHANNEL = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}


@dataclass(frozen=True)
class Curve:
    """One F-curve to write: its data path and index, the bone whose group it joins, and its values (frames,)."""

    path: str
    index: int
    group: str
    values: np.ndarray


@dataclass(frozen=True)
class Plan:
    """A motion solved for one armature: numbers only, so it outlives an undo. ``rest_bones`` are put in their rest
    pose when the Action is handed over, since the solution counts on it."""

    name: str
    frames: np.ndarray
    curves: tuple[Curve, ...]
    rest_bones: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """An armature as numbers: all that solving needs, so that it can be done in another thread. ``paths``: bone name
    to its data path."""

    rig: Rig
    mapping: Mapping
    options: Options
    fps: float
    start: int
    paths: Table[str, str]


def apply_motion(
    armature_object, joints: np.ndarray, *, source_fps: float = skeleton.FPS, name: str = "CoAMD", **options
):
    """Key ``joints`` (frames, 22, 3), metres, Y up, onto an armature in a new Action and return the Action.

    ``options`` are those of :func:`read_target`; errors are its own and those of :func:`plan_motion`. The Action and
    slot in use before stay in the file untouched. All at once: an interface that must stay alive solves in a
    thread and uses :func:`write_some`.
    """
    joints = check_joints(joints)
    plan = plan_motion(read_target(armature_object, **options), joints, source_fps, name)
    action = new_action(armature_object, plan)
    write_some(action, plan, 0)
    hand_over(armature_object, action, plan)
    return action


def read_target(
    armature_object,
    *,
    start_frame: int | None = None,
    scene=None,
    contact: str = "soft",
    place: str = "object",
    in_place: bool = False,
    mapping: Mapping | None = None,
) -> Target:
    """Read what a motion is to be solved for; nothing is changed.

    One key a scene frame, at the scene's frame rate, from ``start_frame`` (the scene's current frame by
    default). ``mapping`` overrides the detection by bone names and shape; contact, place and in_place as in
    retarget.Options. Raises InputError for options there are not, RigError for an armature that cannot carry motion.
    """
    scene = scene or bpy.context.scene
    options = Options(place=place, contact=contact, in_place=in_place)
    check_editable(armature_object)
    _check_free(armature_object)
    bpy.context.view_layer.update()
    rig = read_rig(armature_object)
    mapping = mapping or detect_rig(rig)
    _check_mapping(rig, mapping)
    start = scene.frame_current if start_frame is None else int(start_frame)
    paths = {bone.name: bone.path_from_id() for bone in armature_object.pose.bones}
    return Target(rig, mapping, options, scene.render.fps / scene.render.fps_base, start, paths)


def plan_motion(target: Target, joints: np.ndarray, source_fps: float = skeleton.FPS, name: str = "CoAMD") -> Plan:
    """Solve ``joints`` (frames, 22, 3), metres, Y up, for a target; bones keep their rotation modes. Any thread.

    Raises InputError for joints or numbers that cannot be used.
    """
    joints = check_joints(joints)
    if not (np.isfinite(source_fps) and source_fps > 0):
        raise InputError(f"{source_fps} frames a second is no frame rate", "Give a number above 0")
    rig, fps = target.rig, target.fps
    solution = solve(rig, target.mapping, resample(joints, source_fps, fps), target.options, fps)
    frames = target.start + np.arange(len(solution.quaternions))
    return Plan(name, frames, tuple(_curves(target.paths, rig, solution)), _rest_bones(rig, solution))


def new_action(armature_object, plan: Plan):
    """Return a new Action for ``plan``, with a slot where Blender has slots, assigned to nothing yet."""
    action = bpy.data.actions.new(plan.name)
    if hasattr(action, "slots"):
        action.slots.new(id_type="OBJECT", name=armature_object.name)
    return action


def write_some(action, plan: Plan, done: int, seconds: float = math.inf) -> int:
    """Write the curves of ``plan`` from number ``done`` on, for about ``seconds``; return how many are written now."""
    container = _container(action)
    end = time.perf_counter() + seconds
    while done < len(plan.curves):
        _write_curve(container, plan.curves[done], plan.frames)
        done += 1
        if time.perf_counter() >= end:
            break
    return done


def hand_over(armature_object, action, plan: Plan) -> None:
    """Give the written Action to the armature. The one in use before gets a fake user: saving will not drop it."""
    data = armature_object.animation_data or armature_object.animation_data_create()
    if data.action is not None and data.action.is_editable:
        data.action.use_fake_user = True
    _clear_pose(armature_object, plan.rest_bones)
    data.action = action
    if hasattr(action, "slots"):  # without its slot an Action moves nothing
        data.action_slot = action.slots[0]


def place_strip(armature_object, action, plan: Plan) -> None:
    """Put the written Action onto a new NLA track as a strip at its first frame. The Action that plays becomes a strip
    of its own beneath, as it would cover the new one."""
    data = armature_object.animation_data or armature_object.animation_data_create()
    if data.action is not None:
        _new_strip(data, data.action, getattr(data, "action_slot", None), round(data.action.frame_range[0]))
        data.action = None
    _clear_pose(armature_object, plan.rest_bones)
    slot = action.slots[0] if hasattr(action, "slots") else None
    strip = _new_strip(data, action, slot, int(plan.frames[0]))
    strip.extrapolation = "HOLD_FORWARD"  # HOLD would cover what comes before it
    strip.select = True


def place_edit(armature_object, source, preview, slots: tuple, frames: tuple[int, int]) -> None:
    """Put an Action and, above it, ``frames`` (first, last) of an edited copy of it onto new NLA tracks. ``slots``: of
    the Action and of its copy."""
    data = armature_object.animation_data
    data.action = None
    _new_strip(data, source, slots[0], round(source.frame_range[0]))
    strip = _new_strip(data, preview, slots[1], frames[0])
    strip.action_frame_start, strip.action_frame_end = frames
    strip.frame_start, strip.frame_end = frames
    strip.extrapolation = "NOTHING"
    strip.select = True


def _new_strip(data, action, slot, frame: int):
    track = data.nla_tracks.new()
    track.name = action.name
    strip = track.strips.new(action.name, frame, action)
    if slot is not None:
        strip.action_slot = slot
    return strip


def curves_of(action, slot=None) -> list:
    """Return an Action's F-curves: all before Blender 4.4, those of ``slot`` from 4.4 (None: of its first slot)."""
    if not hasattr(action, "slots"):
        return list(action.fcurves)
    slot = slot or next(iter(action.slots), None)
    strips = [strip for layer in action.layers for strip in layer.strips if strip.type == "KEYFRAME"]
    bags = [strip.channelbag(slot) for strip in strips] if slot is not None else []
    return [curve for bag in bags if bag is not None for curve in bag.fcurves]


def slot_for(action, armature_object):
    """Return the slot of ``action`` that moves this armature: the one assigned, else one of its name, else the first
    for an object. None before Blender 4.4, which has no slots, and where there is no slot for objects."""
    if not hasattr(action, "slots"):
        return None
    data = armature_object.animation_data
    if data is not None and data.action == action and data.action_slot is not None:
        return data.action_slot
    slots = [slot for slot in action.slots if slot.target_id_type in {"OBJECT", "UNSPECIFIED"}]
    named = [slot for slot in slots if slot.name_display == armature_object.name]
    return next(iter(named or slots), None)


def assign(armature_object, action, slot=None) -> None:
    """Give ``action`` to an armature together with its slot: without one an Action moves nothing."""
    data = armature_object.animation_data or armature_object.animation_data_create()
    data.action = action
    if hasattr(action, "slots") and slot is not None:
        data.action_slot = slot


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


def _rest_bones(rig: Rig, solution: PoseSolution) -> tuple[str, ...]:
    """The keyed bones and all bones above them: a former Action may have left them elsewhere."""
    keyed = {rig.index[name] for name in solution.bones}
    above = {higher for low in keyed for higher in rig.ancestors(low)}
    return tuple(rig.names[bone] for bone in sorted(keyed | above))


def _clear_pose(armature_object, bones: Iterable[str]) -> None:
    """Put bones in their rest pose."""
    for name in bones:
        pose_bone = armature_object.pose.bones[name]
        pose_bone.location = (0, 0, 0)
        pose_bone.scale = (1, 1, 1)
        pose_bone.rotation_quaternion = (1, 0, 0, 0)
        pose_bone.rotation_euler = (0, 0, 0)
        pose_bone.rotation_axis_angle = (0, 0, 1, 0)


def _curves(paths: Table[str, str], rig: Rig, solution: PoseSolution) -> Iterator[Curve]:
    """Rotations on the channel of each bone's rotation mode, and the one bone's locations that travels."""
    for number, bone in enumerate(solution.bones):
        mode = rig.rotation_modes[rig.index[bone]]
        values = rotation_channels(solution.quaternions[:, number], mode)
        if bone == solution.location_bone:
            yield from _channel(paths, bone, "location", solution.location)
        yield from _channel(paths, bone, _CHANNEL.get(mode, "rotation_euler"), values)
    if solution.location_bone not in solution.bones:
        yield from _channel(paths, solution.location_bone, "location", solution.location)


def _channel(paths: Table[str, str], bone: str, channel: str, values: np.ndarray) -> Iterator[Curve]:
    path = f"{paths[bone]}.{channel}"
    for index in range(values.shape[1]):
        yield Curve(path, index, bone, values[:, index])


def _write_curve(container, planned: Curve, frames: np.ndarray) -> None:
    count = len(frames)
    points = np.column_stack([frames, planned.values]).astype(np.float32)
    curve = _new_curve(container, planned.path, planned.index, planned.group)
    curve.keyframe_points.add(count)
    curve.keyframe_points.foreach_set("co", points.ravel())
    for attribute, value in (
        ("interpolation", _LINEAR),
        ("handle_left_type", _AUTO_CLAMPED),
        ("handle_right_type", _AUTO_CLAMPED),
        ("type", _GENERATED),
    ):
        curve.keyframe_points.foreach_set(attribute, np.full(count, value, dtype=np.int32))
    curve.update()


def _container(action):
    """Return what holds the F-curves: before Blender 4.4 the Action, from 4.4 its slot's channelbag."""
    return _channelbag(action, action.slots[0]) if hasattr(action, "slots") else action


def _channelbag(action, slot):
    """Return the slot's channelbag. 5.0 has a helper that makes layer and strip; 4.4 and 4.5 lack it."""
    from bpy_extras import anim_utils

    if hasattr(anim_utils, "action_ensure_channelbag_for_slot"):
        return anim_utils.action_ensure_channelbag_for_slot(action, slot)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)


def ensure_curve(action, slot, path: str, index: int, group: str):
    """Return the F-curve of ``path`` in the slot (None before Blender 4.4), made in the bone's group if missing."""
    container = _channelbag(action, slot) if slot is not None else action
    return container.fcurves.find(path, index=index) or _new_curve(container, path, index, group)


def _new_curve(container, path: str, index: int, group: str):
    """Make an F-curve in the bone's group: one call in 4.2 and in 5.0 (of different spelling), two in 4.4 and 4.5."""
    if isinstance(container, bpy.types.Action):
        return container.fcurves.new(path, index=index, action_group=group)
    if "group_name" in bpy.types.ActionChannelbagFCurves.bl_rna.functions["new"].parameters:
        return container.fcurves.new(path, index=index, group_name=group)
    curve = container.fcurves.new(path, index=index)
    curve.group = container.groups.get(group) or container.groups.new(group)
    return curve
