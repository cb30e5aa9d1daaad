"""The short form of tests/faults/frames.py: mutated frames on both sides of the wire."""

import subprocess
import sys

from fakes import ROOT


def test_mutated_frames_are_answered_and_end_nothing():
    command = [sys.executable, ROOT / "tests" / "faults" / "frames.py", "1500", "11"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1,500 frames, 0 kinds of failure" in done.stdout
