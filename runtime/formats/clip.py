"""What every reader returns: a source skeleton and the positions of its joints over time."""

from __future__ import annotations

import contextlib
import functools
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from coamd_blender.errors import CoamdError, DataError, InputError

# What parsing raises on bytes that no exporter wrote: its own arithmetic, and json, zipfile and numpy's .npz. A size
# that such bytes state may be more than there is memory.
TORN = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, StopIteration,
    SyntaxError, TypeError, ValueError, struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
LONGEST_REASON = 100  # characters: zipfile quotes whole files
SLOWEST_FPS, FASTEST_FPS = 1.0, 8000.0  # slower is no motion; faster is more than resampling to 20 fps takes
LONGEST_HOURS = 3.0  # in one clip: the longest recordings last an hour, and resampled ones must fit into memory


@dataclass(frozen=True)
class SourceClip:
    """A motion as its source describes it.

    names      joint names, one for each column of ``positions``; the end of a last bone is ``<joint>_end``
    parents    index of each joint's parent, -1 for a root; parents come before children
    positions  (frames, joints, 3) float64, metres, Y up, right-handed
    fps        frames per second of the source
    name       animation, trial or file name
    rest       (joints, 3) the skeleton in its rest pose (all rotations zero, or the bind pose), or None
    notes      what was amiss in the file and is read nevertheless, a line each
    up         the axis that is up ("y"), where the format says so; None where it has to be found
    last_turns name of a joint that turns with nothing below it -> (frames, 3, 3) its turn away from rest
    keyed      names of the joints that the motion has keys of; None where every joint has some
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    positions: np.ndarray
    fps: float
    name: str = ""
    rest: np.ndarray | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    up: str | None = None
    last_turns: dict[str, np.ndarray] = field(default_factory=dict, repr=False)
    keyed: frozenset[str] | None = field(default=None, repr=False)

    def __post_init__(self):
        if self.positions.ndim != 3 or self.positions.shape[1:] != (len(self.names), 3):
            raise DataError(
                f"{self.name or 'clip'}: positions have shape {self.positions.shape}, "
                f"expected (frames, {len(self.names)}, 3)",
                "Export the motion again",
            )
        if not self.fps > 0:
            raise DataError(f"{self.name or 'clip'}: {self.fps} frames per second", "Export the motion again")

    @property
    def seconds(self) -> float:
        return len(self.positions) / self.fps


def torn_is_told(complaint: str, remedy: str) -> Callable:
    """Decorate a reader ``(path, ...)``: whatever it stumbles over is a DataError, "PATH COMPLAINT (why)"."""

    def decorate(read: Callable) -> Callable:
        @functools.wraps(read)
        def told(path: str | Path, *args, **options):
            try:
                return read(path, *args, **options)
            except CoamdError:
                raise
            except TORN as error:
                raise DataError(f"{path} {complaint} ({reason(error)})", remedy) from error

        return told

    return decorate


def reason(error: BaseException) -> str:
    """Return what an exception says, as a part of a line."""
    words = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, KeyError):
        words = f"it has no {words}"
    return words if len(words) <= LONGEST_REASON else f"{words[:LONGEST_REASON]}..."


def check_duration(path: str | Path, frames: float, fps: float, stated: str = "") -> None:
    """Raise DataError, naming the file, unless ``frames`` at ``fps`` are a motion: before memory is taken for it.

    Rates outside 1 to 8,000 frames per second are refused, in the words of the file if they are ``stated``, and clips
    of more than three hours.
    """
    if not SLOWEST_FPS <= fps <= FASTEST_FPS:
        raise DataError(
            f"{path} states {stated or f'{fps:g} frames per second'}",
            f"Write the rate the motion was made at, {SLOWEST_FPS:g} to {FASTEST_FPS:g} frames per second",
        )
    if not frames / fps <= LONGEST_HOURS * 3600:
        raise DataError(
            f"{path} lasts {frames / fps / 3600:.3g} hours, and at most {LONGEST_HOURS:g} are read",
            "Cut it into shorter clips, and check the time of its last key",
        )


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` make a file beside ``path`` and put it there: whole, or not at all and nothing is left.

    Raises InputError when that cannot be done, on a full disk for example.
    """
    unfinished = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        write(unfinished)
        unfinished.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # what hindered the writing may hinder this
            unfinished.unlink(missing_ok=True)
        raise InputError(
            f"{path} cannot be written: {error.strerror}", "Choose a folder with room that you may write to"
        ) from error


def rotation_matrices(degrees: np.ndarray, axis: str) -> np.ndarray:
    """Right-handed rotations by ``degrees`` (...,) about the axis ``"x"``, ``"y"`` or ``"z"``: (..., 3, 3)."""
    radians = np.radians(degrees)
    cos, sin = np.cos(radians), np.sin(radians)
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis.lower()]
    matrices = np.zeros((*np.shape(radians), 3, 3))
    matrices[..., range(3), range(3)] = 1.0
    matrices[..., first, first] = cos
    matrices[..., second, second] = cos
    matrices[..., first, second] = -sin
    matrices[..., second, first] = sin
    return matrices


def words_of(name: str) -> str:
    """Return the words in the name of a file or an animation: "JumpAway_2" as "Jump Away 2"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", " ", name)
    return re.sub(r"[\s_|.-]+", " ", spaced).strip()


def snap_fps(fps: float) -> float:
    """Round a rate within 0.2 % of a whole number to it: frame times are written with few decimals."""
    whole = round(fps)
    return float(whole) if whole and abs(fps - whole) < 0.002 * whole else float(fps)


def read_text(path: Path) -> str:
    """Read a text file as Latin-1 (every byte decodes). Raises DataError when it cannot be opened."""
    try:
        return Path(path).read_text(encoding="latin-1")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "Check the path") from error
