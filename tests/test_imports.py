"""The boundaries between the rooms: who may import what."""

import ast
import subprocess
import sys

import pytest
from fakes import ROOT

ADDON, RUNTIME = ROOT / "coamd_blender", ROOT / "runtime"
LEAVES = (
    *("errors", "lazy", "motion", "motion.skeleton", "wire", "wire.protocol", "wire.client", "wire.jobs"),
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
SHARED = {"errors", "motion", "wire"}  # rooms of the add-on that the runtime may use
# Which rooms of the add-on a room may import, besides errors and lazy. A new arrow is a decision.
_BELOW = {"setup", "core", "anim", "retarget", "motion", "wire"}
ARROWS = {
    "motion": set(),
    "wire": {"motion"},
    "retarget": {"motion"},
    "anim": {"retarget", "motion"},
    "core": {"anim", "wire"},
    "setup": {"core", "wire"},
    "generate": _BELOW,
    "edit": _BELOW | {"generate"},  # a storyboard becomes a take
    "recognize": _BELOW,
    "library": _BELOW | {"recognize"},  # their settings and results are one property group each
    "rig_mapping": _BELOW,
    "character": {"motion"},
    "tools": _BELOW | {"character"},
}


def sources(folder):
    found = sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    assert found, folder
    return found


def imports(path) -> list[tuple[int, str, list[str], int]]:
    """(level, module, names, line) of every import in a file; level 0 is an absolute import."""
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


def test_the_add_on_uses_the_standard_library_numpy_and_blender_alone_and_imports_itself_relatively():
    known = set(sys.stdlib_module_names) | BLENDER | {"numpy"}
    assert offences(ADDON, lambda path, level, module, names: level > 0 or module.split(".")[0] in known) == []


def test_no_relative_import_leaves_the_add_on():
    def inside(path, level, module, names):
        return level <= len(path.relative_to(ADDON).parts)

    assert offences(ADDON, inside) == []


def room_of(path) -> str:
    """The room of the add-on that a file is in; of those that are in none, their own name."""
    return path.relative_to(ADDON).with_suffix("").parts[0]


def rooms_imported(path) -> set[str]:
    """The rooms, its own left out, and the modules beside the rooms, that a file of the add-on imports."""
    found = set()
    for level, module, names, _ in imports(path):
        up = len(path.relative_to(ADDON).parts) - level
        if level and up <= 0:
            found |= {module.split(".")[0]} if module else set(names)
    return found - {room_of(path)}


def test_the_rooms_of_the_add_on_stand_on_one_another_and_in_no_circle():
    assert {room_of(path) for path in sources(ADDON) if len(path.relative_to(ADDON).parts) > 1} == set(ARROWS)
    for path in sources(ADDON):
        if (room := room_of(path)) in ARROWS:
            beside = {"errors", "lazy", *(("register", "unregister") if room == "tools" else ())}
            assert rooms_imported(path) - beside <= ARROWS[room], path.relative_to(ROOT)
    below: dict[str, set[str]] = {}
    while len(below) < len(ARROWS):
        free = [room for room in ARROWS if room not in below and ARROWS[room] <= set(below)]
        assert free, f"in a circle: {set(ARROWS) - set(below)}"
        below |= {room: ARROWS[room] for room in free}


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


def test_training_and_evaluation_are_not_imported_by_the_model():
    def allowed(path, level, module, names):
        return not module.startswith(("runtime.train", "runtime.evaluate"))

    assert offences(RUNTIME / "model", allowed) == []


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
