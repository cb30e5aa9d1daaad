"""A gesture laid over another motion: what stays, what comes over, how gently."""

import numpy as np
import pytest

import runtime.authored as authored
from coamd_blender.motion.skeleton import BODY_PARTS, BONE_LENGTHS, JOINT_INDEX, PARENTS, SIDES
from runtime.evaluate import geometry as g
from runtime.evaluate.obedience_tests import passes, upright_arms
from runtime.generate.overlay import lasting, overlay

FRAMES = 100
LEGS = [0, *(JOINT_INDEX[name] for name in BODY_PARTS["lower_body"] if name != "pelvis")]
GESTURES = {  # authored actions and the test of what arms do in them
    "wave": "wave", "salute": "military_salute", "cross_arms": "cross_arms", "hands_on_hips": "hands_on_hips",
    "clap": "clap_hands", "phone_to_ear": "phone_to_ear",
}  # fmt: skip


def fitted(joints):
    """FRAMES of a motion, its last frame held where it is shorter."""
    return np.concatenate([joints, np.repeat(joints[-1:], FRAMES, axis=0)])[:FRAMES].astype(float)


def drawn(name, seed=1):
    return fitted(authored.draw(np.random.default_rng(seed), name).joints)


def turned(joints, angle, offset):
    cos, sin = np.cos(angle), np.sin(angle)
    return joints @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]]) + offset


@pytest.fixture(scope="module")
def walk():
    return drawn("brisk_walk", 3)


@pytest.mark.parametrize(("name", "test"), GESTURES.items())
def test_the_legs_stay_and_the_arms_do_what_the_gesture_does(walk, name, test):
    gesture = turned(drawn(name), 1.1, (3.0, 0.0, -2.0))
    laid = overlay(walk, gesture)
    np.testing.assert_allclose(laid[:, LEGS], walk[:, LEGS], atol=1e-9)
    assert passes(upright_arms(laid), {"is": test}) and not passes(upright_arms(walk), {"is": test})
    bones = np.linalg.norm(laid[:, 1:] - laid[:, list(PARENTS[1:])], axis=-1)
    np.testing.assert_allclose(bones[:, 3:], np.broadcast_to(BONE_LENGTHS[4:], bones[:, 3:].shape), atol=1e-6)


def test_an_arm_that_the_gesture_leaves_alone_goes_on_swinging(walk):
    motion = authored.draw(np.random.default_rng(1), "salute")
    laid = overlay(walk, fitted(motion.joints))
    idle = {"left": "right", "right": "left"}[motion.side]
    swing = {side: np.ptp(g.body_offset(laid, f"{side}_wrist", f"{side}_shoulder")[20:70, 2]) for side in SIDES}
    own = np.ptp(g.body_offset(walk, f"{idle}_wrist", f"{idle}_shoulder")[20:70, 2])
    assert swing[idle] > 0.7 * own


def test_standing_changes_nothing_but_the_trunks_own_sway(walk):
    still = np.repeat(drawn("stand_still")[:1], FRAMES, axis=0)
    np.testing.assert_allclose(overlay(walk, still), walk, atol=5e-3)


def test_a_hand_at_the_hip_stays_there_while_the_trunk_twists(walk):
    gesture = drawn("hands_on_hips")
    laid = overlay(walk, gesture)
    for side in SIDES:
        there = np.flatnonzero(g.elbow(gesture, side) < 112)[5:-5]
        own, ours = (g.gap(joints, f"{side}_wrist", f"{side}_hip")[there] for joints in (gesture, laid))
        assert len(there) > 15 and np.abs(own - ours).max() < 0.03


def test_arms_come_into_use_without_a_jolt(walk):
    def worst(joints):
        return np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1).max() * 400

    gesture = drawn("phone_to_ear")
    assert worst(overlay(walk, gesture)) < 1.5 * max(worst(walk), worst(gesture))


@pytest.mark.parametrize("name", ["phone_to_ear", "cross_arms", "salute", "hands_on_hips"])
def test_what_is_held_comes_at_once_and_lasts_to_the_end(name):
    gesture = drawn(name)
    longer = lasting(np.concatenate([gesture, np.repeat(gesture[-1:], 60, axis=0)]))
    assert passes(longer[-40:], {"is": GESTURES[name]}) and not passes(gesture[-20:], {"is": GESTURES[name]})
    steps = np.linalg.norm(np.diff(longer, axis=0), axis=-1)
    assert steps.max() <= np.linalg.norm(np.diff(gesture, axis=0), axis=-1).max() + 1e-9, "no frame is leapt over"


def test_what_is_held_nowhere_stays_as_it_is():
    gesture = drawn("clap")
    np.testing.assert_array_equal(lasting(gesture), gesture)
