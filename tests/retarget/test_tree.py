"""Joints known by the tree and the lengths of its bones, whatever the pose, and trees that are no person."""

import numpy as np
import pytest

from coamd_blender.motion.skeleton import BONE_LENGTHS, JOINT_NAMES, PARENTS
from coamd_blender.retarget.tree import guess_by_tree
from runtime.evaluate.exports import KINDS, pose

NODES = [f"n{number}" for number in range(22)]


def guessed(joints, parents=PARENTS, lengths=BONE_LENGTHS, names=NODES):
    return guess_by_tree(names, parents, np.asarray(lengths), joints)


@pytest.mark.parametrize("kind", KINDS)
def test_every_joint_is_found_in_any_motion(kind):
    joints, _ = pose(kind, np.linspace(0, 3, 40))
    assert guessed(joints) == dict(zip(JOINT_NAMES, NODES, strict=True))


def test_sides_do_not_hang_on_the_order_of_the_tree_or_on_axes():
    joints, _ = pose("walk", np.linspace(0, 3, 40))
    swap = [
        JOINT_NAMES.index(n.replace("left", "*").replace("right", "left").replace("*", "right")) for n in JOINT_NAMES
    ]
    found = guessed(joints[:, swap])
    assert found == {name: NODES[swap[number]] for number, name in enumerate(JOINT_NAMES)}
    found = guessed(joints[..., [2, 0, 1]])  # a turn, not a mirror image
    assert found["left_wrist"] == NODES[JOINT_NAMES.index("left_wrist")]


def test_fingers_toes_and_twist_bones_do_not_mislead():
    joints, _ = pose("walk", np.linspace(0, 3, 20))
    parents, lengths, names, more = list(PARENTS), list(BONE_LENGTHS), list(NODES), []
    for wrist in (20, 21):
        for finger in range(5):
            for part in range(3):
                parents.append(wrist if part == 0 else len(parents) - 1)
                lengths.append(0.07 if part == 0 else 0.02 + 0.001 * finger)
                names.append(f"f{wrist}{finger}{part}")
                more.append(joints[:, wrist] + 0.03 * (part + 1))
    joints = np.concatenate([joints, np.stack(more, axis=1)], axis=1)
    assert guessed(joints, parents, lengths, names) == dict(zip(JOINT_NAMES, NODES, strict=True))


def test_a_hand_with_a_tip_is_not_a_forearm_nor_a_collar_part_of_an_upper_arm():
    joints, _ = pose("walk", np.linspace(0, 3, 40))
    parents, lengths, names, more = list(PARENTS), list(BONE_LENGTHS), list(NODES), []
    for elbow, wrist in ((18, 20), (19, 21)):
        away = joints[:, wrist] - joints[:, elbow]
        parents.append(wrist)
        lengths.append(0.8 * BONE_LENGTHS[wrist])
        names.append(f"tip{wrist}")
        more.append(joints[:, wrist] + 0.8 * away)
    joints = np.concatenate([joints, np.stack(more, axis=1)], axis=1)
    assert guessed(joints, parents, lengths, names) == dict(zip(JOINT_NAMES, NODES, strict=True))


@pytest.mark.parametrize(
    ("parents", "lengths"),
    [
        ([-1, *range(20)], [1.0] * 21),  # a chain
        ([-1, *[0] * 20], [1.0] * 21),  # a star
        ([-1, 0, 1], [0, 1, 1]),  # too few
    ],
)
def test_what_is_no_person_is_not_guessed(parents, lengths):
    names = [f"n{number}" for number in range(len(parents))]
    assert guessed(np.zeros((2, len(parents), 3)), parents, lengths, names) is None
