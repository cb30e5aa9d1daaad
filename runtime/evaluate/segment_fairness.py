"""Are tests of single actions fair? Each is applied to stretches of recordings whose sentences tell of its action, and
to others.

Which sentences tell of which family stands in a TOML file (see :class:`Family`). A test is fair if the recordings of
its own family pass it in at least 80 %, and others, drawn at random, in at most 10 %; where a sentence names a side,
the test of that side must pass and that of the other fail.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FPS, MAX_FRAMES
from runtime.evaluate.obedience_tests import passes

if TYPE_CHECKING:
    from runtime.data.dataset import Prepared
    from runtime.evaluate.benchmarks import Options

LABELS = Path(__file__).with_name("obedience_vocabulary_labels.toml")
OWN_SHARE, OTHER_SHARE, ENOUGH = 0.8, 0.1, 5
PADDING = 8  # frames before and after a stretch: sentences are timed to about half a second
JOINED = 12  # frames between two stretches of one action that are taken together
LONGEST_CLIP = 400
NOISY = ("nw_ucla", "utkinect")  # depth cameras whose floors and feet are not to be trusted


@dataclass(frozen=True)
class Family:
    """A family and how its recordings are known.

    ``says`` and ``unless`` are regular expressions of the sentences of a stretch (with ``first``, ``says`` of the first
    alone); what ``perhaps`` matches is neither own nor other. ``clips`` and ``perhaps_clips`` are [set, expression]
    of the names and labels of whole clips. ``recorded`` are parameters of the test for recordings, which show an action
    once where a prompt asks for more. ``sided`` holds {side} and tells where a sentence names it. Clips in place show
    nothing that ``travels``.
    """

    name: str
    says: re.Pattern | None
    unless: re.Pattern | None
    perhaps: re.Pattern | None
    sided: str | None
    first: bool = False
    travels: bool = False
    recorded: dict = field(default_factory=dict)
    clips: tuple[tuple[str, re.Pattern], ...] = ()
    perhaps_clips: tuple[tuple[str, re.Pattern], ...] = ()

    @classmethod
    def of(cls, row: dict) -> Family:
        """Compile a row of the file."""

        def pattern(text: str | None) -> re.Pattern | None:
            return re.compile(text, re.IGNORECASE) if text else None

        whole = {
            key: tuple((name, re.compile(text, re.IGNORECASE)) for name, text in row.get(key, []))
            for key in ("clips", "perhaps_clips")
        }
        patterns = {key: pattern(row.get(key)) for key in ("says", "unless", "perhaps")}
        plain = {key: row[key] for key in ("first", "travels", "recorded") if key in row}
        return cls(row["name"], sided=row.get("sided"), **patterns, **plain, **whole)

    def shown(self, recording: Recording) -> bool | None:
        """Tell whether a recording shows the family; None where it may."""
        if recording.whole:
            if any(fnmatch(recording.source, name) and text.search(recording.text) for name, text in self.clips):
                return True
            may = any(
                fnmatch(recording.source, name) and text.search(recording.text) for name, text in self.perhaps_clips
            )
            return None if may else False
        if self.says is None:
            return None if self.perhaps and self.perhaps.search(recording.text) else False
        where = recording.text.split(" | ")[0] if self.first else recording.text
        barred = bool(self.unless and self.unless.search(recording.text)) or (self.travels and recording.in_place)
        if self.says.search(where) and not barred:
            return True
        near = self.says.search(recording.text) or (self.perhaps and self.perhaps.search(recording.text))
        return None if near else False

    def side(self, recording: Recording) -> str | None:
        """Return the one side that the sentences name, or None."""
        if self.sided is None:
            return None
        named = [
            side
            for side in ("left", "right")
            if re.search(self.sided.replace("{side}", side), recording.text, re.IGNORECASE)
        ]
        return named[0] if len(named) == 1 else None


@dataclass(frozen=True)
class Recording:
    """A stretch [start, stop) of the frames of a clip, or the ``whole`` of it, and what is told of it."""

    clip: str
    source: str
    text: str
    motion: np.ndarray = field(repr=False, compare=False)
    start: int = 0
    stop: int = 0
    whole: bool = False
    in_place: bool = False

    def joints(self) -> np.ndarray:
        """Return joints (frames, 22, 3), metres: a little more than the stretch, at most what a prompt may ask for."""
        if self.whole:
            return np.asarray(self.motion[:LONGEST_CLIP], dtype=np.float64)
        start = max(0, self.start - PADDING)
        stop = min(len(self.motion), self.stop + PADDING, start + MAX_FRAMES)
        return np.asarray(self.motion[start:stop], dtype=np.float64)


def load_families(path: Path) -> list[Family]:
    """Read the families of a TOML file."""
    return [Family.of(row) for row in tomllib.loads(Path(path).read_text(encoding="utf-8"))["family"]]


def recordings(prepared: Prepared) -> list[Recording]:
    """Return every stretch that segments.csv tells of in prepared data, and every clip as a whole.

    Clips of the two depth-camera sets NOISY names are not taken whole.
    """
    from runtime.compose.segments import segments

    found = [
        Recording(
            one.clip["id"],
            one.clip["set"],
            " | ".join(told.text for told in one.tolds),
            one.whole,
            one.start,
            one.end,
            in_place=one.clip["in_place"],
        )
        for one in segments(prepared.clips, prepared.motions)
    ]
    for clip in prepared.clips:
        if clip["set"] not in NOISY:
            text = f"{clip['name']} | {clip['label']}"
            found.append(Recording(clip["id"], clip["set"], text, prepared.joints(clip), whole=True))
    return found


def joined(own: Sequence[Recording]) -> list[Recording]:
    """Join stretches of one clip that follow one another closely, while a prompt could ask for their length."""
    found: list[Recording] = []
    for one in sorted(own, key=lambda one: (one.whole, one.clip, one.start)):
        last = found[-1] if found else None
        near = last and not one.whole and last.clip == one.clip and one.start - last.stop < JOINED
        if near and one.stop - last.start <= MAX_FRAMES:
            found[-1] = replace(last, stop=max(last.stop, one.stop), text=f"{last.text} | {one.text}")
        else:
            found.append(one)
    return found


def judge(
    family: Family, all_of_them: Sequence[Recording], others: int, test: Callable[[np.ndarray, dict], bool]
) -> dict:
    """Apply ``test(joints, parameters)`` of a family to its own recordings and to at most ``others`` other ones.

    JSON: family, recordings, own, others (counts), other (share of those that pass), sided (recordings that name a
    side), right and wrong (shares that pass the test of the named and of the other side), missed (own that fail).
    """
    shown = {True: [], False: [], None: []}
    for one in all_of_them:
        shown[family.shown(one)].append(one)
    own = joined(shown[True])
    busy: dict[str, list[tuple[int, int]]] = {}
    for one in (*shown[True], *shown[None]):
        if not one.whole:
            busy.setdefault(one.clip, []).append((one.start - FPS, one.stop + FPS))
    own_clips = {one.clip for one in own if one.whole}
    rest = [
        one
        for one in shown[False]
        if not (one.whole and (one.clip in busy or one.clip in own_clips))
        and not any(one.start < stop and start < one.stop for start, stop in busy.get(one.clip, []))
    ]
    draw = np.random.default_rng(0).permutation(len(rest))[:others]
    verdicts = [test(one.joints(), family.recorded) for one in own]
    sided = [(one, family.side(one)) for one in own if family.side(one)]
    opposite = {"left": "right", "right": "left"}
    right = [test(one.joints(), family.recorded | {"side": side}) for one, side in sided]
    wrong = [test(one.joints(), family.recorded | {"side": opposite[side]}) for one, side in sided]
    false = [index for index in draw if test(rest[index].joints(), {})]
    return {
        "family": family.name,
        "recordings": len(own),
        "own": float(np.mean(verdicts)) if own else None,
        "others": len(draw),
        "other": len(false) / len(draw) if len(draw) else None,
        "sided": len(sided),
        "right": float(np.mean(right)) if sided else None,
        "wrong": float(np.mean(wrong)) if sided else None,
        "missed": [f"{one.clip} {one.start / FPS:.1f}" for one, good in zip(own, verdicts, strict=True) if not good],
        "mistaken": [f"{rest[index].clip} {rest[index].start / FPS:.1f}" for index in false],
    }


def _passes(name: str, joints: np.ndarray, more: dict) -> bool:
    return passes(joints, {"is": name} | more)


def evaluate_segments(
    prepared: Prepared,
    families: Sequence[Family],
    others: int = 800,
    progress: Callable[[int, int], None] | None = None,
) -> list[dict]:
    """Return the rows of :func:`judge` for every family.

    Raises DataError where prepared data holds no segments.
    """
    every = recordings(prepared)
    if not any(not one.whole for one in every):
        raise DataError("The prepared data holds no stretch that segments.csv tells of", "Prepare the sets it names")
    rows = []
    for number, family in enumerate(families, start=1):
        rows.append(judge(family, every, others, partial(_passes, family.name)))
        if progress:
            progress(number, len(families))
    return rows


def table(rows: Sequence[dict]) -> str:
    """Return the rows as text: own and other shares, then sides.

    An asterisk stands where a limit is broken by enough recordings.
    """
    lines = [f"{'family':<24}{'clips':>6}{'own':>6}{'other':>7}{'sided':>7}{'right':>7}{'wrong':>7}"]
    for row in rows:
        cells = [
            f"{100 * row[key]:.0f} %" if row[key] is not None else "-" for key in ("own", "other", "right", "wrong")
        ]
        few = row["recordings"] < ENOUGH
        broken = (not few and row["own"] < OWN_SHARE) or (row["other"] or 0) > OTHER_SHARE
        mark = "  few" if few else "  *" if broken else ""
        line = f"{row['family']:<24}{row['recordings']:>6}{cells[0]:>6}{cells[1]:>7}{row['sided']:>7}"
        lines.append(f"{line}{cells[2]:>7}{cells[3]:>7}{mark}")
    return "\n".join(lines)


def run_segment_fairness(options: Options) -> dict:
    """Apply the tests of obedience_vocabulary to recordings, ``limit`` others a family.

    ``options`` is ``benchmarks.Options``.
    """
    rows = evaluate_segments(options.data(), load_families(LABELS), options.limit, options.progress)
    enough = [row for row in rows if row["recordings"] >= ENOUGH]
    fair = [row for row in enough if row["own"] >= OWN_SHARE and row["other"] <= OTHER_SHARE]
    figure = f"{len(fair)} of {len(enough)} tests with recordings fair"
    return {"families": rows, "figure": figure, "text": table(rows)}
