"""docs/developing.md leads somewhere: its files are there, and what it names in a file is defined in it.

That every path on any page exists is held by test_docs.py; here, that this page names nothing but whole paths.
"""

import re

import pytest
from fakes import ROOT

PAGE = (ROOT / "docs" / "developing.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")][1:]
NAMED = re.findall(r"`(\w+)` (?:in|of) `([\w./]+)`", PAGE)


def test_there_is_a_row_for_each_of_eleven_changes():
    assert len(ROWS) == 11 and all(len(row) == 3 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip())
def test_every_row_names_paths_and_all_of_them_exist(row):
    start, also = (re.findall(r"`([\w.]+/[\w./]*)`", cell) for cell in row[1:])
    assert start and also
    assert [path for path in (*start, *also) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name, path", NAMED, ids=lambda value: value.rsplit("/")[-1])
def test_what_is_named_in_a_file_is_defined_there(name, path):
    files = [ROOT / path] if path.endswith(".py") else sorted((ROOT / path).rglob("*.py"))
    defined = re.compile(rf"^ *(?:def|class) {name}\b|^ *{name}\b.*[:=]", re.MULTILINE)
    assert any(defined.search(file.read_text(encoding="utf-8")) for file in files), (name, path)


def test_the_readme_leads_here():
    assert "(docs/developing.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
