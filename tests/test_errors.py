"""Errors are written for who reads them: a capital first, plain English, and always a remedy."""

import ast
import re

import pytest
from fakes import ROOT

from coamd_blender.errors import LONGEST, Cancelled, CoamdError, InputError, all_errors

CLASSES = {error.__name__ for error in all_errors().values()} - {Cancelled.__name__}
RAISED = [
    (f"{path.relative_to(ROOT)}:{node.lineno}", node)
    for package in ("coamd_blender", "runtime")
    for path in sorted((ROOT / package).rglob("*.py"))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in CLASSES
]


def text(node) -> str | None:
    """The text of an argument, what is put in shown as {}; None when it is not written out."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def test_the_errors_are_found():
    assert len(RAISED) > 300 and len({place.split(":")[0] for place, _ in RAISED}) > 80


@pytest.mark.parametrize(
    "what, wrong",
    [
        (
            "has no remedy",
            lambda node, texts: (len(node.args) < 2 and not isinstance(node.args[0], ast.Starred)) or texts[1:] == [""],
        ),
        (
            "does not begin with a capital",
            lambda node, texts: any(t and t[0].isalpha() and t[0].islower() for t in texts),
        ),
        ("is of more than one line", lambda node, texts: any(t and "\n" in t for t in texts)),
        (
            "says 'is no', not 'is not a'",
            lambda node, texts: any(t and re.search(r"(?<![Tt]here )\b(is|are|be) no\b", t) for t in texts),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_error_that_is_raised_says_what_is_wrong_and_what_to_do(what, wrong):
    found = [place for place, node in RAISED if wrong(node, [text(argument) for argument in node.args[:2]])]
    assert not found, f"an error {what}: {', '.join(found)}"


def test_an_error_is_one_line_that_holds_both():
    error = InputError("The prompt\nis empty", "Write  one")
    assert (error.message, error.hint, str(error)) == (
        "The prompt is empty",
        "Write one",
        "The prompt is empty - Write one",
    )
    assert str(CoamdError("The runtime failed")) == "The runtime failed"


def test_every_class_has_its_own_code():
    classes = all_errors()
    assert len(classes) == len(CLASSES) + 1 and all(error.code == code for code, error in classes.items())


def test_an_error_has_a_bounded_length_and_can_be_sent_whatever_is_put_into_it():
    path = "/home/" + "x" * 400_000 + "/walk.bvh"
    error = InputError(f"{path} cannot be read\n\udcff", "Choose another one " * 1000)
    assert len(error.message) == len(error.hint) == LONGEST
    assert error.message.startswith("/home/xxx") and error.message.endswith("xxx/walk.bvh cannot be read ?")
    assert str(error).encode("utf-8")
    assert InputError("y" * LONGEST, "").message == "y" * LONGEST, "what fits is left as it is"
