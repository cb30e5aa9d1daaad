"""One's own clips as training data: what is stored, what is held out, and what is made of them."""

import json

import numpy as np
import pytest
from synthetic_motions import bowing, kicking, raising, waving

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import with_bone_lengths
from runtime.compose.own_items import own_items
from runtime.data.dataset import Prepared
from runtime.data.own import prepare_own, splits_of
from runtime.formats.bvh_write import write_bvh

SAID = {
    bowing: "a person bows low", raising: "someone raises the left hand", kicking: "he kicks with the left leg",
    waving: "she waves the left hand",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    sentences = {}
    for make, said in SAID.items():
        write_bvh(tmp_path / f"{make.__name__}.bvh", make(3.0))
        sentences[tmp_path / f"{make.__name__}.bvh"] = [said]
    return sentences


def test_what_is_said_is_stored_with_the_motion_and_each_split_has_a_clip(folder, tmp_path):
    torn, told = tmp_path / "torn.bvh", []
    torn.write_text("HIERARCHY\nnothing")
    records = prepare_own({**folder, torn: ["x"]}, tmp_path / "out", say=told.append)
    stored = Prepared.load(tmp_path / "out")
    assert stored.clips == records and {clip["captions"][0] for clip in records} == set(SAID.values())
    assert sorted(clip["split"] for clip in records) == ["test", "train", "train", "val"]
    for clip, make in zip(records, SAID, strict=True):
        joints = stored.joints(clip)
        assert clip["file"] == f"{make.__name__}.bvh" and len(joints) == pytest.approx(60, abs=1)
        assert np.allclose(joints[0, 0, [0, 2]], 0, atol=1e-5) and abs(joints[:, 10:12, 1].min()) < 0.08
    assert len(told) == 1 and told[0].startswith("torn.bvh is left out")
    left_out = json.loads((tmp_path / "out" / "report.json").read_text())["left_out"]
    assert [row["file"] for row in left_out] == ["torn.bvh"]


def test_too_few_clips_are_refused(folder, tmp_path):
    with pytest.raises(InputError, match="2 clips are too few"):
        prepare_own(dict(list(folder.items())[:2]), tmp_path / "out")


def test_a_tenth_validates_and_a_tenth_tests_and_more_files_move_few():
    names = [f"{number}.bvh" for number in range(40)]
    splits = dict(zip(names, splits_of(names), strict=True))
    assert list(splits.values()).count("val") == list(splits.values()).count("test") == 4
    again = dict(zip(names[::-1], splits_of(names[::-1]), strict=True))
    assert again == splits


@pytest.mark.parametrize(("count", "validate", "test"), [(3, 1, 1), (11, 2, 1), (16, 4, 2), (25, 4, 2), (60, 6, 6)])
def test_of_a_handful_of_files_enough_validate_to_judge_by(count, validate, test):
    splits = splits_of([f"{number}.bvh" for number in range(count)])
    assert (splits.count("val"), splits.count("test")) == (validate, test)


def test_items_are_of_their_split_on_whole_bodies_with_sides_that_are_true(folder, tmp_path):
    prepare_own(folder, tmp_path / "out")
    stored = Prepared.load(tmp_path / "out")
    clips = [clip | {"split": "train" if clip["name"] == "waving" else "val"} for clip in stored.clips]
    items = list(own_items(clips, stored.motions, 0, 12, "train"))
    sides = set()
    for item in items:
        assert len(item.joints) % 4 == 0 and 24 <= len(item.joints) <= 196
        assert np.allclose(with_bone_lengths(item.joints), item.joints, atol=1e-3)
        lift = np.ptp(item.joints[:, [20, 21], 1], axis=0)
        side = "left" if lift[0] > lift[1] else "right"
        sides.add(side)
        assert item.captions and all(side in caption for caption in item.captions)
    assert sides == {"left", "right"} and len({len(item.joints) for item in items}) > 2
    assert len({caption for item in items for caption in item.captions}) > 6
    with pytest.raises(DataError, match="no clip of test"):
        next(own_items(clips, stored.motions, 0, 1, "test"))
