import os
import signal
import subprocess
import sys
import time

import pytest
from fakes import ROOT, Clock, fake_joints, fake_runtime

from coamd_blender.errors import InputError, ProtocolError, RuntimeUnavailable
from coamd_blender.wire import client as client_module
from coamd_blender.wire.client import RuntimeClient, child_environment, runtime_command, split_command
from coamd_blender.wire.protocol import PROTOCOL_VERSION, Error, Hello, Progress, Result


@pytest.fixture
def make_client():
    """Make clients of fake runtimes; every one is stopped at the end."""
    made = []

    def make(mode: str = "serve", **options) -> RuntimeClient:
        command, environment = fake_runtime(mode)
        made.append(RuntimeClient(command, environment, **options))
        return made[-1]

    yield make
    for client in made:
        client.stop(timeout=0.5)


def collect(client: RuntimeClient, kind: type, timeout: float = 60.0, count: int = 1) -> list:
    """Poll until ``count`` messages of ``kind`` have come, or AssertionError."""
    found, deadline = [], time.monotonic() + timeout
    while len(found) < count:
        found += [message for message in client.poll() if isinstance(message, kind)]
        assert time.monotonic() < deadline, f"{len(found)} of {count} {kind.__name__} within {timeout} s: {client.log}"
        time.sleep(0.005)
    return found


def test_a_request_starts_the_process_and_is_answered(make_client):
    client = make_client()
    assert not client.alive and client.poll() == [] and client.device == ""
    request_id = client.request("generate", {"seeds": [3], "steps": 2})
    (result,) = collect(client, Result)
    assert result.id == request_id and (result.arrays["joints"] == fake_joints([3])).all()
    assert client.alive and client.loaded and client.device == "cpu"


def test_nothing_blocks_the_caller(make_client):
    client = make_client()
    begin = time.perf_counter()
    client.request("generate", {"steps": 5, "step_seconds": 0.05})
    for _ in range(5):
        client.poll()
    assert time.perf_counter() - begin < 0.1, "the process takes longer than that to start"
    collect(client, Result)
    begin = time.perf_counter()
    for _ in range(100):
        client.poll()
    assert (time.perf_counter() - begin) / 100 < 0.001


def test_wait_ready_returns_the_hello_and_poll_still_has_it(make_client):
    client = make_client()
    hello = client.wait_ready()
    assert hello.protocol == PROTOCOL_VERSION and "generate" in hello.capabilities
    assert hello in client.poll()


def test_cancel_is_answered_within_half_a_second(make_client):
    client = make_client()
    request_id = client.request("generate", {"steps": 1000, "step_seconds": 0.05})
    collect(client, Progress, count=2)
    begin = time.monotonic()
    client.cancel(request_id)
    (error,) = collect(client, Error)
    assert time.monotonic() - begin < 0.5
    assert error.id == request_id and error.is_cancelled
    assert client.alive, "a runtime that obeys is not killed"


def test_a_cancel_that_is_not_obeyed_kills_the_process(make_client):
    client = make_client(cancel_grace=0.2)
    client.wait_ready()
    stuck = client.request("stall", {})
    waiting = client.request("generate", {})
    time.sleep(0.1)
    client.cancel(stuck)
    errors = {error.id: error for error in collect(client, Error, timeout=1.0, count=2)}
    assert errors[stuck].is_cancelled
    assert errors[waiting].code == "no_runtime" and errors[waiting].hint
    assert not client.alive
    client.request("generate", {})
    assert collect(client, Result)


def test_a_killed_process_gives_an_error_and_the_next_request_restarts_it(make_client):
    client = make_client()
    request_id = client.request("generate", {"steps": 1000, "step_seconds": 0.05})
    collect(client, Progress, count=2)
    os.kill(client._process._popen.pid, signal.SIGKILL)
    (error,) = collect(client, Error)
    assert (error.id, error.code) == (request_id, "no_runtime")
    assert "killed by signal 9" in error.message and "\n" not in error.message and error.hint
    assert isinstance(client.failure, RuntimeUnavailable)
    assert not client.alive
    client.request("generate", {})
    assert collect(client, Result)
    assert client.failure is None


def test_a_process_that_dies_by_itself_reports_its_exit_code(make_client):
    client = make_client()
    client.request("die", {})
    (error,) = collect(client, Error)
    assert "exit code 7" in error.message


def test_a_process_killed_while_idle_is_replaced_unnoticed(make_client):
    client = make_client()
    client.wait_ready()
    os.kill(client._process._popen.pid, signal.SIGKILL)
    client._process._supervisor.join(5)
    request_id = client.request("generate", {})
    (result,) = collect(client, Result)
    assert result.id == request_id


def test_a_process_that_ends_before_its_hello_reports_its_last_words(make_client):
    client = make_client("crash")
    client.request("generate", {})
    (error,) = collect(client, Error)
    assert "No module named 'torch'" in error.message and "Install Runtime" in error.hint
    assert "No module named 'torch'" in client.log
    with pytest.raises(RuntimeUnavailable, match="exit code 1"):
        client.wait_ready()


def test_a_missing_interpreter_gives_one_clear_line(tmp_path):
    client = RuntimeClient([str(tmp_path / "no" / "python"), "-m", "runtime"], cwd=tmp_path)
    client.request("generate", {})
    (error,) = collect(client, Error)
    assert "could not be started" in error.message and "No such file" in error.message and error.hint


def until(client: RuntimeClient, condition) -> list:
    """Poll until ``condition()``; return what came."""
    found = []
    for _ in range(12_000):
        found += client.poll()
        if condition():
            return found
        time.sleep(0.005)
    raise AssertionError(client.log)


def pass_seconds(client: RuntimeClient, clock: Clock, seconds: int) -> list:
    """Move the clock on second by second, polling; return what came."""
    found = []
    for _ in range(seconds):
        clock.now += 1
        found += client.poll()
    return found


def test_a_process_that_never_greets_is_given_up(make_client):
    clock = Clock()
    client = make_client("silent", clock=clock)
    client.request("generate", {})
    until(client, lambda: "still importing" in client.log)
    assert pass_seconds(client, clock, 10) == [] and client.notice == "no answer for 10 s"
    (error,) = pass_seconds(client, clock, 51)
    assert "within 60 seconds" in error.message and "still importing" in error.message
    assert "python -m runtime serve" in error.hint
    assert not client.alive


@pytest.mark.parametrize("how", ["stopped", "noise", "promise"])
def test_a_runtime_that_falls_silent_is_told_of_ended_and_started_anew(make_client, how):
    clock = Clock()
    client = make_client("serve" if how == "stopped" else how, clock=clock)
    request_id = client.request("stall", {})
    until(client, lambda: client.loaded)
    process = client._process
    if how == "stopped":
        os.kill(process._popen.pid, signal.SIGSTOP)
    time.sleep(0.1)  # what was said before is read
    client.poll()
    assert pass_seconds(client, clock, 6) == []
    assert client.notice.startswith("no answer for") and client.notice.endswith("ended after 20 s")
    (error,) = pass_seconds(client, clock, 21)
    assert (error.id, error.code) == (request_id, "silent") and "no sign of life" in error.message and error.hint
    process._supervisor.join(30)
    assert process._popen.returncode == -signal.SIGKILL and not client.alive
    if how == "stopped":
        client.request("generate", {})
        assert collect(client, Result, timeout=60)


def test_a_runtime_that_is_stopped_while_idle_is_noticed_without_a_request(make_client):
    clock = Clock()
    client = make_client(clock=clock)
    client.request("generate", {})
    collect(client, Result, timeout=60)
    os.kill(client._process._popen.pid, signal.SIGSTOP)
    time.sleep(0.1)
    assert pass_seconds(client, clock, 22) == []
    assert not client.alive and "no sign of life" in str(client.failure)


def test_work_that_does_no_step_is_given_up_though_the_runtime_lives(make_client):
    clock = Clock()
    client = make_client(clock=clock)
    client.request("stall", {}, patience=30.0)
    until(client, lambda: client.loaded)
    found = []
    for _ in range(31):
        client._process.signs += 1  # it beats
        found += pass_seconds(client, clock, 1)
    (error,) = found
    assert "did not go on for 31 seconds" in error.message and not client.alive


def test_a_runtime_that_fails_again_and_again_is_started_after_growing_waits(make_client):
    clock = Clock()
    client = make_client("crash", clock=clock)
    waits = []
    for _ in range(4):
        client.request("generate", {})
        seconds = 0
        while not client.alive:
            assert "starts again in" in client.notice
            pass_seconds(client, clock, 1)
            seconds += 1
        until(client, lambda: not client.alive)
        waits.append(seconds)
    assert waits == [0, 0, 1, 2]
    waiting = client.request("generate", {})
    client.cancel(waiting)
    (error,) = client.poll()
    assert error.id == waiting and error.is_cancelled
    assert pass_seconds(client, clock, 10) == [] and not client.alive, "nobody waits for it any more"


@pytest.mark.parametrize(
    ("words", "told", "remedy"),
    [
        ("MemoryError: Unable to allocate 3.1 GiB", "the memory did not suffice", "fewer variants"),
        ("ImportError: libtorch.so: failed to map segment from shared object", "memory", "ulimit -v"),
        ("RuntimeError: can't start new thread", "no more threads", "ulimit -u"),
        ("OSError: [Errno 28] No space left on device", "the disk is full", "Make room"),
    ],
)
def test_what_ended_a_runtime_is_told_truly(words, told, remedy, tmp_path):
    client = RuntimeClient([sys.executable, "-c", f"import sys; sys.exit({words!r})"], cwd=tmp_path)
    client.request("generate", {})
    (error,) = collect(client, Error, timeout=60)
    assert told in error.message and words in error.message and remedy in error.hint
    assert "Install" not in error.hint


def test_another_protocol_is_refused_with_its_remedy(make_client):
    client = make_client("old")
    client.request("generate", {})
    (error,) = collect(client, Error)
    assert "protocol 0" in error.message and "same version" in error.hint


def test_a_login_banner_is_skipped_and_logged(make_client):
    client = make_client("banner")
    client.request("generate", {})
    assert collect(client, Result)
    assert "Welcome to render-node-7!" in client.log


def test_what_cannot_be_sent_is_refused_without_starting_anything(make_client):
    client = make_client()
    with pytest.raises(ProtocolError):
        client.request("generate", {"cfg": float("nan")})
    assert not client.alive


def test_unload_and_the_next_request(make_client):
    client = make_client()
    client.unload()
    assert not client.alive
    client.request("generate", {})
    collect(client, Result)
    client.unload()
    collect(client, Hello)
    assert client.alive and not client.loaded
    client.request("generate", {})
    collect(client, Result)
    assert client.loaded


def test_stop_ends_the_process_and_its_requests(make_client):
    client = make_client()
    request_id = client.request("generate", {"steps": 1000, "step_seconds": 0.05})
    collect(client, Progress)
    popen = client._process._popen
    begin = time.monotonic()
    client.stop()
    assert time.monotonic() - begin < 1.0
    assert popen.returncode == 0 and not client.alive
    (error,) = client.poll()
    assert error.id == request_id and error.is_cancelled


def test_stop_kills_what_does_not_end(make_client):
    client = make_client("silent")
    client.start()
    time.sleep(0.3)
    popen = client._process._popen
    client.stop(timeout=0.2)
    assert popen.returncode == -signal.SIGKILL


def test_killing_reaches_the_children_of_a_wrapper(tmp_path):
    script = f"{sys.executable} -c 'import time; time.sleep(60)' & echo $! > {tmp_path}/child; wait"
    client = RuntimeClient(["sh", "-c", script], cwd=tmp_path)
    client.start()
    deadline = time.monotonic() + 5
    while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text().strip():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child = int((tmp_path / "child").read_text())
    client.stop(timeout=0.1)
    for _ in range(100):
        status = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True).stdout.strip()
        if not status or status.startswith("Z"):
            return
        time.sleep(0.02)
    pytest.fail(f"the wrapper's child {child} lives on")


def test_child_environment_drops_what_would_redirect_python():
    base = {"PATH": "/bin", "PYTHONPATH": "x", "PYTHONHOME": "y", "PythonStartup": "z", "__PYVENV_LAUNCHER__": "p"}
    assert child_environment(base) == {"PATH": "/bin"}


def test_runtime_command_runs_the_bundled_runtime_whatever_lies_in_the_user_folder(tmp_path):
    root, user = tmp_path / "exten'sion ü", tmp_path / "user folder"
    (root / "runtime").mkdir(parents=True)
    (root / "coamd_blender").mkdir()
    (root / "coamd_blender" / "__init__.py").write_text("")
    (root / "runtime" / "__init__.py").write_text("")
    (root / "runtime" / "__main__.py").write_text(
        "import sys, coamd_blender, json; print(json.dumps([sys.argv[1:], sys.path[0], sys.flags.no_user_site]))"
    )
    user.mkdir()
    (user / "json.py").write_text("raise SystemExit('the user folder was imported from')")
    command = runtime_command(sys.executable, root, device="cpu", idle_unload=90)
    done = subprocess.run(command, cwd=user, env=child_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    arguments, first_path, no_user_site = __import__("json").loads(done.stdout)
    assert arguments == ["serve", "--device", "cpu", "--idle-unload", "90"]
    assert first_path == str(root) and no_user_site == 1
    assert not list(root.rglob("__pycache__")), "nothing is written into the extension"


def test_the_real_runtime_says_what_it_lacks(tmp_path):
    command = [*runtime_command(sys.executable, ROOT, device="cpu"), "--weights", str(tmp_path)]
    client = RuntimeClient(command, cwd=tmp_path)
    request_id = client.request("generate", {"prompts": ["a"], "seeds": [1], "seconds": 2.0})
    (error,) = collect(client, Error, timeout=60.0)
    assert (error.id, error.code) == (request_id, "bad_weights") and error.hint and client.alive
    client.stop()


def test_the_real_runtime_greets_within_three_seconds(tmp_path):
    command = runtime_command(sys.executable, ROOT, device="cpu")
    seconds = []
    while not seconds or (min(seconds) >= 3.0 and len(seconds) < 3):  # a busy machine gets another chance
        client = RuntimeClient(command, cwd=tmp_path / "made when missing")
        begin = time.monotonic()
        hello = client.wait_ready(timeout=30)
        seconds.append(time.monotonic() - begin)
        client.stop(timeout=0.2)
        assert "generate" in hello.capabilities
    assert min(seconds) < 3.0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ssh host python -m runtime serve", ["ssh", "host", "python", "-m", "runtime", "serve"]),
        ('"/opt/my python/bin/python" -m runtime serve', ["/opt/my python/bin/python", "-m", "runtime", "serve"]),
        (
            "ssh host 'cd /srv/coamd && python -m runtime serve'",
            ["ssh", "host", "cd /srv/coamd && python -m runtime serve"],
        ),
        ("python # -m", ["python", "#", "-m"]),
    ],
)
def test_split_command(line, words):
    assert split_command(line) == words


def test_split_command_keeps_backslashes_on_windows(monkeypatch):
    monkeypatch.setattr(client_module.os, "name", "nt")
    line = r'"C:\Program Files\Python\python.exe" -m runtime serve'
    assert split_command(line) == [r"C:\Program Files\Python\python.exe", "-m", "runtime", "serve"]


@pytest.mark.parametrize("line", ["", "   ", "python 'open"])
def test_split_command_refuses_with_a_remedy(line):
    with pytest.raises(InputError) as caught:
        split_command(line)
    assert caught.value.hint
