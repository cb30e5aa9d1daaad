"""Rigs with hands for the tests: proportions of a person's hand, names of many makes, any rest pose and bone axes."""

import numpy as np
from scipy.spatial.transform import Rotation

from coamd_blender.motion import skeleton
from coamd_blender.retarget import make_mapping
from coamd_blender.retarget.rig import simple_rig

J = skeleton.JOINT_INDEX
FINGERS = ("thumb", "index", "middle", "ring", "pinky")
# Of a left hand, metres: along it from the wrist, to the thumb's side, out of the palm; and three bones' lengths.
BASES = {
    "thumb": (0.025, 0.028, 0.008),
    "index": (0.095, 0.026, 0.0),
    "middle": (0.097, 0.003, -0.003),
    "ring": (0.090, -0.018, 0.0),
    "pinky": (0.080, -0.036, 0.004),
}
LENGTHS = {
    "thumb": (0.046, 0.034, 0.027),
    "index": (0.044, 0.026, 0.020),
    "middle": (0.048, 0.029, 0.021),
    "ring": (0.044, 0.027, 0.021),
    "pinky": (0.034, 0.020, 0.018),
}
IN_JAPANESE = dict(zip(FINGERS, ("親指", "人指", "中指", "薬指", "小指"), strict=True))
NAMES = {
    "Mixamo": lambda side, finger, number: f"mixamorig:{side.title()}Hand{finger.title()}{number}",
    "Unreal": lambda side, finger, number: f"{finger}_0{number}_{side[0]}",
    "Rigify": lambda side, finger, number: f"{'' if finger == 'thumb' else 'f_'}{finger}.0{number}.{side[0].upper()}",
    "VRM": lambda side, finger, number: f"{side}{'Little' if finger == 'pinky' else finger.title()}Part{number}",
    "MMD": lambda side, finger, number: f"{'左' if side == 'left' else '右'}{IN_JAPANESE[finger]}{number}",
    "numbers": lambda side, finger, number: f"Bip01 {side[0].upper()} Finger{FINGERS.index(finger)}{number}",
    "nothing": lambda side, finger, number: f"Bone.{hash((side == 'left', FINGERS.index(finger), number)) % 10**6:06d}",
}


def hand_rig(style="Mixamo", *, curl=0.0, axes="along", turn=None, scale=1.0, fingers=FINGERS, seed=0, swapped=False):
    """A rig of 22 joint bones with hands, and its Mapping.

    curl: degrees by which each finger bone bends at rest. axes: "along" with a random roll, or "odd": any axes at all,
    half of them mirrored ones made right-handed by turning another about. turn: the armature's axes against Y up.
    swapped: bones named left are a right hand's, on the right.
    """
    rng, turn = np.random.default_rng(seed), turn or Rotation.identity()
    joints = skeleton.rest_joints()
    bones = {name: (None, joints[J[name]]) for name in skeleton.JOINT_NAMES}
    for name, parent in zip(skeleton.JOINT_NAMES, skeleton.PARENTS, strict=True):
        bones[name] = (skeleton.JOINT_NAMES[parent] if parent >= 0 else None, joints[J[name]])
    for side, sign in (("left", 1.0), ("right", -1.0)):
        named = {"left": "right", "right": "left"}[side] if swapped else side
        for finger in fingers:
            parent = f"{side}_wrist"
            for number, place in enumerate(_finger(finger, sign, curl), 1):
                name = NAMES[style](named, finger, number)
                bones[name] = (parent, joints[J[f"{side}_wrist"]] + place)
                parent = name
    mapped = {name: name for name in skeleton.JOINT_NAMES}
    if swapped:
        mapped |= {"left_wrist": "right_wrist", "right_wrist": "left_wrist"}
    return _built(rng, bones, axes, turn, scale), make_mapping("test", mapped)


def _finger(finger, sign, curl):
    """Places of its three joints and its tip against the wrist, Y up, of an arm held out to the side."""
    along, radial, palmar = np.array((sign, 0, 0)), np.array((0, 0, 1.0)), np.array((0, -1.0, 0))
    frame = np.stack([along, radial, palmar])
    way = np.array((0.75, 0.55, 0.36)) if finger == "thumb" else np.array((1.0, 0.0, 0.0))
    place, places = np.array(BASES[finger]), []
    for number, length in enumerate(LENGTHS[finger]):
        places.append(place @ frame)
        if finger != "thumb":
            angle = np.radians(curl * (number + 1))
            way = np.array((np.cos(angle), 0.0, np.sin(angle)))
        place = place + way / np.linalg.norm(way) * length
    return [*places, place @ frame]


def _built(rng, bones, axes, turn, scale):
    names = list(bones)
    rest, lengths = np.tile(np.eye(4), (len(names), 1, 1)), np.full(len(names), 0.1 / scale)
    for number, name in enumerate(names):
        head = bones[name][1]
        children = [place for parent, place in bones.values() if parent == name]
        aim = children[-1] - head if children else np.array((0, 0, 0.05))
        lengths[number] = max(np.linalg.norm(aim), 1e-3) / scale
        along = turn.apply(aim / np.linalg.norm(aim))
        if axes == "odd":
            basis = Rotation.random(random_state=int(rng.integers(1 << 30))).as_matrix()
        else:
            first = Rotation.align_vectors([along], [(0.0, 1.0, 0.0)])[0]
            basis = (Rotation.from_rotvec(along * rng.uniform(-np.pi, np.pi)) * first).as_matrix()
        rest[number, :3, :3] = basis
        rest[number, :3, 3] = turn.apply(head) / scale
    world = np.eye(4)
    world[:3, :3] = scale * turn.inv().as_matrix()
    return simple_rig(
        names, [names.index(parent) if parent else -1 for parent, _ in bones.values()], rest, lengths, world
    )


def posed(rig, basis):
    """World places (bones, 3), metres, of all heads, by pose = parent pose x rest offset x basis; scipy's rotations."""
    poses = np.zeros((len(rig.names), 4, 4))
    for bone, parent in enumerate(rig.parents):
        own = np.eye(4)
        if rig.names[bone] in basis:
            own[:3, :3] = Rotation.from_quat(np.roll(basis[rig.names[bone]], -1)).as_matrix()
        offset = rig.rest[bone] if parent < 0 else poses[parent] @ np.linalg.inv(rig.rest[parent]) @ rig.rest[bone]
        poses[bone] = offset @ own
    return poses[:, :3, 3] @ rig.world[:3, :3].T + rig.world[:3, 3]
