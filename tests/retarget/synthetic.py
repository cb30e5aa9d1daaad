"""Rigs drawn at random, each unlike the others, and short clips made from known rotations."""

import numpy as np
from bodies import J, pose, swaying_rotations
from scipy.spatial.transform import Rotation

from coamd_blender.motion import skeleton
from coamd_blender.retarget import make_mapping
from coamd_blender.retarget.rig import simple_rig

SIDES = ("left", "right")
MIRROR = np.array(skeleton.MIRROR)


def random_offsets(rng):
    """Offsets (22, 3) of a rest pose of random proportions, arms lowered and limbs bent by random angles."""
    factors = rng.uniform(0.65, 1.5, size=22)
    factors = 0.5 * (factors + factors[MIRROR])
    offsets = skeleton.REST_OFFSETS * factors[:, None] * rng.uniform(0.7, 1.4)
    for joint in ("spine1", "spine2", "spine3", "neck", "head"):
        offsets[J[joint]] = Rotation.from_euler("x", rng.normal() * 8, degrees=True).apply(offsets[J[joint]])
    lowered, elbow, spread, knee, slope = rng.uniform((0, 0, 0, 0, -15), (85, 35, 12, 12, 15))
    for side, sign in zip(SIDES, (1, -1), strict=True):
        arm = Rotation.from_euler("z", -sign * lowered, degrees=True)
        fore = arm * Rotation.from_euler("y", -sign * elbow, degrees=True)
        leg = Rotation.from_euler("z", sign * spread, degrees=True) * Rotation.from_euler("x", -knee / 2, degrees=True)
        shin = Rotation.from_euler("z", sign * spread, degrees=True) * Rotation.from_euler("x", knee / 2, degrees=True)
        foot = Rotation.from_euler("x", slope, degrees=True)
        for turn, joint in ((arm, "elbow"), (fore, "wrist"), (leg, "knee"), (shin, "ankle"), (foot, "foot")):
            offsets[J[f"{side}_{joint}"]] = turn.apply(offsets[J[f"{side}_{joint}"]])
    return offsets


def random_rig(seed, *, fillers=0):
    """A rig and its Mapping: random proportions, rest pose, rolls, chains, twist and helper bones, axes, scale."""
    rng = np.random.default_rng(seed)
    offsets = random_offsets(rng)
    heads = np.zeros((22, 3))
    for joint in range(1, 22):
        heads[joint] = heads[skeleton.PARENTS[joint]] + offsets[joint]
    toes = [J["left_foot"], J["right_foot"]]
    heads[:, 1] -= heads[toes, 1].min() - rng.uniform(0.0, 0.03)
    bones, mapped = _hierarchy(rng, heads)
    for number in range(fillers):
        bones[f"filler_{number}"] = (f"{SIDES[number % 2]}_wrist", heads[J["left_wrist"]] + rng.normal(size=3) * 0.05)
    return _built(rng, bones), make_mapping("drawn at random", mapped)


def _hierarchy(rng, heads):
    """Bones as name to (parent, head), parents first, and joint to bone."""
    at = {name: heads[J[name]] for name in skeleton.JOINT_NAMES}
    bones = {"root": (None, np.zeros(3)), "pelvis": ("root", at["pelvis"])}
    mapped = {"pelvis": "pelvis"}
    spine = [at[joint] for joint in ("spine1", "spine2", "spine3", "neck")]
    count = int(rng.integers(1, 7))
    chain = [_along(spine, step / count) for step in range(count)]
    last = "pelvis"
    for number, head in enumerate(chain):
        bones[f"spine_{number}"] = (last, head)
        last = f"spine_{number}"
    mapped["spine3"] = last
    if count > 1:
        mapped["spine1"] = "spine_0"
    if count > 2:
        mapped["spine2"] = f"spine_{count // 2}"
    chest = last
    for number in range(int(rng.integers(1, 4))):
        share = number / 3
        bones[f"neck_{number}"] = (last, (1 - share) * at["neck"] + share * at["head"])
        last = f"neck_{number}"
    bones["head"] = (last, at["head"])
    mapped |= {"neck": "neck_0", "head": "head"}
    helper, twist = rng.random() < 0.4, rng.random() < 0.5
    for side in SIDES:
        chains = (("pelvis", ("hip", "knee", "ankle", "foot")), (chest, ("collar", "shoulder", "elbow", "wrist")))
        for parent, joints in chains:
            for above, joint in zip((None, *joints), joints, strict=False):
                name = f"{side}_{joint}"
                if helper and joint in ("hip", "shoulder"):
                    bones[f"{name}_helper"] = (parent, 0.5 * (bones[parent][1] + at[name]))
                    parent = f"{name}_helper"
                if twist and joint in ("elbow", "knee"):
                    middle = 0.5 * (at[f"{side}_{above}"] + at[name])
                    bones[f"{side}_{above}_twist"] = (parent, middle)
                    parent = f"{side}_{above}_twist" if rng.random() < 0.5 else parent
                bones[name] = (parent, at[name])
                mapped[name] = name
                parent = name
    return bones, mapped


def _along(points, share):
    """The point at ``share`` of the way along a polyline."""
    points = np.array(points)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    reached = np.concatenate([[0], np.cumsum(steps)])
    return np.array([np.interp(share * reached[-1], reached, points[:, axis]) for axis in range(3)])


def _built(rng, bones):
    turn = Rotation.random(random_state=int(rng.integers(1 << 30)))
    scale = float(rng.choice([1.0, 0.01, 100.0, 2.54]))
    names = list(bones)
    rest = np.tile(np.eye(4), (len(names), 1, 1))
    for number, name in enumerate(names):
        head = bones[name][1]
        children = [place for parent, place in bones.values() if parent == name]
        aim = children[-1] - head if children and np.linalg.norm(children[-1] - head) > 1e-6 else np.array((0, 0, 1.0))
        along = turn.apply(aim / np.linalg.norm(aim))
        first = Rotation.align_vectors([along], [(0.0, 1.0, 0.0)])[0]
        rest[number, :3, :3] = (Rotation.from_rotvec(along * rng.uniform(-np.pi, np.pi)) * first).as_matrix()
        rest[number, :3, 3] = turn.apply(head) / scale
    world = np.eye(4)
    world[:3, :3] = scale * turn.inv().as_matrix()
    return simple_rig(names, [names.index(parent) if parent else -1 for parent, _ in bones.values()], rest, world=world)


def walk(frames=60, speed=1.2, turning=0.6):
    """A walk along a curve, from known rotations: bent knees and elbows, swinging arms, feet near the floor."""
    phase = np.arange(frames) / 20 * 2 * np.pi * 0.9
    vectors = np.zeros((frames, 22, 3))
    heading = np.arange(frames) / 20 * turning
    vectors[:, J["pelvis"], 1] = heading
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        swing = np.sin(phase) * sign
        lift = np.maximum(0, np.cos(phase) * sign)
        vectors[:, J[f"{side}_hip"], 0] = -0.12 - 0.4 * swing - 0.25 * lift
        vectors[:, J[f"{side}_knee"], 0] = 0.25 + 0.8 * lift
        vectors[:, J[f"{side}_ankle"], 0] = -0.13 + 0.3 * swing - 0.4 * lift
        vectors[:, J[f"{side}_shoulder"]] = Rotation.from_euler("z", -sign * 70, degrees=True).as_rotvec()
        vectors[:, J[f"{side}_shoulder"], 0] = 0.4 * swing
        vectors[:, J[f"{side}_elbow"], 1] = -sign * (0.5 + 0.2 * swing)
    vectors[:, J["spine3"], 1] = 0.2 * np.sin(phase)
    step = speed / 20 * np.stack([np.sin(heading), np.zeros(frames), np.cos(heading)], axis=-1)
    joints = pose(vectors, travel=np.cumsum(step, axis=0) - step[:1])
    joints[..., 1] -= joints[:, [J["left_foot"], J["right_foot"]], 1].min(axis=1)[:, None]
    return joints


def crouch(frames=60):
    """A slow squat that twists and reaches, feet planted: hips low, knees far bent, arms across the body."""
    phase = np.linspace(0, 2 * np.pi, frames)
    vectors = swaying_rotations(frames, size=0.15, seed=3)
    bend = 0.6 - 0.5 * np.cos(phase)
    vectors[:, 0] = np.stack([0.2 * bend, 0.4 * np.sin(phase), 0 * bend], axis=-1)
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        vectors[:, J[f"{side}_hip"]] = np.stack([-bend, 0 * bend, sign * 0.1 + 0 * bend], axis=-1)
        vectors[:, J[f"{side}_knee"]] = np.stack([1.9 * bend, 0 * bend, 0 * bend], axis=-1)
        vectors[:, J[f"{side}_ankle"]] = np.stack([-0.9 * bend, 0 * bend, 0 * bend], axis=-1)
        vectors[:, J[f"{side}_elbow"]] = np.stack([0 * bend, -sign * (0.9 + 0.6 * np.sin(phase)), 0 * bend], axis=-1)
    joints = pose(vectors)
    joints[..., 1] -= joints[:, [J["left_foot"], J["right_foot"]], 1].min(axis=1)[:, None]
    return joints


CLIPS = {"walk": walk, "crouch": crouch, "sway": lambda frames=60: pose(swaying_rotations(frames, seed=2))}
