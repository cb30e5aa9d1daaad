"""What a sentence says of a range, drawn alone, with small random networks."""

import pytest
import torch
from generator_fakes import small_generator

from coamd_blender.errors import Cancelled
from runtime.config import SamplingConfig
from runtime.edit import by_itself
from runtime.generate.multi_action import clause_steps
from runtime.model.sampling import Known

CONFIG = SamplingConfig(steps=3, solver_steps=1)
BOW, TWO = "a person bows", "a man walks, then sits down"


@pytest.fixture(scope="module")
def generator():
    return small_generator()


def around(before, hidden, after):
    """Tokens of ones, of which ``hidden`` in the middle are not known."""
    known = Known(torch.ones(1, before + hidden + after, 11), torch.ones(1, before + hidden + after, 11).bool())
    known.given[:, before : before + hidden] = False
    return known


@pytest.mark.parametrize(("before", "hidden", "after"), [(2, 8, 2), (1, 8, 0), (0, 8, 1), (0, 8, 0)])
def test_between_the_passages_is_what_the_sentence_alone_makes(generator, before, hidden, after):
    first, last = before + (before > 0), before + hidden - (after > 0)
    found = by_itself.drawn_alone(generator, around(before, hidden, after), [BOW], 7, CONFIG)
    alone = generator.draw([BOW], last - first, [7], CONFIG)
    assert torch.equal(found.tokens[:, first:last], alone)
    stays = [*range(before), *range(before + hidden, before + hidden + after)]
    assert (found.tokens[:, stays] == 1).all()
    given = found.given[0, :, 0].tolist()
    assert given == [row in stays or first <= row < last for row in range(len(given))]


@pytest.mark.parametrize(("hidden", "is_apt"), [(4, False), (5, True), (22, True), (23, False)])
def test_between_frames_that_stay_one_second_to_four_are_drawn_by_themselves(hidden, is_apt):
    assert by_itself.is_apt(around(1, hidden, 1)) == is_apt
    assert by_itself.is_apt(around(0, hidden - 2, 0)) == is_apt, "alone there are no passages"


@pytest.mark.parametrize("prompt", [BOW, TWO])
def test_every_step_is_told_and_may_stop_it(generator, prompt):
    known, told = around(1, 13, 1), []
    parts = by_itself.parts_of(generator, prompt, known)
    by_itself.drawn_alone(generator, known, parts, 7, CONFIG, lambda: told.append(1))
    assert len(told) == clause_steps(len(parts), CONFIG) == (3 if prompt == BOW else 6)

    def stop():
        raise Cancelled

    with pytest.raises(Cancelled):
        by_itself.drawn_alone(generator, known, parts, 7, CONFIG, stop)
