"""The verbs ``train``, for the four networks (it resumes from the checkpoint in its run folder), and ``pack``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from coamd_blender.errors import InputError
from runtime import config, data, train
from runtime.cli.common import Outcome, Parser, add_verb, finite_number, whole_number
from runtime.weights import BUNDLED, check_file, sha256

PREPARED = Path("data/prepared")
_SHARED = ("steps", "learning_rate", "precision", "accumulate")


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``train`` with its networks, and ``pack``, to the command line."""
    parser = verbs.add_parser("train", help="train the networks", description="train the networks")
    networks = parser.add_subparsers(title="networks", metavar="NETWORK", required=True)
    autoencoder = _add_network(networks, "autoencoder", run_autoencoder, "motion to latent tokens and back")
    autoencoder.add_argument("--batch", type=whole_number(1, 65536), metavar="N", help="windows a step")
    autoencoder.add_argument("--start", type=Path, metavar="FILE", help="begin from this trained autoencoder")
    autoencoder.add_argument(
        "--decoder-only", action="store_true", help="leave its encoder as it is, so that its generators stay valid"
    )
    generator = _add_network(networks, "generator", run_generator, "prompts to latent tokens")
    generator.add_argument(
        "--autoencoder", type=Path, required=True, metavar="FILE", help="its trained weights (.safetensors)"
    )
    _add_text_encoder(generator)
    _add_captions(generator)
    generator.add_argument("--start", type=Path, metavar="FILE", help="begin from this trained generator")
    generator.add_argument(
        "--strikes", type=finite_number(1.0, 100.0), metavar="R", help="how many times more the tokens of punches count"
    )
    student = _add_network(networks, "student", run_student, "the generator distilled, for quality fast")
    student.add_argument("--weights", type=Path, default=BUNDLED, metavar="FOLDER", help="where the generator is")
    _add_captions(student)
    student.add_argument("--start", type=Path, metavar="FILE", help="begin from this student")
    recognizer = _add_network(networks, "recognizer", run_recognizer, "motions, labels and descriptions in one space")
    _add_text_encoder(recognizer)
    recognizer.add_argument("--batch", type=whole_number(4, 65536), metavar="N", help="clips a step (default 96)")
    _add_captions(recognizer)
    recognizer.add_argument(
        "--start", type=Path, nargs="+", metavar="FILE", help="begin from this recogniser, or the mean of several"
    )
    evaluator = _add_network(networks, "evaluator", run_evaluator, "the judge of the open benchmark")
    _add_text_encoder(evaluator)
    vocabulary = add_verb(networks, "vocabulary", run_vocabulary, "which captions were learnt, to tell what was not")
    vocabulary.add_argument("--prepared", type=Path, default=PREPARED, metavar="FOLDER", help="what prepare wrote")
    vocabulary.add_argument("--run", dest="run_folder", type=Path, required=True, metavar="FOLDER", help="the result")
    _add_text_encoder(vocabulary)
    _add_captions(vocabulary)
    _add_file(networks, "examples", run_examples, "what the networks are shown of actions told of rarely")
    _add_file(networks, "learnt", run_learnt, "which actions need no example where a caption was learnt")
    clauses = add_verb(networks, "clauses", run_clauses, "which words of a sentence tell what is done, in which order")
    clauses.add_argument("--run", dest="run_folder", type=Path, default=BUNDLED, metavar="FOLDER", help="the result")
    _add_text_encoder(clauses)
    _add_file(networks, "agreement", run_agreement, "what the scores of a search say of a recogniser")
    _add_pack(verbs)


def _add_file(networks: argparse._SubParsersAction, name: str, run: Callable[..., Outcome], summary: str) -> None:
    """Add what makes a file beside the networks, from them and from the prepared data."""
    parser = add_verb(networks, name, run, summary)
    parser.add_argument("--prepared", type=Path, default=PREPARED, metavar="FOLDER", help="what prepare wrote")
    parser.add_argument("--run", dest="run_folder", type=Path, default=BUNDLED, metavar="FOLDER", help="the result")
    parser.add_argument("--weights", type=Path, default=BUNDLED, metavar="FOLDER", help="where the networks are")


def _add_pack(verbs: argparse._SubParsersAction) -> None:
    packing = add_verb(verbs, "pack", run_pack, "store trained weights at half the size, as they ship")
    packing.add_argument(
        "source",
        type=Path,
        nargs="+",
        metavar="TRAINED",
        help="final.safetensors or best.safetensors of a run, or of several: their mean is stored",
    )
    packing.add_argument("--int8", action="store_true", help="at a quarter: eight bits a number, a scale a row")
    packing.add_argument("target", type=Path, metavar="FILE", help="such as weights/generator.safetensors")


def _add_text_encoder(parser: Parser) -> None:
    parser.add_argument("--weights", type=Path, default=BUNDLED, metavar="FOLDER", help="where the text encoder is")


def _add_captions(parser: Parser) -> None:
    parser.add_argument(
        "--captions", type=Path, metavar="FOLDER", help="another run on these captions, whose encoded ones to read"
    )


def _add_network(
    networks: argparse._SubParsersAction, name: str, run: Callable[[argparse.Namespace], Outcome], summary: str
) -> Parser:
    parser = add_verb(networks, name, run, summary)
    parser.add_argument("--prepared", type=Path, default=PREPARED, metavar="FOLDER", help="what prepare wrote")
    parser.add_argument(
        "--run", dest="run_folder", type=Path, required=True, metavar="FOLDER", help="checkpoints, logs"
    )
    parser.add_argument("--preset", default="base", metavar="NAME", help="sizes of the networks (default base)")
    parser.add_argument("--steps", type=whole_number(0, 10**9), metavar="N", help="optimiser steps")
    parser.add_argument("--seed", type=whole_number(0, 2**31 - 1), default=0, metavar="N", help="of the batches")
    parser.add_argument("--learning-rate", type=finite_number(1e-8, 1.0), metavar="R", help="highest learning rate")
    parser.add_argument("--precision", metavar="P", help="float32 or bfloat16 (default float32)")
    parser.add_argument(
        "--accumulate",
        type=whole_number(1, 4096),
        metavar="N",
        help="batches whose gradients make one step (default 1)",
    )
    return parser


def run_autoencoder(args: argparse.Namespace) -> Outcome:
    """Train the autoencoder. JSON: files, steps is the run's own."""
    options = _options(args, *_SHARED, "batch", "start", "decoder_only")
    data.folders.check_prepared(args.prepared)
    return _trained(train.autoencoder.train_autoencoder(args.prepared, args.run_folder, **options))


def run_generator(args: argparse.Namespace) -> Outcome:
    """Train the generator on the tokens of a trained autoencoder."""
    options = _options(args, *_SHARED, "weights", "autoencoder", "captions", "start", "strikes")
    _check_pool(args)
    return _trained(train.generator.train_generator(args.prepared, args.run_folder, **options))


def run_recognizer(args: argparse.Namespace) -> Outcome:
    """Train the recogniser on the pool."""
    options = _options(args, *_SHARED, "weights", "batch", "captions", "start")
    _check_pool(args)
    return _trained(train.recognizer.train_recognizer(args.prepared, args.run_folder, **options))


def run_student(args: argparse.Namespace) -> Outcome:
    """Distil the generator of a weights folder; it has its teacher's size, one precision."""
    for name in ("precision", "accumulate"):
        if getattr(args, name) is not None:
            raise InputError(f"The student has no --{name}", "Leave it out")
    options = _options(args, "steps", "learning_rate", "weights", "captions", "start")
    del options["preset"]
    _check_pool(args)
    return _trained(train.student.train_student(args.prepared, args.run_folder, **options))


def run_evaluator(args: argparse.Namespace) -> Outcome:
    """Train the evaluator that judges generated motion; it has one size, one precision."""
    for name in ("precision", "accumulate"):
        if getattr(args, name) is not None:
            raise InputError(f"The evaluator has no --{name}", "Leave it out")
    options = _options(args, "steps", "learning_rate", "weights")
    del options["preset"]
    _check_pool(args)
    return _trained(train.evaluator.train_evaluator(args.prepared, args.run_folder, **options))


def run_vocabulary(args: argparse.Namespace) -> Outcome:
    """Choose the captions that tell what was learnt. JSON: files."""
    _check_pool(args)
    return _trained(
        train.vocabulary.make_vocabulary(args.prepared, args.run_folder, weights=args.weights, captions=args.captions)
    )


def run_examples(args: argparse.Namespace) -> Outcome:
    """Make the examples that the networks are shown. JSON: files."""
    _check_pool(args)
    return _trained(train.examples.make_examples(args.prepared, args.run_folder, weights=args.weights))


def run_learnt(args: argparse.Namespace) -> Outcome:
    """Note which actions need no example where a caption was learnt. JSON: files."""
    return _trained(train.learnt.note_learnt(args.prepared, args.run_folder, weights=args.weights))


def run_clauses(args: argparse.Namespace) -> Outcome:
    """Train the tagger of clauses. JSON: files."""
    return _trained(train.clauses.make_clauses(args.run_folder, weights=args.weights))


def run_agreement(args: argparse.Namespace) -> Outcome:
    """Fit how likely a person agrees with a find of the library. JSON: files."""
    path, table = train.agreement.make_agreement(args.prepared, args.weights, args.run_folder)
    return Outcome({"files": [str(path)]}, f"{path}\n{table}")


def run_pack(args: argparse.Namespace) -> Outcome:
    """Pack weights. JSON: files, sha256, bytes."""
    for path in args.source:
        check_file(path)
    from runtime import checkpoint  # torch

    checkpoint.pack(args.source[0], args.target, args.source[1:], args.int8)
    digest, size = sha256(args.target), args.target.stat().st_size
    return Outcome(
        {"files": [str(args.target)], "sha256": digest, "bytes": size}, f"{args.target}: {size / 1e6:.1f} MB\n{digest}"
    )


def _check_pool(args: argparse.Namespace) -> None:
    data.folders.check_pool(args.prepared / "pool" / "train")


def _options(args: argparse.Namespace, *names: str) -> dict:
    """Return the named options that were given, with the preset, checked, and the seed."""
    if args.preset not in config.PRESETS:
        raise InputError(f"There is no preset {args.preset!r}", f"Choose from {', '.join(config.PRESETS)}")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    for name in ("autoencoder", "start"):
        paths = given.get(name, ())
        for path in [paths] if isinstance(paths, Path) else paths:
            check_file(path)
    return {"preset": args.preset, "seed": args.seed, **given}


def _trained(path: Path) -> Outcome:
    """Tell the file that training ends with; a run that was stopped has none yet."""
    if not path.is_file():
        return Outcome({"files": []}, "stopped; the same command goes on")
    return Outcome({"files": [str(path)]}, str(path))
