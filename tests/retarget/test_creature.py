"""Animals are refused, whatever their bones are called and whichever way their armature stands; people never are."""

import re

import numpy as np
import pytest
from bodies import a_pose_offsets, make_rig
from scipy.spatial.transform import Rotation
from synthetic import random_rig

from coamd_blender.errors import RigError
from coamd_blender.motion import skeleton
from coamd_blender.retarget import detect_rig
from coamd_blender.retarget.creature import arm_that_is_a_wing, why_not_a_person
from coamd_blender.retarget.rig import simple_rig

UP = np.array([0.0, 1.0, 0.0])
# Parent, and place of a four-legged animal one metre high that looks along +Z, as joints of a person name its bones.
BEAST = {
    "pelvis": (None, (0, 0.9, -0.5)), "spine1": ("pelvis", (0, 0.92, -0.3)), "spine2": ("spine1", (0, 0.95, 0)),
    "spine3": ("spine2", (0, 0.95, 0.3)), "neck": ("spine3", (0, 1.0, 0.5)), "head": ("neck", (0, 1.25, 0.7)),
    "tail1": ("pelvis", (0, 0.95, -0.6)), "tail2": ("tail1", (0, 1.0, -0.8)),
}  # fmt: skip
LEGS = (("pelvis", "hip", "knee", "ankle", "foot", -0.5), ("spine3", "shoulder", "elbow", "wrist", "hand", 0.4))
SCHEMES = {
    "a person's names": lambda joint: joint,
    "Rigify's of a horse": lambda joint: {
        "pelvis": "spine", "spine1": "spine.001", "spine2": "spine.002", "spine3": "spine.003", "neck": "spine.004",
        "head": "spine.006", "hip": "thigh", "knee": "shin", "ankle": "foot", "foot": "toe", "shoulder": "front_thigh",
        "elbow": "front_shin", "wrist": "front_foot", "hand": "front_toe"}.get(joint, joint),
    "Mixamo's": lambda joint: {
        "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head",
        "hip": "UpLeg", "knee": "Leg", "ankle": "Foot", "foot": "ToeBase", "shoulder": "Arm", "elbow": "ForeArm",
        "wrist": "Hand", "hand": "HandIndex1"}.get(joint, joint),
    "nothing": None,
}  # fmt: skip


def beast(scheme, turn, tall=1.0):
    """A four-legged rig: names, the way its armature is turned in an object that stands upright, and proportions."""
    places = {name: (parent, np.array(place) * (1, tall, 1)) for name, (parent, place) in BEAST.items()}
    for side, sign in (("left", 1), ("right", -1)):
        for above, *joints, along in LEGS:
            for number, joint in enumerate(joints):
                height = (0.85, 0.55, 0.3, 0.05)[number] * tall
                bend = (0, 0.1, -0.1, 0.05)[number]
                places[f"{side}_{joint}"] = (above, np.array((sign * 0.11, height, along + bend)))
                above = f"{side}_{joint}"
    rename = SCHEMES[scheme]
    new = {}
    for number, name in enumerate(places):
        side, _, joint = name.rpartition("_")
        new[name] = f"bone{number:02d}" if rename is None else "_".join(filter(None, (side, rename(joint))))
    order = list(places)
    rest = np.tile(np.eye(4), (len(order), 1, 1))
    rest[:, :3, 3] = turn.apply([places[name][1] for name in order])
    world = np.eye(4)
    world[:3, :3] = turn.inv().as_matrix()
    parents = [-1 if places[name][0] is None else order.index(places[name][0]) for name in order]
    return simple_rig([new[name] for name in order], parents, rest, world=world)


@pytest.mark.parametrize("turn", ["xyz", "x90", "x-90"])
@pytest.mark.parametrize("tall", [0.6, 1.0, 1.6])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_four_legged_animals_are_refused_with_the_reason(scheme, tall, turn):
    degrees = float(turn[1:]) if turn != "xyz" else 0.0
    with pytest.raises(RigError, match=r"not a person's|match only") as caught:
        detect_rig(beast(scheme, Rotation.from_euler("x", degrees, degrees=True), tall=tall))
    assert scheme == "nothing" or "trunk lies level" in caught.value.message or "match only" in caught.value.message
    assert caught.value.hint and "\n" not in str(caught.value)


def person(lean=0.0, extra=()):
    """A person's rig whose trunk leans forward by ``lean`` degrees, with more bones on the chest."""
    offsets = a_pose_offsets(30).copy()
    for joint, name in enumerate(skeleton.JOINT_NAMES):
        if name.startswith(("spine", "neck", "head")) or "collar" in name:
            offsets[joint] = Rotation.from_euler("x", lean, degrees=True).apply(offsets[joint])
    plain = make_rig(offsets)
    count = len(extra)
    rest = np.concatenate([plain.rest, np.tile(plain.rest[9], (count, 1, 1))])
    return simple_rig([*plain.names, *extra], [*plain.parents, *[9] * count], rest)


@pytest.mark.parametrize("extra", [(), ("tail", "tail2"), ("wing.L", "wing.R"), ("left_paw",)])
@pytest.mark.parametrize("lean", [0, 12, 20])
def test_people_with_tails_and_wings_are_people(lean, extra):
    assert detect_rig(person(lean, extra)).score == 1.0


@pytest.mark.parametrize("seed", range(20))
def test_rigs_of_people_drawn_at_random_are_peoples(seed):
    rig, mapping = random_rig(seed)
    up = np.linalg.inv(rig.world[:3, :3]) @ UP
    places = {joint: rig.heads[rig.index[bone]] for joint, bone in mapping.bones.items()}
    assert why_not_a_person(rig.names, places, up / np.linalg.norm(up)) is None


def test_birds_are_refused_and_wings_for_arms_are_told():
    with pytest.raises(RigError, match=r"leans by 4. degrees, and it has 'beak'"):
        detect_rig(person(45, ("beak", "tail_feathers")))
    standing = person()
    words = {"shoulder": "wing_upperarm", "elbow": "wing_forearm", "wrist": "hand"}
    names = [re.sub("shoulder|elbow|wrist", lambda found: words[found.group()], name) for name in standing.names]
    mapping = detect_rig(simple_rig(names, standing.parents, standing.rest))
    told = [note for note in mapping.notes if "wing" in note and "arm" in note]
    assert bool(told) == any("wing" in bone for bone in mapping.bones.values())


def test_a_wing_that_plays_an_arm_is_named():
    assert arm_that_is_a_wing({"left_hip": "fin", "left_shoulder": "LeftWingUpper"}) == "LeftWingUpper"
    assert arm_that_is_a_wing({"left_hip": "wing", "left_shoulder": "swing.L", "left_wrist": "hand.L"}) is None
