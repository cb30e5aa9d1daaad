"""The verb ``serve``: the framed protocol on stdin and stdout."""

from __future__ import annotations

import argparse
import os
import sys

from runtime.cli.common import Outcome, add_model_options, add_verb, finite_number
from runtime.serve import parent
from runtime.serve.models import Models
from runtime.serve.server import serve, take_over_stdio
from runtime.serve.tasks import RuntimeTasks


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``serve`` to the command line."""
    parser = add_verb(verbs, "serve", run, "the framed protocol on stdin and stdout")
    add_model_options(parser)
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
    orphaned = parent.watch()  # before anything that takes time
    if not serve(RuntimeTasks(Models(args.device, args.weights)), stdin, stdout, args.idle_unload, orphaned):
        sys.stderr.flush()
        os._exit(0)  # the worker is deep in a step: waiting for it would keep an orphan alive
    return Outcome(None)
