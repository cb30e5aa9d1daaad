"""The table of range edits on real clips: python tests/blender/edit_study.py --prepared FOLDER [--clips N].

Held-out clips are baked on two rigs at 24 and 30 frames a second, given automatic Bezier handles, and the middle of
each is made anew after the clip's own caption, as the operator does it. Blender evaluates both Actions. Printed are,
over all edits: keys outside the range that are the same to the byte; the largest difference of an evaluated bone
matrix outside; the jump of velocity at the seams over the clip's own 95th percentile, of joints and of the rotations of
bones (means over them); and the physical measures inside the range, new against recorded.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import bpy
import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

import rigs  # noqa: E402
import test_edit_action as tools  # noqa: E402

from coamd_blender.anim import actions, range_edit, write_action  # noqa: E402
from coamd_blender.anim.range_keys import ATTRIBUTES, Range  # noqa: E402
from coamd_blender.anim.read_action import read_action  # noqa: E402
from coamd_blender.motion import skeleton  # noqa: E402
from runtime.data.dataset import Prepared  # noqa: E402
from runtime.edit.regenerate import edit_ranges  # noqa: E402
from runtime.edit.task import Edit  # noqa: E402
from runtime.evaluate.physical import floor_depths, foot_skate_ratio, jerk  # noqa: E402
from runtime.generate.generator import Generator  # noqa: E402

LONGEST = 160  # frames, at 20 a second, of a clip
RIGS = {"Mixamo": rigs.mixamo, "Rigify metarig": rigs.metarig}
RATES = (24, 30)


def chosen_clips(prepared, count):
    """Every so manieth clip of the validation split that is long enough to have a middle."""
    clips = [clip for clip in prepared.of_split("val") if clip["frames"] >= 80]
    return [clips[round(number)] for number in np.linspace(0, len(clips) - 1, min(count, len(clips)))]


def baked(make_rig, joints, fps):
    """A rig that plays ``joints`` from frame 1, with automatic Bezier handles; returns it and its Action."""
    scene = rigs.new_scene(fps)
    armature = make_rig()
    action = write_action.apply_motion(armature, joints, source_fps=20, start_frame=1, scene=scene)
    for curve in actions.curves_of(action, actions.slot_for(action, armature)):
        curve.keyframe_points.foreach_set("interpolation", np.full(len(curve.keyframe_points), 2, np.int32))
        curve.update()
    return armature, action


def edit(generator, armature, action, area, prompt, seed):
    """Carry the edit out as the operator does; the armature plays the preview afterwards."""
    slot = actions.slot_for(action, armature)
    reading = read_action(armature, action, fps=None)
    site = range_edit.survey(armature, action, reading, range_edit.outlined(reading, "soft"), (area,), tools.ALL)
    start, stop = round(area.first - reading.frames[0]), round(area.last + 1 - reading.frames[0])
    made = edit_ranges(generator, reading.joints, reading.fps, [Edit(start, stop, prompt, seed=seed)])
    channels, torn = range_edit.plan(site, made)
    preview, outcome = action.copy(), range_edit.EditOutcome(torn=torn)
    handle = None if slot is None else slot.handle
    for _ in range_edit.write_steps(lambda: (armature, preview), handle, channels, outcome):
        pass
    actions.play(armature, preview, range_edit.slot_of(preview, handle))
    return preview, outcome


def same_keys(before, after, area):
    """Whether every key outside the area is there again, bit by bit, its handle types aside."""
    for curve, keys in before.items():
        times = keys["co"][:, 0]
        kept = (times < area.first) | (times > area.last)
        rows = np.searchsorted(after[curve]["co"][:, 0], times[kept])
        names = [name for name in ATTRIBUTES if not name.endswith("_type")]
        if any(keys[name][kept].tobytes() != after[curve][name][rows].tobytes() for name in names):
            return False
    return True


def jumps(values, rows):
    """The largest change of velocity at ``rows``, over the 95th percentile of the recording's; ``values`` a pair."""
    recorded, made = values
    return made[rows] / np.percentile(recorded, 95)


def measure(generator, make_rig, joints, fps, prompt, seed):
    """All figures of one edit."""
    armature, action = baked(make_rig, joints, fps)
    first, last = (round(1 + share * (action.frame_range[1] - 1)) for share in (0.38, 0.68))
    area = Range(first, last, *range_edit.extent(action, actions.slot_for(action, armature)))
    frames = np.arange(1, int(area.end) + 1)
    mapped = read_action(armature, action, frames=(1, 2), fps=None).mapping.bones
    bones = sorted(set(mapped.values()))
    before, was = tools.table(action, armature), tools.poses(armature, frames, bones)
    recorded = read_action(armature, None, fps=20)
    preview, outcome = edit(generator, armature, action, area, prompt, seed)
    now = tools.poses(armature, frames, bones)
    outside = (frames < first) | (frames > last)
    # change of velocity at frame f is that between f - 1, f and f + 1: row f - 2 of a second difference
    seams = [first - 3, first - 2, last - 2, last - 1]
    places = [np.linalg.norm(np.diff(found[:, :, :3, 3], n=2, axis=0), axis=-1).mean(axis=1) for found in (was, now)]
    turns = [np.linalg.norm(np.diff(angular(found), axis=0), axis=-1).mean(axis=1) for found in (was, now)]
    made = read_action(armature, None, fps=20)
    inside = slice(round((first - 1) * 20 / fps), round(last * 20 / fps))
    figures = {
        "same": same_keys(before, tools.table(preview, armature), area),
        "pose": float(np.abs(now - was)[outside].max()),
        "joints": float(jumps(places, seams).max()),
        "turns": float(jumps(turns, seams).max()),
        "frozen": outcome.frozen,
        "moved": float(np.linalg.norm((now - was)[~outside][:, :, :3, 3], axis=-1).mean()),
    }
    for name, metric in (("skate", foot_skate_ratio), ("jerk", jerk), ("depth", lambda j: floor_depths(j).mean())):
        figures[name] = (float(metric(recorded.joints[inside])), float(metric(made.joints[inside])))
    return figures


def angular(matrices):
    """Angular velocity (F - 1, B, 3), radians a frame, in the bone's parent-free axes."""
    turns = matrices[..., :3, :3]
    steps = turns[1:] @ turns[:-1].swapaxes(-1, -2)
    skew = np.stack([steps[..., 2, 1] - steps[..., 1, 2], steps[..., 0, 2] - steps[..., 2, 0],
                     steps[..., 1, 0] - steps[..., 0, 1]], axis=-1)  # fmt: skip
    sine = np.linalg.norm(skew, axis=-1, keepdims=True) / 2
    angle = np.arctan2(sine, (np.trace(steps, axis1=-2, axis2=-1)[..., None] - 1) / 2)
    return skew / 2 * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 1.0)


def line(name, rows):
    """One line of the table."""
    share = np.mean([row["same"] for row in rows])
    pose = max(row["pose"] for row in rows)
    joints = np.array([row["joints"] for row in rows])
    turns = np.array([row["turns"] for row in rows])
    ratios = []
    for metric in ("skate", "jerk", "depth"):
        recorded, made = np.mean([row[metric] for row in rows], axis=0)
        ratios.append(f"{recorded:.3g} -> {made:.3g}")
    seams = [f"{np.median(joints):5.2f} {np.percentile(joints, 95):5.2f}", f"{np.median(turns):5.2f}"]
    seams = [
        f"{text} {found.max():5.2f} {(found <= 1.5).mean():5.1%}"
        for text, found in zip(seams, (joints, turns), strict=True)
    ]
    print(f"{name:22s} {len(rows):4d} {share:6.0%} {pose:9.1e} {' '.join(seams)}   " + "   ".join(ratios), flush=True)


def main():
    """Run the study and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prepared", type=Path, required=True, help="what the verb prepare wrote")
    parser.add_argument("--clips", type=int, default=50)
    arguments = parser.parse_args()
    prepared, generator = Prepared.load(arguments.prepared), Generator.load(device="cpu")
    rows = defaultdict(list)
    for number, clip in enumerate(chosen_clips(prepared, arguments.clips)):
        joints = np.asarray(prepared.joints(clip)[:LONGEST])
        prompt = next(iter(filter(None, clip["captions"])), "")
        for name, make_rig in RIGS.items():
            for fps in RATES:
                rows[name, fps].append(measure(generator, make_rig, joints, fps, prompt, number))
        print(f"{number + 1}: {clip['id']}", file=sys.stderr, flush=True)
    print(f"{'':22s} {'n':>4s} {'keys':>6s} {'pose':>9s} {'seam of joints: median, 95 %, worst, <= 1.5':<18s}", end=" ")
    print("of rotations: median, worst, <= 1.5   skating, jerk (m/s^3), depth (cm)")
    for (name, fps), found in rows.items():
        line(f"{name}, {fps} fps", found)
    line("all", [row for found in rows.values() for row in found])


if __name__ == "__main__":
    assert skeleton.JOINT_COUNT == 22 and bpy.app.version
    main()
