"""Distil the generator: networks that draw in fewer and cheaper steps what the generator draws under guidance.

The student begins as its teacher. One pass of its transformer learns what the teacher's two passes say together under
guidance, whose weight it is told (Meng et al. 2023, on the distillation of guided diffusion models). Its head learns
the teacher's flow map: from where the teacher's solver stands at one time straight to where it stands at another
(Luhman and Luhman 2021; Kim et al. 2024, consistency trajectory models; Boffi et al. 2024, flow map matching), which it
is told as a mean velocity. All targets are points on the teacher's own paths, so that the same noise leads both to the
same tokens.

What is known around the masked tokens comes from the training pool, and for most batches from what the student itself
draws, as it will be when it is used (lessons.py). Of the head's jumps those are taught most that drawing takes, each
from where the one before it landed.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import torch

from runtime import checkpoint
from runtime.config import FAST_SAMPLING, GeneratorConfig
from runtime.data.dataset import Pool, TokenSampler
from runtime.loop import Run, TrainSettings, first_process_first, training_device
from runtime.model.clip_text import encoder_of
from runtime.model.generator import MotionGenerator
from runtime.model.sampling import guided, solver_times
from runtime.model.text_encoder import TextFeatures
from runtime.train.generator import finished_autoencoder, token_samplers
from runtime.train.lessons import TAUGHT, Lesson, Practice, draw_lesson
from runtime.weights import AUTOENCODER, GENERATOR, STUDENT, sha256

PRACTICE_SHARE = 0.75  # of the batches: of what the student meets where it is used
PICKED = 384  # tokens a batch whose paths are solved
BATCH = 30  # clips of mean length a batch


def train_student(
    prepared: Path,
    run: Path,
    *,
    weights: Path,
    steps: int = 1500,
    learning_rate: float = 3e-4,
    seed: int = 0,
    captions: Path | None = None,
    start: Path | None = None,
) -> Path:
    """Distil the generator in the folder ``weights`` on the pool in ``prepared``; returns the student's path.

    ``captions`` is the folder of another run on a pool of the same captions, whose encoded ones to read; ``start``
    names a student to begin from. Killed and started again it goes on from its last checkpoint. Raises WeightsError
    without the generator's weights.
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
    if start is not None:
        checkpoint.load_module(student, checkpoint.load(start, "generator", GeneratorConfig)[1], "generator")
    practice = Practice(weights, student, pool.captions, train.budget)
    settings = TrainSettings(run, steps, learning_rate, warmup=min(100, steps), average=0.995, seed=seed)
    job = Run("generator", student, settings)

    def step(index: int) -> dict[str, torch.Tensor]:
        number = seed * 1_000_003 + index
        return _losses(student, teacher, train, number, practice if torch.rand(()) < PRACTICE_SHARE else None)

    job.train(step, lambda averaged: _validated(averaged, teacher, val, practice))
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
    student: MotionGenerator,
    teacher: MotionGenerator,
    sampler: TokenSampler,
    index: int,
    practice: Practice | None = None,
) -> dict[str, torch.Tensor]:
    """Return the losses of batch ``index``, of ``practice`` where it is given: "total", and "end", the error of what is
    drawn."""
    device = student.importance.device
    if practice is None:
        tokens, valid, text, _ = sampler.batch(index)
        text = TextFeatures(*(part.to(device) for part in text))
        lesson = draw_lesson(student, tokens.to(device), valid.to(device), text)
    else:
        lesson, text = practice.lesson(index)
    places = torch.nonzero(lesson.hidden)
    places = places[torch.randperm(len(places), device=device)[:PICKED]]
    path = taught_path(teacher, text, lesson, places)
    vectors = student_conditions(student, text, lesson)[tuple(places.T)]
    return path_losses(student, vectors, path)


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
    """Return the squared errors, scalars without unit, of the student along ``path``, points (n, dim), under conditions
    ``vectors`` (n, width).

    "total" is that of mean velocities: of the jumps that drawing takes, each from where the one before it lands to the
    path, and between two times drawn for each row. "end" is that of the tokens that come out.
    """
    points, (count, last) = torch.stack(path), (len(vectors), len(path) - 1)
    times = torch.tensor(solver_times(last), device=vectors.device)
    projected, errors = student.head.condition(vectors), []

    def jumped(begin: torch.Tensor, first: torch.Tensor, then: torch.Tensor, goal: torch.Tensor) -> torch.Tensor:
        said = student.head.velocity(begin, times[first], projected, times[then])
        span = (times[then] - times[first])[:, None]
        errors.append((student.importance * (said - (goal - begin) / span).square()).mean())
        return (begin + span * said).detach()

    x, stride = points[0], last // FAST_SAMPLING.solver_steps
    for number in range(stride, last + 1, stride):
        then = torch.full((1,), number, device=vectors.device)
        x = jumped(x, then - stride, then, points[number])
    first = torch.randint(last, (count,), device=vectors.device)
    then = first + 1 + (torch.rand(count, device=vectors.device) * (last - first)).long()
    rows = torch.arange(count, device=vectors.device)
    jumped(points[first, rows], first, then, points[then, rows])
    end = (student.importance * (x - points[-1]).square()).mean()
    return {"total": torch.stack(errors).mean(), "end": end}


@torch.no_grad()
def _validated(
    averaged: MotionGenerator, teacher: MotionGenerator, sampler: TokenSampler, practice: Practice | None = None
) -> dict[str, float]:
    """Return the mean losses of 8 batches, half of them of ``practice``, with the same draws at every call."""
    sums: dict[str, float] = {}
    for index in range(8):
        torch.manual_seed(index)
        for name, value in _losses(averaged, teacher, sampler, index, practice if index % 2 else None).items():
            sums[name] = sums.get(name, 0.0) + value.item() / 8
    return sums
