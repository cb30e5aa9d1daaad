"""What every play does by hand: find a word in the sidebar and press it, type a sentence, wait, take a picture."""

import importlib
import os
import runpy
import time
from pathlib import Path

import bpy
import screen

HERE = Path(__file__).resolve().parent
os.environ.setdefault("COAMD_OUT", "out/shot")
os.environ["COAMD_LOAD_ONLY"] = "1"
panel = runpy.run_path(str(HERE / "show_panel.py"))
OUT, check, session = panel["OUT"], panel["check"], panel["session"]
VIEW, TIMELINE = "VIEW_3D", "DOPESHEET_EDITOR"


def rig():
    """The character."""
    return bpy.context.view_layer.objects.active


def action():
    """The Action that it plays."""
    return rig().animation_data.action


def part(name):
    """A module of the installed extension."""
    return importlib.import_module(f"{panel['EXTENSION']}.coamd_blender.{name}")


def settle(limit=panel["LIMIT_SECONDS"]):
    """Wait until nothing is asked of the runtime and no test of it runs."""
    setup = part("setup.workflow")
    yield from until(lambda: not (session().asking or session().running or setup.busy()), limit)
    check("answered", session().error is None, error=str(session().error))
    yield 1.0


def until(holds, limit=panel["LIMIT_SECONDS"]):
    """Wait until that holds."""
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end
        yield 0.3


def to_view():
    """Move the mouse over the viewport, beside the sidebar."""
    box = screen.box_of(screen.region(VIEW, "WINDOW"))
    yield from screen.hover((box.left + (box.right - box.left) // 4, box.middle[1]))


def find(text, header=False):
    """Find that in the sidebar, turning the wheel where it is out of sight; of a ``header``, at the left border."""
    for notches in (0, -60, 8, 8, 8, 8, 8, 8):
        if notches:
            yield from screen.scroll(screen.sidebar(), notches)
            yield 0.3
        box = screen.sidebar()
        right = box.left + 45 + 8 * len(text) if header else box.right
        found = screen.seen(text, box._replace(right=right))
        if found:
            return found[0][1].middle
    raise AssertionError(f"{text!r} cannot be read in the sidebar")


def press(text, **how):
    """Click the button of the sidebar on which that can be read."""
    place = yield from find(text)
    yield from screen.click(place, **how)


def unfold(title):
    """Open a panel of the sidebar and close the others, as a click on its title with Ctrl does."""
    place = yield from find(title, header=True)
    yield from screen.click(place, keys="ctrl")
    yield 0.6


def ask(field, text):
    """Click a field and type: patiently, for what a field does not take is a key of the editor below it."""
    yield from screen.click(field)
    yield 2.0
    yield from screen.write(text)


def shoot(name):
    """Save the viewport with its sidebar, and the timeline below it."""
    upper, lower = screen.box_of(screen.area(VIEW)), screen.box_of(screen.area(TIMELINE))
    screen.save(OUT / name, screen.Box(0, upper.upper, upper.right + 2, lower.lower))


def look(bone="pelvis", distance=5.0):
    """Turn the viewport to a bone of the character, for the picture alone."""
    view, found = screen.area(VIEW).spaces.active.region_3d, rig()
    if found is not None and found.type == "ARMATURE":
        part_of_it = found.pose.bones.get(bone, found.pose.bones[0])
        view.view_location, view.view_distance = found.matrix_world @ part_of_it.head, distance


def at_the_top():
    """Go to the frame in which the character reaches highest, for the picture alone."""
    scene, heights = bpy.context.scene, {}
    for frame in range(*map(int, action().frame_range)):
        scene.frame_set(frame)
        heights[frame] = max((rig().matrix_world @ bone.tail).z for bone in rig().pose.bones)
    scene.frame_set(max(heights, key=heights.get))


def generated(text):
    """Press that button, and wait for what it makes."""
    yield from press(text)
    yield 0.5
    yield from settle()


def sentence(text):
    """Type what Generate is to make: the field stands above the list of what can be asked for."""
    place = yield from find("What can I ask for?")
    yield from ask((place[0] - 40, place[1] - 26), text)


def add_metarig():
    """Take it from the menu Add of the viewport."""
    header = screen.box_of(screen.region(VIEW, "HEADER"))
    for name, where in (("Add", header), ("Armature", None), ("Rigify Meta-Rigs", None), ("Human", None)):
        place = yield from screen.read(name, where)
        yield from screen.click(place.middle)
        yield 1.0
