"""The joint maps' names are known by the tables that armatures are known by, and mean the same there.

The maps say besides how a source's frames lean, which was measured and no name tells.
"""

import pytest

from coamd_blender.retarget import detect
from runtime.formats.canonical import joint_maps

PARTS = {"hip": "hip", "knee": "knee", "ankle": "ankle", "toe": "foot", "shoulder": "shoulder", "elbow": "elbow"}
PARTS["wrist"] = "wrist"
# The rest of the skeletons, which the maps do not need, pelvis first.
OTHERS = {
    "accad": ["Hips"],
    "cmu_bvh": ["Hips", "LowerBack", "Spine", "Neck"],
    "daz": ["hip", "lCollar", "rCollar"],
    "iclone": ["CC_Base_Hip"],
    "bandai": ["Hips"],
    "kaykit": ["hips"],
    "mixamo": ["mixamorig:Hips"],
    "reactidle": ["spine", "spine.002", "spine.003", "spine.004", "spine.006"],
    "rigify_deform": ["DEF-spine", "DEF-spine.002", "DEF-spine.004", "DEF-shoulder.L", "DEF-shoulder.R"],
    "kinect_sdk": ["pelvis"],
    "kinect_utd": ["pelvis"],
}
# Joints that a map finds elsewhere: at the end of the bone that the tables name.
ENDS = {"daz": {"toe"}, "reactidle": {"toe", "wrist"}}


@pytest.mark.parametrize("name", sorted(set(joint_maps()) - {"acclaim"}))
def test_the_tables_know_the_names_of_every_map(name):
    found = joint_maps()[name]
    bones = detect([*OTHERS.get(name, ["pelvis"]), *sorted(found.joints)]).bones
    for part, pair in found.limbs.items():
        if part not in ENDS.get(name, ()):
            assert (bones[f"left_{PARTS[part]}"], bones[f"right_{PARTS[part]}"]) == pair, part


def test_acclaims_places_are_the_ends_of_the_bones_that_the_table_names():
    """Its map speaks of where bones end; as bones of an armature the same joints begin the next ones."""
    names = "root lhipjoint lfemur ltibia lfoot ltoes rhipjoint rfemur rtibia rfoot rtoes lowerback upperback thorax"
    names += " lowerneck upperneck head lclavicle lhumerus lradius lwrist lhand rclavicle rhumerus rradius rwrist rhand"
    bones = detect(names.split()).bones
    below = {"hipjoint": "femur", "femur": "tibia", "tibia": "foot", "foot": "toes", "clavicle": "humerus"}
    below |= {"humerus": "radius", "radius": "wrist"}
    for part, (left, _) in joint_maps()["acclaim"].limbs.items():
        assert bones[f"left_{PARTS[part]}"] == f"l{below[left.removeprefix('l')]}", part
    assert bones["neck"] == "lowerneck" and bones["spine3"] == "thorax" and bones["pelvis"] == "root"
