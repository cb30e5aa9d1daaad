"""Does the generator do what it is told? Fixed prompts, several seeds each, judged by geometric tests.

The prompts are in ``obedience_prompts.toml``, the tests in ``obedience_tests.py``. :func:`run` generates and
judges, :func:`judge_folder` judges clips made elsewhere, :func:`table` prints either.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import FPS, MAX_FRAMES
from runtime.evaluate.generated import Order, produce
from runtime.evaluate.obedience_tests import TESTS, passes, passes_in_order, upright_arms

if TYPE_CHECKING:
    from runtime.evaluate.recognition import Understanding
    from runtime.generate.generator import Generator

PROMPTS = Path(__file__).with_name("obedience_prompts.toml")
THREE_ACTIONS = Path(__file__).with_name("obedience_three_actions.toml")
OTHER_WORDS = Path(__file__).with_name("obedience_other_words.toml")
NEW_WORDS = Path(__file__).with_name("obedience_new_words.toml")
VOCABULARY = Path(__file__).with_name("obedience_vocabulary.toml")
TOGETHER = Path(__file__).with_name("obedience_together.toml")
_CLIP_NAME = re.compile(r".*_(\d{3})_(\d{3})\.npz$")


@dataclass(frozen=True)
class Prompt:
    """One prompt: the row it counts in, the sentence, its length in frames, and one test, or up to three in order.

    ``group`` names a further row, of all families that share it. ``meanwhile`` is a test of what arms, trunk and head
    do at the same time, whatever the legs do.
    """

    family: str
    text: str
    frames: int
    tests: tuple[dict, ...]
    group: str = ""
    meanwhile: dict | None = None

    def __post_init__(self) -> None:
        for test in (*self.tests, *([self.meanwhile] if self.meanwhile else ())):
            if test.get("is") not in TESTS:
                raise InputError(f"Prompt {self.text!r} names no known test", f"Use one of {', '.join(TESTS)}")
        if len(self.tests) not in (1, 2, 3) or not 4 <= self.frames <= MAX_FRAMES:
            raise InputError(f"Prompt {self.text!r} cannot be judged", "Give one to three tests and up to 9.8 seconds")

    def obeyed(self, joints: np.ndarray) -> bool:
        """Tell whether ``joints`` (frames, 22, 3), metres, do what the prompt says."""
        arms = self.meanwhile is None or passes(upright_arms(joints), self.meanwhile)
        return arms and passes_in_order(joints, list(self.tests))


def load_prompts(path: Path = PROMPTS) -> list[Prompt]:
    """Read the prompts. Raises InputError without the file, or for a prompt that names an unknown test or length."""
    if not Path(path).is_file():
        raise InputError(f"{path} is not there", "Give --prompts FILE, as runtime/evaluate/obedience_prompts.toml")
    rows = tomllib.loads(Path(path).read_text(encoding="utf-8"))["prompt"]
    return [
        Prompt(
            row["family"],
            row["text"],
            round(row["seconds"] * FPS),
            tuple(row.get("then") or [row["test"]]),
            row.get("group", ""),
            row.get("meanwhile"),
        )
        for row in rows
    ]


def _row(name: str, value: str, results: list[bool]) -> dict:
    share = sum(results) / len(results) if results else None
    return {name: value, "passed": int(sum(results)), "total": len(results), "share": share}


def _mean(rows: list[dict]) -> float | None:
    """Return the mean share of family rows, each counting the same; None where none was judged."""
    shares = [row["share"] for row in rows if row["share"] is not None]
    return sum(shares) / len(shares) if shares else None


def tally(prompts: list[Prompt], verdicts: list[list[bool]]) -> dict:
    """Count verdicts (one list a prompt, one bool a seed) by family, by prompt and overall, ready for JSON.

    ``mean`` is the mean share of the families, ``groups`` those of the groups that prompts name.
    """
    families: dict[str, list[bool]] = {}
    members: dict[str, set[str]] = {}
    for prompt, results in zip(prompts, verdicts, strict=True):
        families.setdefault(prompt.family, []).extend(results)
        if prompt.group:
            members.setdefault(prompt.group, set()).add(prompt.family)
    rows = [_row("family", family, results) for family, results in families.items()]
    return {
        "families": rows,
        "mean": _mean(rows),
        "groups": [
            {"group": group, "families": len(own), "mean": _mean([row for row in rows if row["family"] in own])}
            for group, own in members.items()
        ],
        "overall": _row("family", "all", [verdict for results in verdicts for verdict in results]),
        "prompts": [
            _row("prompt", prompt.text, results) | {"family": prompt.family}
            for prompt, results in zip(prompts, verdicts, strict=True)
        ],
    }


def best_draws(
    told: list[str], motions: list[np.ndarray], seeds: int, of: int, understanding: Understanding
) -> list[list[int]]:
    """Choose of every ``of`` seeds the one whose motion the recogniser finds nearest to the prompt: seeds by prompt.

    ``told`` are the prompts as the generator understands them. ``motions``, each (frames, 22, 3) in metres, are those
    of each prompt's seeds in turn. Raises InputError unless ``of`` divides ``seeds``.
    """
    if seeds % of:
        raise InputError(
            f"The best of {of} cannot be chosen among {seeds} seeds", f"Use --seeds {of * -(-seeds // of)}"
        )
    texts = understanding.names(told)
    vectors = understanding.motions(motions).reshape(len(told), seeds // of, of, -1)
    nearest = np.einsum("pbsd,pd->pbs", vectors, texts).argmax(axis=2)
    return (nearest + np.arange(seeds // of) * of).tolist()


def run(
    generator: Generator | Callable[[], Generator],
    digest: str,
    cache: Path,
    seeds: int = 8,
    prompts: list[Prompt] | None = None,
    progress: Callable[[int, int], None] | None = None,
    best_of: int | None = None,
    understanding: Callable[[], Understanding] | None = None,
) -> dict:
    """Generate every prompt with seeds 0 to ``seeds`` - 1, each motion once, and judge all of them.

    ``generator`` and ``digest`` as in ``generated.produce``. Returns the tally of :func:`tally` and ``motions``, a
    sha256 of them all; with ``best_of``, which needs ``understanding`` (a function that loads one), also ``best``, the
    tally of the draws that :func:`best_draws` chooses, with their number ``of``.
    """
    prompts = load_prompts() if prompts is None else prompts
    orders = [Order(prompt.text, prompt.frames, seed) for prompt in prompts for seed in range(seeds)]
    motions = produce(generator, orders, digest, cache, progress=progress)
    verdicts = [
        [prompt.obeyed(joints) for joints in motions[index * seeds : (index + 1) * seeds]]
        for index, prompt in enumerate(prompts)
    ]
    seen = hashlib.sha256(b"".join(np.ascontiguousarray(joints, dtype="<f4").tobytes() for joints in motions))
    result = tally(prompts, verdicts) | {"motions": seen.hexdigest()}
    if best_of is not None:
        maker = generator() if callable(generator) else generator
        told = [maker.understood(prompt.text, prompt.frames) for prompt in prompts]
        chosen = best_draws(told, motions, seeds, best_of, understanding())
        shown = [[own[seed] for seed in seeds_] for own, seeds_ in zip(verdicts, chosen, strict=True)]
        result["best"] = tally(prompts, shown) | {"of": best_of}
    return result


def judge_folder(folder: Path, prompts: list[Prompt] | None = None) -> dict:
    """Judge clips named STEM_LLL_KKK.npz, as ``generate --prompt-file`` writes them.

    LLL is the prompt's place in the list (from 000), KKK the copy. Prompts without a clip count nothing. Raises
    DataError without clips.
    """
    prompts = load_prompts() if prompts is None else prompts
    verdicts: list[list[bool]] = [[] for _ in prompts]
    for path in sorted(Path(folder).glob("*.npz")):
        match = _CLIP_NAME.match(path.name)
        if not match or int(match.group(1)) >= len(prompts):
            continue
        with np.load(path, allow_pickle=False) as stored:
            if "joints" not in stored:
                raise DataError(
                    f"{path.name} holds no array named joints", "Write clips with python -m runtime generate"
                )
            joints = stored["joints"]
        verdicts[int(match.group(1))].append(prompts[int(match.group(1))].obeyed(joints))
    if not any(verdicts):
        raise DataError(f"No clips named STEM_LLL_KKK.npz in {folder}", "Generate them with --prompt-file and --count")
    return tally(prompts, verdicts)


def _line(name: str, row: dict, best: dict | None = None) -> str:
    share = "  -" if row["share"] is None else f"{100 * row['share']:3.0f}"
    line = f"{name:<64} {row['passed']:>4} / {row['total']:<4} {share} %"
    return line if best is None else line + ("    -" if best["share"] is None else f" {100 * best['share']:3.0f} %")


def _mean_line(name: str, mean: float | None, best: float | None = None) -> str:
    cells = [f"{100 * value:3.0f} %" for value in (mean, best) if value is not None]
    return f"{name:<64} {'':>11} {' '.join(cells) or '  -'}"


def table(result: dict, by_prompt: bool = False) -> str:
    """Return the tally as text, one family a line, then means; with ``by_prompt`` one prompt a line below.

    A tally of the best draws, where there is one, stands in a column beside that of all draws.
    """
    best = result.get("best")
    lines = [f"{'one draw; the best of ' + str(best['of']) + ' by the recogniser':<77}"] if best else []
    beside = best["families"] if best else [None] * len(result["families"])
    for row, chosen in zip(result["families"], beside, strict=True):
        lines.append(_line(row["family"], row, chosen))
    lines.append(_line("all", result["overall"], best and best["overall"]))
    lines.append(_mean_line("mean over families", result["mean"], best and best["mean"]))
    for index, row in enumerate(result["groups"]):
        mean = best and best["groups"][index]["mean"]
        lines.append(_mean_line(f"mean over {row['families']} families: {row['group']}", row["mean"], mean))
    if by_prompt:
        beside = best["prompts"] if best else [None] * len(result["prompts"])
        for row, chosen in zip(result["prompts"], beside, strict=True):
            lines.append(_line(f"  {row['prompt']}", row, chosen))
    return "\n".join(lines)
