"""A style from clips and sentences: what the user calls teaching.

The clips' tokens are in the style within seconds, to be shown where their sentences are asked for
(generate/taught.py): that is all an action needs, and a manner. Where steps of training are asked for, low-rank changes
of the generator (adapter.py) then learn the lessons (lessons.py) while rehearsal (rehearsal.py) holds the rest of the
generator where it was. Clips are held out of that, so that one can see when to stop. Everything lies in a folder beside
the style until it is done, and the same call goes on where it was stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from coamd_blender.errors import InputError
from coamd_blender.wire.teaching import SO_FAR, folder_of
from runtime import checkpoint
from runtime.config import GeneratorConfig
from runtime.generate.generator import Generator
from runtime.generate.style import Style, StyleConfig
from runtime.generate.vocabulary import Vocabulary
from runtime.loop import Run, TrainSettings
from runtime.model.text_encoder import TextFeatures
from runtime.teach.adapter import Adapter
from runtime.teach.conflicts import contradictions
from runtime.teach.lessons import Clip, Lesson, lessons_of, shown_of, unheld
from runtime.teach.rehearsal import Rehearsal

if TYPE_CHECKING:
    from runtime.recognize.recognizer import Recognizer

_LESSONS, _PLAN = "lessons.safetensors", "plan.json"


@dataclass(frozen=True)
class TeachSettings:
    """How a style is taught; ``steps`` of training, 0 is by what is shown alone; ``held`` is how much the old sentences
    count against the new ones."""

    steps: int = 0
    rank: int = 16
    learning_rate: float = 2e-3
    batch: int = 12
    rehearsed: int = 12
    held: float = 8.0
    seed: int = 0


def teach(
    generator: Generator,
    clips: Sequence[Clip],
    out: Path,
    *,
    name: str,
    licence: str = "",
    manner: bool | None = None,
    settings: TeachSettings | None = None,
    recognizer: Recognizer | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Style | None:
    """Teach ``clips``, write the style to ``out``, and return it; None when the run was stopped before its end.

    At each validation the style so far lies in the folder of work. ``recognizer`` sees the clips, to know more like
    them. ``manner`` says whether a manner is taught and not an action, which changes what contradicts itself; None that
    the sentences tell.

    ``say`` is told, in a line each and before anything is trained, what is held out, what the clips cannot teach and
    what contradicts itself. The generator is changed while it is trained, and of no other use until its weights are
    loaded anew. Raises InputError when there is nothing to teach,
    when no clip fits the latents, or when ``out``'s folder of work belongs to other clips or settings.
    """
    settings = settings or TeachSettings()
    clips = _usable(generator, clips, say)
    folder = folder_of(out)
    plan = _plan(generator, clips, settings)
    _begin(folder, plan)
    shown = shown_of(generator, clips)
    for line in contradictions(clips, shown, generator.text_encoder, manner):
        say(line)
    held_out = _held_out(len(clips)) if settings.steps else ()
    if held_out:
        say(f"held out, to see what is learnt: {', '.join(clips[index].path.name for index in held_out)}")
    words = tuple(dict.fromkeys(sentence for clip in clips for sentence in clip.sentences))
    files = tuple(clip.path.name for clip in clips)
    told = tuple((len(each.tokens), each.clip, each.said) for each in shown)
    config = StyleConfig(name, plan["weights"], 0, words, files, licence, shown=told)
    style = _seen(Style(config, {}, torch.cat([each.tokens for each in shown])), clips, recognizer)
    if settings.steps:
        style.save(folder / SO_FAR)
        style = _learn(generator, clips, held_out, style, folder, settings)
    if style is not None:
        style.save(out)
    return style


def _seen(style: Style, clips: Sequence[Clip], recognizer: Recognizer | None) -> Style:
    if recognizer is None:
        return style
    vectors = torch.from_numpy(recognizer.embed_motions([clip.joints for clip in clips]))
    return replace(style, config=replace(style.config, seen_by=recognizer.digest), seen=vectors)


def _learn(
    generator: Generator,
    clips: Sequence[Clip],
    held_out: Sequence[int],
    style: Style,
    folder: Path,
    settings: TeachSettings,
) -> Style | None:
    """Train what ``style`` shows, or go on where it was stopped; None when it was stopped again."""
    config = replace(style.config, rank=settings.rank)
    lessons = _kept_lessons(generator, clips, folder, settings.seed)
    rehearsal = Rehearsal.of(generator, _vocabulary(generator), folder, settings.seed)
    torch.manual_seed(settings.seed)
    adapter = Adapter(generator.networks, settings.rank).to(generator.device)
    run = Run("teaching", adapter, _schedule(folder, settings), board=False)
    course = _Course(generator, adapter, lessons, rehearsal, held_out, settings)

    def validate(module: torch.nn.Module) -> dict[str, float]:
        figures = course.validate(module)
        so_far = replace(style, config=replace(config, scores=tuple(figures.items())), layers=adapter.layers())
        so_far.save(folder / SO_FAR)
        return figures

    run.train(course.step, validate)
    if not run.final_path.is_file():
        return None
    chosen = run.best_path if held_out else run.final_path
    _, average, extra = checkpoint.load(chosen, "teaching", GeneratorConfig)
    scores = (("steps", float(extra["step"])), ("validation", float(extra["validation"] or float("nan"))))
    return replace(style, config=replace(config, scores=scores), layers=adapter.layers(average))


def _usable(generator: Generator, clips: Sequence[Clip], say: Callable[[str], None]) -> list[Clip]:
    lost = {id(clip): error for clip, error in unheld(generator, clips)}
    for clip in clips:
        if id(clip) in lost:
            error = f"{100 * lost[id(clip)]:.0f} cm"
            say(f"{clip.path.name} is left out: the motion is not a person's, the network's body misses it by {error}")
    clips = [clip for clip in clips if id(clip) not in lost]
    if not clips:
        raise InputError("There is no clip to teach", "Give clips of a person, a sentence each")
    return clips


def _vocabulary(generator: Generator) -> Vocabulary:
    if generator.vocabulary is None:
        raise InputError(
            "These weights have no vocabulary.safetensors, so nothing can be rehearsed",
            "Make it with: python -m runtime train vocabulary",
        )
    return generator.vocabulary


def _plan(generator: Generator, clips: Sequence[Clip], settings: TeachSettings) -> dict:
    """Tell what a style depends on, so that work on another is not gone on with."""
    told = hashlib.sha256()
    for clip in clips:
        told.update(np.ascontiguousarray(clip.joints, dtype="<f4").tobytes())
        told.update(json.dumps([clip.path.name, *clip.sentences]).encode())
    return {"weights": generator.digest, "clips": told.hexdigest(), **asdict(settings)}


def _begin(folder: Path, plan: dict) -> None:
    """Make the folder of work, or see that it is of the same plan."""
    path = folder / _PLAN
    if path.is_file():
        if json.loads(path.read_text(encoding="utf-8")) != plan:
            raise InputError(
                f"{folder} holds the work on another style", "Delete the folder, or give --out another name"
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(plan), encoding="utf-8")
    os.replace(partial, path)


def _held_out(count: int) -> tuple[int, ...]:
    """Which of ``count`` clips are not taught: one in six from three clips on, spread over them."""
    chosen = 0 if count < 3 else max(1, count // 6)
    return tuple(round((index + 0.5) * count / chosen) for index in range(chosen)) if chosen else ()


def _kept_lessons(generator: Generator, clips: Sequence[Clip], folder: Path, seed: int) -> list[Lesson]:
    """Make the lessons, or read those of an earlier start."""
    path = folder / _LESSONS
    if not path.is_file():
        made = lessons_of(generator, clips, seed)
        told = json.dumps([[lesson.clip, len(lesson.tokens), lesson.captions] for lesson in made])
        partial = path.with_suffix(".partial")
        save_file({"tokens": torch.cat([lesson.tokens for lesson in made]).clone()}, partial)
        path.with_suffix(".json").write_text(told, encoding="utf-8")
        partial.replace(path)
    rows = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    parts = load_file(path)["tokens"].split([count for _, count, _ in rows])
    return [Lesson(part, tuple(said), clip) for part, (clip, _, said) in zip(parts, rows, strict=True)]


def _schedule(folder: Path, settings: TeachSettings) -> TrainSettings:
    return TrainSettings(
        folder,
        settings.steps,
        settings.learning_rate,
        warmup=min(30, settings.steps // 4 + 1),
        average=0.98,
        validate_every=50,
        save_seconds=15.0,
        seed=settings.seed,
    )


class _Course:
    """What a step learns from and what validation looks at."""

    def __init__(
        self,
        generator: Generator,
        adapter: Adapter,
        lessons: Sequence[Lesson],
        rehearsal: Rehearsal,
        held_out: Sequence[int],
        settings: TeachSettings,
    ):
        self.networks, self.adapter, self.settings = generator.networks, adapter, settings
        self.device, self.rehearsal = generator.device, rehearsal
        self.taught = [lesson for lesson in lessons if lesson.clip not in held_out]
        self.kept = [lesson for lesson in lessons if lesson.clip in held_out] or self.taught
        captions = list(dict.fromkeys(caption for lesson in lessons for caption in lesson.captions))
        self.rows = {caption: row for row, caption in enumerate(captions)}
        self.text = generator.encode(captions)

    def step(self, index: int) -> dict[str, torch.Tensor]:
        """Return the losses of one batch; random numbers are torch's, seeded by the loop."""
        rng = np.random.default_rng((self.settings.seed, index))
        lesson = self._loss([self.taught[row] for row in self._drawn(rng, self.taught)], rng)
        held = self.rehearsal.loss(self.networks, self.adapter, self.settings.rehearsed)
        return {"total": lesson + self.settings.held * held, "lesson": lesson, "forgotten": held}

    def _drawn(self, rng: np.random.Generator, lessons: Sequence[Lesson]) -> np.ndarray:
        """Rows of lessons, every clip as often as every other."""
        of_clip = np.array([lesson.clip for lesson in lessons])
        odds = 1 / np.array([np.sum(of_clip == clip) for clip in of_clip])
        return rng.choice(len(lessons), size=self.settings.batch, p=odds / odds.sum())

    def validate(self, _: torch.nn.Module) -> dict[str, float]:
        """Return the loss of what is held out, with the same draws at every call."""
        lessons, forgotten = [], []
        for index in range(8):
            torch.manual_seed(index)
            rng = np.random.default_rng(index)
            chosen = [self.kept[row] for row in self._drawn(rng, self.kept)]
            lessons.append(self._loss(chosen, rng).item())
            forgotten.append(self.rehearsal.loss(self.networks, self.adapter, self.settings.rehearsed).item())
        lesson, held = float(np.mean(lessons)), float(np.mean(forgotten))
        return {"total": lesson + self.settings.held * held, "lesson": lesson, "forgotten": held}

    def _loss(self, lessons: Sequence[Lesson], rng: np.random.Generator) -> torch.Tensor:
        tokens = torch.nn.utils.rnn.pad_sequence([lesson.tokens for lesson in lessons], batch_first=True)
        lengths = torch.tensor([len(lesson.tokens) for lesson in lessons])
        valid = torch.arange(tokens.shape[1]) < lengths[:, None]
        rows = torch.tensor([self.rows[lesson.captions[rng.integers(len(lesson.captions))]] for lesson in lessons])
        text = TextFeatures(*(part[rows.to(self.device)] for part in self.text))
        return self.networks.loss(tokens.to(self.device), valid.to(self.device), text, drop=0.0)
