"""build.py: what it stages, when it reuses an environment, and what it says when something is missing."""

import subprocess
import sys
import zipfile

import pytest

import build


@pytest.fixture
def house(tmp_path):
    """A small repository."""
    files = {
        "blender_manifest.toml": "",
        "LICENSE": "",
        "coamd_blender/__init__.py": "",
        "coamd_blender/carry.py": "",
        "coamd_blender/tools/demo.py": "",
        "coamd_blender/retarget/presets/mixamo.json": "{}",
        "coamd_blender/__pycache__/x.py": "",
        "runtime/serve/server.py": "",
        "runtime/requirements.txt": "",
        "runtime/requirements-dev.txt": "",
        "weights/generator.safetensors": "",
        "weights/scratch.pt": "",
        "tests/test_x.py": "",
        "runs/log.txt": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_stage_takes_what_the_extension_needs_and_nothing_else(house, tmp_path_factory):
    target = tmp_path_factory.mktemp("stage")
    staged = [path.as_posix() for path in build.stage(house, target)]
    assert staged == [
        "LICENSE",
        "__init__.py",
        "blender_manifest.toml",
        "coamd_blender/__init__.py",
        "coamd_blender/retarget/presets/mixamo.json",
        "runtime/requirements.txt",
        "runtime/serve/server.py",
        "weights/generator.safetensors",
    ]
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()) == staged
    assert (target / "__init__.py").read_text().startswith("from .coamd_blender import register, unregister")
    assert not (house / "__init__.py").exists(), "the source tree was edited"


def test_environment_is_made_once_and_again_when_its_key_changes(tmp_path, monkeypatch):
    folder, calls = tmp_path / "env", []

    def run(command, **_):
        calls.append(command[1:3])
        if "venv" in command:
            build.venv_python(folder).parent.mkdir(parents=True)
            build.venv_python(folder).write_text("")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(build.subprocess, "run", run)
    build.ensure_venv(folder, ["x"], "one")
    assert calls == [["-m", "venv"], ["-m", "pip"]]
    build.ensure_venv(folder, ["x"], "one")
    assert len(calls) == 2
    build.ensure_venv(folder, ["x"], "two")
    assert calls[2:] == [["-m", "pip"]]


def test_failed_installation_leaves_no_sentinel_and_names_the_remedy(tmp_path, monkeypatch):
    folder = tmp_path / "env"
    build.venv_python(folder).parent.mkdir(parents=True)
    build.venv_python(folder).write_text("")
    monkeypatch.setattr(build.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1))
    with pytest.raises(build.BuildError, match="PIP_INDEX_URL") as caught:
        build.ensure_venv(folder, ["x"], "one")
    assert "\n" not in str(caught.value) and not (folder / "coamd-ready").exists()


def test_wrong_python_is_said_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(build.sys, "version_info", (3, 9, 1))
    assert build.main(["demo"]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert said == ["build.py: this is Python 3.9.1, bpy needs 3.11 - run: python3.11 build.py ..."]


def test_arguments_that_test_does_not_know_go_to_pytest():
    options = build.parse(["test", "-x", "tests/test_build.py", "-k", "name"])
    assert options.run is build.test and options.rest == ["-x", "tests/test_build.py", "-k", "name"]
    assert build.parse(["--cpu", "test", "--bpy", "4.2.23"]).bpy == "4.2.23"
    assert build.parse(["demo", "a person waves"]).prompt == "a person waves"


def test_too_large_a_zip_is_refused_with_its_largest_file(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "ZIP_LIMIT_MB", 0.001)
    monkeypatch.setattr(build, "ROOT", tmp_path)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("weights/large.bin", bytes(5000))
        archive.writestr("small.txt", "x")
    with pytest.raises(build.BuildError, match=r"make smaller: weights/large\.bin"):
        build.size_report(tmp_path / "x.zip")
    monkeypatch.setattr(build, "ZIP_LIMIT_MB", 1)
    assert "2 files" in build.size_report(tmp_path / "x.zip")


def test_every_pin_is_exact():
    lines = [line for path in build.REQUIREMENTS for line in path.read_text().splitlines()]
    packages = [line.split(";")[0].strip() for line in lines if line and not line.startswith("#")]
    assert packages and all("==" in package for package in packages)
    assert build.pinned("pytest").startswith("pytest==")


def test_ci_runs_the_test_command_of_the_readme():
    script = (build.ROOT / ".ci" / "run").read_text()
    assert "exec python3.11 build.py test" in script
    assert "python3.11 build.py test" in (build.ROOT / "README.md").read_text()


def test_ci_run_fails_without_python(tmp_path):
    done = subprocess.run(
        ["/bin/bash", str(build.ROOT / ".ci" / "run")], env={"PATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode != 0 and sys.version_info[:2] == build.PYTHON_VERSION


def write_python(path, version):
    """A program that answers as a Python of that version would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "{version}|{path}"\n')
    path.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts stand in for interpreters")
def test_newer_blenders_get_the_python_they_need(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert build.interpreter_for("4.2.23") == build.interpreter_for("5.0.1") == sys.executable
    write_python(tmp_path / "pyenv/versions/3.13.0/bin/python", "3.13")
    assert build.interpreter_for("5.2.3") == str(tmp_path / "pyenv/versions/3.13.0/bin/python")
    write_python(tmp_path / "bin/python3.13", "3.12")
    assert build.interpreter_for("5.2.3") == str(tmp_path / "pyenv/versions/3.13.0/bin/python")
    write_python(tmp_path / "bin/python3.13", "3.13")
    assert build.interpreter_for("5.1.0") == str(tmp_path / "bin/python3.13")
    for path in tmp_path.rglob("python*"):
        if path.is_file():
            path.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(build.BuildError, match=r"needs Python 3\.13 - "):
        build.interpreter_for("5.2.3")
