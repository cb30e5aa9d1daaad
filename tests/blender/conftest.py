"""The add-on as Blender would run it: registered, with preferences, and a fake runtime in place of a network."""

import sys
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")

FAKE_RUNTIME = Path(__file__).with_name("fake_runtime.py")
FAKE_EDITS = Path(__file__).with_name("fake_edit_runtime.py")


@pytest.fixture
def addon():
    """An empty scene, the add-on registered, its preferences naming the fake runtime; yields the preferences."""
    import coamd_blender
    from coamd_blender.setup import preferences

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    coamd_blender.register()
    entry = bpy.context.preferences.addons.new()
    entry.module = preferences.EXTENSION
    settings = preferences.get(bpy.context)
    settings.source = "COMMAND"
    settings.command = f'"{sys.executable}" "{FAKE_RUNTIME}"'
    yield settings
    coamd_blender.unregister()
    bpy.context.preferences.addons.remove(bpy.context.preferences.addons[preferences.EXTENSION])


@pytest.fixture
def rig(addon):
    """An armature with our joints as bones, active, that already holds keys in an Action named "Before"."""
    from coamd_blender.motion import skeleton

    joints = skeleton.to_z_up(skeleton.rest_joints())
    armature = bpy.data.objects.new("Hero", bpy.data.armatures.new("Hero"))
    bpy.context.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for index, name in enumerate(skeleton.JOINT_NAMES):
        bone = armature.data.edit_bones.new(name)
        children = [child for child, parent in enumerate(skeleton.PARENTS) if parent == index]
        bone.head = joints[index]
        bone.tail = joints[children[-1]] if len(children) == 1 else joints[index] + (0, 0, 0.1)
        if skeleton.PARENTS[index] >= 0:
            bone.parent = armature.data.edit_bones[skeleton.JOINT_NAMES[skeleton.PARENTS[index]]]
    bpy.ops.object.mode_set(mode="OBJECT")
    armature.location.x = 1.0
    armature.keyframe_insert("location", frame=1)
    armature.animation_data.action.name = "Before"
    return armature


@pytest.fixture
def walker(addon, tmp_path):
    """A rig that walks from frame 1 to 60 at 24 frames a second, and a runtime that notes what it is asked."""
    import rigs

    from coamd_blender.anim import write_action

    bpy.context.scene.render.fps = 24
    addon.command = f'"{sys.executable}" "{FAKE_EDITS}" "{tmp_path / "asked.jsonl"}"'
    armature = rigs.mixamo()
    action = write_action.apply_motion(armature, rigs.walking(60), source_fps=24, start_frame=1, name="Walk")
    bpy.ops.ed.undo_push(message="before")
    armature["asked"] = str(tmp_path / "asked.jsonl")
    return armature, action
