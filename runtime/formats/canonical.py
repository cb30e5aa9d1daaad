"""From any source skeleton to the canonical body: 22 joints, 20 fps, floor at y = 0, facing +Z.

Method. Joints are matched by meaning (joint_maps.json). What a source measures well is kept: the directions of
thighs, shanks, feet, upper arms and forearms, and the frames of pelvis, chest and head. The trunk is rebuilt
from those frames with the canonical offsets, so that spines of different make become one: hips and spine1
move rigidly with the pelvis, neck and collars with the chest, and the spine between turns by thirds from one
to the other. The trajectory of the hips is scaled by the ratio of leg lengths, so that feet do not skate.
A source's own rest pose (or constants measured on standing frames, in the map) says how far its frames lean
when its person stands upright.

Axes: Y up, right-handed, metres; a frame's columns are left, up, forward.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import (
    BONE_LENGTHS,
    FPS,
    JOINT_COUNT,
    JOINT_INDEX,
    MIRROR,
    PARENTS,
    REST_OFFSETS,
    rest_joints,
)

from .clip import SourceClip, rotation_matrices
from .placing import check_handedness, mend

MAPS_PATH = Path(__file__).with_name("joint_maps.json")
LIMBS = ("hip", "knee", "ankle", "toe", "shoulder", "elbow", "wrist")
UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Calibration:
    """How a source's frames stand when its person stands upright.

    pelvis, chest, head  degrees its frame leans forward; foot: degrees its foot points down
    shoulder             (3,) metres added to the left shoulder's place relative to the neck, in the chest frame
    """

    pelvis: float
    chest: float
    head: float
    foot: float
    shoulder: np.ndarray


@dataclass(frozen=True)
class JointMap:
    """Which source joints mean what. ``limbs[part]`` is (left, right); the pairs span the trunk's frames.

    ``stylised`` bodies (big feet, short legs) do not keep the floor of their file when rebuilt. ``marks`` are
    joints that tell the map from another of the same names.
    """

    name: str
    limbs: dict[str, tuple[str, str]]
    pelvis_up: tuple[str, str]
    chest_up: tuple[str, str]
    head_up: tuple[str, str]
    calibration: str | Calibration
    stylised: bool = False
    marks: tuple[str, ...] = ()

    @cached_property
    def joints(self) -> set[str]:
        """Every source joint the map needs."""
        trunk = {*self.pelvis_up, *self.chest_up, *self.head_up} - {"hips", "shoulders"}
        return trunk | {*self.marks} | {name for pair in self.limbs.values() for name in pair}


@cache
def joint_maps() -> dict[str, JointMap]:
    """Return the joint maps by name, read from joint_maps.json."""
    maps = {}
    for name, entry in json.loads(MAPS_PATH.read_text(encoding="utf-8")).items():
        left, right = entry["sides"]
        limbs = {part: (entry[part].format(s=left), entry[part].format(s=right)) for part in LIMBS}
        calibration = entry["calibration"]
        if isinstance(calibration, dict):
            calibration = Calibration(**{**calibration, "shoulder": np.array(calibration["shoulder"], float)})
        pairs = (tuple(entry[key]) for key in ("pelvis_up", "chest_up", "head_up"))
        maps[name] = JointMap(
            name, limbs, *pairs, calibration, entry.get("stylised", False), tuple(entry.get("marks", ()))
        )
    return maps


def measured_map(names: Iterable[str]) -> JointMap | None:
    """Return the joint map with constants, measured on standing frames, whose very names these are; None for others.

    Maps of the canonical body's own names are left out: many sources share those.
    """
    present, ours = set(names), set(JOINT_INDEX)
    return next(
        (
            candidate
            for candidate in joint_maps().values()
            if isinstance(candidate.calibration, Calibration)
            and candidate.joints <= present
            and not {name for pair in candidate.limbs.values() for name in pair} <= ours
        ),
        None,
    )


def match_map(clip: SourceClip) -> JointMap:
    """Choose the joint map that covers the clip's joints best. Raises DataError naming what is missing."""
    present = set(clip.names)
    best = max(joint_maps().values(), key=lambda candidate: len(candidate.joints & present) / len(candidate.joints))
    missing = sorted(best.joints - present)
    if missing:
        raise DataError(
            f"{clip.name}: no joint map fits; the nearest ({best.name}) misses {', '.join(missing[:6])}",
            "Rename the joints, or add a map to runtime/formats/joint_maps.json",
        )
    return best


# --- sampling in time -----------------------------------------------------------------------------------------


def resample(values: np.ndarray, fps: float, target: float = FPS) -> np.ndarray:
    """Resample ``values`` (frames, ...), any unit, from ``fps`` to ``target`` frames a second without aliasing.

    Returns (frames * target / fps, ...), rounded. A linear-phase low-pass filter (Kaiser window) and polyphase
    resampling, the ends continued by point reflection so that they neither ring nor drop.
    """
    ratio = Fraction(target / fps).limit_denominator(400)
    if ratio == 1:
        return values.copy()
    from scipy.signal import resample_poly

    frames = len(values)
    wanted = max(1, int((frames - 1) * ratio) + 1)
    if frames < 3:
        return values[np.minimum((np.arange(wanted) / float(ratio)).astype(int), frames - 1)]
    # a pad of a whole number of output steps keeps sample 0 at time 0
    pad = 11 * max(ratio.numerator, ratio.denominator)
    pad += -pad % ratio.denominator
    padded = values
    left = pad
    while left > 0:
        step = min(left, len(padded) - 1)
        padded = np.pad(padded, [(step, step)] + [(0, 0)] * (values.ndim - 1), "reflect", reflect_type="odd")
        left -= step
    sampled = resample_poly(padded, ratio.numerator, ratio.denominator, axis=0)
    first = int(pad * ratio)
    return sampled[first : first + wanted]


# --- frames of the source ---------------------------------------------------------------------------------------


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _frame(left: np.ndarray, up: np.ndarray, keep: str) -> np.ndarray:
    """Frames (..., 3, 3) with columns left, up, forward; ``keep`` says which given axis is exact."""
    if keep == "left":
        left = _unit(left)
        up = _unit(up - np.sum(up * left, axis=-1, keepdims=True) * left)
    else:
        up = _unit(up)
        left = _unit(left - np.sum(left * up, axis=-1, keepdims=True) * up)
    return np.stack([left, up, np.cross(left, up)], axis=-1)


@dataclass(frozen=True)
class Measured:
    """What a source says about the body, (frames, ...): limb points by part (frames, 2, 3) and trunk frames."""

    limbs: dict[str, np.ndarray]
    pelvis: np.ndarray
    chest: np.ndarray
    head: np.ndarray
    neck: np.ndarray

    def part(self, frames: np.ndarray) -> Measured:
        """Return the ``frames`` (frames,) bool alone."""
        limbs = {part: points[frames] for part, points in self.limbs.items()}
        return Measured(limbs, self.pelvis[frames], self.chest[frames], self.head[frames], self.neck[frames])

    @property
    def leg_length(self) -> float:
        thigh = np.linalg.norm(self.limbs["knee"] - self.limbs["hip"], axis=-1)
        shank = np.linalg.norm(self.limbs["ankle"] - self.limbs["knee"], axis=-1)
        return known_median(thigh) + known_median(shank)

    @property
    def shoulder_width(self) -> float:
        shoulders = self.limbs["shoulder"]
        return known_median(np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=-1))


def known_median(lengths: np.ndarray) -> float:
    """Return the median of those ``lengths`` (N,), any unit, that are numbers; NaN where none is."""
    known = lengths[~np.isnan(lengths)]
    return float(np.median(known)) if len(known) else float("nan")


def measure(names: tuple[str, ...], positions: np.ndarray, joint_map: JointMap) -> Measured:
    """Return what positions (frames, joints, 3), metres, Y up, of the joints ``names`` say of the body."""
    index = {name: place for place, name in enumerate(names)}
    limbs = {part: positions[:, [index[name] for name in pair]] for part, pair in joint_map.limbs.items()}
    points = {"hips": limbs["hip"].mean(axis=1), "shoulders": limbs["shoulder"].mean(axis=1)}

    def span(pair: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
        ends = [points[name] if name in points else positions[:, index[name]] for name in pair]
        return ends[1] - ends[0], ends[1]

    hips = limbs["hip"][:, 0] - limbs["hip"][:, 1]
    shoulders = limbs["shoulder"][:, 0] - limbs["shoulder"][:, 1]
    chest_up, neck = span(joint_map.chest_up)
    pelvis = _frame(hips, span(joint_map.pelvis_up)[0], "left")
    chest = _frame(shoulders, chest_up, "up")
    head = _frame(chest[..., 0], span(joint_map.head_up)[0], "up")
    return Measured(limbs, pelvis, chest, head, neck)


# --- calibration --------------------------------------------------------------------------------------------------

_REST = rest_joints()
_SHOULDER = JOINT_INDEX["left_shoulder"]
_NECK = JOINT_INDEX["neck"]
_FOOT_PITCH = np.degrees(np.arcsin(-REST_OFFSETS[10, 1] / BONE_LENGTHS[10]))
_SHOULDER_WIDTH = 2 * _REST[_SHOULDER, 0]
LEG_LENGTH = BONE_LENGTHS[4] + BONE_LENGTHS[7]


def _lean(frame: np.ndarray) -> np.ndarray:
    """Degrees by which frames (..., 3, 3) lean forward of upright."""
    forward = np.cross(_unit(frame[..., 0] * (1 - UP)), UP)
    return np.degrees(np.arctan2(np.sum(frame[..., 1] * forward, axis=-1), frame[..., 1, 1]))


def _shoulder_places(measured: Measured, chest: np.ndarray) -> np.ndarray:
    """Shoulders relative to the neck in the chest's frame, at canonical width: (frames, 2, 3)."""
    relative = np.einsum("fji,fsj->fsi", chest, measured.limbs["shoulder"] - measured.neck[:, None])
    return relative * (_SHOULDER_WIDTH / max(measured.shoulder_width, 1e-6))


def _foot_pitch(measured: Measured) -> np.ndarray:
    """Degrees by which the feet point down, (frames, 2)."""
    direction = _unit(measured.limbs["toe"] - measured.limbs["ankle"])
    return np.degrees(np.arcsin(np.clip(-direction[..., 1], -1, 1)))


def calibrate(measured: Measured, leaning: float | None = None) -> Calibration:
    """Calibrate on frames of an upright stance (a rest pose, or the median of standing frames).

    ``leaning``: degrees that the chest's frame leans when upright, where that is known, for frames that are no stance.
    """
    pelvis, chest, head = (float(np.median(_lean(f))) for f in (measured.pelvis, measured.chest, measured.head))
    chest = chest if leaning is None else leaning
    upright = measured.chest @ rotation_matrices(np.array(-chest), "x")
    place = np.median(_shoulder_places(measured, upright), axis=0)
    place = (place[0] + place[1] * [-1, 1, 1]) / 2
    wanted = _REST[_SHOULDER] - _REST[_NECK]
    foot = float(np.median(_foot_pitch(measured)))
    if not np.isfinite([pelvis, chest, head, foot, *place]).all():
        raise DataError("The skeleton at rest holds values that are not numbers", "Export it again")
    return Calibration(pelvis, chest, head, foot, wanted - place)


def rest_calibration(clip: SourceClip, joint_map: JointMap) -> Calibration:
    """Calibration of a clip: the map's constants, or measured on the clip's rest pose."""
    if isinstance(joint_map.calibration, Calibration):
        return joint_map.calibration
    if joint_map.calibration == "canonical":
        return _canonical_calibration()
    if clip.rest is None:
        raise DataError(f"{clip.name}: its joint map needs a rest pose", "Give the map constants instead")
    return calibrate(measure(clip.names, clip.rest[None], joint_map))


@cache
def _canonical_calibration() -> Calibration:
    return calibrate(measure(tuple(JOINT_INDEX), _REST[None], joint_maps()["canonical"]))


# --- the canonical body ---------------------------------------------------------------------------------------------


def _between(first: np.ndarray, second: np.ndarray, *fractions: float) -> list[np.ndarray]:
    """Rotations (frames, 3, 3) that lie each of ``fractions`` of the way from ``first`` to ``second``."""
    from scipy.spatial.transform import Rotation

    turn = Rotation.from_matrix(np.swapaxes(first, -1, -2) @ second).as_rotvec()
    return [first @ Rotation.from_rotvec(turn * fraction).as_matrix() for fraction in fractions]


def _turn_down(direction: np.ndarray, shank: np.ndarray, degrees: float) -> np.ndarray:
    """Turn foot directions (..., 3) down by ``degrees`` about their lateral axis."""
    lateral = _unit(np.cross(shank, direction))
    angle = np.radians(degrees)
    return np.cos(angle) * direction + np.sin(angle) * np.cross(lateral, direction)


def _set_limb(joints: np.ndarray, left: str, direction: np.ndarray) -> None:
    """Place the joint ``left`` and its mirror at their parents plus ``direction`` (frames, 2, 3) bones."""
    index = JOINT_INDEX[left]
    for side, joint in enumerate((index, MIRROR[index])):
        joints[:, joint] = joints[:, PARENTS[joint]] + _unit(direction[:, side]) * BONE_LENGTHS[joint]


def _set_trunk(joints: np.ndarray, pelvis: np.ndarray, chest: np.ndarray, head: np.ndarray) -> None:
    """Place hips, spine, neck, collars and head from the three frames (frames, 3, 3)."""
    low, high = _between(pelvis, chest, 1 / 3, 2 / 3)
    frames = {
        "left_hip": pelvis, "right_hip": pelvis, "spine1": pelvis,
        "spine2": low, "spine3": high,
        "neck": chest, "left_collar": chest, "right_collar": chest, "head": head,
    }  # fmt: skip
    for name, frame in frames.items():
        index = JOINT_INDEX[name]
        joints[:, index] = joints[:, PARENTS[index]] + frame @ REST_OFFSETS[index]


def to_canonical_body(
    names: tuple[str, ...], positions: np.ndarray, joint_map: JointMap, cal: Calibration
) -> np.ndarray:
    """Rebuild source ``positions`` (frames, J, 3), metres, on the canonical body: (frames, 22, 3), not yet placed.

    Raises DataError where joints of the trunk fall together.
    """
    measured = measure(names, positions, joint_map)
    limbs = measured.limbs
    for part in (measured.pelvis, measured.chest, measured.head):
        if np.linalg.norm(part, axis=-2).min(initial=1.0) < 0.5:  # its columns have length 1, or 0
            raise DataError("Joints of hips, chest or head fall together", "Export it with bones that have a length")

    def upright(frame: np.ndarray, lean: float) -> np.ndarray:
        return frame @ rotation_matrices(np.array(-lean), "x")

    pelvis, chest = upright(measured.pelvis, cal.pelvis), upright(measured.chest, cal.chest)
    joints = np.zeros((len(positions), JOINT_COUNT, 3))
    hips = limbs["hip"].mean(axis=1) * (LEG_LENGTH / measured.leg_length)
    joints[:, 0] = hips - pelvis @ ((REST_OFFSETS[1] + REST_OFFSETS[2]) / 2)
    _set_trunk(joints, pelvis, chest, upright(measured.head, cal.head))
    places = _shoulder_places(measured, chest) + np.stack([cal.shoulder, cal.shoulder * [-1, 1, 1]])
    shoulders = joints[:, None, _NECK] + np.einsum("fij,fsj->fsi", chest, places)
    collars = joints[:, [JOINT_INDEX["left_collar"], JOINT_INDEX["right_collar"]]]
    _set_limb(joints, "left_shoulder", shoulders - collars)
    _set_limb(joints, "left_elbow", limbs["elbow"] - limbs["shoulder"])
    _set_limb(joints, "left_wrist", limbs["wrist"] - limbs["elbow"])
    _set_limb(joints, "left_knee", limbs["knee"] - limbs["hip"])
    _set_limb(joints, "left_ankle", limbs["ankle"] - limbs["knee"])
    foot = _unit(limbs["toe"] - limbs["ankle"])
    _set_limb(joints, "left_foot", _turn_down(foot, limbs["knee"] - limbs["ankle"], _FOOT_PITCH - cal.foot))
    return joints


def canonicalise(
    clip: SourceClip, joint_map: JointMap, check: bool = True, tell: Callable[[str], None] | None = None
) -> list[np.ndarray]:
    """Turn a source clip into motions of the canonical body at 20 fps, not yet placed: [(frames, 22, 3)].

    One motion in metres, or several where a jump had to be cut out; a clip of one frame is a pose, and stays one.
    ``tell`` is given a line where frames were mended or left out. Raises DataError for joints the map misses, and for a
    mirrored skeleton unless ``check`` is False.
    """
    return [joints for _, joints in canonical_pieces(clip, joint_map, check, tell=tell)]


def canonical_pieces(
    clip: SourceClip,
    joint_map: JointMap,
    check: bool = True,
    keyed: bool = False,
    tell: Callable[[str], None] | None = None,
) -> list[tuple[float, np.ndarray]]:
    """Do what :func:`canonicalise` does, and say where in the clip each motion starts: [(seconds, (frames, 22, 3))].

    Joints are in metres. ``keyed`` says that animators made the motion: its snaps are meant, and nothing is mended or
    cut.
    """
    missing = sorted(joint_map.joints - set(clip.names))
    if missing:
        raise DataError(f"{clip.name} lacks {', '.join(missing[:6])}", f"The joint map {joint_map.name} needs them")
    calibration = rest_calibration(clip, joint_map)
    keep = [place for place, name in enumerate(clip.names) if name in joint_map.joints]
    names = tuple(clip.names[place] for place in keep)
    positions = clip.positions[:, keep]
    leg_length = measure(names, positions, joint_map).leg_length
    if not leg_length >= 1e-6:  # nor where there is no number
        raise DataError(f"{clip.name}: its legs have no length", "Export it with bones that have a length")
    positions = positions * (LEG_LENGTH / leg_length)
    spans = [(0, len(positions))]
    if len(positions) > 1 and (not keyed or not np.isfinite(positions).all()):
        hips = [names.index(name) for name in joint_map.limbs["hip"]]
        positions, spans, repaired = mend(positions, positions[:, hips].mean(axis=1), clip.fps)
        lost = len(positions) - sum(stop - start for start, stop in spans)
        if tell is not None and (repaired or lost or len(spans) > 1):
            pieces = f", which makes {len(spans)} pieces" if len(spans) > 1 else ""
            tell(f"{clip.name}: {repaired} frames that jump were bridged and {lost} left out{pieces}")
    motions = []
    for start, stop in spans:
        sampled = resample(positions[start:stop], clip.fps)
        whole = stop - start == len(clip.positions)
        if len(sampled) > 1 or (whole and np.isfinite(sampled).all()):  # a pose, or hardly more
            joints = to_canonical_body(names, sampled, joint_map, calibration)
            if check:
                check_handedness(joints, clip.name)
            motions.append((start / clip.fps, joints))
    return motions
