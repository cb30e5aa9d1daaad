"""The translations against what the interface says: collected from the sources, not from the table."""

import ast
import json
import re

import pytest
from fakes import ROOT

ADDON = ROOT / "coamd_blender"
FILE = ADDON / "translations" / "messages.json"
TABLE = json.loads(FILE.read_text(encoding="utf-8"))
LANGUAGES = {"zh_HANS", "ja_JP", "de_DE", "es"}
ROOMS = ("blocks", "clip_tools", "core", "crowd", "edit", "fingers", "generate", "guides", "library", "menus",
         "recognize", "rig_mapping", "setup", "teach", "track")  # fmt: skip
# Blender translates these itself, or they are names.
KNOWN = {"Action", "Armature", "Bone", "CPU", "CUDA", "CoAMD", "Error", "FK", "File", "First", "Folder", "Frames",
         "From", "IK", "Last", "Left", "Library", "MPS", "Name", "None", "Object", "Off", "On", "Preview", "Python",
         "Right", "Scene", "Source", "To", "Up", "Down", "All", "Number", "Key"}  # fmt: skip


def constant(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def said(tree):
    """Labels of classes, names of properties that are drawn, texts of labels and buttons, and messages for people."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(getattr(one, "id", "") == "bl_label" for one in node.targets):
            yield constant(node.value)
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in {"label", "operator", "menu"} or name.endswith("Property"):
            yield from (constant(one.value) for one in node.keywords if one.arg in {"text", "name"})
        if name in {"draw_text"} and len(node.args) > 1:
            yield constant(node.args[1])
        if name == "poll_message_set" or (name in {"InputError", "RigError", "RuntimeUnavailable"} and node.args):
            yield from map(constant, node.args[:2])


def interface():
    """All that the interface says in fixed words, without what Blender translates itself."""
    found = set()
    for room in ROOMS:
        for path in (ADDON / room).rglob("*.py"):
            found |= set(said(ast.parse(path.read_text(encoding="utf-8"))))
    return {text for text in found if re.search("[A-Za-z]{2}", text)} - KNOWN


def test_most_of_what_the_interface_says_is_translated():
    said_here = interface()
    missing = said_here - set(TABLE)
    assert len(said_here) > 200
    assert len(missing) < 0.15 * len(said_here), sorted(missing)


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
