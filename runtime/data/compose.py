"""Training items made of real clips: windows, mirrors, padding, repetition, sequences and layers.

:func:`build_pool` draws a family by its share, a kind, then a sample, and builds one item from a random stream
of its own, so that a pool is a pure function of its inputs and seed. Every caption is measured on the joints
it is paired with, or is a label that still holds of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.skeleton import FRAME_MULTIPLE, MAX_FRAMES, mirror
from runtime.data import describe, splice
from runtime.data.captions import LOCOMOTION, Spoken, entry_of, mirrored, speak, usable, windows
from runtime.data.phrases import Entry, captions_from, count_word, inflect, times_word, written

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
_HELD_OUT = frozenset(HELD_OUT_PAIRS)
SHORTEST = 24  # frames

# Share of the drawn families; what is left goes to all other families by the square root of their weight.
SHARES = {
    "walk": 0.1, "run": 0.075, "backwards": 0.055, "sidestep": 0.015, "turn": 0.08, "jump": 0.075,
    "kick": 0.075, "punch": 0.07, "wave": 0.03, "raise": 0.012, "bow": 0.06, "sit": 0.05, "stand_up": 0.015,
    "crouch": 0.05, "kneel": 0.008, "lie": 0.045, "get_up": 0.015, "crawl": 0.045, "dance": 0.05, "idle": 0.055,
}  # fmt: skip
_KINDS = {"single": 0.46, "padded": 0.25, "sequence": 0.2, "layered": 0.09}
_EVENTS = frozenset({"jump", "kick", "punch", "bow"})
_CYCLIC = frozenset({"walk", "run", "backwards", "sidestep", "crawl", "dance", "idle", "push", "crouch", "work"})
_SEQUENCED = {
    "walk": 3.0, "run": 2.0, "backwards": 1.0, "turn": 1.5, "jump": 2.0, "kick": 2.0, "punch": 2.0, "wave": 2.0,
    "bow": 1.5, "sit": 1.5, "crouch": 1.5, "lie": 0.7, "dance": 1.0, "idle": 1.2, "raise": 1.0, "pick_up": 0.7,
    "throw": 0.4, "stand_up": 0.7, "get_up": 0.5, "reach": 0.4, "sidestep": 0.4, "gesture": 0.4,
}  # fmt: skip
_LAYERS = ("wave", "raise")


@dataclass(frozen=True)
class PoolItem:
    """One training item: canonical joints (F, 22, 3) float32, F a multiple of 4 in 24..196, true captions."""

    joints: np.ndarray
    captions: list[str]
    family: str
    kind: str
    weight: float = 1.0
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    """A stretch of real motion and what may be said of it; ``core`` must not be cut (None: any part will do)."""

    joints: np.ndarray
    entry: Entry
    spoken: Spoken
    whole: bool
    in_place: bool
    core: tuple[int, int] | None
    count: int
    weight: float

    def respoken(self, joints: np.ndarray, whole: bool | None = None) -> Sample | None:
        """Return the sample with other joints and what is true of them; None when nothing is."""
        whole = self.whole if whole is None else whole
        spoken, count = speak(joints, self.entry, whole, self.in_place)
        return replace(self, joints=joints, spoken=spoken, count=count) if spoken.phrases else None


class Bank:
    """All samples of a split by family, and the shares at which families are drawn."""

    def __init__(self, clips: Sequence[dict], motions: np.ndarray):
        self.families: dict[str, list[Sample]] = {}
        for clip in clips:
            joints = np.asarray(motions[clip["start"] : clip["start"] + clip["frames"]], dtype=np.float64)
            self._take(clip, joints)
        self._derive()
        if not self.families:
            raise DataError("no motion in this split can be captioned", "check the data folder and the split")
        self.shares = self._balance()
        self._odds = {name: _odds(samples) for name, samples in self.families.items()}

    def _take(self, clip: dict, joints: np.ndarray) -> None:
        entry, (joints, _) = entry_of(clip), usable(clip, joints)
        for window in windows(clip, joints):
            part = joints[window.start : window.end]
            whole = len(part) >= len(joints) - FRAME_MULTIPLE
            sample = Sample(
                part, entry, window.spoken, whole, bool(clip["in_place"]), window.core, window.count, window.weight
            )
            self._put(window.family, sample)

    def _put(self, family: str, sample: Sample) -> None:
        self.families.setdefault(family, []).append(sample)

    def _derive(self) -> None:
        """Add what real clips become when played backwards, and reaches as raised hands."""
        walking, seating = Entry("walk", (), None, (), ()), Entry("sit", (), None, (), ())
        lying = Entry("lie", (), None, (), ())
        for family, wanted, entry in (
            ("walk", "backwards", walking),
            ("sit", "stand_up", seating),
            ("lie", "get_up", lying),
            ("get_up", "lie", lying),
            ("stand_up", "sit", seating),
        ):
            for sample in list(self.families.get(family, ())):
                turned = replace(sample, joints=sample.joints[::-1], entry=entry, whole=False)
                found = None if sample.in_place else turned.respoken(turned.joints)
                if found is not None and found.spoken.family == wanted and _is_derived(found):
                    self._put(wanted, found)
        for family in ("reach", "cheer", "wave"):
            for sample in list(self.families.get(family, ())):
                for raising in raised_hands(sample):
                    self._put("raise", raising)

    def _balance(self) -> dict[str, float]:
        shares = {name: share for name, share in SHARES.items() if self.families.get(name)}
        rest = {
            name: float(np.sqrt(sum(sample.weight for sample in samples)))
            for name, samples in self.families.items()
            if name not in SHARES
        }
        left, total = max(0.12, 1 - sum(SHARES.values())), sum(rest.values())
        shares.update({name: left * value / total for name, value in rest.items()})
        whole = sum(shares.values())
        return {name: share / whole for name, share in sorted(shares.items())}

    def draw_family(self, rng: np.random.Generator, among: dict[str, float] | None = None) -> str:
        """Draw a family by its share, or by the odds given."""
        odds = {name: odd for name, odd in (among or self.shares).items() if name in self.families}
        names, values = list(odds), np.array(list(odds.values()))
        return names[rng.choice(len(names), p=values / values.sum())]

    def draw(self, rng: np.random.Generator, family: str) -> Sample:
        """Draw a sample of a family by the windows' weights."""
        samples = self.families[family]
        return samples[rng.choice(len(samples), p=self._odds[family])]

    def idle(self, rng: np.random.Generator) -> np.ndarray:
        """Draw joints of somebody standing still, at least 24 frames."""
        for _ in range(20):
            joints = self.draw(rng, "idle").joints
            if len(joints) >= SHORTEST and describe.is_still(joints):
                return joints
        return joints


def _odds(samples: list[Sample]) -> np.ndarray:
    weights = np.array([sample.weight for sample in samples])
    return weights / weights.sum()


def _is_derived(sample: Sample) -> bool:
    """A walk played backwards passes for walking backwards, unless it was turning or a loop of a game."""
    return len(sample.joints) >= SHORTEST and bool(sample.spoken.phrases)


def raised_hands(sample: Sample) -> list[Sample]:
    """Return the sample as the raising of its one raised hand (or of both), when a hand is held high."""
    up = [describe.raised(sample.joints, side, 0.12).sum() >= 6 for side in range(2)]
    if not any(up) or describe.posture(sample.joints) != "stand":
        return []
    spoken = Spoken("raise", tuple(raising_words(up)))
    return [replace(sample, spoken=spoken, entry=Entry("raise", spoken.phrases, None, (), ()), count=0)]


def raising_words(up: list[bool]) -> list[str]:
    """Return phrases for raising the left hand, the right or both."""
    return written("raise_both") if all(up) else written("raise", side="left" if up[0] else "right")


# --- building blocks -----------------------------------------------------------------------------------


def at_rest(frame_pair: np.ndarray) -> bool:
    """Tell whether the last of two frames stands on both feet, upright and slow: a pose one can stay in."""
    feet = frame_pair[-1, [7, 8, 10, 11], 1]
    speed = np.linalg.norm(frame_pair[-1, 0] - frame_pair[0, 0]) * 20
    upright = abs(float(describe.trunk_pitch(frame_pair[-1:])[0])) < 0.5
    return bool(feet.max() < 0.2 and frame_pair[-1, 0, 1] > 0.8 and speed < 0.45 and upright)


def can_stay(frame_pair: np.ndarray) -> bool:
    """Tell whether a pose can be stayed in without standing: seated, crouched or lying, and slow."""
    speed = np.linalg.norm(frame_pair[-1] - frame_pair[0], axis=-1).max() * 20
    return bool(frame_pair[-1, 0, 1] < 0.7 and speed < 0.6)


def extended(joints: np.ndarray, frames: int) -> np.ndarray | None:
    """Go on with a cyclic motion until ``frames``: joined to itself where poses match; None if they do not."""
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

    Returns joints and the frames added before and after, or None when neither end can be held.
    """
    joints, missing = sample.joints, frames - len(sample.joints)
    ways = []
    for ends in (joints[1::-1], joints[-2:]):
        ways.append("stand" if at_rest(ends) else "stay" if can_stay(ends) else "")
    if missing < 4 or not any(ways):
        return None
    share = rng.beta(1.2, 1.2) if all(ways) else 1.0 if ways[0] else 0.0
    before = round(missing * share)
    after = missing - before
    idle = bank.idle(rng)
    if before:
        joints = splice.hold_before(joints, idle, before, ways[0] == "stand")
    if after:
        joints = splice.hold_after(joints, idle, after, ways[1] == "stand")
    return joints, before if ways[0] == "stand" else 0, after if ways[1] == "stand" else 0


def with_adverb(phrases: Sequence[str], adverb: str) -> list[str]:
    """Put an adverb before the first verb of every phrase that starts with one and has none yet."""
    plain = [text for text in phrases if text.startswith("*") and "slow" not in text and "quick" not in text]
    return [f"{adverb} {text}" for text in plain]


def _finish(joints, phrases, bare, family, kind, rng, parts=(), flip: bool | None = None) -> PoolItem | None:
    """Cut to whole tokens, mirror half of the time, make captions; None when too short or not finite."""
    joints = splice.trim(joints, MAX_FRAMES)
    if len(joints) < SHORTEST or not np.isfinite(joints).all() or not phrases:
        return None
    flip = rng.random() < 0.5 if flip is None else flip
    captions = captions_from(list(phrases), list(bare), rng, 8)
    if flip:
        joints, captions = mirror(joints), [mirrored(text) for text in captions]
        kind = "mirror" if kind == "single" else kind
    captions = [text for text in captions if len(text.split()) <= 30]
    return PoolItem(splice.canonical(joints), captions, family, kind, 1.0, parts or (family,))


# --- one builder a kind --------------------------------------------------------------------------------


def single_item(bank: Bank, rng: np.random.Generator, family: str) -> PoolItem | None:
    """A window as it is, played slower or faster, gone on with when it is cyclic, or its path bent."""
    if family == "turn" and rng.random() < 0.7:
        return bent_item(bank, rng)
    if family == "bow" and rng.random() < 0.85:
        return bow_item(bank, rng)
    sample = bank.draw(rng, family)
    kind = "single"
    if family in _CYCLIC and len(sample.joints) < 120 and rng.random() < 0.65:
        longer = extended(sample.joints, int(rng.integers(48, 180)))
        found = None if longer is None else sample.respoken(longer)
        if found is not None and found.spoken.family == family:
            sample, kind = found, "repeat"
    if rng.random() < 0.35:
        return scaled_item(sample, rng, family)
    return _finish(sample.joints, sample.spoken.phrases, sample.spoken.bare, family, kind, rng)


def scaled_item(sample: Sample, rng: np.random.Generator, family: str) -> PoolItem | None:
    """The sample at 0.7 to 1.4 times its speed; slow and quick are said of it when they are true."""
    narrow = family in ("jump", "fall", "acrobatics")
    factor = float(np.exp(rng.uniform(-0.1, 0.1) if narrow else rng.uniform(np.log(0.7), np.log(1.4))))
    found = sample.respoken(splice.time_scaled(sample.joints, factor))
    if found is None or found.spoken.family != family:
        return None
    phrases = list(found.spoken.phrases)
    moves = describe.motion_speed(found.joints) > 0.8
    if family not in LOCOMOTION and moves and not narrow and (factor < 0.82 or factor > 1.22):
        phrases = with_adverb(phrases, "slowly" if factor < 0.82 else "quickly") + phrases[:2]
    return _finish(found.joints, phrases, found.spoken.bare, family, "scaled", rng)


def bent_item(bank: Bank, rng: np.random.Generator) -> PoolItem | None:
    """A walk or run whose path is bent into a turn of 60 to 190 degrees, or into a circle."""
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
    return _finish(bent, found.spoken.phrases, (), "turn" if family == "walk" else "run", "single", rng)


def repeated_item(bank: Bank, rng: np.random.Generator, family: str) -> PoolItem | None:
    """A kick, punch, jump or bow done two to four times; the count told is the count measured."""
    sample = bank.draw(rng, family)
    if sample.core is None or (sample.count != 1 and family != "bow"):
        return None
    times = int(rng.choice([2, 3, 4], p=[0.5, 0.35, 0.15]))
    first, last = _core_ends(sample)
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
    phrases = _repeated_words(sample, result, family, times)
    if family == "bow":
        return None
    item = replace(sample, joints=result)
    filled = padded(bank, item, rng, int(rng.integers(len(result), MAX_FRAMES + 1)))
    return _finish(filled[0] if filled else result, phrases, (), family, "repeat", rng) if phrases else None


def _core_ends(sample: Sample) -> tuple[int, int]:
    """The frames between which the event happens: for whole clips the calm ends are measured off."""
    first, last = sample.core
    if first > 0 and last < len(sample.joints):
        return first, min(last, len(sample.joints) - 1)
    edge = max(3, len(sample.joints) // 6)
    return edge, len(sample.joints) - 1 - edge


def _repeated_words(sample: Sample, joints: np.ndarray, family: str, times: int) -> list[str]:
    if family == "bow":
        found = len(describe.bows(joints))
        return written("bow_many", count=count_word(times), times=times_word(times)) if found == times else []
    found = replace(sample, whole=False).respoken(joints)
    return list(found.spoken.phrases) if found is not None and found.count == times else []


def padded_item(bank: Bank, rng: np.random.Generator, family: str) -> PoolItem | None:
    """A short action filled up with standing, or done several times."""
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
    return _finish(joints, phrases, sample.spoken.bare, family, "padded", rng)


def bow_item(bank: Bank, rng: np.random.Generator) -> PoolItem | None:
    """A bow from somebody's real stance: the timing of the real bow, at 20 to 75 degrees."""
    made = _bowing(bank, rng, int(rng.integers(52, 150)))
    if made is None:
        return None
    joints, start, end, depth = made
    phrases = written("bow") + written("bow_deep" if depth > 58 else "bow_slight" if depth < 38 else "bow")
    if start >= 20:
        phrases += [f"*stands* still, then {text}" for text in rng.permutation(written("bow"))[:2]]
    if len(joints) - end >= 20:
        phrases += [f"{text}, then *stands* still" for text in rng.permutation(written("bow"))[:2]]
    return _finish(joints, phrases, ("a bow",), "bow", "padded", rng)


def _bowing(bank: Bank, rng: np.random.Generator, frames: int) -> tuple[np.ndarray, int, int, float] | None:
    """One bow within ``frames``: joints, first and last frame of the bow, its depth in degrees."""
    bow = bank.draw(rng, "bow").joints
    curve = describe.smooth(describe.trunk_pitch(bow), 3)
    curve = np.clip(curve - min(curve[0], curve[-1]), 0, None)
    span = int(rng.integers(28, min(frames - 6, 84) + 1))
    curve = np.interp(np.linspace(0, len(curve) - 1, span), np.arange(len(curve)), curve)
    curve = describe.smooth(curve * np.sin(np.linspace(0, np.pi, span)) ** 0.2, 5)
    angle = np.zeros(frames)
    start = int(rng.integers(3, frames - span - 1))
    angle[start : start + span] = curve / curve.max() * np.radians(rng.uniform(32, 85))
    base = splice.ping_pong(bank.idle(rng), frames)
    joints = splice.lean_forward(base, angle, float(rng.uniform(0, 0.9)))
    found = describe.bows(joints)
    return (joints, start, start + span, found[0].size) if len(found) == 1 else None


def layered_item(bank: Bank, rng: np.random.Generator, layer: str, standing: bool = False) -> PoolItem | None:
    """The arm that waves or is raised, over somebody else's walk, run or stance."""
    source = bank.draw(rng, layer).joints
    under = "idle" if standing else bank.draw_family(rng, {"walk": 5, "run": 1.5, "backwards": 1, "idle": 2, "turn": 1})
    drawn = bank.draw(rng, under)
    if drawn.in_place:
        return None
    base = bank.idle(rng) if under == "idle" else drawn.joints
    frames = int(rng.integers(48, 150))
    base = splice.ping_pong(base, frames) if under == "idle" else extended(base, frames)
    if base is None or len(base) < 40:
        return None
    frames = len(base)
    action = _arm_action(source, layer)
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


def _arm_action(source: np.ndarray, layer: str) -> tuple[np.ndarray, tuple[str, ...]] | None:
    """The frames in which a hand waves or is held high, and which sides do it."""
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


def _layered_words(joints, base, under: str, layer: str, sides, rng) -> PoolItem | None:
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
        return _finish(joints, phrases, (), layer, "layered" if rng.random() < 0.3 else "padded", rng, (layer,))
    spoken, _ = speak(base, Entry("run" if under == "run" else "walk", (), None, (), ()), False)
    plain = [text for text in spoken.phrases if len(text.split()) < 8]
    if not plain:
        return None
    phrases = []
    for first, second in zip(rng.choice(plain, 6), rng.choice(words, 6), strict=True):
        form = rng.integers(3)
        doing = inflect(str(second), "gerund")
        phrases.append(f"{first} while {doing}" if form else f"{first} and {second}")
    return _finish(joints, phrases, (), layer, "layered", rng, (under, layer))


# --- sequences -----------------------------------------------------------------------------------------


def _piece(bank: Bank, rng: np.random.Generator, family: str) -> Sample | None:
    """A sample of 28 to 100 frames for a sequence; steady motion is cut or gone on with, events are whole."""
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
    made = _bowing(bank, rng, int(rng.integers(44, 84)))
    if made is None:
        return None
    words = tuple(written("bow"))
    entry = Entry("bow", words, None, (), ())
    return Sample(made[0], entry, Spoken("bow", words), True, False, made[1:3], 1, 1.0)


def _standing_arm(bank: Bank, rng: np.random.Generator, layer: str) -> Sample | None:
    action = _arm_action(bank.draw(rng, layer).joints, layer)
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


def _seam(first: Sample, second: Sample) -> tuple[np.ndarray, np.ndarray, float]:
    """Cut ``first`` and ``second`` where their poses meet best without cutting into what they do."""
    keep = 20 if first.core is None else max(20, _core_ends(first)[1])
    keep = min(keep, len(first.joints) - 2)
    reach = len(second.joints) - 20 if second.core is None else _core_ends(second)[0] + 1
    reach = min(max(reach, 2), 24)
    stop, start, cost = splice.best_seam(first.joints[keep:], second.joints[:reach])
    return first.joints[: keep + stop + 1], second.joints[start:], cost


def sequence_item(bank: Bank, rng: np.random.Generator) -> PoolItem | None:
    """Two actions one after the other, joined where poses meet; the best of several drawn pairs."""
    best, least = None, 0.33
    for _ in range(5):
        names = [bank.draw_family(rng, _SEQUENCED) for _ in range(2)]
        pieces = [_piece(bank, rng, name) for name in names]
        if any(piece is None for piece in pieces):
            continue
        first, second = pieces
        pair = (first.spoken.family, second.spoken.family)
        if pair in _HELD_OUT or pair[0] == pair[1]:
            continue
        head, tail, cost = _seam(first, second)
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
    return _finish(joints, words, (), pair[int(rng.integers(2))], "sequence", rng, pair)


def _sequence_words(first: Sequence[str], second: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Join phrases of two actions in many ways; short ones are preferred."""
    firsts = [text for text in first if len(text.split()) < 9 and " then " not in text] or list(first)
    seconds = [text for text in second if len(text.split()) < 9 and " then " not in text] or list(second)
    phrases = []
    for one, two in zip(rng.choice(firsts, 8), rng.choice(seconds, 8), strict=True):
        after = f"{one} before {inflect(str(two), 'gerund')}"
        ways = (
            f"{one} and then {two}", f"{one}, then {two}", f"{one} and {two}", f"first {one}, then {two}",
            after, f"{one}, and after that {two}", f"{one}, and then {two}", f"{one} and afterwards {two}",
        )  # fmt: skip
        phrases.append(ways[int(rng.choice(len(ways), p=[0.3, 0.2, 0.12, 0.08, 0.08, 0.06, 0.12, 0.04]))])
    return phrases


# --- the pool ------------------------------------------------------------------------------------------


def _plan(bank: Bank, rng: np.random.Generator) -> tuple[str, str]:
    """Draw what kind of item to build and of which family ("" where the builder draws its own)."""
    kinds, odds = list(_KINDS), list(_KINDS.values())
    kind = kinds[rng.choice(len(kinds), p=odds)]
    if kind == "sequence":
        return kind, ""
    if kind == "layered":
        layers = [name for name in _LAYERS if name in bank.families]
        return (kind, layers[int(rng.random() < 0.3) % len(layers)]) if layers else ("single", "walk")
    return kind, bank.draw_family(rng)


def _build(bank: Bank, kind: str, family: str, rng: np.random.Generator) -> PoolItem | None:
    if kind == "sequence":
        return sequence_item(bank, rng)
    if kind == "layered":
        return layered_item(bank, rng, family)
    return padded_item(bank, rng, family) if kind == "padded" else single_item(bank, rng, family)


def _item(bank: Bank, seed: int, index: int) -> PoolItem | None:
    """Build item ``index``: the planned kind if it can be built in 30 tries, else the family as it is."""
    plan = np.random.default_rng([seed, index])
    for _ in range(8):
        kind, family = _plan(bank, plan)
        for attempt in range(40):
            if attempt == 25 and kind in ("padded", "layered"):
                kind = "single"
            item = _build(bank, kind, family, np.random.default_rng([seed, index, attempt, plan.integers(1 << 30)]))
            if item is not None:
                return item
    return None


def build_pool(clips: Sequence[dict], motions: np.ndarray, seed: int, size: int, split: str) -> Iterator[PoolItem]:
    """Yield ``size`` training items of ``split`` from prepared ``clips`` and their ``motions`` (frames, 22, 3).

    Only clips that may train shipped weights are used. Same arguments, same items. Raises DataError when the
    split holds nothing that can be captioned.
    """
    bank = Bank([clip for clip in clips if clip["split"] == split and clip["ships"]], motions)
    for index in range(size):
        item = _item(bank, seed, index)
        if item is None:
            raise DataError("no training item could be built", "check that the data holds several kinds of motion")
        yield item
