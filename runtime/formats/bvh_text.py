"""The text of a BVH file: its skeleton and its table of numbers, as many exporters write them.

Read are keywords in any case, braces anywhere, names with spaces, CHANNELS and OFFSET in any order, missing End Sites,
blank lines and comments (# or //), any line ends, decimal commas, numbers parted by semicolons, rows broken over
several lines, and a table with more or fewer rows than Frames says. A row that is not whole costs itself: it is left
empty (NaN) and told, or dropped where it is the last.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError

REMEDY = "Export or download it again"
MOST_BYTES = 400_000_000  # as text; an hour of 80 joints at 120 frames a second
MOST_CHANNELS = 20_000
_MORE = 3  # numbers that rows may have more than there are channels
_BLOCK = 2_000  # rows that are turned into numbers at once
_COMMENT = re.compile(r"(?:^|(?<=\s))(?:#|//)[^\n]*", re.MULTILINE)
_MOTION = re.compile(r"^[ \t]*MOTION\b[ \t]*:?", re.IGNORECASE | re.MULTILINE)
_FRAMES = re.compile(r"Frames?\s*[:=]?\s*(-?[\d.]+)", re.IGNORECASE)
_FRAME_TIME = re.compile(r"Frame\s*Time\s*[:=]?\s*([^\s]+)", re.IGNORECASE)
_CHANNEL = re.compile(r"([xyz])_?(rotation|position|translation|scale)|([rts])([xyz])", re.IGNORECASE)
_KINDS = {"rotation": "r", "position": "p", "translation": "p", "scale": "s", "r": "r", "t": "p", "s": "s"}


@dataclass
class BvhJoint:
    """A joint of the hierarchy. channels: pairs of kind ("r", "p" or "s") and axis ("x", "y" or "z"), as written."""

    name: str
    parent: int
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    channels: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class BvhText:
    """A file as it is written.

    joints: parents before children; the end of a last bone is ``<joint>_end``. values: (frames, channels), a row that
    was not whole is NaN. frame_time: seconds, NaN where the file does not say. notes: what was amiss.
    """

    joints: list[BvhJoint]
    values: np.ndarray
    frame_time: float
    notes: tuple[str, ...]


def parse_bvh(path: Path) -> BvhText:
    """Read the text of a file. Raises DataError, and ValueError or the like for a hierarchy that makes no sense."""
    text = _decoded(path)
    start = _MOTION.search(text)
    head = text[: start.start()] if start else ""
    if not start or not re.search(r"\b(?:ROOT|HIERARCHY)\b", head, re.IGNORECASE):
        raise DataError(f"{path} is not a whole BVH file: it lacks HIERARCHY or MOTION", REMEDY)
    joints = _hierarchy(head)
    width = sum(len(joint.channels) for joint in joints)
    if not 0 < width <= MOST_CHANNELS:
        raise DataError(f"{path} is not a whole BVH file: its joints have {width} channels", REMEDY)
    rows, stated, frame_time = _table(text[start.end() :])
    rows, told = _fitting(rows, width)
    values, notes = _values(rows, width)
    notes += told
    if not len(values) or np.isnan(values).all():
        found = Counter(len(row.split()) for row in rows).most_common(1)
        why = f": its rows have {found[0][0]}" if found and found[0][0] != width else ""
        raise DataError(f"{path} holds no whole row of {width} numbers{why}", REMEDY)
    if stated is not None and stated != len(values) and not notes:
        notes.append(f"Frames says {stated}, and {len(values)} rows were read")
    return BvhText(joints, values, frame_time, tuple(notes))


def _decoded(path: Path) -> str:
    """Return the text without comments, lines ended by a line feed. UTF-8, UTF-16 with its mark, or else Latin-1."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path} has more than {MOST_BYTES:,} bytes", "Cut it into shorter clips")
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "Check the path") from error
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _COMMENT.sub("", text) if "#" in text or "//" in text else text


def number(word: str) -> float:
    """Return a finite number, its decimal point a point or a comma. Raises ValueError."""
    value = float(word.rstrip(",;").replace(",", "."))
    if not math.isfinite(value):
        raise ValueError(f"{word} is not a finite number")
    return value


def _hierarchy(text: str) -> list[BvhJoint]:
    joints: list[BvhJoint] = []
    stack: list[int] = []
    tokens = _Tokens(text)
    for token in tokens:
        word = token.upper()
        if word in ("ROOT", "JOINT"):
            joints.append(BvhJoint(_free(tokens.name() or f"joint_{len(joints)}", joints), stack[-1] if stack else -1))
        elif word in ("END", "ENDSITE"):
            tokens.name()
            if not stack:
                raise ValueError("an End Site without a joint")
            joints.append(BvhJoint(_free(joints[stack[-1]].name + "_end", joints), stack[-1]))
        elif token == "{":
            if not joints:
                raise ValueError("a bracket before the first joint")
            stack.append(len(joints) - 1)
        elif token == "}" and stack:
            stack.pop()
        elif word == "OFFSET" and joints:
            joints[-1].offset = np.array([number(next(tokens)) for _ in range(3)])
        elif word == "CHANNELS" and joints:
            next(tokens)  # how many: the names that follow are counted instead
            joints[-1].channels = list(tokens.channels())
    if stack:
        raise ValueError("unclosed bracket")
    return joints


def _free(name: str, joints: list[BvhJoint]) -> str:
    """Return ``name``, with a number where another joint has it."""
    taken = {joint.name for joint in joints}
    number, found = 1, name
    while found in taken:
        number, found = number + 1, f"{name}.{number:03d}"
    return found


class _Tokens(Iterator[str]):
    """The words of a hierarchy; brackets stand alone, and line ends are known where a name ends."""

    def __init__(self, text: str):
        self._found = re.findall(r"[{}\n]|[^\s{}]+", text)
        self._place = 0

    def __next__(self) -> str:
        while self._place < len(self._found):
            self._place += 1
            if self._found[self._place - 1] != "\n":
                return self._found[self._place - 1]
        raise StopIteration

    def name(self) -> str:
        """Return the words up to the end of the line or a bracket, joined by blanks."""
        start = self._place
        while self._place < len(self._found) and self._found[self._place] not in "{}\n":
            self._place += 1
        return " ".join(self._found[start : self._place])

    def channels(self) -> Iterator[tuple[str, str]]:
        """Yield (kind, axis) of the channel names that follow. Raises ValueError for a name of no channel."""
        while self._place < len(self._found):
            word = self._found[self._place]
            match = _CHANNEL.fullmatch(word)
            if match:
                axis, long, short, short_axis = match.groups()
                yield _KINDS[(long or short).lower()], (axis or short_axis).lower()
            elif word.lower().endswith(("rotation", "position")):
                raise ValueError(f"a channel {word}")
            elif word != "\n":
                return
            self._place += 1


def _table(text: str) -> tuple[list[str], int | None, float]:
    """Return the lines of numbers after MOTION, the frames it states, and seconds a frame (NaN where unsaid)."""
    lines = [line for line in text.split("\n") if line.strip()]
    first, head = 0, []
    while first < len(lines) and not _is_row(lines[first]):
        head.append(lines[first])
        first += 1
    stated = _FRAMES.search(" ".join(line for line in head if not _FRAME_TIME.search(line)))
    seconds = _FRAME_TIME.search(" ".join(head))
    try:
        frame_time = float(seconds.group(1).replace(",", ".")) if seconds else math.nan
    except ValueError:
        frame_time = math.nan
    return lines[first:], int(float(stated.group(1))) if stated else None, frame_time


def _is_row(line: str) -> bool:
    """Tell whether a line begins with a number."""
    try:
        number(line.replace(";", " ").split(None, 1)[0])
    except (ValueError, IndexError):
        return line.split(None, 1)[0].lower().lstrip("+-") in ("nan", "inf", "nan(ind)", "1.#ind", "1.#qnan")
    return True


def _fitting(lines: list[str], width: int) -> tuple[list[str], list[str]]:
    """Return the lines without what every one has more than the ``width`` channels: a number of the frame before them,
    or columns behind them. And what to tell of it."""
    seen = [line.split() for line in lines[:50]]
    whole = seen[:-1] if 1 < len(seen) == len(lines) else seen  # the last may be cut
    more = {len(words) - width for words in whole}
    if len(more) != 1 or not 0 < min(more) <= _MORE:
        return lines, []
    first = [words[0] for words in whole]
    counted = more == {1} and any(first == [str(n + start) for n in range(len(first))] for start in (0, 1))
    cut, where = (slice(1, None), "before") if counted else (slice(width), "behind")
    told = f"{min(more)} more numbers a row than channels, {where} them, are left out"
    return [" ".join(line.split()[cut]) for line in lines], [told]


def _values(lines: list[str], width: int) -> tuple[np.ndarray, list[str]]:
    """Return the rows (frames, width), NaN where one is not whole, and what was amiss."""
    if lines and any(";" in line for line in lines[:3]):
        lines = [line.replace(";", " ") for line in lines]
    if lines and any("," in line for line in lines[:3]):
        point = "" if any("." in line for line in lines[:3]) else "."
        lines = [line.replace(",", point or " ") for line in lines]
    if _are_wrapped(lines, width):
        words = " ".join(lines).split()
        lines = [" ".join(words[start : start + width]) for start in range(0, len(words), width)]
    blocks = [_block(lines[start : start + _BLOCK], width) for start in range(0, len(lines), _BLOCK)]
    values = np.concatenate([np.zeros((0, width)), *blocks])
    bad = np.isnan(values).all(axis=1)
    notes = []
    whole = np.flatnonzero(~bad)
    cut = len(values) - (whole[-1] + 1) if len(whole) else 0
    if cut:
        values, bad = values[: len(values) - cut], bad[: len(bad) - cut]
        notes.append(f"the last {'row is' if cut == 1 else f'{cut} rows are'} not whole and left out")
    if bad.any():
        notes.append(f"{bad.sum()} of {len(bad)} rows are not whole and were bridged")
    return values, notes


def _are_wrapped(lines: list[str], width: int) -> bool:
    """Tell whether the rows of a table are broken over several lines: some first lines make up one row."""
    if any(len(line.split()) == width for line in lines[:5]):
        return False
    made = np.cumsum([len(line.split()) for line in lines[: 2 * width]])
    return bool((made == width).any())


def _block(lines: list[str], width: int) -> np.ndarray:
    """Return (lines, width) numbers; a line that does not hold so many finite ones becomes NaN."""
    try:
        values = np.array([line.split() for line in lines], dtype=np.float64)
        if values.shape == (len(lines), width) and np.isfinite(values).all():
            return values
    except ValueError:  # ragged, or a word that is not a number: line by line
        pass
    values = np.full((len(lines), width), np.nan)
    for row, line in zip(values, lines, strict=True):
        words = line.split()
        if len(words) == width:
            try:
                found = np.array(words, dtype=np.float64)
            except ValueError:
                continue
            if np.isfinite(found).all():
                row[:] = found
    return values
