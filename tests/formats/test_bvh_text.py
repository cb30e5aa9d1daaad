"""What exporters do to the text of a BVH, each oddity alone; and damage that costs itself alone."""

import itertools

import numpy as np
import pytest

from coamd_blender.errors import DataError
from runtime.evaluate.export_names import joint_names
from runtime.evaluate.exports import DAMAGE, Export, write_bvh_export
from runtime.formats.bvh import read_bvh
from tests.formats.skeletons import write_bvh_text

NAMES = joint_names("mixamo bare")
ROWS = ["0 0 0 90 0 0 0 0 0", "0 1 0 80 0 0 10 0 0", "0 2 0 70 0 0 20 0 0", "0 3 0 60 0 0 30 0 0"]


def written(tmp_path, **how):
    path = tmp_path / "a.bvh"
    write_bvh_export(path, Export("walk", NAMES, **how))
    return read_bvh(path)[0]


@pytest.fixture
def plain(tmp_path):
    return written(tmp_path)


OTHER_JOINTS = ("two roots", "two people", "root above")


@pytest.mark.parametrize("damage", [each for each in DAMAGE if each not in ("cut row", "bad row", *OTHER_JOINTS)])
def test_oddities_of_the_text_change_nothing(tmp_path, plain, damage):
    odd = written(tmp_path, damage=damage)
    assert odd.names == plain.names and odd.fps == plain.fps
    assert np.abs(odd.positions - plain.positions).max() < 1e-3  # centimetres


@pytest.mark.parametrize("damage", ["frames plus one", "frames minus one"])
def test_a_count_of_frames_that_is_wrong_is_told(tmp_path, damage):
    (note,) = written(tmp_path, damage=damage).notes
    assert "and 91 rows were read" in note


def test_a_row_that_is_cut_off_is_dropped_and_told(tmp_path, plain):
    cut = written(tmp_path, damage="cut row")
    assert len(cut.positions) == len(plain.positions) - 1 and "the last row is not whole" in cut.notes[0]
    assert np.abs(cut.positions - plain.positions[:-1]).max() < 1e-3


def test_a_row_of_nonsense_costs_itself(tmp_path, plain):
    bad = written(tmp_path, damage="bad row")
    assert np.isnan(bad.positions[20]).any() and "1 of 91 rows" in bad.notes[0]
    rest = [frame for frame in range(91) if frame != 20]
    assert np.abs(bad.positions[rest] - plain.positions[rest]).max() < 1e-3


@pytest.mark.parametrize("more", ["behind", "before", "too few"])
def test_rows_of_more_numbers_than_channels_are_cut_and_told_and_of_fewer_refused(tmp_path, plain, more):
    write_bvh_export(tmp_path / "a.bvh", Export("walk", NAMES))
    head, _, rows = (tmp_path / "a.bvh").read_text().partition("Frame Time")
    first, *rows = rows.strip().split("\n")
    change = {
        "behind": lambda number, row: f"{row} 7 8",
        "before": lambda number, row: f"{number + 1} {row}",
        "too few": lambda number, row: row.rsplit(" ", 1)[0],
    }[more]
    rows = [change(number, row) for number, row in enumerate(rows)]
    (tmp_path / "a.bvh").write_text("\n".join([f"{head}Frame Time{first}", *rows]))
    if more == "too few":
        with pytest.raises(DataError, match="no whole row of 69 numbers: its rows have 68"):
            read_bvh(tmp_path / "a.bvh")
        return
    (clip,) = read_bvh(tmp_path / "a.bvh")
    assert np.abs(clip.positions - plain.positions).max() < 1e-3 and f"{more} them, are left out" in clip.notes[0]


@pytest.mark.parametrize(
    ("layout", "order"), list(itertools.product(("positions", "rotations first"), ("XYZ", "YZX", "ZYX")))
)
def test_any_layout_of_channels_is_the_same_motion(tmp_path, plain, layout, order):
    other = written(tmp_path, layout=layout, order=order)
    assert np.abs(other.positions - plain.positions).max() < 1e-2


def test_positions_that_are_added_to_the_offset_are_known_from_those_that_replace_it(tmp_path):
    path = write_bvh_text(tmp_path / "a.bvh", "ZXY", "ZXY", ROWS)
    (plain,) = read_bvh(path)
    text = path.read_text().replace("CHANNELS 3 Zrotation", "CHANNELS 6 Xposition Yposition Zposition Zrotation")
    for given in ("0 0 0", "0 2 0"):  # the arm's offset is 0 2 0
        rows = [" ".join([*row.split()[:6], *given.split(), *row.split()[6:]]) for row in ROWS]
        path.write_text(text[: text.index("0.0083333")] + "0.0083333\n" + "\n".join(rows))
        assert np.allclose(read_bvh(path)[0].positions, plain.positions)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("JOINT arm", "JOINT upper arm L"),
        lambda text: text.replace("\n{", " {").replace("\n  {", "{"),
        lambda text: text.replace("OFFSET 0 0 0\n", "").replace("rotation\n", "rotation\nOFFSET 0 0 0\n", 1),
        lambda text: text.replace("End Site", "End site"),
        lambda text: text.replace("End Site", "End Site hand"),
        lambda text: text.replace("Frames:", "Frames :").replace("Frame Time:", "Frame  Time :"),
        lambda text: text.replace("0.0083333", "0,0083333").replace("0 90 0", "0,0 90,0 0"),
        lambda text: text.replace("HIERARCHY\n", ""),
        lambda text: text.replace("Xposition", "XPOSITION").replace("Zrotation", "zRotation"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text + "\n\n",
    ],
)
def test_spellings_of_a_hierarchy(tmp_path, change):
    path = write_bvh_text(tmp_path / "a.bvh", "ZXY", "ZXY", ROWS)
    (plain,) = read_bvh(path)
    text = change(path.read_text())
    assert text != path.read_text()
    path.write_bytes(text.encode())
    (odd,) = read_bvh(path)
    assert np.allclose(odd.positions, plain.positions) and odd.fps == plain.fps and not odd.notes


def test_joints_without_an_end_are_kept_with_their_turns(tmp_path):
    path = write_bvh_text(tmp_path / "a.bvh", "ZXY", "ZXY", ["0 0 0 0 0 0 90 0 0"])
    text = path.read_text()
    start, stop = text.index("    End Site"), text.index("  }\n}\nMOTION")
    path.write_text(text[:start] + text[stop:])
    (clip,) = read_bvh(path)
    assert clip.names == ("base", "arm") and set(clip.last_turns) == {"arm"}
    assert np.allclose(clip.last_turns["arm"][0] @ (0, 1, 0), (-1, 0, 0), atol=1e-6)  # 90 degrees about Z


@pytest.mark.parametrize("seconds", ["0", "33.3333", "nonsense", "-1", ""])
def test_a_rate_that_is_not_one_is_asked_for_and_taken(tmp_path, seconds):
    path = write_bvh_text(tmp_path / "a.bvh", "ZXY", "ZXY", ROWS)
    path.write_text(path.read_text().replace("0.0083333", seconds))
    with pytest.raises(DataError, match="Frame Time") as raised:
        read_bvh(path)
    assert "--fps" in str(raised.value)
    (clip,) = read_bvh(path, fps=30)  # as the line says
    assert clip.fps == 30 and len(clip.positions) == 4


def test_names_that_two_joints_share_are_told_apart(tmp_path):
    path = write_bvh_text(tmp_path / "a.bvh", "ZXY", "ZXY", ROWS)
    path.write_text(path.read_text().replace("JOINT arm", "JOINT base"))
    assert read_bvh(path)[0].names == ("base", "base.001", "base.001_end")
