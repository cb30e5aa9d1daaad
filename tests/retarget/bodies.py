"""Test bodies made without the code under test: posed canonical skeletons, rigs with any rest pose, and FK.

Rotations come from scipy; forward kinematics is one matrix product a bone.
"""

import numpy as np
from scipy.spatial.transform import Rotation

from coamd_blender.motion import skeleton
from coamd_blender.retarget.rig import simple_rig

J = skeleton.JOINT_INDEX
ARMS = [J[name] for name in skeleton.BODY_PARTS["arms"] if not name.endswith("shoulder")]


def swaying_rotations(frames=60, size=0.5, seed=0):
    """Smooth known local rotations of every joint: (frames, 22) scipy rotation vectors, radians."""
    rng = np.random.default_rng(seed)
    phase = np.linspace(0, 2 * np.pi, frames)[:, None, None]
    vectors = rng.normal(size=(1, 22, 3)) * size * np.sin(phase + rng.uniform(0, 6, size=(1, 22, 1)))
    for joint, axis in (("left_elbow", (0, -1, 0)), ("right_elbow", (0, 1, 0)), ("left_knee", (1, 0, 0))):
        vectors[:, J[joint]] = np.array(axis) * (0.8 + 0.5 * np.sin(phase[:, 0]))
    vectors[:, J["right_knee"]] = np.array((1, 0, 0)) * (0.8 + 0.5 * np.cos(phase[:, 0]))
    return vectors


def pose(vectors, offsets=skeleton.REST_OFFSETS, travel=None):
    """Joint positions (F, 22, 3) of a body with these offsets, bent by local rotation vectors (F, 22, 3)."""
    frames = len(vectors)
    turns, places = [None] * 22, np.zeros((frames, 22, 3))
    for joint, parent in enumerate(skeleton.PARENTS):
        local = Rotation.from_rotvec(vectors[:, joint])
        if parent < 0:
            turns[joint] = local
            places[:, joint] = (0, skeleton.STANDING_HEIGHT, 0)
        else:
            turns[joint] = turns[parent] * local
            places[:, joint] = places[:, parent] + turns[parent].apply(offsets[joint])
    return places if travel is None else places + travel[:, None]


def a_pose_offsets(degrees, offsets=skeleton.REST_OFFSETS):
    """The offsets with both arms lowered by so many degrees."""
    lowered = offsets.copy()
    for side, sign in (("left", -1), ("right", 1)):
        turn = Rotation.from_euler("z", sign * degrees, degrees=True)
        for joint in ("elbow", "wrist"):
            lowered[J[f"{side}_{joint}"]] = turn.apply(offsets[J[f"{side}_{joint}"]])
    return lowered


def make_rig(offsets=skeleton.REST_OFFSETS, *, rolls=False, turn=None, scale=1.0, shift=(0, 0, 0), seed=1):
    """A 22-bone rig whose rest pose has these offsets.

    The rig is built in an armature space turned by ``turn`` and scaled by ``scale`` against the Y-up world, and
    its world matrix undoes both, then shifts. ``rolls`` gives every bone a random roll.
    """
    rng = np.random.default_rng(seed)
    turn = turn or Rotation.identity()
    heads = np.zeros((22, 3))
    heads[0, 1] = skeleton.STANDING_HEIGHT
    for joint in range(1, 22):
        heads[joint] = heads[skeleton.PARENTS[joint]] + offsets[joint]
    heads = turn.apply(heads) / scale
    rest = np.tile(np.eye(4), (22, 1, 1))
    for joint in range(22):
        children = [child for child, parent in enumerate(skeleton.PARENTS) if parent == joint]
        aim = heads[children[-1]] - heads[joint] if children else turn.apply((0.0, 0.0, 1.0))
        along = aim / np.linalg.norm(aim)
        first = Rotation.align_vectors([along], [(0.0, 1.0, 0.0)])[0]
        roll = Rotation.from_rotvec(along * (rng.uniform(-np.pi, np.pi) if rolls else 0.0))
        rest[joint, :3, :3] = (roll * first).as_matrix()
        rest[joint, :3, 3] = heads[joint]
    world = np.eye(4)
    world[:3, :3] = scale * turn.inv().as_matrix()
    world[:3, 3] = shift
    return simple_rig(skeleton.JOINT_NAMES, skeleton.PARENTS, rest, world=world)


def posed_heads(rig, solution):
    """World places (F, B, 3) of all bone heads, by Blender's rule pose = parent pose x rest offset x basis."""
    frames = len(solution.quaternions)
    basis = np.tile(np.eye(4), (frames, len(rig.names), 1, 1))
    for number, name in enumerate(solution.bones):
        wxyz = solution.quaternions[:, number]
        basis[:, rig.names.index(name), :3, :3] = Rotation.from_quat(wxyz[:, [1, 2, 3, 0]]).as_matrix()
    basis[:, rig.names.index(solution.location_bone), :3, 3] = solution.location
    places = np.zeros((frames, len(rig.names), 4, 4))
    for bone, parent in enumerate(rig.parents):
        if parent < 0:
            places[:, bone] = rig.rest[bone] @ basis[:, bone]
        else:
            places[:, bone] = places[:, parent] @ (np.linalg.inv(rig.rest[parent]) @ rig.rest[bone]) @ basis[:, bone]
    return places[..., :3, 3] @ rig.world[:3, :3].T + rig.world[:3, 3]


def angles_between(a, b):
    """Angles in degrees between directions (..., 3)."""
    sine = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.degrees(np.arctan2(sine, (a * b).sum(axis=-1)))
