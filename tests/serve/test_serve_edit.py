"""The server's edit and storyboard requests: what reaches the tasks, and what is refused."""

import numpy as np
import pytest

from coamd_blender.errors import Cancelled, InputError
from coamd_blender.wire.requests import StoryboardScene
from runtime.serve.models import Models
from runtime.serve.tasks import RuntimeTasks

CLIP = np.random.default_rng(0).normal(size=(60, 22, 3)).astype(np.float32)


class Slow:
    """A generator that says that it was not fast where that was asked for, and is asked for nothing else."""

    def __init__(self, quality):
        self.quality = quality

    def told_quality(self):
        return ["the better one"] if self.quality == "fast" else []


class Loaded(Models):
    """Models whose generator makes nothing."""

    def generator(self, styles=(), quality="best", cfg=None):
        return Slow(quality)


@pytest.fixture
def asked(monkeypatch):
    """The tasks replaced by ones that note what they are given, take two steps and return something known."""
    calls = {}

    def edit_ranges(generator, joints, fps, tasks, on_step):
        calls.update(joints=joints, fps=fps, tasks=tasks)
        on_step(1, 2)
        on_step(2, 2)
        return joints + 1

    def storyboard(generator, scenes, seed, cfg, on_step):
        calls.update(scenes=scenes, seed=seed, cfg=cfg)
        on_step(1, 1)
        return np.cumsum(np.ones((40, 22, 3), np.float32), axis=0)

    monkeypatch.setattr("runtime.edit.regenerate.edit_ranges", edit_ranges)
    monkeypatch.setattr("runtime.edit.storyboard.storyboard", storyboard)
    return calls


def ask(task, fields, arrays=None, report=lambda *progress: None):
    return RuntimeTasks(Loaded()).run(task, fields, arrays or {}, report)


def test_an_edit_reaches_the_task_as_it_was_asked(asked):
    steps = []
    arrays = {
        "joints": CLIP,
        "path": np.array([[0, 0], [1, 2]], np.float32),
        "target_points": np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.float32),
        "target_joints": np.array([20, 21, 20], np.int32),
        "target_frames": np.array([12, 12, 15], np.int32),
    }
    fields = {"fps": 24, "ranges": [[10, 20, "continue"]], "prompt": "hop", "keep": 0.25, "seed": 7, "cfg": 2.5}
    told, made = ask("edit", fields, arrays, lambda *progress: steps.append(progress[:3]))
    (task,) = asked["tasks"]
    assert told.pop("weights")["licence"] == "CC BY-SA 3.0" and told == {"fps": 24.0, "notes": []}
    assert np.array_equal(made["joints"], CLIP + 1) and asked["fps"] == 24.0
    assert (task.start, task.stop, task.prompt, task.mode, task.joints) == (10, 20, "hop", "continue", None)
    assert (task.keep, task.seed, task.cfg) == (0.25, 7, 2.5)
    assert task.path.tolist() == [[0, 0], [1, 2]]
    assert [(target.frame, target.joints) for target in task.targets] == [(12, (20, 21)), (15, (20,))]
    assert task.targets[0].points.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert steps == [("sampling", 1, 2), ("sampling", 2, 2)]


def test_a_cancel_is_heard_at_a_step(asked):
    def stop(*progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        ask("edit", {"fps": 20, "ranges": [[0, 9, "between"]]}, {"joints": CLIP}, stop)


@pytest.mark.parametrize(
    "fields, arrays",
    [
        ({"fps": 20, "ranges": [[0, 9, "between"]]}, {}),
        ({"fps": "fast"}, {}),
        ({"ranges": []}, {}),
        ({"ranges": [[0, 9]]}, {}),
        ({"ranges": [[0.5, 9, "between"]]}, {}),
        ({"ranges": [[0, 9, 3]]}, {}),
        ({"ranges": [[9, 9, "between"]]}, {}),
        ({"ranges": [[0, 9, "sideways"]]}, {}),
        ({"prompt": 3}, {}),
        ({"joints": "tail"}, {}),
        ({"keep": 2}, {}),
        ({"seed": -1}, {}),
        ({"cfg": "much"}, {}),
        ({}, {"target_points": np.zeros((2, 3))}),
        ({}, {"target_points": np.zeros((1, 3)), "target_joints": np.array([22]), "target_frames": np.array([3])}),
        ({"ranges": [[0, 9, "lead_in"], [20, 30, "continue"]]}, {"path": np.array([[0, 0], [1, 1]])}),
    ],
)
def test_an_edit_that_cannot_be_meant_is_refused(asked, fields, arrays):
    clip = {} if "ranges" in fields and "fps" in fields else {"joints": CLIP}
    with pytest.raises(InputError) as caught:
        ask("edit", {"fps": 20, "ranges": [[0, 9, "between"]]} | fields, clip | arrays)
    assert caught.value.hint and not asked


def test_a_storyboard_reaches_the_task_and_may_stay_in_place(asked):
    scenes = [{"prompt": "walk", "seconds": 3}, {"prompt": "sit", "seconds": 2.5}]
    told, made = ask("storyboard", {"scenes": scenes, "seed": 5, "cfg": 1.5})
    assert told.pop("weights")["name"].startswith("generator.safetensors") and told == {"fps": 20, "notes": []}
    assert made["joints"][-1, 0, 0] == 40
    assert asked == {"scenes": (StoryboardScene("walk", 3), StoryboardScene("sit", 2.5)), "seed": 5, "cfg": 1.5}
    _, still = ask("storyboard", {"scenes": scenes, "in_place": True})
    assert np.abs(still["joints"][:, 0, 0] - 1).max() < 0.1


@pytest.mark.parametrize(
    "task, fields",
    [
        ("edit", {"fps": 20, "ranges": [[0, 9, "between"]]}),
        ("storyboard", {"scenes": [{"prompt": "walk", "seconds": 3}]}),
    ],
)
def test_another_quality_than_was_asked_for_is_told(asked, task, fields):
    told, _ = ask(task, fields | {"quality": "fast"}, {"joints": CLIP} if task == "edit" else {})
    assert told["notes"] == ["the better one"]


@pytest.mark.parametrize(
    "fields",
    [{"scenes": []}, {"scenes": ["walk"]}, {"scenes": [{"prompt": "walk", "seconds": True}]}, {"loop": "twice"}],
)
def test_a_storyboard_that_cannot_be_meant_is_refused(asked, fields):
    with pytest.raises(InputError) as caught:
        ask("storyboard", {"scenes": [{"prompt": "walk", "seconds": 3}]} | fields)
    assert caught.value.hint and not asked
