"""Works recognition and the clip library of the installed zip in a windowed Blender; writes a log and pictures.

    COAMD_ZIP=dist/coamd-0.1.0.zip COAMD_PYTHON=/path/to/python COAMD_OUT=out/library \
        blender --factory-startup --python tests/gui/show_library.py

As show_panel.py, with the bundled weights and the library that begins with the clips that ship: Search, Apply, Undo,
three clips as NLA strips one after the other, Recognize, Set Markers.
"""

import importlib
import os
import runpy
import sys
import time
from pathlib import Path

import bpy

HERE = Path(__file__).parent if "__file__" in globals() else Path("tests/gui")
sys.path.insert(0, str(HERE))
os.environ.setdefault("COAMD_OUT", "out/library")
os.environ["COAMD_LOAD_ONLY"] = "1"
panel = runpy.run_path(str(HERE / "show_panel.py"))
check, picture, window, session, undo = (panel[name] for name in ("check", "picture", "window", "session", "undo"))


def answered(limit=panel["LIMIT_SECONDS"]):
    """Wait until no request is being answered."""
    end = time.monotonic() + limit
    while session().asking:
        assert time.monotonic() < end, session().status
        yield 0.05
    check("answered", session().error is None, error=str(session().error), notice=session().notice)


def open_panels(names):
    """Leave only these panels of the CoAMD tab open, before the tab is drawn for the first time."""
    closed = ("COAMD_PT_main", "COAMD_PT_recognize", "COAMD_PT_library", "COAMD_PT_index")
    for name in closed:
        cls = getattr(bpy.types, name)
        bpy.utils.unregister_class(cls)
        cls.bl_options = set() if name in names else {"DEFAULT_CLOSED"}
    for name in closed:
        bpy.utils.register_class(panel_class(name))


def panel_class(name):
    """The class of a panel of the installed add-on."""
    rooms = (f"{panel['EXTENSION']}.coamd_blender.{room}.panel" for room in ("generate", "recognize", "library"))
    return next(getattr(module, name) for module in map(importlib.import_module, rooms) if hasattr(module, name))


def show_timeline():
    """Show the timeline with its markers where the properties are: at the bottom it is too low for them."""
    only = bpy.context.window_manager.windows[0]
    area = next(found for found in only.screen.areas if found.type == "PROPERTIES")
    area.ui_type = "TIMELINE"
    yield 1.0
    region = next(found for found in area.regions if found.type == "WINDOW")
    with bpy.context.temp_override(window=only, area=area, region=region):
        bpy.ops.action.view_all()


def scenario():
    """The steps; every yield hands control back to Blender for that many seconds."""
    panel["OUT"].mkdir(parents=True, exist_ok=True)
    yield 1.0
    panel["install"]()
    rig = panel["make_rig"]()
    name = rig.name
    open_panels({"COAMD_PT_recognize", "COAMD_PT_library"})
    yield from panel["show_sidebar"]()
    bpy.context.scene.render.fps = 24
    settings, found = bpy.context.scene.coamd_understanding, bpy.context.window_manager.coamd

    settings.text = "a person walks forward"
    started = time.monotonic()
    bpy.ops.coamd.search()
    yield from answered()
    check("found", len(found.hits) == 12, seconds=time.monotonic() - started, first=found.hits[0].path)
    started = time.monotonic()
    bpy.ops.coamd.search()
    yield from answered()
    check("found again", len(found.hits) == 12, seconds=time.monotonic() - started)
    yield 5.0  # for the filmstrips
    picture("library_results.png")

    with window():
        bpy.ops.ed.undo_push(message="ready")
    before = rig.animation_data.action.name, len(bpy.data.actions)
    bpy.context.scene.frame_set(11)
    bpy.ops.coamd.apply_clip()
    yield from answered()
    action = bpy.data.objects[name].animation_data.action
    check("applied", action.name != before[0] and action.frame_range[0] == 11, action=action.name)
    bpy.context.scene.frame_set(25)
    yield 1.0
    picture("library_applied.png")
    rig = undo(name)
    yield 0.3
    check("undone in one step", (rig.animation_data.action.name, len(bpy.data.actions)) == before)

    yield from strips_and_markers(name)
    panel["log"]["passed"] = True
    check("all", True)


def strips_and_markers(name):
    """Three clips one after the other as strips; what plays is recognised, and its parts become markers."""
    settings, found = bpy.context.scene.coamd_understanding, bpy.context.window_manager.coamd
    settings.place_as, settings.by = "STRIP", "WORDS"
    bpy.data.objects[name].animation_data.action = None
    frame = 1
    for words in ("a person walks forward", "a person jumps", "a person sits down"):
        settings.text = words
        bpy.ops.coamd.search()
        yield from answered()
        bpy.context.scene.frame_set(frame)
        bpy.ops.coamd.apply_clip(index=0)
        yield from answered()
        tracks = bpy.data.objects[name].animation_data.nla_tracks
        frame = int(tracks[-1].strips[-1].frame_end) + 1
    bpy.context.scene.frame_end = frame
    bpy.context.scene.frame_set(20)
    bone = bpy.data.objects[name].pose.bones[5]
    bone.rotation_quaternion = (0.6, 0.8, 0.0, 0.0)  # posed by hand, without a key
    yield 0.3
    held = tuple(bone.rotation_quaternion)
    bpy.ops.coamd.recognize()
    yield from answered()
    now = bpy.context.scene.frame_current, tuple(bpy.data.objects[name].pose.bones[5].rotation_quaternion)
    check("reading leaves frame and pose alone", now == (20, held), now=now, scenes=len(bpy.data.scenes))
    result = found.recognised[0]
    check("recognised", len(result.guesses) == 5, best=result.guesses[0].label, notes=result.notes,
          parts=[(part.label, part.start) for part in result.stretches])  # fmt: skip
    bpy.ops.coamd.set_markers()
    check("markers", len(bpy.context.scene.timeline_markers) >= 2)
    yield from show_timeline()
    bpy.context.scene.frame_set(20)
    yield 1.0
    picture("recognized.png")


importlib.invalidate_caches()
steps = scenario()
bpy.app.timers.register(lambda: panel["run"](steps), first_interval=1.0, persistent=True)
