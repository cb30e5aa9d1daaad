"""An authored upper body over recorded legs: waving while walking, clapping while seated.

The recording keeps its pelvis, its legs and, where the action says nothing, its arms; trunk and head turn by what the
action adds. Outside the action every joint is where it was.
"""

from __future__ import annotations

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.motion.trunk import place_trunk, trunk_frames

from .body import (
    FPS,
    JOINT_INDEX,
    REST_OFFSETS,
    SIDES,
    euler,
    length,
    limb_from_directions,
    mirror,
    to_out,
    unit,
)
from .captions import captions, slots
from .curves import number_curve
from .draw import Stance, draw_numbers, draw_stance, write_score
from .places import elbow_pole
from .score import HandGoal, Score
from .solve import Body, solve_arms
from .spec import actions
from .variant import Authored

RECORDED = HandGoal("recorded", 0.0, 0.0, 0.0)
_TRUNK = ("bend", "side", "twist", "nod", "look", "tip", "shrug", "lead_shrug")
_KEPT = [JOINT_INDEX[f"{side}_{part}"] for side in SIDES for part in ("hip", "knee", "ankle", "foot")]


def layer(rng: np.random.Generator, name: str, recorded: np.ndarray) -> Authored:
    """Draw the action ``name`` and do it over ``recorded`` joints (frames, 22, 3), metres, on the canonical body.

    Returns as many frames, in the recording's own place. Raises InputError for an action that needs its own legs
    and for a recording too short for it.
    """
    action = actions().get(name)
    if action is None or not action.upper:
        raise InputError(
            f"{name!r} is not an action of the upper body", "Choose one of runtime.authored.names(upper=True)"
        )
    drawn = draw_numbers(action, rng)
    stance = draw_stance(action, rng)
    score, core = write_score(drawn, stance, rng, longest=len(recorded) / FPS)
    spare = len(recorded) - round(score.seconds * FPS)
    if spare < 0:
        needed = score.seconds + 0.05
        raise InputError(f"The recording is too short for {name}", f"Give at least {needed:.1f} seconds of motion")
    begin = int(rng.integers(spare + 1))
    flipped = drawn.side == "right"
    source = np.asarray(mirror(recorded) if flipped else recorded, float)
    joints = _layered(score, stance, source, begin)
    joints = mirror(joints) if flipped else joints
    said = captions(drawn, rng)
    span = (core[0] + begin, core[1] + begin)
    return Authored(
        joints.astype(np.float32), said, name, action.category, drawn.side, drawn.told_count, span, slots(drawn)
    )


def _layered(score: Score, stance: Stance, source: np.ndarray, begin: int) -> np.ndarray:
    """Return ``source`` (frames, 22, 3) with the score's trunk and arms laid over it from the frame ``begin`` on."""
    times = (np.arange(len(source)) - begin) / FPS
    for side, hand in enumerate(score.hands):
        hand.goals = [RECORDED if goal == stance.hands[side] else goal for goal in hand.goals]
    added = {}
    for channel in _TRUNK:
        numbers = score.numbers[channel]
        added[channel] = number_curve(numbers.values, numbers.track, times) - numbers.values[numbers.track.first]
    pelvis, chest, head = trunk_frames(source)
    turned = chest @ euler("YXZ", added["twist"], added["bend"], -added["side"])
    nodding = euler("YXZ", added["look"], added["nod"], -added["tip"])
    looking = turned @ np.swapaxes(chest, -1, -2) @ head @ nodding
    joints = source.copy()
    place_trunk(joints, pelvis, turned, looking)
    joints[:, _KEPT] = source[:, _KEPT]
    body = Body(times, added, pelvis, turned, looking, _heading(turned), np.zeros((len(source), 3)))
    body.arms = [recorded_arm(source, chest, side) for side in range(2)]
    solve_arms(score, body, joints, None)
    return joints


def _heading(chest: np.ndarray) -> np.ndarray:
    """Return upright frames (frames, 3, 3) that face where ``chest`` (frames, 3, 3) faces."""
    forward = unit(chest[..., 2] * (1.0, 0.0, 1.0) + 1e-6)
    up = np.broadcast_to([0.0, 1.0, 0.0], forward.shape)
    return np.stack([np.cross(up, forward), up, forward], axis=-1)


def recorded_arm(joints: np.ndarray, chest: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pose of the arm of ``side`` in ``joints`` (frames, 22, 3), metres: rotations, bends, shoulder.

    Rotations are (frames, 3, 3), bends (frames,), lift and protraction of the shoulder (frames, 2), radians, in out
    coordinates of ``chest`` (frames, 3, 3): the inverse of what the solver places.
    """
    collar, shoulder, elbow, wrist = (
        joints[:, JOINT_INDEX[f"{SIDES[side]}_{part}"]] for part in ("collar", "shoulder", "elbow", "wrist")
    )
    upper = unit(to_out(chest, elbow - shoulder, side))
    lower = unit(to_out(chest, wrist - elbow, side))
    rotation, bend = limb_from_directions(upper, lower, elbow_pole(upper, np.zeros(len(upper))))
    return rotation, bend, _shoulder_angles(to_out(chest, shoulder - collar, side))


def _shoulder_angles(offset: np.ndarray) -> np.ndarray:
    """Return lift and protraction (frames, 2), radians: the inverse of body.shoulder_offset."""
    x, y, z = REST_OFFSETS[JOINT_INDEX["left_shoulder"]]
    out = np.hypot(x, z)
    offset = offset * (np.sqrt(x**2 + y**2 + z**2) / length(offset))[:, None]
    ahead = np.clip(offset[:, 2] / out, -1, 1)
    protract = np.arcsin(ahead) - np.arctan2(z, x)
    lift = np.arctan2(offset[:, 1], offset[:, 0]) - np.arctan2(y, out * np.sqrt(1 - ahead**2))
    return np.stack([lift, protract], axis=-1)
