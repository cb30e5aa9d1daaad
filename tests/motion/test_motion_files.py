"""The table of motion files: the readers, the command line, Blender's button and the pages say what it says.

And texts, whoever wrote them.
"""

import hashlib
import os

import pytest
from fakes import ROOT

from coamd_blender.motion import files
from coamd_blender.motion.files import BLENDER_FILES, RUNTIME_FILES, is_deep, listed, parse_json, read_text
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


def test_a_file_is_summed_up_to_a_size_that_no_sparse_file_can_pass(tmp_path, monkeypatch):
    path = tmp_path / "a.bvh"
    path.write_bytes(b"motion" * 300_000)
    assert files.digest_of(path) == hashlib.sha256(b"motion" * 300_000).hexdigest()
    monkeypatch.setattr(files, "MOST_BYTES", path.stat().st_size)
    assert files.digest_of(path)
    with path.open("ab") as file:
        file.write(b"n")
    with pytest.raises(OSError, match="more than"):
        files.digest_of(path)


def test_a_text_is_read_from_a_plain_file_of_a_text_s_size(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffé".encode())
    assert read_text(path) == "é"
    path.write_bytes(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        read_text(path)
    monkeypatch.setattr(files, "MOST_TEXT", 4)
    path.write_bytes(b"12345")
    with pytest.raises(ValueError, match="longer than"):
        read_text(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_never_ends_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OSError, match="not a file"):
            read_text(path)


@pytest.mark.parametrize("depth", [33, 900, 100_000])
def test_lists_in_lists_are_refused_before_anything_recurses_into_them(depth):
    with pytest.raises(ValueError, match="deep"):
        parse_json("[" * depth + "]" * depth)
    with pytest.raises(ValueError, match="deep"):
        parse_json('{"a":' * depth + "0" + "}" * depth)


def test_what_people_nest_is_read():
    text = "[" * 32 + "]" * 32
    assert is_deep(parse_json(text)) is False and is_deep([parse_json(text)])
    assert parse_json('{"a": [{"b": [1]}]}') == {"a": [{"b": [1]}]}
