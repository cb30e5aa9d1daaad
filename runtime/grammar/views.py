"""A sentence seen as a whole, without the one who acts, and by its first part: what strangers' sentences are known by.

Who it is ("a little duck keeper goes along the path") and asides ("..., nobody is paying for more") tell of other
things than what is done.
"""

from __future__ import annotations

import re
from functools import cache

from runtime.grammar.inflection import gerund
from runtime.grammar.sentences import verbs
from runtime.grammar.wording import bare

# Words that a subject begins with; "is", after which comes what it does; parts of a body, which act for nobody else.
_ARTICLES = frozenset(
    ("a", "an", "the", "my", "our", "his", "her", "one", "some", "this", "that", "another", "two", "he", "she", "they",
     "someone", "somebody")
)  # fmt: skip
_IS = frozenset(("is", "are", "was", "were"))
_BODY = re.compile(
    r"\b(?:arm|hand|palm|fist|finger|thumb|elbow|wrist|forearm|shoulder|head|face|chin|gaze|eye|leg|knee|shin|thigh"
    r"|ankle|heel|toe|hip|torso|trunk|chest|body|back|spine|waist|pelvi)(?:s|es)?\b|\bfeet\b|\bfoot\b",
    re.IGNORECASE,
)
_LONGEST_SUBJECT, _LONE_NAME = 6, 2  # words before a verb: with an article, without one
_HEADING = re.compile(r"[^,.;]{1,24}(?::| [-\u2013]) ")  # "SH040 - ", "fight beat: "
_FIRST_PART = re.compile(r"(.{12,}?)(?:[,;:]|[.!] )")


def views(caption: str) -> tuple[str, str, str]:
    """Return what is :func:`bare` of a caption, of what follows the one who acts, and of the first part of that."""
    done = _done(caption)
    part = _FIRST_PART.match(done)
    return bare(caption), bare(done), bare(part[1] if part else done)


def names_body(text: str) -> bool:
    """Tell whether a text names a part of the body."""
    return _BODY.search(text) is not None


def _done(caption: str) -> str:
    """Return a caption from its first verb on, where what comes before names who acts; all of it elsewhere."""
    heading = _HEADING.match(caption)
    words = caption[heading.end() if heading else 0 :].split()
    caption = " ".join(words)
    plain = [word.strip(",.;:!").lower() for word in words]
    for place in range(1, min(_LONGEST_SUBJECT + 1, len(words))):
        is_link = plain[place] in _IS and place + 1 < len(words)
        if not is_link and plain[place] not in _acting():
            continue
        named = plain[0] in _ARTICLES or place <= _LONE_NAME
        if not named or plain[0] in _acting() or names_body(" ".join(plain[:place])):
            break
        return " ".join(words[place + is_link :])
    return caption


@cache
def _acting() -> frozenset[str]:
    """Return what verbs look like behind a subject, in the third person and as gerunds."""
    return verbs() | {gerund(verb) for verb in verbs()}
