"""Plays an animator's hour in a windowed Blender by clicks and keys sent to the window, from the installed zip.

    COAMD_ZIP=$PWD/dist/coamd-0.1.0.zip COAMD_PYTHON=/path/to/python COAMD_OUT=out/shot COAMD_QUIT=1 \
        blender --factory-startup --window-geometry 0 0 1200 900 --python tests/gui/play_shot.py

Environment as in show_panel.py, and `xdotool` and ImageMagick's `import`. A file of Blender's own begins it. The
interpreter is chosen by the script, all else is done as screen.py does it, with real networks and in one go: installing
the zip, too. Each step leaves a picture, and in clicks.json how many clicks, drags and keys it took; letters of
sentences are counted apart. What came of a step is read from the scene, and a step that did not do what it should ends
the run. COAMD_STEPS names the steps to play, first_run and others, instead of all; without install_zip the script
installs the zip. On a slow machine COAMD_DRAWS gives Draws (but for the comparison of four) and COAMD_SECONDS the
length that the panel begins with; the counts are the same.
"""

import importlib
import json
import os
import sys
from pathlib import Path

import addon_utils
import bpy

HERE = Path(__file__).resolve().parent if "__file__" in globals() else Path("tests/gui").resolve()
sys.path.insert(0, str(HERE))
hand = importlib.import_module("play_hand")
install_by_click = importlib.import_module("install_by_click")
OUT, check, panel, screen = hand.OUT, hand.check, hand.panel, hand.screen
TIMELINE = hand.TIMELINE
rig, action, part, settle, until = hand.rig, hand.action, hand.part, hand.settle, hand.until
to_view, find, press, unfold, ask = hand.to_view, hand.find, hand.press, hand.unfold, hand.ask
shoot, look, generated, sentence, add_metarig = hand.shoot, hand.look, hand.generated, hand.sentence, hand.add_metarig
DRAWS = int(os.environ.get("COAMD_DRAWS", "4"))  # four are the panel's own
STRIP_ROOM = 90  # pixels that the timeline is made higher by


def strip_place(frame, block=None):
    """Where on the timeline's strip that frame is, in pixels of the window."""
    only, track = screen.area(TIMELINE), part("track")
    with bpy.context.temp_override(
        window=screen.window(), area=only, region=screen.region(TIMELINE, "WINDOW"), space_data=only.spaces.active
    ):
        _, view = track.overlay.shown(bpy.context)
    box = screen.box_of(screen.region(TIMELINE, "WINDOW"))
    return round(box.left + view.x_of(frame)), round(box.lower - view.bottom - view.height / 2)


def install_zip():
    """The zip installed, by Blender's preferences."""
    yield from install_by_click.install(Path(os.environ["COAMD_ZIP"]), panel["EXTENSION"], OUT / "shot_install_zip.png")
    prepare()


def delete_cube():
    """Delete what a new file of Blender's own begins with: its cube stands where the character will."""
    yield from to_view()
    yield 3.0  # a window that is new may hear no key yet
    yield from screen.press("Delete")
    yield from until(lambda: "Cube" not in bpy.context.scene.objects)


def prepare():
    """Choose the interpreter, a small length and as many draws as are wanted."""
    panel["choose_runtime"]()
    settings = bpy.context.scene.coamd
    settings.variants, settings.seconds = DRAWS, float(os.environ.get("COAMD_SECONDS", settings.seconds))


def first_run():
    """From the installed zip to the first motion."""
    yield from to_view()
    yield from screen.press("n")
    yield 1.0
    tab = yield from screen.read("CoAMD", screen.sidebar(), upright=True)
    yield from screen.click(tab.middle)
    yield 1.0
    shoot("shot_get_started.png")
    yield from press("Test Runtime")
    yield from settle()
    yield from press("Make First Motion")
    yield 1.0
    yield from settle()
    check("first motion", len(bpy.context.scene.coamd.takes) >= 1, action=action().name)


def three_blocks():
    """The first motion, and two blocks behind it."""
    yield from raise_timeline()
    yield from unfold("Track")
    for sentence in ("a person bows", "a person jumps up high"):
        yield from add_block()
        yield from fill_block(sentence)
    yield from press("Generate 2 Blocks")
    yield from settle()
    yield from screen.hover(screen.box_of(screen.region(TIMELINE, "WINDOW")).middle)
    yield from screen.press("Home")
    yield 1.0
    states = part("blocks.tracks").states(rig())
    check("three blocks", states == ["MADE"] * 3, states=states)


def raise_timeline():
    """Drag the border above the timeline up, so that there is room for the blocks."""
    box = screen.box_of(screen.area(TIMELINE))
    if box.lower - box.upper < STRIP_ROOM:
        start = box.left + 300, box.upper - 2
        yield from screen.drag(start, (start[0], start[1] - STRIP_ROOM))


def add_block():
    """Press + beside the list."""
    box = screen.sidebar()
    place = yield from search("coamd.block_add", box.right - 50)
    yield from screen.click(place)
    yield 0.6


def search(name, x):
    """Pass the mouse down a column of the sidebar until it is over a button with that in its command."""
    box = screen.sidebar()
    for y in range(box.upper + 20, box.lower - 10, 9):
        if name in (yield from screen.command_at((x, y))):
            return x, y + 4
    raise AssertionError(f"The mouse finds no {name} in the sidebar")


def fill_block(sentence):
    """Type the sentence of the chosen block."""
    place = yield from find("Gap")
    yield from ask((place[0], place[1] - 26), sentence)


def blocks():
    """First frame, last frame and sentence of each block of the track."""
    return [(block.start, block.end, block.prompt) for block in part("blocks.tracks").read(rig())]


def drag_edge():
    """The third block begins half a second later, and the second lasts until then."""
    before = blocks()
    start = strip_place(before[2][0])
    end = strip_place(before[2][0] + 12)
    yield from screen.drag((start[0] + 2, start[1]), (end[0] + 2, end[1]))
    after = blocks()
    check("edge dragged", after[2][0] > before[2][0] + 6 and after[1][1] + 1 == after[2][0], blocks=after)
    yield from generated("Generate 2 Blocks")


def one_word():
    """One word of the second sentence is another, and that block alone is made anew."""
    before, old, keys = blocks(), action(), keys_outside(blocks()[1][:2])
    yield from screen.click(strip_place(sum(before[1][:2]) / 2), times=2)
    yield from screen.read("Sentence of the Block")
    yield 1.0
    yield from screen.write("a person waves")
    yield from screen.press("Return")
    check("typed", blocks()[1][2] == "a person waves", blocks=blocks())
    yield from generated("Generate 1 Block")
    check("another take", action() != old and part("blocks.tracks").states(rig()) == ["MADE"] * 3)
    check("keys outside", keys == keys_outside(blocks()[1][:2]), keys=sum(map(len, keys.values())))


def keys_outside(span):
    """Every key of the Action outside these frames: place, handles and interpolation, by curve."""
    actions, found = part("anim.actions"), {}
    for curve in actions.curves_of(action(), actions.slot_for(action(), rig())):
        keys = [key for key in curve.keyframe_points if not span[0] <= key.co[0] <= span[1]]
        told = [(*key.co, *key.handle_left, *key.handle_right, key.interpolation) for key in keys]
        found[curve.data_path, curve.array_index] = told
    return found


def go_on():
    """From the last frame on, with another sentence."""
    last = blocks()[-1][1]
    yield from unfold("Generate Motion")
    yield from to_view()
    yield from screen.press("shift+Right")
    yield from sentence("a person walks in a circle to the left")
    yield from generated("Generate")
    check("continued", blocks()[-1][0] == last + 1 and len(blocks()) == 4, blocks=blocks())


def loop():
    """The motion ends as it begins."""
    yield from generated("Make Loop")
    yield from find("Reject")
    shoot("shot_loop_waits.png")
    check("loop waits", bpy.context.scene.coamd_edit.tool == "loop")
    yield from press("Accept")
    check("loop kept", bpy.context.scene.coamd_edit.preview is None)


def in_place():
    """The motion stays where it is."""
    yield from generated("Put in Place")
    check("in place waits", bpy.context.scene.coamd_edit.tool == "in place")
    yield from press("Accept")
    check("in place kept", bpy.context.scene.coamd_edit.preview is None)


def four_takes():
    """Four draws of a sentence, compared in place by the arrow keys, the others as ghosts."""
    yield from to_view()
    yield from screen.press("shift+Left")
    yield from press("Fresh Start")
    bpy.context.scene.coamd.variants = 4
    yield from sentence("a person kicks with the left leg")
    yield from generated("Generate")
    yield from raise_timeline()
    ruler = screen.box_of(screen.region(TIMELINE, "WINDOW")).upper + 12
    yield from screen.click((strip_place(blocks()[0][0] + 36)[0], ruler))
    yield from press("Compare Takes")
    yield from to_view()
    chosen = bpy.context.scene.coamd.take_index
    yield from screen.press("Right", "Right", "g")
    yield from until(lambda: len(part("generate.ghosts")._ghosts.lines) == 4)
    look()
    check("stepped", bpy.context.scene.coamd.take_index != chosen, take=bpy.context.scene.coamd.take_index)
    yield 1.0
    shoot("shot_four_takes.png")
    yield from screen.press("g", "Return")
    bpy.context.scene.coamd.variants = DRAWS


def edit():
    """A range is made anew; before and after; kept."""
    first, last = map(int, action().frame_range)
    yield from raise_timeline()
    yield from unfold("Edit Motion")
    yield from screen.hover(screen.box_of(screen.region(TIMELINE, "WINDOW")).middle)
    yield from screen.press("Home")
    yield 1.0
    ruler = screen.box_of(screen.region(TIMELINE, "WINDOW")).upper + 12
    yield from screen.click((strip_place((first + last) / 2)[0], ruler))
    yield from press("Mark around Playhead")
    yield from find("First")  # the fields of the range are there, and what is below them has moved down
    yield 1.0
    place = yield from find("Body Part")
    yield from ask((place[0] + 60, place[1] - 26), "a person jumps up high")
    yield from generated("Edit Range")
    look()
    yield 1.0
    shoot("shot_edit_after.png")
    yield from press("Show Before")
    look()
    yield 1.0
    shoot("shot_edit_before.png")
    yield from press("Show After")
    yield from press("Accept")
    check("edit kept", bpy.context.scene.coamd_edit.preview is None)


def two_characters():
    """A second character beside the first, and a motion for both."""
    yield from unfold("Several Characters")
    yield from press("Add CoAMD Character")
    yield 1.0
    yield from generated("Generate for Selected Characters")
    playing = [found.animation_data.action.name for found in bpy.data.objects if found.type == "ARMATURE"]
    check("two motions", len(set(playing)) == 2, actions=playing)


def fingers():
    """A rig that has fingers, Rigify's metarig, makes a fist at the current frame."""
    yield from add_metarig()
    yield from unfold("Hands")
    yield from press("Fist")
    actions, bent = part("anim.actions"), []
    for curve in actions.curves_of(action(), actions.slot_for(action(), rig())):
        if "f_index" in curve.data_path and curve.array_index > 0:  # of a quaternion, without w
            bent.append(abs(curve.evaluate(bpy.context.scene.frame_current)))
    check("fingers bend", max(bent, default=0.0) > 0.3, curves=len(bent))
    yield from to_view()
    for other in bpy.context.view_layer.objects:  # characters stand before the hand, in the picture
        other.hide_set(other != rig())
    look("hand.L", 0.6)
    yield 1.0
    shoot("shot_fingers.png")


def play():
    """The motion played."""
    yield from unfold("Generate Motion")
    yield from press("Play")
    yield from until(lambda: screen.window().screen.is_animation_playing)
    yield 2.0
    shoot("shot_play.png")
    yield from to_view()
    yield from screen.press("Escape")


STEPS = (
    install_zip,
    first_run,
    three_blocks,
    drag_edge,
    one_word,
    go_on,
    loop,
    in_place,
    four_takes,
    edit,
    two_characters,
    play,
    fingers,
)
TEACHING = importlib.import_module(
    "play_teaching"
).TEACHING  # no part of the hour: of COAMD_STEPS alone, behind first_run


def table(counts):
    """The counts as lines of a table: what was done, clicks, drags, keys and letters."""
    kinds = ("clicks", "drags", "keys", "letters")
    lines = [f"| step | {' | '.join(kinds)} |", "|---" * (1 + len(kinds)) + "|"]
    for step in (*STEPS, *TEACHING):
        if step.__name__ in counts:
            told = step.__doc__.splitlines()[0].rstrip(".")
            lines.append(f"| {told} | {' | '.join(str(counts[step.__name__].get(kind, 0)) for kind in kinds)} |")
    return "\n".join([*lines, ""])


def scenario():
    """Every step, with its picture and its counts; every yield hands control back to Blender for so many seconds."""
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("shot_*.png"):
        old.unlink()
    yield 1.0
    counts, wanted = {}, os.environ.get("COAMD_STEPS", " ".join(step.__name__ for step in STEPS)).split()
    addon_utils.enable("rigify", default_set=True)  # for a rig with fingers
    bpy.context.preferences.system.viewport_aa = "OFF"  # drawn by software: eight times as fast
    bpy.context.preferences.view.show_splash = False
    if "install_zip" not in wanted:
        panel["install"]()
        prepare()
    yield 1.0
    yield from delete_cube()
    try:
        for step in [step for step in (*STEPS, *TEACHING) if step.__name__ in wanted]:
            screen.counted.clear()
            yield from step()
            counts[step.__name__] = dict(screen.counted)
            (OUT / "clicks.json").write_text(json.dumps(counts, indent=1))
            (OUT / "clicks.md").write_text(table(counts))
            picture = OUT / f"shot_{step.__name__}.png"
            if not picture.exists():
                yield from to_view()
                look()
                yield 1.0
                shoot(picture.name)
            check(step.__name__, True, **screen.counted)
    except Exception:
        screen.save(OUT / "failed.png")
        raise
    panel["log"]["passed"] = True
    check("all", True)


steps = scenario()
bpy.app.timers.register(lambda: panel["run"](steps), first_interval=1.0, persistent=True)
