"""The server's requests around editing: decode the fields, call the task, hand the joints back. No maths.

edit        array ``joints`` (frames, 22, 3), metres, Y up; fields ``fps``, ``ranges`` [[start, stop, mode], ...], and
            optionally ``prompt``, ``joints`` (text: body parts and joints made anew), ``keep`` (0 to 1), ``seed``,
            ``cfg``; for one range also arrays ``path`` (points, 2: x, z) and ``target_points`` (count, 3) with
            ``target_joints`` and ``target_frames`` (count,). Result: field ``fps``, array ``joints`` as it came
storyboard  fields ``scenes`` [{prompt, seconds}, ...], and optionally ``seed``, ``cfg``, ``loop`` ("keep" or "remove",
            what becomes of the travel) and ``in_place`` (bool). Result: field ``fps``, array ``joints`` float32
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import FPS, JOINT_COUNT
from runtime.cli.common import is_number
from runtime.cli.generate import LARGEST_SEED
from runtime.serve.server import Arrays, Fields, Report

if TYPE_CHECKING:
    from runtime.cleanup.blend import Target
    from runtime.generate.generator import Generator


def edit(generator: Generator, fields: Fields, arrays: Arrays, report: Report) -> tuple[Fields, Arrays]:
    """Do an ``edit`` request. Raises InputError for what cannot be used, Cancelled from ``report``."""
    from runtime.edit.regenerate import edit_ranges
    from runtime.edit.task import Edit

    joints, fps = arrays.get("joints"), fields.get("fps")
    if joints is None:
        raise InputError("The request has no joints", f"Send joints (frames, {JOINT_COUNT}, 3)")
    if not is_number(fps):
        raise InputError(f"The frame rate {fps!r} is no number", "Send fps as a number")
    ranges, targets, path = _ranges(fields), _targets(arrays), arrays.get("path")
    if len(ranges) > 1 and (targets or path is not None):
        raise InputError("A path or poses cannot be followed in several ranges", "Send one range")
    tasks = [
        Edit(
            start,
            stop,
            _text(fields, "prompt"),
            mode,
            _text(fields, "joints") or None,
            _number(fields, "keep", 0.5, 1.0),
            None if path is None else path.astype(np.float64),
            targets,
            _seed(fields),
            _number(fields, "cfg", None, 100.0),
        )
        for start, stop, mode in ranges
    ]
    made = edit_ranges(
        generator, joints, float(fps), tasks, on_step=lambda step, steps: report("sampling", step, steps, None)
    )
    return {"fps": float(fps)}, {"joints": made}


def storyboard(generator: Generator, fields: Fields, arrays: Arrays, report: Report) -> tuple[Fields, Arrays]:
    """Do a ``storyboard`` request. Raises InputError for what cannot be used, Cancelled from ``report``."""
    from runtime.cleanup.blend import in_place
    from runtime.edit import storyboard as boards

    scenes, closed = _scenes(fields), fields.get("loop")
    if closed not in (None, "keep", "remove"):
        raise InputError(f"There is no loop {closed!r}", "Send keep or remove, or leave it out")
    seed, still = _seed(fields), bool(fields.get("in_place"))
    made = boards.storyboard(
        generator,
        [boards.Scene(prompt, seconds) for prompt, seconds in scenes],
        seed,
        cfg=_number(fields, "cfg", None, 100.0),
        on_step=lambda step, steps: report("sampling", step, steps, None),
    )
    if closed:
        made = boards.loop(generator, made, travel=closed == "keep" and not still, seed=seed)
    elif still:
        made = in_place(made, FPS)
    return {"fps": FPS}, {"joints": made}


def _ranges(fields: Fields) -> list[tuple[int, int, str]]:
    rows = fields.get("ranges")
    if not isinstance(rows, list) or not rows:
        raise InputError("The request has no list of ranges", "Send ranges as [[start, stop, mode], ...]")
    for row in rows:
        numbers = isinstance(row, list) and len(row) == 3 and all(type(number) is int for number in row[:2])
        if not numbers or not isinstance(row[2], str):
            raise InputError(f"{row!r} is no range", "Send [start, stop, mode]")
    return [tuple(row) for row in rows]


def _targets(arrays: Arrays) -> tuple[Target, ...]:
    from runtime.cleanup.blend import Target

    points = arrays.get("target_points")
    if points is None:
        return ()
    joints, frames = (arrays.get(f"target_{name}", np.zeros(0)) for name in ("joints", "frames"))
    if points.ndim != 2 or points.shape[1] != 3 or not len(points) == joints.size == frames.size:
        raise InputError("The targets do not belong together", "Send as many points (count, 3) as joints and frames")
    if not np.isfinite(points).all() or not ((joints >= 0) & (joints < JOINT_COUNT)).all():
        raise InputError("A target is no place of a joint", f"Send finite points, and joints under {JOINT_COUNT}")
    rows = zip(frames.ravel().tolist(), joints.ravel().tolist(), points.astype(np.float64), strict=True)
    by_frame: dict[int, dict[int, np.ndarray]] = {}
    for frame, joint, point in rows:
        by_frame.setdefault(int(frame), {})[int(joint)] = point
    return tuple(Target(frame, tuple(places), np.stack([*places.values()])) for frame, places in by_frame.items())


def _scenes(fields: Fields) -> list[tuple[str, float]]:
    rows = fields.get("scenes")
    if not isinstance(rows, list) or not rows:
        raise InputError("The storyboard holds no scene", "Add one")
    for row in rows:
        if not (isinstance(row, dict) and isinstance(row.get("prompt"), str) and is_number(row.get("seconds"))):
            raise InputError(f"{row!r} is no scene", "Send a prompt and its seconds")
    return [(row["prompt"], float(row["seconds"])) for row in rows]


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name) or ""
    if not isinstance(value, str):
        raise InputError(f"The {name} {value!r} is no text", "Send a text, or leave it out")
    return value


def _number(fields: Fields, name: str, default: float | None, most: float) -> float | None:
    value = fields.get(name)
    if value is None:
        return default
    if not is_number(value) or not 0 <= value <= most:
        raise InputError(f"{name} {value!r} is no number from 0 to {most:g}", "Send one, or leave it out")
    return float(value)


def _seed(fields: Fields) -> int:
    seed = fields.get("seed", 0)
    if type(seed) is not int or not 0 <= seed <= LARGEST_SEED:
        raise InputError(f"The seed {seed!r} is no whole number", f"Send one from 0 to {LARGEST_SEED}")
    return seed
