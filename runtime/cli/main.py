"""One command line: ``python -m runtime VERB ...``.

Results go to stdout (with --json one JSON object), progress to stderr. Exit status 0: done; 2: something the user
can put right, said in one line on stderr; 130: interrupted. What a verb needs is imported when it runs, so that
--help and ``serve``'s hello come at once.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from coamd_blender.errors import CoamdError
from coamd_blender.wire.protocol import VERSION
from runtime.cli import checkout, convert, edit, generate, library, recognize, serve, sort, teach
from runtime.cli.common import Outcome, Parser

BAD_INPUT = 2
INTERRUPTED = 130


def build_parser() -> Parser:
    """Return the parser of every verb; ``args.run(args)`` carries one out."""
    parser = Parser(prog="python -m runtime", description="CoAMD's runtime: text to motion outside Blender")
    parser.add_argument("--version", action="version", version=VERSION)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for module in (generate, edit, recognize, sort, library, convert, teach, *_makers(), serve):
        module.add_parser(verbs)
    return parser


def _makers() -> Sequence[ModuleType]:
    """Return the modules of the verbs that make and judge weights, or who says that they need a checkout."""
    if not checkout.at_hand():
        return (checkout,)
    from runtime.cli import evaluate, prepare, train  # the extension does not hold them

    return prepare, train, evaluate


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one verb and return the exit status."""
    try:
        args = build_parser().parse_args(argv)
        with contextlib.redirect_stdout(sys.stderr):  # a library's print must not mix with the JSON
            outcome = args.run(args)
    except CoamdError as error:
        return _complain(str(error))
    except ImportError as error:
        return _complain(f"{error} - install the packages in pyproject.toml: pip install -e '.[train]'")
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    try:
        _print(outcome, args.json)
    except BrokenPipeError:  # whoever read has read enough, as head does
        _let_go_of_stdout()
    except OSError as error:  # a full disk
        _let_go_of_stdout()
        return _complain(f"The result cannot be printed: {error.strerror} - send it where there is room")
    return 0


def _let_go_of_stdout() -> None:
    """Send what stdout still holds nowhere, or Python complains of it again as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(line: str) -> int:
    print(f"error: {line}", file=sys.stderr)
    return BAD_INPUT


def _print(outcome: Outcome, as_json: bool) -> None:
    if outcome.json is None:
        return
    text = json.dumps(plain(outcome.json), ensure_ascii=False, allow_nan=False) if as_json else outcome.text
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:  # a terminal of another alphabet, or a path that is no UTF-8
        text = json.dumps(json.loads(text)) if as_json else text.encode(encoding, "backslashreplace").decode(encoding)
    print(text, flush=True)


def plain(value: Any) -> Any:
    """Return ``value`` as JSON can hold it: numpy's numbers and arrays as Python's, NaN and infinities as None."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
