"""Verbs and their forms, who does something, numbers in words, left and right.

A phrase is a verb phrase in the third person with its verbs starred: ``"*walks* and *waves*"``. It becomes a sentence
by taking a subject and a form ("a man walks and waves", "walk and wave", "someone is walking and waving"). ``{their}``
follows the subject.
"""

from __future__ import annotations

import re

import numpy as np

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
    ("counter-clockwise", "clockwise"),
    ("anti-clockwise", "clockwise"),
    ("leftward", "rightward"),
    ("leftwards", "rightwards"),
    ("left-handed", "right-handed"),
)
# Words in which "right" and "left" are no sides. "The right down" is one, "bends right down" is none.
NOT_A_SIDE = re.compile(
    r"\b(?:up|all |that's |just )right\b|\bupright(?=s?\b)|\bright (?:away|now|here|there|angles?)\b"
    r"|(?<!\bthe )(?<!\bhis )(?<!\bher )(?<!\btheir )(?<!\byour )(?<!\band )(?<!\bor )(?<=\w )right"
    r" (?:down|next to|in front of|up to|to the (?:top|end|edge|floor|ground))\b"
    r"|\bleft (?:the (?:room|house|stage)|alone)\b",
    re.IGNORECASE,
)


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


def count_word(count: int) -> str:
    """Return a number from 0 to 10 in words, larger ones in digits."""
    return COUNTS[count] if count < len(COUNTS) else str(count)


def times_word(count: int) -> str:
    """Return once, twice, three times ..."""
    return {1: "once", 2: "twice"}.get(count, f"{count_word(count)} times")


def mirrored(caption: str) -> str:
    """Swap left and right, clockwise and counterclockwise, in the words of ``caption``.

    Its own inverse for every caption made here. "upright" and the like are left alone.
    """
    kept: list[str] = []

    def keep(match: re.Match) -> str:
        kept.append(match.group(0))
        return f"\0{len(kept) - 1}\0"

    text = NOT_A_SIDE.sub(keep, caption)
    swaps = {}
    for one, other in _SWAPS:
        swaps.setdefault(one, other)
        swaps.setdefault(other, one)
    words = "|".join(sorted(map(re.escape, swaps), key=len, reverse=True))
    text = re.sub(rf"\b({words})\b", lambda match: swaps[match.group(1)], text)
    return re.sub(r"\0(\d+)\0", lambda match: kept[int(match.group(1))], text)
