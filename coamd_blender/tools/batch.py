"""Many clips, or one, onto many characters, or one: one after the other, each failing for itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..errors import CoamdError, InputError
from .retarget_clip import RIGS, RetargetJob, run


def jobs_of(job: RetargetJob, suffix: str) -> list[RetargetJob]:
    """Return a job for every clip and every character that ``job`` names, of which either or both are folders.

    Written are files ``suffix`` in the folder ``job.out``: CLIP for one character, CHARACTER for one clip, and else
    CHARACTER/CLIP. Raises InputError for a folder without any.
    """
    clips = clips_of(job.clip)
    rigs = [job.rig]
    if job.rig.is_dir():
        rigs = sorted(path for path in job.rig.iterdir() if path.suffix.lower() in RIGS and path.is_file())
        if not rigs:
            raise InputError(f"{job.rig} holds no character", f"Give a folder with {', '.join(RIGS)}")
    names = _distinct(rigs)
    jobs = []
    for rig, name in zip(rigs, names, strict=True):
        for clip in clips:
            if not job.rig.is_dir():
                out = job.out / f"{clip.stem}{suffix}"
            elif not job.clip.is_dir():
                out = job.out / f"{name}{suffix}"
            else:
                out = job.out / name / f"{clip.stem}{suffix}"
            jobs.append(replace(job, clip=clip, rig=rig, out=out))
    return jobs


def clips_of(path: Path) -> list[Path]:
    """Return the clips of a folder, or the one that ``path`` is. Raises InputError for a folder without any."""
    if not path.is_dir():
        return [path]
    clips = sorted(path.glob("*.npz"))
    if not clips:
        raise InputError(f"{path} holds no .npz", "Give a folder of clips; python -m runtime convert makes them")
    return clips


def _distinct(rigs: list[Path]) -> list[str]:
    """Return the stems of files, with the suffix where two have the same one."""
    counts = Counter(path.stem.lower() for path in rigs)
    return [path.stem if counts[path.stem.lower()] == 1 else path.name.replace(".", "_") for path in rigs]


def run_all(jobs: list[RetargetJob], tell: Callable[[str], None]) -> int:
    """Carry the jobs out and return how many could not be.

    Files that are there and newer than their clip and character are left, so that a run goes on where one was broken
    off. ``tell`` is given a line when a file is done, and a table at the end.
    """
    rows = []
    several = len({job.rig for job in jobs}) > 1
    for number, job in enumerate(jobs, start=1):
        name = f"{job.rig.stem} {job.clip.stem}" if several else job.clip.stem
        if _is_done(job):
            rows.append((name, "there already", ""))
            continue
        try:
            line, *_ = run(job).splitlines()
            rows.append((name, "done", line.removeprefix(f"{job.out}: ")))
        except CoamdError as error:
            rows.append((name, "failed", str(error)))
        tell(f"{number} of {len(jobs)}: {' '.join(filter(None, rows[-1]))}")
    return tell_table(rows, tell)


def _is_done(job: RetargetJob) -> bool:
    """Whether the file is there, and newer than both it is made of."""
    if not job.out.is_file():
        return False
    made = job.out.stat().st_mtime
    return all(path.is_file() and made >= path.stat().st_mtime for path in (job.clip, job.rig))


def tell_table(rows: list[tuple[str, str, str]], tell: Callable[[str], None]) -> int:
    """Tell what became of each, (name, "done" or the like, how), and how many of each; return how many failed."""
    wide = max(len(name) for name, *_ in rows)
    tell("\n".join(f"{name:{wide}}  {what:13}  {how}".rstrip() for name, what, how in rows))
    counts = Counter(what for _, what, _ in rows)
    tell(", ".join(f"{counts[what]} {what}" for what in ("done", "there already", "failed")))
    return counts["failed"]
