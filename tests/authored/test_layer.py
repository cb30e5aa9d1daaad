"""An upper body laid over a recording: what stays, what moves, what is refused."""

import numpy as np
import pytest

import runtime.authored as authored
from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import BODY_PARTS, BONE_LENGTHS, JOINT_INDEX, PARENTS

LEGS = [JOINT_INDEX[name] for name in BODY_PARTS["lower_body"]]
ACTIONS = ("wave", "clap", "salute", "cross_arms", "shake_head", "point_side", "stir")


@pytest.fixture(scope="module")
def walk():
    """A walk of 6 s or more on the canonical body, turned away from +Z and off the origin."""
    for seed in range(20):
        joints = authored.draw(np.random.default_rng(seed), "walk_hands_behind").joints.astype(float)
        if len(joints) >= 120:
            cos, sin = np.cos(0.7), np.sin(0.7)
            return joints @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]]) + (0.4, 0.0, -1.3)
    raise AssertionError("no walk is long enough")


@pytest.mark.parametrize("name", ACTIONS)
def test_legs_and_the_time_outside_the_action_stay_as_recorded(walk, name):
    motion = authored.layer(np.random.default_rng(3), name, walk)
    assert motion.joints.shape == walk.shape and motion.joints.dtype == np.float32
    np.testing.assert_allclose(motion.joints[:, LEGS], walk[:, LEGS], atol=1e-5)
    start, stop = motion.core
    before = motion.joints[: max(start - 2, 0)]  # the trunk leads by a tenth of a second
    np.testing.assert_allclose(before, walk[: len(before)], atol=1e-4)
    np.testing.assert_allclose(motion.joints[stop + 20 :], walk[stop + 20 :], atol=1e-3)
    assert np.abs(motion.joints[start:stop] - walk[start:stop]).max() > 0.02


@pytest.mark.parametrize("name", ACTIONS)
def test_bones_keep_their_lengths(walk, name):
    joints = authored.layer(np.random.default_rng(4), name, walk).joints
    bones = np.linalg.norm(joints[:, 1:] - joints[:, list(PARENTS[1:])], axis=-1)
    np.testing.assert_allclose(bones, np.broadcast_to(BONE_LENGTHS[1:], bones.shape), atol=1e-5)


def test_the_named_hand_is_raised(walk):
    for seed in range(4):
        motion = authored.layer(np.random.default_rng(seed), "wave", walk)
        top = {side: motion.joints[:, JOINT_INDEX[f"{side}_wrist"], 1].max() for side in ("left", "right")}
        assert max(top, key=top.get) == motion.side


def test_the_same_seed_lays_the_same(walk):
    first, again = (authored.layer(np.random.default_rng(8), "clap", walk).joints for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_a_recording_that_is_too_short_is_refused_and_the_remedy_works(walk):
    with pytest.raises(InputError, match=r"too short.*at least ([\d.]+) seconds") as refused:
        authored.layer(np.random.default_rng(1), "drink", walk[:20])
    seconds = float(refused.value.hint.split("at least ")[1].split()[0])
    assert authored.layer(np.random.default_rng(1), "drink", walk[: int(np.ceil(seconds * 20))]).name == "drink"


def test_an_action_that_needs_its_own_legs_is_refused(walk):
    assert "squats" not in authored.names(upper=True) and "wave" in authored.names(upper=True)
    with pytest.raises(InputError, match="is not an action of the upper body"):
        authored.layer(np.random.default_rng(0), "squats", walk)
