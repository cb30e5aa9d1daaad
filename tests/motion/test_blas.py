"""numpy's linear algebra uses one thread while the add-on computes, and as many as before afterwards."""

import ctypes
import subprocess
import sys

import pytest

from coamd_blender.motion import blas


class Fake:
    """A BLAS that counts."""

    def __init__(self):
        self.threads, self.seen = 4, []

    def get(self):
        return self.threads

    def put(self, threads):
        self.threads = threads
        self.seen.append(threads)


@pytest.fixture
def fake(monkeypatch):
    made = Fake()
    monkeypatch.setattr(blas, "openblas", lambda: blas.Threads(made.get, made.put))
    return made


def test_one_thread_inside_and_as_many_as_before_afterwards(fake):
    with blas.one_thread():
        assert fake.threads == 1
    assert fake.threads == 4
    with pytest.raises(ZeroDivisionError), blas.one_thread():
        _ = 1 / 0
    assert fake.threads == 4


def test_a_numpy_without_such_a_blas_is_left_alone(monkeypatch):
    monkeypatch.setattr(blas, "openblas", lambda: None)
    with blas.one_thread():
        pass


def test_the_names_of_older_and_newer_wheels_are_known():
    class Library:
        def __init__(self, *names):
            for name in names:
                setattr(self, name, ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 3))

    for name in ("openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads"):
        assert blas._functions(Library(name.format("get"), name.format("set"))).get() == 3
    assert blas._functions(Library("openblas_get_num_threads")) is None


def test_the_blas_of_this_numpy_is_asked_itself():
    """In a process of its own, where nobody has limited it before."""
    code = (
        "import numpy, sys; from coamd_blender.motion import blas; found = blas.openblas();"
        "sys.exit(3) if found is None else found.set(2); before = found.get();"
        "context = blas.one_thread(); context.__enter__(); inside = found.get(); context.__exit__(None, None, None);"
        "print(before, inside, found.get())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip("this numpy has no OpenBLAS of its own")
    assert done.stdout.split() == ["2", "1", "2"], done.stderr
