"""A .blend as somebody would make it who wants the add-on to run, to read or to delete what it should not.

Also a watch over a folder that tells whether anything in it was opened, by whatever process (Linux: inotify).
"""

from __future__ import annotations

import ctypes
import math
import os
import sqlite3
from pathlib import Path

import bpy

LONG = 400_000  # letters
TAKES = 300
BLOCKS = 2000
_OPENED = 0x00000020  # IN_OPEN


class Watch:
    """Notes which files of a folder are opened from now on."""

    def __init__(self, folder: Path):
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._handle = self._libc.inotify_init1(os.O_NONBLOCK)
        assert self._handle >= 0 and self._libc.inotify_add_watch(self._handle, os.fsencode(folder), _OPENED) >= 0

    def opened(self) -> set[str]:
        """Return the names of those that were opened, folders left out."""
        try:
            data = os.read(self._handle, 1 << 16)
        except BlockingIOError:
            return set()
        names, at = set(), 0
        while at < len(data):
            length = int.from_bytes(data[at + 12 : at + 16], "little")
            names.add(data[at + 16 : at + 16 + length].rstrip(b"\0").decode())
            at += 16 + length
        return names - {""}


def make_library(folder: Path) -> None:
    """Make a library whose schema acts when it is written to, beside a file that it claims as its own."""
    from library_fakes import FakeEmbedder, motion

    from runtime.library.clips import Library
    from runtime.library.records import FileFacts, ReadClip

    with Library.open(folder, FakeEmbedder(), create=True) as library:
        state = library.store.begin_embeddings(library.embedder)
        library.store.put_file(FileFacts("/a.bvh", 1, 2, "d"), [ReadClip("walk", motion(1))], state)
        library.store.embed_waiting(library.embedder)
    with sqlite3.connect(folder / "facts.sqlite") as connection:
        connection.execute("INSERT INTO meta VALUES ('made ../theirs.txt', 1)")
        connection.execute("CREATE TRIGGER t AFTER INSERT ON files BEGIN DELETE FROM files; END")


def raw(owner: bpy.types.bpy_struct) -> object:
    """Return what holds the add-on's values of ``owner`` unchecked: Blender 5 keeps them apart from custom ones."""
    system = getattr(owner, "bl_system_properties_get", None)
    return owner if system is None else system(do_create=True)


def _code(mark: Path) -> str:
    return f"open({str(mark)!r}, 'w').close()"


def make_blend(path: Path, outside: Path) -> None:
    """Save the hostile .blend at ``path``: all that it names, and all that it would write, lies in ``outside``."""
    bpy.ops.coamd.add_character()
    armature, scene = bpy.context.active_object, bpy.context.scene
    armature.location.x = 1.0
    armature.keyframe_insert("location", frame=1)
    action = armature.animation_data.action
    action.name, action.use_fake_user = "By hand", True
    script = bpy.data.texts.new("run.py")
    script.use_module = True
    script.write(_code(outside / "ran"))
    driver = armature.driver_add("scale", 0).driver
    driver.type, driver.expression = "SCRIPTED", f"{_code(outside / 'driven')} or 1"
    action["coamd_prompt"] = action["coamd_weights"] = action["coamd_licence"] = "x" * LONG
    _fill_scene(scene, armature, action, outside)
    _fill_rig(armature)
    _fill_track(armature)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))


def _fill_scene(scene: bpy.types.Scene, armature: bpy.types.Object, action: bpy.types.Action, outside: Path) -> None:
    settings, edit, teach = scene.coamd, scene.coamd_edit, scene.coamd_teach
    settings.prompt = "a person walks and " * (LONG // 19)
    for number in range(TAKES):
        take = settings.takes.add()
        take.name = take.prompt = "x" * (LONG if number == 0 else 1000)
        take.action, take.armature, take.rank = action, armature, number % 3
    for name in ("style.safetensors", "../outside/style.safetensors"):
        style = settings.styles.add()
        style.name, style.path, style.on = "x" * LONG, str(outside / name), True
    edit.preview = edit.source = action
    edit.armature, edit.notes, edit.tool, edit.prompt = armature, "n\n" * LONG, "tool", "lie " * (LONG // 4)
    scenes = edit.scenes.add()
    scenes.prompt = "x" * LONG
    for name in ("clip.bvh", "clip.gltf"):
        lesson = teach.lessons.add()
        lesson.name, lesson.sentence, lesson.file = "../../" + "x" * LONG, "x" * LONG, str(outside / name)
    teach.name = "../../../escaped"
    scene.coamd_understanding.library = str(outside / "library")
    scene.coamd_understanding.text = scene.coamd_understanding.words = "x, " * LONG
    held = raw(scene)
    held["coamd"]["seconds"], held["coamd"]["frames"], held["coamd"]["seed"] = math.nan, -(2**31), -5
    held["coamd"]["variants"], held["coamd"]["length_in"], held["coamd"]["begin"] = 2**31 - 1, 99, -7
    held["coamd"]["take_index"], held["coamd_understanding"]["top"] = -300, -5
    held["coamd_edit"]["scenes"][0]["seconds"] = math.nan


def _fill_rig(armature: bpy.types.Object) -> None:
    for number in range(500):
        joint = armature.coamd_rig.joints.add()
        joint.name, joint.bone = ("pelvis", "x" * LONG)[number % 2], "x" * (LONG if number == 0 else 100)
    rest = armature.coamd_rig.rest.add()
    rest.name, rest.turn = "Hips", (math.nan, math.inf, 0, 0)
    armature.coamd_rig.label = "x" * LONG


def _fill_track(armature: bpy.types.Object) -> None:
    """Give the armature a track that takes for ever to look at, and its Action a record that cannot be read."""
    for number in range(BLOCKS):
        block = armature.coamd_track.blocks.add()
        block.prompt, block.gap, block.frames = "get " * (LONG // 4 if number < 5 else 900), 2**31 - 1, 2**31 - 1
    held = raw(armature)["coamd_track"]
    held["index"], held["loop"], held["blocks"][1]["frames"] = -BLOCKS - 1, 77, -(2**31)
    armature.animation_data.action["coamd_blocks"] = "[" * LONG
