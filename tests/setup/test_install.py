"""Installing the runtime from small wheels made here, without a network."""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import sys
import time
import zipfile
from pathlib import Path

import pytest

from coamd_blender.errors import InputError, OfflineError, RuntimeUnavailable
from coamd_blender.setup import install, interpreter, packages
from coamd_blender.wire import causes

RUNTIME = Path(install.__file__).resolve().parents[2] / "runtime"

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
    chosen = packages.Packages("default", requirements, tmp_path / "locks")
    return install.InstallPlan(tmp_path / "my ünits" / "env", Path(sys.executable), chosen)


@pytest.fixture
def locked(plan, tmp_path):
    """The same from the folder of wheels, each held to its hash, as on a machine without a network."""
    wheels = tmp_path / "wheels"
    (tmp_path / "locks").mkdir()
    hashes = {path.name.split("-")[0]: hashlib.sha256(path.read_bytes()).hexdigest() for path in wheels.iterdir()}
    lines = [f"{name}==0.9.9 --hash=sha256:{digest}\n" for name, digest in hashes.items()]
    (tmp_path / "locks" / packages.PYPI_LOCK).write_text("".join(lines))
    source = {"linux": "cuda"}.get(sys.platform, "cpu")
    chosen = dataclasses.replace(plan.packages, torch_source=source, wheels=wheels)
    return dataclasses.replace(plan, packages=chosen)


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
    assert install.is_installed(plan.folder, plan.packages.requirements)
    config = plan.folder / "pyvenv.cfg"
    text = config.read_text()
    config.write_text("home = /nowhere/blender/python\n")
    assert not install.is_installed(plan.folder, plan.packages.requirements), "the Python it was made by is gone"
    config.write_text(text)
    plan.packages.requirements.write_text(plan.packages.requirements.read_text() + "# another pin\n")
    assert not install.is_installed(plan.folder, plan.packages.requirements), "other pins count as installed"
    install.remove(plan.folder)
    assert not plan.folder.exists()


def test_failure_names_the_reason_and_the_next_try_resumes(plan, tmp_path):
    torch_wheel = tmp_path / "wheels" / "torch-0.9.9-py3-none-any.whl"
    hidden = torch_wheel.rename(tmp_path / torch_wheel.name)
    failed = run(plan)
    assert "torch==0.9.9" in str(failed.error) and "a folder of wheels that holds them all" in str(failed.error)
    assert "torch==0.9.9" in failed.log and not install.is_installed(plan.folder, plan.packages.requirements)
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
    assert not install.is_installed(plan.folder, plan.packages.requirements)


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
        interpreter.probe(text)


def test_interpreter_without_torch_is_named_with_what_is_missing(tmp_path):
    import venv

    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    with pytest.raises(RuntimeUnavailable, match="No module named 'numpy'"):
        interpreter.probe(tmp_path / "bare")


def test_broken_sentinel_does_not_count(tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("x==1\n")
    for text in ("{", "[]", json.dumps({"requirements": "other"})):
        (tmp_path / install.SENTINEL).write_text(text)
        assert not install.is_installed(tmp_path, requirements)


# --- odd interpreters -------------------------------------------------------------------------------------------------

ODD = {
    "true": ("exit 0", "says nothing"),
    "echo": ('echo "$@"', "is not a Python: it says"),
    "greets": ("echo welcome to node 7", "welcome to node 7"),
    "other JSON": ("""echo '{"python": "3.11.9", "torch": "2"}'""", "is not a Python"),
    "flood": ("yes spam", "writes without end"),
    "flood of errors": ("yes spam >&2", "writes without end"),
    "fails": ("echo no such luck >&2; exit 3", "no such luck"),
    "no memory": ("echo MemoryError >&2; exit 1", "the memory did not suffice"),
}


@pytest.mark.skipif(os.name != "posix", reason="the odd interpreters are shell scripts")
@pytest.mark.parametrize(("script", "words"), ODD.values(), ids=ODD)
def test_a_program_that_is_not_a_python_is_named_and_never_taken_for_success(tmp_path, script, words):
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    for ask in (interpreter.probe, interpreter.check_version):
        with pytest.raises(RuntimeUnavailable) as caught:
            ask(path)
        assert words in str(caught.value) and str(path) in str(caught.value) and caught.value.hint


@pytest.mark.skipif(os.name != "posix", reason="as above")
def test_an_interpreter_that_never_answers_or_cannot_run_is_given_up(tmp_path):
    path = tmp_path / "python"
    path.write_text("#!/bin/sh\nsleep 600\n")
    with pytest.raises(RuntimeUnavailable, match="does not run"):
        interpreter.probe(path)
    path.chmod(0o755)
    with pytest.raises(RuntimeUnavailable, match=r"did not answer within 0\.1 seconds"):
        interpreter.probe(path, timeout=0.1)


def test_nothing_in_the_working_folder_is_executed(tmp_path, monkeypatch):
    for name in ("json", "platform", "sys", "numpy"):
        (tmp_path / f"{name}.py").write_text("open('executed', 'w')")
    monkeypatch.chdir(tmp_path)
    interpreter.check_version(sys.executable)
    with contextlib.suppress(RuntimeUnavailable):
        interpreter.probe(sys.executable)
    assert not (tmp_path / "executed").exists()


# --- installations that were cut short --------------------------------------------------------------------------------


def test_an_environment_that_was_cut_short_in_ensurepip_is_made_anew(plan):
    assert run(plan).error is None
    pip = next(plan.folder.rglob("site-packages/pip"))
    (plan.folder / install.SENTINEL).unlink()
    install.unfinished_mark(plan.folder).touch()  # as it is while venv works
    (pip / "_internal" / "commands" / "install.py").write_text("")  # half a pip, which can still be imported
    installer = run(plan)
    assert installer.error is None, installer.log
    assert not install.unfinished_mark(plan.folder).exists()


def test_the_mark_is_there_while_the_environment_is_made_and_while_packages_are_unpacked(plan, monkeypatch):
    seen = {}
    command = install.Installer._command

    def spied(self, words, on_line=None):
        marked = install.unfinished_mark(plan.folder).exists
        seen["venv" if "venv" in words else "pip" if "install" in words else "other"] = marked()
        if on_line is not None:
            on_line("Installing collected packages: torch")
            seen["unpacking"] = marked()
        return command(self, words, on_line)

    monkeypatch.setattr(install.Installer, "_command", spied)
    assert run(plan).error is None
    assert seen["venv"] and not seen["pip"] and seen["unpacking"]
    assert not install.unfinished_mark(plan.folder).exists()


def test_what_is_half_there_can_be_removed(plan):
    (plan.folder / "bin").mkdir(parents=True)
    install.unfinished_mark(plan.folder).touch()
    install.remove(plan.folder)
    assert not plan.folder.exists() and not install.unfinished_mark(plan.folder).exists()


def test_a_folder_of_wheels_takes_the_place_of_the_network_and_of_online_access(locked, tmp_path):
    installer = install.Installer(locked)
    installer.start(online=False)
    installer.wait(300)
    assert installer.error is None, installer.log
    assert "--require-hashes" in installer.log and "--isolated" in installer.log
    (tmp_path / "none").mkdir()
    empty = dataclasses.replace(locked.packages, wheels=tmp_path / "none")
    with pytest.raises(InputError, match=r"holds no wheels.*pip download -d FOLDER --index-url"):
        empty.downloads()


def test_a_package_that_is_not_the_locked_one_is_refused_before_any_of_it_runs(locked, tmp_path):
    make_wheel(tmp_path / "wheels", "torch", TORCH + "# the same name and version, one line more\n")
    installer = run(locked)
    assert "not the one that CoAMD was tested with, and was refused" in str(installer.error)
    assert not list(locked.folder.rglob("torch.py")) and not install.is_installed(
        locked.folder, locked.packages.requirements
    )


def test_two_installations_into_one_folder_exclude_each_other(plan):
    with install.alone(plan.folder):
        installer = run(plan)
    assert "Another program is installing" in str(installer.error) and not plan.folder.exists()


BUILDS = [("linux", "cpu"), ("linux", "cuda"), ("win32", "cpu"), ("win32", "cuda"), ("darwin", "cpu")]


@pytest.mark.parametrize(("platform", "source"), BUILDS)
def test_each_package_comes_from_one_index_and_is_held_to_its_hash(plan, platform, source):
    """Two builds of torch are PyTorch's own: alone from there; all else, as everywhere, is locked and from PyPI."""
    chosen = dataclasses.replace(plan.packages, torch_source=source, platform=platform)
    *torch, others = chosen.downloads()
    own = (platform, source) in {("linux", "cpu"), ("win32", "cuda")}
    lock = chosen.locks / ("others.txt" if own else "pypi.txt")
    assert others == ["--index-url", packages.PACKAGE_INDEX, "--require-hashes", "-r", lock]
    index = packages.PYTORCH_INDEXES[source]
    held = ["--require-hashes", "-r", chosen.locks / f"torch-{source}.txt"]
    assert torch == ([["--index-url", index, "--no-deps", *held]] if own else [])


def test_a_certificate_that_is_named_is_heeded_by_every_pip(monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    assert "REQUESTS_CA_BUNDLE" not in packages.pip_environment("cuda")
    monkeypatch.setenv("SSL_CERT_FILE", "/office.pem")
    for source in ("cuda", "default"):
        assert packages.pip_environment(source)["REQUESTS_CA_BUNDLE"] == "/office.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/other.pem")
    assert packages.pip_environment("cuda")["REQUESTS_CA_BUNDLE"] == "/office.pem", "what the refusal names wins"
    assert packages.pip_environment("default")["REQUESTS_CA_BUNDLE"] == "/other.pem", "the user's own settings do"


def test_the_machines_settings_are_not_heeded_unless_chosen(monkeypatch):
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://attacker.example/simple")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    environment = packages.pip_environment("cpu")
    assert environment["PIP_CONFIG_FILE"] == os.devnull and environment["HTTPS_PROXY"]
    assert "PIP_EXTRA_INDEX_URL" not in environment
    assert "PIP_EXTRA_INDEX_URL" in packages.pip_environment("default"), "the user chose them"


@pytest.mark.parametrize("name", [packages.PYPI_LOCK, packages.OTHERS_LOCK])
def test_the_locks_hold_todays_pins_each_package_with_hashes_and_wheels_alone(name):
    text = (RUNTIME / "locks" / name).read_text("utf-8")
    requirements = RUNTIME / "requirements.txt"
    assert install.fingerprint(requirements) in text.splitlines()[0], "run: python3.11 build.py lock"
    entries = [entry for entry in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE) if not entry.startswith("#")]
    assert all(re.match(r"[a-z0-9-]+==\S+", entry) and "--hash=sha256:" in entry for entry in entries)
    assert "http" not in re.sub(r"^(httpx|httpcore)", "", text, flags=re.MULTILINE), "an address in a lock"
    pins = [line.split(";")[0].strip() for line in requirements.read_text("utf-8").splitlines() if "==" in line]
    wanted = [pin for pin in pins if name == packages.PYPI_LOCK or not pin.startswith("torch==")]
    assert all(any(entry.startswith(pin) for entry in entries) for pin in wanted)
    assert any(entry.startswith("torch==") for entry in entries) == (name == packages.PYPI_LOCK)
    assert any(entry.startswith("nvidia-") for entry in entries) == (name == packages.PYPI_LOCK)


@pytest.mark.parametrize(("build", "local", "wheels"), [("cpu", "cpu", 8), ("cuda", "cu130", 4)])
def test_the_builds_of_pytorchs_own_index_are_held_to_a_hash_for_each_python_and_machine(build, local, wheels):
    """Python 3.11 to 3.14: on Linux for two processors, on Windows for one; of the index that is asked for it."""
    text = (RUNTIME / "locks" / f"torch-{build}.txt").read_text("utf-8")
    requirements = RUNTIME / "requirements.txt"
    assert install.fingerprint(requirements) in text.splitlines()[0], "run: python3.11 build.py lock"
    pin = next(line for line in requirements.read_text("utf-8").splitlines() if line.startswith("torch=="))
    entries = re.findall(r"^torch==.*(?:\n    .*)*", text, flags=re.MULTILINE)
    entry = next(entry for entry in entries if entry.startswith(f"{pin}+{local} "))
    assert packages.PYTORCH_INDEXES[build].endswith(f"/{local}")
    assert len(set(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry))) >= wheels


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            [
                "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate'))",
                "ERROR: Could not find a version that satisfies the requirement torch==2.13.0",
                "ERROR: No matching distribution found for torch==2.13.0",
            ],
            "certificate",
        ),
        (["NewConnectionError: Failed to establish", "ERROR: No matching distribution found for torch"], "be reached"),
        (["OSError: [Errno 28] No space left on device"], "disk is full"),
        (["ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."], "refused"),
        (["ProxyError('Cannot connect to proxy.')", "ERROR: No matching distribution found"], "proxy refused"),
        (["ERROR: No matching distribution found for torch==2.13.0"], "no package for this Python"),
    ],
)
def test_why_a_download_failed_is_told_truly(lines, words):
    told = causes.cause(lines)
    assert words in told.reason and told.remedy


def test_a_pip_that_runs_out_of_memory_is_not_told_to_install_again(plan, monkeypatch):
    installer = install.Installer(plan)
    monkeypatch.setattr(install.Installer, "_command", lambda self, words, on_line=None: -9)
    with pytest.raises(RuntimeUnavailable, match="the memory did not suffice"):
        installer._must(["pip"], "Press Install")
