"""The verb ``evaluate``: benchmarks by name, and their list."""

from __future__ import annotations

import argparse
from pathlib import Path

from coamd_blender.errors import InputError
from runtime.cli_common import Outcome, ProgressLine, add_verb, whole_number


def add_parser(verbs: argparse._SubParsersAction) -> None:
    """Add ``evaluate`` to the command line."""
    parser = add_verb(verbs, "evaluate", run, "run benchmarks, or list them")
    parser.add_argument("benchmarks", nargs="+", metavar="BENCHMARK", help="names, or: list")
    parser.add_argument("--weights", type=Path, metavar="FOLDER", help="default: the bundled weights")
    parser.add_argument("--prepared", type=Path, metavar="FOLDER", help="prepared data (default data/prepared)")
    parser.add_argument("--device", metavar="D", help="auto, cuda, mps or cpu (default auto)")
    parser.add_argument("--seeds", type=whole_number(1, 1000), metavar="N", help="seeds a prompt (default 8)")
    parser.add_argument("--limit", type=whole_number(1, 10**6), metavar="N", help="held-out clips compared, at most")


def run(args: argparse.Namespace) -> Outcome:
    """Run the benchmarks. JSON: {benchmarks} for ``list``, else {results}, one object a benchmark."""
    from runtime.evaluate.benchmarks import list_benchmarks, run_benchmark

    rows = list_benchmarks()
    if args.benchmarks == ["list"]:
        lines = [f"{row['name']:<16}{row['measures']} (needs {row['needs']})" for row in rows]
        return Outcome({"benchmarks": rows}, "\n".join(lines))
    known = [row["name"] for row in rows]
    for name in args.benchmarks:
        if name not in known:
            raise InputError(f"There is no benchmark {name!r}", f"Choose from list, {', '.join(known)}")
    chosen = {"weights": args.weights, "prepared": args.prepared, "device": args.device}
    chosen |= {"seeds": args.seeds, "limit": args.limit}
    results = [run_benchmark(name, {**chosen, "progress": ProgressLine(name)}) for name in args.benchmarks]
    text = "\n\n".join(result.pop("text", result["benchmark"]) for result in results)
    return Outcome({"results": results}, text)
