"""The verbs that make and judge weights, where their code is not at hand: the extension leaves it out."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

from coamd_blender.errors import InputError
from runtime.cli.common import Outcome, add_verb

VERBS = {
    "prepare": "read motion sets into training data",
    "train": "train the networks",
    "pack": "store trained weights at half the size, as they ship",
    "evaluate": "run benchmarks, or list them",
}


def at_hand() -> bool:
    """Return whether this is a checkout of the repository and not the extension."""
    return find_spec("runtime.train") is not None


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add the verbs to the command line; each refuses whatever follows it."""
    for verb, summary in VERBS.items():
        parser = add_verb(verbs, verb, refuse, f"{summary} (needs a checkout)")
        parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
        parser.set_defaults(verb=verb)


def refuse(args: argparse.Namespace) -> Outcome:
    """Raise InputError: the extension does not hold what the verb needs."""
    raise InputError(
        f"The verb {args.verb} needs a checkout of the repository", "Clone it, and run the verb there: see README.md"
    )
