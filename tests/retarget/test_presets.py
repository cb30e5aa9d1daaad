"""Detection on every preset's own names, on variants of them, on rigs on disk, by shape; and mappings as files."""

import itertools
import json
import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from bodies import make_rig
from scipy.spatial.transform import Rotation

from coamd_blender.errors import CoamdError, InputError, RigError
from coamd_blender.retarget import check_mapping, detect, detect_rig, load_mapping, make_mapping, save_mapping
from coamd_blender.retarget.mapping import named_presets, preset_names
from coamd_blender.retarget.rig import simple_rig

RIG_FOLDER = Path(os.environ.get("COAMD_RIGS") or Path(__file__).parents[3] / "shared" / "rigs")
PRESETS = {preset["label"]: preset for preset in named_presets()}
# What stands before a name by the preset's regular expression, for those that have one.
OWN_PREFIX = {"Mixamo": "mixamorig:", "SMPL": "m_avg_", "VRoid and VRM (J_Bip)": "J_Bip_", "3ds Max Biped": "Bip001 ",
              "Source engine (ValveBiped)": "ValveBiped.Bip01_", "GTA V (SKEL_)": "SKEL_"}  # fmt: skip
SIDE = r"[Ll]eft|[Rr]ight|左|右|(?<![A-Za-z])[lrLR](?![A-Za-z])|^[lr](?=[A-Z])"


def own_names(preset):
    """A rig's bone names: the first name of every option, with the preset's prefix."""
    prefix = OWN_PREFIX.get(preset["label"], "")
    names = [preset[part][0] for part in ("pelvis", "neck", "head")] + preset["spine"]
    names += [options[0] for options in preset["limbs"].values()]
    return [prefix + name for name in dict.fromkeys(names)]


def respelled(preset, style):
    """``own_names`` with the side written another way; names without a side stay."""
    limbs = {options[0]: joint.split("_")[0] for joint, options in preset["limbs"].items()}
    prefix = OWN_PREFIX.get(preset["label"], "")
    result = {}
    for name in own_names(preset):
        side = limbs.get(name.removeprefix(prefix))
        if side is None:
            result[name] = name
            continue
        bare = re.sub(SIDE, "", name.removeprefix(prefix), count=1).strip("._- ")
        result[name] = style(bare, side)
    return result


STYLES = {
    ".L": lambda bare, side: f"{bare}.{side[0].upper()}",
    "_l": lambda bare, side: f"{bare}_{side[0]}",
    "Left": lambda bare, side: f"{side.title()}{bare[0].upper()}{bare[1:]}",
    "L_": lambda bare, side: f"{side[0].upper()}_{bare}",
    "left_": lambda bare, side: f"{side}_{bare}",
    "_Left": lambda bare, side: f"{bare}_{side.title()}",
    " L": lambda bare, side: f"{bare} {side[0].upper()}",
}
AFFIXES = {
    "plain": "{}",
    "namespace": "Hero:{}",
    "path": "Armature|{}",
    "prefix": "hero_01_{}",
    "capital prefix": "CHR-{}",
    "suffix": "{}_jnt",
    "number": "{}.001",
    "both": "rig_{}_bone",
}
CASES = {"as is": str, "lower": str.lower, "upper": str.upper}


@pytest.mark.parametrize("label", PRESETS)
def test_every_presets_own_names_are_known_as_its(label):
    preset = PRESETS[label]
    names = own_names(preset)
    mapping = detect(names)
    assert mapping.preset == label and mapping.missing == () and mapping.score == 1
    prefix = OWN_PREFIX.get(label, "")
    for joint, options in preset["limbs"].items():
        assert mapping.bones[joint] == prefix + options[0]
    assert mapping.bones["spine1"] == prefix + preset["spine"][0]
    assert mapping.bones["spine3"] == prefix + preset["spine"][-1]
    assert mapping.ambiguous == {} and mapping.notes == tuple(filter(None, [preset.get("note")]))


def variants():
    for preset in PRESETS.values():
        for style in (None, *STYLES.values()):
            spelled = respelled(preset, style) if style else {name: name for name in own_names(preset)}
            for affix in AFFIXES.values():
                for case in CASES.values():
                    changed = {name: affix.format(case(new)) for name, new in spelled.items()}
                    if len(set(changed.values())) == len(changed):
                        yield preset, changed


def test_detection_is_right_on_at_least_95_percent_of_name_variants():
    tried, wrong = 0, []
    wanted = {label: detect(own_names(preset)).bones for label, preset in PRESETS.items()}
    for preset, changed in itertools.islice(variants(), 0, None, 4):
        tried += 1
        try:
            found = detect(list(changed.values())).bones
        except RigError as error:
            found = str(error)
        if found != {joint: changed[bone] for joint, bone in wanted[preset["label"]].items()}:
            wrong.append((preset["label"], list(changed.values())[-1]))
    print(f"{tried - len(wrong)} of {tried} name variants")
    assert tried > 1000 and len(wrong) <= 0.05 * tried, wrong[:20]


def test_two_bones_of_one_name_are_reported():
    names = own_names(PRESETS["Mixamo"])
    mapping = detect([*names, "Other:LeftArm"], [-1, *[0] * len(names)])
    assert mapping.ambiguous == {"left_shoulder": ("mixamorig:LeftArm", "Other:LeftArm")}
    assert mapping.bones["left_shoulder"] == "mixamorig:LeftArm"


def test_the_controls_of_cloudrig_are_keyed_as_plain_bones_beside_its_many_others():
    """Of a generated CloudRig, by either spelling of its versions; other generated rigs stay refused."""
    label = "CloudRig FK controls (Blender Studio)"
    others = [f"{kind}-{part}.{side}" for kind in ("ORG", "DEF", "STR", "IK") for part in "ABCDEF" for side in "LR"]
    for number in (0, -1):
        limbs = {joint: options[number] for joint, options in PRESETS[label]["limbs"].items()}
        names = ["root", "HIP-Spine", "FK-Spine", "FK-Chest", "FK-Neck", "FK-Head", *limbs.values(), *others]
        mapping = detect(names)
        assert mapping.preset == label and {joint: mapping.bones[joint] for joint in limbs} == limbs
        assert mapping.bones["pelvis"] == "HIP-Spine" and "untested on a real rig" in mapping.notes[0]
        assert (mapping.bones["spine1"], mapping.bones["spine3"]) == ("FK-Spine", "FK-Chest")
    with pytest.raises(RigError, match="generated control rig"):
        detect(["root", "pelvis", "head", *others])


def test_the_controls_of_a_generated_rig_are_taken_on_request():
    names = own_names(PRESETS["Rigify FK controls"]) + own_names(PRESETS["Rigify deform bones"])
    names += [f"ORG-{number}" for number in range(20)]
    with pytest.raises(RigError, match="control rig"):
        detect(names)
    mapping = detect(names, controls=True)
    assert mapping.preset == "Rigify FK controls" and mapping.bones["left_elbow"] == "forearm_fk.L"


@pytest.mark.skipif(not RIG_FOLDER.is_dir(), reason="set COAMD_RIGS to a folder with the rig files")
@pytest.mark.parametrize("name", ["quaternius_male", "quaternius_female", "kenney_zombie"])
def test_rigs_on_disk_are_known(name):
    data = (RIG_FOLDER / f"{name}.glb").read_bytes()
    tree = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])
    names = [tree["nodes"][joint]["name"] for joint in tree["skins"][0]["joints"]]
    mapping = detect(names)
    assert mapping.preset.startswith("Unreal") and mapping.missing == () and mapping.ambiguous == {}
    assert mapping.bones["left_foot"] == "ball_l"


@pytest.mark.parametrize("turn", [None, "turned"])
def test_a_rig_without_names_is_known_by_its_shape(turn):
    plain = make_rig(rolls=True)
    order = np.array(plain.parents)
    rest = plain.rest.copy()
    if turn:
        half = np.diag([-1.0, 1.0, -1.0, 1.0])
        rest = half @ rest
    rig = simple_rig([f"Bone.{number:03d}" for number in range(22)], order, rest)
    mapping = detect_rig(rig)
    assert mapping.preset == "Guessed by shape" and mapping.notes
    assert mapping.bones == {joint: f"Bone.{number:03d}" for number, joint in enumerate(plain.names)}


@pytest.mark.parametrize("stands", [True, False])
@pytest.mark.parametrize(("axis", "degrees"), [("x", 90), ("x", -90), ("z", 90), ("y", 90), ("x", 180)])
def test_a_rig_without_names_is_known_however_its_armature_is_turned(axis, degrees, stands):
    """``stands``: the object puts the armature upright, as an importer does; else the rig lies in the world."""
    plain = make_rig(turn=Rotation.from_euler(axis, degrees, degrees=True))
    names = [f"Bone.{number:03d}" for number in range(22)]
    rig = simple_rig(names, plain.parents, plain.rest, world=plain.world if stands else None)
    assert detect_rig(rig).bones == dict(zip(plain.names, names, strict=True))


def test_sides_named_the_wrong_way_round_are_noted():
    rig = make_rig()
    swap = {"left": "right", "right": "left"}
    names = [re.sub("left|right", lambda found: swap[found.group()], name) for name in rig.names]
    assert detect_rig(rig).notes == ()
    assert "left" in detect_rig(simple_rig(names, rig.parents, rig.rest)).notes[0]


def test_a_mapping_is_saved_and_loaded_again(tmp_path):
    mapping = detect(own_names(PRESETS["MikuMikuDance (Japanese names)"]))
    loaded = load_mapping(save_mapping(mapping, tmp_path / "mine.json"))
    assert loaded.bones == mapping.bones and loaded.preset == mapping.preset
    check_mapping(loaded, mapping.bones.values())
    with pytest.raises(RigError, match="no bone"):
        check_mapping(loaded, ["Bone"])
    with pytest.raises(RigError, match="left_knee"):
        check_mapping(make_mapping("mine", {"pelvis": "Bone"}), ["Bone"])
    with pytest.raises(InputError):
        save_mapping(mapping, tmp_path / "no" / "folder.json")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "JSON"),
        ("[]", "not a bone mapping"),
        ('{"format": "coamd-mapping", "version": 9}', "version 1"),
        ('{"format": "coamd-mapping", "version": 1, "bones": {"pelvis": 3}}', "no table"),
        ('{"format": "coamd-mapping", "version": 1, "bones": {"tail": "Tail"}}', "tail"),
        ('{"format": "coamd-mapping", "version": 1, "bones": {"head": "A", "neck": "A"}}', "both"),
        ('{"format": "coamd-mapping", "version": 1, "bones": {"head": "A", "head": "B"}}', "twice"),
    ],
)
def test_files_that_are_no_mapping_are_one_clear_line(tmp_path, text, word):
    path = tmp_path / "mine.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CoamdError, match=word) as caught:
        load_mapping(path)
    assert caught.value.hint and "\n" not in str(caught.value)


def test_presets_have_no_name_twice():
    for preset in PRESETS.values():
        names = preset_names(preset)
        assert len(names) == len(set(names)), preset["label"]
