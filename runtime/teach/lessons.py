"""Clips and their sentences to latent tokens: what a style shows, and what training reads, with a few ways to say each.

Every clip is taught at three tempi and, its sentence's sides swapped with it, in its mirror image; a long one in
windows. A short one is taught within a longer motion too, for prompts ask for four seconds and more: what comes before
and after it the generator draws itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import FPS, FRAME_MULTIPLE, MAX_FRAMES, mirror, with_bone_lengths
from runtime import formats
from runtime.formats.canonical import resample
from runtime.generate.generator import Generator
from runtime.generate.taught import Shown
from runtime.grammar.inflection import mirrored
from runtime.grammar.sentences import captions_of, told
from runtime.model.sampling import Known
from runtime.teach.rehearsal import QUICK

_TEMPI = (1.0, 0.87, 1.15)
_SHORTEST = 16  # frames
_SHORT = 64  # frames: what is shorter is taught within a longer motion too
_WAYS = 12  # to say a sentence
_AROUND = "a person stands still"
_AROUND_TOKENS = (20, 30)  # lengths of the longer motions: 4 and 6 seconds
_LOST = 0.06  # metres: what the latents cannot hold to this cannot be taught


@dataclass(frozen=True, eq=False)
class Clip:
    """A clip of the user's: its file, its motion (frames, 22, 3), metres, 20 a second, and what is said of it."""

    path: Path
    joints: np.ndarray
    sentences: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Lesson:
    """Latent tokens (count, dim) of one variant of clip ``clip`` and captions of it."""

    tokens: torch.Tensor
    captions: tuple[str, ...]
    clip: int


def read_clips(sentences: dict[Path, list[str]]) -> list[Clip]:
    """Read the clips; of a file with several pieces the longest. Raises DataError for what cannot be read, and
    InputError for a clip of less than 0.8 seconds."""
    clips = []
    for path, said in sentences.items():
        joints = formats.read.read_motion(path)
        if len(joints) < _SHORTEST:
            raise InputError(f"{path.name} lasts {len(joints) / FPS:.1f} s", f"Teach clips of {_SHORTEST / FPS:g} s on")
        clips.append(Clip(path, joints, tuple(said)))
    return clips


def unheld(generator: Generator, clips: Sequence[Clip]) -> list[tuple[Clip, float]]:
    """Return the clips that the generator's latents cannot hold, with the mean error of a joint in metres."""
    found = []
    for clip in clips:
        window = clip.joints[: min(len(clip.joints), MAX_FRAMES) // FRAME_MULTIPLE * FRAME_MULTIPLE]
        error = float(np.linalg.norm(generator.reconstruct(window) - window, axis=-1).mean())
        if error > _LOST:
            found.append((clip, error))
    return found


def lessons_of(generator: Generator, clips: Sequence[Clip], seed: int) -> list[Lesson]:
    """Return the lessons of ``clips``, the same for the same seed."""
    made = []
    for index, clip in enumerate(clips):
        rng = np.random.default_rng((seed, index))
        tolds = [told(sentence) for sentence in clip.sentences]
        plain = tuple(captions_of(tolds, rng, _WAYS))
        swapped = tuple(mirrored(caption) for caption in plain)
        short = []
        for joints, flipped, tempo in _variants(clip.joints, rng):
            captions = swapped if flipped else plain
            made.append(Lesson(_encoded(generator, joints), captions, index))
            if tempo == 1 and len(joints) < _SHORT:
                short.append(made[-1])
        made += _surrounded(generator, short, rng)
    return made


def shown_of(generator: Generator, clips: Sequence[Clip]) -> list[Shown]:
    """Return what a style shows of ``clips``: each at three tempi, a long one in windows, and the mirror image of one
    whose every sentence names a side, with the sides of the sentences swapped."""
    made = []
    for index, clip in enumerate(clips):
        swapped = tuple(mirrored(sentence) for sentence in clip.sentences)
        sided = all(one != other for one, other in zip(clip.sentences, swapped, strict=True))
        for joints, flipped, _ in _variants(clip.joints, None):
            if sided or not flipped:
                made.append(Shown(_encoded(generator, joints), swapped if flipped else clip.sentences, index))
    return made


def _variants(joints: np.ndarray, rng: np.random.Generator | None) -> Iterator[tuple[np.ndarray, bool, float]]:
    """Yield (motion (frames, 22, 3), whether it is a mirror image, its tempo): frames a multiple of 4, at most 196."""
    for tempo in _TEMPI:
        at_tempo = joints if tempo == 1 else with_bone_lengths(resample(joints, FPS * tempo))
        for start, stop in _windows(len(at_tempo), rng):
            window = at_tempo[start:stop]
            yield window, False, tempo
            yield mirror(window), True, tempo


def _windows(frames: int, rng: np.random.Generator | None) -> list[tuple[int, int]]:
    """Return (start, stop) of windows of a motion: the whole and, by ``rng``, one a little shorter; or of a long one
    several."""
    if frames > MAX_FRAMES:
        starts = np.linspace(0, frames - MAX_FRAMES, 2 + 2 * (frames // MAX_FRAMES)).astype(int).tolist()
        return [(start, start + MAX_FRAMES) for start in starts]
    whole = frames // FRAME_MULTIPLE * FRAME_MULTIPLE
    if rng is None:
        return [(0, whole)]
    less = min(whole - _SHORTEST, FRAME_MULTIPLE * int(rng.integers(0, max(1, whole // 32) + 1)))
    start = int(rng.integers(0, less + frames - whole + 1))
    return [(0, whole)] if less <= 0 else [(0, whole), (start, start + whole - less)]


def _encoded(generator: Generator, joints: np.ndarray) -> torch.Tensor:
    with torch.no_grad():
        batch = torch.tensor(joints[None], dtype=torch.float32, device=generator.device)
        return generator.autoencoder.encode(batch)[0][0].cpu()


def _surrounded(generator: Generator, lessons: Sequence[Lesson], rng: np.random.Generator) -> list[Lesson]:
    """Return lessons of longer motions, each with a short one somewhere in it and the rest drawn by the generator."""
    made = []
    for count in _AROUND_TOKENS if lessons else ():
        known = torch.zeros(len(lessons), count, lessons[0].tokens.shape[1], device=generator.device)
        given = torch.zeros_like(known, dtype=torch.bool)
        for row, lesson in enumerate(lessons):
            start = int(rng.integers(0, count - len(lesson.tokens) + 1))
            known[row, start : start + len(lesson.tokens)] = lesson.tokens.to(known)
            given[row, start : start + len(lesson.tokens)] = True
        seeds = rng.integers(2**31, size=len(lessons)).tolist()
        config = replace(generator.sampling, **QUICK)
        drawn = generator.draw([_AROUND] * len(lessons), count, seeds, config, known=Known(known, given)).cpu()
        made += [replace(lesson, tokens=tokens) for lesson, tokens in zip(lessons, drawn, strict=True)]
    return made
