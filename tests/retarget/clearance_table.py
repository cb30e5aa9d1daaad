"""Figures of Hands Off Torso on a stout body: how often arms are in it, and what it costs in jerk and direction.

Run: ``PYTHONPATH=. python tests/retarget/clearance_table.py --clips MOTIONS.npy CLIPS.jsonl [--take 25]``
"""

import argparse

import numpy as np
import tube
from bodies import J, angles_between, make_rig, posed_heads
from quality_table import real_clips
from test_clearance import STOUT

from coamd_blender.motion import skeleton
from coamd_blender.motion.kinematics import leg_length
from coamd_blender.retarget import Options, detect, solve

ARMS = [J[f"{side}_{joint}"] for side in ("left", "right") for joint in ("elbow", "wrist")]
ABOVE = [J[f"{side}_{joint}"] for side in ("left", "right") for joint in ("shoulder", "elbow")]
# An arm nearer by more than this than it should be is in (metres).
IN = 0.01


def jerk(heads):
    """Mean third difference of elbows and wrists, metres a frame cubed."""
    return np.linalg.norm(np.diff(heads[:, ARMS], 3, axis=0), axis=-1).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", nargs=2, metavar=("MOTIONS", "LIST"), required=True, help="prepared data")
    parser.add_argument("--take", type=int, default=25, help="clips of the prepared data")
    arguments = parser.parse_args()
    rig = make_rig(STOUT)
    thickness = 0.13 * skeleton.BONE_LENGTHS[J["left_wrist"]]
    rows = {part: [] for part in tube.SHARES}
    jerks, peaks, swings, frames = [], [], [], 0
    for joints in real_clips(*arguments.clips, arguments.take):
        frames += len(joints)
        scale = leg_length(skeleton.rest_joints()[None]) / leg_length(joints)
        motions = tube.depths(joints, tube.widths(joints), 1 / scale)
        found = []
        for clear in (False, True):
            options = Options(place="world", contact="off", clear_hands=clear)
            heads = posed_heads(rig, solve(rig, detect(rig.names), joints, options))
            found.append((heads, tube.excess(tube.depths(heads, tube.widths(heads)), motions, thickness)))
        jerks.append([jerk(heads) for heads, _ in found])
        for part in tube.SHARES:
            rows[part].append([each[part].max(axis=(1, 2)) for _, each in found])
        accelerations = [np.linalg.norm(np.diff(heads[:, ARMS], 2, axis=0), axis=-1) for heads, _ in found]
        peaks.append([np.percentile(each, 99) for each in accelerations])
        ways = [heads[:, ARMS] - heads[:, ABOVE] for heads, _ in found]
        swings.append(angles_between(*ways).ravel())
    print(f"{arguments.take} clips, {frames} frames")
    for part, each in rows.items():
        told = []
        for number in range(2):
            deep = np.concatenate([one[number] for one in each])
            told.append(f"{100 * (deep > IN).mean():.1f} % (deepest {100 * deep.max():.1f} cm)")
        print(f"{part}: frames inside {told[0]} without, {told[1]} with")
    for name, values in (("jerk", jerks), ("99th percentile of acceleration", peaks)):
        before, after = np.sum(values, axis=0)
        print(f"{name} of elbows and wrists: {after / before:.3f} x")
    turned = np.concatenate(swings)
    print(
        f"arms point {turned.mean():.1f} degrees elsewhere in the mean, {np.percentile(turned, 95):.1f} at most in 95 %"
    )


if __name__ == "__main__":
    main()
