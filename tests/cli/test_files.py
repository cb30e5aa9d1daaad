"""Files that people write for the verbs."""

import json

import numpy as np
import pytest

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import JOINT_INDEX
from coamd_blender.wire.requests import StoryboardScene
from runtime.cli.files import read_path, read_scenes, read_targets


def test_storyboards_are_read_from_lines_and_json(tmp_path):
    lines, rows = tmp_path / "a.txt", tmp_path / "a.json"
    lines.write_text("# a day\n3 a person walks\n\n2.5s a person sits down\n")
    rows.write_text(json.dumps([{"prompt": "a person walks", "seconds": 3}]))
    assert read_scenes(lines) == [StoryboardScene("a person walks", 3), StoryboardScene("a person sits down", 2.5)]
    assert read_scenes(rows) == [StoryboardScene("a person walks", 3)]


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "no scene"),
        ("walk 3", "Line 1 of"),
        ("0 walk", "outside 0.5"),
        ("3", "prompt is empty"),
        ("[{}]", "not a list"),
        ('[{"prompt": "x", "seconds": ' + "9" * 400 + "}]", "not a list"),
        ("[" * 2000, "deep"),
    ],
)
def test_bad_storyboards_are_named(tmp_path, text, reason):
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=reason):
        read_scenes(path)


def test_poses_are_read_joint_by_joint_and_frame_by_frame(tmp_path):
    path = tmp_path / "poses.json"
    whole = [[number, 0, 0] for number in range(22)]
    rows = [{"frame": 3, "until": 5, "joints": {"head": [1, 2, 3]}}, {"frame": 9, "joints": whole}]
    path.write_text(json.dumps(rows))
    found = read_targets(path)
    assert found["target_frames"].tolist() == [3, 4] + [9] * 22
    assert found["target_joints"].tolist() == [JOINT_INDEX["head"]] * 2 + list(range(22))
    assert found["target_points"].shape == (24, 3) and found["target_points"][1].tolist() == [1, 2, 3]
    path.write_text(json.dumps({"poses": rows[:1]}))
    assert len(read_targets(path)["target_frames"]) == 2


def test_a_curve_is_read_as_a_list_or_with_its_name(tmp_path):
    path = tmp_path / "curve.json"
    for content in ([[0, 0], [1, 2]], {"points": [[0, 0], [1, 2]]}):
        path.write_text(json.dumps(content))
        assert np.array_equal(read_path(path), [[0, 0], [1, 2]])
    for content in ([[0, 0]], [[0, 0, 0], [1, 2, 3]], "curve", [[0, 0], [1]]):
        path.write_text(json.dumps(content))
        with pytest.raises(InputError):
            read_path(path)


@pytest.mark.parametrize("until", [10**5 + 4, 10**12, "9" * 400])
def test_a_pose_held_for_ever_is_refused_before_its_frames_are_counted_out(tmp_path, until):
    path = tmp_path / "poses.json"
    path.write_text(f'[{{"frame": 3, "until": {until}, "joints": {{"head": [0, 1, 0]}}}}]')
    with pytest.raises(InputError, match="not a list of poses"):
        read_targets(path)


@pytest.mark.parametrize("number", ["9" * 400, "[" * 900 + "]" * 900, "1e999"])
def test_a_curve_of_what_is_not_a_place_is_refused(tmp_path, number):
    path = tmp_path / "curve.json"
    path.write_text(f"[[0, 0], [1, {number}]]")
    with pytest.raises(InputError):
        read_path(path)
