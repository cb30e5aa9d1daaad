"""The table of translations. That all is in it is held by tests/blender/test_translations.py."""

import json
import re

import pytest
from fakes import ROOT

ADDON = ROOT / "coamd_blender"
FILE = ADDON / "translations" / "messages.json"
TABLE = json.loads(FILE.read_text(encoding="utf-8"))
LANGUAGES = {"zh_HANS", "ja_JP", "de_DE", "es"}


def test_little_is_translated_that_nobody_says():
    sources = "".join(
        path.read_text(encoding="utf-8") for path in ADDON.rglob("*.py") if "translations" not in path.parts
    )
    flat = re.sub(r'"\s*\n\s*"', "", sources)
    unsaid = [text for text in TABLE if f'"{text}"' not in flat]
    assert len(unsaid) < 0.06 * len(TABLE), unsaid


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_message_is_there_in_every_language_and_ends_as_it_does_in_english(language):
    for english, texts in TABLE.items():
        assert set(texts) == LANGUAGES, english
        text = texts[language]
        assert text.strip() == text and text, english
        for sign in ("?", ":", "..."):
            wide = chr(ord(sign[0]) + 0xFEE0)  # as it is written in Chinese and Japanese
            assert not english.endswith(sign) or text.endswith((sign, wide)), (english, text)
        assert set(re.findall(r"\d+", english)) <= set(re.findall(r"\d+", text)), (english, text)


def test_chinese_and_japanese_are_written_in_their_own_letters():
    names = {"T", "A"}
    for english, texts in TABLE.items():
        for language in ("zh_HANS", "ja_JP"):
            assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", texts[language]) or english in names, (english, language)
