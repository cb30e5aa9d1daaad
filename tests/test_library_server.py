"""The server's tasks around the recogniser: search, index, motion, recognize, over the wire."""

import numpy as np
import pytest
from fakes import ServerOnPipes
from library_fakes import FakeEmbedder, motion, write_motion

import runtime.library.index
import runtime.library.search  # noqa: F401 (imported here, so that no answer has to wait for torch)
from coamd_blender.protocol import Cancel, Error, Hello, Progress, Request, Result
from runtime.cli_serve import RuntimeTasks
from runtime.library.tasks import UnderstandingTasks

PATIENCE = 30.0  # seconds: files are synced one by one, which a busy disk makes slow


class FakeRecognizer(FakeEmbedder):
    def recognize(self, joints, labels=None, top=5):
        return [(label, np.float32(0.5)) for label in (labels or ["swing", "walk", "unknown"])][:top]

    def segments(self, joints, labels=None):
        return [(0, len(joints), "swing", np.float32(0.9))]


class Tasks(UnderstandingTasks):
    """The tasks with a stand-in for the recogniser and no generator."""

    def load(self):
        self._recognizer = self._recognizer or FakeRecognizer()
        return "cpu"


@pytest.fixture
def server():
    with ServerOnPipes(Tasks()) as running:
        running.next(Hello)
        assert set(running.next(Hello).capabilities) == {"recognize", "search", "index", "motion"}
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
        ("recognize", {}),
        ("recognize", {"labels": "walk"}),
    ]
    for number, (task, wrong) in enumerate(bad, start=3):
        assert refused(server, number, task, wrong).code == "bad_input", (task, wrong)
    assert ask(server, 99, "search", {**library, "text": "walk"}).fields["results"]


def test_the_runtime_offers_every_task_and_loads_the_recogniser_only_when_asked():
    tasks = RuntimeTasks()
    assert tasks.names == ("generate", "edit", "storyboard", "recognize", "search", "index", "motion")
    assert tasks._understanding._recognizer is None
