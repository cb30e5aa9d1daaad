"""Install while the network, the disk or the wheels are not as they should be; print a row for each.

    .venv/bin/python tests/faults/install_faults.py [--only NAME ...]

A row: what the user reads, and whether the next installation, with the fault gone, is whole. pip is the real one, the
index a server on this machine that speaks HTTPS with a certificate of its own, the packages four tiny ones, the folder
one whose name has a space and letters of three alphabets. The full disk is a small one in memory (Linux, as root).
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import http.server
import os
import shutil
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "setup"), str(ROOT / "tests" / "faults")]

import install_kills  # noqa: E402
from test_install import TORCH, make_wheel  # noqa: E402

from coamd_blender.setup import install, packages  # noqa: E402

NAME = "my ünits Ελ 日本"
BIG = 60 << 20  # bytes of the package that does not fit
DISK = 64 << 20


class Index(http.server.SimpleHTTPRequestHandler):
    """A package index of the folder ``wheels``: a page for each package with its one wheel."""

    wheels = Path()

    def do_GET(self) -> None:
        """Answer /simple/NAME/ with a link, and a link with the wheel."""
        name = self.path.strip("/").split("/")[-1]
        if self.path.startswith("/simple/"):
            links = [path.name for path in self.wheels.glob(f"{name}-*.whl")]
            data, kind = "".join(f'<a href="/files/{link}">{link}</a>' for link in links).encode(), "text/html"
        else:
            data, kind = (self.wheels / name).read_bytes(), "application/octet-stream"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_) -> None:
        """Say nothing."""


class Proxy(http.server.BaseHTTPRequestHandler):
    """A proxy that asks for a password which nobody has."""

    def do_CONNECT(self) -> None:
        """Refuse."""
        self.send_response(407)
        self.send_header("Proxy-Authenticate", 'Basic realm="office"')
        self.end_headers()

    def log_message(self, *_) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving(handler: type, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve on a port of this machine, which is given."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def certificate(folder: Path) -> ssl.SSLContext:
    """Make a certificate that nobody has signed; return what serves with it."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@contextlib.contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def install_once(plan: install.InstallPlan) -> str:
    """Install and return what the user reads."""
    installer = install.Installer(plan)
    installer.start(online=True)
    installer.wait(900)
    return str(installer.error) if installer.error else "whole"


def whole(plan: install.InstallPlan) -> bool:
    """Return whether an installation is there."""
    return install.is_installed(plan.folder, plan.packages.requirements)


class Case:
    """The folder of one run of the table, and the plans that its rows follow."""

    def __init__(self, folder: Path):
        self.folder = folder
        install_kills.prepare(folder)
        chosen = install_kills.plan(folder).packages
        self.offline = install.InstallPlan(folder / NAME / "env", Path(sys.executable), chosen)
        self.online = dataclasses.replace(self.offline, packages=dataclasses.replace(chosen, wheels=None))
        Index.wheels = folder / "wheels"

    def again(self) -> str:
        """Install from the folder of wheels, with nothing in the way; return how that ended."""
        return install_once(self.offline)

    def from_index(self, port: int, **variables: str) -> str:
        """Take the packages out and install them from the index at ``port``; return what the user reads."""
        (self.offline.folder / install.SENTINEL).unlink(missing_ok=True)
        for name in install_kills.PACKAGES:
            for path in self.offline.folder.rglob(f"site-packages/{name}*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        packages.PACKAGE_INDEX = f"https://localhost:{port}/simple"
        with environment(PIP_RETRIES="0", **variables):
            return install_once(self.online)


def offline_folder(case: Case) -> str:
    return case.again()


def good_index(case: Case) -> str:
    with serving(Index, certificate(case.folder)) as port:
        return case.from_index(port, SSL_CERT_FILE=str(case.folder / "cert.pem"))


def bad_certificate(case: Case) -> str:
    with serving(Index, certificate(case.folder)) as port:
        return case.from_index(port)


def proxy_refuses(case: Case) -> str:
    with serving(Proxy) as port:
        return case.from_index(9, HTTPS_PROXY=f"http://127.0.0.1:{port}", no_proxy="", NO_PROXY="")


def proxy_is_gone(case: Case) -> str:
    return case.from_index(9, HTTPS_PROXY="http://127.0.0.1:9", no_proxy="", NO_PROXY="")


def no_network(case: Case) -> str:
    return case.from_index(9)


def wrong_hash(case: Case) -> str:
    make_wheel(case.folder / "wheels", "numpy", 'raise SystemExit("this must never run")\n')
    for path in case.offline.folder.rglob("site-packages/numpy*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    told = case.again()
    make_wheel(case.folder / "wheels", "numpy", '__version__ = "0.9.9"\n')
    install_kills.lock(case.folder)
    return told


def two_at_once(case: Case) -> str:
    (case.offline.folder / install.SENTINEL).unlink(missing_ok=True)
    first = install.Installer(case.offline)
    with install.alone(case.offline.folder):
        told = install_once(case.offline)
    first.start(online=True)
    first.wait(900)
    return told if first.error is None else str(first.error)


def full_disk(case: Case) -> str:
    """Make the environment on a small disk, where one package does not fit; then give it room."""
    disk = case.folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", disk], check=True)
    try:
        wheel = next((case.folder / "wheels").glob("torch-*.whl"))
        with zipfile.ZipFile(wheel, "a", zipfile.ZIP_STORED) as archive:
            archive.writestr("torch_data.bin", os.urandom(BIG))
        install_kills.lock(case.folder)
        plan = dataclasses.replace(case.offline, folder=disk / NAME / "env")
        room, packages.SPACE["cuda"] = packages.SPACE["cuda"], 0.0  # what another program takes meanwhile
        told = install_once(plan)
        assert not whole(plan)
        subprocess.run(["mount", "-o", "remount,size=1g", disk], check=True)
        again = install_once(plan)
        packages.SPACE["cuda"] = room
        return told if again == "whole" and whole(plan) else f"{told} ... and then: {again}"
    finally:
        subprocess.run(["umount", disk], check=True)
        make_wheel(case.folder / "wheels", "torch", TORCH)
        install_kills.lock(case.folder)


ROWS: dict[str, tuple[Callable[[Case], str], str]] = {  # name: what is done, and a part of what must be told
    "an offline folder": (offline_folder, "whole"),
    "an index, its certificate named": (good_index, "whole"),
    "a certificate nobody signed": (bad_certificate, "certificate"),
    "a proxy that wants a password": (proxy_refuses, "proxy"),
    "a proxy that is gone": (proxy_is_gone, "proxy"),
    "no network": (no_network, "cannot be reached"),
    "a wheel of another hash": (wrong_hash, "refused"),
    "two at once": (two_at_once, "Another program is installing"),
    "the disk fills meanwhile": (full_disk, "the disk is full"),
}


def main() -> int:
    """Print the table; return 1 where a row is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=ROWS, metavar="NAME")
    chosen, good = parser.parse_args().only or list(ROWS), 0
    print("| while | the user reads | next |\n|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="coamd-install-") as name:
        case = Case(Path(name))
        for row in chosen:
            work, words = ROWS[row]
            told = work(case)
            following = case.again()
            good += words in told and following == "whole" and whole(case.offline)
            print(f"| {row} | {told} | {following} |", flush=True)
    print(f"\n{good} of {len(chosen)} as they must be")
    return 0 if good == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
