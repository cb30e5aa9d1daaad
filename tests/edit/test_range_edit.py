"""What one edited range is drawn from."""

from types import SimpleNamespace

import pytest
import torch

from runtime.edit.range_edit import RangeEdit
from runtime.edit.task import Edit
from runtime.model.sampling import Known


class Showing:
    """Shows as many tokens as it is asked for, numbered from one."""

    def shown(self, clauses, count, seeds):
        assert (clauses, seeds) == (["a person bows"], [7])
        return Known(torch.arange(1.0, count + 1).reshape(1, count, 1), torch.ones(1, count, 1, dtype=torch.bool))


@pytest.mark.parametrize(
    ("before", "hidden", "after", "laid"),
    [
        (1, 7, 1, [0, 0, 0, 1, 2, 3, 0, 0, 0]),  # two tokens lead into it and two out of it
        (1, 5, 0, [0, 0, 0, 1, 2, 3]),
        (0, 5, 2, [1, 2, 3, 0, 0, 0, 0]),
        (0, 4, 0, [1, 2, 3, 4]),
        (1, 4, 1, [0, 0, 0, 0, 0, 0]),  # no room
    ],
)
def test_an_example_begins_with_its_first_token_clear_of_what_stays(before, hidden, after, laid):
    count = before + hidden + after
    known = Known(torch.zeros(1, count, 1), torch.ones(1, count, 1, dtype=torch.bool))
    known.given[:, before : before + hidden] = False
    edit = SimpleNamespace(task=Edit(0, 4 * count, " a person bows "))
    result = RangeEdit._with_example(edit, Showing(), known, 7)
    assert result.tokens[0, :, 0].tolist() == laid
    kept = [not before <= token < before + hidden for token in range(count)]
    assert result.given[0, :, 0].tolist() == [stays or value > 0 for stays, value in zip(kept, laid, strict=True)]
