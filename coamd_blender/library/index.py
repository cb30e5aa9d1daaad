"""Index a folder: the runtime reads what it can, a background Blender reads .fbx and .blend for it."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import bpy

from ..anim.steps import Call, Step
from ..core.workflow import Ask, Workflow
from ..errors import InputError
from ..motion.files import BLENDER_FILES, digest_of
from ..wire.requests import IndexRequest, KnownRequest, StoreRequest
from .reader_process import ReaderProcess
from .workflow import library_folder


@dataclass(frozen=True)
class FileStamp:
    """A file as the library notes it; ``digest`` is its SHA-256."""

    path: str
    size: int
    mtime_ns: int
    digest: str


@dataclass
class Tally:
    """What became of the files, and a line a problem; ``licence`` and ``source`` are noted with all of them."""

    library: str
    licence: str
    source: str
    counts: Counter[str]
    problems: list[str]

    def note(self, problem: str, otherwise: str) -> None:
        """Count a file as broken, with its problem, or as ``otherwise`` without one."""
        self.counts["broken" if problem else otherwise] += 1
        self.problems += [problem] if problem else []

    @property
    def summary(self) -> str:
        """One line."""
        return ", ".join(f"{count} {name}" for name, count in self.counts.items() if count) or "nothing new"


def index_folder(context: bpy.types.Context, folder: str, licence: str = "", source: str = "") -> Workflow:
    """Index ``folder`` into the library. Raises InputError when it is not there."""
    path = Path(bpy.path.abspath(folder)).resolve()
    if not folder or not path.is_dir():
        raise InputError(f"There is no folder {folder}", "Choose a folder that holds motion files")
    library, own = library_folder(context)

    told = (yield IndexRequest(library, (str(path),), licence, source, starter=own)).fields
    counts = Counter({name: told[name] for name in ("added", "updated", "unchanged", "broken", "vanished")})
    problems = [line for line in told["problems"] if ".fbx" not in line or "are read in Blender" not in line]
    tally = Tally(library, licence, source, counts, problems)
    files = yield Call(foreign_files, (path,))
    for unnamed in (file for file in files if not _is_unicode(file)):
        shown = os.fsencode(unnamed).decode(errors="replace")
        tally.note(f"{shown} has a name that is not UTF-8 - Rename it, and index again", "")
    if files := [file for file in files if _is_unicode(file)]:
        yield from _index_foreign(tally, files)
    bpy.context.window_manager.coamd.problems = "\n".join(tally.problems)
    return f"Indexed {path.name}: {tally.summary}"


def foreign_files(folder: Path) -> list[Path]:
    """Return the .fbx and .blend files below ``folder``, hidden ones left out, sorted."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in BLENDER_FILES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _is_unicode(path: Path) -> bool:
    """Return whether a path is text: some old file names are bytes that are not UTF-8."""
    return not any("\ud800" <= letter <= "\udfff" for letter in str(path))


def file_stamp(path: Path) -> FileStamp:
    """Return what the library notes of a file. Raises OSError."""
    status = path.stat()
    return FileStamp(str(path), status.st_size, status.st_mtime_ns, digest_of(path))


def _index_foreign(tally: Tally, files: list[Path]) -> Workflow:
    """Read those of the files that are new or changed in a background Blender and store what it finds."""
    facts: list[FileStamp] = []
    for path in files:
        try:
            facts.append((yield Call(file_stamp, (path,), Step("Looking at .fbx and .blend", len(facts), len(files)))))
        except OSError as error:
            tally.note(f"{path} cannot be read: {error.strerror} - Check that it is there, and index again", "")
    known = (yield KnownRequest(tally.library, tuple(str(path) for path in files))).fields["files"]
    unread = []
    for found in facts:
        if known.get(found.path, {}).get("digest") == found.digest:
            tally.note(known[found.path]["problem"], "unchanged")
        else:
            unread.append(found)
    done, total = 0, len(unread)
    while done < total:  # more than once where a file makes Blender end
        done = yield from _read_and_store(tally, unread, done, known)


def _read_and_store(tally: Tally, files: list[FileStamp], done: int, known: dict[str, dict]) -> Workflow:
    """Read ``files`` from number ``done`` on, until all are read or Blender ends; return how many are done."""
    with ReaderProcess([found.path for found in files[done:]]) as reader:
        while done < len(files) and not reader.ended:
            step = Step("Reading .fbx and .blend", done, len(files))
            while (read := reader.next_file()) is None:
                yield step
            found = files[done]
            origin = {"licence": tally.licence, "source": tally.source}
            request = StoreRequest(
                tally.library, **asdict(found), **origin, clips=read.clips, problem=read.problem, joints=read.joints
            )
            yield Ask(request, step=step)
            tally.note(read.problem, "updated" if found.path in known else "added")
            done += 1
    return done
