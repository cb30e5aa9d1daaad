"""Kill the teaching of one style at many moments, again and again, and see whether it ends as if it had not been.

    .venv/bin/python tests/faults/teach_kills.py [KILLS=10 [STEPS=1500 [SEED=0]]]

The bundled autoencoder and text encoder, a generator of a few thousand numbers, three clips that are made: each start
is the command line's own. The moments are drawn over half the time that a teaching without a kill takes. Linux only.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import torch  # noqa: E402
from safetensors import safe_open  # noqa: E402
from synthetic_motions import bowing, kicking, waving  # noqa: E402

from runtime import checkpoint  # noqa: E402
from runtime.config import GeneratorConfig  # noqa: E402
from runtime.formats.bvh_write import write_bvh  # noqa: E402
from runtime.generate.vocabulary import Vocabulary  # noqa: E402
from runtime.model.generator import MotionGenerator  # noqa: E402
from runtime.weights import BUNDLED  # noqa: E402

SHARED = ("autoencoder.safetensors", "text_encoder.safetensors", "tokenizer.json")
SMALL = {"width": 16, "layers": 1, "heads": 2, "feedforward": 16, "head_width": 16, "head_blocks": 1, "text_layers": 0}
SENTENCES = 8  # that are rehearsed


def prepare(folder: Path) -> None:
    """Make the weights and the clips."""
    (folder / "weights").mkdir()
    (folder / "clips").mkdir()
    for name in SHARED:
        (folder / "weights" / name).symlink_to(BUNDLED / name)
    config, _, _ = checkpoint.load(BUNDLED / "generator.safetensors", "generator", GeneratorConfig)
    config = replace(config, **SMALL)
    torch.manual_seed(0)
    state = MotionGenerator(config).state_dict()
    checkpoint.save(folder / "weights" / "generator.safetensors", "generator", config, state)
    whole = Vocabulary.load(BUNDLED)
    told = replace(whole.config, captions=whole.config.captions[:SENTENCES])
    Vocabulary(told, whole.vectors[:SENTENCES]).save(folder / "weights")
    for make in (bowing, kicking, waving):
        write_bvh(folder / "clips" / f"{make.__name__}.bvh", make(4.0))
    (folder / "words.csv").write_text("*.bvh,a person does the victory dance\n")


def start(folder: Path, out: str, steps: int) -> subprocess.Popen[bytes]:
    """Start to teach, or to go on with it."""
    command = [sys.executable, "-m", "runtime", "teach", "clips", "--words", "words.csv", "--weights", "weights"]
    command += ["--steps", str(steps), "--name", "victory", "--out", out]
    return subprocess.Popen(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def last_line(process: subprocess.Popen[bytes]) -> str:
    """Return the last line that a process which has ended had to say."""
    lines = process.communicate()[1].decode().strip().splitlines()
    return lines[-1] if lines else "starting"


def content(path: Path) -> tuple[dict[str, str], dict[str, bytes]]:
    """Return what a style says of itself and its tensors' bytes; the order of a file's head is chance."""
    with safe_open(str(path), "pt") as file:
        return file.metadata(), {name: file.get_tensor(name).numpy().tobytes() for name in file.keys()}  # noqa: SIM118


def main(kills: int, steps: int, seed: int) -> int:
    """Print a row for each kill and what came of it all; return 1 where the style differs."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="coamd-teach-") as name:
        folder = Path(name)
        prepare(folder)
        begun = time.monotonic()
        print(f"whole: {last_line(start(folder, 'whole.safetensors', steps))}")
        takes = time.monotonic() - begun
        print(f"it takes {takes:.1f} s\n\n| killed after | it said last |\n|---:|---|")
        done = 0
        while done < kills:
            victim, at = start(folder, "killed.safetensors", steps), takes * chance.uniform(0.0, 0.5)
            time.sleep(at)
            ended = victim.poll() is not None
            victim.send_signal(signal.SIGKILL)
            print(f"| {at:.1f} s | {last_line(victim)}{', and ended of itself' if ended else ''} |", flush=True)
            if ended:
                break
            done += 1
        last_line(start(folder, "killed.safetensors", steps))
        whole, killed = (content(folder / f"{kind}.safetensors") for kind in ("whole", "killed"))
    print(f"\n{done} kills; the style is {'the same to the byte' if whole == killed else 'another'}")
    return 0 if whole == killed and done else 1


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:4]]
    sys.exit(main(*given, *(10, 1500, 0)[len(given) :]))
