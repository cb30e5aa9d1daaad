"""Figures of retargeting beside two baselines, over rigs drawn at random and those on disk.

Run: ``PYTHONPATH=. python tests/retarget/quality_table.py [--rigs 200] [--clips MOTIONS.npy CLIPS.jsonl] [--take 50]``
tests/blender/retarget_table.py adds rigs that only Blender can make, posed by Blender itself.
"""

import argparse
import json
import time
from dataclasses import fields
from pathlib import Path

import baselines
import numpy as np
import synthetic
from glb import RIG_FOLDER, read_glb_rig

from coamd_blender.motion.contacts import detect_contacts, floor_offset
from coamd_blender.retarget import Options, detect_rig, quality, solve
from coamd_blender.retarget.body import read_rest

FIGURES = [field.name for field in fields(quality.Quality)]


def compare(rig, mapping, joints, fps=20, contact="strict", with_baselines=True):
    """Method to Quality of one clip on one rig: ours with and without the foot lock, and the two baselines."""
    body = read_rest(rig, mapping)
    floor = floor_offset(joints)
    standing = detect_contacts(joints, fps, floor)
    found = {}
    for name, mode in (("ours", contact), ("ours, feet free", "off")):
        solution = solve(rig, mapping, joints, Options(contact=mode), fps)
        found[name] = quality.posed(rig, mapping, body, solution)
    if with_baselines:
        found["shortest rotation"] = baselines.shortest_rotation(rig, body, joints, floor)
        found["inverse kinematics"] = baselines.inverse_kinematics(rig, body, joints, floor)
    return {
        name: quality.measure(posed, rig, body, joints, standing, fps, place="object") for name, posed in found.items()
    }


def gather(rigs, clips, **options):
    """Method to an array (rigs x clips, figures)."""
    rows = {}
    for rig, mapping in rigs:
        for joints in clips:
            for name, figures in compare(rig, mapping, joints, **options).items():
                rows.setdefault(name, []).append([getattr(figures, figure) for figure in FIGURES])
    return {name: np.array(values) for name, values in rows.items()}


def show(title, rows):
    """Print the means over all runs, worst cases for the figures that are worst cases."""
    print(f"\n{title}: {len(next(iter(rows.values())))} runs")
    print(f"{'':20s}" + "".join(f"{figure:>17s}" for figure in FIGURES))
    for name, values in rows.items():
        print(f"{name:20s}" + "".join(f"{value:17.3f}" for value in summary(values)))


def summary(values):
    """Means over the runs; the largest of skate_worst; the sum of backward frames."""
    found = values.mean(axis=0)
    found[FIGURES.index("skate_worst")] = values[:, FIGURES.index("skate_worst")].max()
    found[FIGURES.index("backward")] = values[:, FIGURES.index("backward")].sum()
    return found


def timing(frames, bones, repeats=5):
    """Least processor time in seconds of one solve."""
    rig, mapping = synthetic.random_rig(7)
    rig, mapping = synthetic.random_rig(7, fillers=bones - len(rig.names))
    joints, times = synthetic.walk(frames), []
    for _ in range(repeats):
        start = time.process_time()
        solve(rig, mapping, joints, Options(contact="strict"))
        times.append(time.process_time() - start)
    return min(times)


def real_clips(motions, listing, take):
    """``take`` clips spread evenly over a prepared data set, at most 196 frames each."""
    joints = np.load(motions, mmap_mode="r")
    entries = [json.loads(line) for line in Path(listing).read_text(encoding="utf-8").splitlines()]
    entries = [entry for entry in entries if entry["frames"] >= 40]
    chosen = [entries[int(place)] for place in np.linspace(0, len(entries) - 1, take)]
    return [np.array(joints[entry["start"] : entry["start"] + min(196, entry["frames"])]) for entry in chosen]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rigs", type=int, default=200, help="rigs drawn at random")
    parser.add_argument("--clips", nargs=2, metavar=("MOTIONS", "LIST"), help="prepared data; else made-up clips")
    parser.add_argument("--take", type=int, default=50, help="clips of the prepared data")
    arguments = parser.parse_args()
    clips = real_clips(*arguments.clips, arguments.take) if arguments.clips else [m() for m in synthetic.CLIPS.values()]
    rigs = [synthetic.random_rig(seed) for seed in range(arguments.rigs)]
    # Every rig meets one clip, every clip as many rigs as there are to share.
    pairs = [(rig, clips[number % len(clips)]) for number, rig in enumerate(rigs)]
    rows = {}
    for rig, clip in pairs:
        for name, values in gather([rig], [clip]).items():
            rows.setdefault(name, []).append(values)
    if rows:
        show("rigs drawn at random", {name: np.concatenate(values) for name, values in rows.items()})
    for path in sorted(RIG_FOLDER.glob("*.glb")):
        rig = read_glb_rig(path)
        show(path.stem, gather([(rig, detect_rig(rig))], clips))
    small, large = 1e3 * timing(196, 65), 1e3 * timing(1200, 300)
    print(f"\n196 frames, 65 bones: {small:.0f} ms; 1,200 frames, 300 bones: {large:.0f} ms")


if __name__ == "__main__":
    main()
