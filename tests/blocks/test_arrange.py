"""A row of prompt blocks: split, pushed, dragged, laid over; whatever is done, none overlaps and none gets lost."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest

from coamd_blender.blocks import arrange
from coamd_blender.blocks.arrange import END, START, Block
from coamd_blender.errors import InputError

LEAST = 10


def row(*spans):
    return [Block(key, start, end, f"sentence {key}", key) for key, (start, end) in enumerate(spans, start=1)]


def spans(found):
    return [(block.start, block.end) for block in found]


THREE = row((1, 40), (41, 80), (101, 140))
SHORT = row((11, 20), (21, 30), (41, 60))


def test_a_block_is_found_at_its_frames_ends_included():
    assert [arrange.at_frame(THREE, frame) for frame in (0, 1, 40, 40.9, 41, 90, 140, 141)] == [
        *(None, 0, 0, 0, 1, None, 2, None)
    ]


def test_an_inserted_block_pushes_on_those_behind_as_far_as_they_must():
    new = Block(9, 0, 29)
    assert spans(arrange.inserted(THREE, 1, new)) == [(1, 40), (41, 70), (71, 110), (111, 150)]
    assert spans(arrange.inserted(THREE, 3, new)) == [*spans(THREE), (141, 170)]
    assert spans(arrange.inserted(THREE, 2, Block(9, 0, 19))) == [(1, 40), (41, 80), (81, 100), (101, 140)]
    assert spans(arrange.inserted([], 0, Block(9, 5, 34))) == [(5, 34)]


def test_a_block_is_split_where_both_parts_last_long_enough():
    parts = arrange.split(THREE, 1, 55, 7, 70, LEAST)
    assert parts[1:3] == [Block(2, 41, 54, "sentence 2", 2), Block(7, 55, 80, "sentence 2", 70)]
    for frame in (41, 50, 72, 81):
        with pytest.raises(InputError, match="does not part"):
            arrange.split(THREE, 1, frame, 7, 70, LEAST)


def test_removing_leaves_a_gap_or_closes_it():
    assert spans(arrange.removed(THREE, 1, close=False)) == [(1, 40), (101, 140)]
    assert spans(arrange.removed(THREE, 0, close=True)) == [(1, 40), (61, 100)]


def test_neighbours_change_places_with_their_gap_between_them():
    swapped = arrange.exchanged(row((1, 40), (61, 80), (81, 90)), 0)
    assert [(block.key, block.start, block.end) for block in swapped] == [(2, 1, 20), (1, 41, 80), (3, 81, 90)]


@pytest.mark.parametrize(
    ("place", "edge", "frame", "wanted"),
    [
        (0, END, 51, [(1, 50), (51, 80), (101, 140)]),  # a shared edge: both change
        (1, START, 31, [(1, 30), (31, 80), (101, 140)]),
        (0, END, 500, [(1, 70), (71, 80), (101, 140)]),  # the neighbour keeps its least
        (1, START, -500, [(1, 10), (11, 80), (101, 140)]),
        (1, END, 500, [(1, 40), (41, 100), (101, 140)]),  # over a gap: up to the neighbour
        (2, START, 0, [(1, 40), (41, 80), (81, 140)]),
        (2, END, 500, [(1, 40), (41, 80), (101, 499)]),  # free ends
        (0, START, -20, [(-20, 40), (41, 80), (101, 140)]),
        (2, END, 0, [(1, 40), (41, 80), (101, 110)]),
    ],
)
def test_an_edge_is_dragged_as_far_as_its_neighbours_allow(place, edge, frame, wanted):
    assert spans(arrange.edge_dragged(THREE, place, edge, frame, LEAST)) == wanted


def test_a_block_is_stopped_by_its_neighbours_until_it_passes_their_middle():
    assert spans(arrange.block_dragged(THREE, 1, 55)[0]) == [(1, 40), (55, 94), (101, 140)]
    assert spans(arrange.block_dragged(THREE, 1, 75)[0]) == [(1, 40), (61, 100), (101, 140)]
    found, place = arrange.block_dragged(THREE, 0, 43)
    assert place == 1 and [(block.key, *span) for block, span in zip(found, spans(found), strict=True)] == [
        *((2, 1, 40), (1, 41, 80), (3, 101, 140))
    ]
    found, place = arrange.block_dragged(THREE, 2, -30)
    assert place == 0 and [block.key for block in found] == [3, 1, 2]
    assert spans(found) == [(1, 40), (41, 80), (81, 120)]


def test_a_block_laid_over_others_takes_what_it_covers():
    assert spans(arrange.laid_over(THREE, Block(9, 30, 110))) == [(1, 29), (30, 110), (111, 140)]
    assert spans(arrange.laid_over(THREE, Block(9, 1, 140))) == [(1, 140)]
    parted = arrange.laid_over(row((1, 100)), Block(2, 40, 60))
    assert spans(parted) == [(1, 39), (40, 60), (61, 100)] and len({block.key for block in parted}) == 3


def test_frames_snap_to_marks_within_reach():
    assert [arrange.snapped(frame, (10, 20), 2.5) for frame in (7.4, 8.0, 12.4, 13.0, 17.6)] == [7, 10, 10, 13, 20]
    assert arrange.snapped(3.6, (), 5) == 4


def test_blocks_are_alike_whatever_the_spaces():
    one = Block(1, 1, 20, "a man  walks ", 3)
    assert one.alike(Block(8, 1, 20, " a man walks", 3))
    for other in (Block(1, 2, 20, one.prompt, 3), Block(1, 1, 20, "a man runs", 3), Block(1, 1, 20, one.prompt, 4)):
        assert not one.alike(other)


def test_whatever_is_dragged_nothing_overlaps_gets_lost_or_too_short():
    draw = random.Random(5)
    for _ in range(300):
        found, frame = [], draw.randint(-30, 30)
        for key in range(draw.randint(1, 5)):
            start = frame + draw.choice([0, 0, draw.randint(1, 40)])
            frame = start + draw.randint(LEAST, 60)
            found.append(Block(key, start, frame - 1))
        for _ in range(6):
            place, before = draw.randrange(len(found)), found
            if draw.random() < 0.5:
                edge = draw.choice([START, END])
                found = arrange.edge_dragged(found, place, edge, draw.randint(-100, 300), LEAST)
                moved = {place, place + (1 if edge == END else -1)}
                assert all(found[other] == before[other] for other in range(len(found)) if other not in moved)
            else:
                found, _ = arrange.block_dragged(found, place, draw.randint(-100, 300))
                assert sorted(block.frames for block in found) == sorted(block.frames for block in before)
            assert {block.key for block in found} == {block.key for block in before}
            assert all(block.frames >= LEAST for block in found)
            assert all(one.end < two.start for one, two in pairwise(found))


def test_a_row_is_cut_to_frames_and_what_is_left_of_a_block_is_one_of_two_frames_at_least():
    assert spans(arrange.cut(SHORT, 15, 35)) == [(15, 20), (21, 30)]
    assert spans(arrange.cut(SHORT, 20, 41)) == [(21, 30)] and arrange.cut(SHORT, 31, 40) == []


def test_a_row_that_takes_other_time_keeps_its_neighbours_together():
    assert spans(arrange.retimed(SHORT, 11, 2.0)) == [(11, 30), (31, 50), (71, 110)]
    assert spans(arrange.retimed(SHORT, 11, 0.15)) == [(11, 12), (15, 18)], "one frame is no block"


def test_joined_rows_have_keys_of_their_own():
    row = arrange.joined(SHORT, [replace(block, start=block.start + 100, end=block.end + 100) for block in SHORT])
    assert [block.key for block in row] == [*(block.key for block in SHORT), 4, 5, 6]
