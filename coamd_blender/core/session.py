"""The one generation at a time that the add-on runs: submit, pump, write keys, one undo step.

A Blender timer calls :meth:`Session.pump` on the main thread; in background mode, where timers do not fire,
:meth:`Session.wait` pumps instead. Blender's data is read when a generation begins and written when it has
succeeded; in between objects are remembered by ``session_uid``, which survives undo, renaming and deletion.
"""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import bpy
import numpy as np
from bpy.app.handlers import persistent

from ..anim import rig_settings, stepwise, targets
from ..errors import Cancelled, CoamdError, InputError
from ..generate import takes
from ..generate.preview import Preview
from ..generate.properties import LARGEST_SEED, COAMD_PG_settings
from ..motion.skeleton import FPS, MAX_FRAMES
from ..setup import preferences
from ..wire.client import RuntimeClient, child_environment
from ..wire.jobs import CANCELLED, DONE, Job, JobRunner, Step, generate_fields
from . import launch, lifetime, timer
from .launch import Launch

SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, MAX_FRAMES / FPS
MOST_VARIANTS = 8
_WRITTEN = object()  # what an exhausted iterator gives


@dataclass
class Pending:
    """A generation on its way: what was asked, and where its keys go."""

    job: Job
    prompt: str
    seed: int
    armature_uid: int
    armature_name: str
    stance: targets.Stance
    scene_uid: int
    frame: int
    options: dict[str, Any]
    started: float = field(default_factory=time.monotonic)
    takes: int = 0  # how many have been written
    keys: Iterator[None] | None = None  # the rest of writing them


@dataclass
class Question:
    """A job whose result a caller handles by itself: recognition, search, an edit."""

    job: Job
    answer: Callable[[Job], None]


@dataclass(frozen=True)
class Status:
    """What the panel shows. ``fraction`` is 0 to 1, ``eta`` seconds or None while unknown."""

    running: bool = False
    fraction: float = 0.0
    text: str = ""
    eta: float | None = None


class Session:
    """The runtime, the pending generation, the preview and the last error. Main thread only."""

    def __init__(self):
        self.error: CoamdError | None = None
        self.notice = ""
        self.preview = Preview()
        self._pending: Pending | None = None
        self._questions: list[Question] = []
        self._chores: list[Iterator[Step | None]] = []
        self._idle_chores: list[Iterator[Step | None]] = []
        self._step: Step | None = None  # what the last chore told
        self._launch: Launch | None = None
        self._runner = JobRunner(self._make_client)
        self._solver = ThreadPoolExecutor(1, thread_name_prefix="coamd-solve")

    @property
    def running(self) -> bool:
        """True from :meth:`begin` until the keys are written, or the generation has failed or stopped."""
        return self._pending is not None

    @property
    def writing(self) -> bool:
        """True while keys are being written: too late to cancel."""
        return self._pending is not None and self._pending.keys is not None

    @property
    def asking(self) -> bool:
        """True while a job submitted by :meth:`ask` has not been answered, or work of :meth:`do` is left."""
        return bool(self._questions or self._chores)

    @property
    def waiting(self) -> bool:
        """True while a job submitted by :meth:`ask` has not been answered."""
        return bool(self._questions)

    @property
    def stepping(self) -> bool:
        """True while work of :meth:`do` goes on step by step in Blender itself, and not in the runtime."""
        return self._step is not None

    @property
    def status(self) -> Status:
        """Progress of the pending generation, of the work of :meth:`do`, or of the first question, for the panel."""
        pending, step = self._pending, self._step
        if pending is None and step is not None:
            return Status(True, step.done / max(step.total, 1), f"{step.text} {step.done}/{step.total}")
        if pending is None and not self._questions:
            return Status(True, 0.0, "Working") if self._chores else Status()
        job = pending.job if pending is not None else self._questions[0].job
        if job.state == DONE:
            return Status(True, 1.0, "Writing keys")
        text = (job.phase or job.state).capitalize()
        if job.total:
            text += f" {job.step}/{job.total}"
        return Status(True, job.fraction, text, job.eta_seconds)

    @property
    def runtime(self) -> str:
        """One line on the runtime process: not running, starting, or its device."""
        if not self.alive:
            return "Not running"
        return f"Ready on {self._runner.client.device}" if self.loaded else "Running, model not in memory"

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

    def begin(self, context: bpy.types.Context) -> Job:
        """Submit the generation that ``context.scene.coamd`` asks for, for the target armature.

        Raises InputError, RigError or RuntimeUnavailable before anything is started.
        """
        settings = context.scene.coamd
        self.error, self.notice = None, ""
        if self.running:
            raise InputError("A motion is being made already", "Wait for it, or press Cancel")
        prompt = check_settings(settings)
        armature = targets.require(context)
        options = stepwise.ready(armature, context.scene, rig_settings.retarget_options(settings))
        self._follow_preferences()
        seed = random.randint(0, LARGEST_SEED - MOST_VARIANTS) if settings.random_seed else settings.seed
        weight = settings.guidance if settings.use_guidance else None
        pull = settings.recognizer_guidance if settings.use_recognizer else None
        fields = generate_fields(prompt, seconds_of(settings), seed, settings.variants, weight, pull)
        self._pending = Pending(
            job=self._runner.submit("generate", fields),
            prompt=prompt,
            seed=seed,
            armature_uid=armature.session_uid,
            armature_name=armature.name,
            stance=targets.stance(armature, settings.place),
            scene_uid=context.scene.session_uid,
            frame=context.scene.frame_current,
            options=options,
        )
        preferences.remember_prompt(preferences.get(context), prompt)
        return self._pending.job

    def ask(
        self,
        context: bpy.types.Context,
        task: str,
        fields: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray] | None,
        answer: Callable[[Job], None],
    ) -> Job:
        """Submit the request ``task``; ``answer(job)`` is called on the main thread once its result is there.

        A job that fails, and a CoamdError of ``answer`` itself, end in ``self.error``; a cancelled one is dropped.
        Callers remember Blender's data by ``session_uid``: it may be gone by then. Raises RuntimeUnavailable when
        no runtime is installed.
        """
        self.error, self.notice = None, ""
        self._follow_preferences()
        job = self._runner.submit(task, fields, arrays)
        self._questions.append(Question(job, answer))
        return job

    def do(self, steps: Iterator[Step | None], idle: bool = False) -> None:
        """Work through ``steps``, one a tick, so that the interface stays alive; a CoamdError ends in ``self.error``.

        The panel shows the Step that the last one yielded, or with None how far the runtime is.
        Cancelling closes the iterator: what is half done is undone in its ``finally``. ``idle`` work, such as drawing
        icons, does not count as :attr:`asking`: other requests need not wait for it.
        """
        (self._idle_chores if idle else self._chores).append(steps)

    def in_thread(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Run a function that touches no Blender data in the solver's thread."""
        return self._solver.submit(function, *arguments)

    def pump(self) -> bool:
        """Take in what the runtime said; write some keys when the motion is there. True while there is work.

        One call does one short piece of work, so that the interface stays alive. Errors end in ``self.error``; what is
        no CoamdError is a fault of the add-on's: it is raised too, the work it belongs to given up.
        """
        pending = self._pending
        self._runner.tick()
        if pending is not None:
            try:
                self._advance(pending)
            except Cancelled:
                self._end(None, "Cancelled")
            except CoamdError as error:
                self._end(error)
            except Exception as error:
                self._end(_fault(error))
                raise
        self._answer_questions()
        self._work_on()
        return self.running or bool(self._runner.active or self._chores or self._idle_chores)

    def tick(self) -> float | None:
        """Pump once, as the timer does; return the seconds to the next time, None with no work and no runtime."""
        try:
            busy = self.pump()
        except Exception:  # noqa: BLE001 - told in the panel; Blender would drop the timer, and all other work with it
            traceback.print_exc()
            busy = True
        timer.animate(self.preview, self.preview.visible)
        if busy:
            return timer.STEP_SECONDS if self.stepping else timer.BUSY_SECONDS
        return timer.IDLE_SECONDS if self.alive else None

    def wait(self) -> None:
        """Pump until everything submitted has ended; raise its error, if any (background mode, scripts)."""
        while self.pump():
            time.sleep(0.001 if self.writing else 0.005)
        if self.error is not None:
            raise self.error

    def cancel(self) -> None:
        """Give the pending generation up, at once; nothing has been written to the scene, and nothing will be.

        The runtime is told and stops after the step it is at; a motion asked for meanwhile waits for that.
        Without effect once keys are being written: undo takes them back. Questions are dropped too.
        """
        for question in self._questions:
            self._runner.cancel(question.job)
        self._drop_chores()
        pending = self._pending
        if pending is None or self.writing:
            return
        self._runner.cancel(pending.job)
        self._end(None, "Cancelled")

    def unload(self) -> None:
        """Give the model's memory back."""
        self._runner.unload()

    def forget(self) -> None:
        """Drop the pending generation and what was said about earlier ones: another file is opened."""
        jobs = [question.job for question in self._questions]
        if self._pending is not None:
            jobs.append(self._pending.job)
        for job in jobs:
            self._runner.cancel(job)
        self._pending, self._questions = None, []
        self._drop_chores()
        self.error, self.notice = None, ""
        self.preview.hide()

    def shutdown(self) -> None:
        """End everything, the runtime process included."""
        self.forget()
        self._runner.shutdown()
        self._solver.shutdown(wait=True, cancel_futures=True)

    def _make_client(self) -> RuntimeClient:
        return RuntimeClient(self._launch.command, child_environment(), self._launch.folder)

    def _follow_preferences(self) -> None:
        chosen = launch.chosen()
        if chosen != self._launch:
            self._runner.shutdown()
            self._launch = chosen

    def _answer_questions(self) -> None:
        for question in [question for question in self._questions if question.job.ended]:
            self._questions.remove(question)
            try:
                if question.job.state == DONE:
                    question.answer(question.job)
                elif question.job.state != CANCELLED:
                    raise question.job.error
            except CoamdError as error:
                self.error = error
            except Exception as error:
                self.error = _fault(error)
                raise

    def _work_on(self) -> None:
        self._step = None
        for chores in (self._chores, self._idle_chores):
            for steps in list(chores):
                try:
                    step = next(steps)
                    if chores is self._chores:
                        self._step = step
                except StopIteration:
                    chores.remove(steps)
                except CoamdError as error:
                    chores.remove(steps)
                    self.error = error
                except Exception as error:
                    chores.remove(steps)
                    self.error = _fault(error)
                    raise

    def _drop_chores(self) -> None:
        self._step = None
        for chores in (self._chores, self._idle_chores):
            while chores:
                chores.pop().close()

    def _advance(self, pending: Pending) -> None:
        job = pending.job
        if job.state == CANCELLED:
            raise Cancelled()
        if job.error is not None:
            raise job.error
        if job.state != DONE:
            self._show_preview(pending)
            return
        if pending.keys is None:
            pending.keys = self._write(pending)
            self.preview.hide()
        elif next(pending.keys, _WRITTEN) is _WRITTEN:
            self._finish(pending)

    def _show_preview(self, pending: Pending) -> None:
        joints = pending.job.preview
        wanted = preferences.get(bpy.context)
        if joints is not None and (wanted is None or wanted.show_preview):
            self.preview.show(pending.stance.place(joints[0]), pending.stance.floor)

    def _write(self, pending: Pending) -> Iterator[None]:
        """Write all variants, first to last: the last one is what the armature plays until a take is chosen."""
        for joints in pending.job.arrays["joints"]:
            wanted = stepwise.Wanted(
                joints=joints,
                fps=pending.job.fields["fps"],
                name=f"CoAMD {pending.prompt[:40]}",
                armature_uid=pending.armature_uid,
                scene_uid=pending.scene_uid,
                frame=pending.frame,
                options=pending.options,
                armature_name=pending.armature_name,
                again="press Generate again",
            )
            yield from stepwise.write_keys(self.in_thread, wanted, partial(self._note_take, pending))

    def _note_take(self, pending: Pending, action: bpy.types.Action) -> None:
        scene = targets.by_uid(bpy.data.scenes, pending.scene_uid)
        armature = targets.by_uid(bpy.data.objects, pending.armature_uid)
        takes.add(scene.coamd, pending.prompt, pending.seed + pending.takes, action, armature)
        pending.takes += 1

    def _finish(self, pending: Pending) -> None:
        settings = targets.by_uid(bpy.data.scenes, pending.scene_uid).coamd
        settings.seed = pending.seed
        takes.show(settings, len(settings.takes) - pending.takes)
        self._end(None, f"Made in {time.monotonic() - pending.started:.1f} s")
        stepwise.push_undo(f"CoAMD: {pending.prompt[:40]}")

    def _end(self, error: CoamdError | None, notice: str = "") -> None:
        if self._pending is not None and self._pending.keys is not None:
            self._pending.keys.close()  # an Action half written is removed
        self._pending, self.error, self.notice = None, error, notice
        self.preview.hide()


def _fault(error: Exception) -> CoamdError:
    """What the panel says of an error that nobody foresaw."""
    return CoamdError(
        f"The add-on failed: {type(error).__name__}: {error}", "Nothing was changed; the system console has the details"
    )


def check_settings(settings: COAMD_PG_settings) -> str:
    """Return the prompt, trimmed. Raises InputError when a setting cannot be used."""
    prompt = " ".join(settings.prompt.split())
    if not prompt:
        raise InputError("The prompt is empty", "Describe the motion in one sentence")
    if not SHORTEST_SECONDS <= seconds_of(settings) <= LONGEST_SECONDS:
        raise InputError(
            f"{seconds_of(settings):g} seconds cannot be made",
            f"Choose {SHORTEST_SECONDS:g} to {LONGEST_SECONDS:g} seconds",
        )
    if not 1 <= settings.variants <= MOST_VARIANTS:
        raise InputError(f"{settings.variants} variants cannot be made", f"Choose 1 to {MOST_VARIANTS}")
    return prompt


def seconds_of(settings: COAMD_PG_settings) -> float:
    """The length in seconds as the user sees it: Blender keeps single precision, where 9.8 is a little over 9.8."""
    return round(settings.seconds, 3)


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
def _before_load(*_: object) -> None:
    """Drop what is under way: another file is opened, and it has nowhere to go."""
    current().forget()
