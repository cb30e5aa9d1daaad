"""What recognition loses through Blender: held-out clips put onto rigs, read back and recognised, beside the clips.

Run: ``python tests/blender/recognition_table.py --prepared FOLDER [--clips 100] [--split test]``

Prints one JSON object: for the clips themselves and for each rig the share whose likeliest label, among all labels of
the clips, is the clip's own (top1), and for each rig the share named as the clip itself was (same) and the mean
distance of the joints in millimetres.
"""

import argparse
import json
import sys
from pathlib import Path

import bpy
import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from rigs import imported, metarig, mixamo, new_scene  # noqa: E402

from coamd_blender.anim import write_action  # noqa: E402
from coamd_blender.anim.read_action import read_action  # noqa: E402
from runtime.data.dataset import Prepared  # noqa: E402
from runtime.recognize.recognizer import Recognizer  # noqa: E402

RIGS = {
    "Mixamo names, A-pose": lambda: mixamo(rolled=True, lowered=0.8),
    "Rigify metarig": metarig,
    "kenney_zombie": lambda: imported("kenney_zombie"),
}


def held_out(folder, split, count):
    """Up to ``count`` clips (joints, label) of a split, evenly over its labels, 16 to 196 frames each."""
    prepared = Prepared.load(Path(folder))
    clips = [clip for clip in prepared.of_split(split) if clip["label"] and clip["frames"] >= 16]
    by_label = {}
    for clip in clips:
        by_label.setdefault(clip["label"], []).append(clip)
    chosen = [
        clip
        for round_ in range(max(map(len, by_label.values())))
        for of in by_label.values()
        for clip in of[round_ : round_ + 1]
    ]
    return [(np.array(prepared.joints(clip)[:196], float), clip["label"]) for clip in chosen[:count]]


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prepared", required=True)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--split", default="test")
    args = parser.parse_args()
    clips = held_out(args.prepared, args.split, args.clips)
    labels = sorted({label for _, label in clips})
    recognizer = Recognizer.load()

    def name(joints):
        found = recognizer.recognize(joints.astype(np.float32), labels, top=2)
        return next(label for label, _ in found if label != "unknown")

    truth = [label for _, label in clips]
    plain = [name(joints) for joints, _ in clips]
    told = {"clips": len(clips), "labels": len(labels), "raw": {"top1": float(np.mean(np.equal(plain, truth)))}}
    for title, make in RIGS.items():
        new_scene(fps=20)
        rig_object = make()
        found, distances = [], []
        for joints, _ in clips:
            action = write_action.apply_motion(rig_object, joints, start_frame=1)
            reading = read_action(rig_object)
            found.append(name(reading.joints))
            distances.append(np.linalg.norm(reading.joints - joints, axis=-1).mean())
            bpy.data.actions.remove(action)
        print(title, "done", file=sys.stderr, flush=True)
        told[title] = {
            "top1": float(np.mean(np.equal(found, truth))),
            "same": float(np.mean(np.equal(found, plain))),
            "millimetres": round(1e3 * float(np.mean(distances)), 2),
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
