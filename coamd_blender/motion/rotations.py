"""Rotations for many frames at once: quaternions (w, x, y, z), matrices, swing and twist, Euler angles.

Every function takes arrays with any leading shape and works on the last axis (quaternions, vectors) or the
last two (matrices). Matrices act on column vectors. Angles are radians.

Sources: Shepperd (1978) for matrix to quaternion, Rodrigues' formula for the swing between two directions,
Shoemake (1985) for slerp.
"""

from __future__ import annotations

import numpy as np

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
EULER_ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
_TINY = 1e-12


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scale ``vectors`` (..., n), of any unit, to length 1, the same shape; a vector of no length stays zero."""
    length = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
    return vectors / np.maximum(length, _TINY)


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the dot product (...) of ``a`` and ``b``, both (..., n), of any unit, along the last axis."""
    return np.einsum("...i,...i->...", a, b)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the cross product (..., 3) of ``a`` and ``b``, both (..., 3), of any units.

    A plain form, several times faster than numpy's.
    """
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def rotate(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Turn ``vectors`` (..., 3), of any unit, by ``matrices`` (..., 3, 3): (..., 3)."""
    return np.einsum("...ij,...j->...i", matrices, vectors)


def transpose(matrices: np.ndarray) -> np.ndarray:
    """Return the inverse (..., 3, 3) of rotation ``matrices`` of the same shape."""
    return np.swapaxes(matrices, -1, -2)


def frame(primary: np.ndarray, secondary: np.ndarray) -> np.ndarray:
    """Return the right-handed rotation (..., 3, 3) whose first column is ``primary`` (..., 3).

    Its second column is ``secondary`` (..., 3) made perpendicular to the first; the third is their cross product. Both
    are directions of any length and unit.
    """
    first = unit(primary)
    second = unit(secondary - first * dot(first, secondary)[..., None])
    return np.stack([first, second, cross(first, second)], axis=-1)


def swing(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the smallest rotation (..., 3, 3) that turns ``start`` into ``end``, unit directions (..., 3).

    Opposite directions have no smallest rotation: half a turn about some perpendicular axis is returned.
    """
    start, end = np.broadcast_arrays(start, end)
    cosine = dot(start, end)
    opposite = cosine < -1 + 1e-9
    axis = cross(start, end)
    factor = 1 / np.where(opposite, 1.0, 1 + cosine)
    skew = _skew(axis)
    # Rodrigues' formula with the sine in the axis: 1 + [a] + [a]^2 / (1 + cos).
    result = np.eye(3) + skew + (skew @ skew) * factor[..., None, None]
    if np.any(opposite):
        lever = np.eye(3)[np.argmin(np.abs(start[opposite]), axis=-1)]
        normal = unit(cross(start[opposite], lever))
        result[opposite] = 2 * normal[..., :, None] * normal[..., None, :] - np.eye(3)
    return result


def about(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return the rotation (..., 3, 3) by ``angle`` (...), radians, about unit ``axis`` (..., 3)."""
    cosine, sine = np.cos(angle)[..., None, None], np.sin(angle)[..., None, None]
    return np.eye(3) * cosine + _skew(axis) * sine + axis[..., :, None] * axis[..., None, :] * (1 - cosine)


def _skew(axis: np.ndarray) -> np.ndarray:
    """Return the matrices (..., 3, 3) that take the cross product of ``axis`` (..., 3) with what they multiply."""
    skew = np.zeros((*axis.shape, 3))
    skew[..., 0, 1], skew[..., 0, 2], skew[..., 1, 2] = -axis[..., 2], axis[..., 1], -axis[..., 0]
    skew[..., 1, 0], skew[..., 2, 0], skew[..., 2, 1] = axis[..., 2], -axis[..., 1], axis[..., 0]
    return skew


def matrix_from_quaternion(quaternions: np.ndarray) -> np.ndarray:
    """Turn unit quaternions (..., 4) into matrices (..., 3, 3)."""
    w, x, y, z = np.moveaxis(quaternions, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def quaternion_from_matrix(matrices: np.ndarray) -> np.ndarray:
    """Turn rotation ``matrices`` (..., 3, 3) into unit quaternions (..., 4); each of the two signs may come."""
    # Shepperd: four forms, each scaled by another of 4w^2, 4x^2, 4y^2, 4z^2; the largest of these is the stablest.
    m = matrices
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    squares = np.stack([1 + xx + yy + zz, 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz], axis=-1)
    wx, wy, wz = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    xy, xz, yz = m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]
    s = squares
    rows = np.stack(
        [
            np.stack([s[..., 0], wx, wy, wz], axis=-1),
            np.stack([wx, s[..., 1], xy, xz], axis=-1),
            np.stack([wy, xy, s[..., 2], yz], axis=-1),
            np.stack([wz, xz, yz, s[..., 3]], axis=-1),
        ],
        axis=-2,
    )  # (..., 4 forms, 4)
    best = np.argmax(squares, axis=-1)
    return unit(np.take_along_axis(rows, best[..., None, None], axis=-2)[..., 0, :])


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the product (..., 4) of quaternions ``a`` and ``b``, both (..., 4): turn by ``b``, then by ``a``."""
    aw, av, bw, bv = a[..., :1], a[..., 1:], b[..., :1], b[..., 1:]
    return np.concatenate([aw * bw - dot(av, bv)[..., None], aw * bv + bw * av + cross(av, bv)], axis=-1)


def conjugate(quaternions: np.ndarray) -> np.ndarray:
    """Return the inverse (..., 4) of unit ``quaternions`` of the same shape."""
    return quaternions * np.array([1.0, -1.0, -1.0, -1.0])


def swing_twist(quaternions: np.ndarray, axis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split unit ``quaternions`` (..., 4) into (swing, twist), each (..., 4), q = swing * twist.

    The twist is about unit ``axis`` (3,).
    """
    along = dot(quaternions[..., 1:], axis)[..., None]
    twist = np.concatenate([quaternions[..., :1], along * axis], axis=-1)
    length = np.linalg.norm(twist, axis=-1, keepdims=True)
    twist = np.where(length > 1e-9, twist / np.maximum(length, _TINY), IDENTITY)
    return multiply(quaternions, conjugate(twist)), twist


def slerp(a: np.ndarray, b: np.ndarray, fraction: float | np.ndarray) -> np.ndarray:
    """Interpolate unit quaternions ``a`` and ``b``, both (..., 4), along the shorter arc: (..., 4).

    ``fraction``, one number or (..., 1), gives ``a`` at 0 and ``b`` at 1.
    """
    cosine = dot(a, b)
    b = np.where((cosine < 0)[..., None], -b, b)
    angle = np.arccos(np.clip(np.abs(cosine), 0, 1))[..., None]
    sine = np.sin(angle)
    close = sine < 1e-6
    safe = np.where(close, 1.0, sine)
    left = np.where(close, 1 - fraction, np.sin((1 - fraction) * angle) / safe)
    right = np.where(close, fraction, np.sin(fraction * angle) / safe)
    return unit(left * a + right * b)


def continuous(quaternions: np.ndarray) -> np.ndarray:
    """Choose the signs of ``quaternions`` (frames, ..., 4), the same shape, so that neighbours are on the same side.

    The first has w >= 0.
    """
    signs = np.where(dot(quaternions[1:], quaternions[:-1]) < 0, -1.0, 1.0)
    first = np.where(quaternions[:1, ..., 0] < 0, -1.0, 1.0)
    return quaternions * np.cumprod(np.concatenate([first, signs]), axis=0)[..., None]


def euler_from_matrix(matrices: np.ndarray, order: str) -> np.ndarray:
    """Turn ``matrices`` (frames, ..., 3, 3) into Euler angles (frames, ..., 3), x, y, z in radians, continuous in time.

    ``order`` as Blender writes it: "XYZ" turns about X first, then Y, then Z, about fixed axes. Of the two
    triples for a rotation the one nearer to the frame before is taken, and whole turns are unwrapped.
    """
    # One of the two triples of each rotation, and where the middle angle is a quarter the one whose last is 0.
    i, j, k = ("XYZ".index(letter) for letter in order)
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    m = matrices
    middle = np.arcsin(np.clip(-sign * m[..., k, i], -1, 1))
    first = np.arctan2(sign * m[..., k, j], m[..., k, k])
    last = np.arctan2(sign * m[..., j, i], m[..., i, i])
    locked = np.abs(m[..., k, i]) > 1 - 1e-9
    first = np.where(locked, np.arctan2(-sign * m[..., j, k], m[..., j, j]), first)
    last = np.where(locked, 0.0, last)
    angles = np.zeros((*first.shape, 3))
    angles[..., i], angles[..., j], angles[..., k] = first, middle, last
    # The other, and of both the nearer to the frame before.
    other = np.zeros_like(angles)
    other[..., i], other[..., j], other[..., k] = first + np.pi, np.pi - middle, last + np.pi
    turn = 2 * np.pi
    for index in range(1, len(angles)):
        near = angles[index - 1]
        a = angles[index] + turn * np.round((near - angles[index]) / turn)
        b = other[index] + turn * np.round((near - other[index]) / turn)
        nearer = np.abs(b - near).sum(axis=-1) < np.abs(a - near).sum(axis=-1)
        angles[index] = np.where(nearer[..., None], b, a)
    return angles


def axis_angle_from_quaternion(quaternions: np.ndarray) -> np.ndarray:
    """Turn sign-continuous ``quaternions`` (frames, 4) into angle, x, y, z, (frames, 4), as Blender stores them.

    The angle is in radians. A rotation of no angle has no axis: it takes that of the frame before, or +Y. The axis
    keeps its side from frame to frame, so that the angle may be negative.
    """
    sine = np.sqrt((quaternions[:, 1:] ** 2).sum(axis=-1))
    turned = sine > 1e-9
    axis = np.where(turned[:, None], quaternions[:, 1:] / np.maximum(sine, _TINY)[:, None], np.array([0.0, 1.0, 0.0]))
    latest = np.maximum.accumulate(np.where(turned, np.arange(len(sine)), 0))
    axis = axis[latest]
    angle = 2 * np.arctan2(sine, quaternions[:, 0])
    flips = np.where(dot(axis[1:], axis[:-1]) < 0, -1.0, 1.0)
    side = np.cumprod(np.concatenate([[1.0], flips]))[:, None]
    return np.concatenate([angle[:, None] * side, axis * side], axis=-1)


def vector_from_quaternion(quaternions: np.ndarray) -> np.ndarray:
    """Turn unit ``quaternions`` (..., 4) into rotation vectors (..., 3): the axis, as long as the angle in radians.

    The angle is at most pi.
    """
    quaternions = np.where(quaternions[..., :1] < 0, -quaternions, quaternions)
    sine = np.linalg.norm(quaternions[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, quaternions[..., :1])
    return quaternions[..., 1:] * np.where(sine > 1e-9, angle / np.maximum(sine, _TINY), 2.0)


def quaternion_from_vector(vectors: np.ndarray) -> np.ndarray:
    """Turn rotation ``vectors`` (..., 3), radians, of any length into unit quaternions (..., 4)."""
    half = 0.5 * np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.concatenate([np.cos(half), 0.5 * vectors * np.sinc(half / np.pi)], axis=-1)
