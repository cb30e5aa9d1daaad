"""Index a folder: the runtime reads what it can, a background Blender reads .fbx and .blend for it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

import bpy
import numpy as np

from ..core import session
from ..errors import CoamdError, InputError
from ..setup import preferences
from ..wire.client import child_environment
from ..wire.jobs import DONE, Job, Step
from .workflow import library_folder

SUFFIXES = (".fbx", ".blend")
LINE = "coamd-read "
_CODE = (
    "import sys; sys.path.insert(0, {root!r}); from coamd_blender.library.foreign_reader import main; main({list!r})"
)


def foreign_files(folder: Path) -> list[Path]:
    """Return the .fbx and .blend files below ``folder``, hidden ones left out, sorted."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def begin_index(context: bpy.types.Context, folder: str, licence: str = "", source: str = "") -> None:
    """Start to index ``folder`` into the library. Raises InputError when it is not there or something else runs."""
    current = session.current()
    if current.asking:
        raise InputError("An earlier request is being answered", "Wait for it, or press Stop")
    path = Path(bpy.path.abspath(folder)).resolve()
    if not folder or not path.is_dir():
        raise InputError(f"There is no folder {folder}", "Choose a folder that holds motion files")
    library, own = library_folder(context)
    origin = {"library": library, "licence": licence, "source": source}
    current.notice, current.error = "", None
    current.do(_index(current, path, own, origin))


def _index(current: session.Session, folder: Path, own: bool, origin: dict) -> Iterator[Step | None]:
    told: list[Job] = []
    fields = {**origin, "folders": [str(folder)], "starter": own}
    job = current.ask(bpy.context, "index", fields, None, told.append)
    while not job.ended or (job.state == DONE and not told):
        yield
    if job.state != DONE:
        return
    counts = {name: job.fields[name] for name in ("added", "updated", "unchanged", "broken", "vanished")}
    problems = [line for line in job.fields["problems"] if ".fbx" not in line or "are read in Blender" not in line]
    listing = current.in_thread(foreign_files, folder)
    while not listing.done():
        yield
    files = listing.result()
    if files:
        yield from _index_foreign(current, files, origin, counts, problems)
    bpy.context.window_manager.coamd.problems = "\n".join(problems)
    summary = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    current.notice = f"Indexed {folder.name}: {summary or 'nothing new'}"


def _index_foreign(
    current: session.Session, files: list[Path], origin: dict, counts: dict[str, int], problems: list[str]
) -> Iterator[Step | None]:
    """Read the files that are new or changed in a background Blender and store what it finds."""
    facts = []
    for path in files:
        hashing = current.in_thread(file_facts, path)
        while not hashing.done():
            yield Step("Looking at .fbx and .blend", len(facts), len(files))
        try:
            facts.append(hashing.result())
        except OSError as error:
            counts["broken"] += 1
            problems.append(f"{path} cannot be read: {error.strerror} - Check that it is there, and index again")
    fields = {"library": origin["library"], "paths": [str(path) for path in files]}
    answers: list[Job] = []
    job = current.ask(bpy.context, "known", fields, None, answers.append)
    while not job.ended or (job.state == DONE and not answers):
        yield
    if job.state != DONE:
        return
    known = job.fields["files"]
    changed = [fact for fact in facts if known.get(fact["path"], {}).get("digest") != fact["digest"]]
    for fact in facts:
        if fact not in changed:
            problem = known[fact["path"]]["problem"]
            counts["broken" if problem else "unchanged"] += 1
            problems += [problem] if problem else []
    total = len(changed)
    while changed:
        done = 0
        for fact, told, joints in _read(changed):
            if fact is not None:
                done += 1
                _store(current, {**origin, **fact}, told, joints)
                counts["broken" if told["problem"] else "updated" if fact["path"] in known else "added"] += 1
                problems += [told["problem"]] if told["problem"] else []
            yield Step("Reading .fbx and .blend", total - len(changed) + done, total)
        changed = changed[done:]
    while current.waiting:
        yield


def _read(files: list[dict]) -> Iterator[tuple]:
    """Yield (facts, what was read, joints or None) file by file, and (None, None, None) while there is nothing new.

    The file at which the background Blender dies, if it does, is the last one and told as a problem.
    """
    with tempfile.TemporaryDirectory(prefix="coamd-") as scratch:
        reader = _Reader([facts["path"] for facts in files], Path(scratch))
        done = 0
        try:
            for told in reader.results():
                if told is None:
                    yield None, None, None
                    continue
                done += 1
                path = Path(scratch, f"{told['file']}.npy")
                yield files[told["file"]], told, None if told["problem"] else np.load(path).astype(np.float32)
        finally:
            reader.stop()
        if done < len(files):
            problem = f"{files[done]['path']} made Blender end - Open it in Blender, and save or export it again"
            yield files[done], {"clips": [], "problem": problem}, None


def _store(current: session.Session, facts: dict, told: dict, joints: np.ndarray | None) -> None:
    fields = {**facts, "clips": told["clips"], "problem": told["problem"]}
    current.ask(bpy.context, "store", fields, {} if joints is None else {"joints": joints}, lambda job: None)


def file_facts(path: Path) -> dict:
    """Path, size, time and SHA-256 of a file, as the library notes them."""
    status = path.stat()
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": str(path), "size": status.st_size, "mtime_ns": status.st_mtime_ns, "digest": digest}


class _Reader:
    """A background Blender that reads files, and what it has said so far."""

    def __init__(self, paths: list[str], scratch: Path):
        names = scratch / "files.json"
        names.write_text(json.dumps(paths), encoding="utf-8")
        code = _CODE.format(root=str(preferences.ROOT), list=str(names))
        if bpy.app.binary_path:
            options = ["--background", "--factory-startup", "--disable-autoexec", "--python-exit-code", "1"]
            command = [bpy.app.binary_path, *options, "--python-expr", code]
        else:
            command = [sys.executable, "-c", code]
        self._left = len(paths)
        self._lines: SimpleQueue[dict | None] = SimpleQueue()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=child_environment(),
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise CoamdError(
                f"A second Blender cannot be started: {error.strerror}", "Check Blender's files"
            ) from error
        threading.Thread(target=self._listen, name="coamd-reader", daemon=True).start()

    def _listen(self) -> None:
        for line in self._process.stdout:
            if line.startswith(LINE):
                self._lines.put(json.loads(line[len(LINE) :]))
        self._lines.put(None)

    def results(self) -> Iterator[dict | None]:
        """Yield what was read, file by file, None while there is nothing new, until all are read or it has ended."""
        while self._left:
            try:
                told = self._lines.get_nowait()
            except Empty:
                yield None
                continue
            if told is None:
                return
            self._left -= 1
            yield told

    def stop(self) -> None:
        """End the process."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
