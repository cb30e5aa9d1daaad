"""Registering, unregistering and packaging the add-on."""

import importlib
import subprocess
import sys
import types
from pathlib import Path

import pytest

import build

bpy = pytest.importorskip("bpy")

ROOT = Path(__file__).resolve().parents[2]
_MEASURE = """
import sys, bpy
before = set(sys.modules)
import coamd_blender
coamd_blender.register()
print(",".join(sorted(name for name in set(sys.modules) - before if name.startswith("coamd_blender"))))
print(",".join(name for name in ("numpy", "torch") if name in set(sys.modules) - before))
coamd_blender.unregister()
"""


def our_classes():
    """Everything of ours that Blender knows."""
    return [name for name in dir(bpy.types) if name.startswith("COAMD_")] + dir(bpy.ops.coamd)


def test_registering_twice_leaves_nothing_behind():
    import coamd_blender

    handlers = list(bpy.app.handlers.load_pre)
    for _ in range(2):
        coamd_blender.register()
        assert "COAMD_PT_main" in dir(bpy.types) and hasattr(bpy.types.Scene, "coamd")
        coamd_blender.unregister()
        assert our_classes() == [] and not hasattr(bpy.types.Scene, "coamd")
        assert list(bpy.app.handlers.load_pre) == handlers


def test_registering_loads_neither_numpy_nor_torch_nor_what_only_work_needs():
    done = subprocess.run([sys.executable, "-c", _MEASURE], cwd=ROOT, capture_output=True, text=True, check=True)
    modules, heavy = done.stdout.splitlines()[-2:]
    assert heavy == ""
    assert "coamd_blender.wire.client" not in modules and "coamd_blender.core.session" not in modules


def test_unregister_ends_the_runtime_and_the_timer(rig):
    import coamd_blender
    from coamd_blender.core import session, timer

    bpy.context.scene.coamd.prompt = "a walk"
    bpy.ops.coamd.generate()
    current = session.current()
    assert current.alive
    coamd_blender.unregister()
    try:
        assert not current.alive and session._current is None
        assert not bpy.app.timers.is_registered(timer._tick)
    finally:
        coamd_blender.register()


def test_every_class_of_ours_is_registered(addon):
    from coamd_blender import registration

    kinds = (bpy.types.Operator, bpy.types.Panel, bpy.types.Menu, bpy.types.UIList, bpy.types.PropertyGroup)
    made = {cls for kind in kinds for cls in kind.__subclasses__() if cls.__module__.startswith("coamd_blender.")}
    assert made == {cls for cls in registration.CLASSES if issubclass(cls, kinds)}


def test_menus_and_operators_have_descriptions_and_panels_our_tab(addon):
    from coamd_blender import registration

    for cls in registration.CLASSES:
        if issubclass(cls, bpy.types.Operator):
            assert cls.__doc__ and not cls.__doc__.endswith("."), cls
        if issubclass(cls, bpy.types.Panel):
            assert cls.bl_category == "CoAMD"


def test_staged_extension_is_accepted_by_blenders_own_validator(tmp_path):
    tool = build.extension_tool(Path(sys.prefix))
    build.stage(ROOT, tmp_path)
    done = subprocess.run([sys.executable, str(tool), "validate", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_staged_extension_registers_under_the_name_blender_gives_it(tmp_path):
    """As bl_ext.REPOSITORY.coamd: three name components for the preferences, relative imports only.

    Blender 4.2 as a module ends with a segmentation fault at the process's exit once Python has freed the callback
    (update, get, poll, ...) of a property whose class was unregistered; so the modules are kept. 4.5 and 5 need it not.
    """
    build.stage(ROOT, tmp_path / "coamd")
    packages = {"bl_ext": tmp_path, "bl_ext.somewhere": tmp_path}
    for name, path in packages.items():
        module = types.ModuleType(name)
        module.__path__ = [str(path)]
        sys.modules[name] = module
    try:
        extension = importlib.import_module("bl_ext.somewhere.coamd")
        extension.register()
        preferences = sys.modules["bl_ext.somewhere.coamd.coamd_blender.setup.preferences"]
        assert preferences.EXTENSION == "bl_ext.somewhere.coamd"
        assert (preferences.ROOT / "runtime" / "requirements.txt").is_file()
        extension.unregister()
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "bl_ext"]:
            sys.modules[f"kept.{name}"] = sys.modules.pop(name)
