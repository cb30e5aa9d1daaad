"""A character's skeleton as an engine takes it, and its poses on that: one root bone on the floor, no controls.

The space of all here: Y up, metres, the character at rest over the origin facing +Z; a clip begins there as well.
Numbers only, no bpy.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..anim.travel import ENGINE_BONES
from ..errors import RigError
from ..motion import rotations as rot
from ..motion.skeleton import JOINT_NAMES, PARENTS, to_y_up
from ..retarget import Mapping, Rig, bones
from ..retarget.body import read_rest
from .root_motion import ground_matrices, trajectory
from .rules import R15

_HIGH = 0.2  # of a leg: a bone above the hips that is farther from the floor at rest is not a root bone
_CONTROLS = ("ORG-", "MCH-", "DEF-")  # of Rigify's generated rigs; what deforms is called DEF-
# Bones that go with hands and feet in an engine: those of Unreal Engine's mannequin.
_PARTNERS = {
    **{f"ik_foot_{side}": f"foot_{side}" for side in "lr"},
    **{f"ik_hand_{side}": f"hand_{side}" for side in "lr"},
    "ik_hand_gun": "hand_r",
}
_BLENDER_AXES = np.eye(4)  # the rotation of a bone that is not turned in Blender's Z-up world
_BLENDER_AXES[:3, :3] = to_y_up(np.eye(3)).T


@dataclass(frozen=True, eq=False)
class GameRig:
    """The skeleton that is exported, parents first, the root bone the first of all.

    sources: of each bone the one of the rig whose pose it has, "" for one that only follows the root.
    rest: (B, 4, 4) without scale. lengths: (B,) metres. home: (4, 4) where the character stands at rest, in the world.
    pelvis: (4, 4) the same beneath the pelvis. floor: its height, metres. rigid: (B,) bool, bones without a turn or
    place of their own. joints: whose poses tell the heading.
    """

    names: tuple[str, ...]
    sources: tuple[str, ...]
    parents: np.ndarray
    rest: np.ndarray
    lengths: np.ndarray
    home: np.ndarray
    pelvis: np.ndarray
    floor: float
    rigid: np.ndarray
    joints: Mapping

    @property
    def needed(self) -> tuple[str, ...]:
        """The rig's bones whose poses :func:`pose` asks for."""
        return tuple(dict.fromkeys([*filter(None, self.sources), *self.joints.bones.values()]))


def make_game_rig(rig: Rig, mapping: Mapping, deforming: Collection[str], controls: bool) -> GameRig:
    """Return the skeleton of a rig for an engine.

    deforming: bones that move the mesh; of a rig with ``controls`` only they are exported. A bone on the floor above
    the hips is the root bone, and without one there is a new one called root. Raises RigError as body.read_rest.
    """
    body = read_rest(rig, mapping)
    turn, origin = body.stance(rig)
    chosen = [name for name in rig.names if name in deforming] if controls else list(rig.names)
    above = {name: _above(rig, name, set(chosen)) for name in chosen}
    carrier = _deformer(mapping.bones["pelvis"], chosen)
    if not controls:
        carrier = rig.names[bones.location_bone(rig, mapping)]
    top = [carrier, *_chain(carrier, above)][-1]
    worlds = plain(rig.world @ rig.rest)
    place = {name: worlds[rig.index[name]] for name in chosen}
    leg = body.leg * body.scale
    pelvis = ground_matrices(_heading(turn), origin[None])[0]
    pelvis[[0, 2], 3] = worlds[rig.index[mapping.bones["pelvis"]]][[0, 2], 3]
    if top == carrier or place[top][1, 3] - origin[1] > _HIGH * leg:
        root, home = _free_name(chosen), pelvis
        names, sources = [root, *chosen], ["", *chosen]
        place[root] = home @ _BLENDER_AXES
    else:
        root, home = top, pelvis.copy()
        home[[0, 2], 3] = place[top][[0, 2], 3]
        names = sources = [root, *(name for name in chosen if name != root)]
    index = {name: number for number, name in enumerate(names)}
    parents = np.array([-1, *(index[above[name] or root] for name in names[1:])])
    order = _parents_first(parents)
    rest = np.linalg.inv(home) @ np.stack([place[name] for name in names])
    unit = float(np.cbrt(np.linalg.det(rig.world[:3, :3])))
    lengths = np.array([rig.lengths[rig.index[name]] * unit if name in rig.index else 0.3 * leg for name in names])
    joints = replace(mapping, bones={joint: _deformer(name, rig.names) for joint, name in mapping.bones.items()})
    back = np.argsort(order)
    game = GameRig(
        names=tuple(names[bone] for bone in order),
        sources=tuple(sources[bone] for bone in order),
        parents=np.array([-1 if parents[bone] < 0 else back[parents[bone]] for bone in order]),
        rest=rest[order],
        lengths=lengths[order],
        home=home,
        pelvis=pelvis,
        floor=float(origin[1]),
        rigid=np.zeros(len(names), bool),
        joints=joints,
    )
    return replace(game, rigid=_rigid(game, {_deformer(name, chosen) for name in mapping.bones.values()}))


def make_r15(rig: Rig, mapping: Mapping) -> GameRig:
    """Return Roblox's R15 skeleton in the proportions of a rig. Raises RigError where a joint of it is not known."""
    whole = make_game_rig(rig, mapping, rig.names, controls=False)
    worlds = np.linalg.inv(whole.pelvis) @ plain(rig.world @ rig.rest)
    names = [name for name, *_ in R15]
    rest, sources, missing = np.tile(_BLENDER_AXES, (len(R15), 1, 1)), [], []
    for number, (name, _, joint, turning) in enumerate(R15):
        placed, turned = _known(mapping, joint), _known(mapping, turning)
        if joint is not None and (placed is None or turned is None):
            missing.append(name)
            continue
        sources.append(turned or "")
        rest[number, :3, 3] = 0.0 if placed is None else worlds[rig.index[placed], :3, 3]
    if missing:
        raise RigError(f"{', '.join(missing)} of R15 have no bone here", "Map them under Bone Mapping")
    rest[1, :3, 3] = rest[2, :3, 3]  # HumanoidRootPart is where the hips are
    below = [np.linalg.norm(rest[:, :3, 3] - place, axis=1) for place in rest[:, :3, 3]]
    return replace(
        whole,
        names=tuple(names),
        sources=tuple(sources),
        parents=np.array([-1 if parent is None else names.index(parent) for _, parent, *_ in R15]),
        rest=rest,
        lengths=np.array([max(0.05, 0.5 * np.min(away[away > 1e-4])) for away in below]),
        home=whole.pelvis,
        rigid=np.array([name in ("Root", "HumanoidRootPart") for name in names]),
    )


def pose(
    game: GameRig, worlds: dict[str, np.ndarray], rests: dict[str, np.ndarray], fps: float, *, in_place: bool, r15: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the poses (F, B, 4, 4) of the exported bones, and where the body goes on the floor: (F, 4, 4).

    worlds: of every bone of ``needed`` its matrices (F, 4, 4) in the Y-up world, metres. rests: (4, 4) the same at
    rest. in_place: the root stays, and the body with it.
    """
    way = trajectory(_joints(game.joints, worlds), fps, game.floor)
    way = way @ np.linalg.inv(game.pelvis) @ game.home  # of what stands at home at rest
    start = np.linalg.inv(way[0])
    body = np.linalg.inv(way) if in_place else np.tile(start, (len(way), 1, 1))
    root = np.tile(np.eye(4), (len(way), 1, 1)) if in_place else start @ way
    posed = root[:, None] @ game.rest
    if r15:
        return _pose_r15(game, worlds, rests, body, posed), start @ way
    for number, source in enumerate(game.sources):
        if source and number and not game.rigid[number]:
            posed[:, number] = body @ plain(worlds[source])
    index = {name: number for number, name in enumerate(game.names)}
    for name, partner in _PARTNERS.items():
        if name in index and partner in index and game.rigid[index[name]]:
            offset = np.linalg.inv(game.rest[index[partner]]) @ game.rest[index[name]]
            posed[:, index[name]] = posed[:, index[partner]] @ offset
    return posed, start @ way


def basis(game: GameRig, rest: np.ndarray, posed: np.ndarray) -> np.ndarray:
    """Return what Blender's channels hold, (F, B, 4, 4), of bones that are at ``posed`` (F, B, 4, 4).

    rest: (B, 4, 4) of the bones as they are built; both in one space and any unit.
    """
    result = np.empty_like(posed)
    for bone, parent in enumerate(game.parents):
        built = rest[bone] if parent < 0 else np.linalg.inv(rest[parent]) @ rest[bone]
        local = posed[:, bone] if parent < 0 else np.linalg.inv(posed[:, parent]) @ posed[:, bone]
        result[:, bone] = np.linalg.inv(built) @ local
    return result


def plain(matrices: np.ndarray) -> np.ndarray:
    """Return ``matrices`` (..., 4, 4) without scale, their places kept, in any unit."""
    result = np.array(matrices, dtype=float)
    result[..., :3, :3] = rot.frame(result[..., :3, 1], result[..., :3, 2])[..., [2, 0, 1]]
    return result


def _pose_r15(game: GameRig, worlds: dict, rests: dict, body: np.ndarray, posed: np.ndarray) -> np.ndarray:
    """Put turns on R15's joints, which are not turned at rest; only LowerTorso leaves its place."""
    for number, source in enumerate(game.sources):
        parent = game.parents[number]
        if not source:
            continue
        moved, rested = body @ plain(worlds[source]), np.linalg.inv(game.home) @ plain(rests[source])
        turn = moved[:, :3, :3] @ rested[:3, :3].T
        posed[:, number, :3, :3] = turn @ game.rest[number, :3, :3]
        if game.names[number] == "LowerTorso":
            posed[:, number, :3, 3] = moved[:, :3, 3]
            continue
        offset = np.linalg.inv(game.rest[parent]) @ game.rest[number]
        posed[:, number, :3, 3] = (posed[:, parent] @ offset)[:, :3, 3]
    return posed


def _joints(mapping: Mapping, worlds: dict[str, np.ndarray]) -> np.ndarray:
    """Return the heads of the mapped bones (F, 22, 3); a joint without one is where its parent is."""
    frames = len(next(iter(worlds.values())))
    joints = np.zeros((frames, len(JOINT_NAMES), 3))
    for number, joint in enumerate(JOINT_NAMES):
        bone = mapping.bones.get(joint)
        joints[:, number] = joints[:, PARENTS[number]] if bone is None else worlds[bone][:, :3, 3]
    return joints


def _known(mapping: Mapping, joint: str | None) -> str | None:
    """Return the bone of a joint; of a spine's the nearest of the spine that there is."""
    spine = {"spine1": ("spine1", "spine2", "spine3"), "spine3": ("spine3", "spine2", "spine1")}
    return next((mapping.bones[name] for name in spine.get(joint, (joint,)) if name in mapping.bones), None)


def _heading(turn: np.ndarray) -> np.ndarray:
    return np.arctan2(turn[0, 2], turn[2, 2])[None]


def _deformer(name: str, among: Collection[str]) -> str:
    """Return the bone among those that stands for one of a control rig: ORG-hand.L is that of DEF-hand.L."""
    if name in among:
        return name
    bare = next((name.removeprefix(prefix) for prefix in _CONTROLS if name.startswith(prefix)), name)
    return next((other for other in (f"DEF-{bare}", bare) if other in among), name)


def _above(rig: Rig, name: str, chosen: set[str]) -> str | None:
    """Return the nearest bone above that is exported, looking through a control rig's bones to what they stand for."""
    for higher in rig.ancestors(rig.index[name]):
        stands = _deformer(rig.names[higher], chosen)
        if stands in chosen and stands != name:
            return stands
    return None


def _chain(name: str, above: dict[str, str | None]) -> list[str]:
    found = []
    while above.get(name) is not None and above[name] not in found:
        name = above[name]
        found.append(name)
    return found


def _free_name(names: Collection[str]) -> str:
    return next(name for name in ("root", "Root", "game_root", "game_root_bone") if name not in names)


def _parents_first(parents: Sequence[int]) -> np.ndarray:
    order = [bone for bone, parent in enumerate(parents) if parent < 0]
    for bone in order:  # which grows meanwhile
        order += [child for child, parent in enumerate(parents) if parent == bone]
    return np.array(order)


def _rigid(game: GameRig, mapped: set[str]) -> np.ndarray:
    """Return which bones only follow the root: neither mapped, nor above or below a mapped bone; and an engine's."""
    index = {name: number for number, name in enumerate(game.names)}
    moved = np.zeros(len(game.names), bool)
    for name in mapped & set(index):
        bone = index[name]
        while bone >= 0:
            moved[bone] = True
            bone = game.parents[bone]
    own = {index[name] for name in mapped & set(index)}
    for bone, parent in enumerate(game.parents):  # parents first
        moved[bone] |= parent in own
        own |= {bone} if parent in own else set()
    engine = np.array([name in ENGINE_BONES for name in game.names])
    return ~moved | engine
