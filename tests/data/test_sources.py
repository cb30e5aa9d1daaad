"""Sets of other rigs and rates: how long trials last, which frames are dropped, who stands upright."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coamd_blender.motion.skeleton import JOINT_INDEX, JOINT_NAMES, PARENTS, rest_joints
from runtime.captions import describe as measured
from runtime.data.prepare import duplicates, prepare
from runtime.data.sources import correction_of, describe, file_labels, read_source, sources
from runtime.data.splits import split_of
from runtime.formats.canonical import canonical_pieces, canonicalise, joint_maps, match_map
from runtime.formats.clip import SourceClip
from runtime.formats.npz import write_npz
from runtime.formats.placing import knee_bend, place
from tests.formats.bodies import squatting, standing


@pytest.mark.parametrize(
    ("name", "file", "frames", "seconds"),
    [  # frames of the file, and how long KIT-ML says that the trial lasts
        ("cmu_bvh", "62_01.bvh", 1082, 18.033), ("cmu_bvh", "62_13.bvh", 1264, 21.067),
        ("cmu_bvh", "62_18.bvh", 565, 9.417), ("cmu_bvh", "80_72.bvh", 1087, 18.117),
        ("cmu_amc", "143_35.amc", 1279, 21.317), ("cmu_new", "93_04.amc", 506, 8.433),
        ("cmu_npz", "88_09.npz", 93, 6.267), ("cmu_npz", "139_17.npz", 179, 11.983),
    ],
)  # fmt: skip
def test_trials_last_as_long_as_others_say(name, file, frames, seconds):
    assert frames / correction_of(sources()[name], Path(file)).fps == pytest.approx(seconds, abs=0.07)


def test_whole_subjects_were_filmed_at_60_and_others_were_not():
    amc, bvh = sources()["cmu_amc"], sources()["cmu_bvh"]
    assert correction_of(amc, Path("60_12.amc")).fps == correction_of(amc, Path("61_15.amc")).fps == 60
    assert correction_of(bvh, Path("62_21.bvh")).fps == 60
    for file in ("06_01.amc", "16_01.amc", "143_36.amc"):
        assert correction_of(amc, Path(file)).fps is None


def test_t_poses_are_dropped_where_there_are_some():
    new = sources()["cmu_new"]
    assert correction_of(new, Path("39_03.bvh")).skip == 1
    assert correction_of(new, Path("142_08.bvh")).skip == 0
    assert correction_of(sources()["accad_bvh"], Path("Male1_B3_Walk.bvh")).skip == 0
    assert correction_of(sources()["cmu_bvh"], Path("62_01.bvh")).skip == 10


def test_a_corrected_rate_is_read(tmp_path):
    write_npz(tmp_path / "88_09.npz", squatting(93), 30)
    (clip,) = read_source(sources()["cmu_npz"], tmp_path / "88_09.npz")
    assert (clip.fps, len(clip.positions)) == (15, 93)


@pytest.mark.parametrize(
    ("name", "leans"),
    [  # degrees that pelvis, chest and head lean, and the foot points down, when the person stands
        ("accad_npz", (-25, 6, 13, 11)), ("decentraland", (-3, -4, 1, 26)), ("gdquest", (6, -9, 27, 46)),
        ("sumerian", (5, -8, 8, 25)), ("quaternius_cyberpunk", (7, -6, 18, 0)), ("quaternius_space", (-30, 11, 10, 0)),
        ("quaternius_knight", (-1, 2, 1, 2)), ("quaternius_people", (-2, -2, 7, 2)), ("kenney", (-3, 10, 25, 37)),
        ("lugaru", (3, 11, 12, 38)),
    ],
)  # fmt: skip
def test_bodies_that_lean_in_their_rigs_stand_upright(name, leans):
    clip = SourceClip(JOINT_NAMES, PARENTS, leaning(*leans), 20, "stand")
    (joints,) = canonicalise(clip, joint_maps()[name])
    joints = place(joints)
    assert joints[:, JOINT_INDEX["head"], 1] == pytest.approx(1.55, abs=0.06)
    assert np.degrees(measured.trunk_pitch(joints)) == pytest.approx(0, abs=4)
    assert joints[:, JOINT_INDEX["left_foot"], 1] == pytest.approx(0, abs=0.02)


def leaning(pelvis: float, chest: float, head: float, foot: float, frames: int = 8) -> np.ndarray:
    """A standing body whose spine, neck, head and feet point where the bones of some rigs do."""
    joints = rest_joints()

    def point(parent, joint, degrees):
        bone = joints[JOINT_INDEX[joint]] - joints[parent]
        angle = np.radians(degrees)
        joints[JOINT_INDEX[joint]] = joints[parent] + np.linalg.norm(bone) * np.array([0, np.cos(angle), np.sin(angle)])

    hips = JOINT_INDEX["pelvis"]
    joints[hips] = (joints[1] + joints[2]) / 2
    shoulders = joints[[16, 17, 18, 19, 20, 21]] - joints[JOINT_INDEX["neck"]]
    point(hips, "spine2", pelvis)
    point(JOINT_INDEX["spine2"], "neck", chest)
    point(JOINT_INDEX["neck"], "head", head)
    joints[[16, 17, 18, 19, 20, 21]] = shoulders + joints[JOINT_INDEX["neck"]]
    for side in ("left", "right"):
        ankle = joints[JOINT_INDEX[f"{side}_ankle"]]
        down = np.radians(foot)
        joints[JOINT_INDEX[f"{side}_foot"]] = ankle + 0.146 * np.array([0, -np.sin(down), np.cos(down)])
    return np.tile(joints, (frames, 1, 1))


def test_accad_is_told_from_other_rigs_of_its_names_by_one_joint():
    names = sorted(joint_maps()["accad"].joints | joint_maps()["cmu_bvh"].joints)
    positions = np.zeros((4, len(names), 3))
    found = match_map(SourceClip(tuple(names), (-1,) * len(names), positions, 30, "accad"))
    assert found.name == "accad"
    others = tuple(name for name in names if name != "ToSpine")
    assert match_map(SourceClip(others, (-1,) * len(others), positions[:, 1:], 30, "cmu")).name == "cmu_bvh"


def test_keyed_snaps_stay_and_recorded_ones_are_mended():
    snap = standing(40)
    snap[20, JOINT_INDEX["right_wrist"]] += [0.0, 0.9, 0.9]
    clip = SourceClip(JOINT_NAMES, PARENTS, snap, 20, "slash")
    keyed, recorded = (canonical_pieces(clip, joint_maps()["canonical"], keyed=flag)[0][1] for flag in (True, False))
    hand = JOINT_INDEX["right_wrist"]
    assert np.linalg.norm(keyed[20, hand] - keyed[19, hand]) > 0.2
    assert np.linalg.norm(recorded[20, hand] - recorded[19, hand]) < 0.02
    assert sources()["keyed_decentraland"].keyed and not sources()["cmu_amc"].keyed


def test_pieces_say_where_they_start():
    torn = standing(240)
    torn[120:, :, 0] += 3.0
    clip = SourceClip(JOINT_NAMES, PARENTS, torn, 120, "torn")
    assert [start for start, _ in canonical_pieces(clip, joint_maps()["canonical"])] == pytest.approx([0.0, 1.0])


def test_clips_say_where_in_their_file_they_start_and_how_long_a_round_takes(tmp_path):
    folder = tmp_path / "data" / "keyed_npz"
    folder.mkdir(parents=True)
    round_ = squatting(31)
    write_npz(folder / "kenney__walk.npz", round_, 30)
    write_npz(folder / "quaternius__knight_Jump.npz", squatting(40), 30)
    records = prepare(tmp_path / "data", tmp_path / "out", captions=False)
    assert [record["set"] for record in records] == ["keyed_quaternius", "keyed_kenney"]
    knight, walk = records
    assert walk["loop"] and walk["cycle"] == pytest.approx(1.0) and walk["from"] == 0 and walk["frames"] >= 80
    assert (knight["cycle"], knight["label"]) == (0.0, "jumps up on the spot")
    joints = np.load(tmp_path / "out" / "motions.npy")
    assert knee_bend(joints.astype(float)) > 0.8


def test_maps_are_chosen_by_file_where_bodies_differ():
    found = sources()["keyed_quaternius"]
    assert found.map_of(Path("quaternius__space_Run.npz")) == "quaternius_space"
    assert found.map_of(Path("quaternius__female_Walk.npz")) == "quaternius_people"
    assert sources()["cc0_glb"].map_of(Path("any.glb")) is None


def test_labels_of_files_tell_what_they_show():
    named = describe(sources()["accad_bvh"], Path("Male2_D7_WalkToBow.bvh"), "Male2_D7_WalkToBow", {})
    assert (named.label, named.performer) == ("walks up, stops and bows", "Male2")
    named = describe(sources()["cmu_new"], Path("64_01.amc"), "64_01", {"64_01": "Swing"})
    assert (named.label, named.trial) == ("swings a golf club", "64_01")
    assert len(file_labels()) > 480


def test_whole_takes_are_preferred_to_cuts():
    files = {"cmu_new": [Path("39_03.bvh")], "cmu_cut": [Path("walk__39_03_1.bvh"), Path("walk__39_01_1.bvh")]}
    assert duplicates(files, {}) == {("cmu_cut", "walk__39_03_1.bvh"): "cmu_new"}


def test_every_set_that_may_ship_names_its_credit_unless_it_needs_none():
    for source in sources().values():
        if source.ships and source.licence not in ("CC0", "MIT"):
            assert source.credit, source.name


def test_the_table_prints_the_credits_that_are_owed(tmp_path, capsys):
    folder = tmp_path / "data" / "keyed_npz"
    folder.mkdir(parents=True)
    for file in ("kenney__walk.npz", "lugaru__Idle.npz", "lugaru__Walk.npz"):
        write_npz(folder / file, squatting(40), 30)
    prepare(tmp_path / "data", tmp_path / "out", captions=False)
    said = capsys.readouterr().err
    assert said.count("Lugaru, Wolfire Games (www.wolfire.com); motion changed") == 1
    assert "Torque" not in said


def test_small_sets_hold_out_few_files_and_old_subjects_keep_their_split():
    accad, keyed, amc = (sources()[name] for name in ("accad_bvh", "keyed_quaternius", "cmu_amc"))
    for source, most in ((accad, 0.14), (keyed, 0.10)):
        splits = [split_of(source, None, f"take {number}") for number in range(4000)]
        assert splits.count("val") / 4000 == pytest.approx(most / 2, abs=0.01)
        assert splits.count("test") / 4000 == pytest.approx(most / 2, abs=0.01)
    assert [split_of(amc, who, "walk") for who in ("13", "60", "35")] == ["val", "test", "train"]
