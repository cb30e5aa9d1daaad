"""The second Blender that reads foreign files: whatever ends it, no folder of it stays."""

import os
import tempfile
import time

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
