"""Docstrings of what takes or returns arrays: a public function says the shape of each, and what the numbers are in.

A parameter's shape stands behind its name, in the same sentence: "``joints`` (frames, 22, 3)", "a and b, both (n, 4)".
What is returned has a shape besides, be it "the same shape", or is a parameter: "Return ``joints`` (frames, 22, 3)".
"""

import ast
import re
from dataclasses import dataclass

import pytest
from fakes import ROOT

ARRAY = re.compile(r"\b(ndarray|Tensor)\b")
CALLED = re.compile(r"Callable\[.*\]")  # what a callback takes and returns, its own comment or docstring says
NAMES = (
    "batch captions channels classes clips columns count dim draws features feet fps frames frames' groups heads "
    "height inputs items joints keys labels latent_dim length motions others outputs pairs points projection prompts "
    "queries rank rows samples seeds side size start steps stop target targets texts text_dim token_dim tokens width "
    "windows words"
).replace(" ", "|")
WORDS = "all|about|at most|cell|context|head|test|training"  # that may stand before a name
AXIS = rf"(?:(?:{WORDS}) )?(?:[1-9]\d*|[A-Z]\w*|[dkmn]|{NAMES})"
SIZE = rf"(?:\.\.\.?|{AXIS}(?: [*/+-] {AXIS})*)"
SHAPE = re.compile(rf"\((?:{SIZE},|{SIZE}(?:, {SIZE})+|\.\.\.)(?:: [xyz, a-z]+)?\)")
ALIKE = re.compile(r"\b(?:same|its|their|that|any|whatever) shapes?\b|\bshapes? (?:and \w+ )?(?:of|as)\b|\bscalars?\b")
SENTENCE = re.compile(r"[.;](?=\s|$)")
UNIT = re.compile(
    r"(?<![\w('])(?:metres?|m|cm|mm|millimetres|centimetres|pixels|m/s(?:\^[23])?|seconds|s|(?:a|per) second|hertz"
    r"|frame numbers|a frame|radians?|degrees|per cent|units?|bool|u?int(?:8|16|32|64)?|float16|bytes"
    # what has none by its nature
    r"|quaternions?|rotations?|matrix|matrices|ind(?:ex|ices)|class numbers|ranks?|cosines?"
    r"|(?:log-)?probabilit(?:y|ies)|logits|shares?|fractions?|scores?|normalised|features|embeddings?)(?![\w)])"
)


@dataclass(frozen=True)
class Signature:
    """A public function as its docstring must describe it."""

    place: str
    arrays: tuple[str, ...]  # parameters
    returns: bool  # an array
    docstring: str


def is_array(annotation: ast.expr | None) -> bool:
    """Tell whether an annotation names arrays, alone or in a container, but for those a callback deals in."""
    return annotation is not None and ARRAY.search(CALLED.sub("", ast.unparse(annotation))) is not None


def signatures(body: list[ast.stmt], place: str) -> list[Signature]:
    """Find the public functions and methods with arrays among the statements of a module or class."""
    found = []
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("_"):
            continue
        if isinstance(node, ast.ClassDef):
            found += signatures(node.body, f"{place} {node.name}")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            every = [*node.args.posonlyargs, *node.args.args, node.args.vararg, *node.args.kwonlyargs, node.args.kwarg]
            arrays = tuple(each.arg for each in every if each is not None and is_array(each.annotation))
            if arrays or is_array(node.returns):
                text = ast.get_docstring(node) or ""
                found.append(Signature(f"{place} {node.name}", arrays, is_array(node.returns), text))
    return found


def faults(function: Signature) -> list[str]:
    """Return what the docstring does not say: a parameter's shape, that of what is returned, any unit."""
    text = ALIKE.sub("§", SHAPE.sub("§", " ".join(function.docstring.split())))
    sentences = SENTENCE.split(text)
    shapes = {(index, each.start()) for index, part in enumerate(sentences) for each in re.finditer("§", part)}
    found, own = [], set()
    for name in function.arrays:
        named = [
            (index, hit) for index, part in enumerate(sentences) for hit in re.finditer(rf"\b{name}\b[^§]*§", part)
        ]
        if named:
            index, nearest = min(named, key=lambda each: len(each[1].group()))
            own.add((index, nearest.end() - 1))
        else:
            found.append(f"shape of {name}")
    given_back = re.search(rf"\bReturns? ``(?:{'|'.join(function.arrays)})`` §", text) if function.arrays else None
    if function.returns and not (shapes - own) and not given_back:
        found.append("shape of what is returned")
    if not UNIT.search(text):
        found.append("unit")
    return found


def test_every_public_array_function_states_shapes_and_unit():
    functions = [
        signature
        for package in ("coamd_blender", "runtime")
        for path in sorted((ROOT / package).rglob("*.py"))
        for signature in signatures(ast.parse(path.read_text("utf-8")).body, path.relative_to(ROOT).as_posix())
    ]
    assert len(functions) > 500
    lacking = {function.place: faults(function) for function in functions}
    assert {place: missing for place, missing in lacking.items() if missing} == {}


LEVEL = "Return the mean of ``joints`` (frames, 22, 3)"


@pytest.mark.parametrize(
    ("docstring", "missing"),
    [
        (f"{LEVEL}, metres: (frames, 3).", []),
        (f"{LEVEL}, metres, the same shape.", []),
        ("Return ``joints`` (frames, 22, 3), metres, checked.", []),
        (f"{LEVEL}, metres.", ["shape of what is returned"]),
        (f"{LEVEL}: (frames, 3).", ["unit"]),
        ("Return the mean (frames, 3), metres, of ``joints``.", ["shape of joints"]),
        ("Return the mean of ``joints``. It is (frames, 3), metres.", ["shape of joints"]),
        (
            "Return the mean (in metres, as asked) of ``joints`` (see above).",
            ["shape of joints", "shape of what is returned"],
        ),
        ("", ["shape of joints", "shape of what is returned", "unit"]),
    ],
)
def test_what_a_docstring_does_not_say_is_found(docstring, missing):
    source = f"def mean(joints: np.ndarray, rate: float) -> np.ndarray:\n    {docstring!r}"
    (function,) = signatures(ast.parse(source).body, "room.py")
    assert function.place == "room.py mean" and function.arrays == ("joints",)
    assert faults(function) == missing


def test_functions_without_arrays_private_ones_and_callbacks_are_left_out():
    source = "def f(x: float): ...\ndef _g(x: np.ndarray): ...\ndef h(x: Callable[[np.ndarray], np.ndarray]): ..."
    assert signatures(ast.parse(source).body, "room.py") == []
    inside = "class Room:\n    def f(self, *, x: list[np.ndarray] | None = None): ..."
    assert [(one.place, one.arrays) for one in signatures(ast.parse(inside).body, "a.py")] == [("a.py Room f", ("x",))]
