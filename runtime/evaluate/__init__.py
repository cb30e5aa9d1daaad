"""Benchmarks: what they measure, and with what.

registry.py     a row a benchmark; results.py: their latest figures
benchmarks.py   Options, run_benchmark, and the benchmarks of our own weights
paper.py        those of the paper, on data that a user must bring
open_benchmark.py, open_set.py    text to motion, retrieval and editing on open data
obedience.py, obedience_tests.py, vocabulary/, geometry.py    does a motion do what was asked
clauses.py      are the clauses of a sentence found; clauses.txt: marked sentences
recognition.py, supervised.py, swapped_captions.py, known_unknown.py    what the recogniser and the vocabulary know
physical.py, fairness.py, segment_fairness.py    is a motion plausible; are the tests fair
metrics.py, scoring.py, retrieval.py, evaluator.py, baselines.py    figures, judges, and rows to hold ours against
"""

from coamd_blender.lazy import modules_of

__getattr__ = modules_of(__name__)
