"""Rigs for the tests: Rigify's metarig, a Mixamo-named one, and files named by COAMD_RIGS or ../shared/rigs."""

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import bpy
import numpy as np

from coamd_blender.motion import skeleton

JOINTS = dict(zip(skeleton.JOINT_NAMES, skeleton.to_z_up(skeleton.rest_joints()), strict=True))
RIG_FOLDER = Path(os.environ.get("COAMD_RIGS") or Path(__file__).parents[3] / "shared" / "rigs")
FINGERS = ("Thumb", "Index", "Middle", "Ring", "Pinky")


def new_scene(fps=20):
    """An empty file with a scene at ``fps``; returns the scene."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = fps
    return bpy.context.scene


_MAKE_METARIG = """
import os, sys
import bpy, addon_utils
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
addon_utils.enable("rigify", default_set=True)
bpy.ops.object.armature_human_metarig_add()
if sys.argv[2] == "generated":
    bpy.ops.pose.rigify_generate()
    bpy.data.objects.remove(next(o for o in bpy.data.objects if o.name.startswith("metarig")))
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[1])
os._exit(0)
"""


@functools.cache
def _rigify_file(kind):
    """A file with Rigify's human rig, made in another process: bpy 4.2 crashes at exit once Rigify was enabled."""
    path = Path(tempfile.mkdtemp()) / f"{kind}.blend"
    subprocess.run([sys.executable, "-c", _MAKE_METARIG, path, kind], check=True, capture_output=True, timeout=400)
    return str(path)


def metarig(kind="metarig"):
    """Rigify's human metarig, or the "generated" control rig, from the add-on that Blender bundles."""
    with bpy.data.libraries.load(_rigify_file(kind)) as (source, target):
        target.objects = source.objects
    armature = next(found for found in target.objects if found.type == "ARMATURE")
    bpy.context.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    return armature


def imported(name):
    """The armature of a glTF file in the rig folder."""
    bpy.ops.import_scene.gltf(filepath=str(RIG_FOLDER / f"{name}.glb"))
    return next(found for found in bpy.context.scene.objects if found.type == "ARMATURE")


def armature_from(bones, name="Rig"):
    """An armature from name -> (parent or None, head, tail, roll), Blender axes, metres."""
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for bone_name, (parent, head, tail, roll) in bones.items():
        bone = armature.data.edit_bones.new(bone_name)
        bone.head, bone.tail, bone.roll = head, tail, roll
        if parent:
            bone.parent = armature.data.edit_bones[parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


def mixamo(prefix="mixamorig:", rolled=False, lowered=0.0):
    """A 65-bone rig with Mixamo's names in the canonical proportions, fingers included; ``lowered`` arms, radians."""
    rng = np.random.default_rng(0)
    bones = {}

    def add(bone, parent, head, tail):
        roll = rng.uniform(-np.pi, np.pi) if rolled else 0.0
        bones[prefix + bone] = (parent and prefix + parent, head, tail, roll)

    spine = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
    names = ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head")
    for number, (joint, bone) in enumerate(zip(spine, names, strict=True)):
        tail = JOINTS[spine[number + 1]] if number < 5 else JOINTS["head"] + (0, 0, 0.2)
        add(bone, names[number - 1] if number else None, JOINTS[joint], tail)
    add("HeadTop_End", "Head", JOINTS["head"] + (0, 0, 0.2), JOINTS["head"] + (0, 0, 0.3))
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        _add_arm(add, side, sign, lowered)
        chain = {"UpLeg": "hip", "Leg": "knee", "Foot": "ankle", "ToeBase": "foot"}
        places = [JOINTS[f"{side.lower()}_{joint}"] for joint in chain.values()]
        places += [places[-1] + (0, -0.07, 0), places[-1] + (0, -0.1, 0)]
        parent = "Hips"
        for number, part in enumerate((*chain, "Toe_End")):
            add(side + part, parent, places[number], places[number + 1])
            parent = side + part
    return armature_from(bones)


def _add_arm(add, side, sign, lowered):
    turn = np.array(
        [[np.cos(lowered), 0, sign * np.sin(lowered)], [0, 1, 0], [-sign * np.sin(lowered), 0, np.cos(lowered)]]
    )
    shoulder = JOINTS[f"{side.lower()}_shoulder"]
    elbow, wrist = (shoulder + turn @ (JOINTS[f"{side.lower()}_{part}"] - shoulder) for part in ("elbow", "wrist"))
    hand = wrist + turn @ (sign * 0.09, 0, 0)
    add(f"{side}Shoulder", "Spine2", JOINTS[f"{side.lower()}_collar"], shoulder)
    add(f"{side}Arm", f"{side}Shoulder", shoulder, elbow)
    add(f"{side}ForeArm", f"{side}Arm", elbow, wrist)
    add(f"{side}Hand", f"{side}ForeArm", wrist, hand)
    for number, finger in enumerate(FINGERS):
        parent, head = f"{side}Hand", hand + np.array((0, 0.02 * (number - 2), 0))
        for knuckle in range(1, 5):
            tail = head + turn @ (sign * 0.03, 0, 0)
            add(f"{side}Hand{finger}{knuckle}", parent, head, tail)
            parent, head = f"{side}Hand{finger}{knuckle}", tail


def walking(frames=40):
    """A made-up walk in Y-up metres with bent knees and elbows: joints (frames, 22, 3)."""
    phase = np.linspace(0, 4 * np.pi, frames)
    joints = np.zeros((frames, 22, 3))
    turns = [None] * 22
    index = skeleton.JOINT_INDEX

    def about_x(angles):
        c, s, one, zero = np.cos(angles), np.sin(angles), np.ones_like(angles), np.zeros_like(angles)
        return np.stack([one, zero, zero, zero, c, -s, zero, s, c], axis=-1).reshape(-1, 3, 3)

    def about_z(angles):
        return about_x(angles)[:, [1, 2, 0]][:, :, [1, 2, 0]]

    def about_y(angles):
        return about_x(angles)[:, [2, 0, 1]][:, :, [2, 0, 1]]

    local = {joint: about_x(np.zeros(frames)) for joint in skeleton.JOINT_NAMES}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        swing = np.sin(phase) * sign
        local[f"{side}_hip"] = about_x(-0.45 * swing)
        local[f"{side}_knee"] = about_x(0.5 + 0.35 * np.cos(phase) * sign)
        local[f"{side}_shoulder"] = about_z(np.full(frames, -1.2 * sign)) @ about_y(0.4 * swing)
        local[f"{side}_elbow"] = about_y(np.full(frames, -0.6 * sign))
    local["spine3"] = about_y(0.15 * np.sin(phase))
    joints[:, 0] = np.stack([0 * phase, 0.9 + 0.02 * np.cos(2 * phase), 0.15 * phase], axis=-1)
    turns[0] = about_y(0.1 * np.sin(phase))
    for joint, parent in list(enumerate(skeleton.PARENTS))[1:]:
        name = skeleton.JOINT_NAMES[joint]
        joints[:, joint] = joints[:, parent] + turns[parent] @ skeleton.REST_OFFSETS[joint]
        turns[joint] = turns[parent] @ local[name]
    joints[..., 1] -= joints[:, [index["left_foot"], index["right_foot"]], 1].min()
    return joints


def evaluated_heads(armature, bones, frames):
    """World places (F, N, 3), Y up, of bone heads as Blender evaluates them at each frame."""
    places = np.zeros((len(frames), len(bones), 3))
    for row, frame in enumerate(frames):
        bpy.context.scene.frame_set(int(frame))
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for column, bone in enumerate(bones):
            places[row, column] = posed.matrix_world @ posed.pose.bones[bone].head
    return skeleton.to_y_up(places)


def angles_between(a, b):
    """Angles in degrees between directions (..., 3)."""
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), (a * b).sum(axis=-1)))
