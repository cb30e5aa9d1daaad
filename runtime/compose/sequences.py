"""Sequences: two actions one after the other, joined where their poses meet without cutting into what they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from coamd_blender.motion.skeleton import MAX_FRAMES
from runtime.captions import describe
from runtime.captions.captions import LOCOMOTION, Spoken
from runtime.captions.phrases import Entry, written
from runtime.compose import splice
from runtime.compose.builders import (
    HELD_OUT_PAIRS,
    PoolItem,
    arm_action,
    at_rest,
    bowing,
    core_ends,
    extended,
    finish,
    is_simple,
)
from runtime.compose.clip_pool import Bank, Sample
from runtime.grammar.inflection import inflect

_HELD_OUT = frozenset(HELD_OUT_PAIRS)
# How often families take part in sequences.
SEQUENCED = {
    "walk": 3.0, "run": 2.0, "backwards": 1.0, "turn": 1.5, "jump": 2.0, "kick": 2.0, "punch": 2.0, "wave": 2.0,
    "bow": 1.5, "sit": 1.5, "crouch": 1.5, "lie": 0.7, "dance": 1.0, "idle": 1.2, "raise": 1.0, "pick_up": 0.7,
    "throw": 0.4, "stand_up": 0.7, "get_up": 0.5, "reach": 0.4, "sidestep": 0.4, "gesture": 0.4,
}  # fmt: skip
_HALT_SHARE, _START_SHARE = 0.15, 0.15  # of the sequences
_AFTER_HALT = {
    "idle": 2.5, "wave": 2.0, "bow": 1.0, "jump": 1.0, "kick": 1.0, "punch": 1.0, "sit": 1.0, "crouch": 1.0,
    "raise": 1.0, "turn": 0.5, "dance": 0.7, "pick_up": 0.5,
}  # fmt: skip


def piece_of(bank: Bank, rng: np.random.Generator, family: str) -> Sample | None:
    """Draw a sample of 20 to 110 frames for a sequence; steady motion is cut or gone on with, events are whole."""
    sample = bank.draw(rng, family)
    if family == "wave" and rng.random() < 0.6:
        return _standing_arm(bank, rng, "wave")
    if family == "bow":
        return _bow_piece(bank, rng)
    if sample.in_place:
        return None
    if sample.core is None or family in LOCOMOTION:
        frames = int(rng.integers(32, 76))
        joints = sample.joints
        if len(joints) < frames:
            joints = extended(joints, frames)
        if joints is None:
            return None
        start = int(rng.integers(0, max(1, len(joints) - frames)))
        return replace(sample, core=None).respoken(joints[start : start + frames], False)
    return sample if 20 <= len(sample.joints) <= 110 else None


def _bow_piece(bank: Bank, rng: np.random.Generator) -> Sample | None:
    made = bowing(bank, rng, int(rng.integers(44, 84)))
    if made is None:
        return None
    words = tuple(written("bow"))
    entry = Entry("bow", words, None, (), ())
    return Sample(made[0], entry, Spoken("bow", words), True, False, made[1:3], 1, 1.0)


def _standing_arm(bank: Bank, rng: np.random.Generator, layer: str) -> Sample | None:
    action = arm_action(bank.draw(rng, layer).joints, layer)
    if action is None:
        return None
    arms, sides = action
    frames = int(rng.integers(36, 80))
    base = splice.ping_pong(bank.idle(rng), frames)
    edge = splice.fade(frames, 10)
    weight = np.minimum(1 - edge, 1 - edge[::-1])
    joints = splice.layer_arms(base, splice.ping_pong(arms, frames), sides, weight)
    if {event.side for event in describe.waves(joints)} != set(sides):
        return None
    words = tuple(written("wave", side=sides[0]))
    spoken = Spoken(layer, words)
    return Sample(joints, Entry(layer, words, None, (), ()), spoken, True, False, (6, frames - 6), 0, 1.0)


def seam(first: Sample, second: Sample) -> tuple[np.ndarray, np.ndarray, float]:
    """Cut ``first`` and ``second`` where their poses meet best without cutting into what they do.

    Returns what is left of their joints, both (frames, 22, 3), and the cost of the seam, metres.
    """
    keep = 20 if first.core is None else max(20, core_ends(first)[1])
    keep = min(keep, len(first.joints) - 2)
    reach = len(second.joints) - 20 if second.core is None else core_ends(second)[0] + 1
    reach = min(max(reach, 2), 24)
    stop, start, cost = splice.best_seam(first.joints[keep:], second.joints[:reach])
    return first.joints[: keep + stop + 1], second.joints[start:], cost


def sequence_item(bank: Bank, rng: np.random.Generator) -> PoolItem | None:
    """Join two actions one after the other where poses meet; the best of several drawn pairs."""
    special = rng.random()
    if special < _HALT_SHARE + _START_SHARE:
        return halted_item(bank, rng) if special < _HALT_SHARE else starting_item(bank, rng)
    best, least = None, 0.33
    for _ in range(5):
        names = [bank.draw_family(rng, SEQUENCED) for _ in range(2)]
        pieces = [piece_of(bank, rng, name) for name in names]
        if any(piece is None for piece in pieces):
            continue
        first, second = pieces
        pair = (first.spoken.family, second.spoken.family)
        if pair in _HELD_OUT or pair[0] == pair[1]:
            continue
        head, tail, cost = seam(first, second)
        if cost < least and len(head) + len(tail) <= MAX_FRAMES:
            best, least = (first, second, head, tail, pair), cost
            if cost < 0.15:
                break
    if best is None:
        return None
    first, second, head, tail, pair = best
    heads = first if len(head) == len(first.joints) or first.core else first.respoken(head, False)
    tails = second if second.core else second.respoken(tail, False)
    if heads is None or tails is None or (heads.spoken.family, tails.spoken.family) != pair:
        return None
    joints = splice.join(head, tail, 10)
    words = _sequence_words(heads.spoken.phrases, tails.spoken.phrases, rng)
    return finish(joints, words, (), pair[int(rng.integers(2))], "sequence", rng, pair)


def halted_item(bank: Bank, rng: np.random.Generator) -> PoolItem | None:
    """Let somebody who walks or runs and really stops stand a moment, and do another action or stand on."""
    gaits = [name for name in ("walk", "run") if bank.halts[name]]
    if not gaits:
        return None
    gait = gaits[int(rng.integers(len(gaits)))]
    first = bank.halts[gait][int(rng.integers(len(bank.halts[gait])))].joints[-int(rng.integers(36, 90)) :]
    if not at_rest(first[-2:]):
        return None
    stops = written(f"{gait}_stop") + [f"{text} and *stops*" for text in written(f"{gait}_forward") if is_simple(text)]
    name = bank.draw_family(rng, _AFTER_HALT)
    if (gait, name) in _HELD_OUT:
        return None
    stood = splice.hold_after(
        first, bank.idle(rng), int(rng.integers(24, 84) if name == "idle" else rng.integers(6, 20))
    )
    if name == "idle":
        return finish(
            stood, stops + _sequence_words(stops, written("still"), rng), (), gait, "sequence", rng, (gait, name)
        )
    piece = piece_of(bank, rng, name)
    if piece is None or piece.spoken.family != name:
        return None
    whole = Sample(stood, piece.entry, piece.spoken, True, False, (0, len(stood)), 0, 1.0)
    head, tail, cost = seam(whole, piece)
    tails = piece if piece.core else piece.respoken(tail, False)
    if cost > 0.25 or len(head) + len(tail) > MAX_FRAMES or tails is None or tails.spoken.family != name:
        return None
    words = _sequence_words(stops, tails.spoken.phrases, rng)
    return finish(splice.join(head, tail, 10), words, (), name, "sequence", rng, (gait, name))


def starting_item(bank: Bank, rng: np.random.Generator) -> PoolItem | None:
    """Let somebody stand, shortly or for a while, who then really walks or runs off; a short wait is not told."""
    gaits = [name for name in ("walk", "run") if bank.starts[name]]
    if not gaits:
        return None
    gait = gaits[int(rng.integers(len(gaits)))]
    sample = bank.starts[gait][int(rng.integers(len(bank.starts[gait])))]
    gone = sample.joints[: int(rng.integers(40, 120))]
    if not at_rest(gone[1::-1]):
        return None
    waited = int(rng.integers(4, 64))
    found = sample.respoken(gone, False)
    going = [text for text in found.spoken.phrases if is_simple(text)] if found else []
    going += written(f"{gait}_away")
    told = written(f"{gait}_start") + going
    if waited >= 20:
        told = written(f"{gait}_start") + _sequence_words(written("still"), going, rng)
    joints = splice.hold_before(gone, bank.idle(rng), waited)
    return finish(joints, told, (), gait, "sequence", rng, ("idle", gait) if waited >= 20 else (gait,))


def _sequence_words(first: Sequence[str], second: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Join phrases of two actions in many ways; short ones are preferred."""
    firsts = [text for text in first if len(text.split()) < 9 and is_simple(text)] or list(first)
    seconds = [text for text in second if len(text.split()) < 9 and is_simple(text)] or list(second)
    phrases = []
    for one, two in zip(rng.choice(firsts, 8), rng.choice(seconds, 8), strict=True):
        doing, done = inflect(str(two), "gerund"), inflect(str(one), "gerund")
        ways = {
            f"{one} and then {two}": 0.22, f"{one}, then {two}": 0.18, f"{one} and {two}": 0.1,
            f"first {one}, then {two}": 0.08, f"{one} before {doing}": 0.07, f"{one}, and after that {two}": 0.05,
            f"{one}, and then {two}": 0.1, f"{one} and afterwards {two}": 0.04, f"{one} first and {two} after": 0.03,
            f"*starts* by {done}, then {two}": 0.04, f"*begins* {done} and *ends* {doing}": 0.03,
            f"{one}, followed by {doing}": 0.03, f"{two} after {done}": 0.03,
        }  # fmt: skip
        phrases.append(str(rng.choice(list(ways), p=np.array(list(ways.values())) / sum(ways.values()))))
    return phrases
