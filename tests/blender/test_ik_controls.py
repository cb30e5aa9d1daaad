"""IK controls of Auto-Rig Pro and CloudRig, on armatures built after their published names: chains that IK constraints
lead, poles with a carrier of their own, toes. No rig made by either add-on was at hand."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from rigs import JOINTS, armature_from, evaluated_heads, mixamo, new_scene, walking  # noqa: E402
from test_bake import curves_of  # noqa: E402

from coamd_blender import retarget  # noqa: E402
from coamd_blender.anim import targets, write_action  # noqa: E402
from coamd_blender.errors import RigError  # noqa: E402
from coamd_blender.retarget.mapping import named_presets  # noqa: E402

FRAMES = [2, 7, 15, 24, 33, 39]
LIMBS = {"knee": ("hip", "ankle"), "elbow": ("shoulder", "wrist")}
# The IK chain's bones, what leads the limb, its pole; {} is the side.
ARP = {
    "label": "Auto-Rig Pro FK controls",
    "sides": ("l", "r"),
    "roots": ("c_pos", "c_traj"),
    "knee": ("thigh_ik.{}", "leg_ik.{}", "c_foot_ik.{}", "c_leg_pole.{}"),
    "elbow": ("arm_ik.{}", "forearm_ik.{}", "c_hand_ik.{}", "c_arms_pole.{}"),
    "toes": "c_toes_ik.{}",
    "switch": ("c_foot_ik.l", "ik_fk_switch", 0.0),
}
CLOUD = {
    "label": "CloudRig FK controls (Blender Studio)",
    "sides": ("L", "R"),
    "roots": ("root",),
    "knee": ("IK-Thigh.{}", "IK-Knee.{}", "IK-MSTR-Foot.{}", "IK-POLE-Leg.{}"),
    "elbow": ("IK-UpperArm.{}", "IK-Forearm.{}", "IK-MSTR-Wrist.{}", "IK-POLE-Arm.{}"),
    "toes": None,
    "switch": ("Properties", "ik_left_leg", 1.0),
}


def fk_names(label):
    """Joint to the name of its FK control."""
    table = next(preset for preset in named_presets() if preset["label"] == label)
    names = dict(zip(("spine1", "spine2", "spine3"), table["spine"], strict=False))
    names |= {joint: table[joint][0] for joint in ("pelvis", "neck", "head")}
    return names | {joint: options[0] for joint, options in table["limbs"].items()}


def built(kind, pole_on_target):
    """A rig of FK controls and, beside them, IK chains with their controls; knees and elbows a little bent at rest."""
    new_scene()
    plain, names = mixamo("").data.bones, fk_names(kind["label"])
    joint_of = {bone: joint for joint, bone in retarget.detect([bone.name for bone in plain]).bones.items()}
    places = {joint: np.array(place) for joint, place in JOINTS.items()}
    for side in ("left", "right"):
        places[f"{side}_knee"] += (0, -0.02, 0)
        places[f"{side}_elbow"] += (0, 0.02, 0)
    tops = kind["roots"]
    bones = {
        top: (tops[number - 1] if number else None, (0, 0, 0), (0, 0.3, 0), 0.0) for number, top in enumerate(tops)
    }
    for bone in plain:
        joint = joint_of.get(bone.name)
        if joint is None:
            continue
        below = {"hip": "knee", "knee": "ankle", "shoulder": "elbow", "elbow": "wrist"}.get(joint.rpartition("_")[2])
        tail = tuple(places[f"{joint.partition('_')[0]}_{below}"]) if below else bone.tail_local[:]
        parent = names[joint_of[bone.parent.name]] if bone.parent else tops[-1]
        bones[names[joint]] = (parent, tuple(places[joint]), tail, 0.4)
    for side, letter in zip(("left", "right"), kind["sides"], strict=True):
        for middle, (upper, end) in LIMBS.items():
            first, second, target, pole = (name.format(letter) for name in kind[middle])
            start, bend, stop = (places[f"{side}_{joint}"] for joint in (upper, middle, end))
            above = names["pelvis" if middle == "knee" else f"{side}_collar"]
            away = (0, -0.5, 0) if middle == "knee" else (0, 0.5, 0)
            bones[first] = (above, tuple(start), tuple(bend), 0.4)
            bones[second] = (first, tuple(bend), tuple(stop), 0.4)
            bones[f"P-{target}"] = (None, tuple(stop), tuple(stop - (0, 0, -0.1)), 0.0)
            bones[target] = (f"P-{target}", tuple(stop), tuple(stop - (0, 0.1, 0)), 0.7)
            bones[f"P-{pole}"] = (None, tuple(bend + away), tuple(bend + away + (0, 0, 0.1)), 0.0)
            bones[pole] = (f"P-{pole}", tuple(bend + away), tuple(bend + away + (0, 0, 0.1)), 0.3)
        if kind["toes"]:
            toe = places[f"{side}_foot"]
            leading = kind["knee"][2].format(letter)
            bones[kind["toes"].format(letter)] = (leading, tuple(toe), tuple(toe - (0, 0.07, 0)), 0.2)
    if kind is CLOUD:
        bones["Properties"] = (None, (1, 0, 0), (1, 0, 0.1), 0.0)
    rig = armature_from(bones, "Built")
    constrain(rig, kind, pole_on_target)
    return rig, names


def constrain(rig, kind, pole_on_target):
    for letter in kind["sides"]:
        for middle in LIMBS:
            _, second, target, pole = (name.format(letter) for name in kind[middle])
            found = rig.pose.bones[second].constraints.new("IK")
            found.target = found.pole_target = rig
            found.subtarget, found.pole_subtarget, found.chain_count = target, pole, 2
            found.pole_angle = pole_angle(rig, *(name.format(letter) for name in kind[middle]))
            carry(rig, f"P-{target}", kind["roots"][-1])
            carry(rig, f"P-{pole}", target if pole_on_target else kind["roots"][-1])
    bone, name, value = kind["switch"]
    rig.pose.bones[bone][name] = 1.0 - value


def carry(rig, bone, by):
    """Hang a bone from another by a constraint: as CloudRig's parent helpers, the other target without weight."""
    found = rig.pose.bones[bone].constraints.new("ARMATURE")
    for name, weight in ((rig.data.bones[0].name, 0.0), (by, 1.0)):
        target = found.targets.new()
        target.target, target.subtarget, target.weight = rig, name, weight


def pole_angle(rig, first, second, _target, pole):
    """The angle at which the chain, at rest, keeps its bend where it is: the upper bone's X axis to the pole's way."""
    upper, place = rig.data.bones[first], rig.data.bones[pole].head_local
    normal = (rig.data.bones[second].tail_local - upper.head_local).cross(place - upper.head_local)
    along = (upper.tail_local - upper.head_local).normalized()
    ahead = normal.cross(along).normalized()
    x_axis = upper.matrix_local.col[0].to_3d()
    return float(-np.arctan2(x_axis.cross(ahead).dot(along), x_axis.dot(ahead)))


@pytest.mark.parametrize(("pole_on_target", "travel"), [(False, "root"), (True, "hips")], ids=["on root", "on target"])
@pytest.mark.parametrize("kind", [ARP, CLOUD], ids=["Auto-Rig Pro", "CloudRig"])
def test_chains_led_by_ik_controls_go_where_fk_has_them(kind, pole_on_target, travel):
    rig, names = built(kind, pole_on_target)
    options = {"start_frame": 1, "contact": "off", "travel": travel}
    write_action.apply_motion(rig, walking(), **options)
    sides = dict(zip(("left", "right"), kind["sides"], strict=True))
    limbs = [(side, middle) for side in sides for middle in LIMBS]
    joints = [f"{side}_{joint}" for side, middle in limbs for joint in (middle, LIMBS[middle][1])]
    wanted = evaluated_heads(rig, [names[joint] for joint in joints], FRAMES)
    wanted_toes = turned(rig, [names[f"{side}_foot"] for side in sides])
    toes = [(kind["toes"] or names["left_foot"].replace("L", "{}")).format(side) for side in kind["sides"]]
    if not kind["toes"]:  # CloudRig has one control of the toes for both, which hangs from either foot by a constraint
        unhang(rig, toes)
        for bone, side in zip(toes, kind["sides"], strict=True):
            carry(rig, bone, kind["knee"][2].format(side))
    action = write_action.apply_motion(rig, walking(), limbs="ik", **options)
    chains = [[name.format(sides[side]) for name in kind[middle]] for side, middle in limbs]
    off = evaluated_heads(rig, [bone for chain in chains for bone in chain[1:3]], FRAMES) - wanted
    off = np.linalg.norm(off, axis=-1)
    assert off[:, ::2].max() < 0.01, "knees and elbows"
    assert off[:, 1::2].max() < 0.001, "feet and hands"
    keyed = {curve.data_path for curve in curves_of(action)}
    assert all(f'pose.bones["{chain[3]}"].location' in keyed for chain in chains)
    assert not any(f'"{names[joint]}"' in path for joint in joints for path in keyed)
    bone, name, value = kind["switch"]
    switch = next(curve for curve in curves_of(action) if curve.data_path == f'pose.bones["{bone}"]["{name}"]')
    assert switch.evaluate(20) == value
    assert np.abs(turned(rig, toes) - wanted_toes).max() < 1e-3


def unhang(rig, bones):
    """Take the parents of ``bones`` away."""
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in bones:
        rig.data.edit_bones[bone].parent = None
    bpy.ops.object.mode_set(mode="OBJECT")


def turned(rig, bones):
    """How bones are turned from rest (frames, bones, 3, 3), in the armature."""
    found = []
    for frame in FRAMES:
        bpy.context.scene.frame_set(frame)
        posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        found.append(
            [np.array((posed[bone].matrix @ posed[bone].bone.matrix_local.inverted()).to_3x3()) for bone in bones]
        )
    return np.array(found)


def test_a_rig_without_a_pole_is_refused_and_the_remedy_works():
    rig, _ = built(ARP, False)
    rig.data.bones["c_leg_pole.l"].name = "other"
    with pytest.raises(RigError, match=r"no IK control 'c_leg_pole\.l' - Choose FK"):
        write_action.apply_motion(rig, walking(10), limbs="ik")
    assert rig.animation_data is None or rig.animation_data.action is None
    write_action.apply_motion(rig, walking(10), limbs="fk")


def test_the_panel_says_which_controls_are_keyed_and_that_no_real_rig_was_tried():
    rig, _ = built(CLOUD, False)
    mapping = retarget.detect([bone.name for bone in rig.data.bones])
    found = targets.Coverage(mapping.preset, mapping=mapping)
    assert targets.has_ik_controls(found)
    assert any("untested on a real rig" in note for note in mapping.notes)
    note = targets.switch_note(rig, found, limbs="ik", switch=True)
    assert note == "IK controls are keyed, and the Action turns 1 limb from FK to IK"
