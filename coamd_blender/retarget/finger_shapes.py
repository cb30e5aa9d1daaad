"""Shapes of a hand, from a fist to a spread hand, as basis rotations of a rig's finger bones.

A shape says where each bone of a finger points, seen from the hand: bends from straight towards the palm and a splay
to the thumb's side for the fingers, directions for the thumb. It is reached from whatever rest pose a rig has, so that
a fist is a fist where fingers rest straight, curled or splayed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..motion import rotations as rot
from .hands import FINGERS, Finger, Hand
from .rig import Rig


@dataclass(frozen=True)
class Shape:
    """A shape of a hand.

    bends: degrees at knuckle, middle joint and end joint of index, middle, ring and pinky, each towards the palm from
    the bone before it. splay: degrees to the thumb's side of the same. thumb: where its three bones point, parts along
    the hand, to the thumb's side and out of the palm.
    """

    label: str
    description: str
    bends: tuple[tuple[float, float, float], ...]
    splay: tuple[float, float, float, float]
    thumb: tuple[tuple[float, float, float], ...]


_CLOSED = (85.0, 100.0, 60.0)
_STRAIGHT = (0.0, 0.0, 0.0)
_OVER = ((0.75, 0.20, 0.62), (0.72, -0.35, 0.60), (0.35, -0.92, 0.15))  # across the closed fingers
SHAPES = {
    "relaxed": Shape(
        "Relaxed",
        "Fingers lightly bent, as of a hand that hangs",
        ((18.0, 26.0, 14.0), (22.0, 30.0, 16.0), (26.0, 32.0, 18.0), (28.0, 30.0, 18.0)),
        (4.0, 0.0, -3.0, -6.0),
        ((0.78, 0.50, 0.38), (0.88, 0.30, 0.37), (0.94, 0.12, 0.32)),
    ),
    "fist": Shape("Fist", "Fingers closed, the thumb over them", (_CLOSED,) * 4, (0.0, 0.0, 0.0, 0.0), _OVER),
    "flat": Shape(
        "Flat",
        "Fingers straight and side by side",
        (_STRAIGHT,) * 4,
        (1.0, 0.0, -1.0, -2.0),
        ((0.80, 0.57, 0.20), (0.93, 0.33, 0.16), (0.98, 0.15, 0.12)),
    ),
    "pointing": Shape(
        "Pointing",
        "The index finger straight, the others closed",
        ((2.0, 2.0, 2.0), _CLOSED, _CLOSED, _CLOSED),
        (0.0, 0.0, 0.0, 0.0),
        _OVER,
    ),
    "gripping": Shape(
        "Gripping",
        "Around a bar or a handle",
        ((58.0, 62.0, 38.0), (60.0, 64.0, 40.0), (62.0, 64.0, 40.0), (64.0, 62.0, 40.0)),
        (0.0, 0.0, 0.0, 0.0),
        ((0.66, 0.30, 0.69), (0.74, -0.05, 0.67), (0.72, -0.38, 0.58)),
    ),
    "spread": Shape(
        "Spread",
        "Fingers straight and as far apart as they go",
        (_STRAIGHT,) * 4,
        (15.0, 3.0, -9.0, -21.0),
        ((0.60, 0.80, 0.05), (0.62, 0.78, 0.05), (0.70, 0.71, 0.05)),
    ),
}


def shaped(rig: Rig, hand: Hand, shape: Shape) -> dict[str, np.ndarray]:
    """Return bone name to basis quaternion (4,), w >= 0, of every finger bone of ``hand`` in ``shape``."""
    found = {}
    for finger in hand.fingers:
        turn = np.eye(3)  # of the bone before, away from its rest, armature space
        for bone, after in zip(finger.bones, _turns(hand, finger, shape), strict=True):
            rest = rig.rest[bone, :3, :3]
            found[rig.names[bone]] = rot.continuous(rot.quaternion_from_matrix(rest.T @ turn.T @ after @ rest)[None])[0]
            turn = after
    return found


def _turns(hand: Hand, finger: Finger, shape: Shape) -> list[np.ndarray]:
    """Return the turns (3, 3) of a finger's bones away from rest, in armature space, the hand at rest."""
    ways = _thumb_ways(hand, finger, shape) if finger.name == "thumb" else _finger_ways(hand, finger, shape)
    turns, turn = [], np.eye(3)
    for number, (rest, way) in enumerate(zip(finger.directions, ways, strict=True)):
        if finger.name == "thumb" or number:
            turn = rot.swing(turn @ rest, way) @ turn
        else:  # the knuckle also keeps the finger's own plane: it bends as the hand does, not about its splay
            hinge = np.cross(rest, hand.palmar)
            turn = rot.frame(way, _hinge(hand, finger, shape)) @ rot.frame(rest, hinge).T
        turns.append(turn)
    return turns


def _splayed(hand: Hand, finger: Finger, shape: Shape) -> np.ndarray:
    """Return where a finger would point if it were straight (3,), unit."""
    angle = np.radians(shape.splay[FINGERS.index(finger.name) - 1])
    return np.cos(angle) * hand.along + np.sin(angle) * hand.radial


def _hinge(hand: Hand, finger: Finger, shape: Shape) -> np.ndarray:
    return np.cross(_splayed(hand, finger, shape), hand.palmar)


def _finger_ways(hand: Hand, finger: Finger, shape: Shape) -> np.ndarray:
    """Return where the bones of a finger point (bones, 3), unit; of fewer than three each takes over what is left."""
    bends = np.radians(shape.bends[FINGERS.index(finger.name) - 1])
    if len(finger.bones) == 2:
        bends = np.array([bends[0], bends[1] + 0.5 * bends[2]])
    elif len(finger.bones) == 1:
        bends = np.array([0.6 * bends.sum()])
    angles = np.cumsum(bends)[:, None]
    return np.cos(angles) * _splayed(hand, finger, shape) + np.sin(angles) * hand.palmar


def _thumb_ways(hand: Hand, finger: Finger, shape: Shape) -> np.ndarray:
    """Return where the bones of a thumb point (bones, 3), unit; of fewer than three the last ones count."""
    axes = np.stack([hand.along, hand.radial, hand.palmar])
    return rot.unit(np.array(shape.thumb)[-len(finger.bones) :] @ axes)
