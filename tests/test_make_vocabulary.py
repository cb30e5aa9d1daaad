"""docs/make_vocabulary.py: the page shows every line of the menu, and a picture shows what moves where."""

import importlib.util

import numpy as np
import pytest
from fakes import ROOT
from PIL import Image

from coamd_blender.motion.skeleton import JOINT_NAMES, rest_joints

LARGEST = 3_000_000  # bytes of all sheets


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_vocabulary", ROOT / "docs" / "make_vocabulary.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def coloured(image, side, script):
    """Whether pixels near the colour of a side's limbs are in ``image``, (height, width) bool."""
    return np.abs(np.asarray(image.convert("RGB")).astype(int) - script.LIMBS[side]).max(axis=-1) < 40


def test_the_raised_left_hand_is_orange_on_the_right_of_the_picture(script):
    pose = rest_joints().copy()
    pose[JOINT_NAMES.index("left_elbow")] = pose[JOINT_NAMES.index("left_shoulder")] + [0.05, 0.3, 0.0]
    pose[JOINT_NAMES.index("left_wrist")] = pose[JOINT_NAMES.index("left_shoulder")] + [0.05, 0.55, 0.0]
    left, right = (coloured(script.figure(pose, (60, 90)), side, script) for side in ("left", "right"))
    assert np.argwhere(left)[:, 0].min() + 8 < np.argwhere(right)[:, 0].min(), "the left hand is higher"
    assert np.argwhere(left)[:, 1].mean() > np.argwhere(right)[:, 1].mean()


def test_a_strip_shows_five_moments_over_the_place_of_the_pelvis(script):
    pose = rest_joints()
    walk = pose + np.linspace(0, 2, 41)[:, None, None] * np.array([0.0, 0.0, 1.0])
    image = np.asarray(script.strip(walk, "walks"))[script.TITLE :]
    cells = image.reshape(script.TALL, script.POSES, script.WIDE, 3).transpose(1, 0, 2, 3)
    assert all((cell == cells[0]).all() for cell in cells[1:])
    assert (cells[0] != script.BACK).any()


def test_a_sheet_has_few_colours_and_as_many_places_as_strips(script):
    one = Image.new("RGB", (30, 20), script.BACK)
    image = script.sheet([one] * 4)
    assert image.mode == "P" and image.size == (3 * 36 - 6, 2 * 26 - 6)


def test_the_page_shows_every_line_under_its_category(script):
    text = script.page({"Walk": ["walks", "limps"], "Sit, Kneel": ["kneels"]})
    assert "3 actions" in text and "![walks; limps](vocabulary_walk.png)" in text
    assert "## Sit, Kneel\n\n![kneels](vocabulary_sit_kneel.png)" in text
