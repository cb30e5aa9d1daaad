"""From a score to joints: trunk, pelvis over its support, legs, arms, in that order, 20 frames a second.

The pelvis is where the goals let it be: above the feet so that the centre of mass is supported, as low as planted
feet and kneeling knees need it, as high as a trunk that lies on the floor. In flight it follows a parabola.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coamd_blender.motion.trunk import place_trunk

from .body import (
    FOREARM,
    FPS,
    JOINT_COUNT,
    JOINT_INDEX,
    RADII,
    REST_OFFSETS,
    SIDES,
    STANDING_HEIGHT,
    UPPER_ARM,
    centre_of_mass,
    euler,
    from_out,
    length,
    lower_direction,
    lowest_point,
    shoulder_offset,
    two_bone,
    unit,
)
from .curves import Segments, blend_rotations, hermite, number_curve, number_curves, smoothed, unrest
from .height import height_curve
from .legs import FootTrack, LegPose, foot_track, place_leg, solve_leg
from .places import ON_THE_OTHER_ARM, Stage, solve_goals
from .score import Score

_PULLS, _CLOSE = 5, 3e-4  # rounds in which pelvis and legs come to terms, and metres that are near enough
_LYING = ("pelvis", "spine3", "head")
_STEADY = ("drop", "balance", "settle", "weight", "unrest", "placed", "left", "ahead", "spin")  # no after-swing
_FOOT_CLEARANCE = 0.045  # metres
_KNEE_TO_FOOT = 0.47  # metres from a kneeling knee back to where its foot stands
_LOW = 0.75  # metres: a pelvis lower than this may bring knees to the floor
_SEAT = 0.085  # metres of flesh under the hip joints of someone who sits
_FOREARM_LAG = 0.045  # seconds the forearm is behind the upper arm
_LEG_JOINTS = [JOINT_INDEX[f"{side}_{part}"] for side in SIDES for part in ("knee", "ankle", "foot")]


@dataclass
class Body:
    """What is known of the motion before its limbs: frames (frames, 3, 3) and numbers by channel (frames,)."""

    times: np.ndarray
    numbers: dict[str, np.ndarray]
    pelvis: np.ndarray
    chest: np.ndarray
    head: np.ndarray
    heading: np.ndarray
    spot: np.ndarray
    arms: list[tuple[np.ndarray, np.ndarray, np.ndarray]] | None = (
        None  # recorded arms by side, for goals in the frame "recorded"
    )


def solve(score: Score, rng: np.random.Generator) -> np.ndarray:
    """Return the joints (frames, 22, 3) float64 of a score, led by the left: metres, Y up, not yet placed."""
    times = np.arange(round(score.seconds * FPS)) / FPS
    body = _trunk(score, times, rng)
    tracks = [foot_track(foot, times, side) for side, foot in enumerate(score.feet)]
    joints = np.zeros((len(times), JOINT_COUNT, 3))
    joints[:, 0] = _first_pelvis(score, body, tracks, rng)
    poses = _settle_pelvis(score, body, tracks, joints)
    for side, pose in enumerate(poses):
        place_leg(joints, pose, side, body.pelvis)
        _keep_foot_above(joints, side, _clearance(score, body, joints, side))
    solve_arms(score, body, joints, rng)
    return joints


# --- trunk --------------------------------------------------------------------------------------------------------


def _trunk(score: Score, times: np.ndarray, rng: np.random.Generator) -> Body:
    channels = [(channel.values, channel.track) for channel in score.numbers.values()]
    settles = [0.0 if name in _STEADY else 1.0 for name in score.numbers]
    numbers = dict(zip(score.numbers, number_curves(channels, times, settles), strict=True))
    _add_unrest(score, times, numbers, rng)
    n = numbers
    pelvis = _pelvis_frame(n)
    chest = pelvis @ euler("YXZ", n["twist"], n["bend"], -n["side"])
    head = chest @ euler("YXZ", n["look"], n["nod"], -n["tip"])
    zeros = np.zeros(len(times))
    heading = euler("YXZ", n["turn"], zeros, zeros)
    spot = np.zeros((len(times), 3))
    return Body(times, numbers, pelvis, chest, head, heading, spot)


def _pelvis_frame(numbers: dict[str, np.ndarray]) -> np.ndarray:
    upright = euler("YXZ", numbers["turn"], numbers["lean"], -numbers["tilt"])
    zeros = np.zeros_like(numbers["spin"])
    return upright @ euler("YXZ", numbers["spin"], zeros, zeros)


def _add_unrest(score: Score, times: np.ndarray, numbers: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    """Lay breath and the small wandering of a living body on the trunk's numbers, degrees."""
    size = score.sway * numbers["unrest"]
    slow = unrest(rng, times, 8, 0.12, 0.9)
    quick = unrest(rng, times, 4, 0.9, 2.6)
    for column, (name, degrees) in enumerate(
        (("turn", 0.9), ("lean", 0.5), ("tilt", 0.4), ("bend", 0.8), ("side", 0.5), ("twist", 1.0), ("nod", 1.6),
         ("tip", 0.8))
    ):  # fmt: skip
        numbers[name] = numbers[name] + degrees * size * slow[:, column]
    for column, (name, degrees) in enumerate((("bend", 0.25), ("twist", 0.3), ("nod", 0.45), ("tip", 0.25))):
        numbers[name] = numbers[name] + degrees * size * quick[:, column]
    breath = np.sin(2 * np.pi * score.breath * times + rng.uniform(0, 2 * np.pi))
    numbers["bend"] = numbers["bend"] - 0.5 * breath
    numbers["shrug"] = numbers["shrug"] + 0.9 * breath


# --- pelvis -------------------------------------------------------------------------------------------------------


def _support(score: Score, body: Body, tracks: list[FootTrack]) -> np.ndarray:
    """Return where the centre of mass wants to be (frames, 3), y 0: over the feet that bear it."""
    lifted = []
    for legs, track in zip(score.legs, tracks, strict=True):
        at = legs.track.segments(body.times)
        up = np.array([goal.kind != "floor" for goal in legs.goals], float)
        off = (np.maximum(up[at.entries[:, 1]], up[at.entries[:, 2]]) > 0) | track.moving
        reach = 4
        grown = np.array([off[max(0, i - reach) : i + reach + 1].max() for i in range(len(off))], float)
        lifted.append(np.clip(smoothed(np.maximum(grown, off), 2.5), 0, 1))
    own = np.clip(np.stack([0.5 + body.numbers["weight"] / 2, 0.5 - body.numbers["weight"] / 2]), 0.02, 0.98)
    left, right = lifted
    both = np.minimum(left, right)
    shares = own * (1 - np.stack([left - both, right - both]) * 0.98)
    shares = shares / shares.sum(axis=0)
    centres = [track.ankle * 0.55 + track.toe * 0.45 for track in tracks]
    support = sum(share[:, None] * centre for share, centre in zip(shares, centres, strict=True))
    for flight in score.flights:  # what flies goes on as it left
        first, last = (int(np.clip(moment * FPS, 0, len(support) - 1)) for moment in (flight.start, flight.end + 0.1))
        share = np.linspace(0, 1, last - first + 1)[:, None]
        support[first : last + 1] = support[first] * (1 - share) + support[last] * share
    return smoothed(support * (1.0, 0.0, 1.0), 1.6)


def _first_pelvis(score: Score, body: Body, tracks: list[FootTrack], rng: np.random.Generator) -> np.ndarray:
    n = body.numbers
    height = height_curve(score.numbers["drop"], score.flights, body.times)
    size = score.sway * n["unrest"]
    wander = unrest(rng, body.times, 3, 0.1, 0.6) * np.array([0.007, 0.0, 0.008]) * size[:, None]
    offset = np.stack([n["shift"], np.zeros(len(height)), n["forward"]], axis=-1)
    support = _support(score, body, tracks)
    body.spot[:] = 0.0
    there = np.stack([n["left"], np.zeros(len(height)), n["ahead"]], axis=-1)
    support = support + (there - support) * np.clip(n["placed"], 0, 1)[:, None]
    place = support + np.einsum("fij,fj->fi", body.heading, offset) + wander
    place[:, 1] = STANDING_HEIGHT - height
    return place


def _settle_pelvis(score: Score, body: Body, tracks: list[FootTrack], joints: np.ndarray) -> list[LegPose]:
    """Move the pelvis until legs reach, the mass is supported and what lies lies on the floor."""
    wanted = joints[:, 0].copy()
    flying = np.zeros(len(joints), bool)
    for flight in score.flights:
        flying |= (body.times >= flight.start - 0.01) & (body.times <= flight.end + 0.01)
    poses, clocks = [], [legs.track.segments(body.times) for legs in score.legs]
    for number in range(_PULLS):
        place_trunk(joints, body.pelvis, body.chest, body.head)
        poses = [
            solve_leg(
                score.legs[side], tracks[side], clocks[side], side, body.pelvis, body.heading,
                joints[:, JOINT_INDEX[f"{SIDES[side]}_hip"]],
            )
            for side in range(2)
        ]  # fmt: skip
        low = joints[:, 0, 1].min() < _LOW
        if low or number == 0:
            for side, pose in enumerate(poses):
                place_leg(joints, pose, side, body.pelvis)
        move = _owed_by_pelvis(poses, flying)
        if low and number:
            move[:, 1] += _sunk_knees(joints)
        if number == _PULLS - 1 or (number > 0 and length(move).max() < _CLOSE):
            break
        if number == 0:
            move = move + _balance(score, body, joints, wanted)
        joints[:, 0] += move
        settle = np.clip(body.numbers["settle"], 0, 1)
        if settle.any():
            place_trunk(joints, body.pelvis, body.chest, body.head)
            joints[:, 0, 1] -= settle * _lying_point(joints, body)
    return poses


def _sunk_knees(joints: np.ndarray) -> np.ndarray:
    """Return by how much (frames,) the lower knee is under the floor."""
    knees = joints[:, [JOINT_INDEX["left_knee"], JOINT_INDEX["right_knee"]], 1].min(axis=1)
    sunk = np.maximum(RADII["left_knee"] - 0.01 - knees, 0.0)
    return np.maximum(sunk, smoothed(sunk, 1.5))


def _lying_point(joints: np.ndarray, body: Body) -> np.ndarray:
    """Return the height (frames,) of the lowest part of trunk, seat and shoulders."""
    parts = [lowest_point(joints, _LYING)]
    for side in SIDES:
        rest = REST_OFFSETS[JOINT_INDEX[f"{side}_shoulder"]]
        parts.append((joints[:, JOINT_INDEX[f"{side}_collar"]] + body.chest @ rest)[:, 1] - RADII["left_shoulder"])
        parts.append(joints[:, JOINT_INDEX[f"{side}_hip"], 1] - _SEAT)
    return np.min(parts, axis=0)


def _owed_by_pelvis(poses: list[LegPose], flying: np.ndarray) -> np.ndarray:
    """Return the move (frames, 3) that planted feet and kneeling knees need, grown and smoothed in time."""
    parts = np.stack([pose.owed for pose in poses])
    asking = (length(parts) > 1e-4).sum(axis=0)
    owed = parts.sum(axis=0) / np.maximum(asking, 1)[:, None]
    owed[flying] = 0.0
    size = np.linalg.norm(owed, axis=-1)
    if size.max() < 1e-4:
        return owed
    return np.where(size[:, None] > 0, owed, smoothed(owed, 1.2))


def _balance(score: Score, body: Body, joints: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the horizontal move (frames, 3) that brings the centre of mass to where the pelvis was wanted."""
    share = (np.clip(body.numbers["balance"], 0, 1) * (1 - np.clip(body.numbers["placed"], 0, 1)))[:, None]
    arms = joints.copy()
    solve_arms(score, body, arms, None)
    centre = centre_of_mass(arms)
    return share * smoothed((wanted - centre) * (1.0, 0.0, 1.0), 2.2)


def _clearance(score: Score, body: Body, joints: np.ndarray, side: int) -> np.ndarray:
    """Return how high above the floor (frames,) a foot is kept on its way between the floor and the air.

    A foot that goes to or from where its leg kneels is lifted as far as it has to travel.
    """
    legs, foot = score.legs[side], score.feet[side]
    at = legs.track.segments(body.times)
    kinds = np.array([{"floor": 1, "kneel": -2}.get(goal.kind, -1) for goal in legs.goals])
    here, there = kinds[at.entries[:, 1]], kinds[at.entries[:, 2]]
    knees = np.array([goal.forward for goal in legs.goals])
    knee = np.where(here == -2, knees[at.entries[:, 1]], knees[at.entries[:, 2]])
    way = np.abs(number_curve(foot.forward.values, foot.forward.track, body.times, 0.0) - (knee - _KNEE_TO_FOOT))
    share = np.where(np.minimum(here, there) == -2, np.clip(way / 0.3 - 0.2, 0, 1), 1.0)
    upright = np.clip((joints[:, 0, 1] - 0.35) / 0.2, 0, 1)  # a leg that lies may slide
    share = np.where(np.minimum(here, there) == -2, share, share * upright)
    return np.where(here * there < 0, share * _FOOT_CLEARANCE * np.sin(np.pi * at.share) ** 0.7, 0.0)


def _keep_foot_above(joints: np.ndarray, side: int, clearance: np.ndarray) -> None:
    """Raise an ankle that a blend took under ``clearance`` (frames,), the knee on its side of the leg."""
    hip, knee, ankle, toe = (
        joints[:, JOINT_INDEX[f"{SIDES[side]}_{part}"]] for part in ("hip", "knee", "ankle", "foot")
    )
    low = np.minimum(ankle[:, 1] - 0.058, toe[:, 1]) - clearance
    under = low < -0.002
    if not under.any():
        return
    raised = ankle[under] - hip[under]
    raised[:, 1] -= low[under]
    upper, lower = np.linalg.norm(knee[0] - hip[0]), np.linalg.norm(ankle[0] - knee[0])
    axis = unit(ankle[under] - hip[under])
    pole = knee[under] - hip[under]
    pole = pole - np.sum(pole * axis, axis=-1, keepdims=True) * axis + 1e-6
    rotation, bend = two_bone(raised, pole, upper, lower)
    foot = toe[under] - ankle[under]
    knee[under] = hip[under] + rotation[..., 0] * upper
    ankle[under] = knee[under] + lower_direction(rotation, bend) * lower
    toe[under] = ankle[under] + foot


# --- arms ---------------------------------------------------------------------------------------------------------


def solve_arms(score: Score, body: Body, joints: np.ndarray, rng: np.random.Generator | None) -> None:
    """Place shoulders, elbows and wrists of ``joints`` (frames, 22, 3), metres; ``rng`` adds unrest."""
    stage = Stage(joints, body.pelvis, body.chest, body.head, body.heading, body.spot, body.arms)
    for side in range(2):  # a first guess of where shoulders are, for goals on the other arm
        joints[:, JOINT_INDEX[f"{SIDES[side]}_shoulder"]] = stage.shoulder(side)
    needs = [any(goal.frame in ON_THE_OTHER_ARM for goal in hand.goals) for hand in score.hands]
    order = (1, 0) if needs[0] else (0, 1)
    for side in order:
        _solve_arm(score, body, stage, side, rng)


def _solve_arm(score: Score, body: Body, stage: Stage, side: int, rng: np.random.Generator | None) -> None:
    hand, joints = score.hands[side], stage.joints
    times = body.times
    at = hand.track.segments(times)
    late = hand.track.segments(times - _FOREARM_LAG)
    loose = np.array([0.0 if goal.firm else 1.0 for goal in hand.goals])
    held = loose[at.entries[:, 1]]
    late = _firm_in_time(late, at, loose)
    rotations, bends, follows = solve_goals(hand.goals, np.hstack([at.entries, late.entries]), stage, side)
    rotation = blend_rotations(rotations[:, :4], at, held)
    bend = hermite(bends[:, 4:, None], late, held)[:, 0]
    follow = hermite(follows[:, :4], at, 0.0)
    if rng is not None:
        free = hermite(loose[at.entries][..., None], at, 0.0)[:, 0]
        rotation, bend = _arm_unrest(score, body, rotation, bend, free, rng)
    shrug = np.radians(body.numbers["shrug"] + (body.numbers["lead_shrug"] if side == 0 else 0.0))
    offset = shoulder_offset(follow[:, 0] + shrug, follow[:, 1])
    name = SIDES[side]
    shoulder = stage.at(f"{name}_collar") + from_out(body.chest, offset, side)
    elbow = shoulder + from_out(body.chest, rotation[..., 0], side) * UPPER_ARM
    bend = np.clip(bend, 0.03, np.radians(152))
    wrist = elbow + from_out(body.chest, lower_direction(rotation, bend), side) * FOREARM
    for part, place in (("shoulder", shoulder), ("elbow", elbow), ("wrist", wrist)):
        joints[:, JOINT_INDEX[f"{name}_{part}"]] = place
    _keep_hand_above(joints, side, shoulder, elbow)


def _firm_in_time(late: Segments, at: Segments, loose: np.ndarray) -> Segments:
    """Return the clock ``late``, but ``at`` in frames that hold something: there the forearm is in time."""
    firm = (loose[at.entries[:, 1]] < 0.5) & (at.entries[:, 1] == at.entries[:, 2])
    pick = firm[:, None]
    return Segments(
        np.where(pick, at.entries, late.entries),
        np.where(pick, at.spans, late.spans),
        np.where(firm, at.share, late.share),
        np.where(firm, at.since, late.since),
    )


def _arm_unrest(
    score: Score, body: Body, rotation: np.ndarray, bend: np.ndarray, free: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Lay unrest on an arm: a degree or two at the shoulder, a little more at the elbow; none where a hand rests."""
    from scipy.spatial.transform import Rotation

    size = score.sway * free * body.numbers["unrest"]
    slow = unrest(rng, body.times, 4, 0.15, 1.0) * np.radians([1.3, 1.3, 1.6, 2.2])
    quick = unrest(rng, body.times, 4, 1.2, 3.5) * np.radians([0.35, 0.35, 0.4, 0.7])
    noise = (slow + quick) * size[:, None]
    return rotation @ Rotation.from_rotvec(noise[:, :3]).as_matrix(), bend + noise[:, 3]


def _keep_hand_above(joints: np.ndarray, side: int, shoulder: np.ndarray, elbow: np.ndarray) -> None:
    """Raise a wrist or elbow that would pass through the floor."""
    name = SIDES[side]
    at_wrist, at_elbow = joints[:, JOINT_INDEX[f"{name}_wrist"]], joints[:, JOINT_INDEX[f"{name}_elbow"]]
    low = np.maximum(RADII["left_wrist"] - at_wrist[:, 1], 0.0)
    sunk = np.maximum(RADII["left_elbow"] - at_elbow[:, 1], 0.0)
    under = (low > 1e-3) | (sunk > 1e-3)
    if not under.any():
        return
    target = at_wrist[under] - shoulder[under]
    target[:, 1] += low[under]
    pole = elbow[under] - shoulder[under] + (0.0, 1e-6, 0.0)
    pole[:, 1] += 3.0 * sunk[under]
    axis = unit(target)
    pole = pole - np.sum(pole * axis, axis=-1, keepdims=True) * axis
    rotation, bend = two_bone(target, pole, UPPER_ARM, FOREARM)
    at_elbow[under] = shoulder[under] + rotation[..., 0] * UPPER_ARM
    at_wrist[under] = at_elbow[under] + lower_direction(rotation, bend) * FOREARM
