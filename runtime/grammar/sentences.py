"""Whole sentences about motion: read into verb phrases, and said again in other forms.

A sentence ("Standing still, a man raises his right hand and waves twice") becomes an adverbial, a subject and a verb
phrase of ``phrases`` ("*raises* {their} right hand and *waves* twice"), so that it can be told of somebody else, in the
imperative, in the past or in telegram style. Sentences that are not built so are told as they stand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from runtime.grammar.inflection import SUBJECTS, base_form, doubles, draw_voice, inflect, sentence

_VERBS_PATH = Path(__file__).with_name("verbs.json")
_SUBJECT = re.compile(
    r"(?P<subject>someone|somebody|he|she|they|(?:an?|the|some|one|another|this)(?: [\w'-]+){1,3}?)"
    r" (?P<adverb>(?:\w+ly |then |just |also |now ){0,2})(?P<verb>[a-z-]+s)\b",
    re.IGNORECASE,
)
_NEXT_VERB = re.compile(
    r"(?P<link>(?:\band|,|\bthen|\bbut|\bor)) (?P<adverb>(?:\w+ly |then |again |back ){0,2})(?P<verb>[a-z-]+s)\b"
)
# Where somebody or something else begins to act: verbs behind it are not the subject's.
_CLAUSE = re.compile(r"\b(?:as|while|until|that|which|who|before|after|when|where|if|so) (?!if\b|though\b)")
_HIS = {"he": "his", "she": "her", "they": "their"}
_PRONOUNS = re.compile(r"\b(?:he|she|him|himself|herself|hers|they|them|themselves|theirs)\b")
_OBJECT_HER = re.compile(r"\bher(?=$|[,.;]| (?:and|with|to|on|in|as|while|then|by|from|at|again)\b)")
_POSSESSIVE = re.compile(r"\b(?:his|her|their)\b")
_MEN = re.compile(r"\b(?:man|guy|boy|fellow|gentleman|monk|priest|king|him|his|he)\b")
_WOMEN = re.compile(r"\b(?:woman|lady|girl|queen|townswoman|priestess|mother|her|she)\b")
_COUNT = re.compile(
    r"\b(?:once|twice|(?:one|two|three|four|five|six|seven|eight|nine|ten|several|a few|a couple of|many)"
    r"(?: [\w-]+){0,2}? (?:times|steps?|jumps?|hops?|kicks?|punche?s?|jacks|squats?|strides?|turns?|laps?|waves?|jabs?|"
    r"push-ups|sit-ups|strokes|swings|circles|claps|bounces|paces|repetitions)|double|triple|single|a pair of)\b"
)
_WORDS_AROUND = re.compile(r"\s+([,.;])")
_ARTICLES = re.compile(r"\b(?:a|an|the|his|her|their|your) ")
_FORMS = {"third": 0.5, "progressive": 0.1, "imperative": 0.12, "gerund": 0.13, "past": 0.08, "telegraphic": 0.07}
_AS_WRITTEN = 0.42  # share of captions that stay in the words of their author
_TYPO_SHARE, _NO_COMMA_SHARE = 0.025, 0.08


@dataclass(frozen=True)
class Told:
    """A sentence and its parts; ``phrase`` is "" where it could not be taken apart.

    text      the sentence, lower case, without its full stop
    lead      what comes before the subject ("standing still"), or ""
    subject   who acts, and their possessive ("his", "her" or "their") in ``their``
    phrase    a verb phrase of ``phrases``: verbs starred, {their} for the possessive
    bound     the phrase names the subject again ("himself"), so another one must have the same possessive
    """

    text: str
    lead: str = ""
    subject: str = ""
    their: str = "their"
    phrase: str = ""
    bound: bool = False

    @property
    def full(self) -> str:
        """The verb phrase with its adverbial, to be joined to others; "" where there is none."""
        if not self.phrase or self.bound:
            return ""
        return f"{self.phrase}, {self.lead}" if self.lead else self.phrase


@cache
def verbs() -> frozenset[str]:
    """Return the verbs that sentences are searched for, third person."""
    return frozenset(_table()["third"])


@cache
def _table() -> dict:
    return json.loads(_VERBS_PATH.read_text(encoding="utf-8"))


def tidy(text: str) -> str:
    """Return a sentence in lower case but for its names, without full stop."""
    text = " ".join(text.split()).rstrip(". ")
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] in (" ", ",") else text


def _their(subject: str, rest: str) -> str:
    if subject in _HIS:
        return _HIS[subject]
    if _WOMEN.search(subject):
        return "her"
    if _MEN.search(subject):
        return "his"
    found = _POSSESSIVE.search(rest)
    return found.group(0) if found else "their"


def _starred(first: str, rest: str) -> str:
    """Star the verb ``first`` and those in ``rest`` that go on with the same subject."""
    clause = _CLAUSE.search(rest)
    own, other = (rest, "") if clause is None else (rest[: clause.start()], rest[clause.start() :])

    def star(match: re.Match) -> str:
        word = f"*{match['verb']}*" if match["verb"] in verbs() else match["verb"]
        return f"{match['link']} {match['adverb']}{word}"

    return f"*{first}*{_NEXT_VERB.sub(star, own)}{other}"


@cache
def told(text: str) -> Told:
    """Take a sentence apart: adverbial, subject and verb phrase."""
    text = tidy(text)
    start = 0
    while True:
        match = _SUBJECT.search(text, start)
        if match is None:
            return Told(text)
        if match["verb"] in verbs() and (match.start() == 0 or text[: match.start()].endswith(", ")):
            break
        start = match.start() + 1
    lead, subject = text[: match.start()].rstrip(", "), match["subject"].lower()
    rest = text[match.end() :]
    if "," in lead and len(lead.split()) > 12:
        return Told(text)
    their = _their(subject, rest)
    bound = bool(_PRONOUNS.search(f"{lead} {rest}") or _OBJECT_HER.search(rest))
    phrase = match["adverb"].lower() + _starred(match["verb"], rest)
    if not bound:
        phrase, lead = (_POSSESSIVE.sub("{their}", part) for part in (phrase, lead))
    return Told(text, lead, subject, their, phrase, bound)


def past_form(verb: str) -> str:
    """Return the simple past of a third-person verb: runs -> ran, stops -> stopped, tries -> tried."""
    base = base_form(verb)
    if base in _table()["past"]:
        return _table()["past"][base]
    if base.endswith("e"):
        return base + "d"
    if re.search(r"[^aeiou]y$", base):
        return base[:-1] + "ied"
    return base + base[-1] + "ed" if doubles(base) else base + "ed"


def in_form(told: Told, subject: str, their: str, form: str) -> str:
    """Say a sentence of ``subject`` in a form: those of ``phrases.sentence``, past, or telegraphic."""
    lead = told.lead.replace("{their}", "your" if form == "imperative" else their)
    if form == "past":
        body = re.sub(r"\*([^*]+)\*", lambda match: past_form(match.group(1)), told.phrase)
        text = f"{subject} {body.replace('{their}', their)}"
    elif form == "telegraphic":
        body = inflect(told.phrase, "base").replace("{their} ", "")
        return _ARTICLES.sub("", f"{body}, {told.lead.replace('{their} ', '')}" if told.lead else body).strip()
    else:
        text = sentence(told.phrase, subject, their, form)
    return f"{lead}, {text}" if lead else text


def draw_form(rng: np.random.Generator) -> str:
    """Draw the form of a caption."""
    shares = np.array(list(_FORMS.values()))
    return list(_FORMS)[rng.choice(len(_FORMS), p=shares / shares.sum())]


def said_again(told: Told, rng: np.random.Generator) -> str:
    """Say a sentence in its own words, or of somebody else and in another form."""
    if not told.phrase or rng.random() < _AS_WRITTEN:
        return told.text
    form = draw_form(rng)
    if told.bound:
        if form in ("imperative", "gerund", "telegraphic"):
            form = "third"
        same = [(name, their) for name, their, _ in SUBJECTS if their == told.their]
        subject, their = same[rng.integers(len(same))] if same and rng.random() < 0.5 else (told.subject, told.their)
    else:
        subject, their, _ = draw_voice(rng)
    return in_form(told, subject, their, form)


def roughened(text: str, rng: np.random.Generator) -> str:
    """Now and then leave out the commas, or mistype a letter, as people do who type a prompt; never in a side."""
    if rng.random() < _NO_COMMA_SHARE:
        text = text.replace(",", "")
    if rng.random() < _TYPO_SHARE:
        words = [match for match in re.finditer(r"[a-z]{4,}", text) if match.group(0) not in ("left", "right")]
        places = [match.start() + 1 + int(rng.integers(len(match.group(0)) - 3)) for match in words]
        if places:
            at = places[rng.integers(len(places))]
            swapped = text[at + 1] + text[at] if rng.random() < 0.5 else text[at]
            text = text[:at] + swapped + text[at + 2 :]
    return text


def counts(text: str) -> bool:
    """Tell whether a sentence says how often something happens, or how many steps are taken."""
    return _COUNT.search(text) is not None


_OFTEN = re.compile(
    r",? (?:for \w+ steps|once|twice|(?:two|three|four|five|six|seven|eight|several|a few|many) times)(?: in a row)?\b"
)
_NUMBER = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|several|a few|a couple of|a pair of) (?=(?:\w+ ){0,2}\w+s\b)"
)


def uncounted(told: Told) -> Told | None:
    """Return a sentence without its numbers ("three jumping jacks": "jumping jacks"); None where one is left."""
    if not counts(told.text):
        return told
    text, phrase = (_NUMBER.sub("", _OFTEN.sub("", part)) for part in (told.text, told.phrase))
    return None if counts(text) else replace(told, text=text, phrase=phrase)


def captions_of(tolds: Sequence[Told], rng: np.random.Generator, count: int = 8) -> list[str]:
    """Return up to ``count`` distinct captions from sentences that all tell of one motion; the first as written."""
    found = {tolds[0].text: None} if tolds else {}
    for _ in range(4 * count):
        if len(found) >= count or not tolds:
            break
        text = said_again(tolds[rng.integers(len(tolds))], rng)
        found[_WORDS_AROUND.sub(r"\1", roughened(text, rng))] = None
    return list(found)
