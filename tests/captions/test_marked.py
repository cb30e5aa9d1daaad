"""Sentences with marks, read and refused."""

import pytest

from coamd_blender.errors import DataError
from runtime.captions.marked import TRAIN, VALIDATION, Mark, marked_of, read_marked
from runtime.evaluate.clauses import MARKED


def test_marks_are_places_in_the_bare_sentence():
    marked = marked_of("She [2a sits] while [2b humming] after [1 coming in].")
    assert marked.text == "She sits while humming after coming in."
    assert [marked.text[mark.begin : mark.end] for mark in marked.marks] == ["sits", "humming", "coming in"]
    assert [(mark.order, mark.arms) for mark in marked.marks] == [(2, False), (2, True), (1, False)]


@pytest.mark.parametrize("line", ["she sits", "she [1 sits", "she [sits]", "[1 sits] ] down"])
def test_a_line_with_a_torn_mark_is_named(tmp_path, line):
    path = tmp_path / "marked.txt"
    path.write_text(f"he [1 walks]\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"marked\.txt, line 2"):
        read_marked(path)


def test_no_sentence_that_measures_is_learnt():
    learnt, held_out, measured = ({each.text for each in read_marked(path)} for path in (TRAIN, VALIDATION, MARKED))
    assert len(learnt) > 4000 and not learnt & measured and not held_out & measured and not learnt & held_out


def test_orders_begin_at_one_and_leave_none_out():
    for path in (TRAIN, VALIDATION, MARKED):
        for each in read_marked(path):
            orders = {mark.order for mark in each.marks}
            assert orders == set(range(1, len(orders) + 1)), each.text
            assert all(isinstance(mark, Mark) and mark.begin < mark.end for mark in each.marks), each.text
