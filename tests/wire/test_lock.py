"""Locks between processes: held while one lives, free once it is gone, however it went."""

import subprocess
import sys

import pytest
from fakes import ROOT

from coamd_blender.errors import InputError
from coamd_blender.wire import lock

HOLD = (
    "import sys, time; sys.path.insert(0, {root!r}); from coamd_blender.wire import lock; from pathlib import Path\n"
    "with lock.alone(Path({path!r}), 'a', 'b'):\n    print('in', flush=True); time.sleep(600)"
)


def test_a_lock_lasts_as_long_as_the_process_that_holds_it(tmp_path):
    path = tmp_path / "lock"
    assert not lock.is_taken(path) and not path.exists()
    code = HOLD.format(root=str(ROOT), path=str(path))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline().strip() == b"in"
        assert lock.is_taken(path)
        with pytest.raises(InputError, match="Somebody is in - Wait"), lock.alone(path, "Somebody is in", "Wait"):
            pass
        process.kill()
        process.wait()
    assert not lock.is_taken(path)
    with lock.alone(path, "Somebody is in", "Wait"):
        assert lock.is_taken(path)
    assert not lock.is_taken(path)
