"""Sentences for a drawn variant: phrases of the data with their slots filled and their verbs inflected.

A phrase is a verb phrase in the third person with its verbs starred, ``"*raises* {their} {side} hand and *waves*"``;
it takes a subject and a form (third person, progressive, past, imperative, gerund). A phrase without a star stands
as it is ("jumping jacks, fast"). Slots:

    {side} {other}          the side that leads, and the other
    {count} {times}         "three", "three times"
    {n:push-up}             "three push-ups", "a push-up"
    {speed}                 "slowly" or "quickly"; only where it was drawn so
    {their} {them} {they}   follow the subject
    {name}                  a value of the drawn option

A phrase whose slot has no value is not used.
"""

from __future__ import annotations

import re

import numpy as np

from .draw import Drawn

_VERB = re.compile(r"\*([^*]+)\*")
_SLOT = re.compile(r"\{([^}]+)\}")
_PRONOUNS = {"their": ("their", "them", "they"), "his": ("his", "him", "he"), "her": ("her", "her", "she")}
SUBJECTS = (
    ("a person", "their", 30), ("someone", "their", 10), ("a man", "his", 12), ("a woman", "her", 9),
    ("the person", "their", 7), ("the man", "his", 5), ("the woman", "her", 4), ("somebody", "their", 3),
    ("the character", "their", 4), ("a figure", "their", 2), ("the figure", "their", 2), ("a guy", "his", 2),
    ("he", "his", 4), ("she", "her", 4), ("a human", "their", 1), ("a girl", "her", 2), ("a boy", "his", 2),
    ("an old man", "his", 1), ("a young woman", "her", 1), ("the actor", "their", 1), ("a player", "their", 1),
    ("a child", "their", 1), ("an athlete", "their", 1),
)  # fmt: skip
FORMS = (("third", 50), ("progressive", 12), ("past", 8), ("imperative", 15), ("gerund", 15))
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
SLOW, QUICK = 0.85, 1.16  # tempos below and above which a caption may say so
_BASES = {"does": "do", "goes": "go", "has": "have", "is": "be", "lies": "lie", "dies": "die", "ties": "tie"}
_PASTS = {
    "be": "was", "bear": "bore", "beat": "beat", "begin": "began", "bend": "bent", "blow": "blew", "break": "broke",
    "bring": "brought", "build": "built", "burst": "burst", "buy": "bought", "cast": "cast", "catch": "caught",
    "come": "came", "cut": "cut", "deal": "dealt", "dig": "dug", "do": "did", "draw": "drew", "drink": "drank",
    "drive": "drove", "eat": "ate", "fall": "fell", "feed": "fed", "feel": "felt", "fight": "fought", "find": "found",
    "fling": "flung", "fly": "flew", "get": "got", "give": "gave", "go": "went", "grind": "ground", "hang": "hung",
    "have": "had", "hide": "hid", "hit": "hit", "hold": "held", "keep": "kept", "kneel": "knelt", "lay": "laid",
    "lead": "led", "lean": "leaned", "leap": "leaped", "leave": "left", "let": "let", "lie": "lay", "make": "made",
    "meet": "met", "put": "put", "ride": "rode", "ring": "rang", "rise": "rose", "run": "ran", "say": "said",
    "see": "saw", "send": "sent", "set": "set", "shake": "shook", "shoot": "shot", "show": "showed", "shut": "shut",
    "sink": "sank", "sit": "sat", "sleep": "slept", "slide": "slid", "sling": "slung", "spin": "spun",
    "split": "split", "spread": "spread", "spring": "sprang", "stand": "stood", "steal": "stole", "stick": "stuck",
    "strike": "struck", "stride": "strode", "sweep": "swept", "swim": "swam", "swing": "swung", "take": "took",
    "tell": "told", "think": "thought", "throw": "threw", "thrust": "thrust", "understand": "understood",
    "wear": "wore", "wind": "wound", "write": "wrote", "creep": "crept", "tread": "trod", "spar": "sparred",
}  # fmt: skip
_DOUBLED = re.compile(
    r"(?:^|[a-z]*-)(?:run|stop|sit|jog|hop|step|squat|swim|spin|get|put|hit|jab|cut|grab|stab|chop|drop|hug|nod|slip|plod|"
    r"spar|plop|bob|dip|grip|mop|rub|tip|trot|let|set|dig|begin|clap|skip|pat|chat|drag|flap|tap|scrub|stir|shrug|"
    r"plan|wag|flip|slap|snap|swat|strum|hum|rip|zip|shut|lug|tug|shovel|limp2|jam|pop|drum|chug|sip|strip|wrap|"
    r"rap|beg|bat|whip|scan|thud|slam|brag|crab-step|side-step|sidestep|bar|fan|pin|knit|quit|win|sag|prod|plug)$"
)


def base_form(third: str) -> str:
    """Return the infinitive of a verb in the third person ("waves": "wave")."""
    if third in _BASES:
        return _BASES[third]
    if third.endswith("ies"):
        return third[:-3] + "y"
    if re.search(r"(?:ss|sh|ch|x|zz|o)es$", third):
        return third[:-2]
    return third[:-1] if third.endswith("s") else third


def gerund_form(base: str) -> str:
    """Return the -ing form of an infinitive."""
    if base == "be":
        return "being"
    if base.endswith("ie"):
        return base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")):
        return base[:-1] + "ing"
    return base + (base[-1] if _DOUBLED.match(base) else "") + "ing"


def past_form(base: str) -> str:
    """Return the past tense of an infinitive."""
    if base in _PASTS:
        return _PASTS[base]
    if base.endswith("e"):
        return base + "d"
    if re.search(r"[^aeiou]y$", base):
        return base[:-1] + "ied"
    return base + (base[-1] if _DOUBLED.match(base) else "") + "ed"


def inflected(phrase: str, subject: str, form: str) -> str:
    """Return a starred phrase as a sentence part in ``form`` with ``subject`` (unused where the form has none).

    A phrase that begins with *is* is progressive already: its other forms do without.
    """
    if phrase.startswith("*is* "):
        if form == "gerund":
            phrase = phrase.removeprefix("*is* ")
        elif form != "past":
            form = "third"

    def verb(match: re.Match) -> str:
        third = match.group(1)
        if form == "third":
            return third
        base = base_form(third)
        if form == "imperative":
            return base
        return past_form(base) if form == "past" else gerund_form(base)

    text = _VERB.sub(verb, phrase)
    if form in ("imperative", "gerund"):
        return text
    return f"{subject} is {text}" if form == "progressive" else f"{subject} {text}"


def times_word(count: int) -> str:
    """Return "once", "twice", "three times"."""
    return {1: "once", 2: "twice"}.get(count, f"{count_word(count)} times")


def count_word(count: int) -> str:
    """Return a count in words up to twelve."""
    return COUNTS[count] if count < len(COUNTS) else str(count)


def plural(noun: str) -> str:
    """Return the plural of a noun or of a compound that ends in one."""
    if noun.endswith(("ch", "sh", "s", "x")):
        return noun + "es"
    return noun[:-1] + "ies" if re.search(r"[^aeiou]y$", noun) else noun + "s"


def slots(drawn: Drawn) -> dict[str, str]:
    """Return what the slots of a variant's phrases say; one that may not be told is not there."""
    told = {}
    if drawn.side in ("left", "right"):
        told["side"], told["other"] = drawn.side, "right" if drawn.side == "left" else "left"
    if drawn.action.cycle or (drawn.action.gait and drawn.count > 1):
        told["count"], told["times"] = count_word(drawn.told_count), times_word(drawn.told_count)
    if drawn.tempo > QUICK:
        told["speed"] = "quickly"
    elif drawn.tempo < SLOW:
        told["speed"] = "slowly"
    told |= {name: value for name, value in drawn.option.items() if isinstance(value, str)}
    return told


def filled(phrase: str, told: dict[str, str], drawn: Drawn, their: str) -> str | None:
    """Return a phrase with its slots filled, or None when one may not be told."""
    pronouns = dict(zip(("their", "them", "they"), _PRONOUNS[their], strict=True))
    values = {**told, **pronouns}
    missing = False

    def fill(match: re.Match) -> str:
        nonlocal missing
        name = match.group(1)
        if name.startswith("n:"):
            noun = name[2:]
            if drawn.told_count == 1:
                return ("an " if noun[0] in "aeiou" else "a ") + noun
            return f"{count_word(drawn.told_count)} {plural(noun)}"
        missing |= name not in values
        return values.get(name, "")

    text = _SLOT.sub(fill, phrase)
    return None if missing else text


def captions(drawn: Drawn, rng: np.random.Generator, most: int = 6) -> list[str]:
    """Return up to ``most`` different sentences that are true of a variant."""
    told = slots(drawn)
    found: list[str] = []
    for place in rng.permutation(len(drawn.action.phrases)):
        phrase = drawn.action.phrases[place]
        subject, their, form = _voice(rng)
        text = filled(phrase, told, drawn, their if form not in ("imperative", "gerund") else "their")
        if text is None:
            continue
        if "*" in text:
            if form in ("imperative", "gerund"):
                text = _addressed(text, form)
            text = inflected(text, subject, form)
        text = _with_extras(text, phrase, told, drawn, rng)
        if text not in found:
            found.append(text)
        if len(found) == most:
            break
    return found


def _addressed(text: str, form: str) -> str:
    """Say "your" and "you" in an order, where other forms say "their", "them" and "they"."""
    if form != "imperative":
        return text
    return re.sub(r"\btheir\b", "your", re.sub(r"\bthem\b", "you", re.sub(r"\bthey\b", "you", text)))


def _voice(rng: np.random.Generator) -> tuple[str, str, str]:
    weights = np.array([weight for _, _, weight in SUBJECTS], float)
    subject, their, _ = SUBJECTS[int(rng.choice(len(SUBJECTS), p=weights / weights.sum()))]
    shares = np.array([weight for _, weight in FORMS], float)
    return subject, their, FORMS[int(rng.choice(len(FORMS), p=shares / shares.sum()))][0]


def _with_extras(text: str, phrase: str, told: dict, drawn: Drawn, rng: np.random.Generator) -> str:
    """Say the count or the speed behind a phrase that does not, now and then; and write as people write."""
    plain = not re.search(r"\{(count|times|n:)", phrase)
    if plain and drawn.action.cycle and drawn.told_count > 1 and drawn.action.count[1] > 1 and rng.random() < 0.12:
        text += " " + told["times"]
    if "speed" in told and "{speed}" not in phrase and rng.random() < 0.35:
        text += " " + str(rng.choice([told["speed"], {"quickly": "fast", "slowly": "slowly"}[told["speed"]]]))
    if rng.random() < 0.25:
        text = text[0].upper() + text[1:] + ("." if rng.random() < 0.8 else "")
    return text
