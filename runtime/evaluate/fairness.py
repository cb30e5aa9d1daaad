"""Are the obedience tests fair? Each is applied to recordings of every family that no training has seen.

A test is fair if its own family passes it in at least 80 % of the clips and every other family in at most 20 %.
Which clip shows which family stands in ``fairness_labels.toml``; families with fewer than ten clips are listed
but prove nothing.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FPS, MAX_FRAMES
from runtime.evaluate.obedience_tests import passes

if TYPE_CHECKING:
    from runtime.data.dataset import Prepared

LABELS = Path(__file__).with_name("fairness_labels.toml")
ENOUGH_CLIPS = 10
OWN_SHARE, OTHER_SHARE = 0.8, 0.2
_TRAVELLING = {"walk", "run", "walk_backwards", "turn_left", "turn_right"}


@dataclass(frozen=True)
class Rule:
    """Clips of the sets that match the glob ``origin``, at least ``frames`` long, with ``pattern`` in their name or
    label, belong to ``families``."""

    origin: str
    families: tuple[str, ...]
    pattern: re.Pattern
    frames: int

    def matches(self, clip: dict) -> bool:
        """Tell whether the rule speaks of a prepared clip (its ``set``, ``name`` and ``label``)."""
        text = f"{clip['name']} | {clip['label']}".lower()
        return fnmatch(clip["set"], self.origin) and bool(self.pattern.search(text))


@dataclass(frozen=True)
class Labels:
    """The test of each column; for each row its own column (None: it has no test) and the columns it may also pass."""

    tests: dict[str, dict]
    own: dict[str, str | None]
    overlaps: dict[str, set[str]]
    rules: tuple[Rule, ...]

    @classmethod
    def load(cls, path: Path = LABELS) -> Labels:
        """Read the table."""
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        families = content["families"]
        tests = {name: row["test"] for name, row in families.items() if "test" in row}
        rules = (
            Rule(row["set"], tuple(row["families"]), re.compile(row["match"]), round(row.get("seconds", 0.8) * FPS))
            for row in content["rule"]
        )
        own = {name: row.get("own", name if name in tests else None) for name, row in families.items()}
        overlaps = {name: {own[name], *row.get("others", [])} for name, row in families.items()}
        return cls(tests=tests, own=own, overlaps=overlaps, rules=tuple(rules))

    def families(self, clip: dict) -> tuple[str, ...]:
        """Return the families of a prepared clip, by the first rule that speaks of it."""
        rule = next((rule for rule in self.rules if rule.matches(clip)), None)
        if rule is None or clip["frames"] < rule.frames:
            return ()
        return () if clip.get("in_place") and set(rule.families) & _TRAVELLING else rule.families


def held_out(prepared: Prepared, labels: Labels) -> list[tuple[tuple[str, ...], dict]]:
    """Return families and clip of every labelled recording that trains no shipped weights.

    Those are validation and test clips of the shipped sets, and all clips of the sets that never ship. Raises DataError
    when there are none.
    """
    clips = [clip for clip in prepared.clips if clip["split"] != "train" or not clip["ships"]]
    rows = [(labels.families(clip), clip) for clip in clips if labels.families(clip)]
    if not rows:
        raise DataError(
            "The prepared data holds no labelled held-out clips", "Run: python -m runtime prepare --data FOLDER"
        )
    return rows


def middle(joints: np.ndarray, frames: int = MAX_FRAMES) -> np.ndarray:
    """Return the middle ``frames`` frames of ``joints`` (n, 22, 3), metres: (frames, 22, 3), or all of a shorter
    motion.

    That is what a window of the model could hold.
    """
    first = max(0, (len(joints) - frames) // 2)
    return joints[first : first + frames]


def evaluate_fairness(prepared: Prepared, labels: Labels | None = None) -> dict:
    """Apply every family's test to every held-out clip of every family.

    Returns, ready for JSON: ``families`` in column order, one row a family with its number of clips and its pass share
    under every test, ``exceptions`` (row, column, share) that break the two limits among families with enough clips,
    and ``failures``, the clips that miss their own test.
    """
    labels = labels or Labels.load()
    columns = list(labels.tests)
    verdicts: dict[str, list[list[bool]]] = {}
    failures = []
    for families, clip in held_out(prepared, labels):
        joints = middle(np.asarray(prepared.joints(clip), dtype=np.float64))
        results = [passes(joints, test) for test in labels.tests.values()]
        for family in families:
            verdicts.setdefault(family, []).append(results)
            own = labels.own[family]
            if own and not results[columns.index(own)]:
                failures.append({"family": family, "clip": clip["id"], "set": clip["set"], "name": clip["name"]})
    rows = []
    for family in (name for name in labels.own if name in verdicts):
        shares = map(float, np.mean(verdicts[family], axis=0))
        shares = dict(zip(columns, shares, strict=True))
        rows.append({"family": family, "clips": len(verdicts[family]), "own": labels.own[family], "shares": shares})
    return {"families": columns, "rows": rows, "exceptions": _exceptions(rows, labels), "failures": failures}


def _exceptions(rows: list[dict], labels: Labels) -> list[dict]:
    """Return the cells over the limits, in rows of enough clips.

    Overlapping families are not held against each other.
    """
    found = []
    for row in rows:
        if row["clips"] < ENOUGH_CLIPS:
            continue
        for column, share in row["shares"].items():
            own = column == row["own"]
            if (own and share < OWN_SHARE) or (column not in labels.overlaps[row["family"]] and share > OTHER_SHARE):
                found.append({"family": row["family"], "test": column, "share": share})
    return found


def table(result: dict) -> str:
    """Return the confusion table as text: a row a family, a column a test, per cent passed; exceptions below."""
    names = result["families"]
    lines = [f"{number:>3} {name}" for number, name in enumerate(names)]
    lines.append(f"{'family':<18}{'clips':>6} " + " ".join(f"{number:>4}" for number in range(len(names))))
    for row in result["rows"]:
        cells = " ".join(f"{100 * row['shares'][name]:4.0f}" for name in names)
        lines.append(f"{row['family']:<18}{row['clips']:>6} {cells}")
    for row in result["exceptions"]:
        lines.append(f"exception: {row['family']} clips pass the test of {row['test']} in {100 * row['share']:.0f} %")
    return "\n".join(lines)
