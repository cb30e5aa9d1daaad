"""Train the recogniser on the training pool: motions against labels, descriptions, and descriptions turned false.

A batch holds clips of distinct wording. What may hold of another's motion as well is no negative: descriptions nearly
alike (unless they differ in a side or a direction), other wordings of one family, and single actions beside sequences
that may contain them. Where a description names a side, a way, a speed, a count, a limb or an order, its motion is also
held against the sentence that names the other one (:mod:`runtime.captions.opposites`).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from coamd_blender.errors import WeightsError
from runtime import checkpoint
from runtime.captions.opposites import opposites
from runtime.config import PRESETS, RecognizerConfig
from runtime.data.dataset import CaptionFeatures, Pool, encoded_captions
from runtime.evaluate.metrics import r_precision
from runtime.grammar.wording import wording
from runtime.loop import Run, encoding_progress, first_process_first, settings_for, share_of, training_device
from runtime.model import recognizer
from runtime.model.clip_text import SentenceEncoder, encoder_of
from runtime.model.recognizer import MotionRecognizer
from runtime.model.text_encoder import TextFeatures
from runtime.recognize.labels import family_texts
from runtime.train.camera import seen_by_camera
from runtime.train.recognizer_measures import calibrate, common_to, padded, side_axis_of
from runtime.train.retrieval import retrieval_batches
from runtime.weights import RECOGNIZER

SHORTEST_CROP = 0.85  # of a clip: its captions hold for nearly all of it
CAMERA_SHARE = 0.3  # of the motions of a batch
COMMON_SHARE = 0.75  # of what training motions have in common that is taken away before labels are compared
OPPOSITE_SHARE = 0.5  # of the total loss, for descriptions against their opposites
MOST_OPPOSITES = 30_000
LONGEST_LABEL = 6  # words of a caption without a subject that may serve as a label
COMPOUND = frozenset({"sequence", "layered"})  # kinds of pool items of several actions
_OPPOSED = re.compile(
    r"\b(left|right|back(?:wards?)?|reverse|forwards?|ahead|clockwise|counterclockwise|anticlockwise|fast|quickly|"
    r"slowly|up|down|once|twice|two|three|four|five)\b"
)
_SAME = {"backwards": "back", "backward": "back", "reverse": "back", "forward": "ahead", "forwards": "ahead"}
_SAME |= {"quickly": "fast", "anticlockwise": "counterclockwise", "twice": "two"}


def told_apart(captions: Sequence[str]) -> torch.Tensor:
    """Tell which pairs (n, n) of captions name different sides, directions, speeds or counts, bool."""
    named = [frozenset(_SAME.get(word, word) for word in _OPPOSED.findall(text.lower())) for text in captions]
    return torch.tensor([[one != other for other in named] for one in named])


class Batch(NamedTuple):
    """Motions with a description and a label each, and what is known of the pairs."""

    joints: torch.Tensor  # (n, frames, 22, 3)
    lengths: torch.Tensor  # (n,)
    text: TextFeatures  # descriptions
    text_ignored: torch.Tensor  # (n, n) bool: descriptions that may hold of another's motion
    label: TextFeatures
    label_positive: torch.Tensor  # (n, n) bool: row a motion, column a label that is true of it
    label_ignored: torch.Tensor  # (n, n) bool: labels that may be true of the motion
    opposite: TextFeatures  # a false description each, where there is one
    has_opposite: torch.Tensor  # (n,) bool

    def to(self, device: torch.device) -> Batch:
        """Return the batch on ``device``."""
        return Batch(*(_each(part, lambda tensor: tensor.to(device)) for part in self))

    def shared(self) -> Batch:
        """Return this process's slice: its motions against its texts."""
        pairs = {"text_ignored", "label_positive", "label_ignored"}
        return Batch(
            **{
                name: share_of(share_of(part).T).T if name in pairs else _each(part, share_of)
                for name, part in self._asdict().items()
            }
        )


def _each(
    part: torch.Tensor | TextFeatures, change: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor | TextFeatures:
    return TextFeatures(*(change(tensor) for tensor in part)) if isinstance(part, TextFeatures) else change(part)


def label_pairs(
    texts: Sequence[str], family_wide: Sequence[bool], families: Sequence[str], compound: Sequence[bool]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Tell what labels (columns) are to motions (rows): (positive, ignored), both (n, n) bool.

    Motion i has ``families[i]``, several actions if ``compound[i]``, and the label ``texts[i]``, which means its whole
    family if ``family_wide[i]``. A label is true of its own motion, of motions with an equal label, and, meaning a
    family, of its single actions. It may be true of others of the family, and a single action's label of any sequence.
    """
    family, text = np.array(families), np.array(texts)
    wide, several = np.array(family_wide), np.array(compound)
    same_family = family[:, None] == family[None]
    positive = np.eye(len(text), dtype=bool) | (text[:, None] == text[None])
    positive |= same_family & wide[None] & ~several[:, None]
    ignored = (same_family | (several[:, None] & ~several[None])) & ~positive
    return torch.from_numpy(positive), torch.from_numpy(ignored)


class PairSampler:
    """Batches of pool items with a description and a label each; the same for the same seed."""

    def __init__(
        self,
        pool: Pool,
        captions: CaptionFeatures,
        labels: dict[str, tuple[str, ...]],
        encoder: SentenceEncoder,
        cache: Path | None = None,
    ):
        """``cache`` is a folder in which to keep the encoded opposites of the captions."""
        self.pool = pool
        self.captions = captions
        self.labels = labels  # texts that mean a family
        self._label_texts = [text for texts in labels.values() for text in texts]
        self._label_rows = {text: row for row, text in enumerate(self._label_texts)}
        encoded = CaptionFeatures.encode(self._label_texts, encoder)
        self._label_features = CaptionFeatures(encoded.tokens.cpu(), encoded.starts)
        self._pool_text = encoder.pool
        self.opposites = Opposites(pool.captions, encoder, cache)
        self.wordings = [wording(caption) for caption in pool.captions]
        weights = np.array([item["weight"] for item in pool.items])
        self.share = weights / weights.sum()

    def batch(self, seed: int, size: int) -> Batch:
        """Draw ``size`` items (fewer when the pool has not as many wordings), cropped and jittered."""
        draw = np.random.default_rng(seed)
        rows, captions = self._distinct(draw, size)
        items = [self.pool.items[row] for row in rows]
        motions = [jittered(cropped(self.pool.item_joints(row), draw), draw) for row in rows]
        motions = [seen_by_camera(motion, draw) if draw.random() < CAMERA_SHARE else motion for motion in motions]
        text = self.captions.gather(captions)
        labels, label = self._labels_of(items, draw)
        positive, ignored = label_pairs(
            [text for text, _ in labels],
            [wide for _, wide in labels],
            [item["family"] for item in items],
            [item["kind"] in COMPOUND for item in items],
        )
        alike = self._alike(items, captions, text)
        opposite = self.opposites.of(captions)
        return Batch(*padded(motions), text, alike, label, positive, ignored, *opposite)

    def _distinct(self, draw: np.random.Generator, size: int) -> tuple[list[int], list[int]]:
        """Rows of items and a caption of each, no two of one wording."""
        rows, captions, seen = [], [], set()
        for row in draw.choice(len(self.pool.items), size=4 * size, p=self.share):
            caption = int(draw.choice(self.pool.items[row]["captions"]))
            if self.wordings[caption] not in seen and row not in rows:
                seen.add(self.wordings[caption])
                rows.append(int(row))
                captions.append(caption)
            if len(rows) == size:
                break
        return rows, captions

    def _alike(self, items: list[dict], captions: list[int], text: TextFeatures) -> torch.Tensor:
        """Pairs (n, n) of which description j may hold of motion i: alike, or among the other's own wordings."""
        vectors = self._pool_text(text.tokens, text.valid)
        alike = recognizer.same_meaning(vectors @ vectors.T, told_apart([self.pool.captions[c] for c in captions]))
        own = [{self.wordings[caption] for caption in item["captions"]} for item in items]
        told = [self.wordings[caption] for caption in captions]
        return alike | torch.tensor([[text in wordings for text in told] for wordings in own])

    def _labels_of(self, items: list[dict], draw: np.random.Generator) -> tuple[list[tuple[str, bool]], TextFeatures]:
        """Choose a label a motion; return each, whether it means the family, and the labels' features.

        Half of the single actions take a name of their family, all others a short caption of their own.
        """
        chosen, parts = [], []
        for item in items:
            short = [c for c in item["captions"] if self._is_short(c, item)]
            family = item["kind"] not in COMPOUND and (not short or draw.random() < 0.5)
            if family:
                text = str(draw.choice(self.labels[item["family"]]))
                parts.append(self.features_of([text]).tokens[0])
            else:
                caption = int(draw.choice(short or item["captions"]))
                text = self.wordings[caption]
                parts.append(self.captions.gather([caption]).tokens[0])
            chosen.append((text, family))
        tokens = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)
        valid = torch.arange(tokens.shape[1]) < torch.tensor([len(part) for part in parts])[:, None]
        return chosen, TextFeatures(tokens, valid, tokens.new_zeros(len(parts), 0))

    def features_of(self, texts: Sequence[str]) -> TextFeatures:
        """Return the features of texts that mean a family."""
        return self._label_features.gather([self._label_rows[text] for text in texts])

    def _is_short(self, caption: int, item: dict) -> bool:
        """Whether a caption reads like a label: no subject, and few words (of a sequence, any number)."""
        text = self.pool.captions[caption]
        bare = self.wordings[caption] == " ".join(text.lower().rstrip(". ").split())
        return bare and (item["kind"] in COMPOUND or len(text.split()) <= LONGEST_LABEL)


class Opposites:
    """Captions of a pool turned false, encoded once: an opposite each of up to ``MOST_OPPOSITES`` of them."""

    def __init__(self, captions: Sequence[str], encoder: SentenceEncoder, cache: Path | None = None):
        every = max(1, len(captions) // MOST_OPPOSITES)
        found = [_one_opposite(caption, row) if row % every == 0 else [] for row, caption in enumerate(captions)]
        self._starts = np.cumsum([0, *(len(texts) for texts in found)])
        texts = [text for told in found for text in told] or [captions[0]]
        path = None if cache is None else Path(cache) / "opposites.safetensors"
        if path is not None and path.is_file() and len(CaptionFeatures.load(path).starts) == len(texts) + 1:
            self._features = CaptionFeatures.load(path)
            return
        encoded = CaptionFeatures.encode(texts, encoder, progress=encoding_progress("opposites"))
        self._features = CaptionFeatures(encoded.tokens.cpu(), encoded.starts)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._features.save(path)

    def of(self, captions: Sequence[int]) -> tuple[TextFeatures, torch.Tensor]:
        """Return an opposite of each caption (any text where it has none), and which have one (n,) bool."""
        first, last = self._starts[list(captions)], self._starts[[caption + 1 for caption in captions]]
        has = last > first
        return self._features.gather(np.where(has, first, 0).tolist()), torch.from_numpy(has)


def _one_opposite(caption: str, row: int) -> list[str]:
    """Return one of the opposites of ``caption``, another kind from row to row; none where it has none."""
    found = list(opposites(caption).values())
    return found[row % len(found) : row % len(found) + 1] if found else []


def cropped(joints: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return a random stretch (frames', 22, 3), metres, of at least 85 % of ``joints`` (frames, 22, 3)."""
    frames = round(len(joints) * draw.uniform(SHORTEST_CROP, 1.0))
    start = draw.integers(0, len(joints) - frames + 1)
    return np.asarray(joints[start : start + frames], dtype=np.float32)


def jittered(joints: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, of a body up to a tenth larger or smaller.

    Two times in five they shiver by up to 5 mm, as generated ones do, and once in five by up to 25 mm, as those of
    depth cameras do.
    """
    size = draw.uniform(0.9, 1.1)
    shiver = draw.uniform(0, draw.choice((0.0, 0.005, 0.025), p=(0.4, 0.4, 0.2)))
    return (joints * size + shiver * draw.standard_normal(joints.shape)).astype(np.float32)


def losses(module: MotionRecognizer, batch: Batch) -> dict[str, torch.Tensor]:
    """Return the losses of a batch, scalars without a unit.

    total = description + 0.5 recognition (its streams at a third each) + 0.5 opposite.
    """
    motion = module.motion(batch.joints, batch.lengths)
    text, label = module.descriptions(batch.text), module.labels(batch.label)
    description = recognizer.with_streams(
        lambda part: recognizer.description_loss(part, text, batch.text_ignored, module.config.temperature), motion
    )
    recognition = recognizer.with_streams(
        lambda part: recognizer.recognition_loss(part, label, batch.label_positive, batch.label_ignored), motion
    )
    false = module.descriptions(batch.opposite)
    opposite = recognizer.opposite_loss(motion.fused, text, false, batch.has_opposite, module.config.temperature)
    total = description + recognizer.RECOGNITION_SHARE * recognition + OPPOSITE_SHARE * opposite
    return {"total": total, "description": description, "recognition": recognition, "opposite": opposite}


def train_recognizer(
    prepared: Path,
    run: Path,
    *,
    weights: Path,
    preset: str = "base",
    steps: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    precision: str = "float32",
    accumulate: int = 1,
    captions: Path | None = None,
    start: Sequence[Path] = (),
) -> Path:
    """Train on the pool in ``prepared``; returns the path of recognizer.safetensors: the averaged weights with the best
    validation retrieval, their recognition calibrated on the validation pool.

    ``weights`` is the folder that holds the text encoder; ``captions`` the folder of another run on the same pool whose
    encoded captions to read; ``start`` trained recognisers, the mean of whose weights to begin from (in no ``steps``,
    that is what is measured and written). What is not given is the preset's schedule, or without one 3,000 steps of 96
    clips.
    Raises DataError without a pool, WeightsError without the text encoder.
    """
    run, pools, sizes = Path(run), Path(prepared) / "pool", PRESETS[preset]
    device = training_device()
    encoder = encoder_of(weights, sizes.recognizer.text_dim).to(device)
    judged = retrieval_batches(Pool.load(pools / "val"))
    with first_process_first():
        train, val = (_sampler(pools / name, run / name, encoder, captions) for name in ("train", "val"))
    module = MotionRecognizer(sizes.recognizer)
    _begin(module, train, start)
    if start and steps == 0:
        _finish(run / RECOGNIZER, module, {}, (train, val), device)
        return run / RECOGNIZER
    schedule = sizes.recognizer_schedule
    size = batch or (schedule.batch if schedule else 96)
    ours = {"steps": 3000, "learning_rate": 6e-4, "weight_decay": 1e-2, "average": 0.998, "validate_every": 250}
    chosen = {"steps": steps, "learning_rate": learning_rate, "precision": precision}
    settings = settings_for(run, schedule, len(train.pool.items), ours, seed=seed, accumulate=accumulate, **chosen)
    job, judge = Run("recognizer", module.to(device), settings), _validation(val, judged, device)
    job.train(
        lambda index: losses(module, train.batch(seed * 1_000_003 + index, size).shared().to(device)),
        judge,
    )
    if job.rank == 0 and job.step >= settings.steps:
        _, tensors, extra = checkpoint.load(job.best_path, "recognizer", type(module.config))
        checkpoint.load_module(module, tensors, "recogniser")
        _finish(run / RECOGNIZER, module, extra, (train, val), device)
    return run / RECOGNIZER


def _begin(module: MotionRecognizer, train: PairSampler, start: Sequence[Path]) -> None:
    if start:
        begin_from(module, *start)
    else:
        set_statistics(module, [train.batch(10_000_000 + index, 64) for index in range(8)])


def begin_from(module: MotionRecognizer, *paths: Path) -> None:
    """Copy a trained recogniser's weights and statistics into ``module``, or the mean of several's.

    The mean of networks that come of one start is often better than each of them (Wortsman et al. 2022, model soups).
    Pooled readings, what motions have in common, and the axis of sides stay zero where a file lacks them, so that they
    change no output; the temperature may be another.
    Raises WeightsError when anything else differs.
    """
    empty = {
        key: value.clone()
        for key, value in module.state_dict().items()
        if key.endswith((".pooled.weight", "common", "side"))
    }
    found = []
    for path in paths:
        one = copy.deepcopy(module)
        checkpoint.load_module(one, {**empty, **_alike(module, path)}, "recogniser")
        found.append(one.state_dict())
    mean = {key: torch.stack([tensors[key] for tensors in found]).mean(dim=0) for key in found[0]}
    checkpoint.load_module(module, mean, "recogniser")


def _alike(module: MotionRecognizer, path: Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a trained recogniser of the same configuration as ``module``, else WeightsError."""
    config, tensors, _ = checkpoint.load(path, "recognizer", RecognizerConfig)
    ours, theirs = asdict(module.config), asdict(config)
    for name in ours:  # the same tensors mean something else with other heads, or another label_text
        if name not in ("pooled", "temperature", "side_axis") and ours[name] != theirs[name]:
            raise WeightsError(
                f"{Path(path).name} has {name} {theirs[name]}, the recogniser to be trained {ours[name]}",
                "Start from a recogniser of the same preset",
            )
    return tensors


def _finish(
    path: Path, module: MotionRecognizer, extra: dict, samplers: tuple[PairSampler, PairSampler], device: torch.device
) -> None:
    """Measure along what sides lie and what motions have in common, calibrate ``module`` and write it to ``path``.

    ``samplers`` are of training and of validation; ``extra`` goes into the file.
    """
    train, val = samplers
    module.eval().to(device)
    if module.config.side_axis:
        module.side.copy_(side_axis_of(module, train.pool, device))
    module.common.copy_(COMMON_SHARE * common_to(module, train.pool, device))
    motions, labels, truth = _single_actions(module, val, device)
    module.calibration.copy_(calibrate((motions - module.common) @ labels.T, truth))
    checkpoint.save(path, "recognizer", module.config, module.state_dict(), extra)


@torch.no_grad()
def set_statistics(module: MotionRecognizer, batches: list[Batch]) -> None:
    """Measure mean and deviation of each stream; the three axes of a joint share a deviation of at least 2 cm, for
    velocities 2 mm a frame, so that joints that hardly move are not blown up."""
    values: dict[str, list[torch.Tensor]] = {}
    for batch in batches:
        seen = torch.arange(batch.joints.shape[1]) < batch.lengths[:, None]
        for name, value in recognizer.stream_values(batch.joints, batch.lengths).items():
            values.setdefault(name, []).append(value[seen])
    for name, parts in values.items():
        all_of = torch.cat(parts)
        least = 0.002 if name == "velocities" else 0.02
        deviation = all_of.std(dim=0).unflatten(0, (-1, 3)).square().mean(dim=1).sqrt().clamp(min=least)
        getattr(module, f"{name}_mean").copy_(all_of.mean(dim=0))
        getattr(module, f"{name}_std").copy_(deviation.repeat_interleave(3))


def _validation(
    sampler: PairSampler, batches: Sequence[np.ndarray], device: torch.device
) -> Callable[[MotionRecognizer], dict[str, float]]:
    """Return what judges: retrieval within ``batches``, and how often a single action finds its family."""
    pool = sampler.pool

    def validate(averaged: MotionRecognizer) -> dict[str, float]:
        scores = []
        for rows in batches:
            joints, lengths = padded([pool.item_joints(row) for row in rows])
            text = sampler.captions.gather([pool.items[row]["captions"][0] for row in rows])
            motions = averaged.motion(joints.to(device), lengths.to(device)).fused
            words = averaged.descriptions(TextFeatures(*(part.to(device) for part in text)))
            scores.append(r_precision(words.cpu().numpy(), motions.cpu().numpy()))
        top1, _, top3 = (float(score) for score in np.mean(scores, axis=0))
        motions, labels, truth = _single_actions(averaged, sampler, device)
        family = ((motions @ labels.T).argmax(dim=1) == truth).float().mean().item()
        return {"total": 1 - 0.5 * (top1 + top3), "r1": top1, "r3": top3, "family": family}

    return validate


@torch.no_grad()
def _single_actions(
    module: MotionRecognizer, sampler: PairSampler, device: torch.device, most: int = 400
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Vectors of at most ``most`` single actions (n, dim), of their families (labels, dim), and which is whose (n,)."""
    items = sampler.pool.items
    single = [row for row, item in enumerate(items) if item["kind"] not in COMPOUND]
    single = single[:: max(1, -(-len(single) // most))]
    families = sorted({items[row]["family"] for row in single})
    vectors = []
    for first in range(0, len(single), 64):
        joints, lengths = padded([sampler.pool.item_joints(row) for row in single[first : first + 64]])
        vectors.append(module.seen(joints.to(device), lengths.to(device)))
    labels = []
    for family in families:
        text = sampler.features_of(sampler.labels[family])
        labels.append(module.names(TextFeatures(*(part.to(device) for part in text))).mean(dim=0))
    truth = torch.tensor([families.index(items[row]["family"]) for row in single], device=device)
    return torch.cat(vectors), torch.nn.functional.normalize(torch.stack(labels), dim=-1), truth


def _sampler(pool: Path, cache: Path, encoder: SentenceEncoder, elsewhere: Path | None) -> PairSampler:
    """Return the sampler of the pool in a folder; ``elsewhere`` is another run's folder, with the same pool's name."""
    found = Pool.load(pool)
    kept = elsewhere and Path(elsewhere) / pool.name
    captions = encoded_captions(found, cache, encoder, kept, encoding_progress("captions"))
    families = sorted({item["family"] for item in found.items})
    return PairSampler(found, captions, {family: family_texts(family) for family in families}, encoder, cache)
