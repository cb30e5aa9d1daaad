"""Two plain ways to retarget, to compare with: shortest rotation from rest, and iterated inverse kinematics.

Both work on the mapped joints alone, in the Y-up world, and put the hips where ours are put.
"""

import numpy as np

from coamd_blender.motion import rotations as rot
from coamd_blender.motion import skeleton
from coamd_blender.retarget.quality import Posed
from coamd_blender.retarget.solver import Options, place_points

# The child towards which a joint with several of them points.
MAIN_CHILD = {"pelvis": "spine1", "spine3": "neck"}


class Tree:
    """The mapped joints of a rig at rest in the world: ``names`` parents first, ``parent``, ``rest`` places."""

    def __init__(self, rig, body):
        self.rest = {name: rig.world[:3, :3] @ head for name, head in body.heads.items()}
        self.names = [name for name in skeleton.JOINT_NAMES if name in self.rest]
        self.parent = {name: self._above(name) for name in self.names}
        self.children = {name: [low for low in self.names if self.parent[low] == name] for name in self.names}
        linear = rig.world[:3, :3] / np.cbrt(np.linalg.det(rig.world[:3, :3]))
        self.hinges = {upper: linear @ axis for upper, axis in body.hinges.items()}

    def _above(self, name):
        joint = skeleton.PARENTS[skeleton.JOINT_INDEX[name]]
        while joint >= 0 and skeleton.JOINT_NAMES[joint] not in self.rest:
            joint = skeleton.PARENTS[joint]
        return skeleton.JOINT_NAMES[joint] if joint >= 0 else None

    def pose(self, turns, pelvis):
        """Places of all joints for world turns (F, 3, 3) from rest."""
        places = {"pelvis": pelvis}
        for name in self.names[1:]:
            above = self.parent[name]
            places[name] = places[above] + rot.rotate(turns[above], self.rest[name] - self.rest[above])
        return places

    def posed(self, turns, pelvis):
        return Posed(
            self.pose(turns, pelvis), {upper: rot.rotate(turns[upper], axis) for upper, axis in self.hinges.items()}
        )


def targets(rig, body, joints, floor, options):
    """The joints scaled to the rig's legs and placed in the world."""
    points = place_points(rig, body, joints, floor, options) @ rig.world[:3, :3].T + rig.world[:3, 3]
    return dict(zip(skeleton.JOINT_NAMES, np.moveaxis(points, 1, 0), strict=True))


def shortest_rotation(rig, body, joints, floor=0.0, options=None):
    """Swing every bone the shortest way from where it points at rest to where the motion's points."""
    tree, goal = Tree(rig, body), targets(rig, body, joints, floor, options or Options())
    turns = {}
    for name in tree.names:
        children = tree.children[name]
        child = MAIN_CHILD.get(name) if MAIN_CHILD.get(name) in children else (children[-1] if children else None)
        if child is None:
            turns[name] = turns[tree.parent[name]]
            continue
        turns[name] = rot.swing(rot.unit(tree.rest[child] - tree.rest[name]), rot.unit(goal[child] - goal[name]))
    return tree.posed(turns, goal["pelvis"])


def inverse_kinematics(rig, body, joints, floor=0.0, options=None, iterations=10):
    """From the rest pose, over and over, turn each joint so that its children come nearer to their targets.

    A joint with several children takes the mean of the rotations they ask for. Joint targets are the motion's
    joints at the rig's size.
    """
    tree, goal = Tree(rig, body), targets(rig, body, joints, floor, options or Options())
    turns = {name: np.tile(np.eye(3), (len(joints), 1, 1)) for name in tree.names}
    for _ in range(iterations):
        places = tree.pose(turns, goal["pelvis"])
        for name in tree.names:
            asked = [
                rot.quaternion_from_matrix(
                    rot.swing(rot.unit(places[low] - places[name]), rot.unit(goal[low] - places[name]))
                )
                for low in tree.children[name]
            ]
            if not asked:
                continue
            mean = rot.unit(sum(np.where(quaternion[:, :1] < 0, -quaternion, quaternion) for quaternion in asked))
            turn = rot.matrix_from_quaternion(mean)
            for low in _below(tree, name):
                turns[low] = turn @ turns[low]
            places = tree.pose(turns, goal["pelvis"])
    return tree.posed(turns, goal["pelvis"])


def _below(tree, name):
    found = [name]
    for bone in found:
        found.extend(tree.children[bone])
    return found
