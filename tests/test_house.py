"""The house stays easy to find one's way in: short functions, short files, few modules beside the rooms."""

import ast

import pytest
from fakes import ROOT

LONGEST_FUNCTION, LONGEST_FILE, MOST_MODULES = 50, 500, 6
ROOMS = ("coamd_blender", "runtime", "tests", "docs")


def sources():
    """Every Python file of the repository."""
    return sorted([*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))])


def long_functions(text: str) -> list[str]:
    """Name and lines, decorators not counted, of the functions in a file's ``text`` that are too long."""
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = [(node.name, node.end_lineno - node.lineno + 1) for node in functions]
    return [f"{name}: {length} lines" for name, length in lengths if length > LONGEST_FUNCTION]


def test_a_function_too_long_is_found_wherever_it_stands():
    body = "        pass\n" * LONGEST_FUNCTION
    assert long_functions(f"class House:\n    def room(self):\n{body}") == ["room: 51 lines"]
    assert long_functions(f"def house():\n    async def room():\n{body}") == ["house: 52 lines", "room: 51 lines"]
    assert long_functions("def room():\n" + body[len("        pass\n") :]) == []


def test_no_function_is_too_long():
    found = {path.relative_to(ROOT).as_posix(): long_functions(path.read_text(encoding="utf-8")) for path in sources()}
    assert len(found) > 400
    assert {path: functions for path, functions in found.items() if functions} == {}


def test_no_file_is_too_long():
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in sources()}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


@pytest.mark.parametrize("package", ["coamd_blender", "runtime"])
def test_few_modules_stand_beside_the_rooms(package):
    modules = sorted(path.name for path in (ROOT / package).glob("*.py"))
    assert "__init__.py" in modules
    assert len(modules) <= MOST_MODULES, modules


def test_no_two_test_files_have_one_name():
    """Pytest would take one for the other."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) > 100 and not sorted({name for name in names if names.count(name) > 1})
