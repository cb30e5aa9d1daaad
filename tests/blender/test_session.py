"""How the session runs a workflow: what it is resumed with, what becomes of errors, what cancelling does."""

import threading
import time
from dataclasses import replace

import pytest

bpy = pytest.importorskip("bpy")

from coamd_blender.anim import stepwise  # noqa: E402
from coamd_blender.anim.steps import Call, Step  # noqa: E402
from coamd_blender.core import session as sessions  # noqa: E402
from coamd_blender.core import undo  # noqa: E402
from coamd_blender.core.workflow import Ask, Beside, Seal  # noqa: E402
from coamd_blender.errors import InputError, RuntimeUnavailable  # noqa: E402
from coamd_blender.wire.requests import GenerateRequest, KnownRequest  # noqa: E402

WALK = GenerateRequest.variants("a person walks", 1.0, 3)
SLOW = GenerateRequest.variants("slow", 1.0, 3)


@pytest.fixture
def session(addon):
    return sessions.current()


def pump(session, until):
    """Tick as Blender's timer would, until ``until()``."""
    end = time.monotonic() + 300
    while not until():
        assert time.monotonic() < end, session.status
        session.pump()
        time.sleep(0.002)


def test_a_thread_runs_what_is_called_and_its_result_or_error_comes_back(session):
    seen = []

    def work():
        seen.append((yield Call(lambda a, b: (a + b, threading.current_thread()), (2, 3))))
        try:
            yield Call(int, ("three",))
        except ValueError as error:
            seen.append(error)

    session.start(work())
    session.wait()
    (total, thread), error = seen
    assert total == 5 and thread is not threading.main_thread() and isinstance(error, ValueError)


def test_steps_are_shown_and_then_the_runtimes_own_progress_unless_the_request_says_otherwise(session):
    def work(own):
        yield Step("Looking", 1, 4)
        yield Ask(SLOW, step=own)

    session.start(work(None))
    assert (session.status.text, session.status.fraction, session.status.running) == ("Looking 1/4", 0.25, True)
    pump(session, lambda: session.status.text.startswith("Sampling"))
    session.cancel()
    session.start(work(Step("Storing", 2, 3)))
    pump(session, lambda: session.doing(sessions.REQUEST).job is not None)
    assert session.status.text == "Storing 2/3"
    session.cancel()
    assert session.status == sessions.Status()


def test_a_request_without_a_runtime_is_thrown_into_the_workflow(session, addon, tmp_path):
    addon.source, addon.python = "PYTHON", str(tmp_path / "nowhere")
    seen = []

    def work():
        try:
            yield WALK
        except RuntimeUnavailable as error:
            seen.append(error)
        yield WALK

    with pytest.raises(RuntimeUnavailable):
        session.start(work())
    assert len(seen) == 1 and not session.asking


def test_what_goes_wrong_before_the_first_yield_refuses_and_later_is_told_in_the_panel(session):
    def work(late):
        if not late:
            raise InputError("Too early", "Wait")
        yield
        raise InputError("Too late", "Hurry")

    with pytest.raises(InputError, match="Too early"):
        session.start(work(late=False))
    assert session.error is None and not session.asking
    session.start(work(late=True))
    pump(session, lambda: not session.asking)
    assert str(session.error) == "Too late - Hurry"
    session.start(iter_nothing())
    assert session.error is None, "a new request starts with a clean slate"


def iter_nothing():
    return
    yield


def test_a_fault_is_raised_and_told_and_the_work_is_given_up(session):
    undone = []

    def work():
        try:
            yield
            raise KeyError("a fault")
        finally:
            undone.append(True)

    session.start(work())
    with pytest.raises(KeyError):
        session.pump()
    assert "KeyError" in str(session.error) and undone and not session.asking


def test_a_fault_in_showing_a_preview_ends_the_work_too(session):
    def broken(joints):
        raise KeyError("a fault")

    def work():
        yield Ask(SLOW, preview=broken)

    session.start(work())
    with pytest.raises(KeyError):
        pump(session, lambda: False)
    assert not session.asking and "KeyError" in str(session.error)


def test_every_new_preview_is_shown_once(session):
    shown = []

    def work():
        yield Ask(WALK, preview=shown.append)

    session.start(work())
    session.wait()
    assert shown and len({id(joints) for joints in shown}) == len(shown) and shown[0].shape == (1, 20, 22, 3)


def test_cancelling_undoes_what_is_half_done_but_not_what_is_sealed(session):
    undone = []

    def work(name, seal):
        try:
            yield Seal("Writing keys") if seal else None
            for _ in range(3):
                yield
            return f"{name} is done"
        finally:
            undone.append(name)

    session.start(work("request", seal=False))
    session.start(work("generation", seal=True), sessions.GENERATION)
    assert session.writing and session.status == sessions.Status(True, 1.0, "Writing keys")
    session.cancel()
    assert undone == ["request"] and session.running and not session.asking
    session.wait()
    assert undone == ["request", "generation"] and session.notice == "generation is done"


def test_one_of_a_kind_is_under_way_at_a_time_and_nobody_waits_for_what_is_beside(session):
    drawn = []

    def beside():
        for number in range(3):
            yield
            drawn.append(number)

    def work():
        yield Beside(beside())
        return "Found"

    def generation():
        yield SLOW

    session.start(generation(), sessions.GENERATION)
    with pytest.raises(InputError, match="A motion is being made already"):
        session.start(generation(), sessions.GENERATION)
    session.start(work())
    pump(session, lambda: not session.asking)
    assert session.notice == "Found" and session.running and len(drawn) < 3
    session.cancel()
    session.wait()
    assert not session.doing(sessions.IDLE) and len(drawn) < 3, "cancelling drops that, too"


def test_other_preferences_end_what_the_runtime_before_was_at(session, addon):
    def work():
        yield SLOW

    def other():
        yield WALK
        return "Answered"

    session.start(work(), sessions.GENERATION)
    pump(session, lambda: session.status.fraction > 0)
    addon.command += " --another"
    session.start(other())
    session.wait()
    assert not session.running and session.error is None


def test_motion_is_drawn_in_the_quality_of_the_preferences_unless_a_request_says_one(session, addon, monkeypatch):
    sent, asked = [], KnownRequest("clips", ("a.bvh",))
    monkeypatch.setattr(session._runner, "ask", sent.append)
    monkeypatch.setattr(session._runner, "shutdown", lambda: sent.append("ended"))
    session._submit(WALK)
    del sent[:]
    for quality in ("fast", "best"):
        addon.quality = quality
        for request in (WALK, replace(WALK, quality="fast"), asked):
            session._submit(request)
    addon.property_unset("quality")
    wanted = [replace(WALK, quality=quality) for quality in ("fast", "fast", "best", "fast")]
    assert sent == [*wanted[:2], asked, *wanted[2:], asked], "and the runtime goes on running"


def test_the_timer_ticks_fast_for_work_in_blender_slowly_for_an_idle_runtime_and_then_not_at_all(session):
    from coamd_blender.core import timer

    def work():
        yield WALK
        yield

    assert session.tick() is None
    session.start(work())
    assert session.tick() == timer.BUSY_SECONDS, "it waits for the runtime"
    pump(session, lambda: session.doing(sessions.REQUEST).job is None)
    assert session.stepping
    session.wait()
    assert session.tick() == timer.IDLE_SECONDS, "the runtime lives"


def test_an_undo_step_is_work_of_its_own_that_cannot_be_cancelled_away(session, monkeypatch):
    done = []
    monkeypatch.setattr(stepwise, "push_undo", done.append)

    def work():
        yield
        done.append("written")
        yield from undo.step("as one")
        return "Waved"

    session.start(work())
    session.pump()
    assert done == ["written"], "the interface gets its turn before"
    session.cancel()
    session.wait()
    assert done == ["written", "as one"] and session.notice == "Waved"
