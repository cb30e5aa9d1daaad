"""Stands in for ``python -m runtime teach``: the same arguments, files and lines, and no network.

A style called "slow" takes steps until it is asked to end, one called "bad" is refused, any other is done after 4 steps
of 50. What is learnt is a number in the folder of work.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from coamd_blender.wire import lock, teaching


def style(path, name, words, step):
    """Write a file that begins as a style does, whole or not at all."""
    config = {"name": name, "words": words, "clips": ["a.npz"], "licence": "mine", "scores": [["steps", step]]}
    header = json.dumps({"__metadata__": {"kind": "style", "config": json.dumps(config)}}).encode()
    partial = path.with_suffix(".partial")
    partial.write_bytes(len(header).to_bytes(8, "little") + header)
    os.replace(partial, path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    for name in ("--words", "--name", "--licence", "--device", "--out", "--kind", "--steps"):
        parser.add_argument(name)
    args = parser.parse_args()
    out, rows = Path(args.out), Path(args.words).read_text(encoding="utf-8").splitlines()[1:]
    folder, stopped = teaching.folder_of(out), []
    words = [row.partition(",")[2] for row in rows]
    with lock.alone(folder / teaching.LOCK, "It is being taught", "Wait"):
        (folder / teaching.PROCESS).write_text(str(os.getpid()))
        signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
        if args.name == "bad":
            print("error: There is no clip to teach - Give clips of a person", flush=True)
            sys.exit(2)
        print("held out, to see what is learnt: " + rows[0].partition(",")[0], flush=True)
        learnt = folder / "learnt"
        step = int(learnt.read_text()) if learnt.is_file() else 0
        if step:
            print(f"resumed at step {step}", flush=True)
        while step < 200 and not stopped:
            step = min(step + 50, 150 if args.name == "slow" else 200)
            print(f"step {step}/200 total 1.0 lesson 0.5 0.10 s a step, 3 min left", flush=True)
            style(folder / teaching.SO_FAR, args.name, words, step)
            learnt.write_text(str(step))
            time.sleep(0.02)
        if stopped:
            print("stopped; the same command goes on", flush=True)
            return
        style(out, args.name, words, step)


if __name__ == "__main__":
    main()
