"""Installing the runtime from small wheels made here, without a network."""

import json
import os
import sys
import time
import zipfile
from pathlib import Path

import pytest

from coamd_blender.errors import InputError, OfflineError, RuntimeUnavailable
from coamd_blender.setup import install

TORCH = """
__version__ = "0.9.9"
class cuda:
    is_available = staticmethod(lambda: False)
class backends:
    class mps:
        is_available = staticmethod(lambda: False)
"""


def make_wheel(folder: Path, name: str, source: str) -> None:
    """Write the smallest wheel that pip takes: one module ``name`` with ``source``, version 0.9.9."""
    info = f"{name}-0.9.9.dist-info"
    files = {
        f"{name}.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.9.9\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-0.9.9-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """An installation of four tiny packages from a folder, below a path with a space and an accent.

    pip sees neither configuration files nor variables of the machine: constraints, indexes or wheel
    folders set there would decide what these tests show.
    """
    for name in [name for name in os.environ if name.upper().startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in ("numpy", "safetensors", "tokenizers"):
        make_wheel(wheels, name, '__version__ = "0.9.9"\n')
    make_wheel(wheels, "torch", TORCH)
    requirements = tmp_path / "requirements.txt"
    names = "\n".join(f"{name}==0.9.9" for name in ("numpy", "safetensors", "tokenizers", "torch"))
    requirements.write_text(f"--no-index\n--find-links {wheels.as_uri()}\n{names}\n")
    return install.InstallPlan(tmp_path / "my ünits" / "env", Path(sys.executable), requirements, "default")


def run(plan) -> install.Installer:
    installer = install.Installer(plan)
    installer.start(online=True)
    installer.wait(300)
    return installer


def test_installs_tests_and_writes_the_sentinel_last(plan):
    installer = run(plan)
    assert installer.error is None, installer.log
    assert (installer.fraction, installer.phase, installer.running) == (1.0, "Installed", False)
    assert str(installer.result).endswith("torch 0.9.9, CPU only")
    assert install.is_installed(plan.folder, plan.requirements)
    config = plan.folder / "pyvenv.cfg"
    text = config.read_text()
    config.write_text("home = /nowhere/blender/python\n")
    assert not install.is_installed(plan.folder, plan.requirements), "the Python it was made by is gone"
    config.write_text(text)
    plan.requirements.write_text(plan.requirements.read_text() + "# another pin\n")
    assert not install.is_installed(plan.folder, plan.requirements), "other pins count as installed"
    install.remove(plan.folder)
    assert not plan.folder.exists()


def test_failure_names_the_reason_and_the_next_try_resumes(plan, tmp_path):
    torch_wheel = tmp_path / "wheels" / "torch-0.9.9-py3-none-any.whl"
    hidden = torch_wheel.rename(tmp_path / torch_wheel.name)
    failed = run(plan)
    assert "torch==0.9.9" in str(failed.error) and "press Install again" in str(failed.error)
    assert "torch==0.9.9" in failed.log and not install.is_installed(plan.folder, plan.requirements)
    made = (plan.folder / "pyvenv.cfg").stat().st_mtime_ns
    hidden.rename(torch_wheel)
    assert run(plan).error is None
    assert (plan.folder / "pyvenv.cfg").stat().st_mtime_ns == made, "the environment was made anew"


def test_cancel_stops_it_and_leaves_no_sentinel(plan):
    installer = install.Installer(plan)
    installer.start(online=True)
    end = time.monotonic() + 20
    while installer.phase != "Making the environment":
        assert time.monotonic() < end and installer.error is None, installer.log
        time.sleep(0.005)
    installer.cancel()
    installer.wait(20)
    assert not installer.running and installer.error.code == "cancelled"
    assert not install.is_installed(plan.folder, plan.requirements)


def test_pip_lines_become_what_the_panel_shows():
    line = "  Downloading https://x.org/whl/torch-2.13.0-cp313-cp313-win_amd64.whl (200.1 MB)"
    assert install.package_in(line) == "Downloading torch (200.1 MB)"
    assert install.package_in("  Downloading sympy-1.14.0-py3-none-any.whl") == "Downloading sympy"
    assert install.package_in("Collecting filelock (from torch==2.13.0)") == ""


def test_offline_is_refused_before_anything_is_done(plan):
    installer = install.Installer(plan)
    with pytest.raises(OfflineError, match="Allow Online Access"):
        installer.start(online=False)
    assert not plan.folder.exists() and not installer.running


def test_full_disk_is_said_before_the_download(plan, monkeypatch):
    monkeypatch.setattr(install.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1e9}))
    installer = run(plan)
    assert isinstance(installer.error, InputError) and "1.0 GB are free" in str(installer.error)


@pytest.mark.parametrize(("text", "words"), [("", "No Python interpreter"), ("/nowhere/python", "/nowhere/python")])
def test_missing_interpreter_is_named(text, words):
    with pytest.raises(RuntimeUnavailable, match=words):
        install.probe(text)


def test_interpreter_without_torch_is_named_with_what_is_missing(tmp_path):
    import venv

    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    with pytest.raises(RuntimeUnavailable, match="No module named 'numpy'"):
        install.probe(tmp_path / "bare")


def test_broken_sentinel_does_not_count(tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("x==1\n")
    for text in ("{", "[]", json.dumps({"requirements": "other"})):
        (tmp_path / install.SENTINEL).write_text(text)
        assert not install.is_installed(tmp_path, requirements)
