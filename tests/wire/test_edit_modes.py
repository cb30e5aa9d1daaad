"""One table of editing modes: the wire, the command line and the pages say what it says, and it agrees with itself.

The panel's choices are held to it in tests/blender/test_edit_panels.py.
"""

import re

import numpy as np
import pytest
from fakes import ROOT

from coamd_blender.errors import InputError
from coamd_blender.wire.checks import check_range
from coamd_blender.wire.edit_modes import DEFAULT_MODE, EDIT_MODES
from coamd_blender.wire.requests import EditRange, EditRequest
from runtime.cli.main import build_parser
from runtime.edit.task import Edit

CLIP = np.zeros((60, 22, 3), np.float32)
PATH = np.array([[0, 0], [1, 2]], np.float32)
EDIT = ("edit", "walk.npz", "--mask", "5:9", "--out", "made.npz")


def test_no_mode_looks_like_another():
    for what in ("label", "description"):
        assert len({getattr(mode, what) for mode in EDIT_MODES.values()}) == len(EDIT_MODES)


def test_the_names_that_files_and_scripts_hold_stay():
    assert {"between", "continue", "lead_in", "outpaint", "vary"} <= set(EDIT_MODES) and DEFAULT_MODE == "between"


@pytest.mark.parametrize("name", EDIT_MODES)
def test_wire_command_line_and_runtime_take_it(name):
    assert EditRequest(CLIP, 20.0, (EditRange(5, 9, name),)).encode()[0]["ranges"] == [[5, 9, name]]
    assert build_parser().parse_args([*EDIT, "--mode", name]).mode == name
    assert Edit(5, 9, mode=name).mode == name


def test_a_range_edit_and_command_without_a_mode_have_the_same():
    told = {EditRange(5, 9).mode, Edit(5, 9).mode, build_parser().parse_args(EDIT).mode}
    assert told == {DEFAULT_MODE}


def test_another_is_refused_with_the_names(capsys):
    with pytest.raises(InputError, match=", ".join(EDIT_MODES)):
        check_range(5, 9, "magic")
    with pytest.raises((SystemExit, InputError)):
        build_parser().parse_args([*EDIT, "--mode", "magic"])


@pytest.mark.parametrize("name", EDIT_MODES)
def test_a_path_is_taken_where_the_way_is_free(name):
    request = EditRequest(CLIP, 20.0, (EditRange(5, 9, name),), path=PATH)
    if EDIT_MODES[name].keeps:
        with pytest.raises(InputError, match="keeps its way"):
            request.check()
    else:
        request.check()


def test_sides_that_are_asked_for_instead_build_on_what_lies_between_them():
    for mode in EDIT_MODES.values():
        if mode.around is not None:
            before, after = (EDIT_MODES[side] for side in mode.around)
            assert (before.builds_on, after.builds_on) == ("after", "before")
            assert before.around is after.around is None


def test_the_page_has_a_row_of_each():
    page = (ROOT / "docs" / "editing.md").read_text(encoding="utf-8")
    table = re.search(r"\| mode \| name \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", page)[1]
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert [row[:2] for row in rows] == [[mode.label, name] for name, mode in EDIT_MODES.items()]
    for name in ("cli.md", "protocol.md"):
        assert "(editing.md#modes)" in (ROOT / "docs" / name).read_text(encoding="utf-8")
