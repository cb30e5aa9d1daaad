"""Every file that a character's motion is written to, read again: by Blender and, where it can, by the command line.

Five kinds of rig, every writer on each, three rates among them: the bones within 5 mm, every frame, at the same rate.
Every rate of every pair is in round_trip_table.py.
"""

from itertools import product

import pytest

pytest.importorskip("bpy")

from round_trip_table import KINDS, WRITERS, read_back, written

RATES = (20.0, 24.0, 30.0)
CASES = [
    (kind, suffix, RATES[(row + column) % len(RATES)])
    for (row, kind), (column, suffix) in product(enumerate(KINDS), enumerate(WRITERS))
]


@pytest.mark.parametrize(("kind", "suffix", "fps"), CASES)
def test_what_is_written_is_read(kind, suffix, fps, tmp_path):
    path, names, wanted = written(kind, suffix, fps, tmp_path)
    trip = read_back(path, suffix, names, wanted)
    assert trip.good(fps), trip
