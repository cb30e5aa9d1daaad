"""What the joints of any file mean, which way is up, and how its skeleton stands: the same for every reader.

Names are understood by the tables and the code that armatures are (coamd_blender.retarget: presets, words, shape), and
trees without such names by the lengths of their limbs. A rest pose is believed when it is a stance, and otherwise the
frames in which the body stands most nearly take its place. The result is a clip of the few places that
canonical.py rebuilds a body from, Y up and in metres, with the calibration of its skeleton.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.rotations import unit
from coamd_blender.motion.skeleton import JOINT_NAMES, PARENTS, rest_joints
from coamd_blender.retarget import stance
from coamd_blender.retarget.creature import why_not_a_person
from coamd_blender.retarget.mapping import Mapping

from . import axes
from .canonical import LIMBS, Calibration, JointMap, calibrate, known_median, measure, measured_map
from .clip import SourceClip
from .figure import REMEDY, find_figure
from .options import ReadOptions, axis_of, unit_of

SIDES = ("left", "right")
PAIRS = {
    "pelvis_up": ("hips", "pelvis_top"),
    "chest_up": ("chest_low", "chest_top"),
    "head_up": ("head_low", "head_top"),
}
# Ends closer than this share of a leg give no direction.
_NEAR = 0.04
# How nearly a skeleton must be the canonical body's for its frames to be known: bone lengths, and degrees in the trunk.
_SAME, _ALIKE, _ALIKE_DEGREES = 0.02, 0.25, 4.0
_BELIEVED = 0.15  # by how much lengths at rest may differ from those in motion
_UPRIGHT = 0.6  # cosine of 53 degrees: what never comes nearer to upright is not seen to stand
_STANDS = 0.86  # cosine of 30 degrees: a body further from upright does not stand
_FOOT_JOINTS = {"toe": "foot"}


@dataclass(frozen=True)
class Understood:
    """A clip of the places in PAIRS and LIMBS, Y up, metres, and the map that canonical.py rebuilds it by.

    line: what was found, for people. turn, unit: (3, 3) and metres, which bring the file's own places to Y up.
    """

    clip: SourceClip
    joint_map: JointMap
    line: str
    turn: np.ndarray = field(default_factory=lambda: np.eye(3))
    unit: float = 1.0


def understand(clip: SourceClip, options: ReadOptions | None = None) -> Understood:
    """Find what a clip's joints mean and how it stands. Raises DataError, with the reason, where that cannot be."""
    options = options or ReadOptions()
    figure, told = find_figure(clip)
    mapping, named = figure
    clip = named
    body = _Body(clip, mapping)
    rest_up = None if body.believed is None else _rest_up(body.believed)
    if rest_up is None and body.measured is not None:
        rest_up = axes.up_of("y")  # as all files of this make
    said = options.up or clip.up
    found = axes.find_up(body.motion, rest_up) if said is None else axes.Found(axes.up_of(said), axis_of(said), False)
    up = found.up
    metres, word = axes.find_unit(body.leg)
    if options.unit is not None:
        metres, word = unit_of(options.unit), f"units of {unit_of(options.unit):g} m"
    turn = axes.to_y_up(up)
    body.check()
    body.check_person(up)
    motion = {name: place @ turn.T * metres for name, place in body.columns(body.motion, True).items()}
    names = tuple(motion)
    placed = SourceClip(
        names, (-1,) * len(names), np.stack(list(motion.values()), axis=1), clip.fps, clip.name, None, clip.notes
    )
    joint_map = _joint_map(mapping.preset)
    calibration, how = _calibration(body, placed, joint_map, turn)
    told += [] if "left_foot" in body.motion else ["it has no toes, and feet are turned as the ankles are"]
    parts = [f"{found.name.upper()} up", f"in {word}", f"{clip.fps:g} frames a second", f"joints by {mapping.preset}"]
    if found.doubtful:
        parts[0] += " (another axis is nearly as likely: say so with --up)"
    if body.why:
        parts.append(f"its rest pose is not a stance ({body.why}), so {how}")
    return Understood(
        placed, replace(joint_map, calibration=calibration), "; ".join([*parts, *told, *clip.notes]), turn, metres
    )


# --- its places -------------------------------------------------------------------------------------------------------


class _Body:
    """The places of a clip by what they mean: ``motion`` joint name to (F, 3), ``rest`` to (1, 3) or None."""

    def __init__(self, clip: SourceClip, mapping: Mapping):
        self.clip = clip
        self._index = {name: place for place, name in enumerate(clip.names)}
        self._bones = dict(mapping.bones)
        self.motion = {joint: clip.positions[:, self._index[bone]] for joint, bone in self._bones.items()}
        self.rest = None
        if clip.rest is not None:
            self.rest = {joint: clip.rest[None, self._index[bone]] for joint, bone in self._bones.items()}
        self.leg = self._leg(self.motion)
        if not self.leg > 0:
            raise DataError(f"{clip.name}: its legs have no length", "Export it with bones that have a length")
        for upper, lower in (("ankle", "foot"), ("elbow", "wrist"), ("neck", "head")):
            for side in ("left_", "right_") if upper != "neck" else ("",):
                self._add_end(f"{side}{upper}", f"{side}{lower}")
        self._add_end("head", "head_end")
        self.ends = _trunk_ends(self.motion, self.leg)
        self.measured = measured_map(clip.names)
        self.believed, self.why = self._believed_rest()

    def _leg(self, places: dict[str, np.ndarray]) -> float:
        total = 0.0
        for side in SIDES:
            for upper, lower in (("hip", "knee"), ("knee", "ankle")):
                lengths = np.linalg.norm(places[f"{side}_{lower}"] - places[f"{side}_{upper}"], axis=-1)
                known = lengths[~np.isnan(lengths)]
                total += float(np.median(known)) if len(known) else np.nan
        return total / 2

    def _add_end(self, joint: str, end: str) -> None:
        """Let the end of a last bone stand for a joint that has none, or that lies where its parent does."""
        if end in self.motion and self.apart(joint, end) > _NEAR * self.leg:
            return
        bone = self._bones.get(joint)
        if bone is None or joint not in self.motion:  # what never had a number is no joint
            return
        parent = self._index[bone]
        for child, above in enumerate(self.clip.parents):
            if above == parent and self._is_free(child):
                away = known_median(np.linalg.norm(self.clip.positions[:, child] - self.motion[joint], axis=-1))
                if away > _NEAR * self.leg:
                    self.motion[end] = self.clip.positions[:, child]
                    if self.rest is not None:
                        self.rest[end] = self.clip.rest[None, child]
                    return
        self.motion.pop(end, None)
        if self.rest is not None:
            self.rest.pop(end, None)

    def _is_free(self, column: int) -> bool:
        return self.clip.names[column] not in self._bones.values()

    def apart(self, first: str, second: str) -> float:
        if first not in self.motion:
            return np.inf
        away = np.linalg.norm(self.motion[first] - self.motion[second], axis=-1)
        away = away[np.isfinite(away)]
        return float(np.median(away)) if len(away) else np.inf

    def _believed_rest(self) -> tuple[dict[str, np.ndarray] | None, str]:
        """Return the rest pose, joint name to (3,), or None and why it is not believed."""
        if self.rest is None:
            return None, "the file has none"
        rest = {joint: place[0] for joint, place in self.rest.items()}
        why = stance.why_not_a_stance(rest)
        if why is None:
            ratio = self._leg(self.rest) / self.leg
            if not 1 - _BELIEVED < ratio < 1 + _BELIEVED:
                why = "its legs are not as long as in the motion"
        return (rest, "") if why is None else (None, why)

    def columns(self, places: dict[str, np.ndarray], turned: bool = False) -> dict[str, np.ndarray]:
        """Return the places that canonical.py needs: limbs by side and part, and the ends of the trunk's frames.

        ``turned``: they are those of the motion, and feet without toes may be told by how the ankles turn.
        """
        found = {}
        for part in LIMBS:
            for side in SIDES:
                found[f"{side}_{part}"] = self._limb(places, side, _FOOT_JOINTS.get(part, part), turned)
        for pair in PAIRS.values():
            for name in pair:
                if name != "hips":
                    found[name] = _end_place(places, self.ends[name])
        return found

    def _limb(self, places: dict[str, np.ndarray], side: str, part: str, turned: bool) -> np.ndarray:
        joint = f"{side}_{part}"
        if joint in places:
            return places[joint]
        if part == "shoulder":
            return places.get(f"{side}_collar", _end_place(places, self.ends["chest_top"]))
        if part == "elbow":
            raise DataError(f"{self.clip.name}: it has no elbows", REMEDY)
        if part == "wrist":
            elbow, shoulder = places[f"{side}_elbow"], places[f"{side}_shoulder"]
            return elbow + (elbow - shoulder)
        return self._toe(places, side, turned)

    def _toe(self, places: dict[str, np.ndarray], side: str, turned: bool) -> np.ndarray:
        """Return where the toes of a foot without any are: ahead of the ankle, square to the shin, a little down."""
        bone = self._bones[f"{side}_ankle"]
        ahead = _ahead(places, side)
        turns = self.clip.last_turns.get(bone)
        if turned and turns is not None and self.believed is not None:
            ahead = np.einsum("fij,j->fi", turns, _ahead(self.rest, side)[0])
        return places[f"{side}_ankle"] + 0.18 * self.leg * ahead

    def check_person(self, up: np.ndarray) -> None:
        """Raise DataError for an animal: it rests as one, and never stands upright. up: (3,) unit, of the file."""
        upright = stance.uprightness(self.motion, up)
        if self.rest is None or np.max(upright, where=np.isfinite(upright), initial=-1.0) > _UPRIGHT:
            return
        rest = {joint: place[0] for joint, place in self.rest.items()}
        legs = sum(rest[f"{side}_hip"] - rest[f"{side}_ankle"] for side in SIDES)
        why = why_not_a_person(self.clip.names, rest, unit(legs))
        if why is not None:
            raise DataError(f"{self.clip.name}: it is not a person's motion: {why}", "Give motions of people")

    def check(self) -> None:
        """Raise DataError for legs that are not a pair."""
        for upper, lower in (("hip", "knee"), ("knee", "ankle")):
            lengths = [self.apart(f"{side}_{upper}", f"{side}_{lower}") for side in SIDES]
            if max(lengths) > 1.5 * min(lengths) or min(lengths) < 0.15 * self.leg:
                raise DataError(
                    f"{self.clip.name}: its legs are not a pair ({lengths[0]:.3g} and {lengths[1]:.3g} from {upper} to "
                    f"{lower})", REMEDY
                )  # fmt: skip


def _ahead(places: dict[str, np.ndarray], side: str) -> np.ndarray:
    """Return the unit direction (F, 3) square to the shin, ahead of the body, a little down."""
    shin = unit(places[f"{side}_knee"] - places[f"{side}_ankle"])
    across = unit(places["left_hip"] - places["right_hip"])
    ahead = unit(np.cross(across, shin))
    out = 0.19 if side == "left" else -0.19  # feet stand 11 degrees outward
    return unit(ahead + out * across - 0.45 * shin)


def _trunk_ends(places: dict[str, np.ndarray], leg: float) -> dict[str, tuple[str, ...]]:
    """Return which joints stand at the ends of the trunk's frames: names, of which the mean is taken.

    A frame reaches from a joint to the next one that lies apart from it; the nearest to what the canonical body has.
    """

    def at(names: tuple[str, ...]) -> np.ndarray:
        return _end_place(places, names)

    def apart(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
        return known_median(np.linalg.norm(at(first) - at(second), axis=-1)) > _NEAR * leg

    hips, shoulders = ("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")
    spine = [(name,) for name in ("spine1", "spine2", "spine3") if name in places]
    tops = [(name,) for name in ("neck",) if name in places]
    tops += [shoulders] if all(name in places for name in shoulders) else []
    tops += [("head",)] if "head" in places else []
    pelvis_top = next((end for end in [*spine, *tops, ("pelvis",)] if apart(hips, end)), None)
    pairs = ((low, top) for top in tops for low in [*reversed(spine), ("pelvis",), hips] if apart(low, top))
    chest = next(pairs, None)
    heads = [("neck", "head"), ("head", "head_end"), ("neck", "head_end")]
    known = (((low,), (top,)) for low, top in heads if low in places and top in places)
    head = next((pair for pair in known if apart(*pair)), chest)
    if pelvis_top is None or chest is None:
        raise DataError("Joints of hips, chest or head fall together", "Export it with bones that have a length")
    return {
        "pelvis_top": pelvis_top,
        "chest_low": chest[0],
        "chest_top": chest[1],
        "head_low": head[0],
        "head_top": head[1],
    }


def _end_place(places: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    return sum(places[name] for name in names) / len(names)


def _joint_map(name: str) -> JointMap:
    limbs = {part: (f"left_{part}", f"right_{part}") for part in LIMBS}
    return JointMap(name, limbs, **PAIRS, calibration="rest")


# --- how it stands ----------------------------------------------------------------------------------------------------


def _rest_up(rest: dict[str, np.ndarray]) -> np.ndarray:
    """Return the way a stance stands: the axis nearest to it, or its own way where it leans far from all."""
    hips = 0.5 * (rest["left_hip"] + rest["right_hip"])
    ankles = 0.5 * (rest["left_ankle"] + rest["right_ankle"])
    way = unit(hips - ankles)
    axis = np.sign(way) * np.eye(3)[np.abs(way).argmax()]
    return unit(axis) if axis @ way > 0.85 else way


def _calibration(body: _Body, placed: SourceClip, joint_map: JointMap, turn: np.ndarray) -> tuple[Calibration, str]:
    """Return how the skeleton's frames stand when its person does, and where that was found."""
    if body.believed is not None:
        upright = axes.to_y_up(_rest_up(body.believed)).T
        stood = {joint: place[None] @ upright for joint, place in body.believed.items()}
        return _calibrate(body, stood, joint_map), "it is read from its rest pose"
    likeness = _likeness(body)
    if likeness < _SAME:
        return _canonical_calibration(
            body, joint_map
        ), "it is taken to be built as the canonical body, which it is like"
    if likeness < _ALIKE:
        return _own_shoulders(
            body, placed, joint_map
        ), "its trunk is taken to be built as the canonical body's, which it is like"
    if body.measured is not None and isinstance(body.measured.calibration, Calibration):
        return body.measured.calibration, f"its frames are those of {body.measured.name}'s files"
    up = np.array([0.0, 1.0, 0.0])
    motion = {joint: place @ turn.T for joint, place in body.motion.items()}
    frames = stance.standing_frames(motion, up)
    if stance.uprightness(motion, up)[frames[0]] < _STANDS:
        return _canonical_calibration(
            body, joint_map
        ), "nobody stands in it, and it is read as the canonical body is built"
    measured = measure(placed.names, placed.positions[frames], joint_map)
    return calibrate(measured), f"it is read from frame {frames[0]}, where the body stands"


def _calibrate(body: _Body, stood: dict[str, np.ndarray], joint_map: JointMap) -> Calibration:
    """Calibrate on places (1, 3) of a stance, Y up, by the joints and the stand-ins that are used in the motion."""
    columns = body.columns(stood)
    return calibrate(measure(tuple(columns), np.stack(list(columns.values()), axis=1), joint_map))


def _canonical_calibration(body: _Body, joint_map: JointMap) -> Calibration:
    rest = dict(zip(JOINT_NAMES, rest_joints()[:, None], strict=True))
    rest["head_end"] = rest["head"] + np.array([0.0, 0.12, 0.0])
    return _calibrate(body, {joint: rest[joint] for joint in body.motion}, joint_map)


def _own_shoulders(body: _Body, placed: SourceClip, joint_map: JointMap) -> Calibration:
    """Return the canonical body's leans, with the place of the shoulders that the skeleton itself has in motion."""
    known = _canonical_calibration(body, joint_map)
    measured = measure(placed.names, placed.positions, joint_map)
    finite = np.isfinite(measured.chest).all(axis=(1, 2))
    return replace(known, shoulder=calibrate(measured.part(finite), known.chest).shoulder)


def _likeness(body: _Body) -> float:
    """Return how far a skeleton is from being built as the canonical body is: the largest share a bone differs by.

    Infinite where the angles of its trunk differ by more than 4 degrees.
    """
    rest = dict(zip(JOINT_NAMES, rest_joints()[:, None], strict=True))
    worst = 0.0
    for joint in ("left_elbow", "left_wrist", "left_knee", "left_ankle", "left_shoulder", "neck", "head"):
        parent = JOINT_NAMES[PARENTS[JOINT_NAMES.index(joint)]]
        if joint in body.motion and parent in body.motion:
            ours = float(np.linalg.norm(rest[joint] - rest[parent])) / axes.LEG
            worst = max(worst, abs(body.apart(joint, parent) / body.leg / ours - 1))
    pairs = [("pelvis", "hips", "spine1"), ("neck", "spine3", "collars"), ("spine3", "neck", "collars")]
    angles = [(_angle(body.motion, *pair), _angle(rest, *pair)) for pair in pairs]
    apart = [np.inf if theirs is None else abs(theirs - ours) for theirs, ours in angles]
    return worst if max(apart) < _ALIKE_DEGREES else np.inf


def _angle(places: dict[str, np.ndarray], first: str, corner: str, second: str) -> float | None:
    """Return the median angle in degrees at ``corner``; hips and collars are the middle of a pair. None if unknown."""
    points = []
    for name in (first, corner, second):
        names = [f"{side}_{name[:-1]}" for side in SIDES] if name in ("hips", "collars") else [name]
        if any(each not in places for each in names):
            return None
        points.append(sum(places[each] for each in names) / len(names))
    one, two = unit(points[0] - points[1]), unit(points[2] - points[1])
    return float(np.degrees(np.arccos(np.clip(np.nanmedian(np.sum(one * two, axis=-1)), -1, 1))))
