"""One motion of the 22 joints to a file of any kind that is written, by its suffix."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import FPS

from .bvh_write import write_bvh
from .gltf_write import write_glb
from .npz import write_npz

WRITERS = {".npz": write_npz, ".bvh": write_bvh, ".glb": write_glb}
WRITABLE = tuple(WRITERS)


def write(path: str | Path, joints: np.ndarray, fps: float = FPS) -> None:
    """Write ``joints`` (frames, 22, 3), metres, Y up, as a file of WRITERS, whole or not at all.

    Raises InputError and DataError.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITERS:
        raise InputError(f"{path} is not a motion that can be written", f"Name a file ending in {', '.join(WRITABLE)}")
    WRITERS[suffix](path, joints, fps)
