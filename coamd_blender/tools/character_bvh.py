"""A character's motion as BVH, its own bones, Y up, in metres of the world: what importers take a BVH to be.

Blender's exporter writes armature space, whose axes are the rig's own, and leaves out where the object goes.
"""

from __future__ import annotations

import re
from pathlib import Path

import bpy
import numpy as np

from ..anim import armature as reader
from ..anim import stage
from ..errors import InputError
from ..motion import rotations as rot
from ..retarget.rig import Rig

_TOLERANCE = 2e-4  # metres: a bone that its parent would misplace by more gets position channels
_ORDER = "ZXY"


def write_character_bvh(armature: bpy.types.Object, path: Path, frames: np.ndarray, fps: float) -> None:
    """Write what an armature plays at scene ``frames`` (F,), which last 1 / ``fps`` seconds each, in metres.

    Raises InputError where the file cannot be written.
    """
    rig = reader.read_rig(armature)
    poses = {name: np.zeros((len(frames), 4, 4)) for name in rig.names}
    worlds = np.zeros((len(frames), 4, 4))
    with stage.staged(armature, None, bpy.context.scene) as (scene, staged):
        stage.evaluate(scene, staged, np.asarray(frames, dtype=float), poses, worlds, float("inf"))
    text = bvh_text(rig, np.stack([worlds @ poses[name] for name in rig.names], axis=1), worlds[0], fps)
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise InputError(
            f"{path} cannot be written: {error.strerror}", "Choose a folder that you may write to"
        ) from None


def bvh_text(rig: Rig, places: np.ndarray, world: np.ndarray, fps: float) -> str:
    """Return a BVH of the bones' matrices in the world.

    places: (F, B, 4, 4), metres, Y up. world: (4, 4) armature space to the world where the rest pose stands. A rig of
    several roots gets one more joint above them, at the origin.
    """
    rest = world @ rig.rest
    turns = _rotations(places) @ np.swapaxes(_rotations(rest), -1, -2)  # (F, B, 3, 3) away from rest
    heads, rest_heads = places[..., :3, 3], rest[:, :3, 3]
    roots = [bone for bone, parent in enumerate(rig.parents) if parent < 0]
    lines, columns, names = ["HIERARCHY"], [], _names(rig.names)
    if len(roots) > 1:
        lines += ["ROOT Armature", "{", "\tOFFSET 0 0 0", f"\tCHANNELS 6 {_POSITIONS} {_ROTATIONS}"]
        columns.append(np.zeros((len(places), 6)))

    def describe(bone: int, depth: int) -> None:
        parent, pad = int(rig.parents[bone]), "\t" * depth
        offset = rest_heads[bone] - (rest_heads[parent] if parent >= 0 else 0.0)
        above = np.swapaxes(turns[:, parent], -1, -2) if parent >= 0 else np.broadcast_to(np.eye(3), turns[:, 0].shape)
        place = rot.rotate(above, heads[:, bone] - (heads[:, parent] if parent >= 0 else 0.0))
        free = parent < 0 or np.abs(place - offset).max() > _TOLERANCE
        lines.extend([f"{pad}{'JOINT' if depth else 'ROOT'} {names[bone]}", f"{pad}{{"])
        # importers add a root's positions to its offset
        lines.append(f"{pad}\tOFFSET {_numbers(offset if depth else np.zeros(3))}")
        lines.append(f"{pad}\tCHANNELS {f'6 {_POSITIONS} ' if free else '3 '}{_ROTATIONS}")
        columns.extend([place] if free else [])
        columns.append(_degrees(above @ turns[:, bone]))
        below = [child for child, higher in enumerate(rig.parents) if higher == bone]
        for child in below:
            describe(child, depth + 1)
        if not below:
            tip = rest[bone, :3, 1] * rig.lengths[bone]
            lines.extend([f"{pad}\tEnd Site", f"{pad}\t{{", f"{pad}\t\tOFFSET {_numbers(tip)}", f"{pad}\t}}"])
        lines.append(f"{pad}}}")

    for root in roots:
        describe(root, int(len(roots) > 1))
    lines += ["}"] if len(roots) > 1 else []
    rows = [_numbers(row) for row in np.concatenate(columns, axis=1)]
    return "\n".join([*lines, "MOTION", f"Frames: {len(rows)}", f"Frame Time: {1 / fps:.8f}", *rows]) + "\n"


_POSITIONS = "Xposition Yposition Zposition"
_ROTATIONS = " ".join(f"{letter}rotation" for letter in _ORDER)


def _rotations(matrices: np.ndarray) -> np.ndarray:
    """Return the rotations (..., 3, 3) of matrices (..., 4, 4) that scale as well."""
    return rot.frame(matrices[..., :3, 1], matrices[..., :3, 2])[..., [2, 0, 1]]


def _degrees(turns: np.ndarray) -> np.ndarray:
    """Return degrees (F, 3), in the order written, of rotations (F, 3, 3), without jumps by whole turns."""
    x = np.arcsin(np.clip(turns[:, 2, 1], -1, 1))
    z, y = np.arctan2(-turns[:, 0, 1], turns[:, 1, 1]), np.arctan2(-turns[:, 2, 0], turns[:, 2, 2])
    return np.degrees(np.unwrap(np.stack([z, x, y], axis=-1), axis=0))


def _numbers(values: np.ndarray) -> str:
    return " ".join(f"{value:.6f}" for value in values)


def _names(names: tuple[str, ...]) -> list[str]:
    """Return the names that a BVH can hold: without spaces and braces."""
    return [re.sub(r"[\s{}]", "_", name) for name in names]
