"""IK controls that a preset names: hands and feet placed and poles beside elbows and knees, instead of the FK limbs.

The motion is solved for the FK controls first. What leads a limb takes the place and the turn of its hand or foot, the
pole stands where the chain, whatever its bones are called, has to look for it; both in the channels that bring them
there from what carries them. The FK controls of such a limb get no keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import RigError
from ..motion import rotations as rot
from . import ik
from .mapping import Mapping
from .rig import Rig, forward_kinematics
from .solver import BoneTrack, PoseSolution


@dataclass(frozen=True)
class ControlledLimb:
    """A limb by its IK controls.

    joint: knee or elbow. target, pole: bone indices; toes: that of the toes' control, None where FK has the same one.
    """

    joint: str
    target: int
    pole: int
    toes: int | None = None


def find_limbs(preset: dict, rig: Rig) -> tuple[ControlledLimb, ...]:
    """Return the limbs that the part for IK of a ``preset`` names. Raises RigError where the rig lacks a control."""
    limbs = []
    for joint, named in preset["ik"]["limbs"].items():
        found = {
            role: next((rig.index[name] for name in names if name in rig.index), None) for role, names in named.items()
        }
        lacking = next((role for role in ("target", "pole") if found[role] is None), None)
        if lacking is not None:
            raise RigError(
                f"The control rig has no IK control {named[lacking][0]!r}", "Choose FK for the limb controls"
            )
        limbs.append(ControlledLimb(joint, **found))
    return tuple(limbs)


def lead(
    rig: Rig, mapping: Mapping, solution: PoseSolution, limbs: Sequence[ControlledLimb], still: Sequence[str] = ()
) -> PoseSolution:
    """Return ``solution`` with ``limbs`` led by their IK controls, the FK controls of these limbs without keys.

    still: names of controls that must be at rest, those there are. Limbs of which joints are not mapped stay on FK.
    """
    posed = _Posed(rig, mapping, forward_kinematics(rig, *solution.expand(rig)))
    limbs = [limb for limb in limbs if set(_chain(limb)) <= set(posed.index)]
    tracks = [_target(posed, limb) for limb in limbs]
    toes = dict(_toes(posed, limbs))
    # Poles may ride on what leads the limbs.
    pose = forward_kinematics(rig, *_expanded(rig, solution, tracks))
    tracks += [_pole(posed, pose, limb) for limb in limbs]
    dropped = {mapping.bones[joint] for limb in limbs for joint in _chain(limb)}
    dropped |= {mapping.bones[_foot(limb)] for limb in limbs if limb.toes is not None and _foot(limb) in posed.index}
    kept = [column for column, name in enumerate(solution.bones) if name not in dropped]
    added = [rot.continuous(rot.quaternion_from_matrix(turn))[:, None] for turn in toes.values()]
    return replace(
        solution,
        bones=(*(solution.bones[column] for column in kept), *toes),
        quaternions=np.concatenate([solution.quaternions[:, kept], *added], axis=1),
        tracks=(*solution.tracks, *tracks),
        still=(*solution.still, *(name for name in still if name in rig.index)),
    )


class _Posed:
    """A rig whose FK controls are posed.

    index, turns, places, rest_places: joint to its bone, its turn from rest (F, 3, 3), its place (F, 3) and (3,).
    """

    def __init__(self, rig: Rig, mapping: Mapping, pose: np.ndarray):
        self.rig, self.pose = rig, pose
        self.index = {joint: rig.index[bone] for joint, bone in mapping.bones.items()}
        rest = rig.rest[:, :3, :3]
        self.turns = {joint: pose[:, bone, :3, :3] @ rest[bone].T for joint, bone in self.index.items()}
        self.places = {joint: pose[:, bone, :3, 3] for joint, bone in self.index.items()}
        self.rest_places = {joint: rig.heads[bone] for joint, bone in self.index.items()}


def _chain(limb: ControlledLimb) -> tuple[str, str, str]:
    """Return the joints of a limb from above, such as hip, knee and ankle."""
    upper, end = ik.LIMBS[limb.joint]
    return upper, limb.joint, end


def _foot(limb: ControlledLimb) -> str:
    """Return the joint that the toes of a leg turn about, motion.skeleton's foot."""
    return _chain(limb)[2].replace("ankle", "foot")


def _target(posed: _Posed, limb: ControlledLimb) -> BoneTrack:
    """Return the track of what leads a limb: it goes with the hand or foot as if it were fixed to it."""
    rig, end = posed.rig, _chain(limb)[2]
    turn = posed.turns[end]
    place = posed.places[end] + turn @ (rig.heads[limb.target] - posed.rest_places[end])
    return ik.track(rig, posed.pose, limb.target, place, turn @ rig.rest[limb.target, :3, :3])


def _toes(posed: _Posed, limbs: Sequence[ControlledLimb]) -> Iterable[tuple[str, np.ndarray]]:
    """Return the toes' controls and their basis turns (F, 3, 3) on a foot that the target carries."""
    for limb in limbs:
        if limb.toes is not None and _foot(limb) in posed.index:
            rest = posed.rig.rest[limb.toes, :3, :3]
            foot, toes = posed.turns[_chain(limb)[2]], posed.turns[_foot(limb)]
            yield posed.rig.names[limb.toes], rest.T @ rot.transpose(foot) @ toes @ rest


def _pole(posed: _Posed, pose: np.ndarray, limb: ControlledLimb) -> BoneTrack:
    """Return the track of a limb's pole; pose: (F, B, 4, 4) with what leads the limbs in its place."""
    rig, chain = posed.rig, _chain(limb)
    places = tuple(posed.places[joint] for joint in chain)
    rest = tuple(posed.rest_places[joint] for joint in chain)
    shown = rig.heads[limb.pole] - rest[1]
    place = ik.pole_place(places, rest, posed.turns[chain[0]], shown, np.linalg.norm(shown))
    return ik.track(rig, pose, limb.pole, place, None, keyed=True)


def _expanded(rig: Rig, solution: PoseSolution, tracks: Sequence[BoneTrack]) -> tuple[np.ndarray, np.ndarray]:
    """Return quaternions and locations as PoseSolution.expand, with those of ``tracks``."""
    quaternions, locations = solution.expand(rig)
    for track in tracks:
        bone = rig.index[track.bone]
        locations[:, bone] = track.location
        if track.quaternions is not None:
            quaternions[:, bone] = track.quaternions
    return quaternions, locations
