"""What counts as the clauses of a marked sentence."""

import pytest

from runtime.captions.marked import marked_of
from runtime.evaluate.clauses import is_right, kind_of, right_shares, table

ROW = marked_of("The postman [1 strolls up the path] and [2 rings the bell]")
AT_ONCE = marked_of("[1a walks along] while [1b waving a flag]")
ONE = marked_of("He [1 bends, touches the toes, rises], that is all")


@pytest.mark.parametrize(
    ("marked", "found", "right"),
    [
        (ROW, [("strolls up the path", ""), ("rings the bell", "")], True),
        (ROW, [("The postman strolls up the path", ""), ("and rings the bell", "")], True),
        (ROW, [("rings the bell", ""), ("strolls up the path", "")], False),  # out of order
        (ROW, [("strolls up the path and rings the bell", "")], False),
        (ROW, [("strolls up the path and rings the bell", ""), ("rings the bell", "")], False),  # told twice
        (ROW, [("strolls up the path", "rings the bell")], False),
        (ONE, [("He bends, touches the toes, rises, that is all", "")], True),
        (ONE, [("bends", ""), ("touches the toes, rises", "")], False),
        (AT_ONCE, [("walks along", "waving a flag")], True),
        (AT_ONCE, [("waving a flag", "walks along")], False),  # the arms do not walk
        (AT_ONCE, [("walks along while waving a flag", "")], False),
    ],
)
def test_clauses_are_right_where_all_is_told_apart_and_in_order(marked, found, right):
    assert is_right(marked, found) is right


def test_shares_are_told_by_kind():
    assert [kind_of(each) for each in (ONE, ROW, AT_ONCE)] == ["one action", "in a row", "at once"]
    shares = right_shares([ONE, ROW], [[(ONE.text, "")], [(ROW.text, "")]])
    assert shares == {"all": (1, 2), "one action": (1, 1), "in a row": (0, 1), "at once": (0, 0)}
    assert "1 of 2 = 50 %" in table({"nobody": shares})
