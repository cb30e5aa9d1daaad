"""A folder of one's own clips, a sentence or more for each, into the store that training reads (prepare.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import FPS
from runtime.data.prepare import SHORTEST, Report, write_store
from runtime.data.splits import stable_fraction
from runtime.formats.placing import place
from runtime.formats.read import read_motion

SET = "own"
HELD_OUT = 0.1  # share of the files that validates, and as large a one that tests
FEWEST = 3  # files: one to train on, one to validate, one to test
JUDGED = 4  # files that validate at least, where there are four times as many: retrieval is judged among as many


def prepare_own(
    sentences: Mapping[Path, Sequence[str]], out: Path, licence: str = "own", say: Callable[[str], None] = print
) -> list[dict]:
    """Read the files that ``sentences`` tell of into a store at ``out`` and return its clip records.

    Which files validate and which test, their names decide. A file that cannot be read, or is too short, is left out,
    named to ``say`` and in report.json. Raises InputError when fewer than three are left.
    """
    records, motions, report = [], [], Report()
    for path, said in sentences.items():
        report.files[SET] += 1
        try:
            joints = place(read_motion(path)).astype(np.float32)
        except DataError as error:
            reason = error.message
        else:
            reason = "" if len(joints) >= SHORTEST else f"shorter than {SHORTEST / FPS:g} s"
        if reason:
            report.drop(SET, path.name, reason)
            say(f"{path.name} is left out: {reason}")
            continue
        records.append(_record(path, said, licence, joints, sum(map(len, motions))))
        motions.append(joints)
    if len(records) < FEWEST:
        raise InputError(f"{len(records)} clips are too few to train on", f"Give {FEWEST} or more, a sentence each")
    for record, split in zip(records, splits_of([record["file"] for record in records]), strict=True):
        record["split"] = split
    write_store(out, records, motions, report)
    return records


def _record(path: Path, said: Sequence[str], licence: str, joints: np.ndarray, start: int) -> dict:
    return {
        "id": f"{SET}/{path.stem}", "set": SET, "file": path.name, "name": path.stem, "performer": None, "trial": None,
        "label": said[0], "action": said[0], "licence": licence, "ships": True, "in_place": False, "loop": False,
        "cycle": 0.0, "from": 0.0, "flags": [], "split": "", "start": start, "frames": len(joints),
        "captions": list(said),
    }  # fmt: skip


def splits_of(names: Sequence[str]) -> list[str]:
    """Return "train", "val" or "test" for each of three file ``names`` or more: one of each at least.

    A tenth tests and a tenth validates, but four where a quarter of the files are as many.
    """
    order = sorted(range(len(names)), key=lambda number: stable_fraction(names[number]))
    tests = max(1, round(HELD_OUT * len(names)))
    validates = max(tests, min(JUDGED, len(names) // 4))
    splits = ["train"] * len(names)
    for rank, number in enumerate(order[: validates + tests]):
        splits[number] = "val" if rank < validates else "test"
    return splits
