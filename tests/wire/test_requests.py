"""Requests check themselves, and what travels is, byte for byte, what earlier add-ons sent."""

import json
import subprocess
import sys

import numpy as np
import pytest
from fakes import ROOT

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import FPS, MAX_FRAMES
from coamd_blender.wire import limits, protocol
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
    StyleChoice,
    decode,
)

CLIP = np.random.default_rng(0).normal(size=(60, 22, 3)).astype(np.float32)
TARGETS = {
    "target_points": np.zeros((2, 3), np.float32),
    "target_joints": np.array([20, 15], np.int32),
    "target_frames": np.array([12, 13], np.int32),
}
WAY = {
    "place_points": np.array([[0, 1], [1, 2]], np.float32),
    "place_frames": np.array([4.0, 8.0], np.float32),
    "place_headings": np.array([np.nan, 1.5], np.float32),
}
SCENES = (StoryboardScene("walks", 3.0), StoryboardScene("sits", 2))
STORED = {"library": "/l", "licence": "CC0", "source": "me", "path": "x.fbx", "size": 7, "mtime_ns": 8, "digest": "d"}

# (request, its fields as JSON, the names of its arrays): what the add-on's first version sent
SENT = [
    (
        GenerateRequest.variants("waves", 4, 7),
        '{"prompts":["waves"],"seconds":4.0,"seeds":[7],"cfg":null,"guidance":null}',
        [],
    ),
    (
        GenerateRequest.variants("waves", 4, 7, 2),
        '{"prompts":["waves","waves"],"seconds":4.0,"seeds":[7,8],"cfg":null,"guidance":null,"ranked":true}',
        [],
    ),
    (
        GenerateRequest.variants("waves", 4, 7, styles=(StyleChoice("/s/a.safetensors"), StyleChoice("/b", 0.5))),
        '{"prompts":["waves"],"seconds":4.0,"seeds":[7],"cfg":null,"guidance":null,'
        '"styles":[["/s/a.safetensors",1.0],["/b",0.5]]}',
        [],
    ),
    (
        EditRequest(CLIP, 20.0, (EditRange(0, 60),), styles=(StyleChoice("/b", 2.0),), quality="fast"),
        '{"fps":20.0,"ranges":[[0,60,"between"]],"prompt":"","joints":null,"keep":0.5,"seed":0,"cfg":null,'
        '"styles":[["/b",2.0]],"quality":"fast"}',
        ["joints"],
    ),
    (
        StoryboardRequest(SCENES, styles=(StyleChoice("/b", 0.25),), quality="best"),
        '{"scenes":[{"prompt":"walks","seconds":3.0},{"prompt":"sits","seconds":2}],"seed":0,"cfg":null,'
        '"loop":null,"in_place":false,"styles":[["/b",0.25]],"quality":"best"}',
        [],
    ),
    (
        EditRequest(
            CLIP,
            24.0,
            (EditRange(10, 20, "between"),),
            "hop",
            "arms",
            0.25,
            7,
            2.5,
            **TARGETS,
        ),
        '{"fps":24.0,"ranges":[[10,20,"between"]],"prompt":"hop","joints":"arms","keep":0.25,"seed":7,"cfg":2.5}',
        ["joints", "target_points", "target_joints", "target_frames"],
    ),
    (
        EditRequest(CLIP, 20.0, (EditRange(0, 60),), path=np.array([[0, 0], [1, 2]], np.float32)),
        '{"fps":20.0,"ranges":[[0,60,"between"]],"prompt":"","joints":null,"keep":0.5,"seed":0,"cfg":null}',
        ["joints", "path"],
    ),
    (
        EditRequest(CLIP, 20.0, (EditRange(0, 60),), **WAY),
        '{"fps":20.0,"ranges":[[0,60,"between"]],"prompt":"","joints":null,"keep":0.5,"seed":0,"cfg":null}',
        ["joints", "place_points", "place_frames", "place_headings"],
    ),
    (
        StoryboardRequest(SCENES, 5, None, "keep", True),
        '{"scenes":[{"prompt":"walks","seconds":3.0},{"prompt":"sits","seconds":2}],"seed":5,"cfg":null,'
        '"loop":"keep","in_place":true}',
        [],
    ),
    (
        RecognizeRequest(CLIP, ("kick", "sit"), 5, True),
        '{"labels":["kick","sit"],"top":5,"segments":true}',
        ["joints"],
    ),
    (
        SearchRequest("/l", text="a kick", top=12, poses=4, starter=True),
        '{"library":"/l","starter":true,"top":12,"poses":4,"text":"a kick"}',
        [],
    ),
    (
        SearchRequest("/l", joints=CLIP, and_text="slower", top=12, poses=4),
        '{"library":"/l","starter":false,"top":12,"poses":4,"and_text":"slower"}',
        ["joints"],
    ),
    (
        IndexRequest("/l", ("/a", "/b"), "CC0", "me", True),
        '{"library":"/l","licence":"CC0","source":"me","folders":["/a","/b"],"starter":true}',
        [],
    ),
    (MotionRequest("/l", 3), '{"library":"/l","id":3}', []),
    (KnownRequest("/l", ("/a",)), '{"library":"/l","paths":["/a"]}', []),
    (
        StoreRequest(**STORED, clips=[{"name": "one", "labels": ["kick"], "frames": 60}], joints=CLIP),
        '{"library":"/l","licence":"CC0","source":"me","path":"x.fbx","size":7,"mtime_ns":8,"digest":"d",'
        '"clips":[{"name":"one","labels":["kick"],"frames":60}],"problem":""}',
        ["joints"],
    ),
    (
        StoreRequest(**STORED, problem="torn"),
        '{"library":"/l","licence":"CC0","source":"me","path":"x.fbx","size":7,"mtime_ns":8,"digest":"d",'
        '"clips":[],"problem":"torn"}',
        [],
    ),
    (
        SortRequest(CLIP, (10, 10, 10, 10, 20), ("kick", "sit"), 1),
        '{"labels":["kick","sit"],"lengths":[10,10,10,10,20],"top":1}',
        ["joints"],
    ),
]


@pytest.mark.parametrize("request_, text, arrays", SENT, ids=[f"{row[0].task} {row[2]}" for row in SENT])
def test_what_travels_is_what_always_travelled_and_comes_back(request_, text, arrays):
    fields, found = request_.encode()
    assert json.dumps(fields, separators=(",", ":")) == text
    assert list(found) == arrays
    (message,) = protocol.FrameDecoder().feed(
        protocol.encode(protocol.Request(1, request_.task, json.loads(text), found))
    )
    back = decode(message.task, message.fields, message.arrays)
    assert type(back) is REQUESTS[request_.task] is type(request_)
    again, more = back.encode()
    assert again == fields and all(np.array_equal(more[name], found[name], equal_nan=True) for name in arrays)


def test_every_task_has_one_request_and_is_named_once():
    assert list(REQUESTS) == [
        "generate", "edit", "storyboard", "recognize", "search", "index", "motion", "known", "store", "sort",
    ]  # fmt: skip
    assert {row[0].task for row in SENT} == set(REQUESTS)


def test_what_older_clients_leave_out_has_its_usual_value():
    short = decode("generate", {"prompts": ["x"], "seeds": [0], "seconds": 1}, {})
    assert (short.cfg, short.guidance, short.styles) == (None, None, ())
    edit = decode("edit", {"fps": 20, "ranges": [[0, 9, "vary"]], "prompt": None, "joints": ""}, {"joints": CLIP})
    assert (edit.prompt, edit.parts, edit.keep, edit.seed) == ("", None, 0.5, 0)
    assert edit.ranges == (EditRange(0, 9, "vary"),)
    board = decode("storyboard", {"scenes": [{"prompt": "x", "seconds": 2}]}, {})
    assert (board.loop, board.in_place, board.seed) == (None, False, 0)
    assert board.scenes[0].seed is None and board.encode()[0]["scenes"] == [{"prompt": "x", "seconds": 2}]
    own = decode("storyboard", {"scenes": [{"prompt": "x", "seconds": 2, "seed": 9}]}, {})
    assert own.scenes[0].seed == 9 and own.encode()[0]["scenes"][0]["seed"] == 9
    found = decode("search", {"library": "/l", "clip": 3, "weight": None}, {})
    assert (found.top, found.weight, found.starter) == (10, 1.0, False)
    assert decode("known", {"paths": []}, {}).library == ""
    assert decode("recognize", {}, {"joints": CLIP}).top == 5
    assert decode("sort", {"labels": ["kick", "sit"], "lengths": [12] * 5}, {"joints": CLIP}).top == 5


def test_motions_that_travel_end_to_end_come_apart_again():
    parts = SortRequest(CLIP, (10, 11, 12, 13, 14), ("kick", "sit")).motions()
    assert [len(part) for part in parts] == [10, 11, 12, 13, 14] and np.array_equal(np.concatenate(parts), CLIP)


GENERATE = {"prompts": ["x"], "seeds": [0], "seconds": 1.0}
EDIT = {"fps": 20, "ranges": [[0, 9, "between"]]}
BOARD = {"scenes": [{"prompt": "x", "seconds": 2}]}
FOUND = {"library": "/l", "text": "x"}
FILE = {name: STORED[name] for name in ("library", "path", "size", "mtime_ns", "digest")}
REFUSED = [
    *(("generate", GENERATE | wrong, {}, says) for wrong, says in [
        ({"prompts": "x"}, "no list of prompts"), ({"prompts": [3]}, "no list of prompts"),
        ({"prompts": [" "]}, "empty"),
        ({"prompts": ["\ud800"]}, "UTF-8"), ({"prompts": []}, "0 prompts and 1 seeds"),
        ({"seeds": "x"}, "list of seeds"),
        ({"seeds": [True]}, "The seed True"), ({"seeds": [-1]}, "The seed -1"), ({"seeds": [2**31]}, "The seed"),
        ({"prompts": ["x"] * 1001, "seeds": [0] * 1001}, "1001 prompts"),
        ({"seconds": "long"}, "'long' is not a number"),
        ({"seconds": True}, "not a number"), ({"seconds": 0.4}, "outside 0.5 to 9.8"), ({"seconds": 9.81}, "outside"),
        ({"cfg": "much"}, "weight 'much'"), ({"cfg": 101}, "0 to 100"), ({"guidance": -1}, "guidance -1"),
    ]),
    *(("edit", EDIT | wrong, {"joints": CLIP} | arrays, says) for wrong, arrays, says in [
        ({}, {"joints": None}, "no joints"), ({}, {"joints": CLIP[:, :20]}, "not a clip"),
        ({}, {"joints": np.full_like(CLIP, np.inf)}, "not numbers"),
        ({"fps": "fast"}, {}, "'fast'"),
        ({"fps": 0}, {}, "0 frames a second"), ({"ranges": []}, {}, "list of ranges"),
        ({"ranges": 3}, {}, "list of ranges"),
        ({"ranges": [[0, 9]]}, {}, "[0, 9] is not a range"), ({"ranges": [[0.5, 9, "vary"]]}, {}, "is not a range"),
        ({"ranges": [[0, 9, 3]]}, {}, "is not a range"), ({"ranges": ["x"]}, {}, "'x' is not a range"),
        ({"ranges": [[9, 9, "vary"]]}, {}, "9:9 is empty"), ({"ranges": [[0, 9, "magic"]]}, {}, "'magic'"),
        ({"ranges": [[50, 61, "vary"]]}, {}, "outside the clip's 60"), ({"ranges": [[-1, 9, "vary"]]}, {}, "outside"),
        ({"ranges": [[0, 9, "vary"], [8, 12, "vary"]]}, {}, "8:12 overlaps another"),
        ({"prompt": 3}, {}, "3 is not a text"), ({"joints": 3}, {}, "3 is not a text"),
        ({"joints": "tail"}, {}, "'tail'"),
        ({"joints": "left_hip"}, {}, "cannot move"), ({"keep": 1.1}, {}, "0 to 1"), ({"seed": 2**31}, {}, "The seed"),
        ({"seed": None}, {}, "The seed None"), ({"cfg": -1}, {}, "weight -1"),
        ({"joints": "arms"}, {"path": np.eye(2)}, "whole body"), ({}, {"path": np.eye(3)}, "(3, 3) is not a path"),
        ({}, {"path": np.full((2, 2), np.nan)}, "not a path"), ({}, {"path": np.zeros((2, 2))}, "single point"),
        ({"ranges": [[0, 9, "vary"]]}, {"path": np.eye(2)}, "variation"),
        ({"ranges": [[0, 9, "lead_in"], [20, 30, "continue"]]}, {"path": np.eye(2)}, "several ranges"),
        ({}, {"target_points": np.zeros((2, 3))}, "belong together"),
        ({}, TARGETS, "frame 12 is outside the range 0:9"),
        ({}, TARGETS | {"target_joints": np.array([1, 22])}, "not a place"),
        ({}, TARGETS | {"target_points": np.full((2, 3), np.inf)}, "not a place"),
        ({}, TARGETS | {"target_joints": np.array([1.0, 2.0])}, "not numbered"),
        ({}, WAY | {"path": np.eye(2)}, "both say where to go"), ({"joints": "arms"}, WAY, "whole body"),
        ({"ranges": [[0, 9, "vary"]]}, WAY, "variation"),
        ({"ranges": [[0, 9, "lead_in"], [20, 30, "continue"]]}, WAY, "passed in several ranges"),
        ({}, WAY | {"place_points": np.eye(3)}, "not places on the ground"),
        ({}, WAY | {"place_points": np.full((2, 2), np.nan)}, "not places on the ground"),
        ({}, {"place_points": np.eye(2)}, "places do not belong together"),
        ({}, WAY | {"place_frames": np.array([4])}, "places do not belong together"),
        ({}, WAY | {"place_headings": np.array([1, 2])}, "places do not belong together"),
        ({}, WAY | {"place_headings": np.array([np.inf, 0])}, "not an angle"),
        ({}, WAY | {"place_frames": np.array([4, 4])}, "same frame"),
        ({}, WAY | {"place_frames": np.array([4, 8.5])}, "frame 8.5, outside the range 0:9"),
        ({}, WAY | {"place_frames": np.array([4, np.nan])}, "outside the range"),
        ({}, {"joints": CLIP > 0}, "type bool"), ({}, {"path": np.eye(2, dtype=bool)}, "not a path"),
        ({"fps": 10**400}, {}, "not a frame rate"), ({"keep": 10**400}, {}, "0 to 1"),
        ({"ranges": [[at, at + 1, "vary"] for at in range(1001)]}, {}, "1001 ranges are too many"),
    ]),
    *(("storyboard", BOARD | wrong, {}, says) for wrong, says in [
        ({"scenes": []}, "no scene"), ({"scenes": "x"}, "no scene"), ({"scenes": ["x"]}, "Scene 1 is not"),
        ({"scenes": [*BOARD["scenes"], {"prompt": " ", "seconds": 2}]}, "Scene 2 has no prompt"),
        ({"scenes": [{"prompt": "x", "seconds": True}]}, "Scene 1 is not"), ({"loop": "twice"}, "'twice'"),
        ({"scenes": [{"prompt": "x", "seconds": 0.4}]}, "outside 0.5 to 3600"), ({"seed": -1}, "The seed -1"),
        ({"cfg": "x"}, "weight 'x'"),
    ]),
    *((task, fields | {"styles": wrong}, arrays, says)
      for task, fields, arrays in [
        ("generate", GENERATE, {}), ("edit", EDIT, {"joints": CLIP}), ("storyboard", BOARD, {}),
      ]
      for wrong, says in [
        ("x", "no list of styles"), ({"x": 1}, "no list of styles"), (["/a"], "no list of styles"),
        ([["/a", 1, 2]], "no list of styles"), ([["", 1]], "The style is not named"), ([[3, 1]], "not named"),
        ([["/" * 5000, 1]], "5000 letters"), ([["/a", 2.1]], "strength of a style 2.1"),
        ([["/a", -0.5]], "0 to 2"), ([["/a", True]], "strength of a style True"), ([["/a", None]], "no strength"),
        ([["/a", float("nan")]], "0 to 2"), ([["/a", 1]] * 9, "9 styles are too many"),
    ]),
    *((task, fields | {"quality": wrong}, arrays, f"The quality {wrong!r} is not one of best, fast")
      for task, fields, arrays in [
        ("generate", GENERATE, {}), ("edit", EDIT, {"joints": CLIP}), ("storyboard", BOARD, {}),
      ]
      for wrong in ("fastest", "", 3, ["best"])),
    ("recognize", {}, {}, "no joints"),
    ("recognize", {"labels": "kick"}, {"joints": CLIP}, "list of texts"),
    ("recognize", {"top": 0}, {"joints": CLIP}, "1 to 1000"),
    ("recognize", {}, {"joints": CLIP[:3]}, "at least 4 frames"),
    ("recognize", {}, {"joints": np.full((9, 22, 3), np.nan)}, "not numbers"),
    *(("sort", {"labels": ["kick", "sit"], "lengths": [12] * 5} | wrong, {"joints": CLIP} | arrays, says)
      for wrong, arrays, says in [
        ({}, {"joints": None}, "no joints"), ({"labels": "kick"}, {}, "list of texts"), ({"top": 0}, {}, "1 to 1000"),
        ({"lengths": 60}, {}, "not whole numbers"), ({"lengths": [12.0] * 5}, {}, "not whole numbers"),
        ({"lengths": [15] * 4}, {}, "4 motions are too few"), ({"lengths": [11] * 5}, {}, "do not belong together"),
        ({"lengths": [18, 18, 18, 3, 3]}, {}, "3 frames is too short"),
        ({"lengths": [70, -20, 4, 3, 3]}, {}, "-20 frames is too short"),
        ({"lengths": [4] * 10_001}, {}, "10001 motions"),
    ]),
    *(("search", FOUND | wrong, {}, says) for wrong, says in [
        ({"library": ""}, "library"), ({"library": None}, "library"), ({"text": None}, "what to search for"),
        ({"clip": 1}, "what to search for"), ({"text": 7}, "what to search for"), ({"text": " "}, "empty"),
        ({"text": None, "clip": 1.5}, "1.5 is not a clip"), ({"text": None, "clip": 1, "frames": "all"}, "'all'"),
        ({"text": None, "clip": 1, "frames": [1]}, "[1] are not a range"), ({"top": 1001}, "1 to 1000"),
        ({"text": None, "clip": 1, "and_text": "x", "weight": 11}, "0 to 10"), ({"and_text": " "}, "words to add"),
        ({"poses": 0}, "1 to 64"),
    ]),
    *((task, {"paths": ["/a"], "folders": ["/a"], "id": 1, "text": "x", "library": library}, {}, "no disk can hold")
      for task in ("search", "index", "motion") for library in ("x" * 400_000, "/a\0b")),
    ("index", {"library": "/l", "folders": ["/a", "/" * 5000]}, {}, "5000 letters"),
    ("known", {"library": "/l", "paths": ["/" * 5000]}, {}, "5000 letters"),
    ("known", {"library": "/l", "paths": [""]}, {}, "not named"),
    ("search", {"library": "/l", "clip": "x" * 5000}, {}, "5000 letters"),
    ("generate", GENERATE | {"prompts": ["walk " * 2000]}, {}, "10000 letters"),
    ("edit", EDIT, {"joints": np.full_like(CLIP, 1e30)}, "farther than"),
    ("index", {"library": "/l"}, {}, "folders"),
    ("index", {"library": "/l", "folders": "/a"}, {}, "folders"),
    ("index", {"folders": ["/a"]}, {}, "library"),
    ("motion", {"library": "/l", "id": "one"}, {}, "The id 'one'"),
    ("motion", {"library": "/l"}, {}, "The id None"),
    ("known", {"library": "/l", "paths": "x"}, {}, "files"),
    ("store", {"library": "/l", "clips": []}, {}, "file"),
    ("store", FILE | {"clips": []}, {"joints": CLIP}, "no clips"),
    ("store", FILE | {"clips": ["x"]}, {"joints": CLIP}, "'x' is not a clip"),
    ("store", FILE | {"clips": [{"name": "a", "frames": 60}]}, {"joints": np.float32(0)}, "not a clip"),
    ("store", FILE | {"clips": [{"name": "a", "frames": 59}]}, {"joints": CLIP}, "59 frames, the joints 60"),
    ("store", FILE | {"clips": [{"name": "a", "frames": 70}]}, {"joints": CLIP}, "70 frames, the joints 60"),
    ("store", FILE | {"clips": [{"name": "a", "frames": 3}]}, {"joints": CLIP}, "at least 4 frames"),
    ("store", FILE | {"size": -1, "problem": "torn"}, {}, "The size -1"),
]  # fmt: skip


@pytest.mark.parametrize("task, fields, arrays, says", REFUSED, ids=[f"{row[0]}: {row[3]}" for row in REFUSED])
def test_what_cannot_be_done_is_refused_with_a_remedy(task, fields, arrays, says):
    with pytest.raises(InputError) as caught:
        decode(task, fields, {name: array for name, array in arrays.items() if array is not None})
    assert says in str(caught.value) and caught.value.hint
    assert caught.value.message[0].isupper() or not caught.value.message[0].isalpha()


def test_nothing_unchecked_is_sent():
    with pytest.raises(InputError, match=r"0\.1 seconds"):
        GenerateRequest.variants("waves", 0.1).encode()


def test_one_limit_of_seeds_for_all_who_draw_and_the_last_variant_keeps_to_it():
    largest = limits.LARGEST_SEED
    assert largest == 2**31 - 1, "Blender's largest whole number"
    GenerateRequest.variants("waves", seed=largest).check()
    EditRequest(CLIP, 20.0, (EditRange(0, 9),), seed=largest).check()
    StoryboardRequest(SCENES, largest).check()
    with pytest.raises(InputError, match="2147483648"):
        GenerateRequest.variants("waves", seed=largest, count=2).check()


def test_lengths_are_those_of_the_models_window():
    assert MAX_FRAMES / FPS == limits.LONGEST_SECONDS
    assert limits.SHORTEST_SECONDS <= limits.DEFAULT_SECONDS <= limits.LONGEST_SECONDS


def test_targets_may_lie_in_any_of_several_ranges():
    ranges = (EditRange(5, 13), EditRange(13, 20))
    EditRequest(CLIP, 20.0, ranges, **TARGETS).check()
    with pytest.raises(InputError, match="frame 13 is outside the range 5:13, 20:30"):
        EditRequest(CLIP, 20.0, (ranges[0], EditRange(20, 30)), **TARGETS).check()


def test_the_classes_and_the_limits_load_no_numpy():
    code = "import sys, coamd_blender.wire.requests; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
