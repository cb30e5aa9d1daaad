"""Runs what the user asked for: workflows go on at every tick, ask the runtime, call the thread, are cancelled.

A Blender timer calls :meth:`Session.tick` on the main thread; in background mode, where timers do not fire,
:meth:`Session.wait` pumps instead.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import bpy
from bpy.app.handlers import persistent

from ..anim.steps import Call, Step
from ..errors import Cancelled, CoamdError, InputError, RuntimeSilent
from ..wire.client import RuntimeClient, child_environment
from ..wire.jobs import Job, JobRunner
from ..wire.requests import DrawingRequest, TaskRequest
from . import launch, lifetime, messages, timer
from .workflow import Answer, Ask, Beside, Seal, Workflow, Yield

if TYPE_CHECKING:
    import numpy as np

# Kinds of work. Of the first two one each may be under way at a time; work of the third nobody waits for.
GENERATION, REQUEST, IDLE = "generation", "request", "idle"
_UNDER_WAY = {
    GENERATION: ("A motion is being made already", "Wait for it, or press Cancel"),
    REQUEST: ("An earlier request is being answered", "Wait for it, or press Stop"),
}


@dataclass(frozen=True)
class Status:
    """What the panel shows. ``fraction`` is 0 to 1, ``eta`` seconds or None while unknown."""

    running: bool = False
    fraction: float = 0.0
    text: str = ""
    eta: float | None = None


class Work:
    """A workflow under way: what it waits for, and what is shown of it."""

    def __init__(self, kind: str, steps: Workflow, panel: str = messages.GENERATE):
        self.kind = kind
        self.panel = panel  # that asked for it, and shows what is said of it
        self.steps = steps
        self.job: Job | None = None  # the runtime's, that it waits for
        self.call: Future | None = None  # the thread's, that it waits for
        self.step: Step | None = None
        self.sealed: Seal | None = None
        self._preview: Callable[[np.ndarray], None] | None = None
        self._previewed: np.ndarray | None = None

    @property
    def status(self) -> Status:
        """Progress: that of the runtime unless the work itself told another."""
        if self.sealed is not None:
            return Status(True, 1.0, self.sealed.text)
        if self.step is not None:
            step = self.step
            return Status(True, step.done / max(step.total, 1), f"{step.text} {step.done}/{step.total}")
        if self.job is None:
            return Status(True, 0.0, "Working")
        text = (self.job.phase or self.job.state).capitalize()
        if self.job.total:
            text += f" {self.job.step}/{self.job.total}"
        return Status(True, self.job.fraction, text, self.job.eta_seconds)

    def waits(self) -> bool:
        """Return whether what it waits for has not ended."""
        return (self.job is not None and not self.job.ended) or (self.call is not None and not self.call.done())

    def resume(self) -> Yield:
        """Hand in what it waited for, or throw in the error; return what it yields next. StopIteration at its end."""
        job, call, self.job, self.call, self.step = self.job, self.call, None, None, None
        error = job.error if job is not None else call.exception() if call is not None else None
        if error is not None:
            return self.steps.throw(error)
        if job is not None:
            return self.steps.send(Answer(job.fields, job.arrays))
        return self.steps.send(call.result() if call is not None else None)

    def ask(self, asked: Ask, job: Job) -> None:
        """Wait for ``job``, showing what ``asked`` says."""
        self.job, self.step, self._preview, self._previewed = job, asked.step, asked.preview, None

    def show_preview(self) -> None:
        """Give the coarse joints that have come since the last call to whoever asked for them."""
        joints = None if self.job is None else self.job.preview
        if self._preview is not None and joints is not None and joints is not self._previewed:
            self._previewed = joints
            self._preview(joints)


class Session:
    """The runtime, the work under way, and what was said of it last: ``error`` and ``notice``. Main thread only."""

    def __init__(self):
        self.error: CoamdError | None = None
        self.notice = ""
        self.panel = messages.GENERATE  # whose they are
        self._circumstances: tuple | None = None  # in which the error came up, where it is over with them
        self._works: list[Work] = []
        self._failure: CoamdError | None = None  # of the runtime, as of the last pump
        self._launch: launch.Launch | None = None
        self._runner = JobRunner(self._make_client)
        self._solver = ThreadPoolExecutor(1, thread_name_prefix="coamd-solve")

    # --- what is under way ------------------------------------------------------------------------------------

    def doing(self, kind: str) -> Work | None:
        """Return the work of this kind that is under way, the first one begun."""
        return next((work for work in self._works if work.kind == kind), None)

    @property
    def running(self) -> bool:
        """True while a motion is made from a prompt, until its keys are written or it has failed or stopped."""
        return self.doing(GENERATION) is not None

    @property
    def writing(self) -> bool:
        """True while the keys of that motion are being written: too late to cancel."""
        work = self.doing(GENERATION)
        return work is not None and work.sealed is not None

    @property
    def asking(self) -> bool:
        """True while another request is being answered."""
        return self.doing(REQUEST) is not None

    @property
    def stepping(self) -> bool:
        """True while somebody waits for work in Blender itself, and not for the runtime."""
        return any(work.kind != IDLE and work.job is None for work in self._works)

    @property
    def status(self) -> Status:
        """Progress of the generation, else of the other request, for the panel."""
        work = self.doing(GENERATION) or self.doing(REQUEST)
        if work is None:
            return Status()
        notice = self._runner.client.notice if work.job is not None and self._runner.client is not None else ""
        return replace(work.status, text=f"{work.status.text} ({notice})") if notice else work.status

    @property
    def runtime(self) -> str:
        """One line on the runtime process: not running, starting, or its device; and for how long it is silent."""
        if not self.alive:
            return "Not running"
        told = f"Ready on {self._runner.client.device}" if self.loaded else "Running, model not in memory"
        notice = self._runner.client.notice
        return f"{told} ({notice})" if notice else told

    @property
    def loaded(self) -> bool:
        """True while the runtime holds the model in memory."""
        return self.alive and self._runner.client.loaded

    @property
    def alive(self) -> bool:
        """True while the runtime process runs."""
        client = self._runner.client
        return client is not None and client.alive

    @property
    def log(self) -> str:
        """What the runtime wrote to its stderr."""
        client = self._runner.client
        return "" if client is None else client.log

    # --- what may be done -------------------------------------------------------------------------------------

    def start(self, steps: Workflow, kind: str = REQUEST, panel: str = messages.GENERATE) -> None:
        """Run a workflow up to its first yield; the ticks that follow do the rest. What is said of it is ``panel``'s.

        Raises the CoamdError that it raises until then, and InputError while other work of its kind is under way:
        nothing has begun. Later errors end in ``self.error``, what the workflow returns in ``self.notice``.
        """
        if kind != IDLE and self.doing(kind) is not None:
            raise InputError(*_UNDER_WAY[kind])
        self._say(panel)
        work = Work(kind, steps, panel)
        self._works.append(work)
        self._go_on(work, refuse=True)

    def beside(self, steps: Workflow) -> None:
        """Let ``steps`` go on beside everything else: nobody waits for them, and nothing is said of them."""
        self._works.append(Work(IDLE, steps))

    def pump(self) -> bool:
        """Take in what the runtime said and let every workflow do one piece. True while there is work.

        An error that is not a CoamdError is a fault of the add-on's: it is raised, too, and its work is ended.
        """
        self._runner.tick()
        self._tell_silence()
        for work in list(self._works):
            if work in self._works:
                self._go_on(work)
        return bool(self._works or self._runner.active)

    def _tell_silence(self) -> None:
        """Say that the runtime was ended for its silence while nobody waited for it."""
        failure = None if self._runner.client is None else self._runner.client.failure
        if failure is not self._failure and isinstance(failure, RuntimeSilent) and not self._works:
            self._say(messages.GENERATE, failure)
        self._failure = failure

    def tick(self) -> float | None:
        """Pump once, as the timer does; return the seconds to the next time, None with no work and no runtime."""
        try:
            busy = self.pump()
        except Exception:  # noqa: BLE001 - told in the panel; Blender would drop the timer, and all other work with it
            traceback.print_exc()
            busy = True
        if busy:
            return timer.STEP_SECONDS if self.stepping else timer.BUSY_SECONDS
        return timer.IDLE_SECONDS if self.alive else None

    def wait(self) -> None:
        """Pump until everything begun has ended; raise its error, if any (background mode, scripts)."""
        while self.pump():
            time.sleep(0.001 if self.stepping else 0.005)
        if self.error is not None:
            raise self.error

    def cancel(self) -> None:
        """Give up all work that is not sealed, at once: nothing more is written, and what was half written is undone.

        The runtime is told and stops after the step it is at; a request made meanwhile waits for that.
        """
        given_up = [work for work in self._works if work.sealed is None]
        for work in given_up:
            self._drop(work)
        for work in given_up:
            if work.kind in {GENERATION, REQUEST}:
                self._say(work.panel, notice="Cancelled")

    def unload(self) -> None:
        """Give the model's memory back."""
        self._runner.unload()

    def forget(self) -> None:
        """Drop all work and what was said about earlier work: another file is opened."""
        for work in list(self._works):
            self._drop(work)
        self._say(messages.GENERATE)

    def shutdown(self) -> None:
        """End everything, the runtime process included."""
        self.forget()
        self._runner.shutdown()
        self._solver.shutdown(wait=True, cancel_futures=True)

    # --- running a workflow -----------------------------------------------------------------------------------

    def _go_on(self, work: Work, refuse: bool = False) -> None:
        """Resume ``work`` up to its next yield unless it waits, and see to its end; ``refuse``: raise its error."""
        try:
            if work.waits():
                work.show_preview()
            else:
                self._advance(work)
        except StopIteration as end:
            self._works.remove(work)
            if end.value:
                self._say(work.panel, notice=end.value)
        except Exception as error:
            self._drop(work)
            if refuse:
                raise
            self._fail(error, work.panel)

    def _advance(self, work: Work) -> None:
        resume = work.resume
        while True:
            yielded = resume()
            try:
                self._take(work, yielded)
                return
            except CoamdError as error:  # what it asks for cannot be had
                resume = partial(work.steps.throw, error)

    def _take(self, work: Work, yielded: Yield) -> None:
        """Begin what a workflow yielded."""
        match yielded:
            case Ask():
                work.ask(yielded, self._submit(yielded.request))
            case TaskRequest():
                work.ask(Ask(yielded), self._submit(yielded))
            case Call():
                work.call, work.step = self._solver.submit(yielded.run), yielded.step
            case Step():
                work.step = yielded
            case Seal():
                work.sealed = yielded
            case Beside():
                self.beside(yielded.steps)

    def refuse(self, error: CoamdError, panel: str) -> None:
        """Show ``error`` in ``panel``: what it asked for was not begun."""
        self._say(panel, error)

    def tell(self, notice: str, panel: str) -> None:
        """Show ``notice`` in ``panel``: what was done at once, without work that lasts."""
        self._say(panel, notice=notice)

    def said_in(self, panel: str, context: bpy.types.Context) -> tuple[CoamdError | None, str]:
        """Return error and notice that belong to ``panel``; no error that has been mended since."""
        if panel != self.panel:
            return None, ""
        mended = self._circumstances is not None and self._circumstances != messages.circumstances(context, panel)
        return (None if mended else self.error), self.notice

    def _say(self, panel: str, error: CoamdError | None = None, notice: str = "") -> None:
        self.panel, self.error, self.notice = panel, error, notice
        lasts = error is None or not messages.mendable(error)
        self._circumstances = None if lasts else messages.circumstances(bpy.context, panel)

    def _fail(self, error: Exception, panel: str) -> None:
        if isinstance(error, Cancelled):  # by the runtime's end: it was another one that the preferences named
            self._say(panel, notice="Cancelled")
            return
        fault = not isinstance(error, CoamdError)
        self._say(panel, _fault(error) if fault else error)
        if fault:
            raise error

    def _submit(self, request: TaskRequest) -> Job:
        """Send a request to the runtime that the preferences name now, to be drawn in the quality that they name
        unless it says one. Raises RuntimeUnavailable without a runtime."""
        chosen = launch.chosen()
        if chosen != self._launch:
            self._runner.shutdown()
            self._launch = chosen
        if isinstance(request, DrawingRequest) and request.quality is None:
            request = replace(request, quality=chosen.quality)
        return self._runner.ask(request)

    def _make_client(self) -> RuntimeClient:
        return RuntimeClient(self._launch.command, child_environment(), self._launch.folder)

    def _drop(self, work: Work) -> None:
        if work in self._works:
            self._works.remove(work)
        if work.job is not None:
            self._runner.cancel(work.job)
        if work.call is not None:
            work.call.cancel()
        work.steps.close()


def _fault(error: Exception) -> CoamdError:
    """Return what the panel says of an error that nobody foresaw."""
    return CoamdError(
        f"The add-on failed: {type(error).__name__}: {error}", "Nothing was changed; the system console has the details"
    )


_current: Session | None = None


def current() -> Session:
    """Return the session, made on first use."""
    global _current
    if _current is None:
        _current = Session()
        bpy.app.handlers.load_pre.append(_before_load)
        lifetime.at_end(close)
    return _current


def close() -> None:
    """End the session and its runtime process."""
    global _current
    if _current is not None:
        bpy.app.handlers.load_pre.remove(_before_load)
        _current.shutdown()
        _current = None


@persistent
def _before_load(*_: Any) -> None:
    """Drop what is under way: another file is opened, and it has nowhere to go."""
    current().forget()
