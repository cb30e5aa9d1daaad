"""docs/protocol.md says what the code does: names, bounds, limits."""

import dataclasses
import re

import pytest
from fakes import ROOT

from coamd_blender.wire import limits, protocol
from coamd_blender.wire.requests import REQUESTS

PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]


def row(name: str) -> list[str]:
    """The cells of the row whose first cell is ``name``."""
    return next(cells for cells in ROWS if cells[0] == name)


def test_the_frame_is_described_with_its_bounds():
    assert protocol.MAGIC.hex(" ").upper() in PAGE
    for bound in (protocol.MAX_HEADER_BYTES, protocol.MAX_BODY_BYTES):
        assert f"at most {bound:,}" in PAGE
    assert f"at most {protocol.MAX_ARRAYS} " in PAGE
    assert all(f"`{name}`" in PAGE for name in protocol.DTYPES)


@pytest.mark.parametrize("name", protocol.MESSAGE_TYPES)
def test_every_message_and_its_fields_are_listed(name):
    cells = next(cells for cells in ROWS if len(cells) == 3 and cells[1] == f"`{name}`")
    fields = [field.name for field in dataclasses.fields(protocol.MESSAGE_TYPES[name]) if field.name != "arrays"]
    assert [field for field in fields if f"`{field}`" not in cells[2]] == []


@pytest.mark.parametrize("task", REQUESTS)
def test_every_request_and_its_fields_are_listed(task):
    _, fields, arrays, _ = row(f"`{task}`")
    renamed = {"parts": "joints"}
    for field in dataclasses.fields(REQUESTS[task]):
        where = arrays if field.type.startswith("np.ndarray") else fields
        assert f"`{renamed.get(field.name, field.name)}" in where, field.name


@pytest.mark.parametrize(
    "what, low, high",
    [
        ("`seconds` of a motion", limits.SHORTEST_SECONDS, limits.LONGEST_SECONDS),
        ("`seconds` of a scene", limits.SHORTEST_SCENE, limits.LONGEST_SCENE),
        ("seeds", 0, limits.LARGEST_SEED),
        ("prompts of a request", 1, limits.MOST_COPIES),
        ("`cfg`, `guidance`", 0, limits.LARGEST_WEIGHT),
        ("strength of a style", 0, limits.LARGEST_STRENGTH),
        ("styles of a request", 0, limits.MOST_STYLES),
        ("`weight`", 0, limits.LARGEST_SHIFT),
        ("`top`", 1, limits.MOST_RESULTS),
        ("`poses`", 1, limits.MOST_POSES),
    ],
)
def test_limits_are_those_of_the_table(what, low, high):
    assert [float(number) for number in row(what)[1:]] == [low, high]


def test_loops_are_those_of_the_table():
    told = re.search(r"loops are (.*?)\. Limits", PAGE, re.DOTALL)
    assert re.findall(r"`(\w+)`", told[1]) == list(limits.LOOPS)
