"""Words for captions: hand-written phrases, their inflection, and mirrored wording.

A phrase is a verb phrase in the third person with its verbs starred: ``"*walks* and *waves*"``. It becomes a
caption by taking a subject and a form ("a man walks and waves", "walk and wave", "someone is walking and
waving"). ``{their}`` follows the subject. The phrases themselves are data: ``captions.json``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError

_TABLE = Path(__file__).with_name("captions.json")
_VERB = re.compile(r"\*([^*]+)\*")

# Subject, possessive, share. The empty subject stands for the imperative.
SUBJECTS = (
    ("a person", "their", 0.34),
    ("someone", "their", 0.09),
    ("a man", "his", 0.13),
    ("a woman", "her", 0.08),
    ("the person", "their", 0.07),
    ("the figure", "their", 0.03),
    ("the character", "their", 0.05),
    ("he", "his", 0.05),
    ("she", "her", 0.05),
    ("the man", "his", 0.05),
    ("a human", "their", 0.02),
    ("somebody", "their", 0.04),
    ("a guy", "his", 0.02),
    ("a boy", "his", 0.02),
    ("a girl", "her", 0.02),
    ("a kid", "their", 0.02),
    ("a child", "their", 0.02),
    ("an old man", "his", 0.03),
    ("an old woman", "her", 0.02),
    ("a young woman", "her", 0.01),
    ("a tired man", "his", 0.01),
    ("the woman", "her", 0.03),
    ("the hero", "their", 0.02),
    ("a character", "their", 0.02),
    ("the animated figure", "their", 0.01),
    ("a soldier", "their", 0.02),
    ("a fighter", "their", 0.02),
    ("a dancer", "their", 0.02),
    ("an athlete", "their", 0.02),
    ("an actor", "his", 0.02),
    ("a worker", "their", 0.01),
    ("a visitor", "their", 0.01),
)
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
FORMS = (("third", 0.62), ("progressive", 0.12), ("imperative", 0.14), ("gerund", 0.12))

_BASE = {"does": "do", "goes": "go", "is": "be", "has": "have", "lies": "lie", "dies": "die", "freezes": "freeze"}
_GERUND = {"lie": "lying", "die": "dying", "be": "being", "dye": "dyeing"}
# One vowel before one consonant at the end of a short verb (stop, clap), and longer verbs that end in such a one.
_DOUBLED = re.compile("(?:side|be|re|out|up)?(?:s?qu|[^aeiou]+)[aeiou][bdgklmnprt]")
COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SWAPS = (
    ("left", "right"),
    ("clockwise", "counterclockwise"),
    ("anticlockwise", "clockwise"),
    ("leftwards", "rightwards"),
    ("left-handed", "right-handed"),
)
# Words in which "right" is no side.
_NOT_A_SIDE = re.compile(r"\b(upright|right away|right angles?|all right|right now)\b")


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


def base_form(verb: str) -> str:
    """Return the infinitive of a third-person verb: walks -> walk, does -> do, catches -> catch."""
    if verb in _BASE:
        return _BASE[verb]
    if verb.endswith("ies"):
        return verb[:-3] + "y"
    if re.search(r"(sses|shes|ches|xes|zzes|tzes)$", verb):
        return verb[:-2]
    return verb[:-1] if verb.endswith("s") else verb


def doubles(base: str) -> bool:
    """Tell whether an infinitive doubles its last letter before -ing and -ed: stop, sidestep, but not turn or open."""
    return _DOUBLED.fullmatch(base) is not None


def gerund(verb: str) -> str:
    """Return the -ing form of a third-person verb: runs -> running, lies -> lying, makes -> making."""
    base = base_form(verb)
    if base in _GERUND:
        return _GERUND[base]
    if doubles(base):
        return base + base[-1] + "ing"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")):
        return base[:-1] + "ing"
    return base + "ing"


def inflect(phrase: str, form: str) -> str:
    """Put the starred verbs of ``phrase`` into ``form``: third, base or gerund."""
    change = {"third": str, "base": base_form, "gerund": gerund}[form]
    return _VERB.sub(lambda match: change(match.group(1)), phrase)


def sentence(phrase: str, subject: str, their: str, form: str) -> str:
    """Make a caption of ``phrase``; ``form`` is third, progressive, imperative or gerund."""
    if form == "progressive" and "*is*" in phrase:
        form = "third"
    body = inflect(phrase, {"third": "third", "imperative": "base"}.get(form, "gerund"))
    if form in ("imperative", "gerund"):
        return body.replace("{their}", "your" if form == "imperative" else "their")
    link = " is " if form == "progressive" else " "
    return (subject + link + body).replace("{their}", their)


def draw_voice(rng: np.random.Generator) -> tuple[str, str, str]:
    """Draw (subject, possessive, form) for one caption."""
    shares = np.array([share for _, _, share in SUBJECTS])
    subject, their, _ = SUBJECTS[rng.choice(len(SUBJECTS), p=shares / shares.sum())]
    form = FORMS[rng.choice(len(FORMS), p=[share for _, share in FORMS])][0]
    return subject, their, form


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


def count_word(count: int) -> str:
    """Return a number from 0 to 10 in words, larger ones in digits."""
    return COUNTS[count] if count < len(COUNTS) else str(count)


def times_word(count: int) -> str:
    """Return once, twice, three times ..."""
    return {1: "once", 2: "twice"}.get(count, f"{count_word(count)} times")


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


def mirrored(caption: str) -> str:
    """Swap left and right, clockwise and counterclockwise, in the words of ``caption``.

    Its own inverse for every caption made here. "upright" and the like are left alone.
    """
    kept: list[str] = []

    def keep(match: re.Match) -> str:
        kept.append(match.group(0))
        return f"\0{len(kept) - 1}\0"

    text = _NOT_A_SIDE.sub(keep, caption)
    swaps = {}
    for one, other in _SWAPS:
        swaps.setdefault(one, other)
        swaps.setdefault(other, one)
    words = "|".join(sorted(map(re.escape, swaps), key=len, reverse=True))
    text = re.sub(rf"\b({words})\b", lambda match: swaps[match.group(1)], text)
    return re.sub(r"\0(\d+)\0", lambda match: kept[int(match.group(1))], text)
