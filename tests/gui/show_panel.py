"""Installs the zip into a windowed Blender and works it by its operators; writes a log and pictures.

    COAMD_ZIP=dist/coamd-0.1.0.zip COAMD_PYTHON=/path/to/python COAMD_OUT=out/gui \
        blender --factory-startup --python tests/gui/show_panel.py

COAMD_PYTHON is an interpreter with torch; COAMD_COMMAND instead names any runtime command; COAMD_LIMIT is the seconds
a generation may take (120). BLENDER_USER_RESOURCES should point to an empty folder, so that your own settings are left
alone. Durations of calls are the main thread's own time, whatever else the machine does. On a rig that holds keys:
Generate, Cancel in mid-job, Generate three variants, Undo. Blender stays open at the end unless COAMD_QUIT is set.
"""

import json
import os
import shutil
import subprocess
import time
import traceback
from pathlib import Path

import bpy

OUT = Path(os.environ.get("COAMD_OUT", "out/gui")).resolve()
EXTENSION = "bl_ext.user_default.coamd"
PROMPT = os.environ.get("COAMD_PROMPT", "a person walks forward and waves")
LONG_PROMPT = os.environ.get("COAMD_LONG_PROMPT", "a slow walk in a circle, then a jump")
LIMIT_SECONDS = float(os.environ.get("COAMD_LIMIT", "120"))

log = {"blender": bpy.app.version_string, "steps": [], "passed": False}


def check(name, condition, **facts):
    """Note one step; an assertion that fails ends the run."""
    log["steps"].append({"step": name, "passed": bool(condition), **facts})
    (OUT / "log.json").write_text(json.dumps(log, indent=1))
    assert condition, name


def session():
    """The add-on's session, found as any script would."""
    import importlib

    return importlib.import_module(f"{EXTENSION}.coamd_blender.core.session").current()


def window():
    """The context override for operators that need a window."""
    return bpy.context.temp_override(window=bpy.context.window_manager.windows[0])


def picture(name):
    """Save what the screen shows; Blender's own screenshot is black with software OpenGL, so X11 is asked first."""
    if shutil.which("import") and "DISPLAY" in os.environ:
        subprocess.run(["import", "-window", "root", str(OUT / name)], check=True)
        return
    with window():
        bpy.ops.screen.screenshot(filepath=str(OUT / name))


def view():
    """The 3D viewport: area and sidebar."""
    area = next(a for a in bpy.context.window_manager.windows[0].screen.areas if a.type == "VIEW_3D")
    return area, next(region for region in area.regions if region.type == "UI")


def install():
    """Install and enable the zip as the user would, and choose the runtime."""
    with window():
        bpy.ops.extensions.package_install_files(
            filepath=os.environ["COAMD_ZIP"], repo="user_default", enable_on_install=True, overwrite=True
        )
    check("installed and enabled", EXTENSION in bpy.context.preferences.addons)
    choose_runtime()


def choose_runtime():
    """Let COAMD_PYTHON or COAMD_COMMAND be the runtime."""
    preferences = bpy.context.preferences.addons[EXTENSION].preferences
    if "COAMD_COMMAND" in os.environ:
        preferences.source, preferences.command = "COMMAND", os.environ["COAMD_COMMAND"]
    else:
        preferences.source, preferences.python = "PYTHON", os.environ["COAMD_PYTHON"]


def make_rig():
    """CoAMD's character with keys of its own in an Action named Before."""
    for found in list(bpy.data.objects):
        bpy.data.objects.remove(found)
    with window():
        bpy.ops.coamd.add_character()
    rig = bpy.context.view_layer.objects.active
    rig.show_in_front = False
    rig.pose.bones[0].keyframe_insert("location", frame=1)
    rig.animation_data.action.name = "Before"
    return rig


def show_sidebar():
    """Open the CoAMD tab and look at the character."""
    area, sidebar = view()
    area.spaces.active.show_region_ui = True
    yield 0.5
    sidebar.active_panel_category = "CoAMD"
    area.spaces.active.region_3d.view_location = (0.0, -1.6, 0.9)
    area.spaces.active.region_3d.view_distance = 6.5
    yield 0.5


def settle(limit=LIMIT_SECONDS):
    """Wait until no generation runs."""
    end = time.monotonic() + limit
    while session().running:
        assert time.monotonic() < end, session().status
        yield 0.05


def undo(name):
    """Call undo and return the armature, which undo may have made anew."""
    with window():
        bpy.ops.ed.undo()
    return bpy.data.objects[name]


def scenario():
    """The steps; every yield hands control back to Blender for that many seconds."""
    OUT.mkdir(parents=True, exist_ok=True)
    yield 1.0
    install()
    rig = make_rig()
    name = rig.name
    yield from show_sidebar()
    picture("panel_ready.png")
    settings = bpy.context.scene.coamd
    settings.prompt, settings.seconds, settings.random_seed, settings.seed = PROMPT, 4.0, False, 7
    bpy.context.scene.frame_set(11)
    with window():
        bpy.ops.ed.undo_push(message="ready")

    yield from generate_and_check(name)
    yield from cancel_and_check(name)
    yield from variants_and_undo(name)
    yield from error_and_check()

    settings = bpy.context.scene.coamd
    settings.prompt = PROMPT
    bpy.ops.coamd.generate()
    yield from settle()
    bpy.context.scene.frame_set(50)
    yield 1.0
    picture("panel_done.png")
    log["passed"] = True
    check("all", True)


def time_ticks():
    """Note how long every tick of the session holds Blender; returns the list that fills up, in seconds."""
    ticks, pump = [], session().pump

    def timed():
        started = time.thread_time()
        busy = pump()
        ticks.append(time.thread_time() - started)
        return busy

    session().pump = timed
    return ticks


def generate_and_check(name):
    """A first generation: the interface stays alive, the Action is new and starts at the current frame."""
    ticks, started, own = time_ticks(), time.monotonic(), time.thread_time()
    bpy.ops.coamd.generate()
    own = time.thread_time() - own
    check("generate returns at once", own < 0.05, seconds=round(own, 4))
    yield from settle()
    rig = bpy.data.objects[name]
    action = rig.animation_data.action
    check(
        "generated",
        session().error is None and action.name != "Before",
        error=str(session().error),
        action=action.name,
        frames=list(action.frame_range),
        seconds=time.monotonic() - started,
        longest_ticks=[round(seconds, 4) for seconds in sorted(ticks)[-3:]],
        notice=session().notice,
    )
    check("starts at the current frame", action.frame_range[0] == 11)
    check("keys kept", bpy.data.actions["Before"].use_fake_user)
    bpy.context.scene.frame_set(40)
    yield 0.5
    picture("generated.png")


def cancel_and_check(name):
    """Cancel in mid-job: stopped within half a second, nothing changed."""
    before = bpy.data.objects[name].animation_data.action.name, len(bpy.data.actions)
    bpy.context.scene.coamd.prompt, bpy.context.scene.coamd.seconds = LONG_PROMPT, 9.8
    bpy.context.scene.coamd.variants = 8
    bpy.ops.coamd.generate()
    end = time.monotonic() + LIMIT_SECONDS
    while session().running and not session().status.fraction:
        assert time.monotonic() < end
        yield 0.02
    check("still running when cancelled", session().running, error=str(session().error))
    asked = time.monotonic()
    bpy.ops.coamd.cancel()
    yield from settle()
    after = bpy.data.objects[name].animation_data.action.name, len(bpy.data.actions)
    check("cancelled", before == after and session().error is None, seconds=time.monotonic() - asked, after=after)
    bpy.context.scene.coamd.variants = 1


def variants_and_undo(name):
    """Three variants are one undo step; undo brings back the Action that was there."""
    settings = bpy.context.scene.coamd
    before = bpy.data.objects[name].animation_data.action.name, len(bpy.data.actions)
    settings.prompt, settings.seconds, settings.variants, settings.seed = PROMPT, 4.0, 3, 20
    with window():
        bpy.ops.ed.undo_push(message="settings")
    bpy.ops.coamd.generate()
    while session().running and session().status.fraction < 0.4:
        yield 0.02
    picture("panel_running.png")
    yield from settle()
    check("three variants", len(bpy.data.actions) == before[1] + 3, error=str(session().error))
    bpy.ops.coamd.show_take(index=2)
    yield 0.5
    picture("panel_takes.png")
    undo(name)  # the switch
    yield 0.3
    rig = undo(name)
    yield 0.3
    after = rig.animation_data.action.name, len(bpy.data.actions)
    check("undone in one step", after == before, before=before, after=after)


def error_and_check():
    """A bad setting is told in the panel."""
    bpy.context.scene.coamd.prompt, bpy.context.scene.coamd.variants = "", 1
    try:
        bpy.ops.coamd.generate()
    except RuntimeError as error:
        check("empty prompt refused", "prompt is empty" in str(error), said=str(error))
    yield 0.5
    picture("panel_error.png")


def run(steps):
    """Advance the scenario from a timer; a failure is written to the log with its traceback."""
    try:
        delay = next(steps, None)
        if delay is not None:
            return delay
    except Exception:  # noqa: BLE001 - a script's last resort: whatever went wrong belongs in the log
        log["traceback"] = traceback.format_exc()
        print(log["traceback"])
    (OUT / "log.json").write_text(json.dumps(log, indent=1))
    print("coamd gui:", "passed" if log["passed"] else "FAILED")
    if os.environ.get("COAMD_QUIT"):
        with window():
            bpy.ops.wm.quit_blender()
    return None


bpy.context.preferences.view.show_splash = False
if "COAMD_LOAD_ONLY" not in os.environ:  # show_library.py takes its parts
    scenario_steps = scenario()
    bpy.app.timers.register(lambda: run(scenario_steps), first_interval=1.0, persistent=True)
