"""One file to another: the BVH writer against the reader, and canonical joints through both."""

import warnings

import numpy as np
import pytest

from coamd_blender.errors import DataError, InputError
from runtime.formats.bvh_write import write_bvh
from runtime.formats.npz import write_npz
from runtime.formats.read import read_motion
from tests.formats.bodies import squatting, turned
from tests.formats.skeletons import write_bvh_text


def test_bvh_round_trip(tmp_path):
    joints = turned(squatting(50), 200) + np.array([1, 0.2, 2])
    write_bvh(tmp_path / "a.bvh", joints)
    assert np.abs(read_motion(tmp_path / "a.bvh") - joints).max() < 0.001


def test_bvh_round_trip_of_a_body_that_is_not_rigid(tmp_path):
    joints = squatting(50) + np.random.default_rng(1).normal(0, 0.02, (50, 22, 3))
    write_bvh(tmp_path / "a.bvh", joints)
    assert np.abs(read_motion(tmp_path / "a.bvh") - joints).max() < 0.001


def test_a_rigid_body_needs_rotations_alone(tmp_path):
    still = np.repeat(squatting(2)[:1], 10, axis=0)
    write_bvh(tmp_path / "a.bvh", turned(still, 45))
    assert (tmp_path / "a.bvh").read_text().count("CHANNELS 6") == 1


def test_npz_keeps_its_positions(tmp_path):
    joints = squatting(30).astype(np.float32)
    write_npz(tmp_path / "a.npz", joints)
    assert np.array_equal(read_motion(tmp_path / "a.npz"), joints)


def test_faster_files_are_resampled(tmp_path):
    joints = squatting(91)
    write_bvh(tmp_path / "a.bvh", joints, fps=60)
    assert np.abs(read_motion(tmp_path / "a.bvh") - joints[::3])[2:-2].max() < 0.01


def test_strange_skeletons_are_named(tmp_path):
    write_bvh_text(tmp_path / "two.bvh", "ZXY", "ZXY", ["0 0 0 0 0 0 0 0 0"] * 4)
    with pytest.raises(DataError, match="not known to be a person's"):
        read_motion(tmp_path / "two.bvh")
    write_npz(tmp_path / "a.npz", squatting(5))
    with pytest.raises(InputError, match="no joint map 'nonsense'"):
        read_motion(tmp_path / "a.npz", "nonsense")


@pytest.mark.parametrize("length", ["1e160", "1e300", "-1e308"])
@pytest.mark.parametrize("place", range(1, 20, 6))
def test_a_skeleton_of_absurd_lengths_is_told_in_one_line_and_numpy_says_nothing(tmp_path, length, place):
    write_bvh(tmp_path / "a.bvh", squatting(30))
    parts = (tmp_path / "a.bvh").read_text().split("OFFSET ")
    parts[place] = f"{length} " + parts[place].split(" ", 1)[1]
    (tmp_path / "a.bvh").write_text("OFFSET ".join(parts))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            joints = read_motion(tmp_path / "a.bvh")
        except DataError as refused:
            assert "\n" not in str(refused)
        else:
            assert np.isfinite(joints).all()
