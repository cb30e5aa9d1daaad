"""Every geometric test says yes to a motion built to show its action, and no to the others and to near misses."""

import numpy as np
import pytest
import synthetic_motions as s

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import FPS, mirror
from runtime.evaluate import obedience_tests as tests
from runtime.evaluate.obedience_tests import passes, passes_in_order

WALK = s.travelling(s.stepping(4, 0.9, 0.3), 1.2)
RUN = s.moved(
    s.travelling(s.stepping(3, 1.5, 0.45, 0.25), 3.0),
    0.08 * np.abs(np.sin(3 * np.pi * s.seconds(3)))[:, None] * [0, 1, 0],
)

# action: the motion that shows it, the test that must pass
SHOWN = {
    "walk": (WALK, {"is": "walk"}),
    "run": (RUN, {"is": "run"}),
    "walk_backwards": (s.travelling(s.stepping(4, 0.9, 0.3), -0.8), {"is": "walk_backwards"}),
    "turn_left": (s.travelling(s.stepping(4, 0.9, 0.3), 1.0, 25.0), {"is": "turn", "side": "left"}),
    "turn_right": (s.travelling(s.stepping(4, 0.9, 0.3), 1.0, -25.0), {"is": "turn", "side": "right"}),
    "raise_left": (s.raising(3, "left"), {"is": "raise_hand", "side": "left"}),
    "raise_right": (s.raising(3, "right"), {"is": "raise_hand", "side": "right"}),
    "wave_left": (s.waving(3, "left"), {"is": "wave", "side": "left"}),
    "wave_right": (s.waving(3, "right"), {"is": "wave", "side": "right"}),
    "jump": (s.jumping(3), {"is": "jump"}),
    "kick_left": (s.kicking(3, "left"), {"is": "kick", "side": "left"}),
    "kick_right": (s.kicking(3, "right"), {"is": "kick", "side": "right"}),
    "punch_left": (s.punching(3, "left"), {"is": "punch", "side": "left"}),
    "punch_right": (s.punching(3, "right"), {"is": "punch", "side": "right"}),
    "bow": (s.bowing(3), {"is": "bow"}),
    "squat": (s.squatting(3), {"is": "low"}),
    "lie": (s.lying(3), {"is": "on_floor"}),
    "dance": (s.dancing(5), {"is": "dance"}),
    "stand": (s.standing(3), {"is": "stand_still"}),
}


@pytest.mark.parametrize("motion_name", SHOWN)
def test_each_action_passes_its_own_test_and_no_other(motion_name):
    motion = SHOWN[motion_name][0]
    passed = [name for name, (_, test) in SHOWN.items() if passes(motion, test)]
    assert passed == [motion_name]


@pytest.mark.parametrize("name", [name for name in SHOWN if name.endswith(("left", "right"))])
def test_a_mirrored_motion_passes_the_test_of_the_other_side(name):
    motion, test = SHOWN[name]
    other = {"left": "right", "right": "left"}[test["side"]]
    assert passes(mirror(motion), test | {"side": other})
    assert not passes(mirror(motion), test)


@pytest.mark.parametrize("name", SHOWN)
def test_the_place_and_the_facing_do_not_matter(name):
    motion, test = SHOWN[name]
    elsewhere = s.turned(motion + np.array([1.0, 0.0, -2.0]), np.full(len(motion), 130.0))
    assert passes(elsewhere, test)


def test_pace_tells_a_fast_walk_from_a_slow_one():
    fast, slow = s.travelling(s.stepping(4, 1.1, 0.35), 1.6), s.travelling(s.stepping(4, 0.5, 0.25), 0.6)
    assert tests.walk(fast, pace="fast") and not tests.walk(fast, pace="slow")
    assert tests.walk(slow, pace="slow") and not tests.walk(slow, pace="fast")


def test_sliding_without_steps_is_no_walk():
    assert not tests.walk(s.travelling(s.standing(4), 1.2))


@pytest.mark.parametrize("times", [0, 1, 2, 3])
def test_jumps_are_counted(times):
    assert tests.jumps(s.jumping(5, times)) == times


def test_jump_distances():
    far, spot = s.jumping(3, ahead=0.9), s.jumping(3)
    assert tests.jump(far, travel_at_least=0.5) and not tests.jump(spot, travel_at_least=0.5)
    assert tests.jump(spot, travel_at_most=0.5) and not tests.jump(far, travel_at_most=0.5)


def test_near_misses():
    assert not tests.wave(s.raising(3))  # one lift is no wave
    assert not tests.wave(s.waving(3, swing=0.01))  # a trembling hand
    assert not tests.kick(s.kicking(3, height=0.15))  # a shuffle
    assert not tests.punch(s.punching(3, level=0.35))  # the fist goes up, not ahead
    assert not tests.bow(s.bowing(3, degrees=12))  # a nod
    assert not tests.bow(s.bowing(3, back=False))  # never comes back up
    assert not tests.low(s.squatting(3, depth=0.12))  # bent knees
    assert not tests.stand_still(s.bowing(3))
    assert not tests.dance(s.stepping(4))  # marks time, the hands hang
    assert not tests.jump(s.jumping(3, rise=0.05))  # on tiptoe


def test_two_actions_must_come_in_order():
    walk, wave = s.travelling(s.stepping(3, 0.9, 0.3), 1.2), s.waving(3)
    after = s.moved(wave, np.repeat(walk[-1:, 0] * [1, 0, 1], len(wave), axis=0))
    both = np.concatenate([walk, after])
    assert passes_in_order(both, [{"is": "walk"}, {"is": "wave"}])
    assert not passes_in_order(both, [{"is": "wave"}, {"is": "walk"}])
    assert not passes_in_order(walk, [{"is": "walk"}, {"is": "wave"}])
    assert not passes_in_order(both[: FPS + 2], [{"is": "walk"}, {"is": "wave"}])


def test_three_actions_must_come_in_order():
    walk, wave, bow = s.travelling(s.stepping(3, 0.9, 0.3), 1.2), s.waving(3), s.bowing(3)
    there = np.repeat(walk[-1:, 0] * [1, 0, 1], len(wave), axis=0)
    motion = np.concatenate([walk, s.moved(wave, there), s.moved(bow, there[: len(bow)])])
    asked = [{"is": "walk"}, {"is": "wave"}, {"is": "bow"}]
    assert passes_in_order(motion, asked)
    for order in ([1, 0, 2], [0, 2, 1], [2, 1, 0]):
        assert not passes_in_order(motion, [asked[place] for place in order])
    assert not passes_in_order(motion[: len(walk) + len(wave)], asked)


def test_bad_tests_and_motions_are_refused():
    with pytest.raises(InputError, match="somersault"):
        passes(s.standing(1), {"is": "somersault"})
    with pytest.raises(InputError, match="up"):
        passes(s.standing(1), {"is": "turn", "side": "up"})
    with pytest.raises(InputError, match="quick"):
        passes(WALK, {"is": "walk", "pace": "quick"})
    with pytest.raises(DataError, match="shape"):
        passes(np.zeros((10, 21, 3)), {"is": "walk"})
    with pytest.raises(DataError, match="finite"):
        passes(np.full((10, 22, 3), np.nan), {"is": "walk"})
