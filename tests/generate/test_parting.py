"""Sentences parted, and made whole, by what their halves surely are: the judge is a table here."""

import pytest

from runtime.generate.examples import Likeliest
from runtime.generate.parting import left_out, refined

WALK, SIT, WAVE, CREEP, SQUATS = range(5)
SURE = {
    "crosses to the chair": WALK, "sits": SIT, "sitting": SIT, "walks": WALK, "waves": WAVE, "creeps": CREEP,
    "kicks the door in": SQUATS,
    "he crosses to the chair": WALK,
}  # fmt: skip


class Known:
    """Examples of five classes, of which two are gaits and one is done by the arms."""

    class config:
        arms, gaits = (WAVE,), (WALK, CREEP)

    def is_one(self, whole, clauses):
        return whole.number == SQUATS and all(clause.number != SQUATS for clause in clauses)


def judged(texts, whole=None):
    known = SURE | (whole or {})
    return [
        Likeliest(known[text], 1.0, 1.0, 0.0, 0.0) if text in known else Likeliest(SIT, 0.6, 0.6, 0.0, 0.0)
        for text in texts
    ]


@pytest.mark.parametrize(
    ("prompt", "clauses", "found"),
    [
        ("he crosses to the chair and sits", None, ["he crosses to the chair", "sits"]),
        ("he crosses to the chair, sits", None, ["he crosses to the chair", "sits"]),
        ("walks and waves", None, ["walks and waves"]),  # arms may do it meanwhile
        ("walks, creeps", None, ["walks, creeps"]),  # two words for going
        ("he crosses to the chair, sitting", None, ["he crosses to the chair, sitting"]),  # a manner
        ("walks and rests", None, ["walks and rests"]),  # who knows
        ("kicks the door in. it has it coming", ["kicks the door in", "it has it coming"], ["kicks the door in"]),
        ("kicks the door in. he vaults", ["kicks the door in", "he vaults"], ["kicks the door in", "he vaults"]),
        ("kicks the door in. sits", ["kicks the door in", "sits"], ["kicks the door in", "sits"]),
        ("kicks the door in, then rests", ["kicks the door in", "rests"], ["kicks the door in", "rests"]),
        ("bends, then straightens", ["bends", "straightens"], ["bends, then straightens"]),
    ],
)
def test_clauses_are_as_the_examples_know_them(prompt, clauses, found):
    whole = {
        "he crosses to the chair and sits": SIT, "he crosses to the chair, sits": WALK, "walks and waves": WALK,
        "he crosses to the chair, sitting": WALK, "walks, creeps": WALK, "walks and rests": WALK,
        "bends, then straightens": SQUATS,
    }  # fmt: skip
    assert refined([prompt], [clauses or [prompt]], 4, Known(), lambda texts: judged(texts, whole)) == [found]


def test_no_more_clauses_are_made_than_there_is_time_for():
    parts = ["waves", "walks and sits"]
    judge = lambda texts: judged(texts, {"walks and sits": SIT})  # noqa: E731
    assert refined(["waves, then walks and sits"], [parts], 2, Known(), judge) == [parts]
    assert refined(["waves, then walks and sits"], [parts], 3, Known(), judge) == [["waves", "walks", "sits"]]


def test_what_is_drawn_by_no_part_is_left_out():
    assert left_out(["walks and sits", "it creaks", "waves"], ["walks", "sits", "waves"]) == ["it creaks"]
    assert left_out(["bends", "straightens"], ["bends, then straightens"]) == []
