"""The verbs edit and storyboard, with the bundled weights for one run and without them for bad input."""

import json

import numpy as np
import pytest

from coamd_blender.motion.skeleton import rest_joints
from runtime.cli import main


@pytest.fixture
def clip(tmp_path):
    joints = np.repeat(rest_joints()[None], 90, axis=0).astype(np.float32)
    joints[..., 2] += np.arange(90, dtype=np.float32)[:, None] / 60
    np.savez(tmp_path / "in.npz", joints=joints, fps=30)
    return tmp_path / "in.npz", joints


def run(capsys, *words):
    status = main.main([str(word) for word in words])
    return status, *capsys.readouterr()


def test_edit_keeps_count_rate_and_frames(capsys, clip, tmp_path):
    path, joints = clip
    out = tmp_path / "out.npz"
    status, stdout, _ = run(
        capsys, "edit", path, "--mask", "30:60", "--prompt", "a person walks", "--seed", 4, "--out", out, "--json"
    )
    assert status == 0
    assert json.loads(stdout) == {"files": [str(out)], "seconds": 3.0, "seed": 4}
    with np.load(out) as archive:
        assert archive["fps"] == 30 and archive["joints"].shape == joints.shape
        kept = np.r_[0:30, 60:90]
        assert np.abs(archive["joints"][kept] - joints[kept]).max() < 1e-4


@pytest.mark.parametrize(
    "words, reason",
    [
        (["--mask", "40:40"], "is empty"),
        (["--mask", "40:400"], "outside the clip's 90 frames"),
        (["--mask", "forty"], "not A:B"),
        (["--mask", "4:9", "--mode", "magic"], "invalid choice: 'magic'"),
        (["--mask", "4:9", "--joints", "wings"], "no joint or body part 'wings'"),
        (["--mask", "4:9", "--path", "/nowhere.json"], "cannot be read"),
        (["--mask", "4:9", "--keep", "300"], "outside 0 to 100"),
    ],
)
def test_edit_refuses_bad_input_in_one_line(capsys, clip, tmp_path, words, reason):
    out = tmp_path / "out.npz"
    status, stdout, err = run(capsys, "edit", clip[0], *words, "--out", out)
    assert (status, stdout) == (2, "") and reason in err and err.count("\n") == 1 and " - " in err
    assert not out.exists()


@pytest.mark.parametrize(
    "content, reason",
    [('[{"frame": 35, "joints": {"tail": [0, 1, 0]}}]', "tail"), ("{", "not JSON"), ("[]", "holds no pose"),
     ('[{"frame": 80, "joints": {"head": [0, 1, 0]}}]', "outside the range 30:60")],
)  # fmt: skip
def test_edit_refuses_poses_it_cannot_use(capsys, clip, tmp_path, content, reason):
    (tmp_path / "pose.json").write_text(content)
    words = ["--mask", "30:60", "--pose", tmp_path / "pose.json", "--out", tmp_path / "out.npz"]
    status, _, err = run(capsys, "edit", clip[0], *words)
    assert status == 2 and reason in err and err.count("\n") == 1


def test_storyboard_refuses_files_without_scenes(capsys, tmp_path):
    status, _, err = run(capsys, "storyboard", tmp_path / "none.txt", "--out", tmp_path / "out.npz")
    assert status == 2 and "cannot be read" in err and err.count("\n") == 1
