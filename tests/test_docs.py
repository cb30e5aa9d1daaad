"""The pages of the repository: links lead somewhere, the paths and modules they name are there, README is short."""

import re
from functools import cache
from pathlib import Path

import pytest
from fakes import ROOT

ROOMS = ("coamd_blender", "runtime", "tests", "docs", "weights")
PAGES = sorted([*ROOT.glob("*.md"), *(page for room in ROOMS for page in (ROOT / room).rglob("*.md"))])
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`|^    (.+)$", re.MULTILINE)  # a code span, or a line of an indented block
YOURS = {"batch.py"}  # what a reader writes
LONGEST_README, LARGEST_PICTURE = 600, 3_000_000


def every_page(test):
    """Run ``test`` once a page."""
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())(test)


def code(text: str) -> list[str]:
    """All code of a page: its spans and the lines of its indented blocks."""
    return [span or line for span, line in CODE.findall(text)]


@cache
def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of ``page``."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_pages_are_found():
    names = {page.relative_to(ROOT).as_posix() for page in PAGES}
    assert {"README.md", "CHANGELOG.md", "docs/benchmarks.md", "docs/paper.md", "weights/README.md"} <= names


@every_page
def test_every_relative_link_leads_to_a_file_and_every_anchor_to_a_heading(page):
    broken = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@every_page
def test_every_path_that_is_named_exists(page):
    named = re.compile(rf"(?<![\w./-])(?:{'|'.join(ROOMS)})/[\w./*-]*[\w*]")
    found = {path for span in code(page.read_text(encoding="utf-8")) for path in named.findall(span)}
    missing = [path for path in sorted(found) if not any(ROOT.glob(path))]
    assert missing == []


@every_page
def test_every_file_named_without_its_folder_exists(page):
    spans = code(page.read_text(encoding="utf-8"))
    names = {span for span in spans if re.fullmatch(r"[a-z_]+\.(py|toml)", span)}
    known = {
        path.name for path in (*ROOT.glob("*.*"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.*")))
    }
    assert sorted(names - known - YOURS) == []


@every_page
def test_every_module_that_a_command_runs_exists(page):
    found = re.findall(r"-m ((?:runtime|coamd_blender)[\w.]*)", page.read_text(encoding="utf-8"))
    files = {name: ROOT.joinpath(*name.split(".")) for name in found}
    missing = [name for name, file in files.items() if not (file.with_suffix(".py").exists() or file.is_dir())]
    assert missing == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.stem)
def test_commands_name_the_python_that_has_the_packages(page):
    spans = code(page.read_text(encoding="utf-8"))
    plain = [span for span in spans if re.search(r"(?<![\w/.])python3? (-m (runtime|coamd)|tests/)", span)]
    assert [span for span in plain if not span.startswith("ssh ")] == []


def test_readme_is_short_and_meets_no_percentage_before_the_install_is_done():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.split()) < LONGEST_README
    before, _, after = text.partition("## What it does\n")
    assert "## Install" in before and "%" not in before and "%" in after


@pytest.mark.parametrize("house", ["coamd_blender", "runtime"])
def test_readme_names_every_room(house):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = re.search(rf"^    {house}/.*\n((?:      .*\n)+)", text, re.MULTILINE).group(1)
    rooms = {path.parent.name for path in (ROOT / house).glob("*/__init__.py")}
    assert sorted(room for room in rooms if f" {room}/" not in tree) == []


def test_readme_credits_the_data_as_its_owners_ask():
    words = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert (
        "The data used in this project was obtained from mocap.cs.cmu.edu. "
        "The database was created with funding from NSF EIA-0196217." in words
    )


def test_pictures_are_small_and_each_is_shown():
    shown = {link for page in PAGES for link in LINK.findall(page.read_text(encoding="utf-8"))}
    pictures = [path for path in (ROOT / "docs").iterdir() if path.suffix in (".png", ".gif")]
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size >= LARGEST_PICTURE] == []
    assert [path.name for path in pictures if not {path.name, f"docs/{path.name}"} & shown] == []
