"""The file that says which clip shows what."""

from pathlib import Path

import pytest

from coamd_blender.errors import InputError
from runtime.teach.words import read_words, sentences_of

CLIPS = [Path("clips/dance_1.bvh"), Path("clips/dance_2.bvh"), Path("clips/more/bow.npz")]


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "words.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_rows_name_files_or_patterns_and_a_clip_may_have_several_sentences(tmp_path):
    path = written(
        tmp_path, '\ufefffile,sentence\ndance_*.bvh,she does the victory dance\n\nbow.npz,"he bows, then stands"\n'
    )
    words = read_words(path)
    assert words == [("dance_*.bvh", "she does the victory dance"), ("bow.npz", "he bows, then stands")]
    words.append(("dance_2.bvh", "a dance"))
    assert sentences_of(CLIPS, words) == {
        CLIPS[0]: ["she does the victory dance"],
        CLIPS[1]: ["she does the victory dance", "a dance"],
        CLIPS[2]: ["he bows, then stands"],
    }


def test_commas_without_quotes_belong_to_the_sentence(tmp_path):
    assert read_words(written(tmp_path, "a.bvh,walks, then sits\n")) == [("a.bvh", "walks, then sits")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no sentence"),
        ("file,sentence\n", "holds no sentence"),
        ("a.bvh,walks\nb.bvh\n", "Line 2 of .* has no file or no sentence"),
        ("a.bvh, \n", "Line 1"),
        (",walks\n", "Line 1"),
    ],
)
def test_a_row_without_a_sentence_is_named(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        read_words(written(tmp_path, text))


def test_files_that_are_no_text_or_not_there_are_refused(tmp_path):
    with pytest.raises(InputError, match="not UTF-8"):
        read_words(written(tmp_path, "a.bvh,geht müde\n", "latin-1"))
    with pytest.raises(InputError, match="cannot be read"):
        read_words(tmp_path / "none.csv")


def test_a_name_that_no_clip_has_is_refused():
    with pytest.raises(InputError, match=r"No clip is called walk\.bvh"):
        sentences_of(CLIPS, [("walk.bvh", "walks")])
