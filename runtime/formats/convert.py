"""One motion file of any kind to canonical joints, and back to .bvh or .npz."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import JOINT_COUNT, JOINT_NAMES

from .acclaim import read_acclaim
from .bvh import read_bvh
from .bvh_write import write_bvh
from .canonical import canonicalise, joint_maps, match_map, resample
from .clip import SourceClip
from .gltf import read_gltf
from .npz import read_npz, write_npz
from .placing import place

__all__ = ["read_clips", "read_motion", "write_bvh", "write_npz"]


def read_clips(path: str | Path, skeleton: str | None = None) -> list[SourceClip]:
    """Read every clip of a .bvh, .amc, .glb, .gltf or .npz file, as its source has it. Raises DataError.

    ``skeleton`` may name the .asf of an .amc.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".amc":
        return read_acclaim(path, skeleton if skeleton and skeleton.lower().endswith(".asf") else None)
    readers = {".bvh": read_bvh, ".glb": read_gltf, ".gltf": read_gltf, ".npz": read_npz}
    if suffix not in readers:
        raise DataError(f"{path} is no motion file", "give a .bvh, .amc, .glb, .gltf or .npz")
    return readers[suffix](path)


def _is_canonical(clip: SourceClip) -> bool:
    """Whether a clip already consists of the 22 joints (written by write_bvh or write_npz)."""
    real = [name for name in clip.names if not name.endswith("_end")]
    return len(real) == JOINT_COUNT and set(real) == set(JOINT_NAMES)


def _choose(clips: list[SourceClip], path: Path, animation: str | None) -> SourceClip:
    if animation is None:
        return max(clips, key=lambda clip: len(clip.positions)) if len(clips) > 1 else clips[0]
    for clip in clips:
        if clip.name.lower() == animation.lower():
            return clip
    names = ", ".join(clip.name for clip in clips[:12])
    raise DataError(f"{path} has no animation {animation}", f"it has {names}")


def read_motion(path: str | Path, skeleton: str | None = None, animation: str | None = None) -> np.ndarray:
    """Read a motion file to canonical joints (frames, 22, 3) float32, 20 fps, metres, placed on the floor.

    A file of the 22 joints themselves is only resampled, its positions kept. ``skeleton`` names a joint map (the one
    that fits best when None) or an .asf; ``animation`` one of several in a .glb (the longest when None). Of a motion
    that jumps the longest unbroken piece is taken. Raises DataError.
    """
    path = Path(path)
    clip = _choose(read_clips(path, skeleton), path, animation)
    named = skeleton if skeleton and not skeleton.lower().endswith(".asf") else None
    if named is None and _is_canonical(clip):
        columns = [clip.names.index(name) for name in JOINT_NAMES]
        return resample(clip.positions[:, columns], clip.fps).astype(np.float32)
    if named is not None and named not in joint_maps():
        raise DataError(f"there is no joint map {named}", f"choose from {', '.join(joint_maps())}")
    joint_map = joint_maps()[named] if named else match_map(clip)
    pieces = canonicalise(clip, joint_map)
    if not pieces:
        raise DataError(f"{path} holds no two frames that follow on each other", "export the motion again")
    return place(max(pieces, key=len)).astype(np.float32)
