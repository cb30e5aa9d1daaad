"""Joints to bytes and back, at a resolution of 1 mm.

Positions are rounded to whole millimetres (an error of at most 0.5 mm on an axis, a tenth of what the eye sees in a
moving figure), the joints are taken relative to the pelvis, and both are stored as differences from frame to frame,
low bytes before high bytes, deflated: about 55 bytes a frame of a recording instead of 264.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import JOINT_COUNT

UNITS_PER_METRE = 1000
_FRAMES = struct.Struct("<I")
MOST_FRAMES = 200_000  # of a stored clip: nearly three hours
_FARTHEST = 10**8  # units: 100 km
_REACH = 2**14  # units: a joint's step from frame to frame, at most twice that, has to fit 16 bits


def check_storable(joints: np.ndarray) -> None:
    """Raise DataError unless ``joints`` (frames, 22, 3), metres, can be stored.

    That is for another shape, for more than MOST_FRAMES, for what is not a number, for a pelvis 100 km away and a joint
    16 m from it.
    """
    if joints.ndim != 3 or joints.shape[1:] != (JOINT_COUNT, 3) or not len(joints):
        raise DataError(f"A motion of shape {joints.shape} is not (frames, {JOINT_COUNT}, 3)", "Export it again")
    if len(joints) > MOST_FRAMES:
        raise DataError(f"A motion of {len(joints)} frames is longer than {MOST_FRAMES}", "Cut it into several files")
    if not np.isfinite(joints).all() or np.abs(joints[:, 0]).max() > 1e5:
        raise DataError("A motion holds positions that are not finite", "Export the motion again")
    if np.abs(joints[:, 1:] - joints[:, :1]).max() >= (_REACH - 1) / UNITS_PER_METRE:
        raise DataError("A motion has joints more than 16 m from its pelvis", "Check the unit of its source")


def pack_joints(joints: np.ndarray) -> bytes:
    """Return ``joints`` (frames, 22, 3), metres, as bytes. :func:`unpack_joints` is the inverse, to 0.5 mm an axis.

    Raises DataError as :func:`check_storable`.
    """
    check_storable(joints)
    units = np.round(joints.astype(np.float64) * UNITS_PER_METRE)
    body = units[:, 1:] - units[:, :1]
    pelvis = _differences(units[:, 0].astype("<i4"))
    body = _differences(body.reshape(len(units), -1).astype("<i2"))
    return _FRAMES.pack(len(joints)) + zlib.compress(_split_bytes(pelvis) + _split_bytes(body), 6)


def unpack_joints(data: bytes) -> np.ndarray:
    """Return the joints, float32 (frames, 22, 3), metres, of bytes from :func:`pack_joints`.

    Raises DataError when torn. No more is unpacked than the stated number of frames takes, which is bounded.
    """
    columns = 3 * (JOINT_COUNT - 1)
    try:
        (frames,) = _FRAMES.unpack_from(data)
        if not 1 <= frames <= MOST_FRAMES:
            raise DataError(f"A stored motion is torn: it states {frames} frames", "Index its file again")
        pelvis_bytes, size = frames * 3 * 4, frames * (3 * 4 + columns * 2)
        unpacker = zlib.decompressobj()
        raw = np.frombuffer(unpacker.decompress(data[_FRAMES.size :], size + 1), np.uint8)
    except (struct.error, zlib.error) as error:
        raise DataError(f"A stored motion is torn ({error})", "Index its file again") from error
    if len(raw) != size or not unpacker.eof:
        raise DataError("A stored motion is torn: its length is wrong", "Index its file again")
    pelvis = _joined(raw[:pelvis_bytes], "<i4", frames)
    body = _joined(raw[pelvis_bytes:], "<i2", frames).reshape(frames, JOINT_COUNT - 1, 3)
    units = np.concatenate([pelvis[:, None], pelvis[:, None] + body], axis=1)
    if np.abs(units).max() > _FARTHEST:
        raise DataError("A stored motion is torn: it goes farther than 100 km", "Index its file again")
    return (units / UNITS_PER_METRE).astype(np.float32)


def unpack_windows(
    windows: Sequence[tuple[int, int, int, int]], packed: Callable[[int], bytes | None]
) -> tuple[list[tuple[int, int, int, int]], list[np.ndarray]]:
    """Return those of ``windows`` (number, clip, start, stop) that their clips hold, clip by clip, and their joints,
    float32 (stop - start, 22, 3), metres; ``packed(clip)`` is what :func:`pack_joints` made, None for a clip that is
    gone. One whole clip is in memory at a time. Raises DataError as :func:`unpack_joints`."""
    found, motions = [], []
    for clip, of_clip in groupby(sorted(windows, key=lambda window: window[1:]), key=lambda window: window[1]):
        data = packed(clip)
        if data is None:
            continue
        joints = unpack_joints(data)
        there = [window for window in of_clip if window[3] <= len(joints)]
        found += there
        motions += [joints[start:stop].copy() for _, _, start, stop in there]
    return found, motions


def _differences(values: np.ndarray) -> np.ndarray:
    """(frames, columns) to (columns, frames): the first value of each column, then steps."""
    return np.ascontiguousarray(np.diff(values, axis=0, prepend=np.zeros_like(values[:1])).T)


def _split_bytes(values: np.ndarray) -> bytes:
    return values.view(np.uint8).reshape(-1, values.itemsize).T.tobytes()


def _joined(raw: np.ndarray, dtype: str, frames: int) -> np.ndarray:
    """Inverse of _split_bytes after _differences: (frames, columns) int64."""
    size = np.dtype(dtype).itemsize
    steps = np.ascontiguousarray(raw.reshape(size, -1).T).view(dtype).reshape(-1, frames)
    return np.cumsum(steps, axis=1, dtype=np.int64).T
