"""The open benchmark: the paper's tasks on recordings anyone may have, judged by an evaluator of its own.

    rows      ground truth, training clips, noise, label mean, nearest training clip, ours, ours guided, others' weights
    then      retrieval both ways, recognition zero-shot and supervised, the four temporal editing tasks

Test clips are those of the prepared data's test split that have captions. Every row is made once with three fixed
seeds and kept; the 20 repeats are bootstrap draws over what was kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import DataError, WeightsError
from runtime.config import BASE, PUBLISHED_SAMPLING
from runtime.data.dataset import Prepared
from runtime.evaluate import baselines, recognition, retrieval, scoring
from runtime.evaluate.editing import TASKS, edit_all, edits_of
from runtime.evaluate.evaluator import Judge
from runtime.evaluate.generated import Guide, Order, cache_file, produce, seconds_of, stored_motions
from runtime.evaluate.metrics import Components, Estimate
from runtime.evaluate.open_set import OpenSet
from runtime.evaluate.recognition import LABELLED_SETS, LabelledClips, Understanding
from runtime.evaluate.results import weights_digest
from runtime.evaluate.scoring import FID_COMPONENTS, Row, Yardstick

if TYPE_CHECKING:
    from runtime.evaluate.benchmarks import Options
    from runtime.generate.generator import Generator

SEEDS = (0, 1, 2)
USUAL_CLIPS = 500  # training clips that say which texts are near any motion
SEED_STRIDE = 100_003  # seed s of clip i is s * stride + i: no two motions share their noise


@dataclass(frozen=True)
class Maker:
    """A set of generator weights: its name in the table, how to load it, the digest of its files, and a guide."""

    name: str
    load: Callable[[], Generator]
    digest: str
    guide: Guide | None = None


@dataclass(frozen=True)
class Bench:
    """What the rows share: test and training clips, the judge, the cache folder, and a progress callback."""

    test: OpenSet
    train: OpenSet
    judge: Judge
    cache: Path
    progress: Callable[[int, int], None] | None = None

    @classmethod
    def load(cls, options: Options) -> Bench:
        """Open the bench on the prepared data and with the judge that ``options`` (``benchmarks.Options``) name."""
        prepared, judge = options.data(), Judge.load(options.weights, options.evaluator)
        test, train = (OpenSet.load(prepared, split) for split in ("test", "train"))
        return cls(test, train, judge, options.cache, options.progress)

    def thinned(self, count: int) -> Bench:
        """Return the same with at most ``count`` test clips."""
        return replace(self, test=self.test.thinned(count))

    def yardstick(self, components: int | None) -> Yardstick:
        """Return what rows are scored against: real embeddings of the test clips.

        The components are those of the training clips' embeddings, so that no row bends them (all channels for None).
        """
        leading = Components.of(self.judge.motions(self.train.motions), components) if components else None
        return Yardstick(self.judge.motions(self.test.motions), leading, self.test.groups)

    def row(self, name: str, motions: list[list[np.ndarray]], asked: bool = True) -> Row:
        """Embed ``motions``, seeds of clips, each (frames, 22, 3) in metres, with the prompts of each seed when they
        were ``asked`` for.
        """
        embedded = np.stack([self.judge.motions(made) for made in motions])
        if not asked:
            return Row(name, embedded, None)
        return Row(name, embedded, np.stack([self.judge.texts(self.test.prompts(s)) for s in range(len(motions))]))

    def baselines(self) -> dict[str, Row]:
        """Return the rows that need no generator."""
        mean = baselines.label_mean(self.test, self.train)

        def nearest(seed: int) -> list[np.ndarray]:
            return baselines.nearest_by_text(self.test.prompts(seed), self.train, self.judge.sentences)

        samples = [baselines.training_sample(len(self.test), self.train, seed) for seed in SEEDS]
        rows = (
            self.row("ground truth", [self.test.motions for _ in SEEDS]),
            self.row("training clips", samples, asked=False),
            self.row("noise", [baselines.noise(self.test, self.train, seed) for seed in SEEDS]),
            self.row("label-mean clip", [mean for _ in SEEDS]),
            self.row("nearest training clip", [nearest(seed) for seed in SEEDS]),
        )
        return {row.name: row for row in rows}

    def orders(self) -> list[Order]:
        """Return what every generator is asked for: each clip's prompt and length, seed after seed."""
        return [
            Order(prompt, len(joints), seed * SEED_STRIDE + index)
            for seed in SEEDS
            for index, (prompt, joints) in enumerate(zip(self.test.prompts(seed), self.test.motions, strict=True))
        ]

    def generated(self, maker: Maker) -> tuple[Row, float]:
        """Return the row of a generator, and the seconds its motions took to make when they were made."""
        orders = self.orders()
        made = produce(maker.load, orders, maker.digest, self.cache, None, self.progress, maker.guide)
        count = len(self.test)
        seconds = seconds_of(cache_file(self.cache, maker.digest, orders, None, maker.guide))
        return self.row(maker.name, [made[s * count : (s + 1) * count] for s in range(len(SEEDS))]), seconds

    def edited(self, maker: Maker, task: str) -> Row:
        """Return the row of an editing task: every test clip edited to its own caption, once a seed."""
        made = []
        for seed in SEEDS:
            prompts = self.test.prompts(seed)
            seeds = [seed * SEED_STRIDE + index for index in range(len(self.test))]
            file = cache_file(self.cache, maker.digest, self.orders(), None, Guide(f"edit {task} {seed}", list))
            make = partial(self._edit, maker, task, prompts, seeds)
            made.append(stored_motions(file, make))
        return self.row(task, made)

    def edit_baselines(self, task: str) -> dict[str, Row]:
        """Return what an editing task is held against.

        That is the nearest training clip copied into the range, straight interpolation of joints, and even turning of
        bones.
        """
        ranges = [[(e.start, e.stop) for e in edits_of(task, len(joints), "", 0)] for joints in self.test.motions]
        pairs = list(zip(self.test.motions, ranges, strict=True))
        copies = []
        for seed in SEEDS:
            near = baselines.nearest_by_text(self.test.prompts(seed), self.train, self.judge.sentences)
            copies.append([baselines.copied(*pair, clip) for pair, clip in zip(pairs, near, strict=True)])
        linear, slerp = ([baselines.interpolated(*pair, turning) for pair in pairs] for turning in (False, True))
        rows = {"nearest clip copied": copies, "linear": [linear for _ in SEEDS], "slerp": [slerp for _ in SEEDS]}
        return {name: self.row(f"{task}, {name}", motions) for name, motions in rows.items()}

    def _edit(self, maker: Maker, task: str, prompts: list[str], seeds: list[int]) -> list[np.ndarray]:
        return edit_all(maker.load(), task, self.test.motions, prompts, seeds, self.progress)


def text_to_motion(bench: Bench, makers: list[Maker]) -> dict:
    """Score the baselines and every maker. JSON: rows, seconds a maker; text: the table."""
    yard = bench.yardstick(FID_COMPONENTS)
    rows = {name: scoring.score(row, yard) for name, row in bench.baselines().items()}
    seconds = {}
    for maker in makers:
        row, seconds[maker.name] = bench.generated(maker)
        rows[maker.name] = scoring.score(row, yard)
    clips = len(bench.test)
    head = (
        f"text to motion: {clips} test clips, {len(np.unique(yard.groups))} distinct captions, "
        f"{len(SEEDS)} seeds, FID in {FID_COMPONENTS} components"
    )
    lines = [head, scoring.table(rows)]
    lines += [f"{name}: {clips * len(SEEDS)} motions made in {value:.0f} s" for name, value in seconds.items()]
    lines += [bounds(rows, maker.name) for maker in makers]
    return {"rows": scoring.as_json(rows), "seconds": seconds, "clips": clips, "text": "\n".join(lines)}


def bounds(rows: dict[str, dict[str, Estimate]], name: str) -> str:
    """Say how a row stands to real motion: share of its R@3, multiple of the train-to-test FID."""
    share = rows[name]["R@3"].mean / max(rows["ground truth"]["R@3"].mean, 1e-9)
    multiple = rows[name]["FID"].mean / max(rows["training clips"]["FID"].mean, 1e-9)
    return f"{name}: R@3 is {100 * share:.0f} % of the ground truth's, FID {multiple:.2f} x that of training clips"


def editing(bench: Bench, maker: Maker) -> dict:
    """Score the four editing tasks, each beside its baselines, and the recordings themselves."""
    yard = bench.yardstick(FID_COMPONENTS)
    rows = {"ground truth": scoring.score(bench.row("ground truth", [bench.test.motions for _ in SEEDS]), yard)}
    for task in TASKS:
        rows[task] = scoring.score(bench.edited(maker, task), yard)
        rows |= {row.name: scoring.score(row, yard) for row in bench.edit_baselines(task).values()}
    text = f"editing: {len(bench.test)} test clips, each to its own caption\n{scoring.table(rows)}"
    behind = [
        f"{column} of {name}"
        for task in TASKS
        for name in rows
        if name.startswith(f"{task},")
        for column, better in (("FID", -1), ("R@3", 1))
        if better * (rows[task][column].mean - rows[name][column].mean) <= 0
    ]
    text += "\nours is ahead of every baseline" if not behind else f"\nours is not ahead of: {'; '.join(behind)}"
    return {"rows": scoring.as_json(rows), "behind": behind, "text": text}


def retrieve(
    test: OpenSet,
    understanding: Understanding,
    sentences_of: Callable[[list[str]], np.ndarray],
    others: OpenSet | None = None,
) -> dict:
    """Score retrieval both ways over the test clips and their first captions, in TMR's four protocols.

    ``sentences_of`` gives unit vectors of captions that say how alike those are. With ``others``, clips of the training
    split, a row more is the way from motions to texts in batches, each text's scores less its usual ones
    (:func:`retrieval.less_usual`).
    """
    prompts = test.prompts(0)
    texts = understanding.descriptions(prompts)
    similarity = texts @ understanding.motions(test.motions).T
    sentences = sentences_of(prompts)
    result = retrieval.evaluate_retrieval(similarity, sentences @ sentences.T, test.groups)
    if others is not None:
        usual = texts @ understanding.motions(others.motions).T
        scores = retrieval.less_usual(similarity, usual, 1 / BASE.recognizer.temperature)
        result["less usual"] = {"motion_to_text": retrieval.batched(scores, test.groups)["motion_to_text"]}
    return {"protocols": result, "text": f"retrieval: {len(test)} test clips\n{retrieval.table(result)}"}


def recognise(prepared: Prepared, understanding: Understanding) -> dict:
    """Name clips zero-shot over each labelled set that is prepared, one by one and sorted as a set, and cross-subject
    on UTD-MHAD.

    No clip of theirs is learnt from; a set that is sorted lends its mean, without labels (sorting.py). Raises DataError
    when none of the sets is prepared.
    """
    held = {clip["set"] for clip in prepared.clips}
    names = [name for name in LABELLED_SETS if name in held]
    if not names:
        raise DataError(
            "The prepared data holds no labelled set", "Prepare the kinect pack too: python -m runtime prepare --data"
        )
    lines = [f"{'recognition':<36}{'clips':>7}{'classes':>9}{'top 1':>8}{'x chance':>10}"]
    result: dict = {"zero_shot": {}, "sorted": {}}
    ways = {"zero_shot": understanding.label_scores, "sorted": understanding.sorted_scores}
    for name in names:
        clips = LabelledClips.load(prepared, name)
        for way, scores in ways.items():
            row = recognition.zero_shot(scores(clips.motions, clips.classes), clips.truth)
            result[way][name] = row
            told = f"{name}, {way.replace('_', '-')}"
            counts = f"{row['clips']:>7}{row['classes']:>9}"
            lines.append(f"{told:<36}{counts}{100 * row['top1']:>7.1f}%{row['times_chance']:>10.1f}")
        if name == "utd_mhad":
            result["cross_subject"] = recognition.cross_subject(understanding.features(clips.motions), clips)
            result["cross_subject_trained"] = recognition.cross_subject_trained(understanding, clips)
            for key, told in (("cross_subject", "head alone"), ("cross_subject_trained", "trained")):
                row, title = result[key], f"{name}, cross-subject, {told}"
                lines.append(f"{title:<36}{row['clips']:>7}{row['classes']:>9}{100 * row['top1']:>7.1f}%")
    return result | {"text": "\n".join(lines)}


def run_recognition_across(options: Options) -> dict:
    """Name each labelled set zero-shot after training on the other ones. ``options`` is ``benchmarks.Options``.

    Raises DataError when fewer than two of the sets are prepared.
    """
    from runtime.evaluate.understanding import load_understanding

    prepared = options.data()
    held = {clip["set"] for clip in prepared.clips}
    names = [name for name in LABELLED_SETS if name in held]
    if len(names) < 2:
        raise DataError(
            f"The prepared data holds {names[0] if names else 'no labelled set'}, and this takes two labelled sets",
            "Prepare the kinect pack too: python -m runtime prepare --data FOLDER",
        )
    understanding = load_understanding(options.weights, options.device)
    sets = [LabelledClips.load(prepared, name) for name in names]
    rows, lines = (
        {},
        [f"{'zero-shot, trained on the others':<36}{'clips':>7}{'classes':>9}{'top 1':>8}{'x chance':>10}"],
    )
    for clips in sets:
        row = recognition.across_sets(understanding, clips, [other for other in sets if other is not clips])
        rows[clips.name] = row
        counts = f"{row['clips']:>7}{row['classes']:>9}"
        lines.append(f"{clips.name:<36}{counts}{100 * row['top1']:>7.1f}%{row['times_chance']:>10.1f}")
    figure = ", ".join(f"{name} {row['times_chance']:.1f}" for name, row in rows.items())
    return {
        "rows": rows,
        "text": "\n".join(lines),
        "figure": f"zero-shot, trained on the others, times chance: {figure}",
    }


def run_retrieval(options: Options) -> dict:
    """Run retrieval alone, which needs no evaluator. ``options`` is ``benchmarks.Options``."""
    from runtime.evaluate.understanding import load_understanding

    understanding = load_understanding(options.weights, options.device)
    prepared = options.data()
    test, others = OpenSet.load(prepared, "test"), OpenSet.load(prepared, "train").thinned(USUAL_CLIPS)
    result = retrieve(test, understanding, understanding.sentences, others)
    ways = result["protocols"]["batches"] | {"less_usual": result["protocols"]["less usual"]["motion_to_text"]}
    figures = [f"{ways[way]['R@3']:.1f}" for way in ("text_to_motion", "motion_to_text", "less_usual")]
    text = f"R@3 {figures[0]} % by text, {figures[1]} % by motion, {figures[2]} % less the usual, in batches of 32"
    return result | {"figure": text}


def run_recognition(options: Options) -> dict:
    """Run recognition alone, which needs no evaluator. ``options`` is ``benchmarks.Options``."""
    from runtime.evaluate.understanding import load_understanding

    result = recognise(options.data(), load_understanding(options.weights, options.device))
    told = {
        way: ", ".join(f"{name} {row['times_chance']:.1f}" for name, row in result[way].items())
        for way in ("zero_shot", "sorted")
    }
    return result | {"figure": f"zero-shot, times chance: {told['zero_shot']}; sorted: {told['sorted']}"}


def _makers(options: Options) -> tuple[list[Maker], Understanding | None, list[str]]:
    """Return who makes the rows of text to motion: ours, guided where there are weights of the recogniser, those to
    compare.

    With them comes the recogniser, or None and a note that says what is left out.
    """
    from runtime.evaluate.understanding import load_understanding, text_guide

    ours, understanding, notes = Maker("ours", options.generator, options.digest()), None, []
    makers = [ours]
    try:
        understanding = load_understanding(options.weights, options.device)
    except WeightsError as error:
        notes.append(f"guided generation, retrieval and recognition are left out: {error}")
    else:
        makers.append(
            Maker("ours, guided", options.generator, ours.digest, text_guide(understanding, options.guidance))
        )
    for name, folder in options.compare:
        digest = weights_digest(folder)
        makers.append(Maker(name, partial(options.generator, folder), digest))
        makers.append(
            Maker(f"{name}, drawn as published", partial(_as_published, options, folder), f"{digest} published")
        )
    return makers, understanding, notes


def _as_published(options: Options, folder: Path) -> Generator:
    """Load the generator in ``folder`` with the paper's sampling: ours was chosen for our weights."""
    generator = options.generator(folder)
    generator.sampling = PUBLISHED_SAMPLING
    return generator


def run_open_text_to_motion(options: Options) -> dict:
    """Run text to motion alone: the baselines, ours, ours guided, and two rows a folder to compare.

    Those two are with our sampling and with the published one. ``options`` is ``benchmarks.Options``. Raises DataError
    without prepared data, WeightsError without the generator's or the evaluator's weights.
    """
    makers, _, notes = _makers(options)
    result = text_to_motion(Bench.load(options), makers)
    figures = result["rows"]["ours"]
    figure = f"FID {figures['FID']['mean']:.2f}, R@3 {figures['R@3']['mean']:.3f}"
    return result | {"notes": notes, "figure": figure, "text": "\n\n".join([result["text"], *notes])}


def run_open(options: Options) -> dict:
    """Run every part of the open benchmark that the weights and the prepared data allow; what is left out is said.

    ``options`` is ``benchmarks.Options``. Raises DataError without prepared data, WeightsError without the generator's
    or the evaluator's weights.
    """
    bench = Bench.load(options)
    makers, understanding, notes = _makers(options)
    parts = {"text_to_motion": text_to_motion(bench, makers)}
    if understanding is not None:
        parts["retrieval"] = retrieve(
            bench.test, understanding, bench.judge.sentences, bench.train.thinned(USUAL_CLIPS)
        )
        try:
            parts["recognition"] = recognise(options.data(), understanding)
        except DataError as error:
            notes.append(f"recognition is left out: {error}")
    parts["editing"] = editing(bench.thinned(options.limit), makers[0])
    text = "\n\n".join([part.pop("text") for part in parts.values()] + notes)
    figures = parts["text_to_motion"]["rows"]["ours"]
    figure = f"FID {figures['FID']['mean']:.2f}, R@3 {figures['R@3']['mean']:.3f}"
    return parts | {"notes": notes, "figure": figure, "text": text}


def run_open_editing(options: Options) -> dict:
    """Run the four temporal editing tasks beside their baselines, on at most ``limit`` test clips.

    ``options`` is ``benchmarks.Options``. Raises DataError without prepared data, WeightsError without the generator's
    or the evaluator's weights.
    """
    bench = Bench.load(options).thinned(options.limit)
    result = editing(bench, Maker("ours", options.generator, options.digest()))
    scores = [result["rows"][task] for task in TASKS]
    figure = f"FID {np.mean([row['FID']['mean'] for row in scores]):.2f}, "
    figure += f"R@3 {np.mean([row['R@3']['mean'] for row in scores]):.3f}"
    return result | {"clips": len(bench.test), "figure": figure}
