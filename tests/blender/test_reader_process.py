"""The second Blender that reads foreign files: whatever ends it, no folder of it stays."""

import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")


@pytest.mark.usefixtures("addon")
def test_no_folder_stays_when_it_is_given_up_and_old_ones_go(tmp_path, monkeypatch):
    from coamd_blender.library.reader_process import ReaderProcess
    from coamd_blender.setup import preferences

    shared, own = tmp_path / "shared", tmp_path / "own"
    shared.mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(shared))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(preferences, "user_folder", lambda: own)
    for name, age in (("coamd-old", 2 * 86400), ("coamd-new", 60)):
        (own / "reading" / name).mkdir(parents=True)
        os.utime(own / "reading" / name, (time.time() - age,) * 2)
    path = tmp_path / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    with ReaderProcess([str(path), str(path)]) as reader:
        while reader.next_file() is None:
            time.sleep(0.01)
        assert len(list((own / "reading").iterdir())) == 2
    assert [left.name for left in (own / "reading").iterdir()] == ["coamd-new"]
    assert not list(shared.iterdir())


@pytest.fixture
def said(monkeypatch, tmp_path):
    """Lets what a second Blender says be what is put into the list that this gives."""
    from coamd_blender.setup import preferences, second_blender

    lines: list[str] = []

    def start(module, argument, scratch):
        np.save(argument.with_name("0.npy"), np.zeros((3, 22, 3)))
        code = f"import sys, time; print({chr(10).join(lines)!r}, flush=True); time.sleep({600 if lines else 0})"
        return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, encoding="utf-8")

    monkeypatch.setattr(preferences, "user_folder", lambda: tmp_path)
    monkeypatch.setattr(second_blender, "start", start)
    return lines


def next_file(reader):
    while (found := reader.next_file()) is None:
        time.sleep(0.01)
    return found


@pytest.mark.usefixtures("addon")
def test_lines_that_a_strangers_file_has_printed_are_not_believed(said):
    """Blender prints paths and names of a file, line breaks in them too: such a line can be anything."""
    from coamd_blender.library.reader_process import LINE, ReaderProcess

    strangers = ["nonsense", "[" * 5000, "7", "{}", '{"file": "../../x", "clips": [], "problem": ""}']
    strangers += ['{"file": 1, "clips": [], "problem": ""}', '{"file": 0, "clips": 7, "problem": ""}']
    said += [LINE + text for text in (*strangers, '{"file": 0, "clips": [{"name": "a"}], "problem": ""}')]
    with ReaderProcess(["a.blend", "b.blend"]) as reader:
        found = next_file(reader)
    assert found.clips == [{"name": "a"}] and found.joints.shape == (3, 22, 3)


@pytest.mark.usefixtures("addon")
def test_a_file_that_blender_never_gets_done_with_is_told_as_one_and_the_next_ones_are_another_blenders(said):
    from coamd_blender.library.reader_process import ReaderProcess

    said.append("at work")
    with ReaderProcess(["a.blend", "b.blend"], longest=0.0) as reader:
        found = next_file(reader)
        assert reader.ended and found.joints is None
    assert "a.blend kept Blender busy for 0 s - Open it in Blender" in found.problem
    said.clear()
    with ReaderProcess(["a.blend"]) as reader:
        assert "a.blend made Blender end - " in next_file(reader).problem
