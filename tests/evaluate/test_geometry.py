"""Measures of motion against poses and signals whose answers are known."""

import numpy as np
import pytest
import synthetic_motions as s

from coamd_blender.motion.skeleton import JOINT_INDEX, mirror
from runtime.evaluate import geometry as g

WAVE = np.sin(np.linspace(0, 4 * np.pi, 81))  # two periods: up, down, up, down, back to 0


def test_extremes_of_a_wave_are_its_turning_points():
    assert g.extremes(WAVE, 0.5) == [0, 10, 30, 50, 70, 80]
    assert g.swings(WAVE, 0.5) == 5 and g.swings(WAVE, 1.5) == 3 and g.swings(WAVE, 2.1) == 0
    assert g.peaks(WAVE, 0.9) == [10, 50] and g.dips(WAVE, 0.9) == [30, 70]
    assert g.extremes(np.zeros(9), 0.5) == [] and g.extremes(np.zeros(0), 0.5) == []


def test_small_movements_do_not_break_a_swing():
    rough = np.array([0.0, 0.4, 0.3, 0.8, 0.7, 1.0, 0.4, 0.5, 0.0])
    assert g.extremes(rough, 0.5) == [0, 5, 8]


def test_a_peak_must_be_climbed_and_left():
    assert g.peaks(np.array([1.0, 0.5, 0.0]), 0.4) == [] and g.peaks(np.array([0.0, 0.5, 1.0]), 0.4) == []


def test_masks_that_hold_and_that_were_true_a_moment_ago():
    mask = np.array([0, 1, 1, 1, 0, 0, 0, 1], dtype=bool)
    assert g.held(mask, 0.15) and not g.held(mask, 0.2)
    assert g.near(mask, 1).tolist() == [True, True, True, True, True, False, True, True]
    assert g.recently(mask, 1).tolist() == [False, True, True, True, True, False, False, True]


@pytest.mark.parametrize("turns", [0.5, 2.0, -1.5])
def test_turns_round_the_origin_are_counted_with_their_sense(turns):
    angle = np.linspace(0, 2 * np.pi * turns, 90)
    assert g.turns_round(np.cos(angle), np.sin(angle)) == pytest.approx(turns)


def test_bends_of_hanging_and_of_right_angled_limbs():
    pose = s.standing(0.5)
    for joint, offset in (("elbow", [0, -0.3, 0]), ("wrist", [0, -0.3, 0.3])):
        pose[:, JOINT_INDEX[f"left_{joint}"]] = pose[:, JOINT_INDEX["left_shoulder"]] + offset
    assert np.allclose(g.elbow(pose, "left"), 90.0)
    pose[:, JOINT_INDEX["left_wrist"]] = pose[:, JOINT_INDEX["left_shoulder"]] + [0, -0.6, 0]
    assert np.allclose(g.elbow(pose, "left"), 180.0, atol=1e-4)
    assert (g.knee(s.standing(0.5), "right") > 160).all()


def test_the_chest_faces_up_on_the_back_and_down_on_the_belly():
    back = s.lying(0.5)
    belly = back * np.array([1.0, -1.0, -1.0])  # half a turn about the hips' axis
    assert (g.chest_rise(back) > 0.95).all() and (g.chest_rise(belly) < -0.95).all()
    assert np.abs(g.chest_rise(s.standing(0.5))).max() < 0.2


def test_a_lean_to_the_left_is_positive_wherever_the_body_faces():
    pose = s.standing(0.5)
    lean = pose.copy()
    lean[:, s.UPPER_BODY, 0] += 0.4 * (lean[:, s.UPPER_BODY, 1] - lean[:, :1, 1])
    expected = np.degrees(np.arctan(0.4))
    assert np.allclose(g.side_lean(lean), expected, atol=0.5)
    assert np.allclose(g.side_lean(s.turned(lean, np.full(10, 77.0))), expected, atol=0.5)
    assert np.allclose(g.side_lean(mirror(lean)), -expected, atol=0.5)


def test_feet_that_stay_and_feet_that_go():
    assert g.planted(s.waving(2)) and g.planted(s.bowing(2))
    assert not g.planted(s.travelling(s.stepping(3), 1.0)) and not g.planted(s.kicking(0.5))
    assert np.allclose(g.stray(s.standing(1), "left_ankle"), 0.0)


def test_gaps_middles_and_heights():
    pose = s.standing(0.5)
    assert np.allclose(g.gap(pose, "left_ankle", "right_ankle"), 0.196, atol=1e-3)
    assert np.allclose(g.between(pose, "hip")[:, 0], 0.0, atol=1e-6)
    assert np.allclose(g.height(pose, "head"), 1.583, atol=1e-3)
