"""What happens when: ``segments.csv``, its sentences checked against the joints, found in the prepared clips.

A row names a pack and a file (of a .glb ``FILE#ANIMATION``), a stretch in seconds of the file's true rate counted from
the first frame after any added T-pose, two or three sentences that tell of it, and how sure their author was.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from coamd_blender.motion.skeleton import FPS
from runtime import captions
from runtime.captions.actions import Action, action_of
from runtime.captions.captions import usable
from runtime.captions.contradictions import Finding, checked
from runtime.data.sources import describe, sources
from runtime.grammar.sentences import Told, told

SEGMENTS_PATH = Path(captions.__file__).with_name("segments.csv")
SHORTEST = 8  # frames
_LOOP_COVER = 0.8  # of a loop's round: a segment of as much is true of the loop however often it is repeated
_PLACED = re.compile(r"\b(?:in place|on the spot)\b")
_AWAY = re.compile(r"\b(?:forwards?|backwards?|ahead|along|across|away|past|sideways|onwards?|off)\b")
_GAIT = re.compile(
    r"\b(?:walk|run|jog|sprint|trot|march|crawl|sneak|creep|stalk|skip|hurr|strid|stroll|charg|dash|advanc|bound|gallop|"
    r"swim|strafe|retreat|rac|rush|prowl|steps|roll)\w*"
)


@dataclass(frozen=True)
class Row:
    """One row of segments.csv."""

    pack: str
    file: str
    start: float
    end: float
    sentences: tuple[str, ...]
    sure: float


@dataclass(frozen=True)
class Segment:
    """A stretch of a prepared clip and what is told of it.

    ``whole`` (frames, 22, 3) is the clip's usable part, ``start`` and ``end`` are frames of it. ``repeats`` says that
    the stretch is a loop played several times.
    """

    clip: dict
    whole: np.ndarray = field(repr=False)
    start: int
    end: int
    tolds: tuple[Told, ...]
    action: Action
    sure: float
    repeats: bool = False

    @property
    def joints(self) -> np.ndarray:
        """Joints (frames, 22, 3), metres, of the stretch."""
        return self.whole[self.start : self.end]


@dataclass
class Account:
    """What became of rows and sentences: rows by reason, checks by kind, what was done to contradicted sentences."""

    rows: Counter = field(default_factory=Counter)
    checks: Counter = field(default_factory=Counter)
    wrong: Counter = field(default_factory=Counter)
    sentences: Counter = field(default_factory=Counter)
    examples: list[tuple[str, str, str]] = field(default_factory=list)

    def note(self, before: str, after: str, findings: Sequence[Finding]) -> None:
        """Count the findings of one sentence."""
        self.checks.update(found.kind for found in findings)
        faults = [found.kind for found in findings if found.wrong]
        self.wrong.update(faults)
        self.sentences["told" if not faults else "corrected" if after else "dropped"] += 1
        if faults:
            self.examples.append((faults[0], before, after))


@cache
def rows() -> tuple[Row, ...]:
    """Return segments.csv."""
    with SEGMENTS_PATH.open(encoding="utf-8", newline="") as file:
        return tuple(
            Row(
                row["pack"],
                row["file"],
                float(row["start"]),
                float(row["end"]),
                tuple(" ".join(text.split()) for text in row["sentences"].split("|") if text.strip()),
                float(row["sure"]),
            )
            for row in csv.DictReader(file)
        )


def _pack(clip: dict) -> str:
    source = sources().get(clip["set"])
    return clip["set"] if source is None else source.pack or clip["set"]


def _names(clip: dict) -> tuple[str, str]:
    """Return the pack and file that segments.csv knows a clip by."""
    return _pack(clip), f"{clip['file']}#{clip['name']}" if clip["file"].endswith((".glb", ".gltf")) else clip["file"]


def _trial(pack: str, file: str) -> str | None:
    """Return the CMU subject_trial of a file, as in the clips' records."""
    source = sources().get(pack)
    if source is None or source.group != "cmu":
        return None
    return describe(source, Path(file), Path(file).stem, {}).trial


def _of_file(
    clips: Sequence[dict], named: dict[str, list[Row]], account: Account
) -> Iterator[tuple[list[dict], list[Row]]]:
    """Yield the clips of every file with the rows that tell of it.

    Rows of a trial whose file was dropped as a duplicate are taken for the file kept, if it lasts as long.
    """
    by_file, by_trial = defaultdict(list), defaultdict(list)
    for clip in clips:
        by_file[_names(clip)].append(clip)
        if clip.get("trial"):
            by_trial[clip["trial"]].append(clip)
    for name, found in named.items():
        if name in by_file:
            yield by_file[name], found
            continue
        kept = by_trial.get(_trial(*name) or "", [])
        lasts = max((clip["from"] + clip["frames"] / FPS for clip in kept), default=0.0)
        told_to = max(row.end for row in found)
        if kept and -0.3 < lasts - told_to < 2.5:
            yield kept, found
        else:
            account.rows["of a duplicate or absent file"] += len(found)


def _stretch(row: Row, pieces: list[dict], clip: dict, last: float) -> tuple[int, int, bool] | None:
    """Return frames [start, end) of a row in a clip and whether they are a loop repeated; None if it is elsewhere."""
    cycle, offset = clip.get("cycle", 0.0), clip["from"]
    if cycle and row.end <= 1.2 * cycle + 0.1:
        if row.end - row.start >= _LOOP_COVER * cycle - 0.05:
            return 0, clip["frames"], True
    elif len({piece["from"] for piece in pieces}) > 1:
        longest = max(pieces, key=lambda piece: piece["frames"])
        if last <= longest["frames"] / FPS + 0.3:  # only the longest piece was shown to the author
            if clip["from"] != longest["from"]:
                return None
            offset = clip["from"]
            row = Row(row.pack, row.file, row.start + offset, row.end + offset, row.sentences, row.sure)
    start, end = round((row.start - offset) * FPS), round((row.end - offset) * FPS) + 1
    inside = max(0, start), min(clip["frames"], end)
    return (*inside, False) if inside[1] - inside[0] >= 0.7 * (end - start) else None


def _fitting(texts: Sequence[str], clip: dict) -> list[str]:
    """Leave out the sentences that speak of going somewhere on the spot, or of the spot where the clip travels."""
    if "travel" in clip["flags"]:
        return [text for text in texts if not _PLACED.search(text)]
    if not clip["in_place"]:
        return list(texts)
    kept = [text for text in texts if _PLACED.search(text) or not (_GAIT.search(text) and _AWAY.search(text))]
    return [
        text if _PLACED.search(text) or not _GAIT.search(text) else f"{text.rstrip('. ')} in place" for text in kept
    ]


def _segment(row: Row, clip: dict, whole: np.ndarray, span: tuple[int, int, bool], account: Account) -> Segment | None:
    start, end, repeats = span
    texts = []
    for text in _fitting(row.sentences, clip):
        tidy = told(text).text
        fit, findings = checked(tidy, whole[start:end])
        account.note(tidy, fit, findings)
        if fit:
            texts.append(fit)
    if not texts:
        account.rows["nothing left to tell"] += 1
        return None
    account.rows["taken"] += 1
    return Segment(clip, whole, start, end, tuple(map(told, texts)), action_of(row.sentences[0]), row.sure, repeats)


def segments(clips: Sequence[dict], motions: np.ndarray, account: Account | None = None) -> list[Segment]:
    """Return the segments that prepared ``clips`` hold, by clip and in the order of their time.

    ``motions`` (frames, 22, 3), metres, is the prepared store's, the frames of all clips. Calibration poses at the ends
    are left out.
    """
    account = Account() if account is None else account
    named: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows():
        named[row.pack, row.file].append(row)
    found = []
    for pieces, own in _of_file(clips, named, account):
        for clip in pieces:
            joints = np.asarray(motions[clip["start"] : clip["start"] + clip["frames"]], dtype=np.float64)
            whole, skipped = usable(clip, joints)
            last = max(row.end for row in own)
            for row in sorted(own, key=lambda row: (row.start, row.end)):
                span = _stretch(row, pieces, clip, last)
                if span is None:
                    account.rows["outside of a piece"] += 1
                    continue
                start, end = max(0, span[0] - skipped), min(len(whole), span[1] - skipped)
                if end - start < max(SHORTEST, 0.7 * (span[1] - span[0])):
                    account.rows["too short or a calibration pose"] += 1
                    continue
                segment = _segment(row, clip, whole, (start, end, span[2]), account)
                if segment is not None:
                    found.append(segment)
    return found
