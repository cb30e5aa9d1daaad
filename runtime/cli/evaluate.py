"""The verb ``evaluate``: benchmarks by name, and their list."""

from __future__ import annotations

import argparse
from pathlib import Path

from runtime import evaluate
from runtime.cli.common import (
    Outcome,
    ProgressLine,
    add_quality,
    add_styles,
    add_verb,
    device_name,
    finite_number,
    whole_number,
)


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``evaluate`` to the command line."""
    parser = add_verb(verbs, "evaluate", run, "run benchmarks, or list them")
    parser.add_argument("benchmarks", nargs="+", metavar="BENCHMARK", help="names, or: list")
    parser.add_argument("--weights", type=Path, metavar="FOLDER", help="default: the bundled weights")
    parser.add_argument("--prepared", type=Path, metavar="FOLDER", help="prepared data (default data/prepared)")
    parser.add_argument("--device", type=device_name, metavar="D", help="auto, cuda, mps or cpu (default auto)")
    add_quality(parser, "best")
    add_styles(parser)
    parser.add_argument(
        "--seeds", type=whole_number(1, 1000), metavar="N", help="seeds a prompt (default 8; obedience_vocabulary: 4)"
    )
    parser.add_argument("--limit", type=whole_number(1, 10**6), metavar="N", help="held-out clips compared, at most")
    parser.add_argument(
        "--official", type=Path, metavar="FOLDER", help="data sets of the paper (default data/official)"
    )
    parser.add_argument("--evaluator", type=Path, metavar="FILE", help="the judge (default: in the weights folder)")
    parser.add_argument("--guidance", type=finite_number(0.0, 100.0), metavar="L", help="strength of guided rows")
    parser.add_argument(
        "--best-of", type=whole_number(2, 100), metavar="K", help="judge also the best of K draws by the recogniser"
    )
    parser.add_argument("--prompts", type=Path, metavar="FILE", help="prompts (TOML) in place of the benchmark's own")
    parser.add_argument(
        "--only", action="append", metavar="ROW", help="of what is taught only this row; may be given again"
    )
    parser.add_argument(
        "--compare", action="append", type=named_folder, metavar="NAME=FOLDER", help="more rows of the open benchmark"
    )


def named_folder(text: str) -> tuple[str, Path]:
    """Parse NAME=FOLDER, an argparse type."""
    name, equals, folder = text.partition("=")
    if not (name and equals and folder):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FOLDER")
    return name, Path(folder)


def listing(rows: list[dict]) -> str:
    """Return the list of benchmarks: a line each with the published figure, ours, and what it needs."""
    lines = []
    for row in rows:
        known = [f"{whose} {row[whose]}" for whose in ("published", "ours") if row[whose]]
        end = "; ".join([f"needs {row['needs']}", *known])
        lines.append(f"{row['name']:<24}{row['measures']} ({end})")
    return "\n".join(lines)


def run(args: argparse.Namespace) -> Outcome:
    """Run the benchmarks. JSON: {benchmarks} for ``list``, else {results}, one object a benchmark."""
    if args.benchmarks == ["list"]:
        rows = evaluate.registry.list_benchmarks(args.weights)
        return Outcome({"benchmarks": rows}, listing(rows))
    for name in args.benchmarks:
        evaluate.registry.find(name).check(args.weights, args.prepared)
    chosen = {"weights": args.weights, "prepared": args.prepared, "device": args.device}
    chosen |= {"seeds": args.seeds, "limit": args.limit, "official": args.official, "evaluator": args.evaluator}
    chosen |= {"best_of": args.best_of, "prompts": args.prompts, "quality": args.quality}
    chosen |= {"styles": tuple(args.style) or None, "only": tuple(args.only or ()) or None}
    chosen |= {"guidance": args.guidance, "compare": tuple(args.compare) if args.compare else None}
    results = [
        evaluate.benchmarks.run_benchmark(name, {**chosen, "progress": ProgressLine(name)}) for name in args.benchmarks
    ]
    text = "\n\n".join(result.pop("text", result["benchmark"]) for result in results)
    return Outcome({"results": results}, text)
