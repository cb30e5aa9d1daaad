"""The verb ``recognize``: what a motion is."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from coamd_blender.motion.files import RUNTIME_FILES, listed
from coamd_blender.motion.skeleton import FPS
from coamd_blender.wire import limits
from coamd_blender.wire.requests import RecognizeRequest
from runtime import formats, generate, recognize
from runtime.cli.common import (
    Outcome,
    add_model_options,
    add_read_options,
    add_taught_words,
    add_verb,
    read_options,
    tell,
    whole_number,
)
from runtime.cli.files import read_labels
from runtime.recognize.labels import given
from runtime.weights import RECOGNIZER, weights_file

if TYPE_CHECKING:
    from runtime.recognize.telling import Told


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``recognize`` to the command line."""
    parser = add_verb(verbs, "recognize", run_recognize, "say what a motion is")
    parser.add_argument("clip", metavar="CLIP", help=f"a {listed(RUNTIME_FILES, 'or')} motion")
    parser.add_argument("--labels", metavar='FILE|"a,b,c"', help="labels to choose from (default: the bundled list)")
    top, usual = whole_number(1, limits.MOST_RESULTS), limits.DEFAULT_LABELS
    parser.add_argument("--top", type=top, default=usual, metavar="K", help=f"labels to print (default {usual})")
    parser.add_argument("--segments", action="store_true", help="say what happens when in a long motion, too")
    add_taught_words(parser)
    add_read_options(parser)
    add_model_options(parser)


def run_recognize(args: argparse.Namespace) -> Outcome:
    """Recognise a motion. JSON: labels [{label, score}]; with --segments, or where it is several actions, also
    segments, in frames at 20 a second."""
    labels = None if args.labels is None else tuple(read_labels(args.labels))
    if labels is not None:
        given(labels)
    weights_file(args.weights, RECOGNIZER)
    clip = formats.read.check_readable(args.clip)
    joints = formats.read.read_motion(clip, options=read_options(args), tell=tell)
    request = RecognizeRequest(joints, labels, args.top, args.segments)
    request.check()
    styles = [generate.style.Style.load(path) for path in args.style]
    recognizer = recognize.Recognizer.load(args.weights, args.device)
    told = recognize.telling.tell(recognizer, request.joints, labels, request.top, request.segments)
    if styles:
        words = recognize.taught_words.TaughtWords.of(styles, recognizer.digest)
        named = words.named(recognizer.embed_motions([request.joints])[0], recognizer.agreement)
        told = replace(told, labels=[*named, *told.labels][: request.top])
    return Outcome(told.as_json(), "\n".join(_lines(told)))


def _lines(told: Told) -> list[str]:
    """Return what is told, for people: the parts first where they say more than the labels of the whole."""
    whole = [f"{score:6.1%}  {label}" for label, score in told.labels]
    parts = [
        f"{start / FPS:6.2f} - {stop / FPS:6.2f} s  {label} ({score:.0%})"
        for start, stop, label, score in told.segments
    ]
    return [*parts, *whole] if told.several else [*whole, *parts]
