"""The 13 benchmarks of the CoAMD paper, on data sets that a user must bring (runtime/data/official.py says where).

Motions are made by the weights at hand and judged by our own evaluator, so a Frechet distance here is not on the
scale of the paper's: its evaluator is not public. Recognition and retrieval figures are on the same scale.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from runtime.data import humanml3d, kit_ml, ntu
from runtime.data.official import TextMotion
from runtime.evaluate import metrics, recognition, scoring
from runtime.evaluate.baselines import noise
from runtime.evaluate.evaluator import Judge
from runtime.evaluate.generated import Order, produce
from runtime.evaluate.open_benchmark import SEED_STRIDE, SEEDS, Bench, Maker, retrieve
from runtime.evaluate.open_set import OpenSet, of_motions, whole
from runtime.evaluate.recognition import Understanding
from runtime.evaluate.understanding import load_understanding, text_guide

if TYPE_CHECKING:
    from runtime.evaluate.benchmarks import Options

SETS = {"humanml3d": humanml3d.motions, "kit": kit_ml.motions}
MULTIMODAL_TEXTS, MULTIMODAL_SAMPLES = 100, 30


def _test_set(name: str, options: Options) -> OpenSet:
    found: Iterator[TextMotion] = SETS[name](options.official, "test")
    motions = list(found)
    return of_motions([motion.joints for motion in motions], [motion.captions for motion in motions])


def _bench(name: str, options: Options) -> Bench:
    test = _test_set(name, options)
    return Bench(test, test, Judge.load(options.weights, options.evaluator), options.cache, options.progress)


def _ours(options: Options) -> Maker:
    return Maker("ours", options.generator, options.digest())


def multimodality(bench: Bench, maker: Maker) -> metrics.Estimate:
    """Measure the distance between motions of one text: 30 samples for each of 100 texts, at the lengths of their
    clips.
    """
    rows = np.linspace(0, len(bench.test) - 1, min(MULTIMODAL_TEXTS, len(bench.test))).astype(int)
    prompts = bench.test.prompts(0)
    orders = [
        Order(prompts[row], len(bench.test.motions[row]), (100 + sample) * SEED_STRIDE + int(row))
        for row in rows
        for sample in range(MULTIMODAL_SAMPLES)
    ]
    made = bench.judge.motions(produce(maker.load, orders, maker.digest, bench.cache, None, bench.progress))
    samples = made.reshape(len(rows), MULTIMODAL_SAMPLES, -1)
    return metrics.repeated(lambda rng: {"value": metrics.multimodality(samples, rng)})["value"]


def run_text_to_motion(name: str, options: Options) -> dict:
    """Score ground truth, noise, ours and, where the recogniser's weights are there, ours guided."""
    bench, ours = _bench(name, options), _ours(options)
    makers = [ours]
    if (options.weights_folder() / "recognizer.safetensors").is_file():
        guide = text_guide(load_understanding(options.weights, options.device), options.guidance)
        makers.append(Maker("ours, guided", options.generator, ours.digest, guide))
    yard = bench.yardstick(components=None)
    drawn = [noise(bench.test, bench.train, seed) for seed in SEEDS]
    rows = [bench.row("ground truth", [bench.test.motions for _ in SEEDS]), bench.row("noise", drawn)]
    rows += [bench.generated(maker)[0] for maker in makers]
    scored = {row.name: scoring.score(row, yard) for row in rows}
    spread = multimodality(bench, ours)
    ours_row = scored["ours"]
    figure = f"FID {ours_row['FID'].mean:.3f}, R@1 {ours_row['R@1'].mean:.3f} (our evaluator)"
    text = f"{len(bench.test)} test clips\n{scoring.table(scored)}\nmultimodality of ours: {spread}"
    return {"rows": scoring.as_json(scored), "multimodality": spread.mean, "figure": figure, "text": text}


def run_editing(task: str, options: Options) -> dict:
    """Score one editing task on HumanML3D, beside its ground truth."""
    bench = _bench("humanml3d", options)
    yard = bench.yardstick(components=None)
    rows = [bench.row("ground truth", [bench.test.motions for _ in SEEDS]), bench.edited(_ours(options), task)]
    scored = {row.name: scoring.score(row, yard) for row in rows}
    figure = f"R@1 {scored[task]['R@1'].mean:.3f} (our evaluator)"
    text = f"{len(bench.test)} test clips\n{scoring.table(scored)}"
    return {"rows": scoring.as_json(scored), "figure": figure, "text": text}


def run_retrieval(name: str, options: Options) -> dict:
    """Score retrieval both ways by the recogniser, in TMR's four protocols."""
    understanding = load_understanding(options.weights, options.device)
    result = retrieve(_test_set(name, options), understanding, understanding.sentences)
    batches = result["protocols"]["batches"]
    forth, back = batches["text_to_motion"]["R@3"], batches["motion_to_text"]["R@1"]
    return result | {"figure": f"R@3 {forth:.2f} text to motion, R@1 {back:.2f} motion to text, batches of 32"}


def _named(understanding: Understanding, motions: list[np.ndarray], truth: list[int], names: tuple[str, ...]) -> dict:
    return recognition.zero_shot(understanding.label_scores(motions, names), np.array(truth))


def _sentence(title: str, row: dict) -> str:
    return (
        f"{title}: {100 * row['top1']:.2f} % top 1, {100 * row['top5']:.2f} % top 5 of {row['classes']} classes, "
        f"{row['clips']} clips, {row['times_chance']:.1f} x chance"
    )


def run_ntu(classes: int, protocol: str, options: Options) -> dict:
    """Name clips zero-shot on the test side of a protocol: among all classes, and among SynSE's unseen ones only."""
    rows = list(ntu.labelled(options.official, classes, protocol, "test"))
    understanding = load_understanding(options.weights, options.device)
    names = ntu.class_names()
    motions, truth = [whole(joints) for joints, _ in rows], [action - 1 for _, action in rows]
    result = {"all": _named(understanding, motions, truth, names[:classes])}
    for (count, split), unseen in ntu.UNSEEN.items():
        kept = [place for place, action in enumerate(truth) if action + 1 in unseen]
        if count != classes or not kept:
            continue
        truth_of = [unseen.index(truth[place] + 1) for place in kept]
        chosen = tuple(names[action - 1] for action in unseen)
        result[split] = _named(understanding, [motions[place] for place in kept], truth_of, chosen)
    text = "\n".join(_sentence(title, row) for title, row in result.items())
    return result | {"figure": f"{100 * result['all']['top1']:.2f}", "text": text}


def run_humanml3d_400(options: Options) -> dict:
    """Name clips zero-shot on HumanML3D's test split among its 400 action classes."""
    names = tuple(sorted(set(humanml3d.read_labels(options.official).values())))
    rows = list(humanml3d.labelled(options.official, "test"))
    understanding = load_understanding(options.weights, options.device)
    result = _named(understanding, [whole(j) for j, _ in rows], [names.index(label) for _, label in rows], names)
    return result | {"figure": f"{100 * result['top1']:.2f}", "text": _sentence("all", result)}


# name, what it measures, the data it needs, the published figure, its runner
