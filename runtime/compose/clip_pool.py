"""The samples that training items are made of: windows of real clips, by family, and how often each is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FPS, FRAME_MULTIPLE
from runtime.captions import describe
from runtime.captions.captions import Spoken, entry_of, speak, usable, windows
from runtime.captions.phrases import Entry, written
from runtime.compose import splice

SHORTEST = 24  # frames of a training item

# Share of the drawn families; what is left goes to all other families by the square root of their weight.
SHARES = {
    "walk": 0.095, "run": 0.065, "backwards": 0.045, "sidestep": 0.012, "turn": 0.065, "jump": 0.105,
    "kick": 0.105, "punch": 0.11, "wave": 0.03, "raise": 0.012, "bow": 0.045, "sit": 0.055, "stand_up": 0.015,
    "crouch": 0.055, "kneel": 0.008, "lie": 0.05, "get_up": 0.015, "crawl": 0.045, "dance": 0.085, "idle": 0.06,
}  # fmt: skip


class MissingFamily(DataError):
    """A composition asked for a family that this subset of the data does not hold."""


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
        """Return the sample with other ``joints`` (frames, 22, 3), metres, and what is true of them.

        None when nothing is.
        """
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
            raise DataError("No motion in this split can be captioned", "Check the data folder and the split")
        gaits = {name: self.families.get(name, ()) for name in ("walk", "run")}
        self.halts = {name: resting(samples, at_end=True) for name, samples in gaits.items()}
        self.starts = {name: resting(samples, at_end=False) for name, samples in gaits.items()}
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
        self._bend_walks()
        for family in ("reach", "cheer", "wave"):
            for sample in list(self.families.get(family, ())):
                for raising in raised_hands(sample):
                    self._put("raise", raising)

    def _bend_walks(self) -> None:
        """Add walks bent into quarter and half turns to either side."""
        for number, sample in enumerate(list(self.families.get("walk", ()))):
            if not sample.in_place and len(sample.joints) >= 48:
                angle = np.radians((90, -90, 170, -170)[number % 4])
                bent = splice.bend(sample.joints, angle, len(sample.joints) // 6, len(sample.joints) * 5 // 6)
                found = replace(sample, entry=Entry("walk", (), None, (), ()), whole=False).respoken(bent)
                if found is not None and found.spoken.family == "turn":
                    self._put("turn", replace(found, weight=sample.weight / 2))

    def _balance(self) -> dict[str, float]:
        shares = {name: share for name, share in SHARES.items() if self.families.get(name)}
        rest = {
            name: float(np.sqrt(sum(sample.weight for sample in samples)))
            for name, samples in self.families.items()
            if name not in SHARES
        }
        left, total = max(0.13, 1 - sum(SHARES.values())), sum(rest.values())
        shares.update({name: left * value / total for name, value in rest.items()})
        whole = sum(shares.values())
        return {name: share / whole for name, share in sorted(shares.items())}

    def draw_family(self, rng: np.random.Generator, among: dict[str, float] | None = None) -> str:
        """Draw a family by its share, or by the odds given."""
        odds = {name: odd for name, odd in (among or self.shares).items() if name in self.families}
        if not odds:
            raise MissingFamily(f"The data holds none of {', '.join(among or ())}", "Add a set that has them")
        names, values = list(odds), np.array(list(odds.values()))
        return names[rng.choice(len(names), p=values / values.sum())]

    def draw(self, rng: np.random.Generator, family: str) -> Sample:
        """Draw a sample of a family by the windows' weights. Raises MissingFamily when there is none."""
        if family not in self.families:
            raise MissingFamily(f"The data holds no {family}", "Add a set that has it")
        samples = self.families[family]
        return samples[rng.choice(len(samples), p=self._odds[family])]

    def still(self, rng: np.random.Generator) -> Sample:
        """Draw somebody standing still for at least 24 frames; of 20 draws the last where none is so."""
        for _ in range(20):
            sample = self.draw(rng, "idle")
            if len(sample.joints) >= SHORTEST and describe.is_still(sample.joints):
                break
        return sample

    def idle(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the joints (frames, 22, 3), metres, of somebody standing still."""
        return self.still(rng).joints


def resting(samples: Sequence[Sample], at_end: bool) -> list[Sample]:
    """Return the samples that travel and end (or start) standing.

    The pelvis is slower than 0.45 m/s in that quarter of a second.
    """
    found = []
    for sample in samples:
        speed = np.linalg.norm(np.diff(sample.joints[:, 0, [0, 2]], axis=0), axis=1) * FPS
        edge = speed[-5:] if at_end else speed[:5]
        if not sample.in_place and len(speed) > SHORTEST and edge.max() < 0.45 and np.median(speed) > 0.5:
            found.append(sample)
    return found


def _odds(samples: list[Sample]) -> np.ndarray:
    weights = np.array([sample.weight for sample in samples])
    return weights / weights.sum()


def _is_derived(sample: Sample) -> bool:
    """Tell whether what was played backwards is long enough and something true can be said of it."""
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
