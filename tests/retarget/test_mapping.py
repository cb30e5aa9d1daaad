"""Bone names to joints, on name lists written out by hand."""

import json
from itertools import pairwise

import pytest

from coamd_blender.errors import RigError
from coamd_blender.motion import skeleton
from coamd_blender.retarget import detect, make_mapping
from coamd_blender.retarget.guess import bones_by_words
from coamd_blender.retarget.mapping import PRESET_FOLDER, named_presets, share_spine
from coamd_blender.retarget.names import split_name, with_known_sides

MIXAMO = ["Hips", "Spine", "Spine1", "Spine2", "Neck", "Head", "HeadTop_End"] + [
    f"{side}{part}"
    for side in ("Left", "Right")
    for part in ("Shoulder", "Arm", "ForeArm", "Hand", "HandIndex1", "UpLeg", "Leg", "Foot", "ToeBase", "Toe_End")
]
UNREAL = ["root", "pelvis", "spine_01", "spine_02", "spine_03", "neck_01", "head", "head_leaf"] + [
    f"{part}_{side}"
    for side in "lr"
    for part in ("clavicle", "upperarm", "lowerarm", "hand", "index_01", "thigh", "calf", "foot", "ball", "ball_leaf")
]
METARIG = ["spine", *(f"spine.{n:03d}" for n in range(1, 7)), "face", "pelvis.L", "pelvis.R", "breast.L"] + [
    f"{part}.{side}"
    for side in "LR"
    for part in ("shoulder", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe", "heel.02", "f_index.01")
]
CMU = ["Hips", "LowerBack", "Spine", "Spine1", "Neck", "Neck1", "Head"] + [
    f"{side}{part}"
    for side in ("Left", "Right")
    for part in ("UpLeg", "Leg", "Foot", "ToeBase", "Shoulder", "Arm", "ForeArm", "Hand", "FingerBase")
]
PLAIN = ["Root", "Hips", "Abdomen", "Torso", "Neck", "Head"] + [
    f"{part}.{side}"
    for side in "LR"
    for part in (
        "Shoulder",
        "UpperArm",
        "LowerArm",
        "Palm",
        "UpperLeg",
        "LowerLeg",
        "Foot",
        "Toes",
        "Thumb1",
        "PoleTarget",
    )
]


def test_mixamo_with_any_prefix():
    for prefix in ("mixamorig:", "mixamorig9:", "mixamorig_", "Someone:mixamorig:", ""):
        mapping = detect([prefix + name for name in MIXAMO])
        assert mapping.preset == "Mixamo" and mapping.score == 1 and mapping.missing == ()
        assert mapping.bones["left_knee"] == prefix + "LeftLeg"
        assert mapping.bones["right_shoulder"] == prefix + "RightArm"
        assert mapping.bones["spine3"] == prefix + "Spine2"


@pytest.mark.parametrize(
    ("names", "preset", "joint", "bone"),
    [
        (UNREAL, "Unreal", "left_elbow", "lowerarm_l"),
        (METARIG, "Rigify", "pelvis", "spine"),
        (METARIG, "Rigify", "neck", "spine.004"),
        (CMU, "CMU", "spine1", "LowerBack"),
        (list(skeleton.JOINT_NAMES), "SMPL", "head", "head"),
    ],
)
def test_known_rigs_map_wholly(names, preset, joint, bone):
    mapping = detect(names)
    assert mapping.preset.startswith(preset) and mapping.missing == () and mapping.bones[joint] == bone


def test_what_a_trunk_lies_between_is_no_part_of_it():
    """Rigify's neck is a bone of the spine by its name, and the neck by the tree: it is one of them."""
    names = ["head" if name == "face" else name for name in METARIG]
    above = {name: before for before, name in pairwise(METARIG[:7])} | {"head": METARIG[6]}
    for side in "LR":
        above |= {f"shoulder.{side}": "spine.003", f"thigh.{side}": "spine"}
        for limb in (("shoulder", "upper_arm", "forearm", "hand", "f_index.01"), ("thigh", "shin", "foot", "toe")):
            above |= {f"{below}.{side}": f"{part}.{side}" for part, below in pairwise(limb)}
    parents = [names.index(above.get(name, "spine")) if name != "spine" else -1 for name in names]
    table = json.loads((PRESET_FOLDER / "generic.json").read_text(encoding="utf-8"))
    found, spine = bones_by_words(table, names, list(range(len(names))), parents)
    assert found["neck"] == ("spine.004",) and not {"spine.004", "spine.005", "spine.006"} & set(spine)


def test_other_names_are_guessed():
    mapping = detect(PLAIN)
    assert mapping.preset == "Guessed by name"
    assert mapping.missing == ("spine2",)
    assert mapping.bones["right_wrist"] == "Palm.R" and mapping.bones["left_hip"] == "UpperLeg.L"
    assert mapping.bones["left_collar"] == "Shoulder.L" and mapping.bones["spine3"] == "Torso"


def test_a_guess_prefers_the_upper_of_two():
    names = [
        "b",
        "hips",
        "L_thigh",
        "R_thigh",
        "L_shin",
        "R_shin",
        "L_foot",
        "R_foot",
        "spine",
        "Left arm",
        "Right arm",
    ]
    names += ["Left forearm", "Right forearm", "Left hand", "Right hand", "head", "L.hand.head", "Hand L"]
    parents = [-1, 0, 1, 1, 2, 3, 4, 5, 1, 8, 8, 9, 10, 11, 12, 8, 13, 13]
    assert detect(names, parents).bones["left_wrist"] == "Left hand"


def test_names_are_split_into_side_and_words():
    assert split_name("mixamorig:LeftForeArm") == ("left", "forearm", ("fore", "arm"))
    assert split_name("upper_arm.R")[:2] == ("right", "upperarm")
    assert split_name("Bip01 L Thigh")[:2] == ("left", "thigh")
    assert split_name("leftUpLeg")[:2] == ("left", "upleg")
    assert split_name("Lowerback")[:2] == (None, "lowerback")


def test_spine_bones_are_shared_out():
    assert share_spine("abcde") == {"spine1": "a", "spine2": "c", "spine3": "e"}
    assert share_spine("ab") == {"spine1": "a", "spine3": "b"}
    assert share_spine("a") == {"spine3": "a"}


@pytest.mark.parametrize(
    ("names", "word"),
    [
        ([], "0 of 22"),
        (["Bone", "Bone.001", "Camera"], "0 of 22"),
        ([name for name in MIXAMO if "Leg" not in name and "Foot" not in name], "left_hip"),
        (METARIG + [f"MCH-{n}" for n in range(20)], "control rig"),
    ],
)
def test_rigs_that_cannot_carry_a_motion_say_so_in_one_line(names, word):
    with pytest.raises(RigError, match=word) as caught:
        detect(names)
    assert caught.value.hint and "\n" not in str(caught.value)


def test_a_mapping_by_hand_names_joints_only():
    assert make_mapping("mine", {"pelvis": "Bone"}).score == pytest.approx(1 / 22)
    with pytest.raises(RigError, match="tail"):
        make_mapping("mine", {"tail": "Bone"})


def test_presets_name_every_limb_joint_once():
    limbs = {name for name in skeleton.JOINT_NAMES if name.startswith(("left", "right"))}
    assert len(named_presets()) == len(list(PRESET_FOLDER.glob("*.json"))) - 1
    for path in PRESET_FOLDER.glob("*.json"):
        preset = json.loads(path.read_text(encoding="utf-8"))
        if path.stem != "generic":
            assert set(preset["limbs"]) == limbs, path.name
            assert {"label", "pelvis", "spine", "neck", "head"} <= set(preset), path.name


@pytest.mark.parametrize(
    "joint", ["pelvis", *(f"{side}_{part}" for side in skeleton.SIDES for part in ("hip", "knee", "ankle"))]
)
def test_a_rig_whose_names_lack_a_joint_that_carries_the_body_is_refused(joint):
    names = [name if name != joint else "something" for name in skeleton.JOINT_NAMES]
    with pytest.raises(RigError, match=joint):
        detect(names)


LANGUAGES = {  # the trunk upwards, a leg and an arm, both sides
    "German": ("Hüfte Wirbel1 Wirbel2 Brust Hals Kopf",
               "Oberschenkel Unterschenkel Fuß Zehen Schlüsselbein Oberarm Unterarm Hand", "{}_{}", "links rechts"),
    "French": ("bassin colonne1 colonne2 poitrine cou tête",
               "cuisse mollet pied orteils clavicule bras avantbras main", "{}.{}", "G D"),
    "Spanish": ("Cadera Columna Columna1 Tórax Cuello Cabeza",
                "Muslo Pierna Pie Dedos Hombro Brazo Antebrazo Mano", "{}{}", "Izquierda Derecha"),
    "Russian": ("Таз Позвоночник1 Позвоночник2 Грудь Шея Голова",  # noqa: RUF001
                "Бедро Голень Стопа Носок Ключица Плечо Предплечье Кисть",
                "{}_{}", "Л П"),
    "Korean": ("골반 척추1 척추2 가슴 목 머리", "허벅지 종아리 발 발가락 쇄골 위팔 아래팔 손", "{1}{0}", "왼 오른"),
    "glued": ("root spine1 spine2 spine3 neck head",
              "thigh shin foot toe collar upperarm forearm hand", "{1}{0}", "l r"),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_and_sides_of_other_languages(language):
    trunk, limbs, pattern, sides = LANGUAGES[language]
    bones = trunk.split() + [pattern.format(part, side) for side in sides.split() for part in limbs.split()]
    parts = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")
    joints = ["pelvis", "spine1", "spine2", "spine3", "neck", "head"]
    joints += [f"{side}_{part}" for side in ("left", "right") for part in parts]
    parents = [-1, 0, 1, 2, 3, 4]
    for first in (6, 14):
        parents += [0, first, first + 1, first + 2, 3, first + 4, first + 5, first + 6]
    assert detect(bones, parents).bones == dict(zip(joints, bones, strict=True))


def test_letters_are_sides_only_where_bones_come_in_pairs_of_them():
    names = [*MIXAMO, "prop_g", "prop_d", "card_e"]
    assert detect(names).preset == "Mixamo" and detect(names).score == 1
    assert with_known_sides(["cuisse_G", "cuisse_D", "table"]) == ["cuisse_G", "cuisse_D", "table"]


def test_a_trunk_without_names_lies_between_the_limbs():
    limbs = ("thigh", "shin", "foot", "toe", "collar", "upperarm", "forearm", "hand")
    bones = ["a", "b", "c", "d", "e", "head"] + [f"{part}.{side}" for side in "LR" for part in limbs]
    parents = [-1, 0, 1, 2, 3, 4]
    for first in (6, 14):
        parents += [0, first, first + 1, first + 2, 3, first + 4, first + 5, first + 6]
    found = detect(bones, parents).bones
    assert [found[joint] for joint in ("pelvis", "spine1", "spine2", "spine3", "neck")] == ["a", "b", "c", "d", "e"]


def test_legs_and_arms_may_be_numbered_and_end_in_words():
    limbs = ("leg_{}0_0_jnt", "leg_{}0_1_jnt", "foot_{}0_0_jnt", "foot_{}0_1_jnt", "arm_{}_clavicle", "arm_{}0_0_jnt",
             "arm_{}0_1_jnt", "arm_{}_hand")  # fmt: skip
    bones = ["root_C0_jnt", "spine_C0_jnt", "neck_C0_jnt", "neck_C0_head_jnt"]
    bones += [name.format(side) for side in "LR" for name in limbs]
    parents = [-1, 0, 1, 2]
    for first in (4, 12):
        parents += [0, first, first + 1, first + 2, 1, first + 4, first + 5, first + 6]
    found = detect(bones, parents).bones
    wanted = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")
    assert [found[f"left_{part}"] for part in wanted] == [name.format("L") for name in limbs]
    assert found["head"] == "neck_C0_head_jnt"
