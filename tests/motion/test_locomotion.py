"""The locomotion set with bodies that move by formula in place of the networks: what it asks for, and what it keeps."""

import numpy as np
import pytest
from movers import jumping, standing, turned, walking

from coamd_blender.motion import locomotion
from coamd_blender.motion.locomotion import Between, Draws

SIDES = {"to the left": 90.0, "to the right": -90.0}


def drawn(asked, speeds):
    """Bodies that do what the prompt says; ``speeds``: of draws, m/s, by a word of the prompt."""
    frames = round(asked.seconds * 20)
    bodies = []
    for number, _ in enumerate(asked.seeds):
        if "jumps" in asked.prompt:
            bodies.append(jumping(2, height=0.2 + 0.05 * number))
            continue
        if "stands" in asked.prompt:
            bodies.append(standing(frames))
            continue
        word = next(word for word in speeds if word in asked.prompt)
        body = walking(frames, speeds[word][number % len(speeds[word])])
        side = next(
            (angle for words, angle in SIDES.items() if "sidesteps" in asked.prompt and words in asked.prompt), 0
        )
        body = turned(body, 33.0)
        if side:  # the same way over the floor, the body turned against it
            way = body[:, :1] * (1, 0, 1)
            body = turned(body - way, -side) + way
        bodies.append(body)
    return np.stack(bodies)


def made(seed=3, **speeds):
    """Return the clips, and what was asked for; what is between is passed through from one end to the other."""
    speeds = {"walks forward": (1.2,), "runs": (3.0,), "backwards": (-0.9,), "sidesteps": (0.6,)} | speeds
    plan, asked, joints = locomotion.make(seed), [], None
    while True:
        try:
            asked.append(plan.send(joints))
        except StopIteration as end:
            return {clip.name: clip for clip in end.value}, asked
        one = asked[-1]
        joints = drawn(one, speeds) if isinstance(one, Draws) else one.joints.astype(float)
        if isinstance(one, Between):
            assert 0 < one.start < one.stop < len(joints)
            steps = np.linspace(0, 1, one.stop - one.start + 2)[1:-1, None, None]
            joints[one.start : one.stop] = joints[one.start - 1] * (1 - steps) + joints[one.stop] * steps


def seen(frame):
    return frame - frame[:1] * (1, 0, 1)


@pytest.fixture(scope="module")
def clips():
    return made()


def test_the_set_is_whole_named_and_says_nothing_of_what_is_right(clips):
    found, _ = clips
    assert tuple(found) == locomotion.NAMES
    assert [clip.note for clip in found.values() if clip.note] == []
    assert {name for name, clip in found.items() if clip.loop} == {gait.name for gait in locomotion.GAITS}
    assert all((len(clip.joints) - 1) % 10 == 0 for clip in found.values()), "whole frames at 24, 30 and 60 a second"


def test_loops_end_as_they_begin_and_go_the_way_of_their_name(clips):
    for gait in locomotion.GAITS:
        joints = clips[0][gait.name].joints
        assert np.abs(seen(joints[-1]) - seen(joints[0])).max() < 1e-6
        gone = joints[-1, 0] - joints[0, 0]
        if gait.way is None:
            assert np.abs(gone).max() < 1e-6
            continue
        wanted = {"walk_backwards": (0, 0, -1), "strafe_left": (1, 0, 0), "strafe_right": (-1, 0, 0)}
        way = gone / np.linalg.norm(gone)
        assert np.abs(way - wanted.get(gait.name, (0, 0, 1))).max() < 0.05
        left = joints[:, 1] - joints[:, 2]  # from the right hip to the left: the body faces ahead whatever its way
        assert (left[:, 0] > 0).all() and np.abs(left[:, 2]).max() < 0.05


def test_what_leads_from_one_to_another_begins_and_ends_in_them_to_the_frame(clips):
    found = {name: clip.joints for name, clip in clips[0].items()}
    idle, walk = found["idle"], found["walk"]
    ends = {"walk_start": (idle[0], walk[0]), "walk_stop": (walk[-1], idle[0]), "turn_left": (idle[0], None)}
    ends |= {"turn_right": (idle[0], None), "turn_around": (idle[0], None), "jump": (idle[0], idle[0])}
    for name, (first, last) in ends.items():
        assert np.abs(seen(found[name][0]) - seen(first)).max() < 1e-6, name
        if last is not None:
            assert np.abs(seen(found[name][-1]) - seen(last)).max() < 1e-6, name
    for name, degrees in locomotion.TURNS:
        assert np.abs(seen(found[name][-1]) - turned(seen(idle[0])[None], degrees)[0]).max() < 1e-6, name
    assert found["walk_start"][-1, 0, 2] == pytest.approx(1.2 * 1.5 / 2, abs=0.01)


def test_the_best_draw_is_kept_and_what_none_does_is_said(clips):
    found, asked = made(**{"walks forward": (0.1, 5.0, 1.3, 0.2)})
    walk = found["walk"].joints
    assert (walk[-1, 0, 2] - walk[0, 0, 2]) / (len(walk) - 1) * 20 == pytest.approx(1.3, abs=0.02)
    found, _ = made(backwards=(0.9,))
    assert "degrees off its way" in found["walk_backwards"].note
    found, _ = made(runs=(1.0,))
    assert "not 1.8 to 6" in found["run"].note
    seeds = [seed for one in asked if isinstance(one, Draws) and "jumps" not in one.prompt for seed in one.seeds]
    assert seeds == list(range(3, 3 + locomotion.DRAWS * len(locomotion.GAITS)))


@pytest.mark.parametrize(("drawn_at", "goes"), [(0.9, 0.9), (0.5, 0.7), (0.25, 0.5)])
def test_slow_sidesteps_are_hastened_at_most_twofold_and_feet_that_stand_still_do(drawn_at, goes):
    gait = next(gait for gait in locomotion.GAITS if gait.name == "strafe_left")
    joints = made(sidesteps=(drawn_at,))[0]["strafe_left"].joints
    frames = len(joints) - 1
    assert frames % 10 == 0 and np.abs(seen(joints[-1]) - seen(joints[0])).max() < 1e-6
    assert np.linalg.norm(joints[-1, 0] - joints[0, 0]) / frames * 20 == pytest.approx(goes, rel=0.2)
    slow = walking(61, 0.3)
    slow[10:40, 7] = slow[10, 7]  # an ankle that stands
    fast = locomotion.hastened(slow, gait)
    assert len(fast) == 31 and np.abs(np.diff(fast[6:19, 7], axis=0)).max() < 1e-6


def test_a_jump_that_stays_on_the_floor_is_said(monkeypatch):
    monkeypatch.setattr(__name__ + ".jumping", lambda *_, **__: standing(80))
    assert "leaves the floor by" in made()[0]["jump"].note
