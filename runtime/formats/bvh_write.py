"""Write canonical motions as BVH: the 22 joints, with rotations found from joint positions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FPS, JOINT_COUNT, JOINT_NAMES, PARENTS, REST_OFFSETS

from .clip import write_whole

CHILDREN = tuple(tuple(c for c in range(JOINT_COUNT) if PARENTS[c] == j) for j in range(JOINT_COUNT))
# The tips of the last bones, from their joints in the rest pose, metres.
_TIPS = {10: (0.0, 0.0, 0.06), 11: (0.0, 0.0, 0.06), 15: (0.0, 0.12, 0.0), 20: (0.08, 0.0, 0.0), 21: (-0.08, 0.0, 0.0)}
_TOLERANCE = 0.0002  # metres: a joint whose fixed offset misses by more gets position channels


def _shortest_turn(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Rotations (frames, 3, 3) of least angle that turn the vector ``before`` (3,) to ``after`` (frames, 3)."""
    a = before / np.linalg.norm(before)
    b = after / np.maximum(np.linalg.norm(after, axis=-1, keepdims=True), 1e-9)
    cross, cosine = np.cross(a, b), b @ a
    skew = np.zeros((len(b), 3, 3))
    skew[:, [2, 0, 1], [1, 2, 0]] = cross
    skew[:, [1, 2, 0], [2, 0, 1]] = -cross
    turn = np.eye(3) + skew + skew @ skew / np.maximum(1.0 + cosine, 1e-6)[:, None, None]
    opposite = cosine < -0.999999
    if opposite.any():
        axis = np.cross(a, [1.0, 0.0, 0.0] if abs(a[0]) < 0.9 else [0.0, 1.0, 0.0])
        axis /= np.linalg.norm(axis)
        turn[opposite] = 2 * np.outer(axis, axis) - np.eye(3)
    return turn


def _best_turn(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Rotations (frames, 3, 3) that turn ``before`` (points, 3) nearest to ``after`` (frames, points, 3): Kabsch."""
    u, _, vt = np.linalg.svd(np.einsum("fpi,pj->fij", after, before))
    flip = np.ones((len(u), 3))
    flip[:, 2] = np.sign(np.linalg.det(u @ vt))
    return (u * flip[:, None, :]) @ vt


def global_rotations(joints: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return the rotations of every joint (frames, 22, 3, 3) that turn ``offsets`` onto ``joints``.

    ``offsets`` (22, 3) and ``joints`` (frames, 22, 3) are metres. A joint of several children takes the best fit; one
    of a single child the least turn from its parent's; a last joint its parent's.
    """
    rotations = np.zeros((len(joints), JOINT_COUNT, 3, 3))
    for joint, children in enumerate(CHILDREN):
        parent = rotations[:, PARENTS[joint]] if joint else np.broadcast_to(np.eye(3), (len(joints), 3, 3))
        if not children:
            rotations[:, joint] = parent
            continue
        bones = joints[:, list(children)] - joints[:, joint : joint + 1]
        if len(children) > 1:
            rotations[:, joint] = _best_turn(offsets[list(children)], bones)
        else:
            local = np.einsum("fji,fj->fi", parent, bones[:, 0])
            rotations[:, joint] = parent @ _shortest_turn(offsets[children[0]], local)
    return rotations


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
        if joint in _TIPS:
            tip = " ".join(f"{value:.6f}" for value in _TIPS[joint])
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
    joints = np.asarray(joints, dtype=np.float64)
    if joints.ndim != 3 or joints.shape[1:] != (JOINT_COUNT, 3) or not len(joints) or not np.isfinite(joints).all():
        raise DataError(f"Joints of shape {joints.shape} cannot be written", "Give finite joints (frames, 22, 3)")
    parents = np.array(PARENTS[1:])
    lengths = np.median(np.linalg.norm(joints[:, 1:] - joints[:, parents], axis=-1), axis=0)
    offsets = REST_OFFSETS.copy()
    offsets[1:] *= (lengths / np.linalg.norm(REST_OFFSETS[1:], axis=-1))[:, None]
    turns = global_rotations(joints, offsets)
    local_bones = np.einsum("fjki,fjk->fji", turns[:, parents], joints[:, 1:] - joints[:, parents])
    free = np.array([True, *(np.abs(local_bones - offsets[1:]).max(axis=(0, 2)) > _TOLERANCE)])
    columns = []
    for joint in _tree_order():
        if free[joint]:
            columns.append(local_bones[:, joint - 1] if joint else joints[:, 0])
        local = np.swapaxes(turns[:, PARENTS[joint]], -1, -2) @ turns[:, joint] if joint else turns[:, 0]
        columns.append(_euler_zxy(local))
    rows = np.concatenate(columns, axis=1)
    body = "\n".join(" ".join(f"{value:.6f}" for value in row) for row in rows)
    head = f"{_hierarchy(offsets, free)}\nMOTION\nFrames: {len(rows)}\nFrame Time: {1.0 / fps:.8f}\n"
    write_whole(Path(path), lambda unfinished: unfinished.write_text(head + body + "\n", encoding="utf-8"))
