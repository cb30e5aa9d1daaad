"""Which packages the runtime takes, from where, and what pip heeds.

Every package is held to the hashes of ``runtime/locks`` (``build.py lock`` makes them): what the index, a proxy or a
folder of wheels hands out is refused unless it is, to the byte, what was locked. pip asks one index for one package, so
that no name can be taken from another, and heeds nobody's settings unless the user chooses them.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputError
from ..wire.client import child_environment

PACKAGE_INDEX = "https://pypi.org/simple"
PYTORCH_INDEXES = {
    "cpu": "https://download.pytorch.org/whl/cpu",
    "cuda": "https://download.pytorch.org/whl/cu130",
}
# Holds torch as PyPI has it: for CUDA on Linux, for the processor on Windows, for both of Apple's on macOS.
PYPI_LOCK = "pypi.txt"
# All but torch: with it comes a build from PyTorch's own index, locked in torch-cpu.txt and torch-cuda.txt.
OTHERS_LOCK = "others.txt"
SPACE = {"cpu": 3e9, "cuda": 9e9, "default": 3e9}  # free bytes needed


@dataclass(frozen=True)
class Packages:
    """What to install: torch's build (``"cpu"``, ``"cuda"`` or, as pip is set up, ``"default"``) and the rest.

    requirements: the pinned packages. locks: the folder of their hashes. wheels: a folder of wheels that takes the
    place of the network. platform: as sys.platform.
    """

    torch_source: str
    requirements: Path
    locks: Path
    wheels: Path | None = None
    platform: str = sys.platform

    def downloads(self) -> list[list[object]]:
        """Return the arguments of each run of pip. Raises InputError for a folder without wheels."""
        if self.wheels is None:
            return [[*index, *wanted] for index, wanted in self._runs()]
        if not self.wheels.is_dir() or not any(self.wheels.glob("*.whl")):
            runs = replace(self, wheels=None).downloads()
            commands = (" ".join(map(str, ["python -m pip download -d FOLDER", *run])) for run in runs)
            raise InputError(
                f"{self.wheels} holds no wheels", f"Fill it on a machine of this kind: {' ; '.join(commands)}"
            )
        return [["--no-index", "--find-links", self.wheels, *wanted] for _, wanted in self._runs()]

    def _runs(self) -> list[tuple[list[object], list[object]]]:
        """Return (arguments that name the index, arguments that name packages) of each run: torch comes first."""
        if self.torch_source == "default":
            return [([], ["-r", self.requirements])]
        pypi, torch_index = ["--index-url", PACKAGE_INDEX], self._torch_index()
        if torch_index is None:
            return [(pypi, _locked(self.locks / PYPI_LOCK))]
        torch = (["--index-url", torch_index], ["--no-deps", *_locked(self.locks / f"torch-{self.torch_source}.txt")])
        return [torch, (pypi, _locked(self.locks / OTHERS_LOCK))]

    def _torch_index(self) -> str | None:
        """Return PyTorch's own index, None where PyPI has this build for this platform."""
        if self.torch_source == {"linux": "cuda", "win32": "cpu"}.get(self.platform, self.torch_source):
            return None
        return PYTORCH_INDEXES[self.torch_source]


def _locked(lock: Path) -> list[object]:
    return ["--require-hashes", "-r", lock]


def pip_environment(torch_source: str) -> dict[str, str]:
    """Return the environment for pip: without its settings on this machine, unless the user chose ``"default"``.

    Settings could name another index or other packages. What leads through a proxy (HTTPS_PROXY) and to certificates
    (SSL_CERT_FILE) stays; pip before version 24 heeds the latter under another name alone, and that name comes first
    in every pip: SSL_CERT_FILE, which the line of a refused certificate names, takes its place.
    """
    environment = child_environment()
    if torch_source == "default":
        if "SSL_CERT_FILE" in environment:
            environment.setdefault("REQUESTS_CA_BUNDLE", environment["SSL_CERT_FILE"])
        return environment
    if "SSL_CERT_FILE" in environment:
        environment["REQUESTS_CA_BUNDLE"] = environment["SSL_CERT_FILE"]
    kept = {name: value for name, value in environment.items() if not name.upper().startswith("PIP_")}
    return kept | {"PIP_CONFIG_FILE": os.devnull}
