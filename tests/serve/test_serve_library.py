"""The server's tasks around the recogniser: search, index, motion, recognize, over the wire."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from fakes import ServerOnPipes
from library_fakes import FakeEmbedder, motion, write_motion

import runtime.library.index
import runtime.library.search  # noqa: F401 (imported here, so that no answer has to wait for torch)
from coamd_blender.wire.protocol import Cancel, Error, Hello, Progress, Request, Result
from runtime.serve.models import Models
from runtime.serve.tasks import ADAPTERS, RuntimeTasks

PATIENCE = 30.0  # seconds: files are synced one by one, which a busy disk makes slow


class FakeRecognizer(FakeEmbedder):
    def recognize(self, joints, labels=None, top=5):
        return [(label, np.float32(0.5)) for label in (labels or ["swing", "walk", "unknown"])][:top]

    def segments(self, joints, labels=None):
        return [(0, len(joints), "swing", np.float32(0.9))]


class Tasks(RuntimeTasks):
    """The tasks with a stand-in for the recogniser and no generator."""

    def __init__(self):
        super().__init__(FakeModels())

    def load(self):
        return "cpu"


class FakeModels(Models):
    """Models with a stand-in for the recogniser."""

    def recognizer(self):
        self._recognizer = self._recognizer or FakeRecognizer()
        return self._recognizer


@pytest.fixture
def server():
    with ServerOnPipes(Tasks()) as running:
        running.next(Hello)
        running.next(Hello)
        yield running


@pytest.fixture
def fields(tmp_path):
    """The fields of an index request for six swings."""
    for seed in range(6):
        write_motion(tmp_path / "clips" / f"swing_{seed}.npz", seed)
    return {"library": str(tmp_path / "library"), "folders": [str(tmp_path / "clips")], "licence": "CC0"}


def ask(server, number, task, fields, arrays=None):
    server.send(Request(number, task, fields, arrays or {}))
    return server.next(Result, PATIENCE)


def refused(server, number, task, fields, arrays=None):
    server.send(Request(number, task, fields, arrays or {}))
    error = server.next(Error, PATIENCE)
    assert error.id == number and error.hint and "\n" not in error.message
    return error


def test_index_search_and_apply(server, fields, tmp_path):
    server.send(Request(1, "index", fields))
    steps = []
    while not steps or steps[-1].step < 6:
        steps.append(server.next(Progress, PATIENCE))
    assert [(step.phase, step.step, step.total) for step in steps if step.phase == "indexing"][-1] == ("indexing", 6, 6)
    told = server.next(Result, PATIENCE).fields
    assert (told["added"], told["broken"], told["total"]["clips"]) == (6, 0, 6)

    library = {"library": fields["library"]}
    hits = ask(server, 2, "search", {**library, "top": 3}, {"joints": motion(4)}).fields["results"]
    assert len(hits) == 3 and hits[0]["clip"] == "swing_4" and hits[0]["licence"] == "CC0"
    same = ask(server, 3, "search", {**library, "clip": hits[0]["id"], "top": 3}).fields["results"]
    assert [hit["id"] for hit in same] == [hit["id"] for hit in hits]
    by_path = ask(server, 4, "search", {**library, "clip": hits[0]["path"], "frames": [0, 60], "top": 3})
    assert by_path.fields["results"][0]["clip"] == "swing_4"
    words = {**library, "clip": hits[0]["id"], "and_text": "backwards", "weight": 0.0, "top": 3}
    assert [hit["id"] for hit in ask(server, 5, "search", words).fields["results"]] == [hit["id"] for hit in hits]
    assert len(ask(server, 6, "search", {**library, "text": "somebody swings"}).fields["results"]) == 6

    (tmp_path / "clips" / "swing_4.npz").unlink()
    applied = ask(server, 7, "motion", {**library, "id": hits[0]["id"]})
    assert np.abs(applied.arrays["joints"] - motion(4)).max() < 0.51e-3
    assert applied.fields["name"] == "swing_4" and applied.fields["fps"] == 20


def test_poses_of_what_was_found_come_along(server, fields):
    ask(server, 1, "index", fields)
    wanted = {"library": fields["library"], "top": 3, "poses": 4}
    answer = ask(server, 2, "search", wanted, {"joints": motion(2)})
    assert answer.arrays["poses"].shape == (3, 4, 22, 3)
    assert np.abs(answer.arrays["poses"][0] - motion(2)[[0, 20, 39, 59]]).max() < 0.51e-3


def test_a_library_begins_with_the_clips_that_ship(server, tmp_path):
    library = {"library": str(tmp_path / "own" / "library")}
    assert "no library" in refused(server, 1, "search", {**library, "text": "walk"}).message
    hits = ask(server, 2, "search", {**library, "starter": True, "text": "walk", "top": 200}).fields["results"]
    assert len(hits) > 150 and {hit["licence"] for hit in hits} == {"CC0"}
    assert all("/" in hit["path"] and hit["source"] for hit in hits)
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["library"]


def test_what_the_client_has_read_is_stored_and_known_again(server, fields, tmp_path):
    path = str(tmp_path / "clips" / "dance.fbx")
    file = {"library": fields["library"], "path": path, "size": 7, "mtime_ns": 8, "digest": "d", "licence": "CC0"}
    assert ask(server, 1, "known", {**file, "paths": [path]}).fields == {"files": {}}
    clips = [{"name": "one", "labels": ["swing"], "frames": 60}, {"name": "two", "frames": 40}]
    both = np.concatenate([motion(8), motion(9, 40)])
    assert ask(server, 2, "store", {**file, "clips": clips}, {"joints": both}).fields == {"clips": 2}
    hit = ask(server, 3, "search", {**file, "top": 1}, {"joints": motion(9, 40)}).fields["results"][0]
    assert (hit["path"], hit["clip"], hit["seconds"], hit["licence"]) == (path, "two", 2.0, "CC0")
    known = {"size": 7, "mtime_ns": 8, "digest": "d", "status": "here", "problem": ""}
    assert ask(server, 4, "known", {**file, "paths": [path, "else"]}).fields == {"files": {path: known}}
    (tmp_path / "clips" / "dance.fbx").write_bytes(b"fbx")
    told = ask(server, 5, "index", fields).fields
    assert told["vanished"] == 0 and any("read in Blender" in line for line in told["problems"])
    (tmp_path / "clips" / "dance.fbx").unlink()
    assert ask(server, 6, "index", fields).fields["vanished"] == 1
    ask(server, 7, "store", {**file, "digest": "e", "problem": "torn"})
    assert ask(server, 8, "known", {**file, "paths": [path]}).fields["files"][path]["status"] == "broken"
    wrong = refused(server, 9, "store", {**file, "clips": clips}, {"joints": motion(8)})
    assert "shape" in wrong.message or "frames" in wrong.message


def test_cancel_stops_an_index_between_two_files_and_keeps_what_is_done(server, fields, tmp_path):
    for seed in range(6, 300):
        write_motion(tmp_path / "clips" / f"swing_{seed}.npz", seed, frames=20)
    server.send(Request(1, "index", fields))
    while server.next(Progress, PATIENCE).phase != "indexing":
        pass
    server.send(Cancel(1))
    assert server.next(Error, PATIENCE).is_cancelled
    told = ask(server, 2, "index", fields).fields
    assert 1 <= told["unchanged"] < 300 and told["unchanged"] + told["added"] == 300


def test_recognize(server):
    told = ask(server, 1, "recognize", {"top": 2, "segments": True}, {"joints": motion(1)}).fields
    assert told["labels"] == [{"label": "swing", "score": 0.5}, {"label": "walk", "score": 0.5}]
    assert told["segments"] == [{"start": 0, "stop": 60, "label": "swing", "score": pytest.approx(0.9)}]
    told = ask(server, 2, "recognize", {"labels": ["kick"]}, {"joints": motion(1)}).fields
    assert told == {"labels": [{"label": "kick", "score": 0.5}]}


def test_requests_that_cannot_be_done_are_answered_and_the_next_one_works(server, fields):
    library = {"library": fields["library"]}
    assert "no library" in refused(server, 1, "search", {**library, "text": "walk"}).message
    ask(server, 2, "index", fields)
    bad = [
        ("search", {"text": "walk"}),
        ("search", library),
        ("search", {**library, "text": "walk", "clip": "x.npz"}),
        ("search", {**library, "text": 7}),
        ("search", {**library, "text": "walk", "top": 0}),
        ("search", {**library, "clip": 999}),
        ("search", {**library, "clip": "nothing.npz"}),
        ("search", {**library, "clip": 1, "frames": "all"}),
        ("search", {**library, "clip": 1, "and_text": "slower", "weight": "much"}),
        ("index", library),
        ("index", {**library, "folders": ["/nowhere/at/all"]}),
        ("motion", {**library, "id": 999}),
        ("motion", {**library, "id": "one"}),
        ("known", {**library, "paths": "x"}),
        ("store", {**library, "path": "x.fbx", "size": 1, "mtime_ns": 1, "digest": "d"}),
        ("store", {**library, "path": "x.fbx", "digest": "d", "problem": "torn"}),
        ("search", {**library, "text": "walk", "poses": 0}),
        ("recognize", {}),
        ("recognize", {"labels": "walk"}),
    ]
    for number, (task, wrong) in enumerate(bad, start=3):
        assert refused(server, number, task, wrong).code == "bad_input", (task, wrong)
    assert ask(server, 99, "search", {**library, "text": "walk"}).fields["results"]


def test_a_library_that_tears_while_it_is_open_is_told(server, fields):
    ask(server, 1, "index", fields)
    facts = Path(fields["library"], "facts.sqlite")
    with sqlite3.connect(facts) as database:
        database.execute("DROP TABLE windows")
    database.close()
    told = refused(server, 2, "search", {"library": fields["library"], "text": "walk"})
    assert told.code == "bad_data" and "is torn (no such table: windows)" in told.message
    assert "new library" in told.hint


def test_the_runtime_offers_every_task_and_has_an_adapter_for_each():
    assert RuntimeTasks.names == (
        "generate", "edit", "storyboard", "recognize", "search", "index", "motion", "known", "store", "sort",
    )  # fmt: skip
    assert tuple(ADAPTERS) == RuntimeTasks.names
