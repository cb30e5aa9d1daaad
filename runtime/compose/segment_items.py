"""Training items from segments: one alone, done again, its neighbours after it, or another action behind it.

As in ``builders``, every function draws from the random stream it is given and returns None when what it drew does not
fit. Segments last two seconds in the mean and prompts ask for four to six: what is cyclic is gone on with, what is not
is held in the pose it starts or ends in, or shown with the calm frames around it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from coamd_blender.motion.skeleton import MAX_FRAMES, mirror
from runtime.captions import describe
from runtime.captions.captions import Spoken
from runtime.captions.phrases import Entry
from runtime.compose import splice
from runtime.compose.builders import HELD_OUT_PAIRS, PoolItem, extended, padded
from runtime.compose.clip_pool import SHORTEST, Bank, Sample
from runtime.compose.segments import Segment, segments
from runtime.grammar.inflection import count_word, inflect, mirrored, sentence, times_word
from runtime.grammar.sentences import Told, captions_of, counts, uncounted

_RARITY = 0.6  # a segment is drawn as its action's number of segments to the power of minus this
_SPECIAL = 0.5  # weight of what stairs, a chair or playground equipment carry
_LONGEST_PHRASE = 16  # words of a phrase that is joined to another
_HELD_OUT = frozenset(HELD_OUT_PAIRS)
# Actions that stay what they are however long they go on.
_CYCLIC = re.compile(
    r"\b(?:walk|run|jog|sprint|trot|march|crawl|sneak|creep|skip|hop|gallop|swim|climb|row|paddl|wav|clap|applaud|"
    r"jumping jack|danc|sway|swing|rock|bounc|bob|shak|nod|circl|rotat|flap|stir|wip|wash|scrub|mop|hammer|dig|saw|"
    r"crank|pedal|twist|march|"
    r"dribbl|jump rop|stand|wait|sit|lie|lying|hold|stay|balanc|squats\b.*times|punches\b.*(?:and|times)|weav|stomp|"
    r"stamp|play|conduct|scratch|rub|laugh|pat|strut|stroll|limp|tiptoe|stagger|strid|hang|dangl)"
)
_TRANSITION = re.compile(
    r"\b(?:then|down|up|starts?|stops?|begins?|turns?|finish|ends?|returns?|lands?|falls?|drops?|from|onto|into|slows|"
    r"lowers|lifts|raises|brings|puts|picks|takes|steps (?:forward|back|to)|once|once more)\b"
)
_AFTERWARDS = re.compile(r"\b(?:then|afterwards|finally|before|and (?:lowers|returns|stops))\b")
_ONCE = re.compile(
    r"\b(?:does|makes|takes|gives|throws) an? (?:\w+ ){0,2}(?:squat|jump|push-up|kick|punch|lunge|bow|hop|jack)"
)


class Scenes:
    """The segments of a split, how often each is drawn, and which follow on each other."""

    def __init__(self, clips: Sequence[dict], motions: np.ndarray):
        self.segments = segments(clips, motions)
        self.following = {
            index: index + 1
            for index in range(len(self.segments) - 1)
            if _follows(self.segments[index], self.segments[index + 1])
        }
        seen = Counter(segment.action.name for segment in self.segments)
        weights = np.array([self._weight(segment, seen) for segment in self.segments])
        self.odds = weights / max(weights.sum(), 1e-9)

    @staticmethod
    def _weight(segment: Segment, seen: Counter) -> float:
        rare = segment.action.drawn * seen[segment.action.name] ** -_RARITY
        return rare * segment.sure * (_SPECIAL if "special" in segment.clip["flags"] else 1.0)

    def draw(self, rng: np.random.Generator) -> int:
        """Draw the index of a segment."""
        return int(rng.choice(len(self.segments), p=self.odds))


def _follows(first: Segment, second: Segment) -> bool:
    """Tell whether a segment begins within a second after another of its clip ends, not before."""
    if first.clip is not second.clip or first.repeats or second.repeats:
        return False
    return -3 <= second.start - first.end <= 20


# --- words --------------------------------------------------------------------------------------------------------


def told_of(phrase: str) -> Told:
    """Return a verb phrase as a sentence about a person."""
    return Told(sentence(phrase, "a person", "their", "third"), "", "a person", "their", phrase)


def facts(told: Told, joints: np.ndarray, family: str) -> list[Told]:
    """Return the sentence with what ``joints`` (frames, 22, 3), metres, show and it does not say.

    That is a side, a way, a pace or a number of steps: one more sentence for each.
    """
    added = []
    if not re.search(r"\b(?:left|right|both)\b", told.text):
        finder = {"kick": describe.kicks, "punch": describe.punches, "wave": describe.waves}.get(family)
        sides = {event.side for event in finder(joints)} if finder else set()
        if len(sides) == 1:
            added.append(f"with the {sides.pop()} {'leg' if family == 'kick' else 'hand'}")
        turn = np.degrees(describe.net_turn(joints))
        if family == "turn" and 60 < abs(turn) < 400:
            added.append(f"to the {'left' if turn > 0 else 'right'}")
    if family in ("walk", "run") and not re.search(r"slow|quick|fast|brisk|step|jog|place|spot", told.text):
        move = describe.travel(joints)
        pace = describe.speed_class(move.speed, family)
        if pace != "normal" and move.speed > 0.4:
            added.append("slowly" if pace == "slow" else "quickly")
        taken = len(describe.steps(joints))
        if family == "walk" and 2 <= taken <= 6 and move.forward > 0.9 * move.path > 0.5:
            added.append(f"for {count_word(taken)} steps")
    return [_with(told, words) for words in added]


def _with(told: Told, words: str) -> Told:
    return replace(told, text=f"{told.text} {words}", phrase=f"{told.phrase} {words}" if told.phrase else "")


def finished(
    joints: np.ndarray,
    tolds: Sequence[Told],
    family: str,
    kind: str,
    rng: np.random.Generator,
    parts: tuple[str, ...] = (),
) -> PoolItem | None:
    """Make an item of ``joints`` (frames, 22, 3), metres: cut to whole tokens, mirrored half of the time, captioned.

    None when they are too short or not finite, or nothing is told of them.
    """
    joints = splice.unsunk(splice.trim(joints, MAX_FRAMES))
    if len(joints) < SHORTEST or not np.isfinite(joints).all() or not tolds:
        return None
    captions = [text for text in captions_of(tolds, rng) if len(text.split()) <= 40]
    if rng.random() < 0.5:
        joints, captions = mirror(joints), [mirrored(text) for text in captions]
    if not captions:
        return None
    return PoolItem(splice.canonical(joints), captions, family, kind, 1.0, parts or (family,))


def phrases_of(segment: Segment) -> tuple[str, ...]:
    """Return the phrases of a segment that can be joined to others."""
    full = [told.full for told in segment.tolds]
    return tuple(text for text in full if text and len(text.split()) <= _LONGEST_PHRASE)


# --- one segment --------------------------------------------------------------------------------------------------


def segment_item(scenes: Scenes, bank: Bank, rng: np.random.Generator) -> PoolItem | None:
    """Take one segment: as it is, gone on with, held at its ends, or with the calm frames around it."""
    segment = scenes.segments[scenes.draw(rng)]
    tolds = list(segment.tolds)
    tolds += facts(tolds[0], segment.joints, segment.action.family)
    if segment.repeats or goes_on(segment):
        longer = longer_item(segment, tolds, rng)
        if longer is not None and (segment.repeats or rng.random() < 0.75):
            return longer
    joints = with_surroundings(segment, rng)
    if len(joints) >= 40 and rng.random() < 0.45:
        return finished(joints, tolds, segment.action.family, "segment", rng)
    held = held_item(segment, joints, tolds, bank, rng)
    return held or finished(joints, tolds, segment.action.family, "segment", rng)


def goes_on(segment: Segment) -> bool:
    """Tell whether a segment shows something that can go on for as long as one likes."""
    text = segment.tolds[0].text
    return bool(_CYCLIC.search(text)) and not _TRANSITION.search(text)


def longer_item(segment: Segment, tolds: Sequence[Told], rng: np.random.Generator) -> PoolItem | None:
    """Go on with the segment for 2.4 to 7 seconds; told without numbers, which would be wrong of it."""
    plain = [told for told in map(uncounted, tolds) if told and not _ONCE.search(told.text)]
    plain = [told for told in plain if not _AFTERWARDS.search(told.text)] or plain
    frames = int(rng.integers(72, 140) if rng.random() < 0.8 else rng.integers(48, 72))
    joints = segment.joints
    if len(joints) < frames:
        joints = extended(joints, frames)
    else:
        start = int(rng.integers(0, len(joints) - frames + 1))
        joints = joints[start : start + frames]
    if joints is None or not plain:
        return None
    return finished(joints, plain, segment.action.family, "segment_repeat", rng)


def with_surroundings(segment: Segment, rng: np.random.Generator) -> np.ndarray:
    """Return the segment (frames, 22, 3), metres, with the calm around it.

    That is up to half a second in which the body hardly moves; very short ones get more.
    """
    start, end, whole = segment.start, segment.end, segment.whole
    if segment.repeats:
        return segment.joints
    reach = int(rng.integers(0, 11))
    first, last = max(0, start - reach), min(len(whole), end + reach)
    if start - first > 1 and describe.motion_speed(whole[first:start]) < 0.6:
        start = first
    if last - end > 1 and describe.motion_speed(whole[end:last]) < 0.6:
        end = last
    missing = SHORTEST + 4 - (end - start)
    if missing > 0:
        start = max(0, start - missing // 2)
        end = min(len(whole), max(end, start + SHORTEST + 4))
        start = max(0, min(start, end - SHORTEST - 4))
    return whole[start:end]


def held_item(
    segment: Segment, joints: np.ndarray, tolds: Sequence[Told], bank: Bank, rng: np.random.Generator
) -> PoolItem | None:
    """Fill a segment's ``joints`` (frames, 22, 3), metres, up to 2.8 to 6.6 seconds by holding its ends.

    It stands there, or stays as it starts or ends; None where neither end can be held.
    """
    if "idle" not in bank.families or len(joints) > 110:
        return None
    words = Spoken(segment.action.family, ("*moves*",))
    sample = Sample(
        joints, Entry(segment.action.family, (), None, (), ()), words, True, False, (0, len(joints)), 0, 1.0
    )
    filled = padded(bank, sample, rng, int(rng.integers(max(56, len(joints) + 4), 132)))
    if filled is None:
        return None
    joints, before, after = filled
    tolds = list(tolds)
    phrases = [text for text in phrases_of(segment) if len(text.split()) < 11]
    if before >= 20 and phrases:
        tolds.append(told_of(f"*stands* still, then {phrases[rng.integers(len(phrases))]}"))
    if after >= 20 and phrases:
        tolds.append(told_of(f"{phrases[rng.integers(len(phrases))]}, then *stands* still"))
    return finished(joints, tolds, segment.action.family, "segment_padded", rng)


def again_item(scenes: Scenes, bank: Bank, rng: np.random.Generator) -> PoolItem | None:
    """Do two to four times what a segment shows once, and tell it so."""
    segment = scenes.segments[scenes.draw(rng)]
    phrases = [text for text in phrases_of(segment) if not counts(text) and "," not in text and "then" not in text]
    if not segment.action.again or segment.repeats or not phrases:
        return None
    if any(counts(told.text) for told in segment.tolds):
        return None
    times, joints = int(rng.choice([2, 3, 4], p=[0.55, 0.33, 0.12])), segment.joints
    edge = max(3, len(joints) // 6)
    stop, start, cost = splice.best_seam(joints[-edge:], joints[:edge])
    if cost > 0.25 or len(joints) < 12:
        return None
    last = len(joints) - edge + stop + 1
    result = joints[:last]
    for _ in range(times - 1):
        result = splice.join(result, joints[start + 1 : last], 8)
    if len(result) > MAX_FRAMES or len(result) < SHORTEST:
        return None
    often = [times_word(times), f"{count_word(times)} times in a row"]
    often += ["again and again", "repeatedly"] if times > 2 else []
    tolds = [told_of(f"{text} {words}") for text in phrases for words in often]
    return finished(result, tolds, segment.action.family, "segment_repeat", rng)


# --- several ------------------------------------------------------------------------------------------------------


def neighbours_item(scenes: Scenes, bank: Bank, rng: np.random.Generator) -> PoolItem | None:
    """Take two or three segments that really follow on each other, with the real time between them."""
    index = scenes.draw(rng)
    chain = [index]
    wanted = 3 if rng.random() < 0.3 else 2
    while len(chain) < wanted and chain[-1] in scenes.following:
        chain.append(scenes.following[chain[-1]])
    picked = [scenes.segments[index] for index in chain]
    phrases = [[text for text in phrases_of(one) if len(text.split()) <= 14] for one in picked]
    if len(picked) < 2 or not all(phrases) or picked[-1].end - picked[0].start > MAX_FRAMES:
        return None
    families = tuple(one.action.family for one in picked)
    if any(pair in _HELD_OUT for pair in pairwise(families)):
        return None
    tolds = [told_of(joined([texts[rng.integers(len(texts))] for texts in phrases], rng)) for _ in range(6)]
    joints = picked[0].whole[picked[0].start : picked[-1].end]
    return finished(joints, tolds, families[rng.integers(len(families))], "sequence", rng, families)


def joined(phrases: Sequence[str], rng: np.random.Generator) -> str:
    """Join phrases of two or three actions one after the other in one of many ways."""
    if len(phrases) == 3:
        one, two, three = phrases
        ways = [f"{one}, {two} and then {three}", f"{one}, then {two}, then {three}", f"{one}, {two} and {three}",
                f"first {one}, then {two} and finally {three}", f"{one} and {two}, then {three}"]  # fmt: skip
        return str(rng.choice(ways))
    one, two = phrases
    doing = inflect(two, "gerund")
    ways = {
        f"{one} and then {two}": 0.24, f"{one}, then {two}": 0.24, f"{one} and {two}": 0.16,
        f"{one}, and then {two}": 0.1, f"first {one}, then {two}": 0.07, f"{one}, and after that {two}": 0.05,
        f"{one} before {doing}": 0.05, f"{one}, followed by {doing}": 0.04, f"{one} and afterwards {two}": 0.05,
    }  # fmt: skip
    return str(rng.choice(list(ways), p=np.array(list(ways.values())) / sum(ways.values())))


def sample_of(segment: Segment) -> Sample | None:
    """Return a segment as a sample of the bank, to be joined to others; None where its words cannot be."""
    phrases = phrases_of(segment)
    if not phrases or segment.clip["in_place"] or not 16 <= len(segment.joints) <= 120:
        return None
    entry = Entry(segment.action.family, phrases, None, (), ())
    return Sample(
        segment.joints,
        entry,
        Spoken(segment.action.family, phrases),
        True,
        False,
        (0, len(segment.joints)),
        0,
        segment.sure,
    )
