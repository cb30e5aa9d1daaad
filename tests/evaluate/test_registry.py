"""The list of benchmarks: every row names a runner that is there, and listing loads nothing heavy."""

import subprocess
import sys

import pytest
from fakes import ROOT

from coamd_blender.errors import InputError
from runtime.evaluate.editing import TASKS
from runtime.evaluate.registry import BENCHMARKS, PAPER, find


@pytest.mark.parametrize("row", BENCHMARKS, ids=lambda row: row.name)
def test_every_row_has_a_runner(row):
    assert callable(row.load())


def test_names_are_used_once_and_found():
    names = [row.name for row in BENCHMARKS]
    assert len(set(names)) == len(names) and all(find(name).name == name for name in names)
    with pytest.raises(InputError, match="no benchmark 'beauty'"):
        find("beauty")


def test_the_papers_editing_tasks_are_all_there():
    assert [row.name for row in PAPER[-4:]] == [f"humanml3d-{task}" for task in TASKS]
    assert TASKS == ("inbetween", "outpaint", "prefix", "suffix")


def test_listing_loads_no_torch():
    code = "import sys; from runtime.evaluate.registry import list_benchmarks as f; f(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
