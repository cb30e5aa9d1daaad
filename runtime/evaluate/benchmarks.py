"""What benchmarks are given, and those of our own weights and of the data; registry.py lists them all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import FRAME_MULTIPLE, MAX_FRAMES
from runtime.data.dataset import Pool, Prepared
from runtime.evaluate import fairness, obedience, physical, results
from runtime.evaluate.generated import Order, produce
from runtime.evaluate.registry import CACHE, PREPARED, find
from runtime.evaluate.results import BUNDLED_WEIGHTS, motion_digest, weights_digest
from runtime.evaluate.understanding import load_understanding
from runtime.generate.generator import Generator
from runtime.generate.style import Style, Worn
from runtime.weights import STUDENT, sha256, weights_file

OFFICIAL = Path("data/official")
_RECORDED = ("single", "mirror")  # kinds of pool items that are recordings as they are, or mirrored


@dataclass(frozen=True)
class Options:
    """What a benchmark is given. ``weights`` None is the bundled folder; ``limit`` caps how many held-out clips are
    compared; ``progress(done, total)`` is called while motions are generated. ``official`` holds the data sets of the
    paper (runtime/data/official.py); ``evaluator`` is the judge's weights file (None: the weights folder's own);
    ``guidance`` is the strength of guided rows (None: the usual one); ``compare`` names further weights folders for
    rows of the open benchmark; ``best_of`` also judges the best of so many draws of every prompt; ``prompts`` is a file
    to take a benchmark's prompts from; ``quality`` is one of ``limits.QUALITIES``; ``styles`` are files of styles, each
    with the strength it is put on with, while motions are generated; ``only`` names the rows to measure of benchmarks
    that teach (all without)."""

    weights: Path | None = None
    prepared: Path = PREPARED
    device: str = "auto"
    seeds: int = 8
    cache: Path = CACHE
    limit: int = 240
    progress: Callable[[int, int], None] | None = None
    official: Path = OFFICIAL
    evaluator: Path | None = None
    guidance: float | None = None
    compare: tuple[tuple[str, Path], ...] = ()
    best_of: int | None = None
    prompts: Path | None = None
    quality: str = "best"
    styles: tuple[tuple[Path, float], ...] = ()
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.seeds < 1 or self.limit < 1:
            raise InputError(f"{self.seeds} seeds and a limit of {self.limit}", "Use at least 1 of each")

    def generator(self, folder: Path | None = None) -> Generator:
        """Load the networks, of another ``folder`` when given, in the styles; WeightsError when they are missing or
        torn, InputError for a style of other weights."""
        generator = Generator.load(folder or self.weights, self.device)
        if self.styles:
            generator.wear([Worn(Style.load(path), strength) for path, strength in self.styles])
        generator.draw_in(self.quality)
        return generator

    def digest(self) -> str:
        """Return what tells the motions of these weights, drawn in this quality and these styles without guidance,
        from others."""
        digest = motion_digest(self.weights)
        for path, strength in self.styles:
            digest = hashlib.sha256(f"{sha256(path)} {strength} {digest}".encode()).hexdigest()
        return digest if self.quality == "best" else sha256(weights_file(self.weights, STUDENT)) + digest

    def chosen(self, names: Sequence[str]) -> list[str]:
        """Return the rows ``only`` of those called ``names``, in their order. Raises InputError for one that is not."""
        strange = [name for name in self.only if name not in names]
        if strange:
            raise InputError(f"There is no row {strange[0]!r}", f"Choose from {', '.join(names)}")
        return [name for name in names if name in self.only or not self.only]

    def weights_folder(self) -> Path:
        """Return the folder of the weights."""
        return BUNDLED_WEIGHTS if self.weights is None else Path(self.weights)

    def data(self) -> Prepared:
        """Open the prepared data; DataError when it is not there."""
        return Prepared.load(self.prepared)


def _thin(rows: list, count: int) -> list:
    """Return at most ``count`` of ``rows``, spread evenly and always the same."""
    if len(rows) <= count:
        return rows
    return [rows[index] for index in np.linspace(0, len(rows) - 1, count).astype(int)]


def _obedience_motions(options: Options) -> tuple[list[obedience.Prompt], list[np.ndarray]]:
    prompts = obedience.load_prompts()
    orders = [Order(prompt.text, prompt.frames, seed) for prompt in prompts for seed in range(options.seeds)]
    return prompts, produce(options.generator, orders, options.digest(), options.cache, progress=options.progress)


def run_obedience(options: Options, prompts: Path = obedience.PROMPTS) -> dict:
    """Measure the share of prompts obeyed, by family and overall; with ``best_of`` also of the draws that the
    recogniser chooses.
    """
    digest, asked = options.digest(), obedience.load_prompts(options.prompts or prompts)
    result = obedience.run(
        options.generator,
        digest,
        options.cache,
        options.seeds,
        asked,
        options.progress,
        options.best_of,
        partial(load_understanding, options.weights, options.device),
    )
    figure = f"{100 * result['overall']['share']:.0f} %"
    if options.best_of:
        figure += f", best of {options.best_of} {100 * result['best']['overall']['share']:.0f} %"
    return result | {"figure": figure, "text": obedience.table(result)}


def run_obedience_of(name: str, options: Options) -> dict:
    """Measure the share of other prompts obeyed: ``name`` is that of their file in obedience.py."""
    return run_obedience(options, getattr(obedience, name))


def run_fairness(options: Options) -> dict:
    """Measure the confusion of the obedience tests on recordings no training has seen."""
    result = fairness.evaluate_fairness(options.data())
    return result | {"text": fairness.table(result)}


def run_physical(options: Options) -> dict:
    """Measure the physics of motions generated from captions of the validation split, at the lengths of its clips,
    against those clips.
    """
    pool = Pool.load(Path(options.prepared) / "pool" / "val")
    recorded = [index for index, item in enumerate(pool.items) if item["kind"] in _RECORDED]
    rows = _thin(recorded, options.limit)
    if not rows:
        raise DataError("The validation pool holds no recorded clips", "Run: python -m runtime prepare --data FOLDER")
    orders = []
    for index in rows:
        item = pool.items[index]
        frames = item["frames"] // FRAME_MULTIPLE * FRAME_MULTIPLE
        orders.append(Order(pool.captions[item["captions"][0]], min(frames, MAX_FRAMES), index))
    motions = produce(options.generator, orders, options.digest(), options.cache, progress=options.progress)
    ours = physical.measure(motions).as_dict()
    data = physical.measure([pool.item_joints(index)[:MAX_FRAMES] for index in rows]).as_dict()
    ratios = {name: ours[name] / data[name] if data[name] > 0 else None for name in ours if name != "motions"}
    lines = [f"{'metric':<20}{'generated':>12}{'validation':>12}{'ratio':>8}"]
    for name, value in ours.items():
        ratio = ratios.get(name)
        lines.append(f"{name:<20}{value:>12.4g}{data[name]:>12.4g}" + ("" if ratio is None else f"{ratio:>8.2f}"))
    return {"generated": ours, "validation": data, "ratio": ratios, "text": "\n".join(lines)}


def run_diversity(options: Options) -> dict:
    """Measure how much seeds of one prompt differ: mean joint distance between two of them, centimetres."""
    prompts, motions = _obedience_motions(replace(options, seeds=max(2, options.seeds)))
    seeds = max(2, options.seeds)
    spread: dict[str, list[float]] = {}
    for index, prompt in enumerate(prompts):
        value = physical.diversity(motions[index * seeds : (index + 1) * seeds])
        spread.setdefault(prompt.family, []).append(100 * value)
    families = {family: float(np.mean(values)) for family, values in spread.items()}
    overall = float(np.mean([value for values in spread.values() for value in values]))
    lines = [f"{family:<18}{value:6.1f} cm" for family, value in [*families.items(), ("all", overall)]]
    return {"families": families, "overall": overall, "unit": "cm", "text": "\n".join(lines)}


def run_reconstruction(options: Options) -> dict:
    """Measure the autoencoder's error on whole clips (up to 196 frames) of performers it has not seen, millimetres."""
    prepared, generator = options.data(), options.generator()
    rows = []
    for split in ("val", "test"):
        for clip in _thin(prepared.of_split(split), options.limit):
            frames = min(clip["frames"], MAX_FRAMES) // FRAME_MULTIPLE * FRAME_MULTIPLE
            if frames < 4 * FRAME_MULTIPLE:
                continue
            truth = np.asarray(prepared.joints(clip)[:frames], dtype=np.float32)
            joint, pelvis = reconstruction_error(generator.reconstruct(truth), truth)
            rows.append({"set": clip["set"], "split": split, "frames": frames, "joint_mm": joint, "pelvis_mm": pelvis})
    if not rows:
        raise DataError("The prepared data holds no held-out clips", "Run: python -m runtime prepare --data FOLDER")
    result = {"clips": len(rows), **_weighted(rows)}
    result["sets"] = {name: _weighted([row for row in rows if row["set"] == name]) for name in {r["set"] for r in rows}}
    lines = [f"{'set':<14}{'joints mm':>10}{'pelvis mm':>10}{'95 % mm':>10}"]
    for name, row in [*sorted(result["sets"].items()), ("all", result)]:
        lines.append(f"{name:<14}{row['joint_mm']:>10.1f}{row['pelvis_mm']:>10.1f}{row['pelvis_p95_mm']:>10.1f}")
    return result | {"text": "\n".join(lines)}


def reconstruction_error(made: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return the mean joint error relative to the pelvis and the mean pelvis error, millimetres.

    ``made`` and ``truth`` are joints, both (frames, 22, 3), metres.
    """
    relative = (made - made[:, :1]) - (truth - truth[:, :1])
    joint = np.linalg.norm(relative[:, 1:], axis=2).mean()
    pelvis = np.linalg.norm(made[:, 0] - truth[:, 0], axis=1).mean()
    return float(1000 * joint), float(1000 * pelvis)


def _weighted(rows: list[dict]) -> dict:
    weights = [row["frames"] for row in rows]
    return {
        "joint_mm": float(np.average([row["joint_mm"] for row in rows], weights=weights)),
        "pelvis_mm": float(np.average([row["pelvis_mm"] for row in rows], weights=weights)),
        "pelvis_p95_mm": float(np.percentile([row["pelvis_mm"] for row in rows], 95)),
    }


def run_memorisation(options: Options) -> dict:
    """Measure the distance to the nearest training window: of generated motions, and of held-out recordings,
    centimetres.
    """
    prepared = options.data()
    _, motions = _obedience_motions(replace(options, seeds=min(options.seeds, 2)))
    training = physical.TrainingWindows(prepared.joints(clip) for clip in prepared.of_split("train"))
    clips = _thin([clip for split in ("val", "test") for clip in prepared.of_split(split)], options.limit)
    held = [fairness.middle(prepared.joints(clip)) for clip in clips]
    groups = {"generated": _thin(motions, options.limit), "held_out": held}
    result: dict = {"training_windows": len(training.windows), "unit": "cm"}
    lines = [f"{'set':<12}{'clips':>6}{'mean':>8}{'median':>8}{'5 %':>8}{'least':>8}"]
    for name, group in groups.items():
        distances = [100 * value for joints in group if (value := training.nearest(joints)) is not None]
        if not distances:
            raise DataError(f"No {name} motion lasts two seconds", "Use longer motions, or prepare more data")
        summary = {
            "clips": len(distances),
            "mean": float(np.mean(distances)),
            "median": float(np.median(distances)),
            "p5": float(np.percentile(distances, 5)),
            "least": float(np.min(distances)),
        }
        result[name] = summary
        lines.append(f"{name:<12}{summary['clips']:>6}" + "".join(f"{summary[key]:>8.1f}" for key in list(summary)[1:]))
    return result | {"text": "\n".join(lines)}


def run_benchmark(name: str, options: Options | Mapping | None = None) -> dict:
    """Run one benchmark. ``options`` is an :class:`Options` or a mapping of its fields, where the row may
    have usual ones of its own.

    Returns its figures ready for JSON, with ``benchmark`` (the name) and ``text`` (a table to print).
    Raises InputError for an unknown name, WeightsError or DataError for what is missing.
    """
    row = find(name)
    if not isinstance(options, Options):
        known = {key: value for key, value in (options or {}).items() if value is not None}
        unknown = set(known) - set(Options.__dataclass_fields__)
        if unknown:
            raise InputError(f"Unknown option {', '.join(sorted(unknown))}", "See python -m runtime evaluate --help")
        options = Options(**known if set(row.usual) & set(known) else {**row.usual, **known})
    if options.styles and not row.styled:
        raise InputError(f"{name} draws no motion in styles", "Leave --style out")
    result = {"benchmark": name} | row.load()(options)
    if "figure" in result and options.quality == "best" and not options.styles:
        digest = weights_digest if row.recognises or options.best_of else motion_digest
        results.record(options.cache, name, result["figure"], digest(options.weights))
    return result
