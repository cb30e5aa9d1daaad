"""Print the matrix of round trips: five kinds of rig, every file that their motion is written to, three rates.

    PYTHONPATH=. .venv/bin/python tests/blender/round_trip_table.py [--rates 24 30 60] [--rigs NAME ...]

A cell is by how much a bone is elsewhere at most, millimetres, once Blender has read the file, and, where the command
line reads it too, once that has. A cell is bad, and the exit status 1, from 5 mm on, or where frames are lost or the
rate is another.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

import bpy  # noqa: E402
import numpy as np  # noqa: E402
from mathutils import Euler, Matrix  # noqa: E402
from rigs import evaluated_heads, metarig, mixamo, new_scene, walking  # noqa: E402

from coamd_blender.anim import write_action  # noqa: E402
from coamd_blender.retarget import detect  # noqa: E402
from coamd_blender.tools import scenes  # noqa: E402

RATES = (24.0, 30.0, 60.0)
FRAMES, NEAR = 21, 0.005
COMMAND_LINE = (".bvh", ".glb")  # read by it as well


@dataclass(frozen=True)
class Trip:
    """What came back: by how much a bone is off at most, metres, of how many frames, at which rate.

    command_line: the same of the command line's readers, None where they do not read such a file.
    """

    off: float
    frames: int
    rate: float | None
    command_line: tuple[float, int, float] | None = None

    def good(self, fps: float) -> bool:
        """Return whether all is as it was written."""
        every = [(self.off, self.frames, self.rate), *([self.command_line] if self.command_line else [])]
        return all(off < NEAR and count == FRAMES and rate in (None, fps) for off, count, rate in every)


def imported_like():
    """Bones a hundred times as large under an object that is scaled and turned, as importers of FBX leave them."""
    rig = mixamo("", rolled=True)
    turn = Euler((np.pi / 2, 0, 0)).to_matrix().to_4x4()
    rig.data.transform(turn.inverted() @ Matrix.Scale(100, 4))
    rig.matrix_world = turn @ Matrix.Scale(0.01, 4)
    return rig


def with_root():
    """A root bone above the hips, and nothing else in the scene."""
    from test_output import rooted

    rig = rooted()
    for other in [each for each in bpy.data.objects if each != rig]:
        bpy.data.objects.remove(other)
    return rig


KINDS = {
    "T-pose": lambda: mixamo(""),
    "A-pose, rolled": lambda: mixamo(rolled=True, lowered=0.7),
    "metarig": metarig,
    "root bone": with_root,
    "as imported": imported_like,
}
WRITERS = (".bvh", ".glb", ".fbx", ".blend")


def written(kind, suffix, fps, folder):
    """Write the motion on a rig; return the file, the bones that play joints, and where they are (F, N, 3)."""
    new_scene()
    rig = KINDS[kind]()
    scenes.set_rate(fps)
    names = list(detect([bone.name for bone in rig.data.bones]).bones.values())
    options = {"source_fps": fps, "start_frame": 1, "contact": "off"}
    action = write_action.apply_motion(rig, walking(FRAMES).astype(np.float32), **options)
    scenes.show_all_of(action)
    places = evaluated_heads(rig, names, range(1, FRAMES + 1))
    path = folder / f"out{suffix}"
    if suffix == ".blend":
        scenes.save_blend(path)
    elif suffix == ".bvh":
        scenes.save_bvh(rig, path)
    else:
        scenes.save_exported(rig, path)
    return path, names, places


def read_back(path: Path, suffix: str, names: list[str], wanted: np.ndarray) -> Trip:
    """Read a file by Blender, and by the command line where that can, and compare."""
    rig = scenes.open_rig(path, "")
    action = rig.animation_data.action or bpy.data.actions[0]
    rig.animation_data.action = action
    render = bpy.context.scene.render
    rate = None if suffix == ".bvh" else render.fps / render.fps_base  # of a BVH Blender takes the frames alone
    first, last = (round(frame) for frame in action.frame_range)
    found = evaluated_heads(rig, names, np.arange(first, last + 1))
    by_command = _by_command_line(path, names, wanted) if suffix in COMMAND_LINE else None
    return Trip(_off(found, wanted), len(found), rate, by_command)


def _by_command_line(path: Path, names: list[str], wanted: np.ndarray) -> tuple[float, int, float] | None:
    if importlib.util.find_spec("scipy") is None:  # which its readers need
        return None
    from runtime.formats.read import read

    (clip,) = read(path)
    found = clip.positions[:, [clip.names.index(name) for name in names]]
    return _off(found, wanted), len(found), clip.fps


def _off(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.linalg.norm(found - wanted, axis=-1).max()) if found.shape == wanted.shape else float("inf")


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", nargs="+", type=float, default=RATES)
    parser.add_argument("--rigs", nargs="+", choices=KINDS, default=list(KINDS))
    options = parser.parse_args()
    cases = [(fps, suffix) for fps in options.rates for suffix in WRITERS]
    print("| rig | " + " | ".join(f"{suffix} {fps:g}" for fps, suffix in cases) + " |")
    print("|---" * (len(cases) + 1) + "|")
    bad = 0
    with tempfile.TemporaryDirectory(prefix="coamd-trips-") as folder:
        for kind in options.rigs:
            cells = []
            for fps, suffix in cases:
                path, names, wanted = written(kind, suffix, fps, Path(folder))
                trip = read_back(path, suffix, names, wanted)
                told = [trip.off, *(trip.command_line or ())[:1]]
                cells.append(", ".join(f"{1000 * off:.1f}" for off in told) + ("" if trip.good(fps) else " BAD"))
                bad += not trip.good(fps)
            print(f"| {kind} | " + " | ".join(cells) + " |", flush=True)
    count = len(options.rigs) * len(cases)
    print(f"\n{count - bad} of {count} as written, {bpy.app.version_string}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
