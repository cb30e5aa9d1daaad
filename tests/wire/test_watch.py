"""How long a runtime may be silent, and when it is started again."""

from coamd_blender.wire.protocol import BEAT_SECONDS
from coamd_blender.wire.watch import LONGEST_TICK, LONGEST_WAIT, SILENT_SECONDS, TOLD_SECONDS, Restarts, Watch


def test_a_runtime_that_beats_is_never_silent_and_one_that_stops_is_told_of_within_ten_seconds():
    watch, now = Watch(0.0), 0.0
    for beat in range(100):
        now += BEAT_SECONDS
        watch.tick(now, beat + 1, working=False)
        assert watch.silence == 0.0
    assert 2 * BEAT_SECONDS < TOLD_SECONDS < 10 < SILENT_SECONDS
    for second in range(1, 31):
        watch.tick(now + second, 100, working=False)
        assert watch.silence == second


def test_a_machine_that_slept_is_not_taken_for_a_runtime_that_is_silent():
    watch = Watch(0.0)
    watch.tick(1.0, 1, working=True)
    watch.tick(8 * 3600.0, 1, working=True)
    assert (watch.silence, watch.stall) == (LONGEST_TICK, 1.0 + LONGEST_TICK)
    watch.tick(8 * 3600.0 + 1, 2, working=True)
    assert watch.silence == 0.0


def test_work_stalls_while_no_step_is_done_though_the_runtime_is_alive():
    watch = Watch(0.0)
    for second in range(1, 11):
        watch.tick(float(second), second, working=True)
    assert (watch.stall, watch.silence) == (10.0, 0.0)
    watch.step()
    watch.tick(11.0, 11, working=True)
    assert watch.stall == 1.0
    watch.tick(12.0, 12, working=False)
    assert watch.stall == 0.0, "nothing is asked, so nothing can stall"


def test_restarts_wait_longer_and_longer_and_forget_it_once_a_request_was_answered():
    restarts, waits = Restarts(), []
    for _ in range(8):
        restarts.failed(50.0)
        waits.append(restarts.wait(50.0))
    assert waits == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_WAIT, LONGEST_WAIT]
    assert restarts.wait(60.0) == LONGEST_WAIT - 10 and restarts.wait(1000.0) == 0.0
    restarts.answered()
    restarts.failed(2000.0)
    assert restarts.wait(2000.0) == 0.0
