"""The table of motion files: the readers, the command line, Blender's button and the pages say what it says."""

import pytest
from fakes import ROOT

from coamd_blender.motion.files import BLENDER_FILES, RUNTIME_FILES, listed
from runtime.cli.main import build_parser
from runtime.formats.read import READERS


def test_a_list_in_words():
    assert [listed(words, "or") for words in (("a",), ("a", "b"), ("a", "b", "c"))] == ["a", "a or b", "a, b or c"]


def test_every_file_that_the_runtime_reads_has_a_reader():
    assert tuple(READERS) == RUNTIME_FILES and not set(READERS) & set(BLENDER_FILES)


@pytest.mark.parametrize("verb", ["recognize", "convert", "index"])
def test_the_help_of_a_verb_names_them_all(verb):
    (verbs,) = build_parser()._subparsers._group_actions
    help_text = verbs.choices[verb].format_help()
    assert [suffix for suffix in RUNTIME_FILES if suffix not in help_text] == []


@pytest.mark.parametrize("page", ["cli.md", "library.md"])
def test_the_pages_name_them_all(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert [suffix for suffix in (*RUNTIME_FILES, *BLENDER_FILES) if suffix not in text] == []
