"""Distil the generator: networks that draw in fewer and cheaper steps what the generator draws under guidance.

The student begins as its teacher. One pass of its transformer learns what the teacher's two passes say together under
guidance, whose weight it is told (Meng et al. 2023, on the distillation of guided diffusion models). Its head learns
the teacher's flow map: from where the teacher's solver stands at one time straight to where it stands at another
(Luhman and Luhman 2021; Kim et al. 2024, consistency trajectory models; Boffi et al. 2024, flow map matching), which it
is told as a mean velocity. All targets are points on the teacher's own paths, so that the same noise leads both to the
same tokens.

What is known around the masked tokens comes from the training pool, and for a share of the batches from what the
student itself draws, as it will be when it is used (Ross et al. 2011, DAgger).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import torch

from runtime import checkpoint
from runtime.config import GeneratorConfig, SamplingConfig
from runtime.data.dataset import Pool, TokenSampler
from runtime.loop import Run, TrainSettings, first_process_first, training_device
from runtime.model.clip_text import encoder_of
from runtime.model.generator import MotionGenerator, draw_mask
from runtime.model.sampling import guided, noise_of_seeds, sample, solver_times
from runtime.model.text_encoder import TextFeatures
from runtime.train.generator import finished_autoencoder, token_samplers
from runtime.weights import AUTOENCODER, GENERATOR, STUDENT, sha256

TAUGHT = SamplingConfig()  # how the teacher draws
DRAWN = replace(TAUGHT, steps=4, solver_steps=1)  # how the student draws what is known
DRAWN_SHARE = 0.3  # of the batches
WHOLE_SHARE = 0.2  # of the clips of which nothing is known
PLAIN_SHARE = 0.25  # of the batches under guidance away from the missing text alone, no layer skipped
USUAL_SHARE, NO_TEXT_SHARE = 0.6, 0.4  # of clips under the usual weight; of those in plain batches without a text
STRONGEST = 8.0  # weight of guidance
PICKED = 256  # tokens a batch whose paths are solved
BATCH = 30  # clips of mean length a batch


class Lesson(NamedTuple):
    """What a batch asks for: ``tokens`` (batch, count, dim) of clips, where they are ``valid`` and which of them are
    ``hidden`` (batch, count) bool, the ``weight`` of guidance (batch,), and whether it is ``skipping`` layers."""

    tokens: torch.Tensor
    valid: torch.Tensor
    hidden: torch.Tensor
    weight: torch.Tensor
    skipping: bool


def train_student(
    prepared: Path,
    run: Path,
    *,
    weights: Path,
    steps: int = 1500,
    learning_rate: float = 3e-4,
    seed: int = 0,
    captions: Path | None = None,
) -> Path:
    """Distil the generator in the folder ``weights`` on the pool in ``prepared``; returns the student's path.

    ``captions`` is the folder of another run on a pool of the same captions, whose encoded ones to read. Killed and
    started again it goes on from its last checkpoint. Raises WeightsError without the generator's weights.
    """
    run, device = Path(run), training_device()
    teacher = checkpoint.network(weights / GENERATOR, "generator", GeneratorConfig, MotionGenerator, "generator")
    teacher = teacher.eval().requires_grad_(False).to(device)
    text_encoder = encoder_of(weights, teacher.config.text_dim).to(device)
    with first_process_first():
        pool = Pool.load(Path(prepared) / "pool" / "train")
        coder = finished_autoencoder(weights / AUTOENCODER, run, pool, device, keep=True)
        train, val = token_samplers(prepared, run, captions, (coder, text_encoder), batch=BATCH)
    student = student_of(teacher).to(device)
    settings = TrainSettings(run, steps, learning_rate, warmup=min(100, steps), average=0.995, seed=seed)
    job = Run("generator", student, settings)

    def step(index: int) -> dict[str, torch.Tensor]:
        return _losses(student, teacher, train, seed * 1_000_003 + index)

    job.train(step, lambda averaged: _validated(averaged, teacher, val))
    if job.step >= steps:
        config, tensors, extra = checkpoint.load(job.final_path, "generator", GeneratorConfig)
        made_for = {"made_for": sha256(weights / GENERATOR)}
        checkpoint.save(run / STUDENT, "generator", config, tensors, extra | made_for)
    return run / STUDENT


def student_of(teacher: MotionGenerator) -> MotionGenerator:
    """Return networks to be distilled, which say what those of ``teacher`` say with the text alone."""
    student = MotionGenerator(replace(teacher.config, distilled=True))
    state = student.state_dict()
    student.load_state_dict(state | teacher.state_dict())
    return student


def _losses(
    student: MotionGenerator, teacher: MotionGenerator, sampler: TokenSampler, index: int
) -> dict[str, torch.Tensor]:
    """Return the losses of batch ``index``: "total", and "end" of it, the error of whole paths in one evaluation."""
    device = student.importance.device
    tokens, valid, text, _ = sampler.batch(index)
    tokens, valid = tokens.to(device), valid.to(device)
    text = TextFeatures(*(part.to(device) for part in text))
    lesson = draw_lesson(student, tokens, valid, text)
    places = torch.nonzero(lesson.hidden)
    places = places[torch.randperm(len(places), device=device)[:PICKED]]
    path = taught_path(teacher, text, lesson, places)
    vectors = student_conditions(student, text, lesson)[tuple(places.T)]
    return path_losses(student, vectors, path)


def draw_lesson(student: MotionGenerator, tokens: torch.Tensor, valid: torch.Tensor, text: TextFeatures) -> Lesson:
    """Draw what a batch of ``tokens`` (batch, count, dim), ``valid`` (batch, count) bool, asks for."""
    batch, count, dim = tokens.shape
    chance = torch.rand(3).tolist()
    skipping = chance[0] >= PLAIN_SHARE
    if skipping:
        weight = torch.where(
            torch.rand(batch) < USUAL_SHARE, TAUGHT.guidance_weight, 1 + (STRONGEST - 1) * torch.rand(batch)
        )
    else:
        weight = torch.where(torch.rand(batch) < NO_TEXT_SHARE, 0.0, STRONGEST * torch.rand(batch))
    weight = weight.to(tokens)
    if chance[1] < DRAWN_SHARE:
        seeds = torch.randint(2**31 - 1, (batch,)).tolist()
        noise, order = (part.to(tokens.device) for part in noise_of_seeds(seeds, count, dim))
        tokens, valid = sample(student, text, noise, order, DRAWN), torch.ones_like(valid)
    hidden = draw_mask(valid)
    whole = torch.rand(batch, 1, device=tokens.device) < WHOLE_SHARE
    return Lesson(tokens, valid, torch.where(whole, valid, hidden), weight, skipping)


@torch.no_grad()
def taught_path(
    teacher: MotionGenerator, text: TextFeatures, lesson: Lesson, places: torch.Tensor
) -> list[torch.Tensor]:
    """Return where the teacher's solver stands at each of its times: normalised tokens (n, dim) each, for those at
    ``places`` (n, 2: clip, token)."""
    transformer, batch = teacher.transformer, len(lesson.tokens)
    dropped = torch.arange(2 * batch, device=lesson.tokens.device) >= batch
    told = transformer.read(text.tokens.repeat(2, 1, 1), text.valid.repeat(2, 1), dropped)
    skipped = TAUGHT.skipped if lesson.skipping else ()
    vectors = transformer(
        lesson.tokens.repeat(2, 1, 1), lesson.hidden.repeat(2, 1), lesson.valid.repeat(2, 1), told, skipped, batch
    )
    row, column = places.T
    projected = teacher.head.condition(torch.cat([vectors[row, column], vectors[batch + row, column]]))
    weight = lesson.weight[row][:, None]
    rescale = TAUGHT.guidance_rescale * (weight > 0)  # without a text nothing is led
    x = TAUGHT.temperature * torch.randn(len(places), lesson.tokens.shape[-1], device=lesson.tokens.device)
    path = [x]
    for now, then in pairwise(solver_times(TAUGHT.solver_steps)):
        times = torch.full((1,), now, device=x.device)
        with_text, without = teacher.head.velocity(x.repeat(2, 1), times, projected).chunk(2)
        x = x + (then - now) * guided(without, with_text, weight, rescale)
        path.append(x)
    return path


def student_conditions(student: MotionGenerator, text: TextFeatures, lesson: Lesson) -> torch.Tensor:
    """Return the student's conditions (batch, count, width), no unit."""
    skipping = torch.full(lesson.weight.shape, lesson.skipping, device=lesson.weight.device)
    skipping &= lesson.weight > 1
    told = student.transformer.read(text.tokens, text.valid, lesson.weight == 0, (lesson.weight, skipping))
    return student.transformer(lesson.tokens, lesson.hidden, lesson.valid, told)


def path_losses(student: MotionGenerator, vectors: torch.Tensor, path: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the squared errors, scalars without unit, of mean velocities along ``path``, points (n, dim), under
    conditions ``vectors`` (n, width): from its begin to its end for all, and between two times drawn for each."""
    points, count = torch.stack(path), len(vectors)
    times = torch.tensor(solver_times(len(path) - 1), device=vectors.device)
    last, rows = len(path) - 1, torch.arange(count, device=vectors.device)
    first = torch.randint(last, (count,), device=vectors.device)
    then = first + 1 + (torch.rand(count, device=vectors.device) * (last - first)).long()
    begin = torch.cat([torch.zeros_like(first), first])
    end = torch.cat([torch.full_like(first, last), then])
    rows = rows.repeat(2)
    span = (times[end] - times[begin])[:, None]
    projected = student.head.condition(vectors).repeat(2, 1)
    said = student.head.velocity(points[begin, rows], times[begin], projected, times[end])
    error = (student.importance * (said - (points[end, rows] - points[begin, rows]) / span).square()).mean(dim=-1)
    return {"total": error.mean(), "end": error[:count].mean()}


@torch.no_grad()
def _validated(averaged: MotionGenerator, teacher: MotionGenerator, sampler: TokenSampler) -> dict[str, float]:
    """Return the mean losses of 8 batches, with the same draws at every call."""
    sums: dict[str, float] = {}
    for index in range(8):
        torch.manual_seed(index)
        for name, value in _losses(averaged, teacher, sampler, index).items():
            sums[name] = sums.get(name, 0.0) + value.item() / 8
    return sums
