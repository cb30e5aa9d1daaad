"""Does the recogniser hear a side, or a speed? A caption that names one, against the same caption with it swapped.

Each caption of a held-out recording is compared with itself in which left and right (or slow and fast) are swapped:
the motion must be nearer to the true one. A recogniser that merely likes one wording must score 50 %. So for sides
each pair is asked twice, of the recording and of its mirror image, in which the swapped caption is the true one; and
for speeds the mean is taken over three rows, captions that say slow, captions that say fast, and recordings played
slower and faster, of which the slower one must lean more towards slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import mirror
from runtime.captions.opposites import opposite

if TYPE_CHECKING:
    from runtime.evaluate.benchmarks import Options
    from runtime.evaluate.recognition import Understanding

SPEEDS = (
    ("slow", "fast"),
    ("slower", "faster"),
    ("slowly", "quickly"),
    ("slowly", "rapidly"),
    ("slow", "quick"),
    ("slow", "rapid"),
    ("slow", "brisk"),
    ("slowly", "briskly"),
)
SLOWER, FASTER = 0.6, 1.6  # rates at which a recording is played to change its speed


@dataclass(frozen=True)
class Pair:
    """A motion (frames, 22, 3), the caption true of it, and the one with a word swapped; ``clip`` tells whose it is,
    ``row`` where the pair counts. With ``against``, the motion must lean more to the true caption than that one."""

    motion: np.ndarray
    true: str
    swapped: str
    clip: str
    row: str
    against: np.ndarray | None = None


def swapped(caption: str, pairs: Sequence[tuple[str, str]]) -> str | None:
    """Return ``caption`` with the words of ``pairs`` exchanged, or None if it names none of them.

    A word in several pairs is exchanged for its partner in the first.
    """
    partners: dict[str, str] = {}
    for one, other in pairs:
        partners.setdefault(one, other)
        partners.setdefault(other, one)
    pattern = re.compile(rf"\b({'|'.join(sorted(partners, key=len, reverse=True))})\b", re.IGNORECASE)
    exchanged, count = pattern.subn(lambda match: partners[match.group(1).lower()], caption)
    return exchanged if count else None


def says(caption: str, pairs: Sequence[tuple[str, str]]) -> str | None:
    """Return "first" or "second" for a caption that names words of one column of ``pairs`` alone, else None."""
    words = set(re.findall(r"[a-z]+", caption.lower()))
    columns = [bool(words & {pair[column] for pair in pairs}) for column in (0, 1)]
    return None if all(columns) or not any(columns) else ("first", "second")[columns.index(True)]


def side_pairs(motion: np.ndarray, captions: Sequence[str], clip: str) -> list[Pair]:
    """Return pairs of a recording and of its mirror image, for each caption that is false with its side swapped.

    The recording is ``motion`` (frames, 22, 3), metres.
    """
    image = mirror(motion)
    found = []
    for caption in captions:
        other = opposite(caption, "side")
        if other is not None:
            found.append(Pair(motion, caption, other, clip, "as recorded"))
            found.append(Pair(image, other, caption, clip, "mirrored"))
    return found


def speed_pairs(motion: np.ndarray, captions: Sequence[str], clip: str) -> list[Pair]:
    """Return pairs of a recording, and of it played slower against faster, for each caption that calls it slow, or
    fast.

    The recording is ``motion`` (frames, 22, 3), metres.
    """
    slower, faster = played(motion, SLOWER), played(motion, FASTER)
    found = []
    for caption in captions:
        other, said = swapped(caption, SPEEDS), says(caption, SPEEDS)
        if other is None or said is None:
            continue
        found.append(Pair(motion, caption, other, clip, {"first": "slow", "second": "fast"}[said]))
        slow, fast = (caption, other) if said == "first" else (other, caption)
        found.append(Pair(slower, slow, fast, clip, "retimed", against=faster))
    return found


def played(joints: np.ndarray, rate: float) -> np.ndarray:
    """Return ``joints`` (n, 22, 3), metres, played ``rate`` times as fast: (frames, 22, 3) float32, about n / rate
    frames.
    """
    at = np.arange(0, len(joints) - 1, rate)
    before = at.astype(int)
    part = (at - before)[:, None, None]
    return ((1 - part) * joints[before] + part * joints[before + 1]).astype(np.float32)


def right_shares(pairs: Sequence[Pair], understanding: Understanding) -> dict[str, dict]:
    """Return the share of pairs whose true caption is nearer to the motion, by row: {row: {share, clips, captions}}.

    Within a row every clip counts the same, however many captions it has.
    """
    motions = {id(motion): motion for pair in pairs for motion in (pair.motion, pair.against) if motion is not None}
    seen = dict(zip(motions, understanding.motions(list(motions.values())), strict=True))
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.true, pair.swapped)))
    vectors = dict(zip(texts, understanding.descriptions(texts), strict=True))
    verdicts: dict[str, dict[str, list[bool]]] = {}
    for pair in pairs:
        vector = seen[id(pair.motion)] - (0.0 if pair.against is None else seen[id(pair.against)])
        gap = vector @ (vectors[pair.true] - vectors[pair.swapped])
        verdicts.setdefault(pair.row, {}).setdefault(pair.clip, []).append(bool(gap > 0))
    return {
        row: {
            "share": float(np.mean([np.mean(right) for right in clips.values()])),
            "clips": len(clips),
            "captions": sum(map(len, clips.values())),
        }
        for row, clips in verdicts.items()
    }


def evaluate_swaps(clips: Sequence[tuple[str, np.ndarray, Sequence[str]]], understanding: Understanding) -> dict:
    """Score ``clips``, each a name, joints (frames, 22, 3) in metres, and captions. JSON: {side, speed}, each {share,
    rows}.

    ``share`` is the mean of the rows' shares, 0.5 by chance. A kind that no caption names is left out.
    """
    kinds: dict[str, Callable[..., list[Pair]]] = {"side": side_pairs, "speed": speed_pairs}
    result = {}
    for kind, make in kinds.items():
        pairs = [pair for name, joints, captions in clips for pair in make(joints, captions, name)]
        if pairs:
            rows = right_shares(pairs, understanding)
            result[kind] = {"share": float(np.mean([row["share"] for row in rows.values()])), "rows": rows}
    return result


def table(result: dict) -> str:
    """Return the rows as text: kind, row, clips, captions, per cent heard."""
    lines = [f"{'swapped':<20}{'':<14}{'clips':>7}{'captions':>10}{'heard':>8}"]
    for kind, found in result.items():
        for name, row in found["rows"].items():
            lines.append(f"{kind:<20}{name:<14}{row['clips']:>7}{row['captions']:>10}{100 * row['share']:>7.1f} %")
        lines.append(f"{kind:<20}{'mean':<14}{'':>17}{100 * found['share']:>7.1f} %")
    return "\n".join(lines)


def run_swapped_captions(options: Options) -> dict:
    """Score the share heard on every captioned clip that trains no shipped weights.

    Those are held out of the shipped sets, or of other sets. ``options`` is ``benchmarks.Options``. Raises DataError if
    no caption names a side or a speed.
    """
    from runtime.evaluate.understanding import load_understanding

    prepared = options.data()
    understanding = load_understanding(options.weights, options.device)
    result = {}
    for suffix, ships in (("", True), (", other sets", False)):
        clips = [clip for clip in prepared.clips if clip["ships"] == ships and clip["captions"]]
        clips = [clip for clip in clips if clip["split"] != "train" or not ships]
        asked = [(clip["id"], np.asarray(prepared.joints(clip)), clip["captions"]) for clip in clips]
        result |= {kind + suffix: found for kind, found in evaluate_swaps(asked, understanding).items()}
    if not result:
        remedy = "prepare more sets: python -m runtime prepare --data FOLDER"
        raise DataError("No held-out caption names a side or a speed", remedy)
    heard = [f"{kind} {100 * found['share']:.0f} %" for kind, found in result.items()]
    return result | {"figure": "; ".join(heard), "text": table(result)}
