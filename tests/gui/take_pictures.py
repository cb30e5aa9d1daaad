"""Takes the pictures of docs/ that show panels, in a windowed Blender; each is the part of the window that matters.

    COAMD_ZIP=dist/coamd-0.1.0.zip COAMD_PYTHON=/path/to/python COAMD_OUT=out/pictures COAMD_QUIT=1 \
        blender --factory-startup --window-geometry 0 0 960 860 --python tests/gui/take_pictures.py

Environment as in show_panel.py, and ImageMagick's `import`, which cuts. COAMD_PICTURES chooses among install, running,
edit, track, recognized, which are taken otherwise, and library, mapping_editor, teach, whose panels need a window
of 800 by 1480. What the panels do is tested by the other scripts of this folder.
"""

import importlib
import os
import runpy
import subprocess
import time
from pathlib import Path

import bpy
import numpy as np

HERE = Path(__file__).parent if "__file__" in globals() else Path("tests/gui")
os.environ.setdefault("COAMD_OUT", "out/pictures")
film = runpy.run_path(str(HERE / "film_panel.py"), init_globals={"LOAD_ONLY": True})
panel = film["panel"]
check, look, session, window = panel["check"], film["look"], panel["session"], panel["window"]
PREFERENCES = (178, 254, 952, 445)  # left, upper, right, lower: the add-on's own part of the preferences
TEACHING_SECONDS = 600.0  # that the first 50 steps may take, the clips' preparation included
LIBRARY = (0, 0, 800, 960)


def fresh(*names, keys=True):
    """Begin anew with an empty file, a character, and these panels of the CoAMD tab open: Blender keeps what was.

    Without ``keys`` the viewport has the window to itself.
    """
    with window():
        bpy.ops.wm.read_homefile()
    yield 1.0
    yield from film["clear_the_window"](keys)
    open_only(*names)
    panel["make_rig"]()
    bpy.context.scene.render.fps = 24
    yield from panel["show_sidebar"]()


def open_only(*names):
    """Leave these panels of the CoAMD tab open and close the others, before the tab is drawn for the first time."""
    registration = importlib.import_module(f"{panel['EXTENSION']}.coamd_blender.registration")
    panels = [cls for cls in registration.CLASSES if getattr(cls, "bl_space_type", "") == "VIEW_3D"]
    for cls in reversed(panels):
        bpy.utils.unregister_class(cls)
    for cls in panels:  # parents before their children
        cls.bl_options = set() if cls.bl_idname.removeprefix("COAMD_PT_") in names else {"DEFAULT_CLOSED"}
        bpy.utils.register_class(cls)


def settle():
    """Wait until nothing is asked of the runtime."""
    end = time.monotonic() + panel["LIMIT_SECONDS"]
    while session().asking or session().running:
        assert time.monotonic() < end, session().status
        yield 0.05
    check("answered", session().error is None, error=str(session().error))
    yield 1.0


def shoot(name, box=None):
    """Save the window without menus and status bar, or the ``box`` of that: left, upper, right, lower."""
    left, upper, right, lower = film["part_to_show"]()
    if box is not None:
        left, upper, right, lower = left + box[0], upper + box[1], left + box[2], upper + box[3]
    part = f"{right - left}x{lower - upper}+{left}+{upper}"
    with window():
        bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=1)
    subprocess.run(["import", "-window", "root", "-crop", part, "+repage", str(panel["OUT"] / name)], check=True)


def walk(prompt, seconds, seed):
    """Generate a motion that begins with a walk, as an Action named Walk; return the armature."""
    scene, settings = bpy.context.scene, bpy.context.scene.coamd
    scene.frame_end = round(24 * seconds)
    settings.prompt, settings.seconds, settings.variants = prompt, seconds, 1
    settings.random_seed, settings.seed = False, seed
    bpy.ops.coamd.generate()
    yield from settle()
    rig = bpy.context.view_layer.objects.active
    rig.animation_data.action.name = "Walk"
    return rig


def highest(rig, bone, first, last):
    """The frame of that range in which a bone begins highest."""

    def height(frame):
        bpy.context.scene.frame_set(frame)
        return rig.pose.bones[bone].head.z

    return max(range(first, last + 1), key=height)


def install():
    """The preferences, with the button that installs the runtime."""
    yield from film["clear_the_window"]()
    area = panel["view"]()[0]
    area.type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.preferences.system.use_online_access = True
    bpy.context.window_manager.addon_search = "CoAMD"
    stored = bpy.context.preferences.addons[panel["EXTENSION"]].preferences
    source, stored.source = stored.source, "INSTALLED"
    yield 1.0
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0], area=area):
        bpy.ops.preferences.addon_expand(module=panel["EXTENSION"])
    yield 1.0
    shoot("install.png", PREFERENCES)
    stored.source, area.type = source, "VIEW_3D"


def running():
    """Three variants under way, with the coarse motion in the viewport."""
    yield from fresh("main")
    settings = bpy.context.scene.coamd
    settings.prompt, settings.seconds, settings.variants = "a person walks forward and waves", 4.0, 3
    settings.random_seed, settings.seed = False, 20
    look((0.6, -1.6, 0.9), 6.5, (76, 0, 30))
    yield 0.5
    bpy.ops.coamd.generate()
    while session().running and session().status.fraction < 0.4:
        yield 0.02
    shoot("panel.png")
    yield from settle()


def edit():
    """A walk of which a range was made anew, waiting to be accepted."""
    yield from fresh("edit")
    rig = yield from walk("a person walks forward", 6.0, 3)
    scene, settings = bpy.context.scene, bpy.context.scene.coamd_edit
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 50, 98
    settings.prompt, settings.random_seed, settings.seed = "a person kicks with the left leg", False, 5
    look((0.4, -2.6, 0.9), 6.5, (76, 0, -50))
    with window():
        bpy.ops.coamd.edit_range()
    yield from settle()
    scene.frame_set(highest(rig, "foot.L", 50, 98))
    film["show_all_frames"]()
    yield 0.5
    shoot("edit_panel.png")


def track():
    """Three blocks in the panel and on the timeline, before they are made."""
    yield from fresh("track")
    scene = bpy.context.scene
    scene.frame_set(1)
    for prompt, frames in (
        ("a person walks forward", 84),
        ("a person stops, then waves", 96),
        ("a person sits down", 72),
    ):
        with window():
            bpy.ops.coamd.block_add(prompt=prompt, frames=frames)
    rig = bpy.context.view_layer.objects.active
    rig.coamd_track.index = 1
    scene.frame_end = 252
    rig.pose.bones[0].keyframe_insert("location", frame=scene.frame_end)  # the view is fitted to keys
    scene.frame_set(60)
    look((0.4, 0.0, 0.9), 4.5, (76, 0, 30))
    film["show_all_frames"]()
    yield 1.0
    shoot("track_panel.png")


def library():
    """A search, and its first hit on the character."""
    yield from fresh("library", keys=False)
    settings = bpy.context.scene.coamd_understanding
    settings.text = "a person jumps"
    bpy.ops.coamd.search()
    yield from settle()
    bpy.ops.coamd.apply_clip(index=0)
    yield from settle()
    yield 4.0  # for the filmstrips
    action = bpy.context.view_layer.objects.active.animation_data.action
    bpy.context.scene.frame_set(int(np.mean(action.frame_range)))
    look((0.3, -0.5, 0.9), 4.5, (76, 0, 30))
    yield 0.5
    shoot("library.png", LIBRARY)


def recognized():
    """What a generated motion of two actions is, with its parts as markers in the timeline."""
    yield from fresh("recognize")
    yield from walk("a person walks forward, then sits down on the ground", 8.0, 3)
    bpy.context.scene.frame_set(40)
    bpy.ops.coamd.recognize()
    yield from settle()
    bpy.ops.coamd.set_markers()
    look((0.3, -1.6, 0.9), 5.5, (76, 0, 30))
    yield 0.5
    shoot("recognized.png")


def mapping_editor():
    """A mapping in which two joints share a bone."""
    yield from fresh("main", "mapping", keys=False)
    area = panel["view"]()[0]
    area.spaces.active.overlay.show_bones = True
    rig = bpy.context.view_layer.objects.active
    rig.show_in_front = True
    look((0.5, 0.0, 0.9), 4.5, (76, 0, 30))
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0], area=area):
        bpy.ops.object.mode_set(mode="POSE")
        bpy.ops.coamd.edit_mapping()
    rig.coamd_rig.joints["right_foot"].bone = "foot.R"
    yield 0.5
    shoot("mapping_editor.png")


def teach():
    """Three Actions that are being taught, as far as the first steps; then the style so far on another sentence."""
    yield from fresh("teach", keys=False)
    work = importlib.import_module(f"{panel['EXTENSION']}.coamd_blender.teach.work")
    settings, scene = bpy.context.scene.coamd_teach, bpy.context.scene
    for number in range(3):
        yield from walk("a person jumps with both arms raised", 3.0, number)
        bpy.context.view_layer.objects.active.animation_data.action.name = f"Victory {number + 1}"
        bpy.ops.coamd.lesson_add(which="ACTIVE")
        settings.lessons[-1].sentence = "a person does the victory dance"
    settings.name, settings.licence = "victory", "our own"
    settings.kind, settings.steps = "MANNER", 600  # so that there are steps to see
    bpy.ops.coamd.teach()
    yield from settle()
    end = time.monotonic() + TEACHING_SECONDS
    while not work.named("victory").fraction:
        assert time.monotonic() < end, work.named("victory")
        yield 1.0
    told = work.named("victory")
    check("teaching", told.phase == "TEACHING", text=told.text, notes=told.notes)
    look((0.3, -0.5, 0.9), 4.5, (76, 0, 30))
    yield 1.0
    shoot("teach_panel.png", LIBRARY)
    bpy.ops.coamd.teach_pause(name="victory")
    while work.named("victory").phase != "PAUSED":
        assert time.monotonic() < end, work.named("victory")
        yield 0.5
    bpy.ops.coamd.teach_preview(name="victory")
    yield from settle()
    check("previewed", scene.coamd.takes[-1].styles == "victory 1.00", notice=session().notice)
    scene.coamd.styles[0].on = False
    bpy.ops.coamd.generate()
    yield from settle()
    check("off", scene.coamd.takes[-1].styles == "", notice=session().notice)


PICTURES = (install, running, edit, track, recognized)
TALL = (library, mapping_editor, teach)


def scenario():
    """The steps; every yield hands control back to Blender for that many seconds."""
    panel["OUT"].mkdir(parents=True, exist_ok=True)
    yield 1.0
    panel["install"]()
    wanted = os.environ.get("COAMD_PICTURES", " ".join(take.__name__ for take in PICTURES)).split()
    for take in (*PICTURES, *TALL):
        if take.__name__ in wanted:
            yield from take()
    panel["log"]["passed"] = True
    check("all", True)


steps = scenario()
bpy.app.timers.register(lambda: panel["run"](steps), first_interval=1.0, persistent=True)
