"""Measurements against synthetic people whose motion is known by construction."""

from __future__ import annotations

import numpy as np
import pytest

from coamd_blender.motion.skeleton import mirror
from runtime.captions import describe
from tests import movers


def test_heading_is_positive_to_the_left():
    joints = movers.turned(movers.standing(3), np.array([0.0, 30.0, -45.0]))
    assert np.degrees(describe.heading(joints)) == pytest.approx([0, 30, -45], abs=1e-3)


def test_net_turn_counts_whole_turns():
    joints = movers.turned(movers.standing(81), np.linspace(0, 360, 81))
    assert np.degrees(describe.net_turn(joints)) == pytest.approx(360, abs=20)
    assert describe.net_turn(mirror(joints)) == pytest.approx(-describe.net_turn(joints))


@pytest.mark.parametrize(
    ("degrees", "name"), [(5, "none"), (-40, "slight"), (90, "quarter"), (-180, "half"), (350, "full")]
)
def test_turn_class(degrees, name):
    assert describe.turn_class(np.radians(degrees)) == name


@pytest.mark.parametrize("speed", [0.6, 1.2, -0.9])
def test_travel_is_in_the_direction_faced_whatever_that_is(speed):
    joints = movers.turned(movers.walking(61, speed), 70.0)
    move = describe.travel(joints)
    assert move.forward == pytest.approx(speed * 3, rel=0.1)
    assert abs(move.left) < 0.05
    assert move.speed == pytest.approx(abs(speed), rel=0.1)


def test_gait_by_speed_and_flight():
    assert describe.gait(movers.standing(40)) == "stand"
    assert describe.gait(movers.walking(60, 1.3)) == "walk"
    assert describe.gait(movers.walking(60, 3.2)) == "run", "too fast for a walk, whatever the feet do"
    slow = movers.walking(60, 1.8)
    assert describe.flight_fraction(slow) == 0 and describe.gait(slow) == "walk"
    flying = slow.copy()
    flying[::4] += [0.0, 0.12, 0.0]  # both feet are off the floor in every fourth frame
    assert describe.flight_fraction(flying) == pytest.approx(0.25, abs=0.01) and describe.gait(flying) == "run"
    assert describe.gait(flying - np.arange(60)[:, None, None] * [0.0, 0.0, 0.5 / 20]) == "walk", "hopping at 1.3 m/s"
    assert [describe.speed_class(v, "walk") for v in (0.5, 1.1, 1.9)] == ["slow", "normal", "fast"]


def test_steps_are_counted_on_the_spot_too():
    for speed in (0.0, 1.2):
        assert len(describe.steps(movers.walking(101, speed, steps_per_second=2.0))) == pytest.approx(10, abs=1)


def test_a_circle_is_a_circle_and_a_line_is_not():
    frames = 121
    angle = np.linspace(0, 360, frames)
    person = movers.standing(frames) + np.array([1.2, 0, 0])
    assert describe.walks_circle(movers.turned(person, angle))
    assert not describe.walks_circle(movers.walking(frames, 1.2))


@pytest.mark.parametrize(
    ("count", "distance", "direction"), [(1, 0.0, "up"), (2, 0.8, "forward"), (3, -0.7, "backward")]
)
def test_jumps_are_counted_with_their_direction(count, distance, direction):
    found = describe.jumps(movers.jumping(count, distance))
    assert [event.direction for event in found] == [direction] * count
    for event in found:
        assert event.size == pytest.approx(abs(distance), abs=0.25)


def test_walking_holds_no_jumps_kicks_or_punches():
    joints = movers.walking(100, 1.3)
    assert not describe.jumps(joints)
    assert not describe.kicks(joints)
    assert not describe.punches(joints)
    assert not describe.waves(joints)
    assert not describe.bows(joints)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("count", [1, 3])
def test_kicks_and_punches_name_the_side_and_count(side, count):
    kicks = describe.kicks(movers.kicking(side, count))
    assert [(kick.side, kick.direction) for kick in kicks] == [(side, "forward")] * count
    punches = describe.punches(movers.punching(side, count))
    assert [punch.side for punch in punches] == [side] * count
    other = "right" if side == "left" else "left"
    assert [kick.side for kick in describe.kicks(mirror(movers.kicking(side, count)))] == [other] * count


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_wave_swings_and_a_raised_hand_does_not(side):
    assert {event.side for event in describe.waves(movers.waving(side))} == {side}
    held = movers.waving(side, hertz=0.0)
    assert not describe.waves(held)
    assert describe.raised(held, describe.SIDES.index(side), 0.1).all()
    assert not describe.raised(held, 1 - describe.SIDES.index(side)).any()


def test_a_hand_swung_below_the_shoulder_does_not_wave():
    """The elbow hangs low, so that the hand swings as a waving one does, but under the shoulder."""
    for drop, waves in ((0.2, True), (0.3, False)):
        joints = movers.waving("left", drop=drop)
        over = joints[:, describe.WRISTS[0], 1] - joints[:, describe.SHOULDERS[0], 1]
        assert (np.median(over) > 0.02) == waves and (over > -0.12).all()
        assert bool(describe.waves(joints)) == waves


def test_bows_come_back_up_and_say_how_deep():
    found = describe.bows(movers.bowing(50))
    assert len(found) == 1
    assert found[0].size == pytest.approx(50, abs=2)
    assert not describe.bows(movers.bowing(15))
    assert not describe.bows(movers.bowing(50)[:30])


def test_postures():
    assert describe.posture(movers.standing(10)) == "stand"
    assert describe.posture(movers.seated(10)) == "sit"
    assert describe.posture(movers.lying(10)) == "lie"


def test_stillness():
    assert describe.is_still(movers.standing(40))
    assert not describe.is_still(movers.waving("left"))
    assert not describe.is_still(movers.turned(movers.standing(40), np.linspace(0, 60, 40)))


def test_calibration_poses_and_twisted_bodies_are_seen():
    from coamd_blender.motion.skeleton import rest_joints

    assert describe.t_pose(rest_joints()[None]).all()
    assert not describe.t_pose(movers.standing(2)).any()
    body = movers.standing(5)
    twisted = body.copy()
    twisted[:, describe.SHOULDERS] = movers.turned(body, 40.0)[:, describe.SHOULDERS]
    assert np.degrees(describe.twist(twisted)) == pytest.approx(40, abs=3)
