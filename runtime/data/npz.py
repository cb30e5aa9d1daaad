"""Motions in .npz: ``joints`` (frames, 22, 3) float32 in metres, Y up, and ``fps``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.skeleton import FPS, JOINT_COUNT, JOINT_NAMES, PARENTS

from .clip import SourceClip, snap_fps, torn_is_told


@torn_is_told("is not a motion archive", "it needs joints and fps")
def read_npz(path: str | Path) -> list[SourceClip]:
    """Read ``joints`` and ``fps`` (20 when absent). Raises DataError for a wrong shape, NaN or a torn file."""
    path = Path(path)
    with np.load(path, allow_pickle=False) as archive:
        joints = np.asarray(archive["joints"], dtype=np.float64)
        fps = float(archive["fps"]) if "fps" in archive else float(FPS)
    if joints.ndim != 3 or joints.shape[1:] != (JOINT_COUNT, 3) or not len(joints):
        raise DataError(f"{path}: joints have shape {joints.shape}", f"expected (frames, {JOINT_COUNT}, 3)")
    if not (np.isfinite(fps) and fps > 0):
        raise DataError(f"{path} states {fps:g} frames per second", "write the rate the motion was made at")
    if not np.isfinite(joints).all():
        raise DataError(f"{path} holds values that are not numbers", "export the motion again")
    return [SourceClip(JOINT_NAMES, PARENTS, joints, snap_fps(fps), path.stem)]


def write_npz(path: str | Path, joints: np.ndarray, fps: float = FPS) -> None:
    """Write ``joints`` (frames, 22, 3), metres, and ``fps`` to a compressed .npz. Inverse of read_npz."""
    np.savez_compressed(path, joints=np.asarray(joints, np.float32), fps=np.float32(fps))
