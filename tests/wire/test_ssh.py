"""The runtime behind a real sshd on loopback, through a relay that delays, falls silent and cuts the line."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from fakes import fake_runtime

from coamd_blender.errors import RuntimeUnavailable
from coamd_blender.wire.client import RuntimeClient
from coamd_blender.wire.jobs import DONE, FAILED, JobRunner

SSHD = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")
pytestmark = pytest.mark.skipif(not SSHD or not shutil.which("ssh-keygen"), reason="there is no sshd here")


class Relay:
    """Hands bytes on between a port of its own and ``target``, each ``delay`` seconds late, until :meth:`cut`."""

    def __init__(self, target: int, delay: float):
        self._target, self._delay = target, delay
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every line, as a router does that forgets."""
        while self._ends:
            with contextlib.suppress(OSError):
                self._ends.pop().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = self._listening.accept()[0]
                far = socket.create_connection(("127.0.0.1", self._target))
                self._ends += [near, far]
                for a, b in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                time.sleep(self._delay)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def remote(tmp_path):
    """A relay to an sshd of our own, and the command that starts the fake runtime behind it."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    shutil.copy(tmp_path / "user.pub", tmp_path / "authorized")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = tmp_path / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {tmp_path}/host\nAuthorizedKeysFile {tmp_path}/authorized\n"
        "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd of root shuts itself in
    daemon = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stderr=subprocess.PIPE)
    relay = Relay(port, delay=0.05)
    words, environment = fake_runtime()
    known = tmp_path / "known_hosts"
    known.write_text("runtime " + (tmp_path / "host.pub").read_text())
    options = [f"UserKnownHostsFile={known}", "StrictHostKeyChecking=yes", "HostKeyAlias=runtime", "BatchMode=yes"]
    options += ["ServerAliveInterval=5", "ServerAliveCountMax=3"]
    command = ["ssh", "-T", "-F", "none", "-i", str(tmp_path / "user"), "-p", str(relay.port)]
    command += [part for option in options for part in ("-o", option)]
    command += [f"{getpass.getuser()}@127.0.0.1", f"PYTHONPATH={environment['PYTHONPATH']} {' '.join(words)}"]
    try:
        _wait_for(port, daemon)
        yield relay, command
    finally:
        relay.close()
        daemon.terminate()
        daemon.communicate()


def _wait_for(port: int, daemon: subprocess.Popen) -> None:
    end = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        assert daemon.poll() is None, daemon.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.05)


@contextlib.contextmanager
def running(command):
    runner = JobRunner(lambda: RuntimeClient(command, os.environ))
    try:
        yield runner
    finally:
        runner.shutdown()


def tick_until(runner, condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        runner.tick()
        time.sleep(0.005)


def test_a_request_is_answered_though_every_byte_is_late(remote):
    with running(remote[1]) as runner:
        job = runner.wait(runner.submit("generate", {"steps": 4, "step_seconds": 0.02, "seeds": [5, 6]}))
        assert job.state == DONE and job.arrays["joints"][:, 0, 0, 0].tolist() == [5, 6]


def test_a_line_that_breaks_in_mid_job_fails_that_job_and_the_next_one_connects_anew(remote):
    relay, command = remote
    with running(command) as runner:
        job = runner.submit("generate", {"steps": 500, "step_seconds": 0.02})
        tick_until(runner, lambda: job.step > 2)
        relay.cut()
        tick_until(runner, lambda: job.ended)
        assert job.state == FAILED and isinstance(job.error, RuntimeUnavailable)
        assert runner.wait(runner.submit("generate", {"steps": 2})).state == DONE


def test_a_host_whose_key_is_another_is_refused_by_ssh_and_that_is_what_the_user_reads(remote, tmp_path):
    (tmp_path / "known_hosts").write_text("runtime " + (tmp_path / "user.pub").read_text())
    with running(remote[1]) as runner:
        job = runner.submit("generate", {"steps": 1})
        tick_until(runner, lambda: job.ended)
        assert job.state == FAILED and "Host key verification failed" in str(job.error)
