"""The examples of docs/scripting.md that need no Blender run, in the order in which they stand."""

import re

import numpy as np
import pytest
from fakes import ROOT

from coamd_blender.motion.skeleton import rest_joints

PAGE = (ROOT / "docs" / "scripting.md").read_text(encoding="utf-8").split("## Without Blender\n")[1]
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with clips: a body at rest, one that is too short, and a file that is torn."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clips").mkdir()
    for name, frames in (("rest", 40), ("short", 6)):
        joints = np.repeat(rest_joints()[None], frames, axis=0).astype(np.float32)
        np.savez(tmp_path / "clips" / f"{name}.npz", joints=joints, fps=20)
    (tmp_path / "clips" / "torn.bvh").write_text("HIERARCHY")
    return tmp_path


def test_the_examples_run(folder, capsys):
    assert len(EXAMPLES) == 3
    for example in EXAMPLES:
        exec(compile(example, "docs/scripting.md", "exec"), {"__name__": "example"})
    for number in range(2):
        with np.load(folder / f"motion_{number}.npz") as archive:
            assert archive["joints"].shape == (40, 22, 3) and archive["fps"] == 20
    printed = capsys.readouterr().out
    assert re.search(r"^rest\.npz: .+ \(\d+%\)$", printed, re.MULTILINE) and "torn.bvh" in printed
    assert "1 files read" in printed and re.search(r"^-?\d\.\d\d  .*rest\.npz  frames 0 to 40$", printed, re.MULTILINE)
    assert "rest (40, 22, 3)" in printed
