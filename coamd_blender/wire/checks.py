"""Checks of single values that people and programs send: a prompt, a number, a motion, a range.

Each returns nothing (or the value, where it is tidied) and raises InputError with the remedy. A leaf: standard library
and, once there is an array to look at, numpy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from . import limits

if TYPE_CHECKING:
    import numpy as np


def is_number(value: Any) -> bool:
    """Return whether ``value``, from JSON, is a finite number."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def is_texts(value: Any) -> bool:
    """Return whether ``value`` is a list or tuple of texts."""
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


def tidy_prompt(text: str) -> str:
    """Return ``text`` with its white space tidied; InputError when nothing is left, or when it is not Unicode."""
    tidy = " ".join(text.split())
    if any("\ud800" <= character <= "\udfff" for character in tidy):  # bytes of a command line in another encoding
        raise InputError("The text is not UTF-8", "Check the encoding of the terminal or script that it comes from")
    if not tidy:
        raise InputError("The prompt is empty", "Describe a motion, such as: a person walks forward and waves")
    return tidy


def check_seconds(seconds: float) -> None:
    """Raise InputError unless one motion can last ``seconds``."""
    if not is_number(seconds):
        raise InputError(f"The length {seconds!r} is not a number", "Give seconds as a number")
    if not limits.SHORTEST_SECONDS <= seconds <= limits.LONGEST_SECONDS:
        raise InputError(
            f"{seconds:g} seconds is outside {limits.SHORTEST_SECONDS:g} to {limits.LONGEST_SECONDS:g}",
            "Choose a length between the two",
        )


def check_scene(prompt: str, seconds: float) -> None:
    """Raise InputError unless a storyboard's scene can be ``prompt`` and last ``seconds``."""
    tidy_prompt(prompt)
    if not limits.SHORTEST_SCENE <= seconds <= limits.LONGEST_SCENE:
        raise InputError(
            f"{seconds:g} seconds of {prompt!r} are outside {limits.SHORTEST_SCENE:g} to {limits.LONGEST_SCENE:g}",
            "Choose a length between the two",
        )


def check_seed(seed: int, copies: int = 1) -> None:
    """Raise InputError unless ``seed`` and those of the ``copies`` that count up from it are seeds."""
    most = limits.LARGEST_SEED - copies + 1
    if type(seed) is not int or not 0 <= seed <= most:
        raise InputError(f"The seed {seed!r} is not a whole number from 0 to {most}", "Choose another seed")


def check_number(name: str, value: float | None, most: float) -> None:
    """Raise InputError unless the optional ``value`` is None or a number from 0 to ``most``."""
    if value is not None and not (is_number(value) and 0 <= value <= most):
        raise InputError(f"{name} {value!r} is not a number from 0 to {most:g}", "Leave it out, or choose one")


def check_whole(name: str, value: int, least: int, most: int) -> None:
    """Raise InputError unless ``value`` is a whole number from ``least`` to ``most``."""
    if type(value) is not int or not least <= value <= most:
        raise InputError(f"{name} {value!r} is not a whole number", f"Choose one from {least} to {most}")


def check_text(name: str, value: str) -> None:
    """Raise InputError unless ``value`` is a text."""
    if not isinstance(value, str):
        raise InputError(f"{name} {value!r} is not a text", "Send a text, or leave it out")


def check_rate(fps: float) -> None:
    """Raise InputError unless ``fps`` is a frame rate."""
    if not is_number(fps) or fps <= 0:
        raise InputError(f"{fps!r} frames a second is not a frame rate", "State the clip's frame rate, above 0")


# --- motions ----------------------------------------------------------------------------------------------------------


def check_clip(joints: np.ndarray | None) -> None:
    """Raise InputError unless ``joints`` are a clip (frames, 22, 3)."""
    from ..motion.skeleton import JOINT_COUNT

    if joints is None:
        raise InputError("The request has no joints", f"Send joints (frames, {JOINT_COUNT}, 3)")
    if joints.ndim != 3 or joints.shape[1:] != (JOINT_COUNT, 3):
        raise InputError(f"Joints of shape {joints.shape} are not a clip", f"Give (frames, {JOINT_COUNT}, 3)")


def check_motion(joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` if it is a motion (frames, 22, 3) of at least 4 frames of finite numbers, else InputError."""
    import numpy as np

    from ..motion.skeleton import JOINT_COUNT

    joints = np.asarray(joints)
    if joints.ndim != 3 or joints.shape[1:] != (JOINT_COUNT, 3) or len(joints) < limits.SHORTEST_FRAMES:
        raise InputError(
            f"Joints of shape {joints.shape} are not a motion",
            f"Give (frames, {JOINT_COUNT}, 3) with at least {limits.SHORTEST_FRAMES} frames",
        )
    if not np.isfinite(joints).all():
        raise InputError("The motion holds values that are not numbers", "Export it again")
    return joints


# --- edits ------------------------------------------------------------------------------------------------------------


def check_range(start: int, stop: int, mode: str) -> None:
    """Raise InputError unless frames ``start`` to ``stop``, excluded, can be made anew in ``mode``."""
    if stop <= start:
        raise InputError(f"The range {start}:{stop} is empty", "Give its first frame, and one past its last")
    if mode not in limits.EDIT_MODES:
        raise InputError(f"There is no edit mode {mode!r}", f"Choose from {', '.join(limits.EDIT_MODES)}")


def check_ranges(ranges: Iterable[tuple[int, int]], frames: int) -> None:
    """Raise InputError unless the ranges (start, stop) lie in a clip of ``frames`` frames, none over another."""
    taken: list[tuple[int, int]] = []
    for start, stop in ranges:
        if start < 0 or stop > frames:
            raise InputError(
                f"The range {start}:{stop} is outside the clip's {frames} frames", f"Choose frames from 0 to {frames}"
            )
        if any(start < other_stop and other_start < stop for other_start, other_stop in taken):
            raise InputError(f"The range {start}:{stop} overlaps another", "Keep ranges apart")
        taken.append((start, stop))


def check_path(path: np.ndarray | None, mode: str, parts: str | None) -> None:
    """Raise InputError unless the pelvis can follow ``path`` (points, 2: x, z) where ``parts`` are made anew."""
    import numpy as np

    if path is None:
        return
    if parts is not None:
        raise InputError("A path moves the whole body, and only some joints may be made anew", "Leave one out")
    if mode == "vary":
        raise InputError("A variation keeps its way, and a path gives another", "Leave the path out, or use between")
    if path.ndim != 2 or path.shape[1] != 2 or not np.isfinite(path).all():
        raise InputError(f"An array of shape {path.shape} is not a path", "Give two or more points [x, z]")
    if float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum()) < 0.05:
        raise InputError("The path is a single point", "Give at least two points apart")


def check_targets(frames: Sequence[int], ranges: Sequence[tuple[int, int]]) -> None:
    """Raise InputError unless every one of the targets' ``frames`` lies in one of the ``ranges`` (start, stop)."""
    for frame in frames:
        if not any(start <= frame < stop for start, stop in ranges):
            named = ", ".join(f"{start}:{stop}" for start, stop in ranges)
            raise InputError(f"The pose at frame {frame} is outside the range {named}", "Move one of them")


def immovable_joints(parts: str | None) -> np.ndarray:
    """Return which joints (22,) bool stay where ``parts`` (body parts and joints, by commas; None: all) are made anew.

    Raises InputError for a name that is neither, and when nothing can move.
    """
    from ..motion import skeleton

    held = skeleton.immovable(range(skeleton.JOINT_COUNT))
    if parts is None:
        return held
    names = [part.strip() for part in parts.split(",")]
    made: set[int] = set()
    for name in names:
        joints = skeleton.BODY_PARTS.get(name, (name,))
        if not set(joints) <= set(skeleton.JOINT_NAMES):
            raise InputError(
                f"There is no joint or body part {name!r}",
                f"Choose from {', '.join(skeleton.BODY_PARTS)}, or joints: {', '.join(skeleton.JOINT_NAMES)}",
            )
        made |= {skeleton.JOINT_INDEX[joint] for joint in joints}
    held = skeleton.immovable(made)
    if held.all():
        raise InputError(f"Joints {parts} cannot move while what hangs on them stays", "Add the joints below them")
    return held
