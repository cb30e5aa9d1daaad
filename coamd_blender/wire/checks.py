"""Checks of single values that people and programs send: a prompt, a number, a range.

Each returns nothing (or the value, where it is tidied) and raises InputError with the remedy. What needs numpy stands
in array_checks.py. A leaf: standard library only.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

from ..errors import InputError
from . import limits
from .edit_modes import EDIT_MODES


def is_number(value: Any) -> bool:
    """Return whether ``value``, from JSON, is a finite number."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < 2**63
    return isinstance(value, Real) and math.isfinite(value)


def is_texts(value: Any) -> bool:
    """Return whether ``value`` is a list or tuple of texts."""
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


def tidy_prompt(text: str) -> str:
    """Return ``text`` with its white space tidied; InputError when nothing is left, or when it is not Unicode."""
    if len(text) > limits.LONGEST_PROMPT:
        raise InputError(
            f"The text has {len(text)} letters, and at most {limits.LONGEST_PROMPT} are read", "Say it in fewer words"
        )
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
        raise InputError(f"{name} {value!r} is not a whole number from {least} to {most}", "Choose another number")


def check_text(name: str, value: str) -> None:
    """Raise InputError unless ``value`` is a text."""
    if not isinstance(value, str):
        raise InputError(f"{name} {value!r} is not a text", "Send a text, or leave it out")


def check_rate(fps: float) -> None:
    """Raise InputError unless ``fps`` is a frame rate."""
    if not is_number(fps) or fps <= 0:
        raise InputError(f"{fps!r} frames a second is not a frame rate", "State the clip's frame rate, above 0")


def check_file(path: str, what: str) -> None:
    """Raise InputError unless ``path`` can be that of a file or folder; ``what`` says whose."""
    if not isinstance(path, str) or not path:
        raise InputError(f"{what} is not named", "Send its path")
    if len(path) > limits.LONGEST_PATH or "\0" in path:
        raise InputError(
            f"{what} has a path that no disk can hold: {path[:60]!r} ... of {len(path)} letters", "Choose another one"
        )


def check_styles(styles: Sequence[tuple[str, float]]) -> None:
    """Raise InputError unless ``styles`` are pairs of a style's file and its strength, and not too many to be on at
    once. Whether the files are there is for who reads them to say: the runtime may be another machine."""
    if not isinstance(styles, tuple) or not all(isinstance(row, tuple) and len(row) == 2 for row in styles):
        raise InputError("The request has no list of styles", "Send styles as [[path, strength], ...]")
    if len(styles) > limits.MOST_STYLES:
        raise InputError(
            f"{len(styles)} styles are too many at once", f"Switch some off; {limits.MOST_STYLES} may be on"
        )
    for path, strength in styles:
        check_file(path, "The style")
        if strength is None:
            raise InputError(f"The style {path} has no strength", "Send a number")
        check_number("The strength of a style", strength, limits.LARGEST_STRENGTH)


def check_quality(quality: str | None) -> None:
    """Raise InputError unless ``quality`` is None or one of ``limits.QUALITIES``."""
    if quality is not None and quality not in limits.QUALITIES:
        raise InputError(
            f"The quality {quality!r} is not one of {', '.join(limits.QUALITIES)}", "Send one of them, or leave it out"
        )


def check_files(paths: Sequence[str]) -> None:
    """Raise InputError unless all ``paths`` can be those of files and folders, and are not too many for one request."""
    if len(paths) > limits.MOST_PATHS:
        raise InputError(
            f"{len(paths)} paths are too many for one request", f"Send at most {limits.MOST_PATHS}, the others later"
        )
    for path in paths:
        check_file(path, "A file or folder")


# --- edits ------------------------------------------------------------------------------------------------------------


def check_range(start: int, stop: int, mode: str) -> None:
    """Raise InputError unless frames ``start`` to ``stop``, excluded, can be made anew in ``mode``."""
    if stop <= start:
        raise InputError(f"The range {start}:{stop} is empty", "Give its first frame, and one past its last")
    if mode not in EDIT_MODES:
        raise InputError(f"There is no edit mode {mode!r}", f"Choose from {', '.join(EDIT_MODES)}")


def check_ranges(ranges: Iterable[tuple[int, int]], frames: int) -> None:
    """Raise InputError unless the ranges (start, stop) lie in a clip of ``frames`` frames, none over another."""
    end = 0
    for start, stop in sorted(ranges):
        if start < 0 or stop > frames:
            raise InputError(
                f"The range {start}:{stop} is outside the clip's {frames} frames", f"Choose frames from 0 to {frames}"
            )
        if start < end:
            raise InputError(f"The range {start}:{stop} overlaps another", "Keep ranges apart")
        end = stop


def check_targets(frames: Sequence[int], ranges: Sequence[tuple[int, int]]) -> None:
    """Raise InputError unless every one of the targets' ``frames`` lies in one of the ``ranges`` (start, stop), which
    lie apart."""
    starts, stops = zip(*sorted(ranges), strict=True)
    for frame in frames:
        before = bisect_right(starts, frame)  # ranges that begin there or earlier
        if before == 0 or frame >= stops[before - 1]:
            named = ", ".join(f"{start}:{stop}" for start, stop in ranges)
            raise InputError(f"The pose at frame {frame} is outside the range {named}", "Move one of them")
