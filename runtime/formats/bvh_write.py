"""Write canonical motions as BVH: the 22 joints, with rotations found from joint positions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from coamd_blender.motion.skeleton import FPS, JOINT_NAMES

from .clip import write_whole
from .fitted import CHILDREN, TIPS, fit_skeleton


def _euler_zxy(matrices: np.ndarray) -> np.ndarray:
    """Degrees (..., 3: z, x, y) of rotations ``Rz Rx Ry``, unrolled over time so that none jumps by 360."""
    x = np.arcsin(np.clip(matrices[..., 2, 1], -1, 1))
    z = np.arctan2(-matrices[..., 0, 1], matrices[..., 1, 1])
    y = np.arctan2(-matrices[..., 2, 0], matrices[..., 2, 2])
    return np.degrees(np.unwrap(np.stack([z, x, y], axis=-1), axis=0))


def _hierarchy(offsets: np.ndarray, free: np.ndarray) -> str:
    lines = ["HIERARCHY"]

    def describe(joint: int, depth: int) -> None:
        pad = "\t" * depth
        lines.append(f"{pad}{'JOINT' if joint else 'ROOT'} {JOINT_NAMES[joint]}")
        lines.append(pad + "{")
        lines.append(f"{pad}\tOFFSET " + " ".join(f"{value:.6f}" for value in offsets[joint]))
        position = "Xposition Yposition Zposition " if free[joint] else ""
        lines.append(f"{pad}\tCHANNELS {6 if free[joint] else 3} {position}Zrotation Xrotation Yrotation")
        for child in CHILDREN[joint]:
            describe(child, depth + 1)
        if joint in TIPS:
            tip = " ".join(f"{value:.6f}" for value in TIPS[joint])
            lines.append(f"{pad}\tEnd Site\n{pad}\t{{\n{pad}\t\tOFFSET {tip}\n{pad}\t}}")
        lines.append(pad + "}")

    describe(0, 0)
    return "\n".join(lines)


def _tree_order() -> list[int]:
    """Joints in the order a BVH hierarchy names them: depth first."""
    order, pending = [], [0]
    while pending:
        joint = pending.pop()
        order.append(joint)
        pending.extend(reversed(CHILDREN[joint]))
    return order


def write_bvh(path: str | Path, joints: np.ndarray, fps: float = FPS) -> None:
    """Write ``joints`` (frames, 22, 3), metres, Y up, as a BVH file in metres.

    Bone lengths are the medians of the motion's; a joint that they would misplace gets position channels, so that
    reading the file gives the positions back. The file is written whole or not at all. Raises DataError for a wrong
    shape or values that are not numbers, and InputError where it cannot be written.
    """
    fitted = fit_skeleton(joints)
    turns = _euler_zxy(fitted.turns)
    columns = []
    for joint in _tree_order():
        columns += [fitted.places[:, joint]] if fitted.free[joint] else []
        columns.append(turns[:, joint])
    rows = np.concatenate(columns, axis=1)
    body = "\n".join(" ".join(f"{value:.6f}" for value in row) for row in rows)
    head = f"{_hierarchy(fitted.offsets, fitted.free)}\nMOTION\nFrames: {len(rows)}\nFrame Time: {1.0 / fps:.8f}\n"
    write_whole(Path(path), lambda unfinished: unfinished.write_text(head + body + "\n", encoding="utf-8"))
