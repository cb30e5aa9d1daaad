"""Regenerate a range of an animation, with nothing else touched.

A clip (frames, 22, 3) of any frame rate, length and body is carried onto the canonical body at 20 frames a second in
a window about the range; what is kept on either side is encoded apart, so that nothing of the range leaks into its
context, and stays as known tokens; those of the range are drawn around them (CoAMD's editing, arXiv 2604.17090).
The root trajectory is part of the tokens, so what follows the range would be carried off by a range that goes
elsewhere: after every step the travel of the tokens just drawn is corrected, smoothly, to end where the kept part
begins, and the model draws the rest around the corrected ones. Behind the decoder the remade frames go back
to the clip's body and rate; small offsets that fade inside the range make position and velocity meet at its ends.
Frames outside the range are never written.
"""

from __future__ import annotations

import numpy as np

from coamd_blender.errors import InputError
from runtime.edit.range_edit import RangeEdit, Report
from runtime.edit.task import Edit, check
from runtime.generate.generator import Generator
from runtime.generate.guidance import Guidance


def edit(
    generator: Generator,
    joints: np.ndarray,
    fps: float,
    task: Edit,
    *,
    guidance: Guidance | None = None,
    hidden: np.ndarray | None = None,
    on_step: Report | None = None,
) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, Y up, ``fps`` frames a second, with ``task`` carried out.

    Same shape and type; outside the range and in held joints the very same numbers. ``guidance`` pulls the remade
    window (on the canonical body, 20 frames a second) towards a reward. Frames with ``hidden`` (frames,) are not
    looked at. Raises InputError for a range outside the clip and for targets that cannot be reached.
    """
    check(joints, fps, task)
    if joints.dtype.kind != "f":
        joints = joints.astype(np.float32)
    before, after = _shown(len(joints), task, hidden)
    range_edit = RangeEdit.of(joints.astype(np.float64), fps, task, before, after)
    made = range_edit.draw(generator, guidance, on_step)
    result = joints.copy()
    fresh = range_edit.back_in_clip(made)
    open_joints = ~task.held()
    result[task.start : task.stop, open_joints] = fresh[:, open_joints].astype(joints.dtype)
    return result


def edit_ranges(
    generator: Generator,
    joints: np.ndarray,
    fps: float,
    tasks: list[Edit],
    *,
    guidance: Guidance | None = None,
    on_step: Report | None = None,
) -> np.ndarray:
    """Carry out several edits of ``joints`` (frames, 22, 3), metres, one after the other: the same shape.

    Ranges still to be remade are context for none of them. Raises InputError for ranges that overlap, and as
    :func:`edit`.
    """
    pending = np.zeros(len(joints), bool)
    for task in tasks:
        check(joints, fps, task)
        if pending[task.start : task.stop].any():
            raise InputError(f"The range {task.start}:{task.stop} overlaps another", "Keep ranges apart")
        pending[task.start : task.stop] = True
    for number, task in enumerate(tasks):
        pending[task.start : task.stop] = False

        def report(step: int, steps: int, number: int = number) -> None:
            on_step(number * steps + step, len(tasks) * steps)

        joints = edit(
            generator, joints, fps, task, guidance=guidance, hidden=pending, on_step=report if on_step else None
        )
    return joints


def _shown(frames: int, task: Edit, hidden: np.ndarray | None) -> tuple[tuple[int, int], tuple[int, int]]:
    """Frames [first, last) before and after the range that may be looked at."""
    hidden = np.zeros(frames, bool) if hidden is None else hidden
    first = int(np.flatnonzero(hidden[: task.start])[-1]) + 1 if hidden[: task.start].any() else 0
    later = np.flatnonzero(hidden[task.stop :])
    last = task.stop + int(later[0]) if len(later) else frames
    return (first, task.start), (task.stop, last)
