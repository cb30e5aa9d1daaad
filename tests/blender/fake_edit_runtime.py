"""The runtime's own server with stand-ins for motions, edits and storyboards. Started as a custom command.

An edit sways the arms of the range, from nothing at its ends; what it was asked is noted as JSON lines in the file that
the first argument names. Prompts that say "slow" take 40 steps of 50 ms, those that say "fail" are refused.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from coamd_blender.errors import InputError
from coamd_blender.motion import skeleton
from runtime.serve.server import serve, take_over_stdio

ARMS = [skeleton.JOINT_INDEX[name] for name in skeleton.BODY_PARTS["arms"] if not name.endswith("shoulder")]


def swayed(joints, start, stop, amount=0.2):
    """``joints`` with elbows and wrists carried forwards and upwards over rows ``start`` to ``stop``."""
    made = joints.astype(float)
    bump = amount * np.sin(np.linspace(0, np.pi, stop - start)) ** 2
    for number, joint in enumerate(ARMS):
        made[start:stop, joint, 1:] += bump[:, None] * (1 + number % 2)
    return made.astype(joints.dtype)


class Tasks:
    """See the module."""

    names = ("generate", "edit", "storyboard")

    def load(self):
        return "cpu"

    def unload(self):
        pass

    def run(self, task, fields, arrays, report):
        shapes = {name: list(values.shape) for name, values in arrays.items()}
        sums = {name: float(values.sum(dtype=np.float64)) for name, values in arrays.items()}
        with open(sys.argv[1], "a", encoding="utf-8") as notes:
            notes.write(json.dumps({"task": task, "fields": fields, "arrays": shapes, "sums": sums}) + "\n")
        text = json.dumps(fields)
        if "fail" in text:
            raise InputError("This prompt cannot be made", "Choose another one")
        steps, pause = (40, 0.05) if "slow" in text else (4, 0.0)
        for step in range(steps):
            report("sampling", step + 1, steps, None)
            time.sleep(pause)
        if task == "edit":
            joints = arrays["joints"]
            for start, stop, _ in fields["ranges"]:
                joints = swayed(joints, start, stop)
            return {"fps": fields["fps"]}, {"joints": joints}
        told = fields["scenes"] if task == "storyboard" else [fields]
        frames = round(sum(scene["seconds"] for scene in told) * skeleton.FPS)
        joints = np.repeat(skeleton.rest_joints()[None], frames, axis=0)
        joints[:, :, 2] += 0.05 * np.arange(frames)[:, None]
        if task == "generate":
            joints = np.repeat(joints[None], len(fields["seeds"]), axis=0)
        return {"fps": skeleton.FPS}, {"joints": joints.astype(np.float32)}


if __name__ == "__main__":
    serve(Tasks(), *take_over_stdio())
