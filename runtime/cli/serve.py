"""The verb ``serve``: the framed protocol on stdin and stdout, and the tasks behind it."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import FPS
from runtime.cli.common import Outcome, add_verb, finite_number, is_number
from runtime.cli.generate import LARGEST_SEED, MOST_COPIES, in_batches
from runtime.serve import edit as serve_edit
from runtime.serve.library import UnderstandingTasks
from runtime.serve.server import Arrays, Fields, Report, serve, take_over_stdio

GENERATOR_TASKS = ("generate", "edit", "storyboard")


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``serve`` to the command line."""
    parser = add_verb(verbs, "serve", run, "the framed protocol on stdin and stdout")
    parser.add_argument("--device", default="auto", metavar="D", help="auto, cuda, mps or cpu (default auto)")
    parser.add_argument("--weights", type=Path, metavar="FOLDER", help="default: the bundled weights")
    parser.add_argument(
        "--idle-unload",
        type=finite_number(0.0, 1e6),
        default=600.0,
        metavar="S",
        help="give the model's memory back after S seconds without work (default 600, 0: never)",
    )


def run(args: argparse.Namespace) -> Outcome:
    """Serve until the input ends."""
    stdin, stdout = take_over_stdio()
    if not serve(RuntimeTasks(args.device, args.weights), stdin, stdout, args.idle_unload):
        sys.stderr.flush()
        os._exit(0)  # the worker is deep in a step: waiting for it would keep an orphan alive
    return Outcome(None)


class RuntimeTasks:
    """All tasks of the runtime: the generator is loaded at the start, the recogniser when it is first needed."""

    names = (*GENERATOR_TASKS, *UnderstandingTasks.names)

    def __init__(self, device: str = "auto", weights: Path | None = None):
        self._understanding = UnderstandingTasks(device, weights)
        self._generator = GeneratorTasks(device, weights, self._understanding.recognizer)

    def load(self) -> str:
        """Load the generator unless it is loaded; return the kind of device it is on."""
        return self._generator.load()

    def unload(self) -> None:
        """Drop both networks."""
        self._understanding.unload()
        self._generator.unload()

    def run(self, task: str, fields: Fields, arrays: Arrays, report: Report) -> tuple[Fields, Arrays]:
        """Hand the request to whoever takes its task."""
        part = self._generator if task in GeneratorTasks.names else self._understanding
        return part.run(task, fields, arrays, report)


class GeneratorTasks:
    """The tasks of a server whose model is :class:`runtime.generate.Generator`, imported when it is first needed.

    generate: fields ``prompts`` (list of text), ``seeds`` (as many whole numbers), ``seconds`` (0.5 to 9.8) and
    optionally ``cfg`` (number or None) and ``guidance`` (strength of the recogniser's pull, 0 or None for none);
    result: field ``fps``, array ``joints`` float32 (count, frames, 22, 3). edit, storyboard: edit_requests.py.
    ``recognizer()`` loads the recogniser for guidance.
    """

    names = GENERATOR_TASKS

    def __init__(self, device: str = "auto", weights: Path | None = None, recognizer: Callable[[], Any] | None = None):
        self._device, self._weights = device, weights
        self._generator: Any = None
        self._recognizer = recognizer or UnderstandingTasks(device, weights).recognizer

    def load(self) -> str:
        """Load the generator unless it is loaded; return the kind of device it is on."""
        if self._generator is None:
            from runtime.generate.generator import Generator

            self._generator = Generator.load(self._weights, self._device)
        return self._generator.device.type

    def unload(self) -> None:
        """Drop the generator and what its device's allocator keeps for later."""
        import torch

        device_type = self._generator.device.type
        self._generator = None
        gc.collect()
        empty_cache = getattr(getattr(torch, device_type), "empty_cache", None)
        if empty_cache is not None:
            empty_cache()

    def run(self, task: str, fields: Fields, arrays: Arrays, report: Report) -> tuple[Fields, Arrays]:
        """Do one request. Raises InputError for fields that cannot be used."""
        if task != "generate":
            request = {"edit": serve_edit.edit, "storyboard": serve_edit.storyboard}[task]
            return request(self._generator, fields, arrays, report)
        from runtime.generate.generator import check_prompt, frames_for

        prompts, seeds, seconds, cfg, strength = _generate_fields(fields)
        frames = frames_for(seconds)
        guide = None
        if strength:
            report("loading", 0, 0, None)
            guide = partial(self._recognizer().guidance, strength=strength)
        batches = in_batches(
            self._generator,
            [check_prompt(prompt) for prompt in prompts],
            frames,
            seeds,
            cfg,
            lambda step, total, preview: report("sampling", step, total, preview),
            guide,
        )
        joints = np.concatenate(list(batches))
        return {"fps": FPS, "seconds": frames / FPS}, {"joints": joints.astype(np.float32, copy=False)}


def _generate_fields(fields: Fields) -> tuple[list[str], list[int], float, float | None, float | None]:
    """Check the fields of a generate request and return prompts, seeds, seconds, cfg and guidance."""
    prompts, seeds = fields.get("prompts"), fields.get("seeds")
    seconds, cfg, strength = fields.get("seconds"), fields.get("cfg"), fields.get("guidance")
    if not isinstance(prompts, list) or not all(isinstance(prompt, str) for prompt in prompts):
        raise InputError("The request has no list of prompts", "Send prompts as a list of texts")
    if not isinstance(seeds, list) or not all(type(s) is int and 0 <= s <= LARGEST_SEED + MOST_COPIES for s in seeds):
        raise InputError("The request has no list of seeds", f"Send whole numbers from 0 to {LARGEST_SEED}")
    if not 1 <= len(prompts) == len(seeds) <= MOST_COPIES:
        raise InputError(f"{len(prompts)} prompts and {len(seeds)} seeds", f"Send 1 to {MOST_COPIES}, as many of each")
    if not is_number(seconds):
        raise InputError(f"The length {seconds!r} is no number", "Send seconds as a number")
    if cfg is not None and not (is_number(cfg) and 0 <= cfg <= 100):
        raise InputError(f"The classifier-free weight {cfg!r} is no number from 0 to 100", "Leave it out, or send one")
    if strength is not None and not (is_number(strength) and 0 <= strength <= 100):
        raise InputError(f"The guidance {strength!r} is no number from 0 to 100", "Leave it out, or send one")
    return prompts, seeds, float(seconds), cfg, strength
