"""Sentences against joints: what a sentence says of a motion and the motion plainly does not show.

Every check reads one kind of claim (a side, a direction, a turn, a count, a speed, a posture) off a sentence, measures
the joints, and speaks only where it is sure: a claim that cannot be measured stands. A wrong side is put right and a
wrong speed left out; other sentences that are contradicted are not told at all.

Joints are (frames, 22, 3), metres, 20 frames per second, as in ``describe``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from runtime.captions import describe
from runtime.captions.local_pose import to_local
from runtime.grammar.inflection import COUNTS, mirrored

_SIDE = re.compile(r"\b(left|right)\b(?! away| now| behind| in front| angle)")
_ARM = r"(?:arm|hand|fist|wrist|elbow|forearm|palm)"
_LEG = r"(?:leg|foot|knee|thigh|heel|shin)"
_MOVES_ARM = re.compile(
    r"\b(?:rais|lift|wav|reach|punch|jab|throw|toss|swing|point|stretch|bring|draw|lower|drop|strik|slash|slap|scratch|"
    r"hammer|wip|grab|push|pull|circl|extend|thrust|stab|chop|hook)\w*"
)
_MOVES_LEG = re.compile(r"\b(?:lift|rais|kick|swing|extend|stretch|bring|hop)\w*")
_GOES = re.compile(
    r"\b(?:walk|run|jog|sprint|crawl|skip|march|stroll|strid|sneak|hop|jump|leap|step|shuffl|strafe|sidestep|mov|danc|"
    r"back)\w*"
)
_AHEAD = re.compile(r"\b(?:forwards?|ahead|onwards?)\b")
_BEHIND = re.compile(r"\bbackwards?\b|\bsteps? back\b|\bbacks (?:up|away|off)\b")
_BODY_TURN = re.compile(
    r"\b(?:turns?|turning|spins?|spinning|pivots?|rotates|whirls)(?: (?:around|about|sharply|quickly|slowly|on|half|"
    r"halfway|a|quarter|to|the|his|her|their|while|walking|toward|towards|spot|in|place|once|and|back|full))*?"
    r" (left|right)\b"
)
_TWIST = re.compile(r"\b(?:head|torso|upper body|trunk|shoulders|waist|hips|look|glanc|chest|face|twist)")
_DEGREES = re.compile(r"(?P<figure>\d+|forty-five|ninety|one hundred and eighty|hundred and eighty) degrees")
_SPELT = {"forty-five": 45, "ninety": 90, "one hundred and eighty": 180, "hundred and eighty": 180}
_TIMES = re.compile(
    rf"\b(?:(?P<many>{'|'.join(COUNTS[1:])}) (?:times|(?:\w+ )?(?P<what>jumps?|hops?|kicks?|squats?|steps))|"
    r"(?P<once>once|twice))\b"
)
_SLOW, _FAST = (
    re.compile(r"\b(?:very )?slow(?:ly)?\b"),
    re.compile(r"\b(?:very )?(?:fast(?! asleep)|quick(?! nod| look| glance)(?:ly)?|brisk(?:ly)?|rapid(?:ly)?)\b"),
)
_IN_PLACE = re.compile(r"\b(?:in place|on the spot|treadmill|without (?:going|getting|moving) anywhere)\b")


@dataclass(frozen=True)
class Finding:
    """What a check found: the kind of claim, whether it is contradicted, and the sentence put right ("" for none)."""

    kind: str
    wrong: bool
    corrected: str = ""


Check = Callable[[str, np.ndarray], Finding | None]


def _one_side(text: str) -> str:
    """Return the only side a sentence names, or ""."""
    sides = set(_SIDE.findall(text))
    return sides.pop() if len(sides) == 1 else ""


def _activity(joints: np.ndarray, pair: tuple[int, int], anchors: tuple[int, int]) -> np.ndarray:
    """Return the path (2,) in metres of a left and a right joint relative to their anchors, in the body's own axes."""
    local, _, _ = to_local(joints)
    offsets = describe.smooth(local[:, list(pair)] - local[:, list(anchors)], 3)
    return np.linalg.norm(np.diff(offsets, axis=0), axis=-1).sum(axis=0)


def _named(values: np.ndarray, side: str) -> tuple[float, float]:
    index = describe.SIDES.index(side)
    return float(values[index]), float(values[1 - index])


def arm_side(text: str, joints: np.ndarray) -> Finding | None:
    """Check that the one hand which a sentence lets do something moves in ``joints`` (frames, 22, 3), metres.

    It does not where its path is under 35 % of the other hand's, and that is over 0.6 m.
    """
    side = _one_side(text)
    if not side or not re.search(rf"\b{side} {_ARM}", text) or not _MOVES_ARM.search(text) or re.search(_LEG, text):
        return None
    if re.search(r"\bturn|\bboth\b|\bto (?:the|his|her|their) (?:left|right)\b", text):
        return None
    own, other = _named(_activity(joints, describe.WRISTS, describe.SHOULDERS), side)
    wrong = own < 0.35 * other and other > 0.6
    return Finding("side", wrong, mirrored(text) if wrong else "")


def leg_side(text: str, joints: np.ndarray) -> Finding | None:
    """Check that the one leg which a sentence lets do something is lifted in ``joints`` (frames, 22, 3), metres.

    It is not where its ankle rises by under 35 % of the other's, and that by over 0.3 m.
    """
    side = _one_side(text)
    if not side or not _MOVES_LEG.search(text) or re.search(rf"\b{_ARM}\b|\bturn|\bboth\b", text):
        return None
    if not re.search(rf"\b{side} (?:[\w-]+ )?(?:{_LEG}|kick)", text) or re.search(r"\bstep|\bwalk|\bhop|\bjump", text):
        return None
    rise = np.ptp(joints[:, list(describe.ANKLES), 1], axis=0)
    own, other = _named(rise, side)
    wrong = own < 0.35 * other and other > 0.3
    return Finding("side", wrong, mirrored(text) if wrong else "")


def sideways(text: str, joints: np.ndarray) -> Finding | None:
    """Check which way somebody goes in ``joints`` (frames, 22, 3), metres, who is said to go sideways."""
    side = _one_side(text)
    if not side or not re.search(r"sideways|side-?step|strafe|to (?:the|his|her|their) (?:left|right)", text):
        return None
    if not _GOES.search(text) or re.search(
        rf"\bturn|\b{_ARM}\b|\b{_LEG}\b|\blean|\btwist|\blook|\bswing|\bcircle|\bcurve", text
    ):
        return None
    move = describe.travel(joints)
    if abs(move.left) < 0.3 or abs(move.left) < 0.8 * abs(move.forward):
        return None
    wrong = (move.left > 0) != (side == "left")
    return Finding("direction", wrong, mirrored(text) if wrong else "")


def course(text: str, joints: np.ndarray) -> Finding | None:
    """Check that ``joints`` (frames, 22, 3), metres, go forward or backwards as the sentence says."""
    ahead, behind = bool(_AHEAD.search(text)), bool(_BEHIND.search(text))
    if ahead == behind or not _GOES.search(text) or _IN_PLACE.search(text):
        return None
    if re.search(
        rf"\bturn|\bthen\b|\blean|\b{_ARM}|\b{_LEG}|\btwist|\bback (?:to|and|stance|fist|on)\b|\bagain\b|\bstands back",
        text,
    ):
        return None
    move = describe.travel(joints)
    if max(abs(move.forward), move.path) < 0.5 or abs(move.forward) < 0.6 * move.path:
        return None
    return Finding("direction", (move.forward > 0) != ahead)


def turn_side(text: str, joints: np.ndarray) -> Finding | None:
    """Check which way the body turns in ``joints`` (frames, 22, 3), metres; a turn under 50 degrees is not judged."""
    found, side = _BODY_TURN.search(text), _one_side(text)
    if found is None or not side or _TWIST.search(text):
        return None
    turn = np.degrees(describe.net_turn(joints))
    if abs(turn) < 50:
        return None
    wrong = (turn > 0) != (side == "left")
    whole = not re.search(rf"\b{side} {_ARM}|\b{side} {_LEG}", text)
    return Finding("turn", wrong, mirrored(text) if wrong and whole else "")


def turn_size(text: str, joints: np.ndarray) -> Finding | None:
    """Check the size of a turn of the body in ``joints`` (frames, 22, 3), metres.

    It is told in degrees, or as a quarter, a half or a full turn.
    """
    if _TWIST.search(text) or not re.search(r"\b(?:turn|spin|pivot|rotat|whirl)", text):
        return None
    told = _DEGREES.search(text)
    if told:
        wanted = float(_SPELT.get(told["figure"]) or told["figure"])
    elif re.search(r"\bquarter", text):
        wanted = 90.0
    elif re.search(r"\bturns? (?:all the way )?(?:around|about)\b|half[- ](?:a )?turn|half turn", text):
        wanted = 180.0
    elif re.search(r"\bfull (?:turn|circle|spin|rotation)", text):
        wanted = 360.0
    else:
        return None
    turn = abs(np.degrees(describe.net_turn(joints)))
    return Finding("turn", abs(turn - wanted) > max(50.0, 0.4 * wanted))


def count(text: str, joints: np.ndarray) -> Finding | None:
    """Check how many jumps, kicks, squats or steps there are in ``joints`` (frames, 22, 3), metres."""
    found = _TIMES.search(text)
    if found is None or len(_TIMES.findall(text)) > 1:
        return None
    told = {"once": 1, "twice": 2}.get(found["once"] or "") or COUNTS.index(found["many"])
    what = (found["what"] or "").rstrip("s") or _counted_verb(text)
    if what in ("jump", "hop"):
        seen, slack = len(describe.jumps(joints, 0.05)), 0
    elif what == "kick":
        seen, slack = len(describe.kicks(joints)), 0
    elif what == "squat":
        seen, slack = len(describe.runs_of(joints[:, describe.PELVIS, 1] < 0.72, 3)), 0
    elif what == "step" and describe.gait(joints) == "walk":
        seen, slack = len(describe.steps(joints)), 2
    else:
        return None
    return Finding("count", abs(seen - told) > slack) if seen else None


def _counted_verb(text: str) -> str:
    verbs = set(re.findall(r"\b(jump|kick|squat)s\b", text))
    return verbs.pop() if len(verbs) == 1 and not re.search(r"\b(?:punch|wave|turn|spin|swing|clap)", text) else ""


def speed(text: str, joints: np.ndarray) -> Finding | None:
    """Check whether ``joints`` (frames, 22, 3), metres, are slow or fast.

    Gaits are judged by their ground speed, other motion by that of the fastest joint, m/s.
    """
    slow, fast = _SLOW.search(text), _FAST.search(text)
    if bool(slow) == bool(fast) or re.search(r"\bthen\b|\bslows\b|\bspeeds\b", text):
        return None
    if re.search(r"\bsteps?\b", text) and fast:
        return None
    if re.search(r"\b(?:walk|stroll|step)", text) and not _IN_PLACE.search(text):
        pace = describe.travel(joints).speed
        wrong = pace > 1.45 if slow else pace < 0.55
    elif re.search(r"\b(?:run|jog|sprint)", text) and not _IN_PLACE.search(text):
        pace = describe.travel(joints).speed
        wrong = pace > 3.2 if slow else pace < 1.6
    else:
        pace = describe.motion_speed(joints)
        wrong = pace > 4.0 if slow else pace < 0.7
    found = slow or fast
    rest = re.sub(r"\s+", " ", text[: found.start()] + text[found.end() :]).strip(" ,")
    adverb = found.group(0).endswith("ly") or text[found.end() : found.end() + 1] in ("", ",")
    return Finding("speed", wrong, rest if wrong and adverb else "")


def posture(text: str, joints: np.ndarray) -> Finding | None:
    """Check ``joints`` (frames, 22, 3), metres, for postures that cannot be mistaken.

    These are standing still, running, jumping, lying, kneeling and squatting.
    """
    height, move = joints[:, describe.PELVIS, 1], describe.travel(joints)
    raised = re.search(r"stool|chair|bar\b|frame|bench|ladder|steps|seat|high|box|horse", text)
    wrong = []
    if re.search(r"\bstands? (?:perfectly |quite )?still$|^[^,]*\bstands? [^,]*\b(?:motionless|without moving)$", text):
        wrong.append(move.path > 0.8 or describe.motion_speed(joints) > 2.5)
    if re.search(r"\b(?:runs|sprints|jogs)(?! (?:the|his|her|their|a|an|through)\b)\b", text) and not _IN_PLACE.search(
        text
    ):
        wrong.append(move.speed < 0.7)
    if re.search(r"\b(?:jumps|leaps) (?:up|high|forward|straight)\b", text):
        wrong.append(float(describe.clearance(joints).max()) < 0.03)
    if re.search(r"\b(?:lies|lying)\b", text) and not raised:
        wrong.append(float(height.min()) > 0.6)
    if re.search(r"\bkneel", text) and not raised:
        wrong.append(float(joints[:, list(describe.KNEES), 1].min()) > 0.3)
    if re.search(r"\bsquats? (?:down|deep|low)|\bdeep squat", text):
        wrong.append(float(height.min()) > 0.8)
    return Finding("posture", any(wrong)) if wrong else None


SIDED: tuple[Check, ...] = (arm_side, leg_side, sideways, turn_side)  # those that a mirrored motion contradicts
CHECKS: tuple[Check, ...] = (arm_side, leg_side, sideways, course, turn_side, turn_size, count, speed, posture)


def checked(text: str, joints: np.ndarray) -> tuple[str, list[Finding]]:
    """Return a sentence as it may be told of ``joints`` (frames, 22, 3), metres, and what each check found.

    It is put right where that is safe, and "" where a claim is contradicted and cannot be put right.
    """
    findings: list[Finding] = []
    if len(joints) < 4:
        return text, findings
    for check in CHECKS:
        found = check(text, joints)
        if found is None:
            continue
        findings.append(found)
        if found.wrong:
            text = found.corrected
            if not text:
                break
    return text, findings
