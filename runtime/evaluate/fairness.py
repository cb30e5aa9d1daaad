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

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.skeleton import MAX_FRAMES
from runtime.evaluate.obedience_tests import passes

LABELS = Path(__file__).with_name("fairness_labels.toml")
ENOUGH_CLIPS = 10
OWN_SHARE, OTHER_SHARE = 0.8, 0.2
_TRAVELLING = ("walk", "run", "walk_backwards", "turn_left", "turn_right")
SHORTEST = 16  # frames: shorter recordings show nothing


@dataclass(frozen=True)
class Labels:
    """Families with their test and the families they overlap with, and the rules that give a clip its family."""

    tests: dict[str, dict]
    overlaps: dict[str, set[str]]
    rules: tuple[tuple[str, str, re.Pattern], ...]  # glob of the set, family, pattern

    @classmethod
    def load(cls, path: Path = LABELS) -> Labels:
        """Read the table."""
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        families = content["families"]
        return cls(
            tests={name: row["test"] for name, row in families.items() if "test" in row},
            overlaps={name: {name, *row.get("others", [])} for name, row in families.items()},
            rules=tuple((row["set"], row["family"], re.compile(row["match"])) for row in content["rule"]),
        )

    def family(self, clip: dict) -> str | None:
        """Family of a prepared clip (its ``set``, ``name`` and ``label``), or None."""
        text = f"{clip['name']} | {clip['label']}".lower()
        for origin, family, pattern in self.rules:
            if fnmatch(clip["set"], origin) and pattern.search(text):
                return None if clip.get("in_place") and family in _TRAVELLING else family
        return None


def held_out(prepared, labels: Labels) -> list[tuple[str, dict]]:
    """Family and clip of every recording that trains no shipped weights: validation and test clips of the shipped
    sets, and all clips of the sets that never ship."""
    rows = []
    for clip in prepared.clips:
        family = labels.family(clip) if clip["split"] != "train" or not clip["ships"] else None
        if family is not None and clip["frames"] >= SHORTEST:
            rows.append((family, clip))
    if not rows:
        raise DataError(
            "the prepared data holds no labelled held-out clips", "run: python -m runtime prepare --data FOLDER"
        )
    return rows


def middle(joints: np.ndarray, frames: int = MAX_FRAMES) -> np.ndarray:
    """The middle ``frames`` frames of a longer motion: what a window of the model could hold."""
    first = max(0, (len(joints) - frames) // 2)
    return joints[first : first + frames]


def evaluate_fairness(prepared, labels: Labels | None = None) -> dict:
    """Apply every family's test to every held-out clip of every family.

    ``prepared`` is a ``runtime.data.dataset.Prepared``. Returns, ready for JSON: ``families`` in column order, one
    row a family with its number of clips and its pass share under every test, ``exceptions`` (row, column, share)
    that break the two limits among families with enough clips, and ``failures``, the clips that miss their own test.
    """
    labels = labels or Labels.load()
    columns = list(labels.tests)
    verdicts: dict[str, list[list[bool]]] = {}
    failures = []
    for family, clip in held_out(prepared, labels):
        joints = middle(np.asarray(prepared.joints(clip), dtype=np.float64))
        results = [passes(joints, test) for test in labels.tests.values()]
        verdicts.setdefault(family, []).append(results)
        if family in columns and not results[columns.index(family)]:
            failures.append({"family": family, "clip": clip["id"], "set": clip["set"], "name": clip["name"]})
    rows = []
    for family in labels.overlaps:
        if family in verdicts:
            shares = map(float, np.mean(verdicts[family], axis=0))
            rows.append(
                {"family": family, "clips": len(verdicts[family]), "shares": dict(zip(columns, shares, strict=True))}
            )
    return {"families": columns, "rows": rows, "exceptions": _exceptions(rows, labels), "failures": failures}


def _exceptions(rows: list[dict], labels: Labels) -> list[dict]:
    """Cells over the limits, in rows of enough clips; overlapping families are not held against each other."""
    found = []
    for row in rows:
        if row["clips"] < ENOUGH_CLIPS:
            continue
        for column, share in row["shares"].items():
            own = column == row["family"]
            if (own and share < OWN_SHARE) or (column not in labels.overlaps[row["family"]] and share > OTHER_SHARE):
                found.append({"family": row["family"], "test": column, "share": share})
    return found


def table(result: dict) -> str:
    """The confusion table as text: a row a family, a column a test, per cent passed; exceptions below."""
    names = result["families"]
    lines = [f"{number:>3} {name}" for number, name in enumerate(names)]
    lines.append(f"{'family':<18}{'clips':>6} " + " ".join(f"{number:>4}" for number in range(len(names))))
    for row in result["rows"]:
        cells = " ".join(f"{100 * row['shares'][name]:4.0f}" for name in names)
        lines.append(f"{row['family']:<18}{row['clips']:>6} {cells}")
    for row in result["exceptions"]:
        lines.append(f"exception: {row['family']} clips pass the test of {row['test']} in {100 * row['share']:.0f} %")
    return "\n".join(lines)
