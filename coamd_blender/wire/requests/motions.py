"""Requests that make motion: generate, edit, storyboard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ... import wire
from ...errors import InputError
from .. import limits
from ..checks import (
    check_number,
    check_quality,
    check_range,
    check_ranges,
    check_rate,
    check_scene,
    check_seconds,
    check_seed,
    check_styles,
    check_targets,
    check_text,
    is_number,
    is_texts,
    tidy_prompt,
)
from ..edit_modes import DEFAULT_MODE
from .base import Arrays, DrawingRequest, Fields, frozen

if TYPE_CHECKING:
    import numpy as np


class StyleChoice(NamedTuple):
    """A taught style, the file ``path``, and how strongly it is put on: 1 is as it was taught."""

    path: str
    strength: float = limits.DEFAULT_STRENGTH


def _styles_sent(styles: tuple[StyleChoice, ...]) -> Fields:
    return {"styles": [list(row) for row in styles]} if styles else {}


def _styles_of(fields: Fields) -> tuple[StyleChoice, ...]:
    """Take the styles in, unchecked."""
    rows = frozen(fields.get("styles") or ())
    whole = isinstance(rows, tuple) and all(isinstance(row, tuple) and len(row) == 2 for row in rows)
    return tuple(StyleChoice(*row) for row in rows) if whole else rows


def _quality_sent(quality: str | None) -> Fields:
    return {} if quality is None else {"quality": quality}


@dataclass(frozen=True)
class GenerateRequest(DrawingRequest):
    """Make one motion of ``seconds`` a prompt, with its seed. ``cfg`` is the classifier-free weight (None: the model's
    own), ``guidance`` the strength of the recogniser's pull (None or 0: none); ``ranked`` asks how well each motion
    does what was asked; ``styles`` are put on for this request; ``quality`` is one of ``limits.QUALITIES`` (None: the
    usual one).

    Result: fields ``fps``, ``seconds``, ``notes`` (lines on styles, on another quality than was asked for, and on what
    is far from anything learnt), ``scores`` (a number each, the higher the better, where ``ranked``); array ``joints``
    float32 (count, frames, 22, 3).
    """

    task: ClassVar[str] = "generate"
    prompts: tuple[str, ...]
    seconds: float
    seeds: tuple[int, ...]
    cfg: float | None = None
    guidance: float | None = None
    ranked: bool = False
    styles: tuple[StyleChoice, ...] = ()
    quality: str | None = None

    @classmethod
    def variants(
        cls,
        prompt: str,
        seconds: float = limits.DEFAULT_SECONDS,
        seed: int = limits.DEFAULT_SEED,
        count: int = 1,
        cfg: float | None = None,
        guidance: float | None = None,
        styles: tuple[StyleChoice, ...] = (),
    ) -> GenerateRequest:
        """Return the request for ``count`` variants of ``prompt``, ranked; seeds ``seed``, ``seed + 1``, ..."""
        seeds = tuple(int(seed) + copy for copy in range(count))
        return cls((prompt,) * count, float(seconds), seeds, cfg, guidance, count > 1, styles)

    def check(self) -> None:
        """Raise InputError for prompts, seeds, lengths and weights that cannot be used."""
        if not is_texts(self.prompts):
            raise InputError("The request has no list of prompts", "Send prompts as a list of texts")
        if not isinstance(self.seeds, (list, tuple)):
            raise InputError("The request has no list of seeds", "Send seeds as a list of whole numbers")
        for seed in self.seeds:
            check_seed(seed)
        if not 1 <= len(self.prompts) == len(self.seeds) <= limits.MOST_COPIES:
            raise InputError(
                f"{len(self.prompts)} prompts and {len(self.seeds)} seeds",
                f"Send 1 to {limits.MOST_COPIES}, as many of each",
            )
        for prompt in self.prompts:
            tidy_prompt(prompt)
        check_seconds(self.seconds)
        check_number("The classifier-free weight", self.cfg, limits.LARGEST_WEIGHT)
        check_number("The guidance", self.guidance, limits.LARGEST_WEIGHT)
        check_styles(self.styles)
        check_quality(self.quality)

    def check_answer(self, fields: Fields, arrays: Arrays) -> None:
        """Raise ProtocolError unless there is one motion a seed."""
        answers = wire.answers
        answers.field(fields, "fps", "a frame rate")
        made = answers.joints(arrays, (len(self.seeds), None))
        longest = limits.LONGEST_FRAMES
        answers.owe(made.shape[1] <= longest, f"has {made.shape[1]} frames, more than {longest}")
        answers.notes(fields)
        answers.weights(fields)
        if fields.get("scores") is not None:
            scores = answers.field(fields, "scores", "a list")
            answers.owe(len(scores) == len(self.seeds) and all(map(is_number, scores)), "lacks a score for each motion")

    def _fields(self) -> Fields:
        return {
            "prompts": list(self.prompts),
            "seconds": self.seconds,
            "seeds": list(self.seeds),
            "cfg": self.cfg,
            "guidance": self.guidance,
            **({"ranked": True} if self.ranked else {}),
            **_styles_sent(self.styles),
            **_quality_sent(self.quality),
        }

    @classmethod
    def _of(cls, fields: Fields, arrays: Arrays) -> GenerateRequest:
        prompts, seeds = frozen(fields.get("prompts")), frozen(fields.get("seeds"))
        told = (fields.get(name) for name in ("cfg", "guidance"))
        ranked, quality = fields.get("ranked") is True, fields.get("quality")
        return cls(prompts, fields.get("seconds"), seeds, *told, ranked, _styles_of(fields), quality)


_WAY = ("place_points", "place_frames", "place_headings")


class EditRange(NamedTuple):
    """Frames ``start`` to ``stop``, ``stop`` excluded, that are made anew in ``mode``, one of EDIT_MODES."""

    start: int
    stop: int
    mode: str = DEFAULT_MODE


@dataclass(frozen=True, eq=False)
class EditRequest(DrawingRequest):
    """Make ``ranges`` of a clip ``joints`` (frames, 22, 3) at ``fps`` frames a second anew, and touch nothing else.

    ``parts``: body parts and joints, by commas, that alone are made anew (on the wire the field ``joints``);
    ``keep``: share, 0 to 1, that stays in a mode that keeps one; ``path`` (points, 2: x, z): a curve on the ground for
    the pelvis, for one range; ``target_points`` (count, 3) where the joints ``target_joints`` (count,) must be at the
    frames ``target_frames`` (count,); ``place_points`` (count, 2: x, z) that the pelvis passes at the frames
    ``place_frames`` (count,), from the range's start to its end, where the body looks along ``place_headings``
    (count,), radians from +Z towards +X, not a number for where it goes. All in the clip's own coordinates.
    ``styles`` and ``quality`` are as in :class:`GenerateRequest`. Result: field ``fps``, array ``joints``.
    """

    task: ClassVar[str] = "edit"
    joints: np.ndarray
    fps: float
    ranges: tuple[EditRange, ...]
    prompt: str = ""
    parts: str | None = None
    keep: float = limits.DEFAULT_KEEP
    seed: int = limits.DEFAULT_SEED
    cfg: float | None = None
    path: np.ndarray | None = None
    target_points: np.ndarray | None = None
    target_joints: np.ndarray | None = None
    target_frames: np.ndarray | None = None
    styles: tuple[StyleChoice, ...] = ()
    quality: str | None = None
    place_points: np.ndarray | None = None
    place_frames: np.ndarray | None = None
    place_headings: np.ndarray | None = None

    def check(self) -> None:
        """Raise InputError for a clip, ranges or wishes that cannot be used."""
        wire.array_checks.check_clip(self.joints)
        check_rate(self.fps)
        check_text("The prompt", self.prompt)
        if self.prompt.strip():
            tidy_prompt(self.prompt)
        if self.parts is not None:
            check_text("The joints", self.parts)
        check_number("The share to keep", self.keep, 1.0)
        check_seed(self.seed)
        check_number("The classifier-free weight", self.cfg, limits.LARGEST_WEIGHT)
        check_styles(self.styles)
        check_quality(self.quality)
        self._check_ranges()
        self._check_targets()
        wire.array_checks.immovable_joints(self.parts)

    def _check_ranges(self) -> None:
        if not isinstance(self.ranges, tuple) or not self.ranges:
            raise InputError("The request has no list of ranges", "Send ranges as [[start, stop, mode], ...]")
        if len(self.ranges) > limits.MOST_RANGES:
            raise InputError(f"{len(self.ranges)} ranges are too many", f"Edit {limits.MOST_RANGES} at a time")
        for row in self.ranges:
            whole = isinstance(row, tuple) and len(row) == 3 and all(type(number) is int for number in row[:2])
            if not whole or not isinstance(row[2], str):
                told = list(row) if isinstance(row, tuple) else row
                raise InputError(f"{told!r} is not a range", "Send [start, stop, mode]")
            check_range(*row)
        if len(self.ranges) > 1 and self.path is not None:
            raise InputError("A path cannot be followed in several ranges", "Leave the path out, or choose one range")
        wire.array_checks.check_path(self.path, self.ranges[0].mode, self.parts)
        check_ranges([row[:2] for row in self.ranges], len(self.joints))
        self._check_way()

    def _check_way(self) -> None:
        points = self.place_points
        if points is None:
            return
        if len(self.ranges) > 1:
            raise InputError("Places cannot be passed in several ranges", "Leave them out, or choose one range")
        if self.path is not None:
            raise InputError("A path and places both say where to go", "Leave one out")
        checks, (start, stop, mode) = wire.array_checks, self.ranges[0]
        checks.check_way(points, self.place_frames, self.place_headings, (start, stop))
        checks.check_led(mode, self.parts)

    def _check_targets(self) -> None:
        points, joints, frames = self.target_points, self.target_joints, self.target_frames
        if points is not None:
            wire.array_checks.check_places(points, joints, frames)
            check_targets(frames.ravel().tolist(), [row[:2] for row in self.ranges])

    def check_answer(self, fields: Fields, arrays: Arrays) -> None:
        """Raise ProtocolError unless there are as many frames as were sent."""
        wire.answers.joints(arrays, (len(self.joints),))
        wire.answers.notes(fields)

    def _fields(self) -> Fields:
        return {
            "fps": self.fps,
            "ranges": [list(row) for row in self.ranges],
            "prompt": self.prompt,
            "joints": self.parts,
            "keep": self.keep,
            "seed": self.seed,
            "cfg": self.cfg,
            **_styles_sent(self.styles),
            **_quality_sent(self.quality),
        }

    def _arrays(self) -> dict[str, np.ndarray | None]:
        names = ("joints", "target_points", "target_joints", "target_frames", "path", *_WAY)
        return {name: getattr(self, name) for name in names}

    @classmethod
    def _of(cls, fields: Fields, arrays: Arrays) -> EditRequest:
        rows, keep = frozen(fields.get("ranges")), fields.get("keep")
        whole = isinstance(rows, tuple) and all(isinstance(row, tuple) and len(row) == 3 for row in rows)
        return cls(
            arrays.get("joints"),
            fields.get("fps"),
            tuple(EditRange(*row) for row in rows) if whole else rows,
            fields.get("prompt") or "",
            fields.get("joints") or None,
            limits.DEFAULT_KEEP if keep is None else keep,
            fields.get("seed", limits.DEFAULT_SEED),
            fields.get("cfg"),
            arrays.get("path"),
            *(arrays.get(f"target_{name}") for name in ("points", "joints", "frames")),
            _styles_of(fields),
            fields.get("quality"),
            *(arrays.get(name) for name in _WAY),
        )


class StoryboardScene(NamedTuple):
    """What happens, and for how many seconds; drawn with a ``seed`` of its own, or by its place in the storyboard."""

    prompt: str
    seconds: float
    seed: int | None = None


@dataclass(frozen=True)
class StoryboardRequest(DrawingRequest):
    """Make one motion of several scenes in a row. ``loop``: None, or one of LOOPS, what becomes of the travel of a
    motion that ends as it began; ``in_place`` takes the travel out; ``styles`` and ``quality`` are as in
    :class:`GenerateRequest`.

    Result: fields ``fps`` and ``notes`` (a line on another quality than was asked for), array ``joints`` float32
    (frames, 22, 3).
    """

    task: ClassVar[str] = "storyboard"
    scenes: tuple[StoryboardScene, ...]
    seed: int = limits.DEFAULT_SEED
    cfg: float | None = None
    loop: str | None = None
    in_place: bool = False
    styles: tuple[StyleChoice, ...] = ()
    quality: str | None = None

    def check(self) -> None:
        """Raise InputError for scenes, and wishes for them, that cannot be used."""
        if not isinstance(self.scenes, tuple) or not self.scenes:
            raise InputError("The storyboard holds no scene", "Add one")
        for number, row in enumerate(self.scenes, start=1):
            if not (isinstance(row, StoryboardScene) and isinstance(row.prompt, str) and is_number(row.seconds)):
                raise InputError(f"Scene {number} is not a scene", "Send a prompt and its seconds")
            if not row.prompt.strip():
                raise InputError(f"Scene {number} has no prompt", "Say what happens in it, or remove it")
            check_scene(row.prompt, row.seconds)
            if row.seed is not None:
                check_seed(row.seed)
        if self.loop not in (None, *limits.LOOPS):
            raise InputError(f"There is no loop {self.loop!r}", "Send keep or remove, or leave it out")
        check_seed(self.seed)
        check_styles(self.styles)
        check_quality(self.quality)
        check_number("The classifier-free weight", self.cfg, limits.LARGEST_WEIGHT)

    def check_answer(self, fields: Fields, arrays: Arrays) -> None:
        """Raise ProtocolError unless there is a motion about as long as the scenes."""
        fps = wire.answers.field(fields, "fps", "a frame rate")
        frames = len(wire.answers.joints(arrays, (None,)))
        longest = sum(scene.seconds + 1 for scene in self.scenes) * fps
        wire.answers.owe(frames <= longest, f"has {frames} frames, more than {longest:.0f}")
        wire.answers.notes(fields)

    def _fields(self) -> Fields:
        return {
            "scenes": [
                {name: value for name, value in row._asdict().items() if value is not None} for row in self.scenes
            ],
            "seed": self.seed,
            "cfg": self.cfg,
            "loop": self.loop,
            "in_place": self.in_place,
            **_styles_sent(self.styles),
            **_quality_sent(self.quality),
        }

    @classmethod
    def _of(cls, fields: Fields, arrays: Arrays) -> StoryboardRequest:
        rows = frozen(fields.get("scenes"))
        if isinstance(rows, tuple):
            rows = tuple(
                StoryboardScene(row.get("prompt"), row.get("seconds"), row.get("seed"))
                if isinstance(row, dict)
                else row
                for row in rows
            )
        seed, closed = fields.get("seed", limits.DEFAULT_SEED), fields.get("loop")
        worn, quality = _styles_of(fields), fields.get("quality")
        return cls(rows, seed, fields.get("cfg"), closed, bool(fields.get("in_place")), worn, quality)
