"""Training items from one sample, or from one over another: windows, padding, repetition, bends, layers.

Every function draws from the random stream it is given and returns None when what it drew does not fit; the
caller draws again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from coamd_blender.motion.skeleton import MAX_FRAMES, mirror
from runtime.captions import describe
from runtime.captions.captions import LOCOMOTION, mirrored, speak, squats
from runtime.captions.phrases import Entry, captions_from, written
from runtime.compose import splice
from runtime.compose.clip_pool import SHORTEST, Bank, Sample, raising_words
from runtime.grammar.inflection import count_word, inflect, times_word

# (first, second): never composed one after the other in training, for testing whether pairs generalise.
HELD_OUT_PAIRS = (
    ("wave", "jump"),
    ("bow", "run"),
    ("kick", "walk"),
    ("jump", "bow"),
    ("punch", "sit"),
    ("run", "kick"),
    ("sit", "wave"),
    ("dance", "bow"),
    ("crouch", "punch"),
    ("walk", "lie"),
    ("turn", "punch"),
    ("backwards", "wave"),
)
_EVENTS = frozenset({"jump", "kick", "punch", "crouch"})
_CYCLIC = frozenset({"walk", "run", "backwards", "sidestep", "crawl", "dance", "idle", "push", "crouch", "work"})


# Slow and fast paces that gaits are played at, m/s, well clear of ordinary ones.
_PACES = {
    "walk": ((0.4, 0.68), (1.45, 2.0)),
    "backwards": ((0.35, 0.65), (1.45, 1.8)),
    "run": ((1.7, 2.2), (3.7, 4.8)),
}
# How many padded actions begin within a second: nobody who asks for a punch wants to wait for it.
_PROMPT_SHARE = 0.75
# What an arm is laid over, and how often; pairs held out as sequences are left out here too.
_UNDER = {"walk": 5.0, "run": 1.5, "idle": 2.0, "turn": 1.0}


@dataclass(frozen=True)
class PoolItem:
    """One training item: canonical joints (F, 22, 3) float32, F a multiple of 4 in 24..196, true captions."""

    joints: np.ndarray
    captions: list[str]
    family: str
    kind: str
    weight: float = 1.0
    parts: tuple[str, ...] = ()


def at_rest(frame_pair: np.ndarray) -> bool:
    """Tell whether the last of ``frame_pair`` (2, 22, 3), metres, stands on both feet, upright and slow.

    One can stay in such a pose.
    """
    feet = frame_pair[-1, [7, 8, 10, 11], 1]
    speed = np.linalg.norm(frame_pair[-1, 0] - frame_pair[0, 0]) * 20
    upright = abs(float(describe.trunk_pitch(frame_pair[-1:])[0])) < 0.5
    return bool(feet.max() < 0.2 and frame_pair[-1, 0, 1] > 0.8 and speed < 0.45 and upright)


def can_stay(frame_pair: np.ndarray) -> bool:
    """Tell whether the last of ``frame_pair`` (2, 22, 3), metres, can be stayed in without standing.

    It is slow, and seated, crouched or lying: the pelvis is below 0.7 m.
    """
    speed = np.linalg.norm(frame_pair[-1] - frame_pair[0], axis=-1).max() * 20
    return bool(frame_pair[-1, 0, 1] < 0.7 and speed < 0.6)


def extended(joints: np.ndarray, frames: int) -> np.ndarray | None:
    """Go on with the cyclic ``joints`` (n, 22, 3), metres, until there are ``frames``: (frames, 22, 3).

    They are joined to themselves where poses match; None if they do not.
    """
    result, third = joints, max(4, len(joints) * 2 // 5)
    stop, start, cost = splice.best_seam(joints[-third:], joints[:third])
    if cost > 0.2:
        return None
    body = joints[start + 1 : len(joints) - third + stop + 1]
    if len(body) < 12:
        return None
    result = joints[: len(joints) - third + stop + 1]
    while len(result) < frames:
        result = splice.join(result, body, 6)
    return result[:frames]


def padded(bank: Bank, sample: Sample, rng: np.random.Generator, frames: int) -> tuple[np.ndarray, int, int] | None:
    """Fill a short action up to ``frames`` by standing (or staying seated) before and after it.

    Returns joints (frames, 22, 3), metres, and the frames of standing added before and after, or None when neither end
    can be held or under 4 frames are missing.
    """
    joints, missing = sample.joints, frames - len(sample.joints)
    ways = []
    for ends in (joints[1::-1], joints[-2:]):
        ways.append("stand" if at_rest(ends) else "stay" if can_stay(ends) else "")
    if missing < 4 or not any(ways):
        return None
    share = rng.beta(1.2, 1.2) if all(ways) else 1.0 if ways[0] else 0.0
    before = round(missing * share)
    if all(ways) and rng.random() < _PROMPT_SHARE:
        before = min(missing, int(rng.integers(4, 21)))
    after = missing - before
    idle = bank.idle(rng)
    if before:
        joints = splice.hold_before(joints, idle, before, ways[0] == "stand")
    if after:
        joints = splice.hold_after(joints, idle, after, ways[1] == "stand")
    return joints, before if ways[0] == "stand" else 0, after if ways[1] == "stand" else 0


def is_simple(phrase: str) -> bool:
    """Tell whether a phrase may be put together with another: one clause, nothing that happens meanwhile."""
    return not any(word in phrase for word in (",", " while ", " then ", " before "))


def with_adverb(phrases: Sequence[str], adverb: str) -> list[str]:
    """Put an adverb before the first verb of every phrase that starts with one and has none yet."""
    plain = [text for text in phrases if text.startswith("*") and "slow" not in text and "quick" not in text]
    return [f"{adverb} {text}" for text in plain]


def finish(
    joints: np.ndarray,
    phrases: Sequence[str],
    bare: Sequence[str],
    family: str,
    kind: str,
    rng: np.random.Generator,
    parts: tuple[str, ...] = (),
    flip: bool | None = None,
) -> PoolItem | None:
    """Make an item of ``joints`` (frames, 22, 3), metres: cut to whole tokens, mirrored half of the time, captioned.

    ``flip`` says whether to mirror where chance should not. None when they are too short or not finite, or nothing is
    said of them.
    """
    joints = splice.unsunk(splice.trim(joints, MAX_FRAMES))
    if len(joints) < SHORTEST or not np.isfinite(joints).all() or not phrases:
        return None
    flip = rng.random() < 0.5 if flip is None else flip
    captions = captions_from(list(phrases), list(bare), rng, 8)
    if flip:
        joints, captions = mirror(joints), [mirrored(text) for text in captions]
        kind = "mirror" if kind == "single" else kind
    captions = [text for text in captions if len(text.split()) <= 30]
    return PoolItem(splice.canonical(joints), captions, family, kind, 1.0, parts or (family,))


def single_item(bank: Bank, rng: np.random.Generator, family: str) -> PoolItem | None:
    """Take a window as it is, play it slower or faster, go on with it when it is cyclic, or bend its path."""
    if family == "turn" and rng.random() < 0.6:
        return bent_item(bank, rng)
    if family == "bow" and rng.random() < 0.85:
        return bow_item(bank, rng)
    sample = bank.still(rng) if family == "idle" and rng.random() < 0.6 else bank.draw(rng, family)
    kind = "single"
    if family in _CYCLIC and len(sample.joints) < 120 and rng.random() < 0.65:
        longer = extended(sample.joints, int(rng.integers(48, 180)))
        found = None if longer is None else sample.respoken(longer)
        if found is not None and found.spoken.family == family:
            sample, kind = found, "repeat"
    if rng.random() < (0.55 if family in ("walk", "run", "backwards") else 0.35):
        return scaled_item(sample, rng, family)
    return finish(sample.joints, sample.spoken.phrases, sample.spoken.bare, family, kind, rng)


def scaled_item(sample: Sample, rng: np.random.Generator, family: str) -> PoolItem | None:
    """Play the sample at 0.7 to 1.4 times its speed; slow and quick are said of it when they are true.

    Ballistic motion keeps its pace, and blows are hardly slowed: a slow one is no longer what its name says.
    """
    narrow = family in ("jump", "fall", "acrobatics")
    least = 0.88 if family in ("kick", "punch") else 0.7
    factor = float(np.exp(rng.uniform(-0.1, 0.1) if narrow else rng.uniform(np.log(least), np.log(1.4))))
    if family in _PACES:
        slow, fast = _PACES[family]
        speed = max(describe.travel(sample.joints).speed, 0.1)
        factor = float(np.clip(rng.uniform(*(slow if rng.random() < 0.3 else fast)) / speed, 0.6, 1.6))
    found = sample.respoken(splice.time_scaled(sample.joints, factor))
    if found is None or found.spoken.family != family:
        return None
    phrases = list(found.spoken.phrases)
    moves = describe.motion_speed(found.joints) > 0.8
    if family not in LOCOMOTION and moves and not narrow and (factor < 0.82 or factor > 1.22):
        phrases = with_adverb(phrases, "slowly" if factor < 0.82 else "quickly") + phrases[:2]
    return finish(found.joints, phrases, found.spoken.bare, family, "scaled", rng)


def bent_item(bank: Bank, rng: np.random.Generator) -> PoolItem | None:
    """Bend the path of a walk or run into a turn of 65 to 195 degrees, or into a circle."""
    family = bank.draw_family(rng, {"walk": 0.75, "run": 0.25})
    sample = bank.draw(rng, family)
    if sample.in_place or describe.gait(sample.joints) == "stand":
        return None
    circle = rng.random() < 0.15
    joints = extended(sample.joints, int(rng.integers(130, 190) if circle else rng.integers(56, 150)))
    if joints is None:
        return None
    angle = np.radians(rng.uniform(300, 380) if circle else rng.choice([rng.uniform(65, 115), rng.uniform(150, 195)]))
    start, end = (0, None) if circle else (len(joints) // 5, len(joints) * 4 // 5)
    bent = splice.bend(joints, float(angle * rng.choice([-1, 1])), start, end)
    plain = Entry(family, (), None, (), ())
    found = replace(sample, entry=plain, whole=False).respoken(bent)
    if found is None:
        return None
    return finish(bent, found.spoken.phrases, (), "turn" if family == "walk" else "run", "single", rng)


def repeated_item(bank: Bank, rng: np.random.Generator, family: str) -> PoolItem | None:
    """Do a kick, punch, jump or squat two to four times; the count told is the count measured."""
    sample = bank.draw(rng, family)
    if sample.core is None or (sample.count != 1 and family != "crouch"):
        return None
    times = int(rng.choice([2, 3, 4], p=[0.5, 0.35, 0.15]))
    first, last = core_ends(sample)
    joints = sample.joints
    stop, start, cost = splice.best_seam(joints[last:], joints[: first + 1])
    if cost > 0.3:
        return None
    body, result = joints[start + 1 : last + stop + 1], joints[: last + stop + 1]
    for number in range(times - 1):
        tail = joints[start + 1 :] if number == times - 2 else body
        result = splice.join(result, tail, 8)
    if len(result) > MAX_FRAMES:
        return None
    plain = replace(sample, joints=result, whole=False)
    found = plain.respoken(result)
    seen = len(squats(result)) if family == "crouch" else 0 if found is None else found.count
    if found is None or seen != times:
        return None
    filled = padded(bank, plain, rng, int(rng.integers(len(result), MAX_FRAMES + 1)))
    phrases = [text for text in found.spoken.phrases if text not in sample.entry.say]
    return finish(filled[0] if filled else result, phrases, (), family, "repeat", rng)


def core_ends(sample: Sample) -> tuple[int, int]:
    """Return the frames between which the event happens: of whole clips a sixth at either end counts as calm."""
    first, last = sample.core
    if first > 0 and last < len(sample.joints):
        return first, min(last, len(sample.joints) - 1)
    edge = max(3, len(sample.joints) // 6)
    return edge, len(sample.joints) - 1 - edge


def padded_item(bank: Bank, rng: np.random.Generator, family: str) -> PoolItem | None:
    """Fill a short action up with standing, or do it several times."""
    if family in ("wave", "raise"):
        return layered_item(bank, rng, family, standing=True)
    if family == "bow" and rng.random() < 0.85:
        return bow_item(bank, rng)
    if family in _EVENTS and rng.random() < 0.4:
        return repeated_item(bank, rng, family)
    sample = bank.draw(rng, family)
    if family in _CYCLIC and family != "crouch":
        return None
    frames = int(rng.integers(56, 132) if rng.random() < 0.8 else rng.integers(132, MAX_FRAMES))
    filled = padded(bank, sample, rng, frames)
    if filled is None:
        return None
    joints, before, after = filled
    phrases = list(sample.spoken.phrases)
    short = [text for text in phrases if len(text.split()) < 9] or phrases
    if before >= 20:
        phrases += [f"*stands* still, then {text}" for text in rng.permutation(short)[:2]]
    if after >= 20:
        phrases += [f"{text}, then *stands* still" for text in rng.permutation(short)[:2]]
    return finish(joints, phrases, sample.spoken.bare, family, "padded", rng)


def bow_item(bank: Bank, rng: np.random.Generator) -> PoolItem | None:
    """Bow from somebody's real stance, once or a few times: the timing of the real bow, at 32 to 85 degrees."""
    times = int(rng.choice([1, 2, 3], p=[0.8, 0.15, 0.05]))
    made = bowing(bank, rng, int(rng.integers(52 if times == 1 else 40 * times, 150)), times)
    if made is None:
        return None
    joints, start, end, depth = made
    if times > 1:
        phrases = written("bow_many", count=count_word(times), times=times_word(times))
        return finish(joints, phrases, (), "bow", "repeat", rng)
    phrases = written("bow") + written("bow_deep" if depth > 58 else "bow_slight" if depth < 38 else "bow")
    if start >= 20:
        phrases += [f"*stands* still, then {text}" for text in rng.permutation(written("bow"))[:2]]
    if len(joints) - end >= 20:
        phrases += [f"{text}, then *stands* still" for text in rng.permutation(written("bow"))[:2]]
    return finish(joints, phrases, ("a bow",), "bow", "padded", rng)


def bowing(
    bank: Bank, rng: np.random.Generator, frames: int, times: int = 1
) -> tuple[np.ndarray, int, int, float] | None:
    """Bow ``times`` times within ``frames``: joints (frames, 22, 3), metres, start, end and depth; or None.

    The bows last for the frames [start, end); the depth is that of the first, degrees.
    """
    bow = bank.draw(rng, "bow").joints
    curve = describe.smooth(describe.trunk_pitch(bow), 3)
    curve = np.clip(curve - min(curve[0], curve[-1]), 0, None)
    span = int(rng.integers(28, max(29, min((frames - 6) // times, 84) + 1)))
    curve = np.interp(np.linspace(0, len(curve) - 1, span), np.arange(len(curve)), curve)
    curve = np.tile(describe.smooth(curve * np.sin(np.linspace(0, np.pi, span)) ** 0.2, 5), times)
    if len(curve) > frames - 5:
        return None
    angle = np.zeros(frames)
    start = int(rng.integers(3, frames - len(curve) - 1))
    end = start + len(curve)
    angle[start:end] = curve / curve.max() * np.radians(rng.uniform(32, 85))
    base = splice.ping_pong(bank.idle(rng), frames)
    joints = splice.lean_forward(base, angle, float(rng.uniform(0, 0.9)))
    found = describe.bows(joints)
    return (joints, start, end, found[0].size) if len(found) == times else None


def layered_item(bank: Bank, rng: np.random.Generator, layer: str, standing: bool = False) -> PoolItem | None:
    """Lay the arm that waves or is raised over somebody else's walk, run or stance."""
    source = bank.draw(rng, layer).joints
    under = "idle" if standing else bank.draw_family(rng, _UNDER)
    drawn = bank.draw(rng, under)
    if drawn.in_place:
        return None
    base = bank.idle(rng) if under == "idle" else drawn.joints
    frames = int(rng.integers(48, 150))
    base = splice.ping_pong(base, frames) if under == "idle" else extended(base, frames)
    if base is None or len(base) < 40:
        return None
    frames = len(base)
    action = arm_action(source, layer)
    if action is None:
        return None
    arms, sides = action
    span = int(rng.integers(max(24, frames // 2), frames + 1))
    start = int(rng.integers(0, frames - span + 1))
    weight = np.zeros(frames)
    weight[start : start + span] = 1
    weight = np.clip(describe.smooth(describe.smooth(weight, 9), 7), 0, 1)
    joints = splice.layer_arms(base, splice.ping_pong(arms, frames, int(rng.integers(len(arms)))), sides, weight)
    return _layered_words(joints, base, under, layer, sides, rng)


def arm_action(source: np.ndarray, layer: str) -> tuple[np.ndarray, tuple[str, ...]] | None:
    """Return the part (n, 22, 3) of ``source`` (frames, 22, 3), metres, in which a hand waves or is held high.

    With it come the sides that do it; None where no hand does.
    """
    if layer == "wave":
        found = describe.waves(source)
        if not found:
            return None
        event = max(found, key=lambda one: one.size)
        return source[event.start : event.end], (event.side,)
    up = [describe.raised(source, side, 0.12) for side in range(2)]
    sides = tuple(name for name, mask in zip(describe.SIDES, up, strict=True) if mask.sum() >= 6)
    if not sides:
        return None
    both = np.logical_and.reduce([mask for name, mask in zip(describe.SIDES, up, strict=True) if name in sides])
    spans = describe.runs_of(both)
    start, end = max(spans, key=lambda one: one[1] - one[0], default=(0, 0))
    return (source[start:end], sides) if end - start >= 4 else None


def _layered_words(
    joints: np.ndarray, base: np.ndarray, under: str, layer: str, sides: tuple[str, ...], rng: np.random.Generator
) -> PoolItem | None:
    """Say what the arms do and what is done meanwhile; None where the layered joints do not show it."""
    if layer == "wave":
        seen = {event.side for event in describe.waves(joints)}
        if seen != set(sides):
            return None
        words = written("wave_both") if len(seen) == 2 else written("wave", side=sides[0])
    else:
        up = [describe.raised(joints, side, 0.05).sum() >= 10 for side in range(2)]
        if tuple(name for name, high in zip(describe.SIDES, up, strict=True) if high) != sides:
            return None
        words = raising_words(up)
    if under == "idle":
        phrases = words + [f"*stands* and {text}" for text in rng.permutation(words)[:3]]
        return finish(joints, phrases, (), layer, "layered" if rng.random() < 0.3 else "padded", rng, (layer,))
    spoken, _ = speak(base, Entry("run" if under == "run" else "walk", (), None, (), ()), False)
    plain = [text for text in spoken.phrases if len(text.split()) < 8 and is_simple(text)]
    if not plain:
        return None
    phrases = []
    for first, second in zip(rng.choice(plain, 6), rng.choice(words, 6), strict=True):
        form = rng.integers(3)
        doing = inflect(str(second), "gerund")
        phrases.append(f"{first} while {doing}" if form else f"{first} and {second}")
    return finish(joints, phrases, (), layer, "layered", rng, (under, layer))
