"""What the runtime answers is checked before anything is made of it."""

import numpy as np
import pytest

from coamd_blender.errors import ProtocolError
from coamd_blender.wire import limits
from coamd_blender.wire.answers import drawable
from coamd_blender.wire.protocol import Progress, Result
from coamd_blender.wire.requests import (
    REQUESTS,
    EditRange,
    EditRequest,
    GenerateRequest,
    IndexRequest,
    KnownRequest,
    MotionRequest,
    RecognizeRequest,
    SearchRequest,
    SortRequest,
    StoreRequest,
    StoryboardRequest,
    StoryboardScene,
)

CLIP = np.zeros((60, 22, 3), np.float32)
HIT = {
    "path": "/a.bvh", "clip": "a", "id": 3, "score": 0.5, "frames": [0, 60], "seconds": 3.0, "fps": 20.0,
    "labels": ["walk"], "licence": "CC0", "source": "", "status": "here",
}  # fmt: skip
COUNTS = dict.fromkeys(("added", "updated", "unchanged", "broken", "vanished"), 1)
GOOD = {
    "generate": (
        GenerateRequest.variants("waves", 3.0, 5, 2),
        {"fps": 20, "seconds": 3.0, "notes": ["far"], "scores": [0.1, 2]},
        {"joints": np.stack([CLIP, CLIP])},
    ),
    "edit": (EditRequest(CLIP, 20.0, (EditRange(3, 9),)), {"fps": 20.0}, {"joints": CLIP}),
    "storyboard": (StoryboardRequest((StoryboardScene("waves", 3.0),)), {"fps": 20}, {"joints": CLIP}),
    "recognize": (
        RecognizeRequest(CLIP, segments=True),
        {
            "labels": [{"label": "walk", "score": 0.5}],
            "segments": [{"start": 0, "stop": 60, "label": "walk", "score": 1}],
        },
        {},
    ),
    "search": (
        SearchRequest("/l", text="walk", top=1, poses=4),
        {"results": [HIT]},
        {"poses": np.zeros((1, 4, 22, 3), np.float32)},
    ),
    "index": (IndexRequest("/l", ("/a",)), {**COUNTS, "problems": []}, {}),
    "motion": (MotionRequest("/l", 3), {"fps": 20.0}, {"joints": CLIP}),
    "known": (KnownRequest("/l", ("/a",)), {"files": {"/a": {"digest": "d", "problem": ""}}}, {}),
    "store": (StoreRequest("/l", problem="torn"), {"clips": 0}, {}),
    "sort": (
        SortRequest(CLIP, (12,) * 5, ("walk", "sit"), top=1),
        {"sorted": [[{"label": "walk", "score": 0.5}]] * 5},
        {},
    ),
}


def changed(values, path, value):
    """``values`` with what stands at ``path`` (keys) replaced, or left out where ``value`` is KeyError."""
    if not path:
        return value
    copy = dict(values) if isinstance(values, dict) else list(values)
    if len(path) == 1 and value is KeyError:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(values[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("task", REQUESTS)
def test_a_whole_answer_is_taken(task):
    request, fields, arrays = GOOD[task]
    request.check_answer(fields, arrays)


@pytest.mark.parametrize(
    "task, path",
    [
        (task, path)
        for task, paths in {
            "generate": [["fps"]],
            "storyboard": [["fps"]],
            "recognize": [["labels"], ["labels", 0, "label"], ["segments"], ["segments", 0, "stop"]],
            "search": [["results"], *(["results", 0, key] for key in HIT if key != "fps")],
            "index": [["problems"], *([key] for key in COUNTS)],
            "motion": [["fps"]],
            "known": [["files"], ["files", "/a", "digest"]],
            "store": [["clips"]],
            "sort": [["sorted"], ["sorted", 4, 0, "label"], ["sorted", 0, 0, "score"]],
        }.items()
        for path in paths
    ],
)
@pytest.mark.parametrize("value", [KeyError, None, [[]]], ids=["missing", "null", "lists"])
def test_a_field_that_is_missing_or_of_another_kind_is_told_with_its_name(task, path, value):
    request, fields, arrays = GOOD[task]
    with pytest.raises(ProtocolError) as caught:
        request.check_answer(changed(fields, path, value), arrays)
    assert path[-1] in str(caught.value) or path[0] in str(caught.value)
    assert "one version" in caught.value.hint


@pytest.mark.parametrize(
    "task, more",
    [
        ("generate", {"weights": ["name"]}),
        ("generate", {"weights": "name"}),
        ("generate", {"weights": {"name": 5}}),
        ("generate", {"notes": 5}),
        ("edit", {"notes": 5}),
        ("storyboard", {"notes": [5]}),
        ("generate", {"scores": [10**400, 0]}),
        ("search", {"notes": 5}),
        ("search", {"results": [HIT | {"frames": [0, 2**40]}]}),
        ("search", {"results": [HIT | {"seconds": 1e300}]}),
        ("recognize", {"labels": []}),
        ("sort", {"sorted": [[]] * 5}),
        ("sort", {"sorted": [{"label": "walk", "score": 0.5}] * 5}),
    ],
)
def test_what_the_add_on_could_not_use_is_told(task, more):
    request, fields, arrays = GOOD[task]
    with pytest.raises(ProtocolError, match="The runtime's answer"):
        request.check_answer(fields | more, arrays)


@pytest.mark.parametrize("task", [task for task, (_, _, arrays) in GOOD.items() if arrays])
@pytest.mark.parametrize(
    "wrong",
    [
        lambda joints: None,
        lambda joints: np.full_like(joints, 1e30),
        lambda joints: np.full_like(joints, np.nan),
        lambda joints: np.concatenate([joints] * 20) if joints.ndim == 4 else joints[None],
        lambda joints: joints[..., :20, :],
        lambda joints: joints[:0],
        lambda joints: joints.astype(np.int32),
    ],
    ids=["missing", "1e30 m", "not a number", "40 for 2", "20 joints", "empty", "whole numbers"],
)
def test_joints_that_are_not_what_was_asked_for_are_refused(task, wrong):
    request, fields, arrays = GOOD[task]
    ((name, joints),) = arrays.items()
    broken = wrong(joints)
    with pytest.raises(ProtocolError, match=name):
        request.check_answer(fields, {} if broken is None else {name: broken})


@pytest.mark.parametrize(
    "task, fields, arrays",
    [
        ("generate", {"scores": [1]}, {}),
        ("generate", {"scores": ["a", "b"]}, {}),
        ("generate", {"notes": [3]}, {}),
        ("generate", {"fps": 0}, {}),
        ("generate", {}, {"joints": np.zeros((2, limits.LONGEST_FRAMES + 1, 22, 3), np.float32)}),
        ("edit", {}, {"joints": CLIP[:59]}),
        ("storyboard", {}, {"joints": np.zeros((100, 22, 3), np.float32)}),
        ("recognize", {"segments": [{"start": 0, "stop": 61, "label": "walk", "score": 1}]}, {}),
        ("recognize", {"labels": [{"label": "walk", "score": 0.5}] * 6}, {}),
        ("search", {"results": [HIT, HIT]}, {}),
        ("search", {"results": [HIT | {"frames": [9, 3]}]}, {}),
        ("motion", {"fps": 1e9}, {}),
        ("sort", {"sorted": [[{"label": "walk", "score": 0.5}]] * 4}, {}),
        ("sort", {"sorted": [[{"label": "walk", "score": 0.5}] * 2] * 5}, {}),
    ],
)
def test_more_or_less_than_was_asked_for_is_refused(task, fields, arrays):
    request, good_fields, good_arrays = GOOD[task]
    with pytest.raises(ProtocolError):
        request.check_answer(good_fields | fields, good_arrays | arrays)


def test_a_job_whose_answer_is_refused_fails_and_a_preview_that_cannot_be_drawn_is_left_out():
    from coamd_blender.wire.jobs import DONE, FAILED, JobRunner

    class Client:
        """Answers at once what it is told to."""

        hello, waiting = None, ()

        def request(self, *_):
            return 1

        def poll(self):
            told, self.waiting = self.waiting, ()
            return told

    client = Client()
    runner = JobRunner(lambda: client)
    request, fields, arrays = GOOD["generate"]
    for result, state in ((Result(1, {}, arrays), FAILED), (Result(1, fields, arrays), DONE)):
        job = runner.ask(request)
        runner.tick()
        far = np.full((1, 9, 22, 3), np.inf)
        client.waiting = (Progress(1, "sampling", 1, 2, {"preview": far}), result)
        runner.tick()
        assert (job.state, job.preview) == (state, None)
        assert bool(job.arrays) == (state == DONE)
    assert drawable(np.zeros((2, 9, 22, 3), np.float32)) and not drawable(np.zeros((9, 22, 3), np.float32))
