"""The short form of the fault table (tests/faults/run.py): what ends at once, at a phase each."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("bpy")

RUN = Path(__file__).resolve().parents[1] / "faults" / "run.py"
SHORT = ("killed/start", "memory/load", "killed/work", "wrong answer/answer")


def test_faults_that_end_at_once_are_told_and_lose_nothing():
    done = subprocess.run([sys.executable, RUN, "--only", *SHORT], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(SHORT)} of {len(SHORT)} as they must be" in done.stdout
