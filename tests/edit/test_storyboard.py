"""Long motion from several prompts, loops, and motion in place, with the bundled weights."""

import numpy as np
import pytest

from coamd_blender.motion.skeleton import rest_joints
from coamd_blender.wire.requests import StoryboardScene
from runtime.cleanup.blend import in_place, soften_blends, without_jolts
from runtime.edit.storyboard import _parts, loop, storyboard
from runtime.generate.generator import Generator

SCENES = [
    StoryboardScene("a person walks forward", 3),
    StoryboardScene("a person stands still", 2),
    StoryboardScene("a person walks forward", 12),
]


@pytest.fixture(scope="module")
def generator():
    return Generator.load(device="cpu")


@pytest.fixture(scope="module")
def board(generator):
    return storyboard(generator, SCENES, seed=1)


def acceleration(joints):
    return np.linalg.norm(np.diff(joints, n=2, axis=0), axis=-1).mean(axis=1)


def test_a_scene_with_a_seed_draws_its_windows_with_that_and_the_next_ones():
    scenes = [StoryboardScene("walks", 12, 40), StoryboardScene("sits", 2), StoryboardScene("bows", 2, 7)]
    parts = list(_parts(scenes))
    assert [seed for *_, prompt, seed in parts if prompt == "walks"] == [40, 41]
    assert [seed for *_, prompt, seed in parts if prompt != "walks"] == [None, 7]


def test_a_storyboard_lasts_its_scenes_and_windows_of_one_scene_show_no_seam(generator, board):
    assert board.shape == (17 * 20, 22, 3) and board.dtype == np.float32
    own = np.percentile(acceleration(generator.generate(["a person walks forward"], 196, [2])[0]), 99)
    joins = [180, 260]  # the last scene is longer than a window
    assert max(acceleration(board)[join - 3 : join + 3].max() for join in joins) < 1.5 * own


def test_no_frame_jumps(generator, board):
    """30 m/s^2, mean over joints, is the 99th percentile of the training recordings' frames."""
    restless = [
        StoryboardScene("a person runs", 3),
        StoryboardScene("a person sits down", 3),
        StoryboardScene("a person jumps", 3),
    ]
    for motion in (board, storyboard(generator, restless, seed=4)):
        assert acceleration(motion).max() * 400 < 30


def test_a_leap_is_softened_around_it_and_nowhere_else():
    still = rest_joints()[None].repeat(120, axis=0)
    still[60:, :, 0] += 1.0
    soft = soften_blends(still, [60], 20, limit=5.0)
    assert acceleration(soft).max() * 400 <= 5.0 < acceleration(still).max() * 400
    assert np.abs(soft - still)[:40].max() < 1e-12 and np.abs(soft - still)[80:].max() < 1e-12
    assert np.abs(soft - soft[:, :1] - (still - still[:, :1])).max() < 1e-9
    assert np.array_equal(without_jolts(soft, 20, 5.0), soft)
    assert acceleration(without_jolts(still, 20, 25.0)).max() * 400 <= 25.0
    even = still[:60] + np.arange(60)[:, None, None] * [0, 0, 0.05]
    assert np.array_equal(soften_blends(even, [30], 20, 5.0), even)


def test_each_scene_does_what_it_says(generator):
    """Medians over five seeds, of the pelvis' speed within each scene."""
    speeds = []
    for seed in range(1, 6):
        pelvis = storyboard(generator, SCENES, seed=seed)[:, 0][:, [0, 2]]
        speed = np.linalg.norm(np.diff(pelvis, axis=0), axis=-1) * 20
        speeds.append([speed[10:55].mean(), speed[75:95].mean(), speed[200:].mean()])
    walking, standing, again = np.median(speeds, axis=0)
    assert walking > 2 * standing and again > 2 * standing
    assert again > 0.5 * walking, "it hardly walks on after it stood"


@pytest.mark.parametrize("travel", [True, False])
def test_a_loop_ends_as_it_began(generator, board, travel):
    motion = board[:80]
    closed = loop(generator, motion, travel=travel, seed=2)
    gone = closed[-1] - closed[0]
    assert closed.shape == motion.shape
    assert np.abs(gone - gone[0] * [1, 0, 1]).max() < 1e-5
    assert (np.linalg.norm(gone[0]) > 1.0) == travel
    change = np.linalg.norm((closed[-1] - closed[-2]) - (closed[1] - closed[0]), axis=-1).mean()
    assert change < np.median(np.linalg.norm(np.diff(motion, axis=0), axis=-1))


def test_in_place_takes_the_travel_and_leaves_the_pose(board):
    still = in_place(board[:80], 20)
    assert np.linalg.norm(still[:, 0, [0, 2]] - still[0, 0, [0, 2]], axis=-1).max() < 0.5
    relative = [motion - motion[:, :1] for motion in (still, board[:80])]
    assert np.abs(relative[0] - relative[1]).max() < 1e-5
