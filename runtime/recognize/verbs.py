"""Forms of an English verb, regular ones and those that doubling, a silent e or -ie change."""

from __future__ import annotations

_VOWELS = "aeiou"
_STRESSED_ENDINGS = ("mit", "fer", "gin", "cur", "pel", "tol")  # of longer verbs that double: permit, begin


def _doubles(verb: str) -> bool:
    """Whether the last letter doubles before -ing: a short verb that ends in one vowel and one consonant."""
    if len(verb) < 3 or verb[-1] in _VOWELS + "wxy" or verb[-2] not in _VOWELS:
        return False
    if verb[-3] in _VOWELS and verb[-3:-1] != "ui":  # "look", and not "quit"
        return False
    vowels = sum(letter in _VOWELS for letter in verb) - (verb[-3:-1] == "ui")
    return vowels == 1 or verb.endswith(_STRESSED_ENDINGS)


def is_bare(word: str) -> bool:
    """Return whether a lower-case word may be a bare verb: one word that no ending shows to be another form."""
    if not word.isalpha() or word.endswith(("ed", "ly")) or (word.endswith("s") and not word.endswith("ss")):
        return False
    stem = word.removesuffix("ing")
    return stem == word or not any(letter in _VOWELS + "y" for letter in stem)  # "swing", and not "walking"


def progressive(verb: str) -> str:
    """Return the -ing form: "walk" to "walking", "run" to "running", "wave" to "waving", "lie" to "lying"."""
    if verb.endswith("ie"):
        return f"{verb[:-2]}ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return f"{verb[:-1]}ing"
    return f"{verb}{verb[-1]}ing" if _doubles(verb) else f"{verb}ing"


def third_person(verb: str) -> str:
    """Return the form with he or she: "walk" to "walks", "punch" to "punches", "carry" to "carries"."""
    if verb.endswith("y") and verb[-2:-1] not in _VOWELS:
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else f"{verb}s"
