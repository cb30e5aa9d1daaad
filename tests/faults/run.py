"""Print the fault table: each fault of the runtime at each phase, as somebody at the panel meets it.

    .venv/bin/python tests/faults/run.py [--only FAULT/PHASE ...] [--out FILE.json]

A row: what the user reads in the end, the longest time that the panel showed nothing new after the fault (the panel is
looked at as Blender's timer does), whether the keys that were there are the same to the bit, how many processes are
left, and whether the next request works. Needs bpy; about five minutes, most of it waiting.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "blender"), str(HERE)]

import bpy  # noqa: E402
import numpy as np  # noqa: E402
from faulty_runtime import FAULTS, PHASES  # noqa: E402

import coamd_blender  # noqa: E402
from coamd_blender.anim import actions  # noqa: E402
from coamd_blender.core import session  # noqa: E402
from coamd_blender.generate import workflow  # noqa: E402
from coamd_blender.setup import preferences  # noqa: E402

LONGEST = 120.0  # seconds that a row may take


@dataclass(frozen=True)
class Row:
    """What one fault at one phase came to. silence: seconds; left: processes."""

    fault: str
    phase: str
    line: str
    silence: float
    keys_kept: bool
    left: int
    next_works: bool

    @property
    def good(self) -> bool:
        """Whether nothing was lost, nobody was left waiting, and nothing stays."""
        return self.keys_kept and self.next_works and not self.left and self.silence <= 10.0


def cases() -> list[tuple[str, str]]:
    """Return every fault with each phase it can happen at."""
    return [(fault, phase) for fault in FAULTS for phase in PHASES if fault != "wrong answer" or phase == "answer"]


def measure(fault: str, phase: str, folder: Path) -> Row:
    """Meet ``fault`` at ``phase`` in a Blender with an armature that holds keys."""
    mark = folder / f"{fault}-{phase}".replace(" ", "-")
    settings = _open(fault, phase, mark)
    before, current = _keys(), session.current()
    try:
        line, silence = _meet(current, phase, mark)
        kept = _keys() == before
        error = _ask(current)
        return Row(fault, phase, line, round(silence, 1), kept and _keys() == before, _left(mark), error is None)
    finally:
        coamd_blender.unregister()
        addons = bpy.context.preferences.addons
        addons.remove(addons[preferences.EXTENSION])
        del settings


def _open(fault: str, phase: str, mark: Path) -> bpy.types.AddonPreferences:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    coamd_blender.register()
    bpy.context.preferences.addons.new().module = preferences.EXTENSION
    settings = preferences.get(bpy.context)
    settings.source = "COMMAND"
    words = (sys.executable, HERE / "faulty_runtime.py", fault, phase, mark)
    settings.command = " ".join(f'"{word}"' for word in words)
    bpy.ops.coamd.add_character()
    armature = bpy.context.active_object
    for frame in (1, 12, 30):
        armature.pose.bones[0].location.x = frame / 7
        armature.pose.bones[0].keyframe_insert("location", frame=frame)
    armature.animation_data.action.name = "By hand"
    return settings


def _keys() -> str:
    """Return a hash of the keys made by hand."""
    digest = hashlib.sha256()
    for curve in actions.curves_of(bpy.data.actions["By hand"]):
        values = np.empty(2 * len(curve.keyframe_points), np.float32)
        curve.keyframe_points.foreach_get("co", values)
        digest.update(f"{curve.data_path} {curve.array_index}".encode() + values.tobytes())
    return digest.hexdigest()


def _begin(current: session.Session) -> None:
    scene = bpy.context.scene.coamd
    scene.prompt, scene.seconds, scene.variants = "a person walks", 2.0, 1
    current.start(workflow.generate(bpy.context), session.GENERATION)


def _meet(current: session.Session, phase: str, mark: Path) -> tuple[str, float]:
    """Ask, and watch the panel until all is told; return the line and the longest time that nothing new was shown."""
    _begin(current)
    end, begun, changed, longest, shown = time.monotonic() + LONGEST, 0.0, 0.0, 0.0, None
    while time.monotonic() < end:
        current.tick()
        now = time.monotonic()
        seen = (current.status.text, str(current.error), current.notice, current.runtime)
        if mark.exists() and not begun:
            begun = changed = now
        if begun and seen == shown:
            longest = max(longest, now - changed)
        if seen != shown:
            shown, changed = seen, now
        if begun and not current.running and (phase != "idle" or current.error or not current.alive):
            break
        time.sleep(0.02)
    return str(current.error or current.notice or "(nothing is said: the next request starts another)"), longest


def _ask(current: session.Session) -> Exception | None:
    """Make a motion and return its error."""
    end = time.monotonic() + LONGEST
    _begin(current)
    while current.running and time.monotonic() < end:
        current.tick()
        time.sleep(0.01)
    return current.error if not current.running else TimeoutError("still running")


def _left(mark: Path) -> int:
    """End the session and return how many processes started for ``mark`` are still there (Linux: /proc)."""
    session.close()
    end = time.monotonic() + 5.0
    while (count := _count(mark)) and time.monotonic() < end:
        time.sleep(0.05)
    return count


def _count(mark: Path) -> int:
    count = 0
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            count += os.fsencode(mark) in entry.read_bytes()
        except OSError:
            continue  # it has ended since
    return count


def main() -> int:
    """Print the table; return 1 where a row is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="FAULT/PHASE")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows = []
    print("| fault | at | the user reads | silence | keys | left | next |\n|---|---|---|---:|---|---:|---|")
    with tempfile.TemporaryDirectory(prefix="coamd-faults-") as folder:
        for fault, phase in cases():
            if options.only and f"{fault}/{phase}" not in options.only:
                continue
            row = measure(fault, phase, Path(folder))
            rows.append(row)
            kept, works = "kept" if row.keys_kept else "LOST", "works" if row.next_works else "FAILS"
            print(
                f"| {fault} | {phase} | {row.line} | {row.silence:.1f} s | {kept} | {row.left} | {works} |", flush=True
            )
    print(f"\n{sum(row.good for row in rows)} of {len(rows)} as they must be")
    if options.out is not None:
        options.out.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    return 0 if all(row.good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
