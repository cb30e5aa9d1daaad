"""A sentence is contradicted by the motion that plainly shows something else, and by no other."""

from __future__ import annotations

import numpy as np
import pytest

from coamd_blender.motion.skeleton import mirror
from runtime.captions import contradictions
from tests import movers


def turning(degrees: float) -> np.ndarray:
    """Somebody turning on the spot."""
    return movers.turned(movers.standing(60), np.linspace(0, degrees, 60))


def sidewards(metres: float) -> np.ndarray:
    joints = movers.standing(60)
    joints[..., 0] += np.linspace(0, metres, 60)[:, None]
    return joints


@pytest.mark.parametrize(
    ("text", "joints"),
    [
        ("a person kicks with the left leg", movers.kicking("left")),
        ("a person raises the left hand and waves", movers.waving("left")),
        ("someone punches with the left fist", movers.punching("left")),
        ("a person turns to the left", turning(100)),
        ("a person steps sideways to the left", sidewards(1.0)),
    ],
)
def test_a_wrong_side_is_put_right(text, joints):
    right, findings = contradictions.checked(text, joints)
    assert right == text and findings and not any(found.wrong for found in findings)
    corrected, findings = contradictions.checked(text, mirror(joints))
    assert corrected == text.replace("left", "right") and any(found.wrong for found in findings)


@pytest.mark.parametrize(
    ("text", "true", "false"),
    [
        ("a person walks forward", movers.walking(60, 1.2), movers.walking(60, -1.2)),
        ("a person walks backwards", movers.walking(60, -1.0), movers.walking(60, 1.0)),
        ("a person turns around", turning(180), turning(60)),
        ("someone turns about 90 degrees to the left", turning(85), turning(200)),
        ("a person jumps twice", movers.jumping(2), movers.jumping(1)),
        ("a man kicks three times", movers.kicking("right", 3), movers.kicking("right", 1)),
        ("a person stands still", movers.standing(60), movers.walking(60, 1.2)),
        ("a person runs", movers.walking(60, 3.0, 3.0), movers.standing(60)),
        ("a person jumps up high", movers.jumping(1), movers.standing(60)),
        ("a person lies on the floor", movers.lying(60), movers.standing(60)),
    ],
)
def test_what_is_not_so_is_not_told(text, true, false):
    assert contradictions.checked(text, true)[0] == text
    assert contradictions.checked(text, false)[0] == ""


@pytest.mark.parametrize(
    ("text", "joints", "told"),
    [
        ("a person walks slowly", movers.walking(60, 1.8), "a person walks"),
        ("a person walks quickly forward", movers.walking(60, 0.4), "a person walks forward"),
        ("a person walks slowly", movers.walking(60, 0.5), "a person walks slowly"),
    ],
)
def test_a_wrong_pace_is_left_out(text, joints, told):
    assert contradictions.checked(text, joints)[0] == told


@pytest.mark.parametrize(
    "text",
    [
        "a person turns the head to the left",
        "the man twists his upper body to the right",
        "a person stands with the right hand on the hip",
        "a dancer smiles at the audience",
        "a person raises the left hand and then the right",
        "someone walks back and forth",
    ],
)
def test_what_cannot_be_measured_stands(text):
    for joints in (movers.standing(60), movers.walking(60, 1.2), turning(120)):
        assert contradictions.checked(text, joints)[0] == text


def test_a_moment_of_two_frames_says_nothing():
    assert contradictions.checked("a person runs", movers.standing(2)) == ("a person runs", [])
