"""Does the generator do what it is told? Fixed prompts, several seeds each, judged by geometric tests.

The prompts are in ``obedience_prompts.toml``, the tests in ``obedience_tests.py``. :func:`run` generates and
judges, :func:`judge_folder` judges clips made elsewhere, :func:`table` prints either.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import FPS, MAX_FRAMES
from runtime.evaluate.generated import Order, produce
from runtime.evaluate.obedience_tests import TESTS, passes_in_order

PROMPTS = Path(__file__).with_name("obedience_prompts.toml")
THREE_ACTIONS = Path(__file__).with_name("obedience_three_actions.toml")
OTHER_WORDS = Path(__file__).with_name("obedience_other_words.toml")
_CLIP_NAME = re.compile(r".*_(\d{3})_(\d{3})\.npz$")


@dataclass(frozen=True)
class Prompt:
    """One prompt: the row it counts in, the sentence, its length in frames, and one test, or up to three in order."""

    family: str
    text: str
    frames: int
    tests: tuple[dict, ...]

    def __post_init__(self) -> None:
        for test in self.tests:
            if test.get("is") not in TESTS:
                raise InputError(f"prompt {self.text!r} names no known test", f"use one of {', '.join(TESTS)}")
        if len(self.tests) not in (1, 2, 3) or not 4 <= self.frames <= MAX_FRAMES:
            raise InputError(f"prompt {self.text!r} cannot be judged", "give one to three tests and up to 9.8 seconds")

    def obeyed(self, joints: np.ndarray) -> bool:
        """Whether ``joints`` (frames, 22, 3) do what the prompt says."""
        return passes_in_order(joints, list(self.tests))


def load_prompts(path: Path = PROMPTS) -> list[Prompt]:
    """Read the prompts. Raises InputError for a prompt that names an unknown test or length."""
    rows = tomllib.loads(Path(path).read_text(encoding="utf-8"))["prompt"]
    return [
        Prompt(row["family"], row["text"], round(row["seconds"] * FPS), tuple(row.get("then") or [row["test"]]))
        for row in rows
    ]


def tally(prompts: list[Prompt], verdicts: list[list[bool]]) -> dict:
    """Count verdicts (one list a prompt, one bool a seed) by family, by prompt and overall, ready for JSON."""
    families: dict[str, list[bool]] = {}
    for prompt, results in zip(prompts, verdicts, strict=True):
        families.setdefault(prompt.family, []).extend(results)
    everything = [verdict for results in verdicts for verdict in results]

    def row(name: str, value: str, results: list[bool]) -> dict:
        share = sum(results) / len(results) if results else None
        return {name: value, "passed": int(sum(results)), "total": len(results), "share": share}

    return {
        "families": [row("family", family, results) for family, results in families.items()],
        "overall": row("family", "all", everything),
        "prompts": [
            row("prompt", prompt.text, results) | {"family": prompt.family}
            for prompt, results in zip(prompts, verdicts, strict=True)
        ],
    }


def run(
    generator,
    digest: str,
    cache: Path,
    seeds: int = 8,
    prompts: list[Prompt] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """Generate every prompt with seeds 0 to ``seeds`` - 1, each motion once, and judge all of them.

    ``generator`` and ``digest`` as in ``generated.produce``. Returns the tally of :func:`tally`.
    """
    prompts = load_prompts() if prompts is None else prompts
    orders = [Order(prompt.text, prompt.frames, seed) for prompt in prompts for seed in range(seeds)]
    motions = produce(generator, orders, digest, cache, progress=progress)
    verdicts = [
        [prompt.obeyed(joints) for joints in motions[index * seeds : (index + 1) * seeds]]
        for index, prompt in enumerate(prompts)
    ]
    return tally(prompts, verdicts)


def judge_folder(folder: Path, prompts: list[Prompt] | None = None) -> dict:
    """Judge clips named STEM_LLL_KKK.npz, as ``generate --prompt-file`` writes them: LLL is the prompt's place in
    the list (from 000), KKK the copy. Prompts without a clip count nothing. Raises DataError without clips."""
    prompts = load_prompts() if prompts is None else prompts
    verdicts: list[list[bool]] = [[] for _ in prompts]
    for path in sorted(Path(folder).glob("*.npz")):
        match = _CLIP_NAME.match(path.name)
        if not match or int(match.group(1)) >= len(prompts):
            continue
        with np.load(path, allow_pickle=False) as stored:
            if "joints" not in stored:
                raise DataError(
                    f"{path.name} holds no array named joints", "write clips with python -m runtime generate"
                )
            joints = stored["joints"]
        verdicts[int(match.group(1))].append(prompts[int(match.group(1))].obeyed(joints))
    if not any(verdicts):
        raise DataError(f"no clips named STEM_LLL_KKK.npz in {folder}", "generate them with --prompt-file and --count")
    return tally(prompts, verdicts)


def table(result: dict, by_prompt: bool = False) -> str:
    """The tally as text, one family a line; with ``by_prompt`` one prompt a line below."""
    rows = [(row["family"], row) for row in [*result["families"], result["overall"]]]
    if by_prompt:
        rows += [(f"  {row['prompt']}", row) for row in result["prompts"]]
    lines = []
    for name, row in rows:
        share = "  -" if row["share"] is None else f"{100 * row['share']:3.0f}"
        lines.append(f"{name:<64} {row['passed']:>4} / {row['total']:<4} {share} %")
    return "\n".join(lines)
