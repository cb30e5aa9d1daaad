"""Manners judged: what a style that was taught a manner of moving makes of walking, running and waving.

Clips are of a set recorded in several manners, which trains no shipped weights. Of every label every other take may
teach; the rest, never shown, train two judges as in teaching.py, one of the manner and one of the action. Both see
clips as the autoencoder has them. How far each is right on the takes that may teach is told beside.

A manner is taught by what is shown alone, and for a benchmark of its own trained besides. A style
is kept in the cache, and a training that was stopped is gone on with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FRAME_MULTIPLE, MAX_FRAMES
from runtime.data.dataset import Prepared
from runtime.evaluate.evaluator import Judge
from runtime.evaluate.results import weights_digest
from runtime.evaluate.teaching import SHORTEST, Lesson, Named, made, seen_through
from runtime.generate.style import Style, Worn
from runtime.teach.lessons import Clip
from runtime.teach.teach import TeachSettings, teach

if TYPE_CHECKING:
    from runtime.evaluate.benchmarks import Options
    from runtime.generate.generator import Generator

SET, PERFORMER = "bandai", "dataset-2"
MANNERS = ("active", "elderly", "exhausted", "feminine", "masculine", "youthful")
PLAIN = "normal"  # a manner too, to the judge
KINDS = {
    "walk": ("walk",),
    "run": ("run",),
    "wave": ("wave right hand", "wave left hand", "wave both hands"),
    "other": ("raise up both hands", "raise up left hand", "raise up right hand"),
}
TAUGHT = {"walk": "a person walks", "run": "a person runs", "wave right hand": "a person waves"}
ASKED = {
    "walk": ("she is walking", "walk", "a man walks forward"),
    "run": ("he is running", "run", "a woman runs forward"),
    "wave right hand": ("someone is waving", "wave", "a man waves his hand"),
}
WAY = "in our {manner} way"
TRAINED = 600  # steps
CLIPS, JUDGED = 4, 6  # takes of a label that teach, and that train the judges


class MannerBench:
    """Takes of one set by label, and the judges of manner and action."""

    def __init__(self, generator: Generator, takes: dict[str, Sequence[np.ndarray]], judge: Judge):
        """Train the judges; ``takes`` are motions (frames, 22, 3), metres, of each label "action, manner"."""
        self.taught = {label: own[::2] for label, own in takes.items()}
        manners, kinds = (*MANNERS, PLAIN), list(KINDS)
        rows = [
            (manner, kind, place % 2, motion)
            for manner in manners for kind, labels in KINDS.items() for label in labels
            for place, motion in enumerate(takes[f"{label}, {manner}"][: 2 * JUDGED])
        ]  # fmt: skip
        seen = [seen_through(generator, motion) for *_, motion in rows]
        held = np.array([odd for _, _, odd, _ in rows]) == 1
        training, others = ([each for each, of in zip(seen, side, strict=True) if of] for side in (held, ~held))
        self._named, self.accuracy = [], []
        for names, column in ((manners, 0), (kinds, 1)):
            truth = np.array([names.index(row[column]) for row in rows])
            self._named.append(Named(judge, training, truth[held], len(names)))
            self.accuracy.append(float((self._named[-1](others) == truth[~held]).mean()))

    def named(self, motions: Sequence[np.ndarray]) -> list[tuple[str, str]]:
        """Return the manner and the action that the judges see in ``motions``, each (frames, 22, 3), metres."""
        manners, kinds = (named(motions) for named in self._named)
        return [((*MANNERS, PLAIN)[manner], list(KINDS)[kind]) for manner, kind in zip(manners, kinds, strict=True)]


def takes_of(prepared: Prepared) -> dict[str, list[np.ndarray]]:
    """Return the motions (frames, 22, 3), metres, of each label in use. Raises DataError where there are too few."""
    labels = [f"{label}, {manner}" for own in KINDS.values() for label in own for manner in (*MANNERS, PLAIN)]
    takes: dict[str, list[np.ndarray]] = {label: [] for label in labels}
    for clip in prepared.clips:
        right = clip["set"] == SET and clip["performer"] == PERFORMER and clip["frames"] >= SHORTEST
        if right and clip["label"] in takes and len(takes[clip["label"]]) < 2 * JUDGED:
            takes[clip["label"]].append(np.asarray(prepared.joints(clip)))
    few = [label for label, own in takes.items() if len(own) < 2 * CLIPS]
    if few:
        raise DataError(f"The prepared data holds too few takes of {few[0]!r}", f"Prepare the whole set {SET}")
    return takes


def taught_clips(bench: MannerBench, manner: str) -> list[Clip]:
    """Return the clips, with their sentences, that teach a manner."""
    return [
        Clip(Path(f"{label}-{place}.npz"), motion, (f"{said} {WAY.format(manner=manner)}",))
        for label, said in TAUGHT.items()
        for place, motion in enumerate(bench.taught[f"{label}, {manner}"][:CLIPS])
    ]


def taught_style(options: Options, manner: str, clips: Sequence[Clip], settings: TeachSettings) -> Style:
    """Teach a manner as the command line does, or read the style back. Raises DataError when it was stopped."""
    generator = options.generator()  # one of its own: teaching changes it
    told = hashlib.sha256(f"{generator.digest} {settings}".encode())
    for clip in clips:
        told.update(clip.joints.tobytes() + " ".join(clip.sentences).encode())
    out = Path(options.cache) / f"manner-{manner}-{told.hexdigest()[:16]}.safetensors"
    if out.is_file():
        return Style.load(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    style = teach(generator, clips, out, name=manner, settings=settings)
    if style is None:
        raise DataError(
            f"The teaching of the manner {manner!r} was stopped", "Run the benchmark again to go on with it"
        )
    return style


def run_manners(options: Options, settings: TeachSettings | None = None) -> dict:
    """Measure how often the judges name the manner that was taught, and the action that was asked for.

    It is taught by ``settings``, without them by what is shown alone.
    """
    settings = settings or TeachSettings(steps=0)
    generator, judge = options.generator(), Judge.load(options.weights, options.evaluator)
    bench = MannerBench(generator, takes_of(options.data()), judge)
    rows, manners = [], options.chosen(MANNERS)
    for manner in manners:
        style = taught_style(options, manner, taught_clips(bench, manner), settings)
        rows.append(_row(generator, bench, manner, style, options))
        if options.progress:
            options.progress(len(rows), len(manners))
    total = {key: float(np.mean([row[key] for row in rows])) for key in rows[0] if key != "manner"}
    manner, action = bench.accuracy
    return {
        "manners": rows,
        "overall": total,
        "judges": {"manner": manner, "action": action},
        "weights": weights_digest(options.weights),
        "figure": f"manner {100 * total['manner_named']:.0f} % ({100 * total['before']:.0f} % before), "
        f"action {100 * total['action_named']:.0f} %",
        "text": table([*rows, {"manner": "all", **total}])
        + f"\nthe judges name {100 * manner:.0f} % and {100 * action:.0f} % of recorded clips rightly",
    }


def run_trained_manners(options: Options) -> dict:
    """Measure what :func:`run_manners` does of manners that are trained besides."""
    return run_manners(options, TeachSettings(steps=TRAINED))


def _row(generator: Generator, bench: MannerBench, manner: str, style: Style, options: Options) -> dict:
    worn = [Worn(style)]
    found: dict[str, list[bool]] = {"before": [], "manner_named": [], "action_named": []}
    for label, asked in ASKED.items():
        kind = next(kind for kind, labels in KINDS.items() if label in labels)
        own = [len(motion) for motion in bench.taught[f"{label}, {manner}"]]
        frames = int(np.clip(np.median(own) // FRAME_MULTIPLE * FRAME_MULTIPLE, SHORTEST, MAX_FRAMES))
        prompts = tuple(f"{wording} {WAY.format(manner=manner)}" for wording in asked)
        lesson = Lesson(SET, label, "", prompts)
        for name, on in (("before", ()), ("after", worn)):
            seen = bench.named(made(generator, lesson, frames, options.seeds, on, options.cache))
            if name == "before":
                found["before"] += [each == manner for each, _ in seen]
            else:
                found["manner_named"] += [each == manner for each, _ in seen]
                found["action_named"] += [each == kind for _, each in seen]
    return {"manner": manner} | {name: float(np.mean(right)) for name, right in found.items()}


def table(rows: Sequence[dict]) -> str:
    """Return a line a manner: how often it was named before and after, and the action after."""
    heads = ("before", "manner_named", "action_named")
    lines = [f"{'manner':<12}" + "".join(f"{head:>14}" for head in heads)]
    lines += [f"{row['manner']:<12}" + "".join(f"{100 * row[head]:>12.0f} %" for head in heads) for row in rows]
    return "\n".join(lines)
