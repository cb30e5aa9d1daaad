"""What runs in threads beside Blender, and what has them wait."""

import threading

from coamd_blender.anim import steps


def test_nothing_runs_in_a_thread_while_that_is_asked_for():
    began, go_on, order = threading.Event(), threading.Event(), []

    def work(name):
        began.set()
        go_on.wait(10)
        order.append(name)

    def alone():
        with steps.threads.none():
            order.append("alone")
            later.start()
            later.join(0.2)  # it waits
            order.append("still alone")

    first = threading.Thread(target=steps.Call(work, ("first",)).run)
    later = threading.Thread(target=steps.Call(work, ("later",)).run)
    keeper = threading.Thread(target=alone)
    first.start()
    assert began.wait(10) and steps.threads.count == 1
    keeper.start()
    keeper.join(0.2)
    assert order == [], "what runs is waited for"
    go_on.set()
    for thread in (first, keeper, later):
        thread.join(10)
    assert order == ["first", "alone", "still alone", "later"] and steps.threads.count == 0


def test_a_call_that_fails_no_longer_counts():
    try:
        steps.Call(int, ("no number",)).run()
    except ValueError:
        assert steps.threads.count == 0
    else:
        raise AssertionError("it should have failed")
