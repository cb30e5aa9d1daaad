"""How deep arms are in a torso, by brute force: the nearest of many points of the tube's surface. An oracle for
clearance.py that shares with it nothing but what docs/retargeting.md says of the tube."""

import numpy as np
from bodies import J
from scipy.spatial import cKDTree

# Points of the surface: along the tube and the rounded ends, and around it.
ALONG, ENDS, AROUND = 60, 12, 72
SHARES = {"upper arm": np.linspace(0.75, 1, 4), "forearm": np.linspace(0, 1, 16), "hand": np.linspace(1, 1.35, 6)}
SIDES = ("left", "right")


def widths(joints):
    """Half the width of the torso at the hips and at the chest of a body (F, 22, 3)."""
    hips, shoulders = (
        np.median(np.linalg.norm(joints[:, J[f"left_{joint}"]] - joints[:, J[f"right_{joint}"]], axis=-1))
        for joint in ("hip", "shoulder")
    )
    return 0.95 * hips, 0.4 * shoulders


def surface(body, sizes):
    """Points (N, 3) on the torso of a body (22, 3), and the same of a torso that is a hundredth smaller."""
    base, top = 0.5 * (body[J["left_hip"]] + body[J["right_hip"]]), body[J["neck"]]
    length = np.linalg.norm(top - base)
    up = (top - base) / length
    around = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    lower, upper = (body[J[f"left_{joint}"]] - body[J[f"right_{joint}"]] for joint in ("hip", "collar"))
    lower, upper = lower / np.linalg.norm(lower), upper / np.linalg.norm(upper)
    tilts = np.linspace(0, np.pi / 2, ENDS, endpoint=False)[1:]
    rings = [(share, 0.0) for share in np.linspace(0, 1, ALONG)]
    rings += [(0.0, -tilt) for tilt in tilts] + [(1.0, tilt) for tilt in tilts]
    points, inner = [], []
    for share, tilt in rings:
        left = (1 - share) * lower + share * upper
        left = left - up * (left @ up)
        left /= np.linalg.norm(left)
        ahead = np.cross(left, up)
        width = (1 - share) * sizes[0] + share * sizes[1]
        ring = np.outer(np.cos(around) * width, left) + np.outer(np.sin(around) * 0.65 * width, ahead)
        end = np.sin(tilt) * 0.65 * width * up
        middle = base + share * length * up
        points.append(middle + np.cos(tilt) * ring + end)
        inner.append(middle + 0.99 * (np.cos(tilt) * ring + end))
    return np.concatenate(points), np.concatenate(inner)


def depths(joints, sizes, scale=1.0):
    """How deep the axes of both arms of a body (F, 22, 3) are in its torso: part to (F, 2, points), metres over
    ``scale``, negative outside."""
    found = {part: np.zeros((len(joints), 2, len(shares))) for part, shares in SHARES.items()}
    for frame, body in enumerate(joints):
        points, inner = surface(body, sizes)
        tree, ways = cKDTree(points), points - inner
        for number, side in enumerate(SIDES):
            shoulder, elbow, wrist = (body[J[f"{side}_{joint}"]] for joint in ("shoulder", "elbow", "wrist"))
            for part, shares in SHARES.items():
                start, end = (shoulder, elbow) if part == "upper arm" else (elbow, wrist)
                at = start + shares[:, None] * (end - start)
                distance, nearest = tree.query(at)
                within = ((at - points[nearest]) * ways[nearest]).sum(axis=-1) < 0
                found[part][frame, number] = np.where(within, distance, -distance) / scale
    return found


def excess(mine, motions, thickness):
    """By how much a rig's arms are nearer than the motion's and than they are thick: part to (F, 2, points) metres.

    mine, motions: as :func:`depths` gives them."""
    return {part: np.maximum(0, mine[part] + np.minimum(thickness, -motions[part])) for part in mine}
