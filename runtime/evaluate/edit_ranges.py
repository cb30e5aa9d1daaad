"""Ranges made anew after a sentence: is it obeyed, and does the warning that a range is too short say when it is not?

Every action is drawn once at every length, in turn in the middle of a motion that stands and behind one that walks. The
range alone is judged, by the geometric test of the action (obedience_tests.py).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.motion.skeleton import FPS, FRAME_MULTIPLE, MAX_FRAMES
from coamd_blender.wire import room
from runtime.edit.regenerate import edit
from runtime.edit.task import Edit
from runtime.evaluate.obedience_tests import passes

if TYPE_CHECKING:
    from runtime.evaluate.benchmarks import Options
    from runtime.generate.generator import Generator

ACTIONS = Path(__file__).with_name("edit_ranges.toml")
BEFORE = 4 * FPS  # frames of the walk that is gone on from
STANDS, WALKS = "a person stands", "a person walks forward"


@dataclass(frozen=True)
class Cell:
    """One action in ``frames`` frames: whether it was ``warned`` that they are few, and whether it was ``obeyed``."""

    text: str
    frames: int
    ten: bool
    warned: bool
    obeyed: bool


def edited(
    generator: Generator, standing: np.ndarray, walking: np.ndarray, text: str, frames: int, seed: int, behind: bool
) -> np.ndarray:
    """Return ``frames`` frames (frames, 22, 3), metres, that ``text`` makes anew.

    ``behind`` the motion ``walking`` (n, 22, 3), otherwise in the middle of ``standing`` (n, 22, 3).
    """
    if behind:
        start, mode = len(walking), "continue"
        clip = np.concatenate([walking, np.repeat(walking[-1:], frames, axis=0)])
    else:
        start, mode, clip = (len(standing) - frames) // 2 // FRAME_MULTIPLE * FRAME_MULTIPLE, "between", standing
    return edit(generator, clip, FPS, Edit(start, start + frames, text, mode, seed=seed))[start : start + frames]


def cells(options: Options) -> list[Cell]:
    """Draw and judge every action at every length once. ``options`` is ``benchmarks.Options``."""
    generator, asked = options.generator(), tomllib.loads(ACTIONS.read_text(encoding="utf-8"))
    (standing,) = generator.generate([STANDS], MAX_FRAMES, [1])
    (walking,) = generator.generate([WALKS], BEFORE, [2])
    found, total = [], len(asked["action"]) * len(asked["seconds"])
    for number, action in enumerate(asked["action"]):
        for place, seconds in enumerate(asked["seconds"]):
            frames, behind = round(seconds * FPS), (number + place) % 2 == 1
            made = edited(generator, standing, walking, action["text"], frames, len(found), behind)
            warned = room.lacking(action["text"], seconds) > 0
            ten = action.get("ten", False) and place > 0
            found.append(Cell(action["text"], frames, ten, warned, passes(made, action["test"])))
            if options.progress:
                options.progress(len(found), total)
    return found


def summary(found: list[Cell]) -> dict:
    """Return the counts {passed, total} of obeyed cells where the warning is silent, of all and of the ``ten``, and of
    the warning its {right, warned, left_out}: cells warned of that were left out, all warned of, all left out.
    """
    silent = [cell for cell in found if not cell.warned]
    left_out, warned = [cell for cell in found if not cell.obeyed], [cell for cell in found if cell.warned]
    counts = {
        name: {"passed": sum(cell.obeyed for cell in group), "total": len(group)}
        for name, group in {
            "silent": silent,
            "silent_ten": [cell for cell in silent if cell.ten],
            "warned": warned,
            "all": found,
        }.items()
    }
    right = sum(cell.warned for cell in left_out)
    return counts | {"warning": {"right": right, "warned": len(warned), "left_out": len(left_out)}}


def run_edit_ranges(options: Options) -> dict:
    """Measure how often a range does what its sentence says, and how well the warning on short ranges tells when not.

    ``options`` is ``benchmarks.Options``.
    """
    found = cells(options)
    result = summary(found)
    lengths = sorted({cell.frames for cell in found})
    lines = [f"{'obeyed; (warned of)':<46}" + "".join(f"{frames / FPS:>8.1f} s" for frames in lengths)]
    for text in dict.fromkeys(cell.text for cell in found):
        marks = [
            ("yes" if cell.obeyed else "no") if not cell.warned else ("(yes)" if cell.obeyed else "(no)")
            for cell in found
            if cell.text == text
        ]
        lines.append(f"{text:<46}" + "".join(f"{mark:>10}" for mark in marks))
    lines += [_line(name, result[key]) for name, key in _ROWS]
    warning = result["warning"]
    precision, recall = (warning["right"] / max(1, warning[name]) for name in ("warned", "left_out"))
    lines.append(
        f"the warning: {warning['right']} of {warning['warned']} were left out (precision {100 * precision:.0f} %), "
        f"of {warning['left_out']} left out (recall {100 * recall:.0f} %)"
    )
    result |= {"precision": precision, "recall": recall, "cells": [vars(cell) for cell in found]}
    share = result["silent"]["passed"] / max(1, result["silent"]["total"])
    return result | {"figure": f"{100 * share:.0f} % where no warning is", "text": "\n".join(lines)}


_ROWS = (
    ("where the warning is silent, ten actions, 1.5 s and more", "silent_ten"),
    ("where the warning is silent", "silent"),
    ("where it warns", "warned"),
    ("all", "all"),
)


def _line(name: str, count: dict) -> str:
    share = 100 * count["passed"] / max(1, count["total"])
    return f"{name:<60}{count['passed']:>4} / {count['total']:<4}{share:>4.0f} %"
