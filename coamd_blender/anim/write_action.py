"""Write edge: a planned motion as F-curves of a new Action, of a copy of the one in use, or of an NLA strip."""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Mapping as Table
from typing import Any

import bpy
import numpy as np

from ..errors import RigError
from ..motion import skeleton
from ..retarget import Mapping
from ..retarget.solver import check_joints
from . import actions, checks, nla, replacing
from .armature import read_action_in_use, read_armature, read_driven
from .plan import Curve, KeyPlan, WriteOptions, WriteTarget, make_target, plan_motion
from .range_keys import ALIGNED, AUTO_CLAMPED, BEZIER, GENERATED, LINEAR, frames_beside, make_room
from .snapshot import Channel, WorldPose

# The channels of a bone's pose, at rest.
REST = {
    "location": (0, 0, 0),
    "scale": (1, 1, 1),
    "rotation_quaternion": (1, 0, 0, 0),
    "rotation_euler": (0, 0, 0),
    "rotation_axis_angle": (0, 0, 1, 0),
}


def apply_motion(
    armature: bpy.types.Object,
    joints: np.ndarray,
    *,
    source_fps: float = skeleton.FPS,
    name: str = "CoAMD",
    **options: Any,
) -> bpy.types.Action:
    """Key ``joints`` (frames, 22, 3), metres, Y up, onto an armature in a new Action and return the Action.

    ``options`` are those of :func:`read_target`; errors are its own and those of plan.plan_motion. The Action and
    slot in use before stay in the file untouched. All at once: an interface that must stay alive goes the way of
    stepwise.py.
    """
    joints = check_joints(joints)
    plan = plan_motion(read_target(armature, **options), joints, source_fps, name)
    action = new_action(armature, plan)
    write_some(action, plan, 0)
    hand_over(armature, action, plan)
    return action


def read_target(
    armature: bpy.types.Object,
    *,
    start_frame: int | None = None,
    scene: bpy.types.Scene | None = None,
    mapping: Mapping | None = None,
    reference: Table[str, np.ndarray] | None = None,
    pose: WorldPose | None = None,
    **options: Any,
) -> WriteTarget:
    """Read what a motion is to be solved for; nothing is changed.

    ``reference`` names basis quaternions (4,) by bone, those of a pose to be used in place of the rest pose.

    One key a scene frame, at the scene's frame rate, from ``start_frame`` (the scene's current frame by default).
    ``options`` are those of plan.WriteOptions and retarget.Options, the others those of plan.make_target, whose errors
    and those of read_armature are raised, InputError for options there are not.
    """
    scene = scene or bpy.context.scene
    wanted = WriteOptions.of(**options)
    read = read_armature(armature, with_action=wanted.output == "replace")
    return make_target(
        read,
        wanted,
        fps=scene.render.fps / scene.render.fps_base,
        start=scene.frame_current if start_frame is None else int(start_frame),
        mapping=mapping,
        reference=reference,
        pose=pose,
    )


def renewed(target: WriteTarget, armature: bpy.types.Object) -> WriteTarget:
    """Return ``target``, or what it is now that the armature is no longer as it was read, standing where it stood.

    Between question and answer its bones, modes and constraints may be changed. Raises as :func:`read_target`.
    """
    read = read_armature(armature, with_action=target.options.output == "replace")
    if read.same_rig(target.read):
        return target
    return make_target(
        read,
        target.options,
        fps=target.fps,
        start=target.start,
        mapping=target.mapping,
        reference=target.reference,
        pose=target.pose,
    )


def new_action(armature: bpy.types.Object, plan: KeyPlan) -> bpy.types.Action:
    """Return a new Action for ``plan``, with a slot where Blender has slots, assigned to nothing yet.

    Where the plan replaces a range, it is a copy of the Action in use, of which the range is yet to be cleared;
    else it holds the keys that keep what other strips do to its bones from shining through. Raises
    RigError where a bone it moves has been renamed or removed meanwhile.
    """
    _check_bones(armature, plan)
    checks.check_driven(read_driven(armature), {curve.path for curve in plan.curves})
    written = {(curve.path, curve.index): curve.group for curve in plan.curves}
    resting = {channel: value for channel, value in _resting(armature, plan).items() if channel not in written}
    if plan.output == "replace":
        touched = {actions.bone_of(path) for path, _ in (*written, *resting)}
        checks.check_replaceable(read_action_in_use(armature), touched)
        action = actions.copy_in_use(armature.animation_data, plan.name)
        if action is not None:
            replacing.prepare(action, armature, plan.span, written, resting)
            return action
    action = actions.new(plan.name, armature)
    below = nla.heard_below(armature.animation_data, with_action=plan.output == "strip")
    replacing.rest(action, plan.span, {channel: value for channel, value in resting.items() if channel in below})
    return action


def write_some(action: bpy.types.Action, plan: KeyPlan, done: int, keys: float = math.inf) -> int:
    """Write the curves of ``plan`` from number ``done`` on, up to the one with which ``keys`` keys are written; return
    how many are written now."""
    container = actions.container(action)
    beside = frames_beside(action, plan.span)
    while done < len(plan.curves) and keys > 0:
        planned = plan.curves[done]
        curve = container.fcurves.find(planned.path, index=planned.index)
        if curve is None:
            curve = actions.new_curve(container, planned.path, planned.index, planned.group)
        elif plan.output == "replace":
            make_room(curve, plan.span, beside)
        _write_curve(curve, planned)
        keys -= len(curve.keyframe_points)
        done += 1
    return done


def hand_over(armature: bpy.types.Object, action: bpy.types.Action, plan: KeyPlan) -> None:
    """Give the written Action to the armature. The one in use before gets a fake user unless something else, such as
    the list of takes, uses it: saving will not drop it.

    As an NLA strip it lies over what was there before, which becomes a strip of its own; as a new Action it leaves the
    object, where the one in use moved it, as the plan has it. Raises RigError, and changes nothing, where a bone it
    moves has been renamed or removed meanwhile.
    """
    _check_bones(armature, plan)
    data = armature.animation_data or armature.animation_data_create()
    actions.release(data)
    _clear_pose(armature, plan.rest_bones)
    if plan.output == "strip":
        nla.add(data, action, plan.span[0])
        return
    if plan.output == "action" and data.action is not None:
        _put_back(armature, data.action, plan.held)
    actions.assign(data, action)
    data.action_influence, data.action_blend_type = 1.0, "REPLACE"


def _put_back(armature: bpy.types.Object, action: bpy.types.Action, held: Table[Channel, float]) -> None:
    """Set those of the object's channels ``held`` that ``action`` moves: it will move them no more."""
    for curve in actions.curves_of(action, actions.slot_for(action, armature)):
        value = held.get((curve.data_path, curve.array_index))
        if value is not None:
            getattr(armature, curve.data_path)[curve.array_index] = value


def _check_bones(armature: bpy.types.Object, plan: KeyPlan) -> None:
    gone = [name for name in plan.rest_bones if name not in armature.pose.bones]
    if gone:
        raise RigError(f"The armature no longer has the bone {gone[0]!r}", "Rename it back, or make the motion again")


def _clear_pose(armature: bpy.types.Object, bones: Iterable[str]) -> None:
    """Put bones in their rest pose."""
    for name in bones:
        pose_bone = armature.pose.bones[name]
        for channel, values in REST.items():
            setattr(pose_bone, channel, values)


def _resting(armature: bpy.types.Object, plan: KeyPlan) -> dict[Channel, float]:
    """Return the channels (data path, index) that the solution counts on: the object as it stood, bones at rest."""
    found = dict(plan.held)
    for name in plan.rest_bones:
        path = armature.pose.bones[name].path_from_id()
        for channel, values in REST.items():
            found |= {(f"{path}.{channel}", index): value for index, value in enumerate(values)}
    return found


def _write_curve(curve: bpy.types.FCurve, planned: Curve) -> None:
    """Add the planned keys to an F-curve, behind those that it has."""
    points = curve.keyframe_points
    kept, count = len(points), len(planned.frames)
    points.add(count)
    bezier = planned.slopes is not None
    fields = {
        "co": np.column_stack([planned.frames, planned.values]),
        "interpolation": np.full(count, BEZIER if bezier else LINEAR),
        "handle_left_type": np.full(count, ALIGNED if bezier else AUTO_CLAMPED),
        "handle_right_type": np.full(count, ALIGNED if bezier else AUTO_CLAMPED),
        "type": np.full(count, GENERATED),
    }
    if bezier:
        fields["handle_left"], fields["handle_right"] = _handles(planned)
    for name, new in fields.items():
        new = new.astype(np.float32 if new.ndim == 2 else np.int32)
        points.foreach_set(name, new.ravel() if not kept else _after(points, name, kept, new))
    curve.update()


def _after(points: bpy.types.bpy_prop_collection, name: str, kept: int, new: np.ndarray) -> np.ndarray:
    """Return an attribute of all keys, those of the first ``kept`` as they are and then ``new``."""
    values = np.empty((len(points), *new.shape[1:]), dtype=new.dtype)
    flat = values.reshape(-1)
    points.foreach_get(name, flat)
    values[kept:] = new
    return flat


def _handles(planned: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Return the left and right handles (K, 2) that make Blender's Bezier curve the cubic Hermite spline."""
    steps = np.diff(planned.frames).astype(float) if len(planned.frames) > 1 else np.ones(1)
    key, slope = np.column_stack([planned.frames, planned.values]), planned.slopes[:, None]
    along = np.concatenate([np.ones_like(slope), slope], axis=1) / 3
    before, behind = np.concatenate([steps[:1], steps]), np.concatenate([steps, steps[-1:]])
    return key - along * before[:, None], key + along * behind[:, None]
