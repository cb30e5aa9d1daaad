"""Teaching judged: actions the generator does not know, taught from a few clips, asked for in words not taught.

Clips are of labelled sets that train no shipped weights. Performers with odd numbers teach, those with even ones train
the judge: a linear head on the motion encoder of the open benchmark's evaluator, which shares no weights with the
generator, and on measurements (descriptors.py), over all classes of the set and one more, recordings of anything else.
Both go through the autoencoder first, so that a camera's noise tells nothing. The judge's own accuracy, on clips that
neither taught nor trained it, is told. Which way a circle is drawn the judge cannot tell, and it takes circles for
triangles: of the two actions with a ``sense`` it has to name a circle or one of those ``alike``, and the area that the
right wrist goes round has to have the sign that was asked for and no less than the size that a tenth of the recordings
of performers with even numbers stay below.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import FRAME_MULTIPLE, MAX_FRAMES
from runtime.cleanup.denoise import remove_tremor
from runtime.data.dataset import Prepared
from runtime.evaluate.descriptors import Descriptors
from runtime.evaluate.evaluator import Judge
from runtime.evaluate.generated import drawing_code, stored_motions
from runtime.evaluate.geometry import body_offset, require_motion
from runtime.evaluate.recognition import Head, LabelledClips, fit_head
from runtime.evaluate.results import weights_digest
from runtime.generate.alignment import alignment, distances
from runtime.generate.style import Style, StyleConfig, Worn
from runtime.model.representation import to_local
from runtime.teach.lessons import Clip, shown_of

if TYPE_CHECKING:
    from runtime.evaluate.benchmarks import Options
    from runtime.generate.generator import Generator

ACTIONS = Path(__file__).with_name("teach_actions.toml")
CLIPS = (3, 8)
BACKGROUND, PENALTY = 150, 1e-2
TAKES = 3  # of a performer's class that are looked at
SHORTEST = 24  # frames that are asked for
SMALL = 10  # percent of recorded circles that are smaller than what counts as one


@dataclass(frozen=True)
class Lesson:
    """An action: the set and its label, the sentence that is taught, and the ways to ask for it.

    Where it is a way to draw a circle ``sense`` is 1 for clockwise as the performer sees it, -1 for counter-clockwise,
    and ``alike`` are the labels that the judge takes for it.
    """

    set: str
    label: str
    taught: str
    asked: tuple[str, ...]
    sense: int = 0
    alike: tuple[str, ...] = ()


def load_actions(path: Path = ACTIONS) -> list[Lesson]:
    """Read the actions. Raises InputError for a file that holds none."""
    try:
        rows = tomllib.loads(Path(path).read_text(encoding="utf-8"))["action"]
        return [Lesson(**row | {key: tuple(row.get(key, ())) for key in ("asked", "alike")}) for row in rows]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a list of actions ({error})", "Give lines as in teach_actions.toml") from error


class Named:
    """Names the classes of motions: a linear head on the evaluator's embedding and on what is measured of them."""

    def __init__(self, judge: Judge, motions: Sequence[np.ndarray], truth: np.ndarray, classes: int):
        """Train it on ``motions``, each (frames, 22, 3), metres, of the class numbers ``truth`` (n,)."""
        self._judge, self._measured = judge, Descriptors(motions)
        self._head: Head = fit_head(self._features(motions), truth, classes, PENALTY)

    def __call__(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        """Return the class numbers (n,) of ``motions``, each (frames, 22, 3), metres."""
        return self._head.scores(self._features(motions)).argmax(axis=1)

    def _features(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([self._judge.motions(motions), self._measured.motions(motions)], axis=1)


class Bench:
    """A labelled set seen through the autoencoder, and the judge of it."""

    def __init__(
        self,
        generator: Generator,
        clips: LabelledClips,
        labels: Sequence[str],
        others: Sequence[np.ndarray],
        judge: Judge,
    ):
        """``labels`` are those that are taught; ``others`` recordings of anything else, (frames, 22, 3), metres."""
        clips = self.clips = _few(clips, {clips.classes.index(label) for label in labels})
        self.seen = [seen_through(generator, joints) for joints in clips.motions]
        self.even = clips.performers % 2 == 0
        elsewhere = [seen_through(generator, joints) for joints in others]
        own = [joints for joints, even in zip(self.seen, self.even, strict=True) if even]
        truth = np.concatenate([clips.truth[self.even], np.full(len(elsewhere), len(clips.classes))])
        self._named = Named(judge, own + elsewhere, truth, len(clips.classes) + 1)
        self._found = self._named(self.seen)

    def teaching(self, label: str, count: int) -> list[int]:
        """Return the rows of ``count`` clips of ``label``: of as many performers with odd numbers as there are.

        Raises DataError where there are fewer.
        """
        rows = np.flatnonzero((self.clips.truth == self.clips.classes.index(label)) & ~self.even)
        turn = {row: int((self.clips.performers[rows[:place]] == self.clips.performers[row]).sum())
                for place, row in enumerate(rows)}  # fmt: skip
        if len(rows) < count:
            raise DataError(f"{self.clips.name} has {len(rows)} clips of {label!r}", "Prepare the whole set")
        return sorted(rows.tolist(), key=lambda row: (turn[row], self.clips.performers[row]))[:count]

    def accuracy(self, lesson: Lesson, but: Sequence[int]) -> float:
        """Return the share of its clips by performers with odd numbers, ``but`` some, that pass for ``lesson``."""
        own = (self.clips.truth == self.clips.classes.index(lesson.label)) & ~self.even
        own[list(but)] = False
        rows = np.flatnonzero(own)
        return float(self._passes(self._found[rows], [self.seen[row] for row in rows], lesson).mean())

    def obeyed(self, motions: Sequence[np.ndarray], lesson: Lesson) -> np.ndarray:
        """Tell which ``motions``, each (frames, 22, 3), metres, pass for ``lesson``: bool (n,)."""
        return self._passes(self._named(motions), motions, lesson)

    def _passes(self, found: np.ndarray, motions: Sequence[np.ndarray], lesson: Lesson) -> np.ndarray:
        named = np.isin(found, [self.clips.classes.index(label) for label in (lesson.label, *lesson.alike)])
        if not lesson.sense:
            return named
        own = (self.clips.truth == self.clips.classes.index(lesson.label)) & self.even
        recorded = [lesson.sense * circled(self.seen[row]) for row in np.flatnonzero(own)]
        areas = np.array([lesson.sense * circled(joints) for joints in motions])
        return named & (areas > 0) & (areas >= np.percentile(recorded, SMALL))

    def takes_apart(self, label: str) -> float:
        """Return the mean distance, metres, of a performer's take of ``label`` to the nearest other one of theirs."""
        found = []
        own = self.clips.truth == self.clips.classes.index(label)
        for performer in np.unique(self.clips.performers[own & ~self.even]):
            rows = np.flatnonzero(own & (self.clips.performers == performer))
            if len(rows) > 1:
                found += [nearest(self.seen[row], [self.seen[other] for other in rows if other != row]) for row in rows]
        return float(np.mean(found))


def seen_through(generator: Generator, joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` (n, 22, 3), metres, at most 196 frames of whole tokens, as the autoencoder has them."""
    frames = min(len(joints), MAX_FRAMES) // FRAME_MULTIPLE * FRAME_MULTIPLE
    return remove_tremor(generator.reconstruct(joints[:frames]))


def _few(clips: LabelledClips, taught: set[int]) -> LabelledClips:
    """Return at most TAKES clips of each class and performer; of those with odd numbers only the classes ``taught``."""
    count: Counter[tuple[int, int]] = Counter()
    rows = []
    for row, key in enumerate(zip(clips.truth.tolist(), clips.performers.tolist(), strict=True)):
        count[key] += 1
        if count[key] <= TAKES and (key[1] % 2 == 0 or key[0] in taught):
            rows.append(row)
    motions = [clips.motions[row] for row in rows]
    return replace(clips, motions=motions, truth=clips.truth[rows], performers=clips.performers[rows])


def circled(joints: np.ndarray) -> float:
    """Return the area, square metres, that the right wrist of ``joints`` (n, 22, 3), metres, goes round.

    It is that of its path across the body and up, seen from the right shoulder and closed (the shoelace formula):
    positive where it turns clockwise as the performer sees it.
    """
    left, up = body_offset(require_motion(joints), "right_wrist", "right_shoulder")[:, :2].T
    return float((left * np.roll(up, -1) - np.roll(left, -1) * up).sum() / 2)


def nearest(joints: np.ndarray, others: Sequence[np.ndarray]) -> float:
    """Return the distance of ``joints`` (n, 22, 3), metres, to the nearest of ``others``, each (m, 22, 3).

    It is the mean over aligned frames of the root mean square distance of the joints, seen from the pelvis.
    """
    one = _local(joints)
    found = []
    for other in map(_local, others):
        cost = distances(one, other)
        rows, columns = zip(*alignment(cost), strict=True)
        found.append(cost[list(rows), list(columns)].mean())
    return float(min(found) / joints.shape[1] ** 0.5)


def _local(joints: np.ndarray) -> np.ndarray:
    local = to_local(torch.from_numpy(np.array(joints[None], dtype=np.float32))).joints[0]
    local = local - local[:, :1]
    return local.flatten(1).numpy()


def style_of(generator: Generator, name: str, clips: Sequence[Clip]) -> Style:
    """Return the style ``name`` that shows ``clips``, as ``teach --steps 0`` makes it."""
    shown = shown_of(generator, clips)
    told = tuple((len(each.tokens), each.clip, each.said) for each in shown)
    words = tuple(dict.fromkeys(sentence for clip in clips for sentence in clip.sentences))
    config = StyleConfig(name, generator.digest, 0, words, tuple(clip.path.name for clip in clips), shown=told)
    return Style(config, {}, torch.cat([each.tokens for each in shown]))


def made(generator: Generator, lesson: Lesson, frames: int, seeds: int, worn: Sequence[Worn], cache: Path) -> list:
    """Return motions (frames, 22, 3), metres, of every way to ask for the action, or read them back.

    Each way is drawn ``seeds`` times, no two with one seed: that also says which clip is shown, and where.
    """
    prompts = [asked for asked in lesson.asked for _ in range(seeds)]
    drawn = list(range(len(prompts)))
    told = hashlib.sha256(f"{generator.digest} {drawing_code()} {frames} {prompts} {drawn}".encode())
    for each in worn:
        told.update(f"{each.strength} {each.style.config}".encode())
        if each.style.tokens is not None:
            told.update(each.style.tokens.numpy().tobytes())
        for down, up in each.style.layers.values():
            told.update(down.numpy().tobytes() + up.numpy().tobytes())

    def make() -> list[np.ndarray]:
        generator.wear(worn)
        try:
            return list(generator.generate(prompts, frames, drawn))
        finally:
            generator.wear(())

    return stored_motions(Path(cache) / f"teach-{told.hexdigest()[:16]}.npz", make)


def run_teach(options: Options) -> dict:
    """Measure how far taught actions are obeyed, before and after, and how far they are from what was taught."""
    prepared, generator, judge = options.data(), options.generator(), Judge.load(options.weights, options.evaluator)
    lessons = load_actions(options.prompts or ACTIONS)
    chosen = options.chosen([lesson.label for lesson in lessons])
    lessons = [lesson for lesson in lessons if lesson.label in chosen]
    others = _others(prepared)
    benches: dict[str, Bench] = {}
    rows = []
    for lesson in lessons:
        if lesson.set not in benches:
            labels = [each.label for each in lessons if each.set == lesson.set]
            clips = LabelledClips.load(prepared, lesson.set)
            benches[lesson.set] = Bench(generator, clips, labels, others, judge)
        rows.append(_row(generator, benches[lesson.set], lesson, options))
        if options.progress:
            options.progress(len(rows), len(lessons))
    total = {key: float(np.mean([row[key] for row in rows])) for key in rows[0] if key not in ("label", "set")}
    figure = ", ".join(f"{100 * total[f'after_{count}']:.0f} % from {count} clips" for count in CLIPS)
    return {
        "actions": rows,
        "overall": total,
        "weights": weights_digest(options.weights),
        "figure": f"{figure}, {100 * total['before']:.0f} % before",
        "text": table([*rows, {"label": "all", **total}]),
    }


def _others(prepared: Prepared) -> list[np.ndarray]:
    clips = [clip for clip in prepared.of_split("test") if clip["frames"] >= SHORTEST]
    rows = np.linspace(0, len(clips) - 1, min(BACKGROUND, len(clips))).astype(int)
    return [np.asarray(prepared.joints(clips[row])[:MAX_FRAMES]) for row in rows]


def _row(generator: Generator, bench: Bench, lesson: Lesson, options: Options) -> dict:
    most = bench.teaching(lesson.label, max(CLIPS))
    lengths = [len(bench.clips.motions[row]) for row in np.flatnonzero(bench.even)
               if bench.clips.truth[row] == bench.clips.classes.index(lesson.label)]  # fmt: skip
    frames = int(np.clip(np.median(lengths) // FRAME_MULTIPLE * FRAME_MULTIPLE, SHORTEST, MAX_FRAMES))
    row = {"label": lesson.label, "set": lesson.set, "judge": bench.accuracy(lesson, most)}
    before = made(generator, lesson, frames, options.seeds, (), options.cache)
    row["before"] = float(bench.obeyed(before, lesson).mean())
    apart = bench.takes_apart(lesson.label)
    for count in CLIPS:
        rows = bench.teaching(lesson.label, count)
        clips = [Clip(Path(f"{number}.npz"), bench.clips.motions[number], (lesson.taught,)) for number in rows]
        worn = [Worn(style_of(generator, lesson.label, clips))]
        after = made(generator, lesson, frames, options.seeds, worn, options.cache)
        row[f"after_{count}"] = float(bench.obeyed(after, lesson).mean())
        taught = [bench.seen[number] for number in rows]
        row[f"away_{count}"] = float(np.mean([nearest(joints, taught) for joints in after])) / apart
    return row


def table(rows: Sequence[dict]) -> str:
    """Return a line an action: obeyed before and after, and the distance to the taught clips as a share of that
    between takes of one performer."""
    heads = ["judge", "before", *(f"{kind}_{count}" for count in CLIPS for kind in ("after", "away"))]
    lines = [f"{'action':<52}" + "".join(f"{head:>9}" for head in heads)]
    for row in rows:
        cells = [f"{row[head]:>8.2f}x" if head.startswith("away") else f"{100 * row[head]:>7.0f} %" for head in heads]
        lines.append(f"{row['label']:<52}" + "".join(cells))
    return "\n".join(lines)
