"""The boundaries between the rooms: who may import what."""

import ast
import subprocess
import sys
from functools import cache

import pytest
from fakes import ROOT

ADDON, RUNTIME = ROOT / "coamd_blender", ROOT / "runtime"
LEAVES = (
    *("errors", "lazy", "motion", "motion.skeleton", "motion.contacts", "motion.files"),
    *("wire", "wire.limits", "wire.edit_modes", "wire.protocol", "wire.client", "wire.jobs", "wire.requests"),
    *("anim", "anim.range_keys", "anim.reduction", "anim.snapshot", "anim.checks", "anim.plan", "anim.steps"),
)
BLENDER = {
    "bpy",
    "mathutils",
    "bmesh",
    "gpu",
    "gpu_extras",
    "blf",
    "bl_math",
    "bpy_extras",
    "addon_utils",
    "rna_prop_ui",
    "idprop",
}

# Which room may import which; a room is a folder of coamd_blender or runtime, or a module beside the folders.
# A line here is a decision: most wishes for a new one are better met by moving what is wanted to a lower room.
SHARED = {"errors", "lazy", "motion", "retarget", "wire"}  # rooms of the add-on that the runtime may use
ARROWS = {
    "coamd_blender": {
        # leaves
        "errors": "",
        "lazy": "",
        "motion": "",
        "wire": "errors lazy motion",
        # rigs and Actions
        "retarget": "errors motion",
        "anim": "errors lazy motion retarget",
        "character": "errors lazy motion",
        "blocks": "anim core errors lazy motion wire",
        # the features
        "core": "anim errors lazy motion wire",
        "setup": "core errors lazy wire",
        "fingers": "anim core errors lazy retarget",
        "guides": "anim core errors lazy motion retarget",
        "generate": "anim blocks core errors fingers guides lazy motion retarget setup wire",
        "edit": "anim blocks core errors guides lazy motion retarget setup wire",
        "engines": "anim clip_tools core errors lazy motion retarget setup wire",
        "clip_tools": "anim blocks core edit errors lazy motion retarget",
        "crowd": "anim blocks core errors generate lazy motion retarget setup wire",
        "recognize": "anim core errors lazy setup wire",
        "track": "anim blocks core edit errors generate lazy motion recognize wire",
        "library": "anim core errors lazy motion recognize retarget setup wire",
        "teach": "anim core errors generate lazy motion recognize setup wire",
        "rig_mapping": "anim core errors lazy motion retarget setup",
        "menus": "lazy",
        "translations": "lazy",
        "registration": "anim blocks character clip_tools core crowd edit engines fingers generate guides library "
        "menus recognize rig_mapping setup teach track translations",
        "__init__": "registration",
        # commands
        "tools": "__init__ anim character engines errors lazy motion retarget wire",
        "carry": "tools",
    },
    "runtime": {
        "config": "errors",
        "weights": "errors",
        "checkpoint": "config errors weights",
        "loop": "checkpoint config errors",
        "grammar": "lazy",
        # what a task is made of
        "formats": "errors lazy motion retarget",
        "model": "checkpoint config errors motion",
        "cleanup": "motion",
        # the tasks
        "generate": "checkpoint cleanup config errors grammar lazy model motion weights wire",
        "edit": "cleanup config errors formats generate lazy model motion wire",
        "recognize": "checkpoint config errors generate grammar lazy model motion weights wire",
        "library": "errors formats lazy motion recognize wire",
        "teach": "checkpoint config errors formats generate grammar lazy loop model motion recognize wire",
        # who carries them out
        "serve": "edit errors generate library motion recognize weights wire",
        "cli": "checkpoint compose config data edit errors evaluate formats generate library motion recognize serve "
        "teach train weights wire",
        "__main__": "cli",
        "__init__": "lazy",
        # what makes and judges the weights, and ships with none of the above
        "captions": "errors grammar motion",
        "authored": "errors motion",
        "compose": "authored captions data errors grammar lazy motion",
        "data": "captions errors formats lazy library model motion",
        "train": "authored captions checkpoint config data errors evaluate generate grammar lazy loop model motion "
        "recognize weights",
        "evaluate": "captions checkpoint cleanup compose config data edit errors formats generate lazy library "
        "model motion recognize retarget teach weights wire",
    },
}
BESIDE = {"authored", "captions", "compose", "data", "evaluate", "train"}  # needed by nobody who only uses the weights


def sources(folder):
    found = sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    assert found, folder
    return found


@cache
def imports(path) -> list[tuple[int, str, list[str], int]]:
    """(level, module, names, line) of every import in a file, in functions too; level 0 is an absolute import."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(0, alias.name, [], node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.level, node.module or "", [alias.name for alias in node.names], node.lineno))
    return found


def offences(folder, allowed) -> list[str]:
    """Imports below ``folder`` for which ``allowed(path, level, module, names)`` is false."""
    return [
        f"{path.relative_to(ROOT)}:{line}: {'.' * level}{module} {names}"
        for path in sources(folder)
        for level, module, names, line in imports(path)
        if not allowed(path, level, module, names)
    ]


# --- rooms ------------------------------------------------------------------------------------------------------------


def room_of(parts) -> tuple[str, str]:
    """(package, room) of a module's dotted name in parts; the package's own __init__ is a room of that name."""
    return parts[0], parts[1] if len(parts) > 1 else "__init__"


def imported_modules(path):
    """(parts of the name, line) of every module of the two packages that a file imports."""
    here = path.relative_to(ROOT).with_suffix("").parts
    for level, module, names, line in imports(path):
        base = [*here[: len(here) - level], *module.split(".")] if level else module.split(".")
        base = [part for part in base if part]
        if base[0] not in ARROWS:
            continue
        folder = ROOT.joinpath(*base)
        inside = [name for name in names if (folder / f"{name}.py").is_file() or (folder / name).is_dir()]
        targets = [[*base, name] for name in inside]
        if len(inside) < len(names) or not names:
            targets.append(base)
        yield from ((target, line) for target in targets)


def arrows(package) -> dict[tuple[str, str], str]:
    """{(room, room it imports): the first place where it does} of a package; the runtime's into the add-on too."""
    found = {}
    for path in sources(ROOT / package):
        here = path.relative_to(ROOT).with_suffix("").parts
        _, room = room_of(here)
        for target, line in imported_modules(path):
            other = room_of(target)[1]
            if other != room:
                found.setdefault((room, other), f"{path.relative_to(ROOT)}:{line}")
    return found


@pytest.mark.parametrize("package", ARROWS)
def test_rooms_import_only_the_rooms_that_the_table_names(package):
    allowed = {room: set(others.split()) for room, others in ARROWS[package].items()}
    new = {
        f"{room} -> {other} ({place})"
        for (room, other), place in arrows(package).items()
        if room in allowed and other not in allowed[room]
    }
    assert not new, f"a new arrow is a decision, see ARROWS in tests/test_imports.py: {sorted(new)}"
    missing = {room for room, _ in arrows(package)} - set(allowed)
    assert not missing, f"rooms without a line in ARROWS in tests/test_imports.py: {sorted(missing)}"


@pytest.mark.parametrize("package", ARROWS)
def test_no_line_of_the_table_is_left_over(package):
    table = {(room, other) for room, others in ARROWS[package].items() for other in others.split()}
    left = table - set(arrows(package))
    assert not left, f"nobody imports this any more, take it out of ARROWS: {sorted(left)}"


@pytest.mark.parametrize("package", ARROWS)
def test_there_is_no_circle(package):
    graph = {room: set(others.split()) for room, others in ARROWS[package].items()}

    def visit(room, way):
        assert room not in way, " -> ".join([*way[way.index(room) :], room])
        for other in sorted(graph.get(room, ())):
            visit(other, [*way, room])

    for room in graph:
        visit(room, [])


def test_what_ships_needs_nothing_that_makes_or_judges_weights():
    for room, others in ARROWS["runtime"].items():
        if room not in BESIDE | {"cli"}:
            assert not set(others.split()) & BESIDE, room


# --- other packages ---------------------------------------------------------------------------------------------------


def test_the_add_on_uses_the_standard_library_numpy_and_blender_alone_and_imports_itself_relatively():
    known = set(sys.stdlib_module_names) | BLENDER | {"numpy"}
    assert offences(ADDON, lambda path, level, module, names: level > 0 or module.split(".")[0] in known) == []


def test_no_relative_import_leaves_the_add_on():
    def inside(path, level, module, names):
        return level <= len(path.relative_to(ADDON).parts)

    assert offences(ADDON, inside) == []


def test_leaves_and_retargeting_name_no_blender_module():
    rooms = (ADDON / room for room in ("motion", "wire", "retarget"))
    leaves = {ADDON / "__init__.py", ADDON / "errors.py", *(path for room in rooms for path in sources(room))}

    def clean(path, level, module, names):
        return path not in leaves or module.split(".")[0] not in BLENDER

    assert offences(ADDON, clean) == []


def test_the_runtime_never_imports_blender_and_only_the_shared_rooms_of_the_add_on():
    def allowed(path, level, module, names):
        root, _, rest = module.partition(".")
        if level > 0 or root != "coamd_blender":
            return root not in BLENDER
        return rest.split(".")[0] in SHARED if rest else bool(names) and set(names) <= SHARED

    assert offences(RUNTIME, allowed) == []


@pytest.mark.parametrize(
    "module", ["coamd_blender", *(f"coamd_blender.{leaf}" for leaf in LEAVES), "coamd_blender.retarget"]
)
def test_importing_a_leaf_loads_neither_torch_nor_blender(module):
    heavy = BLENDER | {"torch", "scipy", "runtime"}
    code = f"import sys, {module}; print(sorted({heavy!r} & {{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_importing_the_package_imports_nothing_of_it():
    code = "import sys, coamd_blender; print([name for name in sys.modules if name.startswith('coamd_blender.')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_server_and_the_command_line_load_no_torch():
    code = "import sys, runtime.serve.server, runtime.cli.main; print('torch' in sys.modules, 'bpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
