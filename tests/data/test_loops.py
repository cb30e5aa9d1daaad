"""Loops and their travel."""

import numpy as np

from coamd_blender.motion.skeleton import FPS, JOINT_INDEX
from runtime.data.loops import cycle_length, repeat_loop, slides_in_place, stance_travel, with_travel
from tests.formats.bodies import LEFT, RIGHT, squatting, standing

FEET = [JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("ankle", "foot")]


def treadmill(frames, speed=1.2, period=20):
    """A gait in place: each foot slides back on the floor for half a period at ``speed``, then swings forward."""
    joints = standing(frames)
    for legs, shift in ((LEFT, 0), (RIGHT, period // 2)):
        phase = ((np.arange(frames) + shift) % period) / period
        stance = phase < 0.5
        reach = speed * period / 2 / FPS
        z = np.where(stance, reach * (0.5 - 2 * phase), reach * (2 * phase - 1.5))
        lift = np.where(stance, 0.0, 0.15 * np.sin(2 * np.pi * (phase - 0.5)))
        joints[:, legs[2:], 2] += z[:, None]
        joints[:, legs[2:], 1] += lift[:, None]
    return joints


def test_rigid_skater_gets_its_slide_back():
    # the body stands still while both feet slide back at 1 m/s: the root must travel forward by as much
    joints = standing(41)
    slide = np.arange(41) / FPS * 1.0
    joints[:, FEET, 2] -= slide[:, None]
    travel = stance_travel(joints)
    assert np.allclose(travel[:, 1], slide, atol=1e-6) and np.allclose(travel[:, 0], 0, atol=1e-6)


def test_gait_in_place_is_found_and_travels():
    joints = treadmill(81)
    assert slides_in_place(joints)
    moved = with_travel(joints)
    assert abs(moved[-1, 0, 2] - 1.2 * 80 / FPS) < 0.25
    assert not slides_in_place(moved)


def test_standing_and_squatting_do_not_slide():
    assert not slides_in_place(standing(40)) and not slides_in_place(squatting(40))


def wave():
    """Knee bends that begin half-way down: 41 frames, the last like the first."""
    once = squatting(41)[:-1]
    rolled = np.roll(once, -10, axis=0)
    return np.concatenate([rolled, rolled[:1]])


def test_cycles_are_found_and_repeated():
    assert cycle_length(wave()) == 40, "the last frame repeats the first"
    assert cycle_length(wave()[:-1]) == 40, "the last frame is one step before the first"
    assert cycle_length(wave()[:25]) is None
    twice = repeat_loop(wave()[:-1], 40, 70)
    assert len(twice) == 81 and np.allclose(twice[:41], wave()) and np.allclose(twice[40:], wave())


def test_missing_steps_are_bridged():
    short = wave()[:-2]
    assert cycle_length(short) == 40
    whole = repeat_loop(short, 40, 30)
    assert len(whole) == 41 and np.abs(whole - wave()).max() < 0.01
