"""Kill an installation at many moments, and see whether the next one resumes it; print a row for each.

    .venv/bin/python tests/faults/install_kills.py [MOMENTS=30 [FIRST=0]]

The moments are spread over the time that a whole installation takes, so that several fall into ensurepip. What is
installed are four tiny packages from a folder, each held to its hash (tests/setup/test_install.py). Linux only.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "setup")]

from test_install import TORCH, make_wheel  # noqa: E402

from coamd_blender.setup import install, packages  # noqa: E402

PACKAGES = ("numpy", "safetensors", "tokenizers", "torch")
_CHILD = "import sys; sys.path[:0] = {path!r}; import install_kills; install_kills.install_into({folder!r})"


def plan(folder: Path) -> install.InstallPlan:
    """Return what to install below ``folder``, whose name has a space and an accent."""
    source = {"linux": "cuda"}.get(sys.platform, "cpu")
    chosen = packages.Packages(source, folder / "requirements.txt", folder / "locks", folder / "wheels")
    return install.InstallPlan(folder / "my ünits" / "env", Path(sys.executable), chosen)


def prepare(folder: Path) -> None:
    """Make the wheels and their lock."""
    (folder / "wheels").mkdir()
    (folder / "locks").mkdir()
    for name in PACKAGES:
        make_wheel(folder / "wheels", name, TORCH if name == "torch" else '__version__ = "0.9.9"\n')
    lock(folder)


def lock(folder: Path) -> None:
    """Write the lock of the wheels as they are now."""
    lines = []
    for name in PACKAGES:
        (wheel,) = (folder / "wheels").glob(f"{name}-*.whl")
        lines.append(f"{name}==0.9.9 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    (folder / "locks" / packages.PYPI_LOCK).write_text("".join(lines))
    (folder / "requirements.txt").write_text("".join(line.split(" ")[0] + "\n" for line in lines))


def install_into(folder: str) -> None:
    """Install and print what came of it: the process that is killed."""
    installer = install.Installer(plan(Path(folder)))
    installer.start(online=False)
    while installer.running:
        print(installer.phase, flush=True)
        installer.wait(0.1)
    print(installer.error or "whole", flush=True)


def start(folder: Path) -> subprocess.Popen[str]:
    """Start :func:`install_into` in a process of its own."""
    path = [str(ROOT), str(Path(__file__).parent), str(ROOT / "tests" / "setup")]
    code = _CHILD.format(path=path, folder=str(folder))
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def main(moments: int, first: int = 0) -> int:
    """Print the table from moment ``first`` on; return 1 where an installation did not resume."""
    with tempfile.TemporaryDirectory(prefix="coamd-install-") as name:
        prepare(Path(name))
        begun = time.monotonic()
        start(Path(name)).communicate()
        whole, good = time.monotonic() - begun, 0
        print(f"a whole installation takes {whole:.1f} s\n\n| killed at | while | next |\n|---:|---|---|")
        for number in range(first, moments):
            install.remove(plan(Path(name)).folder)
            at = whole * (number + 0.5) / moments
            victim = start(Path(name))
            time.sleep(at)
            end_with_children(victim.pid)
            phases = victim.communicate()[0].split("\n")
            told = start(Path(name)).communicate()[0].split("\n")[-2]
            resumed = told == "whole" and install.is_installed(plan(Path(name)).folder, Path(name, "requirements.txt"))
            good += resumed
            print(f"| {at:.1f} s | {(phases[-2:-1] or ['starting'])[0]} | {told} |", flush=True)
    print(f"\n{good} of {moments - first} resumed")
    return 0 if good == moments - first else 1


def end_with_children(pid: int) -> None:
    """Kill a process and all that it started, as a loss of power does (Linux: /proc)."""
    found = [pid]
    for each in found:
        with suppress(OSError):  # it has ended since
            for listed in Path(f"/proc/{each}/task").glob("*/children"):
                found += [int(number) for number in listed.read_text().split()]
    for each in found:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:3]]
    sys.exit(main(*given, *(30, 0)[len(given) :]))
