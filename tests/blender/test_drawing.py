"""Text of the panels is wrapped by the pixels that it takes."""

from itertools import pairwise

import pytest

bpy = pytest.importorskip("bpy")

from coamd_blender.core.drawing import text_width, wrapped  # noqa: E402

SENTENCES = (
    "There are no words to choose among - Enter some, separated by commas, or turn Own Words off",
    "WWWWWW iiiiii WWWWWW iiiiii WWWWWW iiiiii",
    "没有可供选择的词语 - 请输入一些\uff0c用逗号分隔\uff0c或关闭“自定义词语”",
    "coamd/a/path/without/any/space/that/is/wider/than/a/line/of/the/panel.npz cannot be read",
)


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("width", [120.0, 180.0, 400.0, 5000.0])
def test_no_line_is_wider_and_nothing_is_lost(text, width):
    lines = wrapped(text, width)
    assert all(text_width(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert (len(lines) == 1) == (text_width(" ".join(text.split())) <= width)
    assert not any(line[0] in "\uff0c\u3002\u3001\u201d" for line in lines)


def test_lines_are_full_and_words_are_whole_where_they_fit():
    lines = wrapped(SENTENCES[0], 200.0)
    words = SENTENCES[0].split()
    assert [word for line in lines for word in line.split()] == words
    for line, following in pairwise(lines):
        assert text_width(f"{line} {following.split()[0]}") > 200.0


def test_no_text_has_no_line():
    assert wrapped("  ", 100.0) == []
