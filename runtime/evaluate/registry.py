"""The benchmarks, one row each: what it measures, what it needs, the published figure if any, and who runs it.

Nothing heavy is imported here, so that ``evaluate list`` and a wrong name are answered at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from coamd_blender.errors import InputError
from runtime.data.folders import check_prepared
from runtime.evaluate import results

CACHE, PREPARED = Path("out/evaluate"), Path("data/prepared")
WEIGHTS, DATA, BOTH = "weights", "prepared data", "weights, prepared data"


@dataclass(frozen=True)
class Benchmark:
    """One row. ``runner`` is "module.function" of this package, called with ``arguments`` and then the Options
    (benchmarks.py), which take the fields of ``usual`` where none of them is named. ``recognises`` is False where the
    recogniser has no part in the figure, unless it chooses among draws. ``styled`` is True where motions may be drawn
    in styles.

    It returns a dictionary ready for JSON, which ``--json`` prints with the key ``benchmark``. ``text`` in it is the
    table that is printed without (the name alone is, where there is none); ``figure`` the one line that ``evaluate
    list`` shows as ours from then on. All else is the runner's own."""

    name: str
    measures: str
    needs: str
    runner: str
    published: str | None = None
    arguments: tuple = ()
    recognises: bool = True
    styled: bool = False
    usual: Mapping[str, Any] = field(default_factory=dict)

    def check(self, weights: Path | None = None, prepared: Path | None = None) -> None:
        """Raise WeightsError or DataError, before anything heavy is imported, where what it needs is not there."""
        if self.needs in (WEIGHTS, BOTH):
            results.weights_files(weights)
        if self.needs in (DATA, BOTH):
            check_prepared(PREPARED if prepared is None else prepared)

    def load(self) -> Callable[[Any], dict]:
        """Import and return who runs it: a function of the Options."""
        module, function = self.runner.split(".")
        return partial(getattr(import_module(f"runtime.evaluate.{module}"), function), *self.arguments)


OPEN = (
    Benchmark(
        "obedience",
        "does the motion do what the prompt says",
        WEIGHTS,
        "benchmarks.run_obedience",
        recognises=False,
        styled=True,
    ),
    Benchmark(
        "obedience_other_words",
        "the same in words nobody wrote captions for",
        WEIGHTS,
        "benchmarks.run_obedience_of",
        arguments=("OTHER_WORDS",),
        recognises=False,
        styled=True,
    ),
    Benchmark(
        "obedience_new_words",
        "the same by one more writer, whose prompts nobody has looked at",
        WEIGHTS,
        "benchmarks.run_obedience_of",
        arguments=("NEW_WORDS",),
        recognises=False,
        styled=True,
    ),
    Benchmark(
        "obedience_three_actions",
        "three actions in one sentence, each of them seen in order",
        WEIGHTS,
        "benchmarks.run_obedience_of",
        arguments=("THREE_ACTIONS",),
        recognises=False,
        styled=True,
    ),
    Benchmark(
        "obedience_vocabulary",
        "71 single actions in four wordings each",
        WEIGHTS,
        "benchmarks.run_obedience_of",
        arguments=("VOCABULARY",),
        usual={"seeds": 4, "best_of": 4},
        styled=True,
    ),
    Benchmark(
        "obedience_together",
        "two things at once: what arms do while the body does something else",
        WEIGHTS,
        "benchmarks.run_obedience_of",
        arguments=("TOGETHER",),
        usual={"seeds": 4},
        recognises=False,
        styled=True,
    ),
    Benchmark(
        "clauses",
        "are the clauses of a sentence found, in order of time",
        WEIGHTS,
        "clauses.run_clauses",
        recognises=False,
    ),
    Benchmark(
        "known_unknown",
        "are prompts never met told from those learnt",
        WEIGHTS,
        "known_unknown.run_known_unknown",
    ),
    Benchmark(
        "teach",
        "actions never met, taught from 3 and from 8 clips",
        BOTH,
        "teaching.run_teach",
        usual={"seeds": 1},
    ),
    Benchmark(
        "teach_manners",
        "six manners, taught from 12 clips each, over walking, running and waving",
        BOTH,
        "manners.run_manners",
        usual={"seeds": 1},
    ),
    Benchmark(
        "teach_manners_trained",
        "the same six, trained 600 steps besides",
        BOTH,
        "manners.run_trained_manners",
        usual={"seeds": 1},
    ),
    Benchmark("fairness", "do the obedience tests tell real clips apart", DATA, "benchmarks.run_fairness"),
    Benchmark(
        "fairness_vocabulary",
        "do the tests of 71 single actions tell real clips apart",
        DATA,
        "segment_fairness.run_segment_fairness",
    ),
    Benchmark("physical", "bones, skating, jerk, floor against the data", BOTH, "benchmarks.run_physical", styled=True),
    Benchmark("diversity", "how much seeds of a prompt differ", WEIGHTS, "benchmarks.run_diversity", styled=True),
    Benchmark("reconstruction", "autoencoder error on unseen performers", BOTH, "benchmarks.run_reconstruction"),
    Benchmark("memorisation", "distance to the nearest training window", BOTH, "benchmarks.run_memorisation"),
    Benchmark("edit_paths", "walks led along curves", BOTH, "edits.run_paths"),
    Benchmark("edit_poses", "clips remade through poses of their own", BOTH, "edits.run_poses"),
    Benchmark("edit_parts", "arms that obey over legs that stay", BOTH, "edits.run_parts"),
    Benchmark(
        "edit_ranges",
        "ranges that do what they are told, and the warning that one is too short",
        WEIGHTS,
        "edit_ranges.run_edit_ranges",
    ),
    Benchmark("speed", "what one waits for, and how it grows with size", WEIGHTS, "speed.run_speed"),
    Benchmark(
        "recognition", "naming clips of labelled sets, zero-shot and trained", BOTH, "open_benchmark.run_recognition"
    ),
    Benchmark(
        "recognition_across",
        "naming clips of each labelled set after training on the others",
        BOTH,
        "open_benchmark.run_recognition_across",
    ),
    Benchmark(
        "swapped_captions",
        "are captions told from those with the side or the speed swapped",
        BOTH,
        "swapped_captions.run_swapped_captions",
    ),
    Benchmark("retrieval", "clips by words and words by clips", BOTH, "open_benchmark.run_retrieval"),
    Benchmark(
        "library_retrieval",
        "the same, asked of a clip library of the clips",
        BOTH,
        "library_retrieval.run_library_retrieval",
    ),
    Benchmark(
        "search_scores",
        "is the score of a search the chance that a person agrees",
        BOTH,
        "search_scores.run_search_scores",
    ),
    Benchmark(
        "robustness", "are files of other exporters read rightly, or refused", "nothing", "robustness.run_robustness"
    ),
    Benchmark("open", "the paper's tasks on open data", BOTH, "open_benchmark.run_open"),
    Benchmark(
        "open_text_to_motion",
        "text to motion alone of these, and other weights beside ours",
        BOTH,
        "open_benchmark.run_open_text_to_motion",
    ),
    Benchmark("open_editing", "the four editing tasks beside baselines", BOTH, "open_benchmark.run_open_editing"),
)

_MOTION, _RECOGNITION = "text to motion", "zero-shot recognition, top 1"
_NTU, _NTU_120 = "NTU RGB+D", "NTU RGB+D 120"
# The tasks of editing.py, and what the paper reports of them.
EDITING_TASKS = {"inbetween": None, "outpaint": None, "prefix": "R@1 0.525", "suffix": "R@1 0.522"}
PAPER = (
    Benchmark("humanml3d-t2m", _MOTION, "HumanML3D", "paper.run_text_to_motion", "FID 0.065", ("humanml3d",)),
    Benchmark("kit-t2m", _MOTION, "KIT-ML", "paper.run_text_to_motion", "R@1 0.431", ("kit",)),
    Benchmark("ntu60-xsub", _RECOGNITION, _NTU, "paper.run_ntu", "50.24", (60, "xsub")),
    Benchmark("ntu60-xview", _RECOGNITION, _NTU, "paper.run_ntu", "54.04", (60, "xview")),
    Benchmark("ntu120-xsub", _RECOGNITION, _NTU_120, "paper.run_ntu", "38.29", (120, "xsub")),
    Benchmark("ntu120-xset", _RECOGNITION, _NTU_120, "paper.run_ntu", "39.11", (120, "xset")),
    Benchmark(
        "humanml3d-400", "recognition of 400 actions, top 1", "HumanML3D, labels", "paper.run_humanml3d_400"
    ),
    Benchmark(
        "humanml3d-retrieval",
        "text and motion retrieval",
        "HumanML3D",
        "paper.run_retrieval",
        "R@3 88.05, R@1 68.86",
        ("humanml3d",),
    ),
    Benchmark("kit-retrieval", "text and motion retrieval", "KIT-ML", "paper.run_retrieval", None, ("kit",)),
    *(
        Benchmark(f"humanml3d-{task}", f"editing: {task}", "HumanML3D", "paper.run_editing", published, (task,))
        for task, published in EDITING_TASKS.items()
    ),
)  # fmt: skip
BENCHMARKS = (*OPEN, *PAPER)


def find(name: str) -> Benchmark:
    """Return the row of a benchmark. Raises InputError for an unknown name."""
    rows = {row.name: row for row in BENCHMARKS}
    if name not in rows:
        raise InputError(f"There is no benchmark {name!r}", f"Choose from list, {', '.join(rows)}")
    return rows[name]


def list_benchmarks(weights: Path | None = None, cache: Path = CACHE) -> list[dict]:
    """Return rows of name, measures, needs, published (a figure from the literature, or None) and ours (the latest
    figure of these weights, or None)."""
    ours = results.figures(weights, cache)
    return [
        {
            "name": row.name,
            "measures": row.measures,
            "needs": row.needs,
            "published": row.published,
            "ours": ours.get(row.name),
        }
        for row in BENCHMARKS
    ]
