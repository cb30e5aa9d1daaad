"""Jobs: what the user asked the runtime for, and how far it is. One job runs at a time, the others wait.

    queued -> starting -> running -> done | failed | cancelled

``starting`` lasts from the moment the runtime is asked until it reports the first step: process start,
imports and model load for the first job, next to nothing later; ``phase`` says which. A job asked to stop
keeps its state, with ``cancelling`` set, until the runtime has really stopped, which takes at most
``RuntimeClient.cancel_grace`` seconds. A job that a silent runtime had not begun is asked once more of a new one.

:meth:`JobRunner.tick` never blocks: a Blender timer calls it on the main thread. In background mode,
where timers do not fire, :meth:`JobRunner.wait` pumps instead.

    runner = JobRunner(lambda: RuntimeClient(runtime_command(python, root), cwd=user_folder))
    job = runner.ask(GenerateRequest.variants("a person waves", seconds=4.0, seed=7, count=2))
    for job in runner.tick():  # every 0.1 s or so; the jobs that changed
        ...  # job.state, job.phase, job.fraction, job.preview, job.arrays["joints"], job.error

A leaf: standard library and numpy only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import Cancelled, CoamdError, ProtocolError, RuntimeSilent, RuntimeUnavailable
from .answers import drawable
from .client import PATIENCE, RuntimeClient
from .protocol import PENDING, Error, Hello, Message, Progress, Result
from .requests import TaskRequest

QUEUED = "queued"
STARTING = "starting"
RUNNING = "running"
DONE = "done"
FAILED = "failed"
CANCELLED = "cancelled"
ENDED = frozenset({DONE, FAILED, CANCELLED})


@dataclass(eq=False)
class Job:
    """One request and its state. Read it freely on the main thread; only :class:`JobRunner` writes it."""

    id: int
    task: str
    request_fields: Mapping[str, Any]
    request_arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    request: TaskRequest | None = None  # what it was encoded from, which checks the answer
    state: str = QUEUED
    phase: str = "waiting"  # for the UI: waiting, starting, restarting, loading, sampling, done, failed, cancelled
    step: int = 0
    total: int = 0  # 0 while unknown
    eta_seconds: float | None = None  # None while unknown
    preview: np.ndarray | None = None  # coarse joints (count, frames, 22, 3), metres, Y up
    fields: dict[str, Any] = field(default_factory=dict)  # of the result; generate: {"fps": 20, ...}
    arrays: dict[str, np.ndarray] = field(default_factory=dict)  # generate: "joints" (count, frames, 22, 3)
    error: CoamdError | None = None  # when failed or cancelled; str(error) is one line with its remedy
    cancelling: bool = False
    retried: bool = False  # after a runtime that was silent before it began

    @property
    def fraction(self) -> float:
        """Share of the work done, 0 to 1."""
        if self.state == DONE:
            return 1.0
        return min(1.0, self.step / self.total) if self.total else 0.0

    @property
    def ended(self) -> bool:
        """True once the state will change no more."""
        return self.state in ENDED


class JobRunner:
    """Runs jobs one after another on a runtime that is started when needed and restarted when it died."""

    def __init__(self, client_factory: Callable[[], RuntimeClient]):
        """``client_factory`` is called for the first job, and again for the first one after :meth:`shutdown`.

        It may raise a CoamdError (no interpreter chosen): the job then fails with it.
        """
        self._client_factory = client_factory
        self._client: RuntimeClient | None = None
        self._queue: list[Job] = []  # not ended, the running one first
        self._running: Job | None = None
        self._request_id = 0
        self._last_id = 0
        self._clock: tuple[str, int, float] = ("", 0, 0.0)  # phase, step and time from which the ETA is measured
        self._changed: dict[int, Job] = {}

    @property
    def client(self) -> RuntimeClient | None:
        """The client in use, for its ``device``, ``loaded`` and ``log``; None before the first job."""
        return self._client

    @property
    def active(self) -> list[Job]:
        """Jobs that have not ended, the running one first. Empty: the timer may stop."""
        return list(self._queue)

    def ask(self, request: TaskRequest) -> Job:
        """Queue ``request`` as a job and return it at once. Raises InputError for what cannot be done."""
        return self.submit(request.task, *request.encode(), request=request)

    def submit(
        self,
        task: str,
        fields: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray] | None = None,
        request: TaskRequest | None = None,
    ) -> Job:
        """Queue a job and return it at once; the next :meth:`tick` starts it.

        ``arrays`` have whatever shape and unit the request's class says. ``request`` checks what is answered.
        """
        self._last_id += 1
        job = Job(self._last_id, task, dict(fields), dict(arrays or {}), request)
        self._queue.append(job)
        self._changed[job.id] = job
        return job

    def tick(self) -> list[Job]:
        """Take in what the runtime said, start the next job when none runs, return the jobs that changed."""
        self._advance()
        changed, self._changed = list(self._changed.values()), {}
        return changed

    def cancel(self, job: Job) -> None:
        """Ask ``job`` to stop; a queued one is cancelled at once. No effect on one that has ended."""
        if job is self._running:
            job.cancelling = True
            self._changed[job.id] = job
            self._client.cancel(self._request_id)
        elif not job.ended:
            self._finish(job, CANCELLED, Cancelled())

    def wait(self, job: Job, timeout: float | None = None, on_change: Callable[[Job], None] | None = None) -> Job:
        """Pump until ``job`` has ended (background mode, scripts, tests) and return it.

        Raises the job's error when it failed or was cancelled, and RuntimeUnavailable after ``timeout`` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not job.ended:
            before = (job.state, job.phase, job.step)
            self._advance()
            if on_change is not None and before != (job.state, job.phase, job.step):
                on_change(job)
            if deadline is not None and time.monotonic() > deadline:
                self.cancel(job)
                raise RuntimeUnavailable(
                    f"The {job.task} job was not done after {timeout:g} seconds", "Allow more time, or ask for less"
                )
            time.sleep(0.005)
        if job.error is not None:
            raise job.error
        return job

    def unload(self) -> None:
        """Ask the runtime to give the model's memory back; it loads again with the next job."""
        if self._client is not None:
            self._client.unload()

    def shutdown(self) -> None:
        """Cancel every job and end the runtime process (unregister, changed preferences). May be used again."""
        for job in self.active:
            self._finish(job, CANCELLED, Cancelled())
        if self._client is not None:
            self._client.stop()
            self._client = None

    def _advance(self) -> None:
        if self._client is not None:
            for message in self._client.poll():
                self._take(message)
        while self._running is None and self._queue:
            self._start(self._queue[0])

    def _start(self, job: Job) -> None:
        try:
            if self._client is None:
                self._client = self._client_factory()
            patience = PATIENCE if job.request is None else job.request.patience
            self._request_id = self._client.request(job.task, job.request_fields, job.request_arrays, patience)
        except CoamdError as error:
            self._finish(job, FAILED, error)
            return
        self._running = job
        job.state = STARTING
        self._set_phase(job, "loading" if self._client.hello else "restarting" if job.retried else "starting")

    def _take(self, message: Message) -> None:
        job = self._running
        if job is None:
            return
        if isinstance(message, Hello):
            if job.state == STARTING and message.device == PENDING:
                self._set_phase(job, "loading")
        elif message.id != self._request_id:
            return  # of a job given up in shutdown()
        elif isinstance(message, Progress):
            self._progress(job, message)
        elif isinstance(message, Result):
            self._take_result(job, message)
        elif isinstance(message, Error) and message.code == RuntimeSilent.code and self._may_retry(job):
            job.retried, job.state, self._running = True, QUEUED, None  # first in the queue, so started at once
        elif isinstance(message, Error):
            self._finish(job, CANCELLED if message.is_cancelled else FAILED, message.exception())

    def _may_retry(self, job: Job) -> bool:
        """Return whether a silent runtime had not begun the job, such as one that was stopped while it was idle."""
        return not (job.retried or job.cancelling or job.state == RUNNING)

    def _take_result(self, job: Job, result: Result) -> None:
        """Keep a result that is one of the job's request; any other fails the job."""
        try:
            if job.request is not None:
                job.request.check_answer(result.fields, result.arrays)
        except ProtocolError as error:
            self._finish(job, FAILED, error)
            return
        job.fields, job.arrays = result.fields, result.arrays
        self._finish(job, DONE)

    def _set_phase(self, job: Job, phase: str) -> None:
        job.phase = phase
        self._changed[job.id] = job

    def _progress(self, job: Job, message: Progress) -> None:
        """Take one step's report; the remaining time is extrapolated from the steps of the same phase."""
        now = time.monotonic()
        if self._clock[0] != message.phase or message.step < self._clock[1]:
            self._clock = (message.phase, message.step, now)
        if message.total:
            job.state = RUNNING
        job.step, job.total = message.step, message.total
        done = message.step - self._clock[1]
        remaining = max(0, message.total - message.step)
        job.eta_seconds = (now - self._clock[2]) / done * remaining if done > 0 else None
        if message.preview is not None and drawable(message.preview):
            job.preview = message.preview
        self._set_phase(job, message.phase)

    def _finish(self, job: Job, state: str, error: CoamdError | None = None) -> None:
        job.state, job.error, job.eta_seconds, job.cancelling = state, error, None, False
        self._queue.remove(job)
        if job is self._running:
            self._running = None
            self._clock = ("", 0, 0.0)
        self._set_phase(job, state)
