"""Live edits, continuations and blocks with the real networks, through the add-on: python tests/blender/shot_study.py.

    live      poses moved inside an edit that waits: what one waits for, beside a plain generation of 9.8 s
    continue  twenty motions, each gone on from the one before: the joins, and how far above the floor the feet are
    blocks    five blocks on four kinds of rig, the sentence of the second changed: keys outside it, seams

Seconds are of processor time, of Blender and of the runtime together: what else the machine does counts little. Seams
are the largest change of velocity within two frames of a join, mean over joints, against the 95th percentile of all
frames. Names choose; --times says how often (9 poses, 20 motions).
"""

import argparse
import hashlib
import sys
import time
from itertools import pairwise
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

import bpy  # noqa: E402
import numpy as np  # noqa: E402
import rigs  # noqa: E402

import coamd_blender  # noqa: E402
from coamd_blender.anim import actions, range_keys, read_action  # noqa: E402
from coamd_blender.core import session  # noqa: E402
from coamd_blender.edit import live  # noqa: E402
from coamd_blender.motion.skeleton import JOINT_INDEX  # noqa: E402
from coamd_blender.setup import preferences  # noqa: E402
from coamd_blender.wire.requests import GenerateRequest  # noqa: E402

FEET = [JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("ankle", "foot")]
RATE = 24
FIVE = (
    "a person walks forward", "a person waves", "a person walks forward", "a person does jumping jacks",
    "a person sits down",
)  # fmt: skip
LASTING = ("a person walks forward", "a person waves", "a person turns to the left", "a person bows")


def enabled():
    """Register the add-on, with this Python as the runtime's."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    coamd_blender.register()
    entry = bpy.context.preferences.addons.new()
    entry.module = preferences.EXTENSION
    settings = preferences.get(bpy.context)
    settings.source, settings.python, settings.device = "PYTHON", sys.executable, "cpu"


def on_stage(make_rig):
    """The rig that ``make_rig`` makes, active, in a scene of its own."""
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    bpy.context.scene.render.fps = RATE
    armature = make_rig()
    bpy.context.view_layer.objects.active = armature
    bpy.context.scene.frame_set(1)
    return armature


def joints_of(armature):
    """Joints (frames, 22, 3), metres, of what the armature plays, a row a frame."""
    return read_action.read_action(armature, armature.animation_data.action, fps=None).joints.astype(float)


def bends(joints):
    """The change of velocity at every frame but the first and the last, mean over joints."""
    return np.linalg.norm(np.diff(joints, n=2, axis=0), axis=-1).mean(axis=1)


def seams(joints, joins):
    """The largest change of velocity within two frames of each join, against the 95th percentile of all."""
    found = bends(joints)
    return [float(found[max(0, join - 4) : join + 2].max() / np.percentile(found, 95)) for join in joins]


# --- live -------------------------------------------------------------------------------------------------------------


def runtime_seconds():
    """Processor time of the runtime's process so far."""
    found = 0.0
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            fields = (Path("/proc") / child / "stat").read_text().rpartition(")")[2].split()
            found += (int(fields[11]) + int(fields[12])) / 100
    return found


def measured(begin):
    """Call ``begin`` and pump until all is done: processor time of both processes, time on the clock, and of the
    longest step of the main thread."""
    current, longest = session.current(), 0.0
    clock, own, other = time.monotonic(), time.process_time(), runtime_seconds()
    begin()
    while True:
        start = time.thread_time()
        more = current.pump()
        longest = max(longest, time.thread_time() - start)
        if not more:
            break
        time.sleep(0.002)
    if current.error is not None:
        raise current.error
    seconds = time.process_time() - own + runtime_seconds() - other
    return seconds, time.monotonic() - clock, longest


def plain():
    """A generation of 9.8 s, without keys."""
    yield GenerateRequest(("a person walks forward",), 9.8, (1,))


def study_live(times):
    """Move a pose ``times`` times inside an edit of two seconds, and generate in between."""
    armature, scene = on_stage(rigs.mixamo), bpy.context.scene
    scene.coamd.prompt, scene.coamd.seconds, scene.coamd.variants = "a person walks forward", 9.8, 1
    bpy.ops.coamd.generate()
    ranges = scene.coamd_edit
    ranges.source_of_range, ranges.first, ranges.last, ranges.prompt = "FRAMES", 97, 144, "a person waves"
    bpy.ops.coamd.edit_range()
    bpy.ops.coamd.live_edit()
    rows, generations, drawn = [], [], []
    for number in range(times):
        scene.frame_set(101 + (11 * number) % 40)
        armature.pose.bones["mixamorig:LeftArm"].rotation_quaternion[1] += 0.1
        moved = live._moved(live._live, bpy.context, ranges)
        rows.append(measured(lambda moved=moved: live.remake(bpy.context, moved)))
        start = time.thread_time()
        bpy.context.view_layer.update()
        drawn.append(time.thread_time() - start)
        generations.append(measured(lambda: session.current().start(plain())))
    live.stop()
    table, usual = np.array(rows[1:]), np.median(np.array(generations[1:]), axis=0)
    middle, worst = np.median(table, axis=0), table.max(axis=0)
    print(f"live, {times - 1} poses after a first one, of an edit of 2.0 s in {RATE} frames a second")
    print(f"  a pose: {middle[0]:.2f} s of processor time, worst {worst[0]:.2f}; a generation of 9.8 s {usual[0]:.2f}")
    print(f"  against that: {middle[0] / usual[0]:.2f} x, worst {worst[0] / usual[0]:.2f} x")
    print(f"  on the clock: {middle[1]:.2f} s, worst {worst[1]:.2f}; generation {usual[1]:.2f}")
    print(f"  longest step of the main thread: {1000 * middle[2]:.1f} ms, worst {1000 * worst[2]:.1f} ms")
    print(f"  Blender's own update of the scene: {1000 * max(drawn):.1f} ms", flush=True)


# --- continue ---------------------------------------------------------------------------------------------------------


def study_continue(times):
    """Go on ``times`` times, three seconds each, from where the motion before ended."""
    armature, scene = on_stage(rigs.mixamo), bpy.context.scene
    settings = scene.coamd
    settings.variants, settings.length_in, settings.frames, settings.random_seed = 1, "FRAMES", 72, False
    ends = []
    for number in range(times + 1):
        settings.prompt, settings.seed = LASTING[number % len(LASTING)], number
        bpy.ops.coamd.generate()
        ends.append(round(armature.animation_data.action.frame_range[1]))
        scene.frame_set(ends[-1])
    joints = joints_of(armature)
    lowest = joints[:, FEET, 1].min(axis=1)
    parts = [lowest[first:last] for first, last in pairwise([0, *ends])]
    heights = 100 * np.array([[np.median(part), part.min()] for part in parts])
    ratios = seams(joints, ends[:-1])
    steps = np.linalg.norm(np.diff(joints[:, 0], axis=0), axis=-1)
    at_joins = max(steps[end - 1] for end in ends[:-1])
    away = np.linalg.norm(joints[-1, 0, [0, 2]] - joints[0, 0, [0, 2]])
    print(f"continue, {times} times: {len(joints)} frames, {away:.1f} m away")
    print(f"  lowest joint of the feet, median of a part: {_each(heights[:, 0])} cm; lowest {heights[:, 1].min():.1f}")
    print(f"  joins: at most {max(ratios):.2f} x the 95th percentile, median {np.median(ratios):.2f} x")
    print(f"  largest change of velocity {bends(joints).max() * RATE**2:.1f} m/s^2 (at joins: {_each(ratios)} x)")
    print(
        f"  largest step of the pelvis at a join {100 * at_joins:.1f} cm, anywhere {100 * steps.max():.1f}", flush=True
    )


def _each(values):
    return " ".join(f"{value:.1f}" for value in values)


# --- blocks -----------------------------------------------------------------------------------------------------------


def by_angles():
    """A rig whose bones are rolled, turned by Euler angles, axis and angle, and quaternions."""
    armature = rigs.mixamo(rolled=True)
    for number, bone in enumerate(armature.pose.bones):
        bone.rotation_mode = ("XYZ", "ZYX", "AXIS_ANGLE", "QUATERNION")[number % 4]
    return armature


def character():
    """CoAMD's own figure."""
    bpy.ops.coamd.add_character()
    return bpy.context.view_layer.objects.active


KINDS = {"mixamo": rigs.mixamo, "metarig": rigs.metarig, "character": character, "angles": by_angles}


def digest(armature, first, last):
    """The number of keys outside frames ``first`` to ``last``, and the sha256 of them, handles included."""
    action, found, count = armature.animation_data.action, hashlib.sha256(), 0
    curves = actions.curves_of(action, actions.slot_for(action, armature))
    for curve in sorted(curves, key=lambda curve: (curve.data_path, curve.array_index)):
        keys = range_keys.read_keys(curve)
        kept = (keys["co"][:, 0] < first) | (keys["co"][:, 0] > last)
        count += int(kept.sum())
        for name in ("co", "handle_left", "handle_right", "interpolation"):
            found.update(keys[name][kept].tobytes())
    return count, found.hexdigest()


def study_blocks(_times):
    """Make five blocks on each kind of rig, then the second one anew by another sentence."""
    for kind, make_rig in KINDS.items():
        armature = on_stage(make_rig)
        for number, prompt in enumerate(FIVE):
            bpy.ops.coamd.block_add(prompt=prompt, frames=72)
            armature.coamd_track.blocks[number].seed = 10 * (number + 1)
        bpy.ops.coamd.generate_track()
        before, was = digest(armature, 73, 144), joints_of(armature)
        armature.coamd_track.blocks[1].prompt = "a person bows"
        bpy.ops.coamd.generate_track()
        after, now = digest(armature, 73, 144), joints_of(armature)
        changed = np.flatnonzero(np.abs(now - was).max(axis=(1, 2)) > 1e-5) + 1
        joins = [72 * number for number in range(1, len(FIVE))]
        same = "the same" if before == after else "NOT the same"
        print(f"blocks, {kind}: {after[0]} keys outside, {same} (sha256 {after[1][:16]})")
        print(f"  frames changed {changed.min()} to {changed.max()}; seams {_each(seams(was, joins))} x before", end="")
        print(f", {_each(seams(now, joins))} x after", flush=True)


STUDIES = {"live": (study_live, 9), "continue": (study_continue, 20), "blocks": (study_blocks, 1)}


def main():
    """Run the studies that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*STUDIES, []], metavar="NAME", help="live, continue, blocks")
    parser.add_argument("--times", type=int)
    args = parser.parse_args()
    enabled()
    for name in args.names or STUDIES:
        study, usual = STUDIES[name]
        study(args.times or usual)
    session.close()


if __name__ == "__main__":
    main()
