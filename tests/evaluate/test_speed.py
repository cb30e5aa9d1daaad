"""The table of times: what its rows are, how they are told, and the body that grows bones."""

import numpy as np
import pytest

from coamd_blender.motion.skeleton import JOINT_NAMES, PARENTS, REST_OFFSETS, STANDING_HEIGHT
from coamd_blender.retarget.mapping import make_mapping
from coamd_blender.retarget.solver import solve
from runtime.evaluate import speed


def standing(frames):
    joints = np.zeros((frames, 22, 3))
    joints[:, 0, 1] = STANDING_HEIGHT
    for joint in range(1, 22):
        joints[:, joint] = joints[:, PARENTS[joint]] + REST_OFFSETS[joint]
    return joints


class Counting:
    def __init__(self):
        self.asked = []

    def generate(self, prompts, frames, seeds):
        self.asked.append((len(prompts), frames, len(seeds)))
        return np.zeros((len(prompts), frames, 22, 3))


def test_the_first_call_warms_up_and_is_told_apart():
    calls = []
    assert len(speed.timed(calls.append, 3)) == 4
    assert calls == [0, 1, 2, 3]


def test_every_length_and_every_number_at_once_is_a_row():
    generator = Counting()
    rows = speed.generation(generator, 10.0, 2)
    assert [row["size"].split()[0] for row in rows] == [str(size) for size in (*speed.FRAMES, *speed.BATCHES[1:])]
    assert {frames for count, frames, _ in generator.asked if count == 1} == set(speed.FRAMES)
    assert all(count == seeds for count, _, seeds in generator.asked)
    assert all(row["gflop"] == pytest.approx(10 * row["seconds"]) for row in rows)


@pytest.mark.parametrize("bones", [22, 24, 200])
def test_a_body_with_more_bones_moves_as_the_one_it_grew_from(bones):
    rig = speed.many_boned(bones)
    assert len(rig.names) == len(set(rig.names)) == bones
    mapping = make_mapping("canonical", {name: name for name in JOINT_NAMES})
    solution = solve(rig, mapping, standing(5))
    assert np.abs(np.abs(solution.quaternions[..., 0]) - 1).max() < 0.01  # it rests as the body stands
    small = solve(speed.many_boned(22), mapping, standing(5))
    assert solution.bones == small.bones and np.allclose(solution.quaternions, small.quaternions, atol=1e-9)


def test_the_table_has_a_line_of_each_row():
    told = {
        "machine": {"processor": "X", "cores": 4, "threads": 2, "device": "cpu", "gflops": 100.0},
        "rows": [speed.row("storyboard", "10 s", 2.0, 100.0, memory=5e8), speed.row("a search", "9 clips", 0.5, 100.0)],
    }
    lines = speed.table(told).splitlines()
    assert lines[0] == "X, 2 of 4 cores, networks on cpu: 100 GFLOP/s"
    assert lines[2].split() == ["storyboard", "10", "s", "2.000", "200.0", "0.50", "GB"]
    assert lines[3].split() == ["a", "search", "9", "clips", "0.500", "50.0"]


def test_the_threads_are_given_back():
    import torch

    before = torch.get_num_threads()
    with pytest.raises(KeyError), speed.threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise KeyError
    assert torch.get_num_threads() == before
