"""The strip of blocks on a timeline: what is where, and where a drag leads."""

import pytest

from coamd_blender.blocks.arrange import END, START, Block
from coamd_blender.track import strip
from coamd_blender.track.strip import BODY, Drag, Hit, View

VIEW = View(origin=50.0, scale=4.0, width=800.0, bottom=20.0, height=24.0, reach=7.0)
ROW = (Block(1, 1, 40), Block(2, 41, 80), Block(3, 101, 102))
LEAST = 10


def test_a_frame_and_its_place_lead_to_each_other():
    assert VIEW.x_of(0) == 50 and VIEW.x_of(10) == 90
    assert VIEW.frame_at(VIEW.x_of(33.25)) == 33.25
    assert VIEW.ends(ROW[0]) == (54, 214) and VIEW.ends(ROW[1])[0] == 214, "no pixel between neighbours"
    assert VIEW.shows(Block(1, -30, -12)) and not VIEW.shows(Block(1, -30, -14)) and not VIEW.shows(Block(1, 188, 200))


@pytest.mark.parametrize(
    ("x", "wanted"),
    [
        (53, None),
        (54, Hit(0, START)),
        (60.9, Hit(0, START)),
        (61, Hit(0, BODY)),
        (206, Hit(0, BODY)),
        (208, Hit(0, END)),
        (214, Hit(1, START)),
        (374, None),  # the gap
        (455, Hit(2, START)),  # eight pixels: a third each
        (458, Hit(2, BODY)),
        (460, Hit(2, END)),
    ],
)
def test_what_is_under_the_mouse(x, wanted):
    assert strip.hit(VIEW, ROW, x, 30.0) == wanted
    assert strip.hit(VIEW, ROW, x, 19.0) is None and strip.hit(VIEW, ROW, x, 44.0) is None


def spans(found):
    row, place = found
    return [(block.start, block.end) for block in row], place


def test_an_edge_follows_the_mouse_from_where_it_was_grabbed():
    drag = Drag(ROW, Hit(1, END), 80.2)  # a little inside
    assert spans(drag.to(80.2, (), 0, LEAST)) == ([(1, 40), (41, 80), (101, 102)], 1), "nothing jumps"
    assert spans(drag.to(90.2, (), 0, LEAST)) == ([(1, 40), (41, 90), (101, 102)], 1)
    shared = Drag(ROW, Hit(1, START), 41.5)
    assert spans(shared.to(51.5, (), 0, LEAST)) == ([(1, 50), (51, 80), (101, 102)], 1)


def test_an_edge_keeps_to_marks_within_reach():
    drag = Drag(ROW, Hit(1, END), 81.0)
    assert spans(drag.to(87.0, (90,), 3.5, LEAST))[0][1] == (41, 89)
    assert spans(drag.to(85.0, (90,), 3.5, LEAST))[0][1] == (41, 84)


def test_a_block_keeps_to_marks_with_either_edge_and_passes_others():
    row = (Block(1, 1, 20), Block(2, 61, 80))
    drag = Drag(row, Hit(0, BODY), 10.0)
    assert spans(drag.to(19.0, (11,), 2.0, LEAST)) == ([(11, 30), (61, 80)], 0)
    assert spans(drag.to(31.0, (41,), 2.0, LEAST)) == ([(21, 40), (61, 80)], 0)
    found, place = drag.to(75.0, (), 0.0, LEAST)
    assert place == 1 and [block.key for block in found] == [2, 1]


def test_colours_go_by_the_clause_and_not_by_its_place():
    one, two = (
        strip.colours(Block(1, 1, 40, "a man walks, then sits down")),
        strip.colours(Block(9, 90, 99, "A man  walks")),
    )
    assert [(first, last) for first, last, _ in one] == [(1, 21), (21, 41)]
    assert one[0][2] == two[0][2] != one[1][2]
    assert all(0 <= part <= 1 for _, _, colour in one for part in colour)
    assert len({strip.colours(Block(1, 1, 9, f"sentence {number}"))[0][2] for number in range(60)}) > 12
