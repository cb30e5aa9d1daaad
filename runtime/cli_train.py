"""The verb ``train``: autoencoder, then generator. Training resumes from the checkpoint in its run folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from coamd_blender.errors import InputError
from runtime.cli_common import Outcome, Parser, add_verb, finite_number, whole_number

PREPARED = Path("data/prepared")
WEIGHTS = Path(__file__).resolve().parent.parent / "weights"


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``train autoencoder`` and ``train generator`` to the command line."""
    parser = verbs.add_parser("train", help="train the networks", description="train the networks")
    networks = parser.add_subparsers(title="networks", metavar="NETWORK", required=True)
    autoencoder = _add_network(networks, "autoencoder", run_autoencoder, "motion to latent tokens and back")
    autoencoder.add_argument("--batch", type=whole_number(1, 65536), metavar="N", help="windows a step")
    autoencoder.add_argument("--start", type=Path, metavar="FILE", help="begin from this trained autoencoder")
    generator = _add_network(networks, "generator", run_generator, "prompts to latent tokens")
    generator.add_argument(
        "--autoencoder", type=Path, required=True, metavar="FILE", help="its trained weights (.safetensors)"
    )
    generator.add_argument("--weights", type=Path, default=WEIGHTS, metavar="FOLDER", help="where the text encoder is")
    generator.add_argument("--learning-rate", type=finite_number(1e-8, 1.0), metavar="R", help="highest learning rate")
    generator.add_argument("--precision", metavar="P", help="float32 or bfloat16 (default float32)")
    generator.add_argument("--start", type=Path, metavar="FILE", help="begin from this trained generator")


def _add_network(networks: argparse._SubParsersAction, name: str, run, summary: str) -> Parser:
    parser = add_verb(networks, name, run, summary)
    parser.add_argument("--prepared", type=Path, default=PREPARED, metavar="FOLDER", help="what prepare wrote")
    parser.add_argument(
        "--run", dest="run_folder", type=Path, required=True, metavar="FOLDER", help="checkpoints, logs"
    )
    parser.add_argument("--preset", default="base", metavar="NAME", help="sizes of the networks (default base)")
    parser.add_argument("--steps", type=whole_number(1, 10**9), metavar="N", help="optimiser steps")
    parser.add_argument("--seed", type=whole_number(0, 2**31 - 1), default=0, metavar="N", help="of the batches")
    return parser


def run_autoencoder(args: argparse.Namespace) -> Outcome:
    """Train the autoencoder. JSON: files, steps is the run's own."""
    from runtime.train.autoencoder import train_autoencoder

    return _trained(train_autoencoder(args.prepared, args.run_folder, **_options(args, "steps", "batch", "start")))


def run_generator(args: argparse.Namespace) -> Outcome:
    """Train the generator on the tokens of a trained autoencoder."""
    from runtime.train.generator import train_generator

    options = _options(args, "steps", "learning_rate", "weights", "autoencoder", "precision", "start")
    return _trained(train_generator(args.prepared, args.run_folder, **options))


def _options(args: argparse.Namespace, *names: str) -> dict:
    """The named options that were given, with the preset, checked, and the seed."""
    from runtime.config import PRESETS

    if args.preset not in PRESETS:
        raise InputError(f"There is no preset {args.preset!r}", f"Choose from {', '.join(PRESETS)}")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    return {"preset": args.preset, "seed": args.seed, **given}


def _trained(path: Path) -> Outcome:
    return Outcome({"files": [str(path)]}, str(path))
