import os
import signal
import time

import numpy as np
import pytest
from fakes import fake_joints, fake_runtime

from coamd_blender.errors import Cancelled, InputError, RuntimeSilent, RuntimeUnavailable
from coamd_blender.wire.client import RuntimeClient
from coamd_blender.wire.jobs import CANCELLED, DONE, FAILED, QUEUED, RUNNING, STARTING, JobRunner
from coamd_blender.wire.protocol import Error, Progress


@pytest.fixture
def runner():
    command, environment = fake_runtime()
    runner = JobRunner(lambda: RuntimeClient(command, environment, cancel_grace=0.5))
    yield runner
    runner.shutdown()


def runner_of(mode: str, **options) -> JobRunner:
    command, environment = fake_runtime(mode)
    return JobRunner(lambda: RuntimeClient(command, environment, **options))


def tick_until(runner: JobRunner, condition, timeout: float = 60.0) -> list:
    """Tick as a timer would until ``condition()``; return the jobs each tick reported."""
    deadline, reported = time.monotonic() + timeout, []
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        reported += runner.tick()
        time.sleep(0.002)
    return reported


def test_a_job_goes_through_its_states_in_order(runner):
    job = runner.submit("generate", {"steps": 4, "step_seconds": 0.06, "seeds": [5, 6]})
    assert job.state == QUEUED and runner.active == [job] and job.fraction == 0.0
    seen = []
    deadline = time.monotonic() + 60
    while not job.ended and time.monotonic() < deadline:
        for changed in runner.tick():
            seen.append((changed.state, changed.phase, changed.step))
        time.sleep(0.002)
    states = list(dict.fromkeys(state for state, _, _ in seen))
    assert states == [STARTING, RUNNING, DONE]
    assert [step for state, _, step in seen if state in (RUNNING, DONE)] in ([1, 2, 3, 4], [1, 2, 3, 4, 4])
    assert job.phase == "done" and job.fraction == 1.0 and job.fields == {"fps": 20}
    assert np.array_equal(job.arrays["joints"], fake_joints([5, 6]))
    assert np.array_equal(job.preview, fake_joints([5, 6]) / 2)
    assert runner.active == [] and runner.tick() == []


def test_fraction_and_eta_follow_the_steps(runner):
    runner.wait(runner.submit("generate", {}), 60)  # the runtime is warm
    job = runner.submit("generate", {"steps": 20, "step_seconds": 0.03})
    tick_until(runner, lambda: job.step >= 10)
    assert job.fraction == pytest.approx(job.step / 20)
    left = (20 - job.step) * 0.03
    assert left * 0.7 < job.eta_seconds < left * 3
    runner.wait(job, 60)
    assert job.eta_seconds is None


def test_two_jobs_run_one_after_the_other(runner):
    first = runner.submit("generate", {"seeds": [1], "steps": 5, "step_seconds": 0.02})
    second = runner.submit("generate", {"seeds": [2]})
    tick_until(runner, lambda: first.state == RUNNING)
    assert second.state == QUEUED and runner.active == [first, second]
    runner.wait(second, 60)
    assert first.state == DONE and first.arrays["joints"][0, 0, 0, 0] == 1
    assert second.arrays["joints"][0, 0, 0, 0] == 2


def test_idle_ticks_take_under_a_millisecond(runner):
    runner.wait(runner.submit("generate", {}), 60)
    begin = time.perf_counter()
    for _ in range(200):
        runner.tick()
    assert (time.perf_counter() - begin) / 200 < 0.001


def test_no_tick_blocks_while_the_runtime_starts(runner):
    job = runner.submit("generate", {"steps": 10, "step_seconds": 0.01})
    slowest = 0.0
    while not job.ended:
        begin = time.perf_counter()
        runner.tick()
        slowest = max(slowest, time.perf_counter() - begin)
        time.sleep(0.01)
    assert slowest < 0.1, "the process takes longer than that to start"


def test_cancel_is_done_within_half_a_second_and_the_next_job_works(runner):
    job = runner.submit("generate", {"steps": 1000, "step_seconds": 0.05})
    waiting = runner.submit("generate", {})
    tick_until(runner, lambda: job.state == RUNNING)
    begin = time.monotonic()
    runner.cancel(job)
    assert job.cancelling and job.state == RUNNING
    tick_until(runner, lambda: job.ended)
    assert time.monotonic() - begin < 0.5
    assert job.state == CANCELLED and isinstance(job.error, Cancelled) and not job.cancelling
    assert runner.wait(waiting, 60).state == DONE


def test_cancel_of_a_queued_job_is_immediate(runner):
    first = runner.submit("generate", {"steps": 5, "step_seconds": 0.02})
    second = runner.submit("generate", {})
    runner.tick()
    runner.cancel(second)
    assert second.state == CANCELLED and second in runner.tick()
    runner.wait(first, 60)
    runner.cancel(first)
    assert first.state == DONE, "what has ended stays as it is"


def test_cancel_while_the_model_loads():
    slow = runner_of("slow_load")
    job = slow.submit("generate", {})
    tick_until(slow, lambda: job.phase == "loading")
    begin = time.monotonic()
    slow.cancel(job)
    tick_until(slow, lambda: job.ended)
    assert time.monotonic() - begin < 0.5 and job.state == CANCELLED
    assert slow.client.alive
    slow.shutdown()


def test_a_job_that_cannot_be_cancelled_is_ended_by_force(runner):
    job = runner.submit("stall", {})
    waiting = runner.submit("generate", {})
    tick_until(runner, lambda: runner.client is not None and runner.client.loaded)
    runner.cancel(job)
    tick_until(runner, lambda: job.ended, timeout=2.0)
    assert job.state == CANCELLED
    assert runner.wait(waiting, 60).state == DONE


def test_a_runtime_killed_in_mid_job_fails_that_job_and_the_next_one_works(runner):
    job = runner.submit("generate", {"steps": 1000, "step_seconds": 0.05})
    waiting = runner.submit("generate", {"seeds": [8]})
    tick_until(runner, lambda: job.state == RUNNING)
    os.kill(runner.client._process._popen.pid, signal.SIGKILL)
    tick_until(runner, lambda: job.ended)
    assert job.state == FAILED and isinstance(job.error, RuntimeUnavailable) and job.error.hint
    assert "\n" not in str(job.error)
    assert runner.wait(waiting, 60).arrays["joints"][0, 0, 0, 0] == 8


def test_an_error_of_the_runtime_fails_the_job_with_its_own_class(runner):
    job = runner.submit("refuse", {})
    with pytest.raises(InputError, match="The prompt is empty - Write one"):
        runner.wait(job, 60)
    assert job.state == FAILED


def test_a_runtime_that_never_greets_fails_the_job_with_the_remedy():
    runner = runner_of("silent", hello_timeout=0.4)
    with pytest.raises(RuntimeUnavailable, match="python -m runtime serve"):
        runner.wait(runner.submit("generate", {}), 60)
    runner.shutdown()


def test_a_job_that_a_silent_runtime_had_not_begun_is_asked_again_of_a_new_one_and_only_once():
    class Client:
        """Notes what it is asked; says what it is told to."""

        hello, told, asked = None, (), 0

        def request(self, *_):
            self.asked += 1
            return self.asked

        def poll(self):
            told, self.told = self.told, ()
            return told

    client = Client()
    runner = JobRunner(lambda: client)
    silent = RuntimeSilent("No sign of life", "Try again")
    job = runner.submit("generate", {})
    runner.tick()
    client.told = (Error.of(1, silent),)
    runner.tick()
    assert (client.asked, job.state, job.phase, job.error) == (2, STARTING, "restarting", None)
    client.told = (Error.of(2, silent),)
    runner.tick()
    assert (client.asked, job.state) == (2, FAILED) and isinstance(job.error, RuntimeSilent)
    begun = runner.submit("generate", {})
    runner.tick()
    client.told = (Progress(3, "sampling", 1, 2), Error.of(3, silent))
    runner.tick()
    assert (client.asked, begun.state) == (3, FAILED)


def test_what_the_factory_refuses_fails_the_job():
    def no_interpreter():
        raise RuntimeUnavailable("No interpreter is chosen", "Choose one in the preferences")

    runner = JobRunner(no_interpreter)
    job = runner.submit("generate", {})
    assert runner.tick() == [job] and job.state == FAILED
    assert "Choose one" in str(job.error)


def test_fields_that_cannot_be_sent_fail_the_job_alone(runner):
    bad = runner.submit("generate", {"cfg": float("inf")})
    good = runner.submit("generate", {})
    assert runner.wait(good, 60).state == DONE
    assert bad.state == FAILED and bad.error.hint


def test_wait_gives_up_in_time_and_cancels(runner):
    job = runner.submit("generate", {"steps": 1000, "step_seconds": 0.05})
    with pytest.raises(RuntimeUnavailable, match=r"after 1 seconds"):
        runner.wait(job, 1.0)
    tick_until(runner, lambda: job.ended)
    assert job.state == CANCELLED


def test_wait_reports_every_change(runner):
    seen = []
    job = runner.submit("generate", {"steps": 3, "step_seconds": 0.03})
    runner.wait(job, 5, on_change=lambda changed: seen.append((changed.state, changed.step)))
    assert seen[-1] == (DONE, 3) and (RUNNING, 1) in seen


def test_unload_and_shutdown(runner):
    runner.unload()
    assert runner.client is None
    runner.wait(runner.submit("generate", {}), 60)
    runner.unload()
    tick_until(runner, lambda: not runner.client.loaded)
    running = runner.submit("generate", {"steps": 1000, "step_seconds": 0.05})
    queued = runner.submit("generate", {})
    tick_until(runner, lambda: running.state == RUNNING)
    runner.shutdown()
    assert running.state == queued.state == CANCELLED and runner.client is None and runner.active == []
    assert runner.wait(runner.submit("generate", {}), 60).state == DONE, "a runner may be used again"
