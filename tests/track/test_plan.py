"""What a changed track makes anew: which frames, in which order, and what each piece goes by."""

import pytest

from coamd_blender.blocks.arrange import Block
from coamd_blender.errors import InputError
from coamd_blender.track import plan

RATE = 20.0


def row(*spans):
    return [Block(key, start, end, f"sentence {key}", 10 * key) for key, (start, end) in enumerate(spans, start=1)]


FIVE = row((1, 40), (41, 80), (81, 120), (121, 160), (161, 200))


def planned(blocks, wanted, keys=(1, 200), made_last=200):
    found = plan.stretches(blocks, wanted, keys, made_last, RATE)
    return [
        ((one.first, one.last), [(each.first, each.last, each.mode) for each in one.pieces], one.ends) for one in found
    ]


def test_a_block_in_the_middle_leads_from_the_one_before_to_the_one_behind():
    assert planned(FIVE, {3}) == [((81, 120), [(81, 120, "between")], False)]


def test_neighbours_are_one_stretch_and_each_goes_on_from_the_one_before():
    assert planned(FIVE, {2, 3, 5}) == [
        ((41, 120), [(41, 80, "continue"), (81, 120, "between")], False),
        ((161, 200), [(161, 200, "continue")], False),
    ]


def test_what_begins_the_action_is_made_backwards():
    assert planned(FIVE, {1, 2}) == [((1, 80), [(41, 80, "lead_in"), (1, 40, "lead_in")], False)]
    early = row((-59, -20), (41, 200))
    assert planned(early, {1}, keys=(1, 200)) == [((-59, 0), [(-59, 0, "lead_in")], False)]


def test_what_lies_behind_the_action_takes_the_gap_with_it():
    later = row((1, 40), (61, 100), (121, 160))
    assert planned(later, {2, 3}, keys=(1, 40), made_last=40) == [
        ((41, 160), [(41, 100, "continue"), (101, 160, "continue")], False)
    ]


def test_a_track_that_has_become_shorter_ends_there_unless_the_rest_is_not_its_own():
    shorter = [*FIVE[:4], Block(5, 161, 180, "bows")]
    assert planned(shorter, {5}) == [((161, 180), [(161, 180, "continue")], True)]
    assert planned(shorter, {5}, keys=(1, 260)) == [((161, 180), [(161, 180, "between")], False)]


def test_a_sentence_of_several_clauses_is_made_clause_by_clause_where_there_is_time():
    block = Block(1, 101, 180, "a man walks, then sits down", 5)
    assert plan.pieces_of(block, RATE) == [
        plan.Piece(101, 140, "a man walks", 5),
        plan.Piece(141, 180, "sits down", 6),
    ]
    assert planned([FIVE[0], block, FIVE[4]], {1}, made_last=160)  # the key of both: only to see that it is planned
    (whole,) = plan.pieces_of(Block(1, 101, 130, "a man  walks, then sits down", 5), RATE)
    assert whole == plan.Piece(101, 130, "a man walks, then sits down", 5)
    assert plan.pieces_of(Block(1, 1, 40, "  ", 5), RATE) == [plan.Piece(1, 40, "", 5)]


@pytest.mark.parametrize(
    ("wanted", "made_last", "whole"),
    [({1, 2, 3, 4, 5}, 200, True), ({1, 2, 3, 4}, 200, False), ({2, 3, 4, 5}, 200, False), ({5}, 200, False)],
)
def test_a_track_is_whole_where_no_key_would_be_left(wanted, made_last, whole):
    assert plan.is_whole(plan.stretches(FIVE, wanted, (1, 200), made_last, RATE), (1, 200)) == whole


def test_a_single_block_that_became_shorter_is_whole():
    assert plan.is_whole(plan.stretches(row((1, 150)), {1}, (1, 200), 200, RATE), (1, 200))
    assert not plan.is_whole(plan.stretches(row((1, 150)), {1}, (1, 300), 200, RATE), (1, 300))


def test_every_frame_of_a_changed_block_is_made_once():
    for wanted in ({1}, {2, 4}, {1, 3, 5}, {2, 3, 4}, {1, 2, 4, 5}):
        found = plan.stretches(FIVE, wanted, (1, 200), 200, RATE)
        made = sorted(f for one in found for piece in one.pieces for f in range(piece.first, piece.last + 1))
        assert made == [f for block in FIVE if block.key in wanted for f in range(block.start, block.end + 1)]


def test_a_passage_is_a_gap_or_a_part_of_both_neighbours():
    gap = plan.passage(row((1, 40), (61, 100)), 0, (1, 100), 7, RATE)
    assert (gap.first, gap.last) == (41, 60) and gap.pieces == (plan.Piece(41, 60, "", 7, "between"),)
    seam = plan.passage(FIVE, 1, (1, 200), 7, RATE)
    assert (seam.first, seam.last) == (69, 92)
    short = plan.passage(row((1, 40), (41, 52), (53, 100)), 0, (1, 100), 7, RATE)
    assert (short.first, short.last) == (29, 44)
    with pytest.raises(InputError, match="no block behind"):
        plan.passage(FIVE, 4, (1, 200), 7, RATE)
    with pytest.raises(InputError, match="no keys on both sides"):
        plan.passage(FIVE, 3, (1, 160), 7, RATE)
