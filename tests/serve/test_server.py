import io
import json
import subprocess
import threading
import time

import numpy as np
import pytest
from fakes import FakeTasks, ServerOnPipes, fake_joints, fake_runtime

from coamd_blender.errors import InputError
from coamd_blender.wire.protocol import (
    PENDING,
    PROTOCOL_VERSION,
    Cancel,
    Error,
    FrameDecoder,
    Hello,
    Malformed,
    Progress,
    Request,
    Result,
    Shutdown,
    Unload,
    encode,
)
from runtime.serve.server import serve


def ready(server: ServerOnPipes) -> None:
    """Pass over the hello of the start and that of the loaded model."""
    assert server.next(Hello).device == PENDING
    assert server.next(Hello).device == "cpu"


def test_an_output_that_is_closed_is_told_in_one_line(capsys):
    closed = io.BytesIO()
    closed.close()
    serve(FakeTasks(), io.BytesIO(encode(Cancel(5))), closed, 0.0)
    told = capsys.readouterr().err
    assert told.count("no longer reads") == 1 and "Traceback" not in told


def test_hello_comes_before_the_model_is_loaded():
    tasks = FakeTasks(load_seconds=0.3)
    with ServerOnPipes(tasks) as server:
        hello = server.next(Hello)
        assert tasks.loads == 0
        assert (hello.protocol, hello.device) == (PROTOCOL_VERSION, PENDING)
        assert hello.capabilities == FakeTasks.names
        assert server.next(Hello).device == "cpu"


def test_a_request_gives_progress_after_each_step_then_its_result():
    with ServerOnPipes(FakeTasks()) as server:
        ready(server)
        server.send(Request(7, "generate", {"steps": 3, "seeds": [4, 9], "step_seconds": 0.06}))
        steps = [server.next(Progress) for _ in range(3)]
        assert [(p.id, p.phase, p.step, p.total) for p in steps] == [(7, "sampling", step, 3) for step in (1, 2, 3)]
        assert np.array_equal(steps[0].preview, fake_joints([4, 9]) / 2)
        assert steps[2].preview is None, "the result follows at once"
        result = server.next(Result)
        assert result.id == 7 and result.fields == {"fps": 20}
        assert np.array_equal(result.arrays["joints"], fake_joints([4, 9]))


def test_previews_do_not_slow_down_quick_steps():
    with ServerOnPipes(FakeTasks()) as server:
        ready(server)
        server.send(Request(1, "generate", {"steps": 50}))
        previews = [server.next(Progress).preview is not None for _ in range(50)]
        assert previews[0] and sum(previews) < 10


def test_requests_wait_in_line_and_arrays_reach_the_task():
    with ServerOnPipes(FakeTasks()) as server:
        ready(server)
        clip = np.arange(6, dtype=np.float32).reshape(2, 3)
        server.send(Request(1, "generate", {"steps": 2, "step_seconds": 0.02}))
        server.send(Request(2, "generate", {}, {"clip": clip}))
        assert server.next(Result).id == 1
        second = server.next(Result)
        assert second.id == 2 and np.array_equal(second.arrays["clip"], clip)


def test_cancel_stops_the_running_request_within_half_a_second():
    tasks = FakeTasks()
    with ServerOnPipes(tasks) as server:
        ready(server)
        server.send(Request(1, "generate", {"steps": 1000, "step_seconds": 0.05}))
        server.next(Progress)
        begin = time.monotonic()
        server.send(Cancel(1))
        error = server.next(Error)
        assert time.monotonic() - begin < 0.5
        assert (error.id, error.code) == (1, "cancelled")
        done = tasks.steps_done
        time.sleep(0.15)
        assert tasks.steps_done == done, "the work has really stopped"
        server.send(Request(2, "generate"))
        assert server.next(Result).id == 2


def test_cancel_answers_a_waiting_request_at_once_and_it_never_runs():
    tasks = FakeTasks(load_seconds=0.4)
    with ServerOnPipes(tasks) as server:
        server.next(Hello)
        server.send(Request(1, "generate"))
        server.send(Cancel(1))
        assert server.next(Error).id == 1
        assert tasks.loads == 0, "answered without waiting for the model"
        server.next(Hello)
        server.send(Request(2, "generate", {"steps": 1}))
        assert server.next(Result).id == 2
        assert tasks.steps_done == 1


def test_cancel_of_what_is_not_there_is_no_error():
    with ServerOnPipes(FakeTasks()) as server:
        ready(server)
        server.send(Cancel(99))
        server.send(Request(1, "generate"))
        assert server.next(Result).id == 1
        assert server.messages.empty()


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Request(1, "refuse"), "bad_input"),
        (Request(1, "fly"), "bad_input"),
        (Request(0, "generate"), "bad_input"),
        (Request(1, "break"), "error"),
        (Request(1, "generate", {"steps": "many"}), "error"),
    ],
    ids=["refused", "unknown task", "no id", "bug in a task", "wrong field"],
)
def test_a_request_that_fails_is_answered_and_the_next_one_works(request_, code, capfd):
    with ServerOnPipes(FakeTasks()) as server:
        ready(server)
        server.send(request_)
        error = server.next(Error)
        assert (error.id, error.code) == (request_.id, code)
        assert error.hint and "\n" not in error.message
        server.send(Request(2, "generate"))
        assert server.next(Result).id == 2
    assert ("Traceback" in capfd.readouterr().err) == (code == "error"), "a bug's traceback belongs in the log"


def test_a_task_that_cannot_load_is_answered_and_tried_again():
    class Torn(FakeTasks):
        def load(self):
            if super().load() and self.loads < 3:
                raise ModuleNotFoundError("No module named 'torch'")
            return "cpu"

    with ServerOnPipes(Torn()) as server:
        server.next(Hello)
        time.sleep(0.1)
        server.send(Request(1, "generate"))
        error = server.next(Error)
        assert (error.id, error.code) == (1, "no_runtime") and "Install" in error.hint
        server.send(Request(2, "generate"))
        assert server.next(Result).id == 2


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", bytes(4096), b"\x89CoAMD\r\n" + b"\xff" * 8, b"\x89CoAMD\r\n\x02\0\0\0\0\0\0\0[]"],
    ids=["text", "zeros", "oversize", "no object"],
)
def test_garbage_on_the_wire_is_answered_and_survived(garbage):
    with ServerOnPipes(FakeTasks()) as server:
        ready(server)
        server.send_bytes(garbage)
        error = server.next(Error)
        assert (error.id, error.code) == (0, "bad_frame") and error.hint
        server.send(Request(1, "generate"))
        assert server.next(Result).id == 1


def test_a_result_over_the_bounds_becomes_an_error(monkeypatch):
    monkeypatch.setattr("coamd_blender.wire.protocol.MAX_BODY_BYTES", 1000)
    with ServerOnPipes(FakeTasks()) as server:
        ready(server)
        server.send(Request(1, "generate", {"steps": 0}))
        assert server.next(Error).code == "bad_frame"


def test_the_server_beats_idle_and_at_work_and_no_more_once_it_has_ended():
    with ServerOnPipes(FakeTasks(), beat_seconds=0.01) as server:
        ready(server)
        for _ in range(3):
            assert server.beats.acquire(timeout=30)
        server.send(Request(1, "generate", {"steps": 10, "step_seconds": 0.02}))
        server.next(Progress)
        for _ in range(3):
            assert server.beats.acquire(timeout=30)
        server.next(Result)
        assert server.hang_up(timeout=30)
    assert server.clean


def test_a_runtime_ends_when_whoever_started_it_is_gone_though_its_input_stays_open():
    command, environment = fake_runtime("orphan")
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.wait(60) == 0, "the parent"
    said, log = process.stdout.read(), process.stderr.read()  # until the child has ended
    assert FrameDecoder().feed(said)[0].type == "hello"
    assert b"is gone" in log
    process.stdin.close()


@pytest.mark.parametrize(
    "request_",
    [
        Request(1, "x" * 900_000),
        Request(1, "say", {"what": {"text": "0123456789", "times": 120_000}}),
        Request(1, "say", {"what": {"error": "y", "times": 1_200_000}}),
        Request(1, "say", {"what": {"error": "\\ud800", "times": 3}}),
        Request(1, "say", {"what": {"value": "an object"}}),
        Request(1, "say", {"what": {"value": "no memory"}}),
    ],
    ids=["task", "text over the bound", "error over the bound", "error in no alphabet", "an object", "no memory"],
)
def test_an_answer_that_cannot_be_sent_is_answered_and_the_next_request_works(request_):
    class Talkative(FakeTasks):
        names = ("say", *FakeTasks.names)

        def run(self, task, fields, arrays, report):
            if task != "say":
                return super().run(task, fields, arrays, report)
            what = fields["what"]
            if "error" in what:
                raise InputError(json.loads(f'"{what["error"]}"') * what["times"], "Say less")
            if "text" in what:
                return {"text": what["text"] * what["times"]}, {}
            return {"value": object()} if what["value"] == "an object" else {"value": _NoRoom(full=1)}, {}

    with ServerOnPipes(Talkative()) as server:
        ready(server)
        server.send(request_)
        error = server.next(Error)
        assert error.id == 1 and error.message and error.hint
        server.send(Request(2, "generate"))
        assert server.next(Result).id == 2


class _NoRoom(dict):
    """A field whose encoding needs more memory than there is."""

    def items(self):
        raise MemoryError


def test_idle_unload_says_so_and_the_next_request_loads_again():
    tasks = FakeTasks()
    with ServerOnPipes(tasks, idle_seconds=0.1) as server:
        ready(server)
        assert server.next(Hello).device == PENDING
        assert (tasks.loads, tasks.unloads) == (1, 1)
        time.sleep(0.25)
        assert tasks.unloads == 1
        server.send(Request(1, "generate"))
        assert server.next(Progress).phase == "loading"
        assert server.next(Hello).device == "cpu"
        assert server.next(Result).id == 1


def test_unload_is_answered_by_a_hello():
    tasks = FakeTasks()
    with ServerOnPipes(tasks) as server:
        ready(server)
        for _ in range(2):
            server.send(Unload())
            assert server.next(Hello).device == PENDING
        assert tasks.unloads == 1


@pytest.mark.parametrize("how", ["shutdown", "end of input"])
def test_the_server_ends_in_the_middle_of_a_job(how):
    with ServerOnPipes(FakeTasks()) as server:
        ready(server)
        server.send(Request(1, "generate", {"steps": 1000, "step_seconds": 0.02}))
        server.next(Progress)
        if how == "shutdown":
            server.send(Shutdown())
        assert server.hang_up(timeout=1.0)
        assert server.clean


def test_a_client_that_no_longer_reads_ends_the_work():
    import os

    from runtime.serve.server import serve

    server_in, to_server = os.pipe()
    from_server, server_out = os.pipe()
    os.close(from_server)
    tasks = FakeTasks()
    with open(server_in, "rb", 0) as stdin, open(server_out, "wb", 0) as stdout, open(to_server, "wb", 0) as client:
        client.write(encode(Request(1, "generate", {"steps": 1000, "step_seconds": 0.01})))
        thread = threading.Thread(target=serve, args=(tasks, stdin, stdout))
        thread.start()
        time.sleep(0.2)
        client.close()
        thread.join(2)
        assert not thread.is_alive() and tasks.steps_done < 50


def test_stdout_belongs_to_the_protocol_alone():
    command, environment = fake_runtime("serve")
    data = encode(Request(1, "print")) + encode(Request(2, "generate"))
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdin.write(data)
    process.stdin.flush()
    decoder, results = FrameDecoder(), []
    while len(results) < 2:
        found = decoder.feed(process.stdout.read1(1 << 16))
        assert not [item for item in found if isinstance(item, Malformed)]
        results += [item.id for item in found if isinstance(item, Result)]
    _, log = process.communicate(timeout=5)
    assert results == [1, 2] and process.returncode == 0
    assert b"sys.stdout" in log and b"file descriptor 1" in log
