"""Every text of the interface is translated: what is said in the sources, and what the registered classes show.

A new text fails here until it has its line in messages.json, or is named below with why it needs none.
"""

import ast
import json
import re

import pytest
from fakes import ROOT

bpy = pytest.importorskip("bpy")

ADDON = ROOT / "coamd_blender"
TABLE = json.loads((ADDON / "translations" / "messages.json").read_text(encoding="utf-8"))
SILENT = {"tools", "translations"}  # rooms without an interface
# What is told to programs that speak the protocol, and to nobody who uses the panels.
TO_PROGRAMS = {"wire/array_checks.py", "wire/checks.py", "wire/protocol.py", "wire/requests", "anim/clip_file.py"}
# Blender's own catalogue has these in all four languages, or in all in which they are other words.
BLENDERS = {"Action", "Actions", "All", "Armature", "Bone", "CPU", "CUDA", "Color", "Down", "Engine", "Error", "File",
            "First", "Frame", "Frames", "From", "IK", "Index", "Key", "Last",
            "Left", "Library", "Name", "None", "Number", "Object",
            "Off", "Options", "Preview", "Python", "Rate", "Right", "Roughness", "Scene", "Source", "Standard",
            "State", "To", "Up", "X", "Y", "Z", "File Path", "Check Existing"}  # fmt: skip
# They are the same everywhere.
NAMES = {"Apple GPU", "CoAMD", "FK", "G", "Godot", "MPS", "Roblox", "Unity", "Unreal Engine"}
# Names of data-blocks, sockets, bones and classes, and what other programs print.
NOT_SHOWN = {"Base Color", "Dopesheet", "Layer", "Object Transforms", "Rig", "Root", "Workflow",
             "Collecting ", "Downloading ", "Error: ", "Error: Python: Traceback", "File ", "Installing collected",
             "Location:", "Python: Traceback", "Requirement already satisfied", "Scripts/python.exe", "Using cached ",
             "No space left on device|ENOSPC|not enough space on the disk|Disk quota exceeded",
             "No matching distribution found|Could not find a version"}  # fmt: skip
# What stands in a sentence that is put together: such sentences stay English.
PARTS = {"Not found: ", "The classifier-free weight", "The number of draws",
         "Try again; it starts anew. Systems end a program so when memory runs out: "}  # fmt: skip
# Of the command line alone, or of a mapping written by hand.
BY_HAND = {'Give "bones": {"pelvis": "BONE NAME", ...}', "Leave out --one-file"}

TEXT = re.compile(r"[A-Z](?:[a-z]|[' ]|$)")


def known(text):
    return text in TABLE or text in BLENDERS | NAMES | NOT_SHOWN | PARTS | BY_HAND


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def beside_the_interface(tree):
    """Nodes whose texts are no texts of the interface: docstrings, tooltips, and sentences that are put together."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            yield node.body[0] if isinstance(node.body[0], ast.Expr) else None
            if getattr(node, "name", "") == "description":  # an operator's tooltip
                yield node
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.keyword) and node.arg == "description"):
            yield node
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "bl_description":
            yield node


def said(path):
    """The texts in a module that read as such: a capital, then small letters; not CamelCase."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    beside = {id(part) for node in beside_the_interface(tree) if node is not None for part in ast.walk(node)}
    found = {node.value for node in ast.walk(tree) if is_text(node) and id(node) not in beside}
    return {text for text in found if TEXT.match(text) and not re.search("[a-z][A-Z]", text.split(" ")[0])}


def shown():
    """What registered classes show of themselves: names of classes, properties and choices; and all tooltips."""
    from coamd_blender import registration

    names, tooltips = set(), set()
    for cls in registration.CLASSES:
        names.add(getattr(cls, "bl_label", ""))
        struct = cls.bl_rna
        if hasattr(cls, "execute"):
            group, name = cls.bl_idname.split(".")
            struct = getattr(getattr(bpy.ops, group), name).get_rna_type()
        own = {key for part in cls.__mro__ for key in getattr(part, "__annotations__", {})}
        for prop in (prop for prop in struct.properties if prop.identifier in own):
            names.add(prop.name if prop.name != prop.identifier else "")  # unnamed: never drawn with its name
            tooltips.add(prop.description)
            if prop.type == "ENUM":
                names |= {item.name for item in prop.enum_items}
                tooltips |= {item.description for item in prop.enum_items}
    return names - {""}, tooltips - {""}


def test_what_is_registered_is_named_in_every_language(addon):
    names, _ = shown()
    assert len(names) > 250
    assert {name for name in names if re.search("[A-Za-z]{2}", name) and not known(name)} == set()


def test_what_is_said_in_the_sources_is_translated(addon):
    _, tooltips = shown()
    missing = {}
    for path in sorted(ADDON.rglob("*.py")):
        name = path.relative_to(ADDON).as_posix()
        if name.split("/")[0] in SILENT or any(name.startswith(one) for one in TO_PROGRAMS):
            continue
        new = {text for text in said(path) if not known(text)} - tooltips
        if new:
            missing[name] = sorted(new)
    assert missing == {}


def test_what_needs_no_translation_is_still_said():
    everything = {node.value for path in ADDON.rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))
                  if is_text(node)}  # fmt: skip
    assert everything >= NAMES | NOT_SHOWN | PARTS | BY_HAND


def test_a_text_that_nobody_translated_is_found(tmp_path):
    module = tmp_path / "panel.py"
    module.write_text(
        '"""Docs stay."""\n'
        'label(text="Brand New" if new else "Entirely Old")\n'
        'row.prop(x, text=f"{number} Frames", description="A tooltip")\n'
        'fail("Something broke", "Mend it")\n'
        'kind = "UPPER", "lower", "CamelCase", "coamd.operator"\n'
    )
    assert said(module) == {"Brand New", "Entirely Old", "Something broke", "Mend it"}
