"""Films a sentence becoming keyframes in a windowed Blender, for docs/make_moving_picture.py to put together.

    COAMD_ZIP=dist/coamd-0.1.0.zip COAMD_PYTHON=/path/to/python COAMD_OUT=out/film COAMD_QUIT=1 \
        blender --factory-startup --window-geometry 0 0 860 580 --python tests/gui/film_panel.py

Environment as in show_panel.py, and ImageMagick's `import`. Writes pictures and film.json: for each picture how many
milliseconds it is shown, and the part of the window to show. What the panel says while it generates is shown for
SHOWN_STEP each, longer than it takes, to be seen; times are left out, because Blender waits while a picture is taken.
"""

import importlib
import json
import os
import runpy
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import bpy
from mathutils import Euler

HERE = Path(__file__).parent if "__file__" in globals() else Path("tests/gui")
os.environ.setdefault("COAMD_OUT", "out/film")
os.environ["COAMD_LOAD_ONLY"] = "1"
panel = runpy.run_path(str(HERE / "show_panel.py"))
OUT, check, session, window = (panel[name] for name in ("OUT", "check", "session", "window"))
PROMPT, SECONDS, SEED = "someone kicks with the left leg, then jumps up high", 4.0, 3
TYPED = 4  # letters from picture to picture
STEP = 2  # scene frames from picture to picture
SHOWN_LETTERS, SHOWN_STEP, SHOWN_END = 140, 130, 1500  # milliseconds
DOPE_SHEET = 0.22  # its share of the window's height
film = []


def shoot(milliseconds):
    """Take a picture of the window as it is now, to be shown for so long."""
    name = f"{len(film):03d}.ppm"  # not packed: quick to write
    redraw()
    subprocess.run(["import", "-window", "root", "-depth", "8", str(OUT / name)], check=True)
    film.append([name, milliseconds])


def redraw():
    """Draw the window now."""
    with window():
        bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=1)


def settle_the_panels():
    """Let Blender slide the panels to where they belong when one has grown or is new."""
    panel["view"]()[1].tag_redraw()
    yield 0.4


def clear_the_window(keys=True):
    """Leave a viewport, over a dope sheet with ``keys``, without what a picture does not need."""
    only = bpy.context.window_manager.windows[0]
    for kind in ("OUTLINER", "PROPERTIES", "DOPESHEET_EDITOR"):
        area = next(found for found in only.screen.areas if found.type == kind)
        with bpy.context.temp_override(window=only, area=area):
            bpy.ops.screen.area_close()
        yield 0.5
    if keys:
        yield from open_the_dope_sheet(only)
    bpy.context.preferences.system.viewport_aa = "FXAA"  # the usual way draws every picture eight times
    space = panel["view"]()[0].spaces.active
    space.show_gizmo = space.overlay.show_text = space.overlay.show_bones = space.overlay.show_cursor = False
    space.show_region_toolbar = space.show_region_tool_header = False
    yield 0.5


def open_the_dope_sheet(only):
    """Split the viewport of the window ``only`` and show keys in the lower part."""
    with bpy.context.temp_override(window=only, area=panel["view"]()[0]):
        bpy.ops.screen.area_split(direction="HORIZONTAL", factor=DOPE_SHEET)
    yield 0.5
    lower = min(only.screen.areas, key=lambda area: area.y)
    lower.ui_type = "DOPESHEET"
    space = lower.spaces.active
    space.show_region_ui, space.show_region_channels, space.dopesheet.show_only_selected = False, True, False


def look(location, distance, degrees):
    """Turn the viewport: the point looked at, how far away it is, and Euler angles."""
    region = panel["view"]()[0].spaces.active.region_3d
    region.view_location, region.view_distance = location, distance
    region.view_rotation = Euler([angle * 3.14159265 / 180 for angle in degrees]).to_quaternion()


def show_all_frames():
    """Fit the dope sheet to the scene."""
    only = bpy.context.window_manager.windows[0]
    area = next(found for found in only.screen.areas if found.type == "DOPESHEET_EDITOR")
    region = next(found for found in area.regions if found.type == "WINDOW")
    with bpy.context.temp_override(window=only, area=area, region=region):
        bpy.ops.action.view_all()


def part_to_show():
    """The window without its menus and its status bar, as left, upper, right and lower border in pixels."""
    only = bpy.context.window_manager.windows[0]
    areas = only.screen.areas
    top = max(area.y + area.height for area in areas)
    return [0, only.height - top, only.width, only.height - min(area.y for area in areas)]


def hide_times():
    """Have the panel show neither the time left nor the time taken: here most of it goes into pictures."""
    kind = type(session())
    told = kind.status
    kind.status = property(lambda current: replace(told.fget(current), eta=None))


def generate():
    """Press Generate and take a picture whenever the panel says something new, until the Action is there.

    The add-on's timer is stopped and its work done here: Blender would draw between any two steps, by software.
    """
    hide_times()
    bpy.ops.coamd.generate()
    importlib.import_module(f"{panel['EXTENSION']}.coamd_blender.core.timer").stop()
    end, shown = time.monotonic() + panel["LIMIT_SECONDS"], None
    while session().pump():
        status = session().status
        assert time.monotonic() < end, status
        if status.fraction and status.text != shown:
            shown = status.text
            shoot(SHOWN_STEP)
        time.sleep(0.001)
    session().notice = ""
    check("generated", session().error is None, error=str(session().error))


def scenario():
    """The steps; every yield hands control back to Blender for that many seconds."""
    OUT.mkdir(parents=True, exist_ok=True)
    yield 1.0
    panel["install"]()
    yield from clear_the_window()
    panel["make_rig"]()
    yield from panel["show_sidebar"]()
    scene, settings = bpy.context.scene, bpy.context.scene.coamd
    scene.render.fps, scene.frame_end = 24, int(24 * SECONDS)
    settings.prompt, settings.seconds, settings.random_seed, settings.seed = "", SECONDS, False, SEED
    look((0.6, -0.9, 0.95), 5.0, (78, 0, -42))
    show_all_frames()
    yield 1.0
    shoot(900)
    for length in range(TYPED, len(PROMPT) + TYPED, TYPED):
        settings.prompt = PROMPT[:length]
        yield from settle_the_panels()
        shoot(SHOWN_LETTERS)
    film[-1][1] = 700
    generate()
    yield from settle_the_panels()
    show_all_frames()
    yield 0.5
    for frame in range(1, scene.frame_end, STEP):
        scene.frame_set(frame)
        shoot(1000 * STEP / scene.render.fps)
    film[-1][1] = SHOWN_END
    (OUT / "film.json").write_text(json.dumps({"show": part_to_show(), "pictures": film}))
    panel["log"]["passed"] = True
    check("filmed", len(film) > 60, pictures=len(film))


if "LOAD_ONLY" not in globals():  # take_pictures.py takes its parts
    steps = scenario()
    bpy.app.timers.register(lambda: panel["run"](steps), first_interval=1.0, persistent=True)
