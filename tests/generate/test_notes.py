"""Lines on how a sentence was read, by the bundled weights."""

import pytest

from runtime.generate.generator import Generator


@pytest.fixture(scope="module")
def generator():
    return Generator.load(None, "cpu")


def test_words_that_are_replaced_and_asides_that_are_left_out_are_told_of(generator):
    (line,) = generator.notes(["the butler crosses the drawing room"])
    assert line == "'the butler crosses the drawing room' is read as 'a person walks forward'"
    (line,) = generator.notes(["he bows. the stalls applaud"])
    assert line.startswith("'the stalls applaud' is left out")


def test_what_is_clear_or_told_move_by_move_leaves_no_line(generator):
    assert generator.notes(["a person walks", "she squats down, then straightens"]) == []
