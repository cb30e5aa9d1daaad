"""Works editing of the installed zip in a windowed Blender; writes a log, pictures of the panels and filmstrips.

    COAMD_ZIP=dist/coamd-0.1.0.zip COAMD_PYTHON=/path/to/python COAMD_OUT=out/edit \
        blender --factory-startup --python tests/gui/show_edit.py

As show_panel.py, with the bundled weights. On a walk: Edit Range, Accept, Undo, Reject, arms alone, Push to NLA.
The filmstrips show the walk before and after the edit.
"""

import importlib
import os
import runpy
import time
from pathlib import Path

import bpy
import numpy as np

HERE = Path(__file__).parent if "__file__" in globals() else Path("tests/gui")
os.environ.setdefault("COAMD_OUT", "out/edit")
os.environ["COAMD_LOAD_ONLY"] = "1"
panel = runpy.run_path(str(HERE / "show_panel.py"))
check, picture, window, session, undo = (panel[name] for name in ("check", "picture", "window", "session", "undo"))
PANELS = tuple(  # parents before their children
    f"COAMD_PT_{name}" for name in ("main", "takes", "advanced", "edit", "recognize", "library", "index")
)
FIRST, LAST = 50, 98


def module(name):
    """A module of the installed add-on."""
    return importlib.import_module(f"{panel['EXTENSION']}.coamd_blender.{name}")


def answered(limit=panel["LIMIT_SECONDS"]):
    """Wait until no request is being answered."""
    end = time.monotonic() + limit
    while session().asking or session().running:
        assert time.monotonic() < end, session().status
        yield 0.05
    check("answered", session().error is None, error=str(session().error), notice=session().notice)


def open_panels(wanted):
    """Leave only these panels of the CoAMD tab open."""
    sources = [module(name) for name in ("generate.panel", "edit.panel", "recognize.panel", "library.panel")]
    fresh = {name: next(getattr(found, name) for found in sources if hasattr(found, name)) for name in PANELS}
    for name in reversed(PANELS):
        bpy.utils.unregister_class(getattr(bpy.types, name))
    for name, cls in fresh.items():
        cls.bl_options = set() if name in wanted else {"DEFAULT_CLOSED"}
        bpy.utils.register_class(cls)


def keys(action, rig):
    """(path, index) to the keys of every curve."""
    actions, range_keys = module("anim.actions"), module("anim.range_keys")
    curves = actions.curves_of(action, actions.slot_for(action, rig))
    return {(curve.data_path, curve.array_index): range_keys.read_keys(curve) for curve in curves}


def same_outside(before, after):
    """Whether the places, handles and interpolation of all keys outside the range are the same to the byte."""
    for curve, table in before.items():
        times = table["co"][:, 0]
        kept = (times < FIRST) | (times > LAST)
        rows = np.searchsorted(after[curve]["co"][:, 0], times[kept])
        for name in ("co", "handle_left", "handle_right", "interpolation", "easing"):
            if table[name][kept].tobytes() != after[curve][name][rows].tobytes():
                return False
    return True


def playing(name):
    """The armature and its Action, found anew: undo may have moved them."""
    rig = bpy.data.objects[name]
    return rig, rig.animation_data.action


def filmstrip(rig, name):
    """A contact sheet about the range."""
    module("character.filmstrip").render_filmstrip(
        rig, [int(frame) for frame in np.linspace(26, 122, 9)], panel["OUT"] / name, columns=9, size=(1350, 230)
    )


def scenario():
    """The steps; every yield hands control back to Blender for that many seconds."""
    panel["OUT"].mkdir(parents=True, exist_ok=True)
    yield 1.0
    panel["install"]()
    name = panel["make_rig"]().name
    scene = bpy.context.scene
    scene.render.fps, scene.frame_end = 24, 145
    general, settings = scene.coamd, scene.coamd_edit
    general.prompt, general.seconds, general.random_seed, general.seed = "a person walks forward", 6.0, False, 3
    with window():
        bpy.ops.coamd.generate()
    yield from answered()
    rig, action = playing(name)
    action.name = "Walk"
    actions = module("anim.actions")
    for curve in actions.curves_of(action, actions.slot_for(action, rig)):
        curve.keyframe_points.foreach_set("interpolation", np.full(len(curve.keyframe_points), 2, np.int32))
        curve.update()
    open_panels({"COAMD_PT_edit"})
    yield from panel["show_sidebar"]()
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, FIRST, LAST
    settings.prompt, settings.random_seed, settings.seed = "a person jumps up high", False, 5
    scene.frame_set(74)
    yield 1.0
    picture("edit_ready.png")
    filmstrip(rig, "edit_before.png")
    yield from edit_accept_undo_reject(name)
    yield from arms_and_nla(name)
    panel["log"]["passed"] = True
    check("all", True)


def edit_accept_undo_reject(name):
    """A range is made anew; the preview is accepted, taken back, rejected."""
    rig, action = playing(name)
    before = keys(action, rig)
    with window():
        bpy.ops.ed.undo_push(message="ready")
    started = time.monotonic()
    with window():
        bpy.ops.coamd.edit_range()
    yield 0.3
    picture("edit_running.png")
    yield from answered()
    rig, preview = playing(name)
    settings = bpy.context.scene.coamd_edit
    check(
        "edited",
        settings.source.name == "Walk" and preview == settings.preview,
        seconds=time.monotonic() - started,
        notes=settings.notes,
    )
    check("source untouched", same_outside(before, keys(settings.source, rig)))
    check("outside untouched", same_outside(before, keys(preview, rig)))
    bpy.context.scene.frame_set(74)
    yield 1.0
    picture("edit_pending.png")
    filmstrip(rig, "edit_after.png")
    with window():
        bpy.ops.coamd.edit_accept("EXEC_DEFAULT", True)
    yield 0.5
    rig, edited = playing(name)
    check("accepted", edited.name == "Walk" and "Walk (before)" in bpy.data.actions, action=edited.name)
    check("edit kept", same_outside(before, keys(edited, rig)))
    undo(name)
    yield 0.5
    rig, preview = playing(name)
    settings = bpy.context.scene.coamd_edit
    check("undone", settings.preview == preview and settings.source.name == "Walk", action=preview.name)
    with window():
        bpy.ops.coamd.edit_reject("EXEC_DEFAULT", True)
    yield 0.5
    rig, action = playing(name)
    check("rejected", action.name == "Walk" and bpy.context.scene.coamd_edit.preview is None)
    check("as it was", same_outside(before, keys(action, rig)), actions=[found.name for found in bpy.data.actions])
    check("one undo step", len(bpy.data.actions) == 2)  # Walk, and the Before of the character


def arms_and_nla(name):
    """The arms alone, pushed to the NLA."""
    settings = bpy.context.scene.coamd_edit
    settings.part, settings.prompt = "arms", "a person waves with both arms"
    with window():
        bpy.ops.coamd.edit_range()
    yield from answered()
    yield 1.0
    picture("edit_arms.png")
    with window():
        bpy.ops.coamd.edit_push("EXEC_DEFAULT", True)
    yield 0.5
    data = bpy.data.objects[name].animation_data
    check("pushed", data.action is None and len(data.nla_tracks) == 2)
    undo(name)
    yield 0.3
    with window():
        bpy.ops.coamd.edit_reject("EXEC_DEFAULT", True)


steps = scenario()
bpy.app.timers.register(lambda: panel["run"](steps), first_interval=1.0, persistent=True)
