"""The short form of tests/faults/files.py: mutated files of every kind, in processes with limits."""

import subprocess
import sys

import pytest
from fakes import ROOT


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux's")
def test_mutated_files_are_refused_in_one_line():
    command = [sys.executable, ROOT / "tests" / "faults" / "files.py", "360", "11"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "360 files, 0 kinds of failure" in done.stdout
