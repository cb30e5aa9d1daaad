"""What is done elsewhere than on the system at hand, by fakes of what that system would give: names, calls, numbers."""

import ctypes
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from coamd_blender.errors import InputError
from coamd_blender.setup import interpreter
from coamd_blender.wire import client, lock, process
from runtime.serve import parent


@pytest.fixture
def windows(monkeypatch):
    """os.name as on Windows, and a kill of process groups that must not be asked for there."""
    monkeypatch.setattr(os, "name", "nt")
    monkeypatch.delattr(os, "killpg", raising=False)


class Child:
    """A process that notes that it was killed."""

    def __init__(self, returncode=None):
        self.pid, self.returncode, self.killed = 4, returncode, 0

    def poll(self):
        return self.returncode

    def kill(self):
        self.killed += 1


def test_an_environment_has_its_interpreter_where_each_system_puts_it(tmp_path, monkeypatch):
    assert interpreter.environment_python(tmp_path) == tmp_path / "bin" / "python"
    monkeypatch.setattr(os, "name", "nt")
    assert interpreter.environment_python(tmp_path) == tmp_path / "Scripts" / "python.exe"


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("end", [process._kill, interpreter.end_all])
def test_windows_ends_the_process_that_was_started_and_none_that_has_ended(end):
    """Its number may be another's by then; what the process has started ends with its own input."""
    living, ended = Child(), Child(returncode=0)
    end(living)
    end(ended)
    assert (living.killed, ended.killed) == (1, 0)


@pytest.mark.usefixtures("windows")
def test_windows_opens_no_console(monkeypatch):
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x08000000, raising=False)
    assert interpreter.no_window() == {"creationflags": 0x08000000}


@pytest.mark.usefixtures("windows")
def test_windows_locks_the_first_byte_without_waiting_and_a_lock_that_is_taken_is_told(tmp_path, monkeypatch):
    asked = []

    def locking(descriptor, how, count):
        asked.append((os.lseek(descriptor, 0, os.SEEK_CUR), how, count))
        if len(asked) > 1:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_NBLCK=2, locking=locking))
    with lock.alone(tmp_path / "lock", "Somebody is in", "Wait"):
        assert lock.is_taken(tmp_path / "lock")
        with pytest.raises(InputError, match="Somebody is in"), lock.alone(tmp_path / "lock", "Somebody is in", "Wait"):
            pass
    assert asked == [(0, 2, 1)] * 3


class LibraryFunction:
    """A function of a library of Windows, which is told the type of what it returns."""

    def __init__(self, work):
        self.work, self.restype = work, None

    def __call__(self, *values):
        assert self.restype is ctypes.c_void_p, "a handle of 64 bits would be cut"
        return self.work(*values)


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize(
    ("handle", "waits", "gone"), [(7, 0x102, False), (7, 0, True), (7, 0xFFFFFFFF, True), (0, 0, False)]
)
def test_windows_holds_a_handle_on_the_parent_and_one_that_may_not_be_opened_counts_as_there(
    monkeypatch, handle, waits, gone
):
    opened, waited = [], []

    def open_process(*values):
        opened.append(values)
        return handle

    def wait(held, milliseconds):
        waited.append((held.value, milliseconds))
        return waits

    kernel = SimpleNamespace(OpenProcess=LibraryFunction(open_process), WaitForSingleObject=wait)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    assert parent.watch()() is gone
    assert opened == [(0x00100000, False, os.getppid())] and waited == ([(7, 0)] if handle else [])


def test_names_of_variables_count_in_any_case_and_those_of_a_macos_framework_are_left_out():
    """Windows' names have no case; a framework build of Python hands its interpreter on."""
    base = {"Pythonpath": "a", "PYTHONHOME": "b", "__PYVENV_LAUNCHER__": "c", "Path": "d"}
    assert client.child_environment(base) == {"Path": "d"}
