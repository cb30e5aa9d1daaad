"""Poses at timeline markers, and what a request says of poses and of a hold. Changes nothing."""

from __future__ import annotations

import bpy
import numpy as np

from ..anim.read_action import Reading
from ..motion.skeleton import JOINT_INDEX
from ..retarget.holds import Hold


def frames_within(scene: bpy.types.Scene, first: int, last: int) -> tuple[int, ...]:
    """Return the frames from ``first`` to ``last`` that have a timeline marker, in order, each once."""
    return tuple(sorted({marker.frame for marker in scene.timeline_markers if first <= marker.frame <= last}))


def pose_targets(reading: Reading, poses: tuple[int, ...], hold: Hold | None, lead: int = 0) -> dict[str, np.ndarray]:
    """Return kept poses and the hold as the request takes them, empty without any: points (targets, 3), canonical
    metres, their joints and their rows (targets,), which count from ``lead`` rows before the reading."""
    rows = np.array([round(frame - reading.frames[0]) for frame in poses], np.int32)
    count = reading.joints.shape[1]
    points, joints = reading.joints[rows].reshape(-1, 3), np.tile(np.arange(count, dtype=np.int32), len(rows))
    frames = np.repeat(rows, count)
    if hold is not None:
        places = reading.placement.canonical(hold.points / reading.placement.scale).astype(np.float32)
        points = np.concatenate([points, places])
        joints = np.append(joints, np.full(len(places), JOINT_INDEX[hold.joint], np.int32))
        frames = np.append(frames, np.arange(hold.first, hold.last, dtype=np.int32))
    if not len(frames):
        return {}
    return {"target_points": points, "target_joints": joints, "target_frames": frames + np.int32(lead)}
