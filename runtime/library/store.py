"""The library on disk: a folder that several processes may read and write at once.

    facts.sqlite             SQLite in WAL mode: files, clips, the joints of each clip, windows, and which
                             generation of embeddings counts
    embeddings-000001.f16    float16 (rows, dim), unit length, append-only; a window is one row
    codes-*, graph-*         the first pass of a search (codes.py, graph.py), made from the embeddings whenever missing

Joints lie in SQLite and not only in the source files: Apply is one row away, works when the source is gone, and a
clip and its joints come or stay away together. They also let the embeddings be made anew for another recogniser.

A file is committed by itself, facts and joints; its windows wait for their rows under negative numbers until
:meth:`Store.embed_waiting` embeds many at once, which costs a third of one by one. Whoever opens the library next
embeds what a process that died has left waiting.

Write order: under SQLite's one write lock a writer takes the next rows, writes and syncs them to the embeddings,
then commits the windows that point at them. A process that dies in between leaves bytes that nothing points at, to
be written over by the next. Rows are never used twice within a generation, so a reader's row always means the clip it
meant; :meth:`Store.rebuild` writes a new generation without the rows of clips that are gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import FPS
from runtime.library.database import (
    FACTS,
    NEW_LIBRARY,
    check_links,
    check_version,
    complaint,
    connect,
    fitting,
    fitting_window,
    make_tables,
    may_write,
    storable,
    writing,
)
from runtime.library.motions import MOST_FRAMES, pack_joints, unpack_joints, unpack_windows
from runtime.library.own_files import OwnFiles
from runtime.library.records import Clip, Embedder, FileFacts, ReadClip, State, batches_of, windows_of

EMBED_BATCH = 64  # windows
_MOST_NUMBERS = 65_536  # of an embedding
_FACTS_KINDS = (str, int, int, str, str, str, str, str)
_CLIP_KINDS = (int, str, str, int, float, str, str, str, str)


class Store:
    """An open library; also a context manager. An instance belongs to one thread; a library may have many instances."""

    def __init__(self, folder: Path, connection: sqlite3.Connection):
        self.folder = folder
        self.read_only = not may_write(folder / FACTS)
        self._db = connection
        self.own = OwnFiles(folder, connection)

    @classmethod
    def open(cls, folder: str | Path) -> Store:
        """Open a library that is there. Raises InputError when it is not, DataError when it is torn or too new.

        As a context manager it turns what SQLite raises inside, of torn pages or a full disk, into these too.
        """
        folder = Path(folder)
        if not (folder / FACTS).is_file():
            raise InputError(
                f"There is no library at {folder}", f"Make one: python -m runtime index FOLDER --library {folder}"
            )
        check_links(folder)
        library = cls(folder, connect(folder / FACTS))
        try:
            check_version(library._db, folder)
        except BaseException:
            library.close()
            raise
        return library

    @classmethod
    def create(cls, folder: str | Path) -> Store:
        """Open the library at ``folder``, making an empty one when there is none. Raises as :meth:`open`."""
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder} cannot be a library: {error.strerror}", "Name a folder") from error
        if not (folder / FACTS).is_file() and any(folder.iterdir()):
            raise InputError(f"{folder} holds other files and no library", "Name an empty or a new folder")
        check_links(folder)
        connection = connect(folder / FACTS)
        library = cls(folder, connection)
        try:
            with library._writing():
                make_tables(connection)
            check_version(connection, folder)
        except BaseException:
            library.close()
            raise
        return library

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self.close()
        if isinstance(error, sqlite3.Error) and (told := complaint(error, self.folder)):
            raise told from error

    def close(self) -> None:
        self._db.close()

    def state(self) -> State:
        """Return which embeddings count; generation 0 before the first."""
        values = dict(self._db.execute("SELECT key, value FROM meta"))
        torn = f"The library {self.folder} is torn"
        if not values.keys() >= State.__dataclass_fields__.keys():
            raise DataError(f"{torn}: it does not say what its embeddings are", NEW_LIBRARY)
        told = tuple(values[name] for name in State.__dataclass_fields__)
        state = State(*fitting(told, (int, str, int, int), "statement on embeddings", self.folder))
        if not (0 <= state.generation < 10**9 and 0 <= state.dim <= _MOST_NUMBERS and 0 <= state.rows < 2**40):
            raise DataError(f"{torn}: it states {state.rows} rows of {state.dim} numbers", NEW_LIBRARY)
        return state

    def check_embedder(self, embedder: Embedder) -> State:
        """Return the state when the embeddings are those of ``embedder``. Raises DataError otherwise."""
        state = self.state()
        if (state.digest, state.dim) != (embedder.digest, embedder.dim):
            made_with = f"recogniser {state.digest[:12]} ({state.dim} numbers)" if state.generation else "no recogniser"
            raise DataError(
                f"The library {self.folder} was made with {made_with}, this one is {embedder.digest[:12]} "
                f"({embedder.dim} numbers)",
                f"Make its embeddings anew: python -m runtime index --rebuild --library {self.folder}",
            )
        return state

    def embeddings(self, state: State) -> np.ndarray:
        """Return the embeddings, float16 (rows, dim), memory-mapped, read-only. DataError when the file is torn."""
        if state.rows == 0:
            return np.zeros((0, state.dim), np.float16)
        path = self.embeddings_path(state.generation)
        try:
            if path.stat().st_size < state.rows * state.dim * 2:
                raise DataError(f"{path} is torn: {path.stat().st_size} bytes", self._rebuild_hint())
            return np.memmap(path, np.float16, "r", shape=(state.rows, state.dim))
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}", self._rebuild_hint()) from error

    def embeddings_path(self, generation: int) -> Path:
        return self.folder / f"embeddings-{generation:06d}.f16"

    def file(self, path: str) -> FileFacts | None:
        """Return what is known of a file, None when it was never seen."""
        if not storable(path):
            return None
        row = self._db.execute(
            "SELECT path, size, mtime_ns, digest, status, problem, licence, source FROM files WHERE path = ?", (path,)
        ).fetchone()
        return None if row is None else FileFacts(*fitting(row, _FACTS_KINDS, "file", self.folder))

    def files(self, status: str | None = None) -> list[FileFacts]:
        """Return what is known of all files, or of those of one status, by path."""
        rows = self._db.execute(
            "SELECT path, size, mtime_ns, digest, status, problem, licence, source FROM files "
            "WHERE ? IS NULL OR status = ? ORDER BY path",
            (status, status),
        )
        return [FileFacts(*fitting(row, _FACTS_KINDS, "file", self.folder)) for row in rows]

    def clips(self, path: str | None = None) -> list[Clip]:
        """Return every clip, or those of one file, in the order they were stored."""
        if path is not None and not storable(path):
            return []
        return self._clips("? IS NULL OR files.path = ?", (path, path))

    def clip(self, clip_id: int) -> Clip:
        """Return a clip by its id. Raises InputError when it is not there."""
        found = self.clips_by_id([clip_id])
        if not found:
            raise InputError(f"The library {self.folder} has no clip {clip_id}", "Search again")
        return found[clip_id]

    def clips_by_id(self, clip_ids: Sequence[int]) -> dict[int, Clip]:
        """Return the clips that are there, by id."""
        marks = ",".join("?" * len(clip_ids))
        return {clip.id: clip for clip in self._clips(f"clips.id IN ({marks})", clip_ids)}

    def _clips(self, condition: str, values: Sequence) -> list[Clip]:
        rows = self._db.execute(
            "SELECT clips.id, path, name, frames, fps, labels, licence, source, status "
            f"FROM clips JOIN files ON files.id = clips.file WHERE {condition} ORDER BY clips.id",
            values,
        )
        return [self._clip(row) for row in rows]

    def _clip(self, row: Sequence) -> Clip:
        """Return the clip of a row. Raises DataError for values that are not a clip's."""
        row = fitting(row, _CLIP_KINDS, "clip", self.folder)
        try:
            labels = json.loads(row[5])
        except (ValueError, RecursionError):
            labels = None
        good = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
        if not good or not 1 <= row[3] <= MOST_FRAMES or not 0 < row[4] <= 1000:
            raise DataError(f"The library {self.folder} is torn: clip {row[0]} is not one", NEW_LIBRARY)
        return Clip(*row[:5], tuple(labels), *row[6:])

    def joints(self, clip_id: int) -> np.ndarray:
        """Return a clip's joints, float32 (frames, 22, 3), metres, 20 fps. InputError when there is no such clip."""
        data = self._packed_joints(clip_id)
        if data is None:
            raise InputError(f"The library {self.folder} has no clip {clip_id}", "Search again")
        return unpack_joints(data)

    def _packed_joints(self, clip_id: int) -> bytes | None:
        row = self._db.execute("SELECT joints FROM motions WHERE clip = ?", (clip_id,)).fetchone()
        return None if row is None else fitting(row, (bytes,), "motion", self.folder)[0]

    def windows(self, numbers: Sequence[int]) -> dict[int, tuple[int, int, int]]:
        """Return {row: (clip id, start, stop)} of the rows that still belong to a clip."""
        marks = ",".join("?" * len(numbers))
        rows = self._db.execute(f"SELECT number, clip, start, stop FROM windows WHERE number IN ({marks})", numbers)
        return {row[0]: row[1:] for row in (fitting_window(row, self.folder) for row in rows)}

    def rows_of(self, clip_id: int) -> list[int]:
        """Return the rows of a clip's windows; none for those that wait to be embedded."""
        rows = self._db.execute("SELECT number FROM windows WHERE clip = ? AND number >= 0", (clip_id,))
        return [row[0] for row in rows]

    def counts(self) -> dict[str, int]:
        """Return how many clips and embedded windows there are, and files by status."""
        (clips,) = self._db.execute("SELECT count(*) FROM clips").fetchone()
        (windows,) = self._db.execute("SELECT count(*) FROM windows WHERE number >= 0").fetchone()
        statuses = dict(self._db.execute("SELECT status, count(*) FROM files GROUP BY status"))
        return {"clips": clips, "windows": windows} | {
            name: statuses.get(name, 0) for name in ("here", "broken", "vanished")
        }

    # --- writing -------------------------------------------------------------------------------------------------

    def begin_embeddings(self, embedder: Embedder) -> State:
        """Make an empty library ready for ``embedder``, else check that it is already. Raises DataError."""
        with self._writing():
            if self.state().generation == 0 and self.counts()["clips"] == 0:
                self.own.note(self.embeddings_path(1).name)
                self.embeddings_path(1).touch()
                self._set_state(State(1, embedder.digest, embedder.dim, 0))
        return self.check_embedder(embedder)

    def put_file(self, facts: FileFacts, clips: Sequence[ReadClip] | None, state: State) -> bool:
        """Store a file; ``clips`` take the place of its former ones, None keeps those.

        Their windows are found once :meth:`embed_waiting` has embedded them. ``state`` is the one that the writer
        began with. Returns False when another process has stored the same content meanwhile. Raises DataError when
        the library was rebuilt meanwhile.
        """
        packed = [(clip, pack_joints(clip.joints)) for clip in clips or ()]
        with self._writing():
            self._check_not_rebuilt(state)
            known = self.file(facts.path)
            if clips is not None and known and (known.digest, known.status) == (facts.digest, facts.status):
                return False
            file_id = self._put_facts(facts)
            if clips is not None:
                self._db.execute("DELETE FROM clips WHERE file = ?", (file_id,))
            for clip, data in packed:
                clip_id = self._put_clip(file_id, clip.name, len(clip.joints), clip.labels, data)
                count = len(windows_of(len(clip.joints)))
                self._put_windows(clip_id, len(clip.joints), self._take_waiting_numbers(count))
        return True

    def embed_waiting(self, embedder: Embedder) -> State:
        """Embed the windows that wait for it, those that other processes have left too; return the state after it.

        Raises DataError when the library's embeddings are those of another recogniser.
        """
        state = self.check_embedder(embedder)
        if self.read_only:
            return state  # what waits is found once somebody may write
        (end,) = self._db.execute("SELECT coalesce(min(number), 0) FROM windows").fetchone()
        start = 0
        while start > end:  # not those that others add meanwhile, so that two writers do not chase each other
            waiting = self._db.execute(
                "SELECT number, clip, start, stop FROM windows WHERE number < ? AND number >= ? "
                "ORDER BY number DESC LIMIT ?",
                (start, end, EMBED_BATCH),
            ).fetchall()
            if not waiting:
                break
            start = waiting[-1][0]
            self._embed_windows(waiting, embedder, state)
        return self.state()

    def _embed_windows(self, waiting: list[tuple[int, int, int, int]], embedder: Embedder, state: State) -> None:
        """Embed windows (number, clip, start, stop); those that others have embedded or replaced meanwhile are left."""
        checked = [fitting_window(row, self.folder) for row in waiting]
        waiting, motions = unpack_windows(checked, self._packed_joints)
        if not waiting:
            return
        vectors = embedder.embed_motions(motions)
        with self._writing():
            now = self._check_not_rebuilt(state)
            left = self.windows([number for number, *_ in waiting])
            places = [place for place, (number, *_) in enumerate(waiting) if number in left]
            if not places:
                return
            self._write_rows(now, now.rows, [vectors[places]])
            self._db.executemany(
                "UPDATE windows SET number = ? WHERE number = ?",
                [(now.rows + row, waiting[place][0]) for row, place in enumerate(places)],
            )
            self._set_state(State(now.generation, now.digest, now.dim, now.rows + len(places)))

    def _check_not_rebuilt(self, state: State) -> State:
        """Return the present state, inside a transaction. DataError when it is of another generation than ``state``."""
        now = self.state()
        if (now.generation, now.digest) != (state.generation, state.digest):
            raise DataError(f"The library {self.folder} was rebuilt meanwhile", "Run the same command again")
        return now

    def _take_waiting_numbers(self, count: int) -> int:
        """Return the first of ``count`` negative numbers in a row that no window ever had, inside a transaction."""
        row = self._db.execute("SELECT value FROM meta WHERE key = 'waiting'").fetchone()
        first = (fitting(row, (int,), "counter", self.folder)[0] if row else 0) - count
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('waiting', ?)", (first,))
        return first

    def put_unembedded(self, facts: FileFacts, clips: Iterable[tuple[str, np.ndarray, tuple[str, ...]]]) -> None:
        """Store clips (name, joints (frames, 22, 3) in metres, labels) of a file: see :meth:`rebuild`."""
        with self._writing():
            if self.state().generation:
                raise InputError(f"The library {self.folder} has embeddings", "Make an empty one")
            file_id = self._put_facts(facts)
            for name, joints, labels in clips:
                self._put_clip(file_id, name, len(joints), labels, pack_joints(joints))

    def put_rows(self, rows: np.ndarray, embedder: Embedder) -> State:
        """Give a library without embeddings ``rows`` (windows, dim) float16, those of all its clips, clip by clip.

        Raises InputError when it has embeddings, DataError when there are not as many as windows.
        """
        generation = self._claim_generation()
        target = State(generation, embedder.digest, embedder.dim, len(rows))
        with self._writing():
            if self.state().generation:
                raise InputError(f"The library {self.folder} has embeddings", "Make an empty one")
            number = 0
            for clip in self.clips():
                number = self._put_windows(clip.id, clip.frames, number)
            if number != len(rows):
                raise DataError(f"{len(rows)} embeddings for {number} windows", self._rebuild_hint())
            self._write_rows(target, 0, [rows])
            self._set_state(target)
        return target

    def export_facts(self, path: Path) -> None:
        """Write facts and joints, without free space, to the single file ``path``. Raises InputError."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            self._db.execute("VACUUM INTO ?", (str(path),))
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"{path} cannot be written ({error})", "Choose a folder you may write to") from error

    def mark(self, path: str, status: str) -> None:
        """Set the status of a known file."""
        with self._writing():
            self._db.execute("UPDATE files SET status = ? WHERE path = ?", (status, path))

    def note_seen(self, paths: Sequence[str]) -> None:
        """Note that files were there just now."""
        with self._writing():
            now = time.time()
            self._db.executemany("UPDATE files SET seen = ? WHERE path = ?", [(now, path) for path in paths])

    def touch(self, facts: FileFacts) -> None:
        """Note size, time and status of a file whose content is the one known."""
        with self._writing():
            self._put_facts(facts)

    def rebuild(self, embedder: Embedder, report: Callable[[int, int], None]) -> State:
        """Embed every clip anew from its stored joints into a new generation; rows of clips that are gone fall away.

        Until the last step the library stays as it was; being killed costs nothing but the work. ``report(done,
        total)`` counts clips. What others store meanwhile is embedded at the end.
        """
        generation = self._claim_generation()
        target = State(generation, embedder.digest, embedder.dim, 0)
        done: dict[int, int] = {}  # clip id: its first row
        target = self._embed_missing(target, embedder, done, report)
        with self._writing():
            old = self.state()
            if old.generation >= generation:
                raise DataError(f"The library {self.folder} was rebuilt meanwhile", "There is nothing left to do")
            target = self._embed_missing(target, embedder, done, report)
            self._db.execute("DELETE FROM windows")
            for clip in self.clips():
                self._put_windows(clip.id, clip.frames, done[clip.id])
            self._set_state(target)
        self.own.remove(lambda of, name: of < generation, self.embeddings_path(old.generation).name)
        return target

    def _claim_generation(self) -> int:
        """Make the file of a generation that nobody has: neither a rebuild that was killed nor one beside this."""
        generation = self.state().generation
        while True:
            generation += 1
            with contextlib.suppress(FileExistsError):
                self.embeddings_path(generation).touch(exist_ok=False)
                with self._writing():
                    self.own.note(self.embeddings_path(generation).name)
                return generation

    def _embed_missing(
        self, state: State, embedder: Embedder, done: dict[int, int], report: Callable[[int, int], None]
    ) -> State:
        """Embed the clips not in ``done`` into the file of ``state``, noting their first rows; return the new state."""
        missing = [(clip.id, windows_of(clip.frames)) for clip in self.clips() if clip.id not in done]
        rows, total = state.rows, len(done) + len(missing)
        for batch in batches_of(missing, EMBED_BATCH):
            motions = []
            for clip_id, windows in batch:
                data = self._packed_joints(clip_id)
                if data is None:
                    continue  # its file was indexed anew meanwhile
                joints = unpack_joints(data)
                done[clip_id] = rows + len(motions)
                motions += [joints[start:stop] for start, stop in windows]
            if motions:
                self._write_rows(state, rows, [embedder.embed_motions(motions)])
            rows += len(motions)
            report(len(done), total)
        return State(state.generation, state.digest, state.dim, rows)

    def _put_facts(self, facts: FileFacts) -> int:
        values = {**facts.__dict__, "seen": time.time()}
        row = self._db.execute(
            "INSERT INTO files (path, size, mtime_ns, digest, status, problem, licence, source, seen) VALUES "
            "(:path, :size, :mtime_ns, :digest, :status, :problem, :licence, :source, :seen) "
            "ON CONFLICT (path) DO UPDATE SET size = :size, mtime_ns = :mtime_ns, digest = :digest, status = :status, "
            "problem = :problem, licence = :licence, source = :source, seen = :seen RETURNING id",
            values,
        )
        return row.fetchone()[0]

    def _put_clip(self, file_id: int, name: str, frames: int, labels: tuple[str, ...], data: bytes) -> int:
        clip_id = self._db.execute(
            "INSERT INTO clips (file, name, frames, fps, labels) VALUES (?, ?, ?, ?, ?)",
            (file_id, name, frames, float(FPS), json.dumps(labels, ensure_ascii=False)),
        ).lastrowid
        self._db.execute("INSERT INTO motions VALUES (?, ?)", (clip_id, data))
        return clip_id

    def _put_windows(self, clip_id: int, frames: int, number: int) -> int:
        """Point the windows of a clip at the rows from ``number`` on; return the next free row."""
        windows = windows_of(frames)
        self._db.executemany(
            "INSERT INTO windows VALUES (?, ?, ?, ?)",
            [(number + place, clip_id, start, stop) for place, (start, stop) in enumerate(windows)],
        )
        return number + len(windows)

    def _write_rows(self, state: State, start: int, blocks: Sequence[np.ndarray]) -> None:
        """Write embeddings from row ``start`` on, and wait until they are on the disk."""
        if not blocks:
            return
        rows = np.concatenate(blocks)
        if rows.shape[1] != state.dim:
            raise DataError(f"Embeddings have {rows.shape[1]} numbers, the library {state.dim}", self._rebuild_hint())
        path = self.embeddings_path(state.generation)
        try:
            with open(path, "r+b") as file:
                file.seek(start * state.dim * 2)
                file.write(np.ascontiguousarray(rows, "<f2").tobytes())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DataError(f"{path} cannot be written: {error.strerror}", "Check the disk and run it again") from error

    def _writing(self) -> contextlib.AbstractContextManager[None]:
        return writing(self._db, self.folder)

    def _set_state(self, state: State) -> None:
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", state.__dict__.items())

    def _rebuild_hint(self) -> str:
        return f"Make its embeddings anew: python -m runtime index --rebuild --library {self.folder}"
