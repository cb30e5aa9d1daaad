"""A hand's shape as keys of its finger bones, at one frame; no other bone's keys are touched."""

from __future__ import annotations

from collections.abc import Collection

import bpy
import numpy as np

from ..anim import actions, range_edit, targets
from ..anim.armature import driven_channels, read_rig
from ..anim.plan import rotation_channels
from ..anim.snapshot import rotation_channel
from ..errors import RigError
from ..retarget.channels import quaternions_of
from ..retarget.finger_shapes import SHAPES, shaped
from ..retarget.hands import find_hands

_GROUP = "Fingers"


def turns(armature: bpy.types.Object, shape: str, sides: Collection[str]) -> dict[str, np.ndarray]:
    """Return bone to basis quaternion (4,) of the finger bones of the hands on ``sides`` in a shape of SHAPES.

    Raises RigError for an armature that is not understood, has no fingers there, or has driven ones.
    """
    coverage = targets.coverage(armature)
    if coverage.error is not None:
        raise coverage.error
    rig = read_rig(armature)
    hands = find_hands(rig, coverage.mapping)
    found: dict[str, np.ndarray] = {}
    for side in sides:
        if side in hands:
            found |= shaped(rig, hands[side], SHAPES[shape])
    if not found:
        where = f"the {next(iter(sides))} hand" if len(sides) == 1 else "the hands"
        raise RigError(
            f"No finger bones were found beneath {where} of {armature.name}",
            "Check the wrists under Bone Mapping: fingers are the bones that hang on them",
        )
    driven = sorted(driven_channels(armature, found))
    if driven:
        raise RigError(f"A driver moves {driven[0]}", "Mute it in the Drivers Editor")
    return found


def key(armature: bpy.types.Object, shape: str, sides: Collection[str], frame: int, easing: int) -> int:
    """Key a shape of SHAPES at ``frame``, led to in the ``easing`` frames before, and return how many bones have it.

    Until then fingers are as they were; without keys of their own they have the shape throughout. What the armature
    plays takes the keys, a new Action where it plays none. Raises RigError as :func:`turns`, InputError for an Action
    that cannot be changed.
    """
    found = turns(armature, shape, sides)
    action, slot = _action_of(armature)
    curves = {(curve.data_path, curve.array_index): curve for curve in actions.curves_of(action, slot)}
    for name, turn in found.items():
        bone = armature.pose.bones[name]
        channel = rotation_channel(bone.rotation_mode)
        path = f"{bone.path_from_id()}.{channel}"
        own = [curves.get((path, index)) for index in range(len(getattr(bone, channel)))]
        before = np.array(
            [
                value if curve is None else curve.evaluate(frame - easing)
                for value, curve in zip(getattr(bone, channel), own, strict=True)
            ]
        )
        after = nearest(before, turn, bone.rotation_mode)
        keyed = any(curve is not None and len(curve.keyframe_points) for curve in own)
        for index, curve in enumerate(own):
            curve = curve or actions.ensure_curve(action, slot, path, index, _GROUP)
            _insert(curve, frame, easing if keyed else 0, float(before[index]), float(after[index]))
    return len(found)


def nearest(before: np.ndarray, turn: np.ndarray, mode: str) -> np.ndarray:
    """Return the channels of rotation ``mode`` for the quaternion ``turn`` (4,), on the side of ``before`` (channels,):
    those that are gone over from, so that no curve takes the long way. Angles in radians, the same shape."""
    start = quaternions_of(before, mode)
    turn = turn if start @ turn >= 0 else -turn
    if mode == "QUATERNION":
        return turn
    found = rotation_channels(np.stack([start, turn]), mode)[1]
    if mode == "AXIS_ANGLE":
        return found
    return found + 2 * np.pi * np.round((before - found) / (2 * np.pi))


def _action_of(armature: bpy.types.Object) -> tuple[bpy.types.Action, bpy.types.ActionSlot | None]:
    """Return the Action and slot that take the keys; a new one where the armature plays none."""
    data = armature.animation_data or armature.animation_data_create()
    if data.action is None:
        actions.assign(data, actions.new(f"{armature.name} Fingers", armature))
    else:
        range_edit.require_action(armature)
    return data.action, actions.slot_for(data.action, armature)


def _insert(curve: bpy.types.FCurve, frame: int, easing: int, before: float, after: float) -> None:
    """Let a curve be ``before`` up to ``easing`` frames before ``frame`` and ``after`` at it."""
    points = curve.keyframe_points
    for number in reversed(range(len(points))):
        if frame - easing <= points[number].co.x <= frame:
            points.remove(points[number], fast=True)
    if easing:
        points.insert(frame - easing, before, options={"FAST"})
    points.insert(frame, after, options={"FAST"})
    curve.update()
