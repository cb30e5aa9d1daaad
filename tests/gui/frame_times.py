"""How long the add-on holds Blender's main thread while it works: a tick of its timer, and a redraw of the window.

    COAMD_PYTHON=/path/to/python COAMD_QUIT=1 blender --factory-startup --python tests/gui/frame_times.py
    python tests/gui/frame_times.py            # of a virtual environment with bpy and torch: no window, no drawing

It works from this checkout, with real networks: four draws of 9.8 s with their preview, a track of twenty blocks of
3 s, and an index of 200 .bvh files that it writes before. All panels are open. Milliseconds are of processor time of
the main thread: what else the machine does counts little. A redraw is what panels, lists, polls of buttons, preview and
timeline strip take until one of them is drawn again; without a window every panel is drawn once a tick, into nothing.
Printed, and written to COAMD_OUT (out/frames): how many there were, the longest, and the share above 16 ms, which is a
frame of 60 a second.
"""

import functools
import os
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from pathlib import Path

import bpy

HERE = Path(__file__).resolve().parent if "__file__" in globals() else Path("tests/gui").resolve()
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "blender")]

import coamd_blender  # noqa: E402
from coamd_blender import registration  # noqa: E402
from coamd_blender.core import session, timer  # noqa: E402
from coamd_blender.generate import ghosts, preview  # noqa: E402
from coamd_blender.setup import preferences  # noqa: E402
from coamd_blender.track import overlay  # noqa: E402

OUT = Path(os.environ.get("COAMD_OUT", "out/frames")).resolve()
FRAME = 16.0  # ms
LIMIT = 600.0  # s that one of the works may take
BLOCKS = ("a person walks forward", "a person waves", "a person sits down", "a person stands up", "a person bows")
FILES = 200
BACKGROUND = bpy.app.background


class Clock:
    """Milliseconds of the main thread: of each tick, and of what is drawn until something is drawn again."""

    def __init__(self):
        self.ticks, self.redraws = [], []
        self.worst = defaultdict(float)  # name of what is drawn to its longest
        self._now, self._seen, self._inside = 0.0, set(), False

    def timed(self, name, function, tick=False):
        """The function, timed; calls inside of others that are timed count with them."""

        @functools.wraps(function)
        def run(*args, **kwargs):
            if self._inside:
                return function(*args, **kwargs)
            if not tick and name in self._seen and not name.startswith("poll "):
                self._close()
            self._inside, start = True, time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                self._inside, took = False, 1000 * (time.thread_time() - start)
                self.worst[name] = max(self.worst[name], took)
                if tick:
                    self.ticks.append(took)
                else:
                    self._now += took
                    self._seen.add(name)

        return run

    def _close(self):
        self.redraws.append(self._now)
        self._now, self._seen = 0.0, set()

    def take(self):
        """What was measured since the last call: ticks, redraws, and the longest of each thing that is timed."""
        self._close()
        found = self.ticks, [one for one in self.redraws if one], dict(self.worst)
        self.ticks, self.redraws, self.worst = [], [], defaultdict(float)
        return found


clock = Clock()


def watch():
    """Time everything of the add-on that Blender calls by itself; before it is registered."""
    if BACKGROUND:
        session.Session.pump = pumped(session.Session.pump)
    timer._tick = clock.timed("tick", timer._tick, tick=True)
    for owner, name in ((preview.Preview, "_draw"), (ghosts.Ghosts, "draw"), (overlay, "_draw")):
        setattr(owner, name, clock.timed(f"{owner.__name__}.{name}", getattr(owner, name)))
    for cls in registration.CLASSES:
        for name in ("draw", "draw_header"):  # lists are drawn inside of them
            if name in vars(cls):
                setattr(cls, name, with_context(clock.timed(f"{cls.__name__}.{name}", vars(cls)[name])))
        poll = vars(cls).get("poll")
        if isinstance(poll, classmethod):
            cls.poll = classmethod(with_context(clock.timed(f"poll {cls.__name__}", poll.__func__)))


def with_context(function):
    """The function as Blender wants those of a class to be: of two arguments."""
    return lambda owner, context: function(owner, context)


def pumped(pump):
    """A pump of the session, timed as the tick that it would be with a window, and all panels drawn behind it."""
    timed = clock.timed("tick", pump, tick=True)

    def run(current):
        busy = timed(current)
        panels()
        return busy

    return run


def enabled():
    """Register the add-on, all its panels open, with COAMD_PYTHON (this Python) as the runtime's."""
    for cls in registration.CLASSES:
        if getattr(cls, "bl_space_type", "") == "VIEW_3D":
            cls.bl_options = set(getattr(cls, "bl_options", ())) - {"DEFAULT_CLOSED"}
    coamd_blender.register()
    entry = bpy.context.preferences.addons.new()
    entry.module = preferences.EXTENSION
    settings = preferences.get(bpy.context)
    settings.source, settings.python = "PYTHON", os.environ.get("COAMD_PYTHON", sys.executable)
    settings.device, settings.show_preview = "cpu", True


def on_stage():
    """CoAMD's character in an empty scene, and the sidebar's tab and the timeline's strip to be seen."""
    for found in list(bpy.data.objects):
        bpy.data.objects.remove(found)
    bpy.ops.coamd.add_character()
    if BACKGROUND:
        return
    for area in bpy.context.window_manager.windows[0].screen.areas:
        if area.type == "VIEW_3D":
            area.spaces.active.show_region_ui = True
            region = next(region for region in area.regions if region.type == "UI")
            yield 1.0
            region.active_panel_category = "CoAMD"
            area.spaces.active.region_3d.view_distance = 6.5
    yield 1.0


def settled(begin):
    """Begin, and wait until nothing is under way; without a window an operator returns when all is done."""
    begin()
    current, end = session.current(), time.monotonic() + LIMIT
    while current.asking or current.running:
        assert time.monotonic() < end
        yield 0.05
    assert current.error is None, str(current.error)
    yield 0.5


def panels():
    """Draw every panel that is to be seen into nothing."""
    from test_addon_panels import drawn

    for cls in registration.CLASSES:
        if cls.__name__.startswith("COAMD_PT_") and getattr(cls, "poll", lambda _: True)(bpy.context):
            drawn(cls.__name__)


def generation():
    """Four draws of 9.8 s, with a preview."""
    settings = bpy.context.scene.coamd
    settings.prompt, settings.seconds, settings.variants = "a person walks in a circle and waves", 9.8, 4
    bpy.ops.coamd.generate(wait=False)


def track():
    """Twenty blocks of 3 s."""
    bpy.context.object.animation_data.action = None
    bpy.context.scene.frame_set(1)
    for number in range(20):
        bpy.ops.coamd.block_add(prompt=BLOCKS[number % len(BLOCKS)], frames=72)
    bpy.ops.coamd.generate_track(wait=False)


def index(folder):
    """200 .bvh files, read into a library of their own."""
    bpy.ops.coamd.index_folder(directory=str(folder / "clips"), wait=False)


def write_clips(folder):
    """Write FILES .bvh files of Blender's own: the walking character's, each a little longer than the last."""
    (folder / "clips").mkdir()
    for number in range(FILES):
        bpy.ops.export_anim.bvh(
            filepath=str(folder / "clips" / f"{number}.bvh"), frame_start=1, frame_end=60 + number % 60
        )


def line(name, values):
    """One line of the table."""
    above = sum(value > FRAME for value in values)
    return (
        f"{name}: {len(values)}, longest {max(values, default=0):.1f} ms, above {FRAME:g} ms {above} of {len(values)}"
    )


def scenario():
    """Every work in turn; every yield hands control back to Blender for so many seconds."""
    bpy.context.scene.render.fps = 24
    yield from on_stage()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for begin in (generation, track, lambda: index(folder)):
            told = getattr(begin, "__name__", "")
            if begin not in (generation, track):
                told = "index"
                write_clips(folder)
            yield 1.0
            clock.take()
            yield from settled(begin)
            ticks, redraws, worst = clock.take()
            longest = sorted(worst.items(), key=lambda pair: -pair[1])[:6]
            report(f"{told}: {line('ticks', ticks)}; {line('redraws', redraws)}")
            report("    " + ", ".join(f"{what} {took:.1f}" for what, took in longest))


def report(text):
    """Print it, and keep it."""
    print(text, flush=True)
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / "frame_times.txt", "a") as file:
        file.write(text + "\n")


def step(steps):
    """Go on with the scenario, as a timer of Blender's."""
    try:
        return next(steps)
    except StopIteration:
        report("done")
    except Exception:  # noqa: BLE001 - told; Blender would only drop the timer
        report(traceback.format_exc())
    if "COAMD_QUIT" in os.environ:
        bpy.ops.wm.quit_blender()
    return None


if __name__ == "__main__":
    if BACKGROUND:
        bpy.ops.wm.read_homefile(use_factory_startup=True)
    watch()
    enabled()
    report(f"Blender {bpy.app.version_string}, {'without' if BACKGROUND else 'with'} a window")
    steps = scenario()
    if BACKGROUND:
        for _ in steps:
            pass
    else:
        bpy.app.timers.register(lambda: step(steps), first_interval=2.0, persistent=True)
