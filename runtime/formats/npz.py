"""Motions in .npz: ``joints`` (frames, 22, 3) float32 in metres, Y up, and ``fps``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FPS, JOINT_COUNT, JOINT_NAMES, PARENTS

from .clip import SourceClip, check_duration, snap_fps, torn_is_told, write_whole

MOST_FRAMES = 500_000  # an hour at 120 frames a second


@torn_is_told("is not a motion archive", "Save it with joints and fps")
def read_npz(path: str | Path) -> list[SourceClip]:
    """Read ``joints`` and ``fps`` (20 when absent). Raises DataError for a wrong shape, NaN or a torn file."""
    path = Path(path)
    found = np.load(path, allow_pickle=False)
    if isinstance(found, np.ndarray):
        raise ValueError("it is one array without a name")
    with found as archive:
        fps = float(FPS)
        if "fps" in archive:
            if _shape(archive, "fps") not in ((), (1,)):
                raise DataError(f"{path}: fps is a list", "Save one number")
            fps = float(archive["fps"].reshape(()))
        shape = _shape(archive, "joints")
        if len(shape) != 3 or shape[1:] != (JOINT_COUNT, 3) or not shape[0]:
            raise DataError(f"{path}: joints have shape {shape}", f"Save them as (frames, {JOINT_COUNT}, 3)")
        check_duration(path, shape[0], fps)
        if shape[0] > MOST_FRAMES:
            raise DataError(f"{path} has {shape[0]:,} frames", f"Cut it into clips of {MOST_FRAMES:,} at most")
        with np.errstate(invalid="ignore"):  # what is no number is refused below
            joints = np.asarray(archive["joints"], dtype=np.float64)
    if not np.isfinite(joints).all():
        raise DataError(f"{path} holds values that are not numbers", "Export the motion again")
    return [SourceClip(JOINT_NAMES, PARENTS, joints, snap_fps(fps), path.stem)]


def _shape(archive: np.lib.npyio.NpzFile, name: str) -> tuple[int, ...]:
    """Return the shape that the header of an array of numbers states, before memory is taken for it."""
    if name not in archive:
        raise KeyError(name)
    with archive.zip.open(f"{name}.npy") as member:
        headers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, _, dtype = headers[np.lib.format.read_magic(member)](member)
    if dtype.kind not in "fiu":
        raise ValueError(f"its {name} are {dtype}, no numbers")
    return shape


def write_npz(path: str | Path, joints: np.ndarray, fps: float = FPS, loop: bool = False) -> None:
    """Write ``joints`` (frames, 22, 3), metres, and ``fps`` to a compressed .npz, whole or not at all; of a ``loop``
    that it is one, which carry marks.

    The inverse of :func:`read_npz`. Raises InputError.
    """
    told = {"joints": np.asarray(joints, np.float32), "fps": np.float32(fps)} | ({"loop": np.True_} if loop else {})
    write_whole(Path(path), lambda unfinished: np.savez_compressed(unfinished, **told))
