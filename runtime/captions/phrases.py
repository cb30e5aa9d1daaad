"""Words for captions: hand-written phrases (:mod:`runtime.grammar.inflection`), which are data: ``captions.json``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from runtime.grammar.inflection import draw_voice, sentence

_TABLE = Path(__file__).with_name("captions.json")


# Where and for whom something is done: said now and then, and of no consequence for how it is done.
SETTINGS = (
    "in the park", "on the street", "outside", "indoors", "in the hall", "on the stage", "at home", "by the door",
    "in front of a mirror", "in the gym", "for the camera", "on the grass", "in the morning", "in the room", "alone",
    "after work", "as people look on", "in an empty house", "at the party", "on the way home", "near the wall",
    "for everybody to see", "with nobody around", "for a while", "under a clear sky", "for the audience",
    "before lunch", "thinking of something else", "on an ordinary day", "next to a car", "for no reason",
)  # fmt: skip
_SETTING_SHARE = 0.14
# How fighters stand whose pelvis stays low (describe.low_stance): said of every blow struck so.
LOW_STANCES = (
    "in a low stance", "in a deep stance", "with bent knees", "crouching low", "from a low fighting stance",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """What may be said of one label: its family, phrases of the whole, of any part, bare phrases, detectors."""

    family: str
    say: tuple[str, ...]
    part: tuple[str, ...] | None
    bare: tuple[str, ...]
    events: tuple[str, ...]


@cache
def table() -> dict:
    """Return the parsed ``captions.json``; DataError when it is missing or torn."""
    try:
        return json.loads(_TABLE.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"Cannot read {_TABLE.name}: {error}", "Restore the file from the repository") from error


def _entry(row: dict) -> Entry:
    part = tuple(row["part"]) if "part" in row else None
    return Entry(row["family"], tuple(row["say"]), part, tuple(row["bare"]), tuple(row.get("events", ())))


def _plain(label: str) -> str:
    return re.sub(r"\s+", " ", label.strip().lower())


def label_of(clip: dict) -> str:
    """Return the words a clip's entry is written under: description, class, file or animation name."""
    if clip["set"] in ("0ad_npz", "cc0_glb"):
        return clip["name"].rpartition("|")[2]
    return clip["action"] if clip["set"] == "hdm05" else clip["label"]


@cache
def find_entry(source: str, label: str) -> Entry | None:
    """Return the hand-written entry for a ``label`` (description, class or animation name) of set ``source``.

    Labels are compared in lower case. ``cmu_*`` sets share one table, by exact description and then by its
    beginning; game sets are matched by pattern, HDM05 by class, the rest by how the name begins. None when
    nobody has written an entry.
    """
    name = _plain(label)
    source = {"idle_more_bvh": "idle_bvh"}.get(source, source)
    key = source if source in table() else "cmu" if source.startswith("cmu") else ""
    rows = table().get(key, {})
    if key == "measured" or not rows:
        return None
    if name in rows:
        return _entry(rows[name])
    for pattern, row in rows.items():
        if key in ("0ad_npz", "cc0_glb"):
            hit = re.fullmatch(pattern, name) is not None
        elif key == "hdm05":
            hit = re.sub(r"[^a-z0-9]", "", name).startswith(pattern)
        else:
            hit = name.startswith(pattern)
        if hit:
            return _entry(row)
    return None


def captions_from(phrases: list[str], bare: list[str], rng: np.random.Generator, count: int) -> list[str]:
    """Return up to ``count`` distinct captions, phrases taken in random order, each in a drawn voice.

    The first is always a plain sentence about a person; roughly one in eight is a bare phrase.
    """
    found: dict[str, None] = {}
    if phrases:
        found[sentence(phrases[int(rng.integers(len(phrases)))], "a person", "their", "third")] = None
    for _ in range(4 * count):
        if len(found) >= count or not (phrases or bare):
            break
        if bare and (not phrases or rng.random() < 0.12):
            found[bare[int(rng.integers(len(bare)))]] = None
        else:
            text = sentence(phrases[int(rng.integers(len(phrases)))], *draw_voice(rng))
            found[f"{text} {rng.choice(SETTINGS)}" if rng.random() < _SETTING_SHARE else text] = None
    return list(found)


def written(key: str, **slots: str) -> list[str]:
    """Return the hand-written phrases of measured ``key`` with its slots filled.

    A phrase naming a slot that is not given is left out; ``{other}`` and ``{clock}`` follow from ``side``.
    """
    if "side" in slots:
        slots["other"] = "right" if slots["side"] == "left" else "left"
        slots["clock"] = "counterclockwise" if slots["side"] == "left" else "clockwise"
    slots["their"] = "{their}"
    phrases = []
    for text in table()["measured"][key]:
        if set(re.findall(r"\{(\w+)\}", text)) <= set(slots):
            phrases.append(text.format(**slots))
    return phrases
