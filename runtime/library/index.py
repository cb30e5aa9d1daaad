"""Folders to a library, again and again: what is unchanged is skipped, what changed is read anew.

Each file is committed by itself, so that stopping or killing the work loses at most the file in hand; what was stored
and not yet embedded is embedded by the next who indexes or searches. A file is unchanged when its size and time are
those known, or, for another time, its SHA-256.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.files import BLENDER_FILES, digest_of
from runtime.formats.read import READERS
from runtime.library.database import storable
from runtime.library.motions import check_storable
from runtime.library.reading import find_files, read_clips
from runtime.library.records import Embedder, FileFacts, State
from runtime.library.store import Store

EMBED_CLIPS = 48  # stored before they are embedded together


@dataclass
class IndexReport:
    """What happened to the files. ``problems`` are lines: broken files, clips left out, folders without motion."""

    files: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    broken: int = 0
    vanished: int = 0
    clips: int = 0  # stored by this run
    problems: list[str] = field(default_factory=list)


# told after each file: files done, files in all, what happened so far; raises to stop between two files
Progress = Callable[[int, int, IndexReport], None]


def index_folders(
    library: Store,
    folders: Sequence[str | Path],
    embedder: Embedder,
    progress: Progress | None = None,
    licence: str = "",
    source: str = "",
) -> IndexReport:
    """Bring the library up to date with every motion file below ``folders`` (single files may be named too).

    ``licence`` and ``source`` are noted with each file that is stored or changed. Files that are known and gone are
    marked as vanished; their clips stay. Raises InputError for a folder that is not there, and when no folder holds
    a motion file, now or in the library; DataError for a library of another recogniser.
    """
    report = IndexReport()
    paths = _survey(library, [Path(folder) for folder in folders], report)
    state = library.begin_embeddings(embedder)
    library.embed_waiting(embedder)
    seen, embedded = [], 0
    for number, path in enumerate(paths, start=1):
        report.files += 1
        if _index_file(library, path, state, (licence, source), report):
            seen.append(str(path))
        if report.clips - embedded >= EMBED_CLIPS or number == len(paths):
            library.embed_waiting(embedder)
            embedded = report.clips
        if progress is not None:
            progress(number, len(paths), report)
    library.note_seen(seen)
    return report


def _survey(library: Store, folders: list[Path], report: IndexReport) -> list[Path]:
    """Return the files to look at, and mark the ones that have vanished from ``folders``."""
    for folder in folders:
        if not folder.exists() and not _known_below(library, folder.resolve()):
            raise InputError(f"There is no folder {folder}", "Check the path")
    found: dict[Path, None] = {}
    fruitless = []
    for folder in folders:
        files = [path for path in find_files(folder.resolve()) if library.folder.resolve() not in path.parents]
        found |= dict.fromkeys(files)
        known = _known_below(library, folder.resolve())
        for_blender = sum(1 for _ in find_files(folder.resolve(), BLENDER_FILES))
        if for_blender:
            left = f"{for_blender} files ({', '.join(BLENDER_FILES)}) in {folder} are read in Blender: index it there"
            report.problems.append(left)
        elif not files and not known:
            fruitless.append(f"{folder} holds no motion: no {', '.join(READERS)}")
        present = set(map(str, files))
        for facts in known:
            foreign = facts.path.lower().endswith(BLENDER_FILES) and Path(facts.path).is_file()
            if facts.path not in present and facts.status != "vanished" and not foreign:
                library.mark(facts.path, "vanished")
                report.vanished += 1
    if len(fruitless) == len(folders):
        raise InputError(fruitless[0], "Name a folder that holds motion files")
    report.problems += fruitless
    return list(found)


def _known_below(library: Store, folder: Path) -> list[FileFacts]:
    return [facts for facts in library.files() if folder == Path(facts.path) or folder in Path(facts.path).parents]


def _index_file(library: Store, path: Path, state: State, origin: tuple[str, str], report: IndexReport) -> bool:
    """Bring one file up to date; False when it is gone or has no name to be known by."""
    if not storable(str(path)):
        shown = os.fsencode(path).decode(errors="replace")
        report.broken += 1
        report.problems.append(f"{shown} has a name that is not UTF-8 - rename it, and index again")
        return False
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        known = library.file(str(path))
        same = known is not None and (known.size, known.mtime_ns) == (status.st_size, status.st_mtime_ns)
        digest = known.digest if same else digest_of(path)
    except FileNotFoundError:
        return False  # deleted since it was listed: the next run marks it
    except OSError as error:
        report.broken += 1
        report.problems.append(f"{path} cannot be read: {error.strerror} - check it, and index again")
        return True
    facts = FileFacts(str(path), status.st_size, status.st_mtime_ns, digest, "here", "", *origin)
    if known is not None and digest == known.digest:
        _keep(library, facts, known, same, report)
        return True
    try:
        clips, left_out = read_clips(path)
        for clip in clips:
            check_storable(clip.joints)
    except DataError as error:
        problem = str(error) if path.name in str(error) else f"{path}: {error}"
        library.put_file(replace(facts, status="broken", problem=problem), None, state)
        report.broken += 1
        report.problems.append(problem)
        return True
    if library.put_file(facts, clips, state):
        report.clips += len(clips)
        report.added += known is None
        report.updated += known is not None
        report.problems += [f"{path}: {line}" for line in left_out]
    else:
        report.unchanged += 1
    return True


def _keep(library: Store, facts: FileFacts, known: FileFacts, same: bool, report: IndexReport) -> None:
    """Note that the content of a file is the one known."""
    kept = "broken" if known.problem else "here"
    if not same or known.status != kept:
        library.touch(replace(known, size=facts.size, mtime_ns=facts.mtime_ns, status=kept))
    if kept == "broken":
        report.broken += 1
        report.problems.append(known.problem)
    else:
        report.unchanged += 1
