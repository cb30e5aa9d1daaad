"""What the verbs of the command line share: their outcome, their parser, checks of numbers, progress."""

from __future__ import annotations

import argparse
import math
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from coamd_blender.errors import InputError
from coamd_blender.wire import limits
from runtime.formats.options import ReadOptions
from runtime.weights import AUTOENCODER, GENERATOR, weights_file

_DEVICE = re.compile(r"auto|mps|cpu|cuda(:\d+)?")


@dataclass(frozen=True)
class Outcome:
    """What a verb has to say: ``json`` for programs (--json), ``text`` for people. Nothing is printed for None."""

    json: dict[str, Any] | None
    text: str = ""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are InputErrors: one line, and the verb's help as the remedy."""

    def __init__(self, **options: Any):
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise InputError(message, f"See {self.prog} --help")


def add_verb(verbs: argparse._SubParsersAction, name: str, run: Callable[..., Outcome], summary: str) -> Parser:
    """Add a verb that is carried out by ``run(args)``; every verb takes --json."""
    parser = verbs.add_parser(name, help=summary, description=summary)
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.set_defaults(run=run)
    return parser


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add --device and --weights."""
    parser.add_argument(
        "--device", type=device_name, default="auto", metavar="D", help="auto, cuda, mps or cpu (default auto)"
    )
    parser.add_argument("--weights", type=Path, metavar="FOLDER", help="default: the bundled weights")


def add_taught_words(parser: argparse.ArgumentParser) -> None:
    """Add --style, which may be given several times: files of styles whose words are known too."""
    parser.add_argument(
        "--style", type=Path, action="append", default=[], metavar="STYLE.safetensors", help="know what it was taught"
    )


def device_name(text: str) -> str:
    """Parse the name of a device, an argparse type; whether it is there is for torch to say."""
    if not _DEVICE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not one of auto, cuda, mps and cpu")
    return text


def check_generator(weights: Path | None) -> None:
    """Raise WeightsError for a weights folder (None: the bundled one) that holds no generator; needs no torch."""
    for name in (AUTOENCODER, GENERATOR):
        weights_file(weights, name)


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add --seed, as all that draw motion take it."""
    seed = whole_number(0, limits.LARGEST_SEED)
    parser.add_argument("--seed", type=seed, default=limits.DEFAULT_SEED, metavar="N", help="same in, same out")


def add_text_weight(parser: argparse.ArgumentParser) -> None:
    """Add --cfg, as all that draw motion take it."""
    weight = finite_number(0.0, limits.LARGEST_WEIGHT)
    parser.add_argument("--cfg", type=weight, metavar="W", help="classifier-free weight")


def add_quality(parser: argparse.ArgumentParser, default: str = limits.DEFAULT_QUALITY) -> None:
    """Add --quality, as all that draw motion take it."""
    parser.add_argument(
        "--quality",
        choices=limits.QUALITIES,
        default=default,
        help=f"best, or fast: drawn in fewer and cheaper steps (default {default})",
    )


def add_styles(parser: argparse.ArgumentParser) -> None:
    """Add --style, as all that draw motion take it."""
    parser.add_argument(
        "--style",
        type=styled,
        action="append",
        default=[],
        metavar="FILE[=S]",
        help="put a taught style on, S times as strongly as it was taught (default 1); several may be given",
    )


def styled(text: str) -> tuple[Path, float]:
    """Return (file, strength) of "FILE" or "FILE=STRENGTH", as an argparse type."""
    name, sign, strength = text.rpartition("=")
    if not sign:
        return Path(text), 1.0
    return Path(name), finite_number(-2.0, 2.0)(strength)


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return an argparse type for whole numbers from ``least`` to ``most``."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{value} is outside {least} to {most}")
        return value

    return parse


def finite_number(least: float, most: float) -> Callable[[str], float]:
    """Return an argparse type for numbers from ``least`` to ``most``; NaN and infinities are refused."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
        if not math.isfinite(value) or not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is outside {least:g} to {most:g}")
        return value

    return parse


def output_path(text: str | Path, suffixes: tuple[str, ...]) -> Path:
    """Return the path of a file about to be written, its folder made. InputError when it cannot be written."""
    path = Path(text)
    if path.suffix.lower() not in suffixes:
        raise InputError(f"The output {path} does not end in {' or '.join(suffixes)}", "Give it such a name")
    if path.is_dir():
        raise InputError(f"The output {path} is a folder", "Name a file in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        trial = path.with_name(f".{path.name}.{time.time_ns()}")
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}", "Choose a folder you may write to") from error
    return path


def add_read_options(parser: argparse.ArgumentParser) -> None:
    """Add --up, --unit and --fps, for what a file does not say of itself."""
    parser.add_argument("--up", metavar="AXIS", help="the file's up: y, z, x, -y, -z or -x (default: found)")
    parser.add_argument("--unit", metavar="U", help="the file's unit: m, cm, mm, in, ft, or metres (default: found)")
    parser.add_argument("--fps", type=finite_number(1, 8000), metavar="N", help="the file's rate (default: its own)")


def read_options(args: argparse.Namespace) -> ReadOptions:
    """Return what --up, --unit and --fps say. Raises InputError for an axis or a unit that is not one."""
    options = ReadOptions(args.up, args.unit, args.fps)
    options.check()
    return options


def tell(line: str) -> None:
    """Print a line on stderr, if there is one."""
    if line:
        print(line, file=sys.stderr)


class ProgressLine:
    """Progress on stderr: one line rewritten in a terminal, else a line at most every two seconds."""

    def __init__(self, what: str):
        self._what = what
        self._terminal = sys.stderr.isatty()
        self._shown = -math.inf

    def __call__(self, step: int, total: int) -> None:
        now = time.monotonic()
        if step < total and now - self._shown < (0.1 if self._terminal else 2.0):
            return
        self._shown = now
        start, end = ("\r", "\n" if step >= total else "") if self._terminal else ("", "\n")
        print(f"{start}{self._what}: {step} of {total}", end=end, file=sys.stderr, flush=True)
