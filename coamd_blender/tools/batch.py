"""Many clips, or one, onto many characters, or one: one after the other, each failing for itself."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ..engines.clip_files import distinct, files_of, plain
from ..errors import CoamdError, InputError
from .retarget_clip import RIGS, RetargetJob, run

Row = tuple[str, str, str]  # name; "done", "there already" or "failed"; how


def jobs_of(job: RetargetJob, suffix: str, clips: Sequence[Path]) -> list[RetargetJob]:
    """Return a job for each of ``clips``, those that ``job`` names, and every character that it names, a folder or one.

    Written are files ``suffix`` in the folder ``job.out``: CLIP for one character, CHARACTER for one clip, and else
    CHARACTER/CLIP. Raises InputError for a folder without any.
    """
    rigs = [job.rig]
    if job.rig.is_dir():
        rigs = sorted(path for path in job.rig.iterdir() if path.suffix.lower() in RIGS and path.is_file())
        if not rigs:
            raise InputError(f"{job.rig} holds no character", f"Give a folder with {', '.join(RIGS)}")
    names = distinct(rigs)
    jobs = []
    for rig, name in zip(rigs, names, strict=True):
        for clip in clips:
            if not job.rig.is_dir():
                out = job.out / f"{clip.stem}{suffix}"
            elif not job.clip.is_dir() and len(clips) == 1:
                out = job.out / f"{name}{suffix}"
            else:
                out = job.out / name / f"{clip.stem}{suffix}"
            jobs.append(replace(job, clip=clip, rig=rig, out=out))
    return jobs


def clips_of(path: Path, scratch: Path, tell: Callable[[str], None]) -> tuple[list[Path], list[Row]]:
    """Return the clips, .npz, of a file or a folder, and a row for each that cannot be read.

    Those of other kinds are converted into ``scratch``. Raises InputError for a folder without any.
    """
    clips, failed = [], []
    files = files_of(path)
    for file, name in zip(files, distinct(files), strict=True):
        try:
            clips += plain(file, name, Path(sys.executable), scratch)
        except CoamdError as error:
            failed.append((name, "failed", str(error)))
            tell(f"{name} failed {error}")
    return clips, failed


def run_all(jobs: list[RetargetJob], failed: Sequence[Row], tell: Callable[[str], None]) -> int:
    """Carry the jobs out and return how many could not be, those that ``failed`` before among them.

    Files that are there and newer than their clip and character are left, so that a run goes on where one was broken
    off. ``tell`` is given a line when a file is done, and a table at the end.
    """
    rows = [*failed]
    several = len({job.rig for job in jobs}) > 1
    for number, job in enumerate(jobs, start=1):
        name = f"{job.rig.stem} {job.clip.stem}" if several else job.clip.stem
        if is_done(job.out, job.clip, job.rig):
            rows.append((name, "there already", ""))
            continue
        try:
            line, *_ = run(job).splitlines()
            rows.append((name, "done", line.removeprefix(f"{job.out}: ")))
        except CoamdError as error:
            rows.append((name, "failed", str(error)))
        tell(f"{number} of {len(jobs)}: {' '.join(filter(None, rows[-1]))}")
    return tell_table(rows, tell)


def is_done(out: Path, *made_of: Path) -> bool:
    """Return whether the file ``out`` is there, and newer than all that it is made of."""
    if not out.is_file():
        return False
    made = out.stat().st_mtime
    return all(path.is_file() and made >= path.stat().st_mtime for path in made_of)


def tell_table(rows: list[Row], tell: Callable[[str], None]) -> int:
    """Tell what became of each, (name, "done" or the like, how), and how many of each; return how many failed."""
    wide = max(len(name) for name, *_ in rows)
    tell("\n".join(f"{name:{wide}}  {what:13}  {how}".rstrip() for name, what, how in rows))
    counts = Counter(what for _, what, _ in rows)
    tell(", ".join(f"{counts[what]} {what}" for what in ("done", "there already", "failed")))
    return counts["failed"]
