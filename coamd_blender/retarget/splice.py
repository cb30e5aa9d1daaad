"""Let a solved motion take over a stretch of an animation: it begins and ends as what is around it, bone by bone.

Joint positions that meet are not enough: they fix no twist, and hands and heads have turns of their own. So each
bone of the stretch is turned away from its solution by an offset that is exact at the last frame before, at the
first frame after, and at poses to be kept in between; it goes smoothly from one to the next and takes up the
bone's own velocity at both ends. Bones that are not taken over keep what they have, and those below them hang on
it: a moving root, a held spine.

Numpy only. Rows are frames of the motion that was read and solved; the stretch is rows ``start`` to ``stop``,
``stop`` excluded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass

import numpy as np

from ..motion import rotations as rot
from ..motion.signals import ease_between, settle_quintic
from .mapping import Mapping
from .reading import needed_bones
from .rig import Rig, forward_kinematics
from .solver import PoseSolution

FADE_SECONDS = 0.4  # in which the velocity at an end goes over into the motion's own
USUAL = 80  # %: changes of velocity at an end that are larger than this share of a bone's own are softened


@dataclass(frozen=True)
class Stretch:
    """What is taken over: rows ``start`` to ``stop`` at ``fps`` a second.

    Whether there are frames to blend into ``before`` and ``after``; ``poses``, the rows inside whose poses are kept.
    """

    start: int
    stop: int
    fps: float
    before: bool
    after: bool
    poses: tuple[int, ...] = ()


@dataclass(frozen=True)
class Posed:
    """What an armature did.

    matrices: bone name to (F, 4, 4), armature space. worlds: (F, 4, 4) armature space to the Y-up world. bases: bone
    name to basis quaternions (F, 4), of bones without a matrix.
    """

    matrices: Table[str, np.ndarray]
    worlds: np.ndarray
    bases: Table[str, np.ndarray]


@dataclass(frozen=True)
class Spliced:
    """What to key: basis quaternions (rows, 4) by bone name, and the location (rows, 3) of one bone, or None.

    The location is in that bone's channels.
    """

    quaternions: dict[str, np.ndarray]
    location_bone: str | None
    location: np.ndarray | None


def taken_bones(rig: Rig, mapping: Mapping, solved: tuple[str, ...], joints: frozenset[str]) -> tuple[str, ...]:
    """Return those of the ``solved`` bones that play one of ``joints``, or hang from one that does."""
    joint_of = {bone: joint for joint, bone in mapping.bones.items()}

    def played(name: str) -> str | None:
        above = (name, *(rig.names[bone] for bone in rig.ancestors(rig.index[name])))
        return next((joint_of[bone] for bone in above if bone in joint_of), None)

    return tuple(name for name in solved if played(name) in joints)


def splice(
    rig: Rig, mapping: Mapping, solution: PoseSolution, posed: Posed, taken: tuple[str, ...], stretch: Stretch
) -> Spliced:
    """Return what to key on the bones ``taken`` over ``stretch``, so that ``solution`` takes over there.

    posed: what the armature did, over all F rows of the solution. ``rig.world`` is where it was at row 0, as it was
    solved for.
    """
    # Rotations: what each bone would have, and had, under those above it as they will be.
    figure = _in_armature_space(rig, solution, posed.worlds)
    turns, own = _final_turns(rig, mapping, figure, posed, taken)
    bases = {name: rot.continuous(_basis(rig, name, turns, figure[:, rig.index[name], :3, :3])) for name in taken}
    result = {}
    for name in taken:
        actual = rot.continuous(own[name] if name in own else posed.bases[name])
        result[name] = _blended(bases[name], actual, stretch, _turn_between, _turned)
    # The location of what carries the hips.
    pelvis = rig.index[mapping.bones["pelvis"]]
    if rig.names[pelvis] not in taken:
        return Spliced(result, None, None)
    bone = rig.index[solution.location_bone]
    above = posed.matrices[rig.names[rig.parents[bone]]][:, :3, 3] if rig.parents[bone] >= 0 else None
    heads = figure[:, pelvis, :3, 3] - _down_to(rig, bone, pelvis, turns)
    made = _location(rig, bone, turns, above, heads)
    actual = _location(rig, bone, turns, above, posed.matrices[rig.names[bone]][:, :3, 3])
    return Spliced(result, rig.names[bone], _blended(made, actual, stretch, _way_between, np.add))


def _in_armature_space(rig: Rig, solution: PoseSolution, worlds: np.ndarray) -> np.ndarray:
    """Return the solved figure (F, B, 4, 4) in the armature space of each frame: the object itself may have moved."""
    figure = forward_kinematics(rig, *solution.expand(rig))
    moved = np.linalg.inv(worlds) @ rig.world
    figure = moved[:, None] @ figure
    figure[..., :3, :3] /= np.cbrt(np.linalg.det(moved[:, :3, :3]))[:, None, None, None]
    return figure


def _final_turns(
    rig: Rig, mapping: Mapping, figure: np.ndarray, posed: Posed, taken: tuple[str, ...]
) -> tuple[dict[int, np.ndarray], dict[str, np.ndarray]]:
    """Return the orientation (F, 3, 3), armature space, that each bone will have, and the quaternions (F, 4) it had.

    The offsets of ``splice`` are left out.
    """
    turns: dict[int, np.ndarray] = {}
    own: dict[str, np.ndarray] = {}
    had = {rig.index[name]: _orthonormal(matrices[:, :3, :3]) for name, matrices in posed.matrices.items()}
    for bone in needed_bones(rig, mapping):
        name = rig.names[bone]
        own[name] = rot.quaternion_from_matrix(rot.transpose(_unturned(rig, bone, had)) @ had[bone])
        if name in taken:
            turns[bone] = figure[:, bone, :3, :3]
        else:
            turns[bone] = _unturned(rig, bone, turns) @ rot.matrix_from_quaternion(own[name])
    return turns, own


def own_bases(rig: Rig, mapping: Mapping, posed: Posed) -> tuple[np.ndarray, np.ndarray]:
    """Return what every bone did as forward kinematics takes it: quaternions (F, B, 4) and locations (F, B, 3)."""
    frames, bones = len(posed.worlds), len(rig.names)
    quaternions = np.tile([1.0, 0.0, 0.0, 0.0], (frames, bones, 1))
    locations = np.zeros((frames, bones, 3))
    had = {rig.index[name]: _orthonormal(matrices[:, :3, :3]) for name, matrices in posed.matrices.items()}
    for name, own in posed.bases.items():
        quaternions[:, rig.index[name]] = own
    for bone in needed_bones(rig, mapping):
        parent = int(rig.parents[bone])
        above = posed.matrices[rig.names[parent]][:, :3, 3] if parent >= 0 else None
        quaternions[:, bone] = basis_turns(rig, bone, had)
        locations[:, bone] = _location(rig, bone, had, above, posed.matrices[rig.names[bone]][:, :3, 3])
    return quaternions, locations


def basis_turns(rig: Rig, bone: int, turns: dict[int, np.ndarray]) -> np.ndarray:
    """Return the basis quaternions (F, 4) that give ``bone`` its orientation, its parent having its own.

    turns: bone index to orientation (F, 3, 3), armature space.
    """
    return rot.quaternion_from_matrix(rot.transpose(_unturned(rig, bone, turns)) @ turns[bone])


def _unturned(rig: Rig, bone: int, turns: dict[int, np.ndarray]) -> np.ndarray:
    """Return the orientation (F, 3, 3), or (3, 3), of ``bone`` when its own channels are at rest."""
    rest, parent = rig.rest[bone, :3, :3], rig.parents[bone]
    if parent < 0 or not rig.inherit_rotation[bone]:
        return rest
    return turns[parent] @ rig.rest[parent, :3, :3].T @ rest


def _orthonormal(matrices: np.ndarray) -> np.ndarray:
    """Return the rotations of matrices (F, 3, 3) that may be scaled."""
    return rot.frame(matrices[..., 1], matrices[..., 2])[..., [2, 0, 1]]


def _basis(rig: Rig, name: str, turns: dict[int, np.ndarray], turn: np.ndarray) -> np.ndarray:
    return rot.quaternion_from_matrix(rot.transpose(_unturned(rig, rig.index[name], turns)) @ turn)


def _location(
    rig: Rig, bone: int, turns: dict[int, np.ndarray], above: np.ndarray | None, heads: np.ndarray
) -> np.ndarray:
    """Return the location channels (F, 3) that bring a bone's head to ``heads`` (F, 3), as Blender applies them.

    above: (F, 3) the head of its parent.
    """
    rest, parent = rig.rest[bone], int(rig.parents[bone])
    origin, axes = rest[:3, 3], rest[:3, :3] if rig.local_location[bone] else np.eye(3)
    if parent >= 0:
        origin = turns[parent] @ (np.linalg.inv(rig.rest[parent]) @ rest)[:3, 3] + above
        axes = _unturned(rig, bone, turns) if rig.local_location[bone] else turns[parent]
    return rot.rotate(rot.transpose(axes), heads - origin)


def _down_to(rig: Rig, bone: int, below: int, turns: dict[int, np.ndarray]) -> np.ndarray | float:
    """Return the way (F, 3) from the head of ``bone`` to that of ``below``, a bone under it or itself."""
    way = 0.0
    while below != bone:
        parent = int(rig.parents[below])
        way = way + turns[parent] @ (np.linalg.inv(rig.rest[parent]) @ rig.rest[below])[:3, 3]
        below = parent
    return way


# --- blending into what is around -----------------------------------------------------------------------------------


# (wanted, given, near): the offset (3,) from given to wanted; of those that mean the same, the one nearest to ``near``
_Offset = Callable[[np.ndarray, np.ndarray, np.ndarray | None], np.ndarray]
_Add = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (given, offset): what is that far away


def _turn_between(wanted: np.ndarray, given: np.ndarray, near: np.ndarray | None) -> np.ndarray:
    vector = rot.vector_from_quaternion(rot.multiply(rot.conjugate(given), wanted))
    if near is None or (length := np.linalg.norm(vector)) < 1e-9:
        return vector
    other = vector * (1 - 2 * np.pi / length)
    return other if np.linalg.norm(other - near) < np.linalg.norm(vector - near) else vector


def _turned(given: np.ndarray, offset: np.ndarray) -> np.ndarray:
    return rot.multiply(given, rot.quaternion_from_vector(offset))


def _way_between(wanted: np.ndarray, given: np.ndarray, near: np.ndarray | None) -> np.ndarray:
    return wanted - given


def _blended(made: np.ndarray, actual: np.ndarray, stretch: Stretch, offset: _Offset, add: _Add) -> np.ndarray:
    """Return the rows of ``made`` (F, n) in the stretch, offset so that they go on from ``actual`` (F, n) and into it.

    They are no more abrupt at both ends than ``actual`` was there, or is in USUAL % of its rows: more than that fades
    in within FADE_SECONDS.
    """
    start, stop = stretch.start, stretch.stop
    result = add(made[start:stop], _offsets(made, actual, stretch, offset))
    if len(actual) < 3:
        return result
    # How much a change of velocity may be, at each end as it was there or usually is.
    velocity = offset(actual[1:], actual[:-1], None)
    change = np.linalg.norm(np.diff(velocity, axis=0), axis=1)  # change[k]: at row k + 1
    limits = np.maximum(change, np.percentile(change, USUAL))
    knots = ([start - 1] if stretch.before else []) + sorted(stretch.poses) + ([stop] if stretch.after else [])
    if stretch.before and start > 1:
        reach = _reach(stretch, knots, 0)
        result = _softened(actual[start - 2 : start], result, limits[start - 2 : start], reach, offset, add)
    if stretch.after and stop + 1 < len(actual):
        reach = _reach(stretch, knots, -1)
        there = limits[stop - 2 : stop][::-1]
        result = _softened(actual[stop : stop + 2][::-1], result[::-1], there, reach, offset, add)[::-1]
    return result


def _softened(
    before: np.ndarray, rows: np.ndarray, limits: np.ndarray, reach: int, offset: _Offset, add: _Add
) -> np.ndarray:
    """Offset ``rows`` (rows, n) so that their velocity behind the two rows ``before`` (2, n) changes gently.

    By at most ``limits`` (2,): at the last of these, and at the first of those. The offset is gone ``reach`` rows on.
    """
    whole = np.concatenate([before, rows])
    for last, limit in zip((1, 2), limits, strict=True):
        if last + 1 >= len(whole):
            break
        change = offset(whole[last + 1], whole[last], None) - offset(whole[last], whole[last - 1], None)
        size = np.linalg.norm(change)
        if size <= limit:
            continue
        away = _fading_speed(np.arange(1, len(whole) - last), change, max(1, reach - last + 1))
        first = np.linalg.norm(away[0])
        if first > 1e-9:
            whole[last + 1 :] = add(whole[last + 1 :], away * -((size - limit) / first))
    return whole[2:]


def _offsets(made: np.ndarray, actual: np.ndarray, stretch: Stretch, offset: _Offset) -> np.ndarray:
    """Return offsets (rows, 3) of ``made`` that are exact at the knots and go on at both ends as they were changing.

    So the velocity of ``actual`` goes on.
    """
    start, stop = stretch.start, stretch.stop
    rows = np.arange(start, stop)
    knots = ([start - 1] if stretch.before else []) + sorted(stretch.poses) + ([stop] if stretch.after else [])
    if not knots:
        return np.zeros((len(rows), 3))
    # Eased from knot to knot, the nearest of offsets that mean the same.
    values = [offset(actual[knots[0]], made[knots[0]], None)]
    for knot in knots[1:]:
        values.append(offset(actual[knot], made[knot], values[-1]))
    result = ease_between(rows, np.array(knots), np.array(values))
    # And at both ends the speed at which the offset was changing outside, which fades.
    for end, knot, side in ((0, start - 1, -1), (-1, stop, 1)):
        there = stretch.before if end == 0 else stretch.after
        further = [row for row in (knot + side, knot + 2 * side) if 0 <= row < len(made)]
        if there and further:
            beyond = offset(actual[further[-1]], made[further[-1]], values[end])
            speed = (values[end] - beyond) / len(further)
            result += _fading_speed(np.abs(rows - knot), speed, _reach(stretch, knots, end))
    return result


def _reach(stretch: Stretch, knots: list[int], end: int) -> int:
    """Return the rows in which the velocity at one ``end`` (0 or -1) fades: until the next knot, or the far end."""
    room = abs(knots[end] - knots[1 if end == 0 else -2]) if len(knots) > 1 else stretch.stop - stretch.start + 1
    return max(1, min(room, round(FADE_SECONDS * stretch.fps)))


def _fading_speed(distance: np.ndarray, speed: np.ndarray, length: int) -> np.ndarray:
    """Return offsets (rows, 3) that leave zero by ``speed`` (3,) a row, and are zero and at rest ``length`` rows on."""
    return settle_quintic(distance / length, np.zeros(3), speed * length)


# --- channels -------------------------------------------------------------------------------------------------------


def channels(
    quaternions: np.ndarray, mode: str, before: np.ndarray | None, after: np.ndarray | None
) -> tuple[np.ndarray, bool]:
    """Turn quaternions (rows, 4) into the channels (rows, n) of a rotation mode; radians where they are angles.

    They go on from those ``before`` (n,). Of the many numbers for one rotation those are taken that continue the
    curves; where nothing is before, those that lead to the channels ``after`` (n,). Also returns whether the last of
    them and ``after`` say the same rotation by different numbers (another turn, or sign), so that nothing may be
    interpolated between the two.
    """
    values = _raw_channels(quaternions, mode)
    if before is not None or after is not None:
        end, wanted = (0, before) if before is not None else (-1, after)
        candidates = list(_same_rotations(values, mode, end, wanted))
        values = min(candidates, key=lambda found: np.abs(found[end] - wanted).sum())
    limit = 1.0 if mode == "QUATERNION" else 2.0
    return values, after is not None and bool(np.abs(values[-1] - after).max() > limit)


def _raw_channels(quaternions: np.ndarray, mode: str) -> np.ndarray:
    quaternions = rot.continuous(quaternions)
    if mode == "QUATERNION":
        return quaternions
    if mode == "AXIS_ANGLE":
        return rot.axis_angle_from_quaternion(quaternions)
    return rot.euler_from_matrix(rot.matrix_from_quaternion(quaternions), mode)


def _same_rotations(values: np.ndarray, mode: str, end: int, wanted: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the channels (rows, n) that mean the same rotations, whole turns chosen for row ``end`` near ``wanted``."""
    turn = 2 * np.pi
    if mode == "QUATERNION":
        yield from (values, -values)
    elif mode == "AXIS_ANGLE":
        for side in (values, -values):
            shift = turn * np.round((wanted[0] - side[end, 0]) / turn)
            yield side + np.array([shift, 0.0, 0.0, 0.0])
    else:
        middle = "XYZ".index(mode[1])
        other = values + np.pi
        other[:, middle] = np.pi - values[:, middle]
        for triple in (values, other):
            yield triple + turn * np.round((wanted - triple[end]) / turn)
