"""The store: sets found by folder, duplicates, resuming, splits and broken files."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from coamd_blender.errors import DataError
from runtime.data.prepare import duplicates, prepare
from runtime.data.sources import describe, sources
from runtime.data.splits import split_of, stable_fraction
from runtime.formats.bvh_write import write_bvh
from runtime.formats.npz import write_npz
from tests.formats.bodies import squatting


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    (folder / "cmu_npz").mkdir(parents=True)
    write_npz(folder / "cmu_npz" / "49_02.npz", squatting(60), 30)
    write_npz(folder / "cmu_npz" / "08_01.npz", squatting(60), 30)
    (folder / "cmu_npz" / "49_03.npz").write_bytes(b"torn")
    write_npz(folder / "cmu_npz" / "49_04.npz", squatting(6), 30)
    (folder / "cmu-index.csv").write_text('trial,description,subject\n49_02,"knee bends",Subject #49\n')
    return folder


def test_store(data, tmp_path):
    records = prepare(data, tmp_path / "out", captions=False)
    motions = np.load(tmp_path / "out" / "motions.npy")
    lines = [json.loads(line) for line in (tmp_path / "out" / "clips.jsonl").read_text().splitlines()]
    assert lines == records and [record["file"] for record in records] == ["08_01.npz", "49_02.npz"]
    assert len(motions) == sum(record["frames"] for record in records) and motions.dtype == np.float32
    bends = records[1]
    assert (bends["trial"], bends["performer"], bends["label"]) == ("49_02", "49", "knee bends")
    assert bends["ships"] and bends["split"] == "train" and records[0]["split"] == "val"
    joints = motions[bends["start"] : bends["start"] + bends["frames"]]
    assert np.allclose(joints[0, 0, [0, 2]], 0, atol=1e-6) and abs(joints[:, [10, 11], 1].min()) < 0.02
    left_out = {
        entry["file"]: entry["reason"]
        for entry in json.loads((tmp_path / "out" / "report.json").read_text())["left_out"]
    }
    assert "not a motion archive" in left_out["49_03.npz"] and "shorter" in left_out["49_04.npz:49_04"]


def test_a_second_run_reads_the_cache_and_changes_nothing(data, tmp_path, monkeypatch):
    first = prepare(data, tmp_path / "out", captions=False)
    before = (tmp_path / "out" / "motions.npy").read_bytes()
    monkeypatch.setattr("runtime.data.prepare.read_source", lambda *_: pytest.fail("read again"))
    assert prepare(data, tmp_path / "out", captions=False) == first
    assert (tmp_path / "out" / "motions.npy").read_bytes() == before


def test_packs_are_unpacked_once(data, tmp_path):
    packs = tmp_path / "packs"
    packs.mkdir()
    (data / "cmu-index.csv").rename(packs / "cmu-index.csv")
    with tarfile.open(packs / "cmu_npz.tar.xz", "w:xz") as archive:
        archive.add(data / "cmu_npz", "cmu_npz")
    records = prepare(packs, tmp_path / "out", captions=False)
    assert [record["file"] for record in records] == ["08_01.npz", "49_02.npz"]
    (packs / "cmu_npz.tar.xz").write_bytes(b"torn")
    with pytest.raises(DataError, match="cannot be unpacked"):
        prepare(packs, tmp_path / "other", captions=False)


def test_nothing_found_and_unknown_sets(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"sources\.toml"):
        prepare(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(DataError, match="No such set: nonsense"):
        prepare(tmp_path / "empty", tmp_path / "out", ["nonsense"])


def test_duplicate_trials_are_taken_from_the_better_pack():
    files = {
        "cmu_amc": [Path("01_01.amc")],
        "cmu_bvh": [Path("01_01.bvh"), Path("35_02.bvh")],
        "cmu_cut": [Path("walk__35_02_1.bvh"), Path("walk__35_05_1.bvh"), Path("walk__35_05_2.bvh")],
        "cmu_iclone": [Path("001_01.bvh"), Path("001_02.bvh")],
        "cmu_daz": [Path("martial_04.bvh"), Path("standard.bvh")],
    }
    assert duplicates(files, {}) == {
        ("cmu_bvh", "01_01.bvh"): "cmu_amc",
        ("cmu_cut", "walk__35_02_1.bvh"): "cmu_bvh",
        ("cmu_iclone", "001_01.bvh"): "cmu_amc",
    }


@pytest.mark.parametrize(
    ("name", "file", "clip", "label", "performer", "trial"),
    [
        ("hdm05", "HDM_bd_kickLFront1Reps_003_120.amc", "", "kick LFront 1 Reps", "bd", None),
        ("0ad_npz", "infantry__hoplite__idle_relax_02.npz", "", "infantry hoplite: idle relax 02", None, None),
        (
            "bandai",
            "dataset-2_raise-up-right-hand_normal_002.bvh",
            "",
            "raise up right hand, normal",
            "dataset-2",
            None,
        ),
        ("cmu_cut", "run__35_23_1.bvh", "", "run", "35", "35_23"),
        ("cc0_glb", "pack.glb", "Rig|Sit_Floor_Down", "Sit Floor Down", None, None),
        ("utd_mhad", "a1_s6_t2_skeleton.mat", "bowling", "bowling", "6", None),
    ],
)
def test_names_say_what_they_say(name, file, clip, label, performer, trial):
    named = describe(sources()[name], Path(file), clip or Path(file).stem, {})
    assert (named.label, named.performer, named.trial) == (label, performer, trial)


def test_splits_hold_people_and_actions_together():
    hdm05, game = sources()["hdm05"], sources()["0ad_npz"]
    assert split_of(hdm05, "tr", "squat") == "test" and split_of(hdm05, "bk", "squat") == "val"
    first = describe(game, Path("infantry__archer__idle_relax_01.npz"), "", {})
    second = describe(game, Path("infantry__slinger__idle_relax_04.npz"), "", {})
    assert first.action == second.action
    assert split_of(sources()["bandai"], "dataset-1", "walk") == "test"
    assert stable_fraction("walk") == pytest.approx(0.5, abs=0.5) and stable_fraction("walk") == stable_fraction("walk")


def test_every_source_says_where_it_comes_from():
    for source in sources().values():
        assert source.home.startswith("http") and source.licence and source.download and source.layout
    assert not sources()["bandai"].ships and not sources()["utkinect"].ships and sources()["cmu_amc"].ships


def test_bvh_sets_are_read_through_their_map(tmp_path):
    folder = tmp_path / "data" / "idle_bvh"
    folder.mkdir(parents=True)
    write_bvh(folder / "acted_001_acted.bvh", squatting(40))
    records = prepare(tmp_path / "data", tmp_path / "out", captions=False)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert records == [] and "lacks" in report["left_out"][0]["reason"]


def test_cmu_trials_without_their_index_are_refused(data, tmp_path):
    (data / "cmu-index.csv").unlink()
    with pytest.raises(DataError, match=r"cmu-index\.csv"):
        prepare(data, tmp_path / "out")
    assert not (tmp_path / "out" / "clips.jsonl").exists()
