"""CoAMD for Blender: the commands of this repository. Needs Python 3.11 and nothing else.

    python3.11 build.py demo ["PROMPT"]        a sentence to an animated character: out/demo.blend, demo.png, demo.npz
    python3.11 build.py test [PYTEST ARGS]     the default test suite
    python3.11 build.py package                dist/coamd-VERSION.zip, checked by Blender's own validator
    python3.11 build.py lock                   runtime/locks: the hashes of every package that the installer takes

    --cpu            before the command: take the CPU build of torch from the PyTorch index
    --bpy VERSION    after `test`: run tests/blender alone, with that version of Blender (4.2.23, 4.5.15, 5.2.3);
                     from 5.1 on Blender needs Python 3.13, which is looked for beside 3.11

The first run makes .venv and installs the pinned packages of runtime/requirements*.txt; later runs reuse it.
Nothing here edits a source file.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = (ROOT / "runtime" / "requirements.txt", ROOT / "runtime" / "requirements-dev.txt")
PYTHON_VERSION = (3, 11)
# From this Blender on, this Python.
NEWER_BLENDER, NEWER_PYTHON = (5, 1), (3, 13)
PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
BLENDER_INDEX = "https://download.blender.org/pypi/"
PYTORCH_CUDA_INDEX = "https://download.pytorch.org/whl/cu130"
UV = "uv==0.13.9"
LOCKS = ROOT / "runtime" / "locks"
# What comes with torch's CUDA build alone: left out of the lock for the others.
CUDA_ONLY = ("torch==", "triton==", "cuda-", "nvidia-")
DEMO_PROMPT = "a person walks forward and waves"
ZIP_LIMIT_MB = 120
# What an extension holds: folder -> suffixes of the files taken from it.
PACKAGED = {
    "coamd_blender": {".py", ".json", ".toml"},
    "runtime": {".py", ".json", ".toml", ".txt", ".sqlite", ".safetensors"},
    "weights": {".safetensors", ".json", ".md"},
}
PACKAGED_FILES = ("blender_manifest.toml", "LICENSE", "README.md", "CHANGELOG.md")
# Used from a checkout only.
NOT_PACKAGED = (
    "coamd_blender/carry.py",
    "coamd_blender/tools",
    "runtime/requirements-dev.txt",
    "weights/evaluation",
    # what makes and judges weights, and its verbs
    *(f"runtime/{room}" for room in ("authored", "captions", "compose", "data", "evaluate", "train")),
    *(f"runtime/cli/{verb}.py" for verb in ("evaluate", "prepare", "train")),
)
ROOT_INIT = "from .coamd_blender import register, unregister  # noqa: F401\n"


class BuildError(Exception):
    """Something the person at the keyboard can put right; the message is one line and says how."""


def check_python() -> None:
    """Raise BuildError unless this is Python 3.11, the version Blender 4.2 to 5.1 and the bpy wheels use."""
    if sys.version_info[:2] != PYTHON_VERSION:
        found = ".".join(map(str, sys.version_info[:3]))
        raise BuildError(f"this is Python {found}, bpy needs 3.11 - run: python3.11 build.py ...")


def venv_python(folder: Path) -> Path:
    """Return the interpreter of the virtual environment in ``folder``."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(lines: list[str]) -> str:
    """Return a hash of what an environment must hold: it is reused only while this has not changed."""
    return hashlib.sha256("\n".join([sys.version, *lines]).encode()).hexdigest()


def clean_environment() -> dict[str, str]:
    """Return os.environ without PYTHON* variables, which would leak foreign packages into the child."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def interpreter_for(version: str) -> str:
    """Find the Python that bpy ``version`` runs in: this one, or 3.13 from Blender 5.1 on.

    Looked for on the path, in pyenv's folder and by Windows' launcher. Raises BuildError where it is not found.
    """
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if numbers < NEWER_BLENDER:
        return sys.executable
    wanted = ".".join(map(str, NEWER_PYTHON))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [f"python{wanted}", *map(str, sorted(pyenv.glob(f"versions/{wanted}*/bin/python")))]
    for command in (*([path] for path in found), ["py", f"-{wanted}"]):
        if (path := _python_path(command, wanted)) is not None:
            return path
    raise BuildError(f"bpy {version} needs Python {wanted} - install it, or put it on the PATH")


def _python_path(command: list[str], wanted: str) -> str | None:
    """Return the interpreter that ``command`` starts, or None when there is none or it is not Python ``wanted``."""
    if shutil.which(command[0]) is None:
        return None
    code = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable, sep='|')"
    asked = subprocess.run([*command, "-c", code], env=clean_environment(), capture_output=True, text=True)
    version, _, path = asked.stdout.strip().partition("|")
    return path if asked.returncode == 0 and version == wanted else None


def ensure_venv(folder: Path, pip_arguments: list[str], key: str, hint: str = "", base: str = sys.executable) -> Path:
    """Return the interpreter of ``folder``, installing ``pip_arguments`` into it unless ``key`` says it is done.

    ``base`` is the Python that makes it.

    The sentinel holding ``key`` is written last, so that a run cut short is taken up again.
    Raises BuildError, ending in ``hint``, when the environment cannot be made or pip fails.
    """
    python, sentinel = venv_python(folder), folder / "coamd-ready"
    if sentinel.is_file() and sentinel.read_text() == key and python.exists():
        return python
    sentinel.unlink(missing_ok=True)
    started = time.perf_counter()
    print(f"build.py: installing into {folder.name} (the first time takes minutes) ...", file=sys.stderr)
    if not python.exists() and subprocess.run([base, "-m", "venv", "--clear", str(folder)]).returncode:
        raise BuildError(f"cannot make {folder} - install Python's venv module (Debian: apt install python3.11-venv)")
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", "-q"]
    if subprocess.run([*command, *pip_arguments], env=clean_environment()).returncode:
        raise BuildError(
            "pip could not install the packages - see its last lines above; behind a proxy or a mirror, set"
            f" PIP_PROXY or PIP_INDEX_URL, then run the same command again (it resumes){hint}"
        )
    sentinel.write_text(key)
    print(f"build.py: {folder.name} ready in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return python


def main_python(cpu: bool) -> Path:
    """Return the interpreter with torch, bpy and the tools (.venv), made when needed."""
    arguments = [part for path in REQUIREMENTS for part in ("-r", str(path))]
    if cpu:
        arguments += ["--extra-index-url", PYTORCH_CPU_INDEX]
    return ensure_venv(ROOT / ".venv", arguments, fingerprint([path.read_text() for path in REQUIREMENTS]))


def pinned(name: str) -> str:
    """Return the requirement line of package ``name`` in runtime/requirements-dev.txt, such as "pytest==9.2.0"."""
    return re.search(rf"^{name}==\S+", REQUIREMENTS[1].read_text(), re.MULTILINE).group()


def blender_python(version: str) -> Path:
    """Return the interpreter of an environment with bpy ``version`` and pytest, and no torch."""
    lines = [f"bpy=={version}", pinned("pytest")]
    hint = f"; versions that left PyPI are found with PIP_EXTRA_INDEX_URL={BLENDER_INDEX}"
    return ensure_venv(ROOT / f".venv-bpy-{version}", lines, fingerprint(lines), hint, interpreter_for(version))


def demo(options: argparse.Namespace) -> int:
    """Generate, retarget and draw; the work is coamd_blender/tools/demo.py's."""
    python = main_python(options.cpu)
    prompt = options.prompt or DEMO_PROMPT
    return run_module(python, ["coamd_blender.tools.demo", "--out", str(ROOT / "out"), *options.rest, "--", prompt])


def test(options: argparse.Namespace) -> int:
    """Run pytest on the default suite, or on tests/blender with another bpy.

    The suite alone, without arguments of pytest, is shared out by file to a process a core, of one thread each.
    """
    if options.bpy is None and not options.rest:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        return run_module(main_python(options.cpu), ["pytest", "-n", "auto", "--dist", "loadfile"])
    if options.bpy is None:
        return run_module(main_python(options.cpu), ["pytest", *options.rest])
    return run_module(blender_python(options.bpy), ["pytest", "tests/blender", *options.rest])


def run_module(python: Path, arguments: list[str]) -> int:
    """Run ``python -m arguments`` in the repository and return its exit status."""
    return subprocess.run([str(python), "-m", *arguments], cwd=ROOT, env=clean_environment()).returncode


def package(options: argparse.Namespace) -> int:
    """Stage the extension in a temporary folder, zip it by Blender's own tool and validate the result."""
    python = main_python(options.cpu)
    tool = extension_tool(ROOT / ".venv")
    target = ROOT / "dist" / f"{manifest_value('id')}-{manifest_value('version')}.zip"
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="coamd-package-") as temporary:
        stage(ROOT, Path(temporary))
        build = ["build", "--source-dir", temporary, "--output-filepath", str(target)]
        subprocess.run([str(python), str(tool), *build], check=True, env=clean_environment())
    subprocess.run([str(python), str(tool), "validate", str(target)], check=True, env=clean_environment())
    print(size_report(target))
    return 0


def lock(options: argparse.Namespace) -> int:
    """Resolve runtime/requirements.txt for every platform and Python from 3.11 on, and write all hashes.

    pypi.txt holds torch as PyPI has it, others.txt all but torch, torch-cpu.txt and torch-cuda.txt the builds of
    PyTorch's own indexes. Raises BuildError where these cannot be reached; the first two are written all the same, and
    what was locked of those builds before stays.
    """
    python = ensure_venv(ROOT / ".venv-uv", [UV], fingerprint([UV]))
    LOCKS.mkdir(exist_ok=True)
    pypi = resolve(python, REQUIREMENTS[0].read_text(), ["--index-url", "https://pypi.org/simple"])
    if pypi is None:
        raise BuildError("the packages cannot be resolved - see uv's lines above")
    head = f"# Made by: build.py lock. Of requirements.txt with the SHA-256 {requirements_hash()}\n"
    (LOCKS / "pypi.txt").write_text(head + pypi)
    entries = re.split(r"^(?=\S)", pypi, flags=re.MULTILINE)
    (LOCKS / "others.txt").write_text(head + "".join(entry for entry in entries if not entry.startswith(CUDA_ONLY)))
    torch = next(line for line in REQUIREMENTS[0].read_text().splitlines() if line.startswith("torch=="))
    missing = []
    for build, index in (("cpu", PYTORCH_CPU_INDEX), ("cuda", PYTORCH_CUDA_INDEX)):
        found = resolve(python, torch, ["--no-deps", "--index-url", index])
        if found is None:
            missing.append(f"torch-{build}.txt")
        else:
            (LOCKS / f"torch-{build}.txt").write_text(head + found)
    if missing:
        raise BuildError(f"{' and '.join(missing)} not made - run this where {PYTORCH_CPU_INDEX} can be reached")
    return 0


def requirements_hash() -> str:
    """Return the hash of runtime/requirements.txt, by which a lock says what it was made of."""
    return hashlib.sha256(REQUIREMENTS[0].read_bytes()).hexdigest()


def resolve(python: Path, requirements: str, arguments: list[str]) -> str | None:
    """Return a lock file's text for ``requirements``: each package with marker and hashes; None where uv fails."""
    command = [str(python), "-m", "uv", "pip", "compile", "--no-config", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--only-binary", ":all:", "--no-header", "--no-annotate", "-q", *arguments, "-"]
    done = subprocess.run(command, input=requirements, stdout=subprocess.PIPE, text=True, env=clean_environment())
    return done.stdout if done.returncode == 0 else None


def manifest_value(name: str) -> str:
    """Return the string value of ``name`` in blender_manifest.toml."""
    text = (ROOT / "blender_manifest.toml").read_text()
    return re.search(rf'^{name} = "(.*)"$', text, re.MULTILINE).group(1)


def extension_tool(venv: Path) -> Path:
    """Find Blender's own extension command line, which runs without Blender, inside the bpy wheel."""
    found = sorted(venv.glob("**/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    if not found:
        raise BuildError(f"no extension validator in {venv} - delete that folder and run the same command again")
    return found[0]


def stage(source: Path, target: Path) -> list[Path]:
    """Copy what the extension holds from ``source`` to ``target``; return the relative paths, sorted."""
    taken = [Path(name) for name in PACKAGED_FILES if (source / name).is_file()]
    for folder, suffixes in PACKAGED.items():
        for path in (source / folder).rglob("*"):
            relative = path.relative_to(source)
            if path.is_file() and path.suffix in suffixes and not excluded(relative):
                taken.append(relative)
    for relative in taken:
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / relative, target / relative)
    (target / "__init__.py").write_text(ROOT_INIT)
    return sorted([*taken, Path("__init__.py")])


def excluded(relative: Path) -> bool:
    """Return whether ``relative`` is a cache, or what only a checkout needs."""
    name = relative.as_posix()
    return "__pycache__" in relative.parts or any(
        name == entry or name.startswith(entry + "/") for entry in NOT_PACKAGED
    )


def size_report(target: Path) -> str:
    """Return a line with the size of the zip. Raises BuildError, naming the largest files, when over the limit."""
    size = target.stat().st_size / 1e6
    with zipfile.ZipFile(target) as archive:
        entries = sorted(archive.infolist(), key=lambda entry: -entry.compress_size)
    if size > ZIP_LIMIT_MB:
        largest = ", ".join(f"{entry.filename} {entry.compress_size / 1e6:.1f} MB" for entry in entries[:3])
        raise BuildError(f"{target.name} is {size:.1f} MB, the limit is {ZIP_LIMIT_MB} - make smaller: {largest}")
    return f"{target.relative_to(ROOT)}: {size:.1f} MB, {len(entries)} files"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line. What `test` and `demo` do not know is handed on in ``rest``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu", action="store_true", help="take torch's CPU build from the PyTorch index")
    commands = parser.add_subparsers(dest="command", required=True, metavar="demo|test|package|lock")
    demo_parser = commands.add_parser("demo", help="a sentence to an animated character in out/")
    demo_parser.add_argument("prompt", nargs="?")
    demo_parser.set_defaults(run=demo)
    test_parser = commands.add_parser("test", help="the default test suite; other arguments go to pytest")
    test_parser.add_argument("--bpy", metavar="VERSION", help="tests/blender alone, with this bpy")
    test_parser.set_defaults(run=test)
    commands.add_parser("package", help="dist/*.zip, validated").set_defaults(run=package)
    commands.add_parser("lock", help="runtime/locks, the hashes of what is installed").set_defaults(run=lock)
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command in ("package", "lock"):
        parser.error(f"unknown arguments: {' '.join(rest)}")
    options.rest = rest
    return options


def main(arguments: list[str]) -> int:
    """Run one command; return 2 with a one-line reason for what the user can put right."""
    options = parse(arguments)
    try:
        check_python()
        return options.run(options)
    except BuildError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"build.py: {Path(error.cmd[1]).name} failed ({error.returncode}), see above", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
