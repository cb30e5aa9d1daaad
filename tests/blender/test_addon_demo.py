"""The demo, with a fake runtime in place of the weights."""

import sys
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

FAKE_RUNTIME = Path(__file__).with_name("fake_runtime.py")


@pytest.fixture
def demo(monkeypatch):
    from coamd_blender.tools import demo

    monkeypatch.setattr(demo, "SHEET_PIXELS", (300, 130))
    monkeypatch.setattr(demo, "runtime_command", lambda *_: [sys.executable, str(FAKE_RUNTIME)])
    return demo


def test_demo_writes_a_blend_that_moves_a_picture_and_the_joints(demo, tmp_path, capsys):
    assert demo.main(["a person walks", "--out", str(tmp_path), "--seconds", "2"]) == 0
    with np.load(tmp_path / "demo.npz") as clip:
        assert clip["joints"].shape == (40, 22, 3) and clip["joints"].dtype == np.float32 and clip["fps"] == 20
    assert (tmp_path / "demo.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert "retargeting and keys: 40 frames" in capsys.readouterr().out
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "demo.blend"))
    (armature,) = (found for found in bpy.data.objects if found.type == "ARMATURE")
    places = []
    for frame in (bpy.context.scene.frame_start, bpy.context.scene.frame_end):
        bpy.context.scene.frame_set(frame)
        places.append([tuple(bone.head) for bone in armature.pose.bones])
    assert places[0] != places[1]


@pytest.mark.parametrize(("prompt", "words"), [(" ", "The prompt is empty"), ("fail", "cannot be made"), ("die", "")])
def test_demo_says_what_is_wrong_in_one_line(demo, tmp_path, capsys, prompt, words):
    assert demo.main([prompt, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and said[0].startswith("demo: ") and words in said[0]
