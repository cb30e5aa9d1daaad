"""A hand or a foot that stays at a place over some frames of a spliced stretch: the limb reaches for it, exactly.

The motion was made to bring the joint there on the canonical body. A rig has proportions of its own, so the last
centimetres are its own as well: the wrist's or ankle's bone is brought to the place by bending the limb in the plane
it bends in (limbs.two_bone), and keeps its own orientation. Before and after, within the stretch, the correction
fades. Numpy only; rows are frames of the motion that was read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError
from ..motion import rotations as rot
from ..motion.signals import smoothstep
from .limbs import two_bone
from .mapping import Mapping
from .rig import Rig, forward_kinematics
from .splice import Posed, Spliced, Stretch, basis_turns, own_bases

FADE_SECONDS = 0.4
TOLERANCE = 0.01  # metres, or Blender units
CHAINS = {
    f"{side}_{end}": (f"{side}_{upper}", f"{side}_{lower}", f"{side}_{end}")
    for side in ("left", "right")
    for upper, lower, end in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))
}


@dataclass(frozen=True)
class Hold:
    """A place that a limb's end keeps for some rows.

    ``joint``, a wrist or an ankle, is at ``points`` (rows, 3), Y up, Blender's units, from row ``first`` on. ``name``
    says what is held, ``start`` is the scene frame of row 0: for messages.
    """

    joint: str
    first: int
    points: np.ndarray
    name: str
    start: int

    @property
    def last(self) -> int:
        """One past the last row."""
        return self.first + len(self.points)


def bones_of(mapping: Mapping, hold: Hold) -> tuple[str, str, str]:
    """Return the bones of the limb that a hold moves, from the body outwards.

    Raises InputError where the mapping lacks one.
    """
    missing = [joint for joint in CHAINS[hold.joint] if joint not in mapping.bones]
    if missing:
        raise InputError(
            f"The rig has no bone for {missing[0].replace('_', ' ')}", "Name it in the mapping, or hold nothing"
        )
    upper, lower, end = (mapping.bones[joint] for joint in CHAINS[hold.joint])
    return upper, lower, end


def held(rig: Rig, mapping: Mapping, posed: Posed, spliced: Spliced, stretch: Stretch, hold: Hold) -> Spliced:
    """Return ``spliced`` with the limb's bones turned so that the hold is met within 1 cm.

    Raises InputError, naming the first frame and what is missing, where the limb is too short for that.
    """
    # The limb as it would be keyed, armature space.
    rows = slice(stretch.start, stretch.stop)
    limb = [rig.index[name] for name in bones_of(mapping, hold)]
    figure = _figure(rig, mapping, posed, spliced, rows)
    worlds = posed.worlds[rows]
    first, last = hold.first - stretch.start, hold.last - stretch.start
    upper, middle, end = (figure[:, bone, :3, 3] for bone in limb)
    # Where its end goes instead, and how the limb bends for it: all (rows, 3).
    inverse = np.linalg.inv(worlds[first:last])
    places = rot.rotate(inverse[:, :3, :3], hold.points) + inverse[:, :3, 3]
    kept = [pose - stretch.start for pose in stretch.poses]
    offset = _faded(places - end[first:last], first, len(end), max(1, round(FADE_SECONDS * stretch.fps)), kept)
    moved = np.flatnonzero(np.linalg.norm(offset, axis=1) > 1e-9)
    goal = end + offset
    bend, side = rot.cross(middle - upper, end - middle), rot.cross(middle - upper, figure[:, limb[0], :3, 2])
    knee, reached = two_bone(upper, middle, end, goal, rot.unit(bend + 1e-6 * side))
    off = rot.rotate(worlds[:, :3, :3], reached - goal)
    _check(hold, np.linalg.norm(off, axis=1), first)
    # The turns (rows, 3, 3) of its bones from there to here; the hand or the foot keeps its own.
    thigh = rot.swing(rot.unit(middle - upper), rot.unit(knee - upper))
    shin = rot.swing(rot.rotate(thigh, rot.unit(end - middle)), rot.unit(reached - knee))
    turns = {bone: figure[:, bone, :3, :3] for bone in range(len(rig.names))}
    carried = thigh, shin @ thigh
    path = [bone for bone in (limb[2], *rig.ancestors(limb[2])) if limb[0] in (bone, *rig.ancestors(bone))]
    for bone in path[1:]:
        below = bone == limb[1] or limb[1] in rig.ancestors(bone)
        turns[bone] = carried[below] @ turns[bone]
    quaternions = dict(spliced.quaternions)
    for bone in limb:
        name = rig.names[bone]
        fresh = basis_turns(rig, bone, turns)
        made = quaternions[name].copy()
        made[moved] = fresh[moved]
        quaternions[name] = rot.continuous(made)
    return replace(spliced, quaternions=quaternions)


def _figure(rig: Rig, mapping: Mapping, posed: Posed, spliced: Spliced, rows: slice) -> np.ndarray:
    """Return the pose matrices (rows, B, 4, 4), armature space, of what is to be keyed, the rest as it was."""
    quaternions, locations = own_bases(rig, mapping, posed)
    quaternions, locations = quaternions[rows].copy(), locations[rows].copy()
    for name, made in spliced.quaternions.items():
        quaternions[:, rig.index[name]] = made
    if spliced.location is not None:
        locations[:, rig.index[spliced.location_bone]] = spliced.location
    return forward_kinematics(rig, quaternions, locations)


def _faded(offset: np.ndarray, first: int, count: int, reach: int, kept: list[int]) -> np.ndarray:
    """Return ``offset`` (rows, 3) from row ``first`` of ``count`` on, eased to zero ``reach`` rows on either side.

    By the nearest of the rows ``kept``, whose poses stay as they are, it is zero, too.
    """
    last, rows = first + len(offset), np.arange(count)
    before = max((row for row in kept if row < first), default=-1)
    after = min((row for row in kept if row >= last), default=count)
    result = np.zeros((count, 3))
    result[first:last] = offset
    sides = (offset[0], first - rows, first - before - 1), (offset[-1], rows - last + 1, after - last)
    for known, distance, room in sides:
        outside = distance > 0
        share = distance[outside] / (min(reach, room) + 1)
        result[outside] = known * (1 - smoothstep(share))[:, None]
    return result


def _check(hold: Hold, miss: np.ndarray, first: int) -> None:
    short = np.flatnonzero(miss[first : first + len(hold.points)] > TOLERANCE)
    if len(short):
        frame, gap = hold.start + hold.first + int(short[0]), miss[first + short[0]]
        raise InputError(
            f"The {hold.name} is {100 * gap:.0f} cm short of its target at frame {frame}", "Bring the target nearer"
        )
