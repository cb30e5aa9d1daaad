"""The SQLite file of a library: its tables, its version, and how it is opened."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from coamd_blender.errors import CoamdError, DataError, InputError
from coamd_blender.motion.skeleton import MAX_FRAMES

FACTS = "facts.sqlite"
APPLICATION_ID = 0x436F414C  # "CoAL"
VERSION = 1
LOCK_SECONDS = 60.0
LARGEST_VALUE = 1 << 28  # bytes: twenty times the joints of the longest clip
NEW_LIBRARY = "Index its folders into a new library: python -m runtime index FOLDER --library NEW"
# what SQLite says of a library whose tables are not those below
_LOST = ("no such table", "no such column", "has no column named")

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    digest TEXT NOT NULL,
    status TEXT NOT NULL,     -- here, broken, vanished
    problem TEXT NOT NULL,    -- why it is broken
    licence TEXT NOT NULL,
    source TEXT NOT NULL,
    seen REAL NOT NULL        -- seconds since 1970
);
CREATE TABLE clips (
    id INTEGER PRIMARY KEY,
    file INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
    name TEXT NOT NULL,
    frames INTEGER NOT NULL,
    fps REAL NOT NULL,
    labels TEXT NOT NULL      -- JSON list
);
CREATE INDEX clips_of_file ON clips (file);
CREATE TABLE motions (clip INTEGER PRIMARY KEY REFERENCES clips ON DELETE CASCADE, joints BLOB NOT NULL);
CREATE TABLE windows (
    number INTEGER PRIMARY KEY,  -- row of the embeddings, negative while it waits for one
    clip INTEGER NOT NULL REFERENCES clips ON DELETE CASCADE,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL
);
CREATE INDEX windows_of_clip ON windows (clip);
"""


_OWN = re.compile(rf"{re.escape(FACTS)}|(?:embeddings|codes|graph)-")  # how the names of a library's files begin
_TABLES = {(kind.lower(), name) for kind, name in re.findall(r"CREATE (TABLE|INDEX) (\w+)", SCHEMA)}


def connect(path: Path) -> sqlite3.Connection:
    """Connect in WAL mode with foreign keys; read-only where nothing may be written, as on a shared disk.

    The file may be a stranger's: what its schema says is not trusted. DataError for a file that is no database,
    InputError when locked.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        connection = None
        try:
            if not may_write(path):
                return _distrusting(_open_read_only(path))
            connection = _distrusting(sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None))
            connection.execute("PRAGMA journal_mode = WAL")  # needs the file to itself once, and does not wait for it
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            return connection
        except sqlite3.OperationalError as error:
            _close(connection)
            if time.monotonic() > deadline or "locked" not in str(error):
                raise InputError(
                    f"The library {path.parent} cannot be opened ({error})", "Check who uses it"
                ) from error
            time.sleep(0.02)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter: what SQLite says of it is no text
            _close(connection)
            raise DataError(f"{path} is torn ({error})", NEW_LIBRARY) from error


def check_links(folder: Path) -> None:
    """Raise DataError where a file of the library in ``folder`` is a link: what it leads to is somebody else's, and
    would be read and written in its place."""
    for path in folder.iterdir():
        if _OWN.match(path.name) and path.is_symlink():
            raise DataError(f"The library {folder} holds a link in place of {path.name}", NEW_LIBRARY)


def may_write(path: Path) -> bool:
    """Return whether the file ``path`` and its folder, which SQLite writes beside it, may be written."""
    return os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def _open_read_only(path: Path) -> sqlite3.Connection:
    """Open a file that nobody changes; what a writer elsewhere has left in its log is read too."""
    log = path.with_name(f"{path.name}-wal")
    still = "" if log.is_file() and log.stat().st_size else "&immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{still}", uri=True, isolation_level=None)


def _distrusting(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Bound what a stranger's file can do: no functions from its schema, no page or value taken at its word."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")  # a file cut short meanwhile is an error and not the end of the process
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
    return connection


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        connection.close()


def fitting(row: Sequence[Any], kinds: Sequence[type], what: str, name: Path) -> Sequence[Any]:
    """Return ``row`` if its values are of ``kinds``, else raise DataError: SQLite holds anything in any column.

    A float may be written as an int. ``what``: what the row is, ``name``: the library's, for the text.
    """
    for value, kind in zip(row, kinds, strict=True):
        if not isinstance(value, (int, float) if kind is float else kind):
            raise DataError(f"The library {name} is torn: a {what} holds {value!r:.40}", NEW_LIBRARY)
    return row


def fitting_window(row: Sequence[Any], name: Path) -> tuple[int, int, int, int]:
    """Return a window's row (number, clip, start, stop), else raise DataError; ``name`` is the library's."""
    number, clip, start, stop = fitting(row, (int, int, int, int), "window", name)
    if not 0 <= start < stop or stop - start > MAX_FRAMES:
        raise DataError(f"The library {name} is torn: a window {start} to {stop}", NEW_LIBRARY)
    return number, clip, start, stop


@contextlib.contextmanager
def writing(connection: sqlite3.Connection, name: Path) -> Iterator[None]:
    """Hold the write lock: all or nothing. ``name`` is for the text of the InputError when it is not to be had."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        raise InputError(
            f"The library {name} cannot be written ({error})",
            "Wait until other programs are done with it, and check that you may write there",
        ) from error
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def storable(path: str) -> bool:
    """Whether SQLite can hold a path: it is text, and some old file names are bytes that are no UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in path)


def complaint(error: sqlite3.Error, name: Path) -> CoamdError | None:
    """Return what to tell the user of a library ``name`` whose database gave up in the middle of its work: torn pages,
    lost tables, a full disk. None for what is a mistake of this program."""
    lost = any(words in str(error) for words in _LOST)
    if "readonly" in str(error):
        return InputError(f"The library {name} cannot be written, only read", "Index into a library of your own")
    if isinstance(error, sqlite3.OperationalError) and not lost:
        return InputError(f"The library {name} cannot be used ({error})", "Check the disk, and who else uses it")
    strange = isinstance(error, sqlite3.IntegrityError | sqlite3.DataError)  # rows that this program does not write
    if lost or strange or type(error) is sqlite3.DatabaseError:
        return DataError(f"The library {name} is torn ({error})", NEW_LIBRARY)
    return None


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty file, inside a transaction; nothing when they are there."""
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        return
    for statement in SCHEMA.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.executemany(
        "INSERT INTO meta VALUES (?, ?)", [("generation", 0), ("digest", ""), ("dim", 0), ("rows", 0)]
    )


def check_version(connection: sqlite3.Connection, name: Path) -> None:
    """Raise DataError unless the file is a library of this version; ``name`` is for its text."""
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        schema = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
    except sqlite3.DatabaseError as error:
        raise DataError(f"{name} is torn ({error})", NEW_LIBRARY) from error
    if (application, version) != (APPLICATION_ID, VERSION):
        found = f"version {version}" if application == APPLICATION_ID else "no clip library"
        raise DataError(f"The library {name} is {found}, this program reads version {VERSION}", NEW_LIBRARY)
    strange = [f"{kind} {told}" for kind, told in schema if (kind, told) not in _TABLES and not _automatic(told)]
    if strange:
        raise DataError(f"The library {name} holds what is none of a library's: {strange[0]!r:.60}", NEW_LIBRARY)


def _automatic(name: Any) -> bool:
    """Return whether SQLite makes what has this ``name`` itself, as for UNIQUE."""
    return isinstance(name, str) and name.startswith("sqlite_autoindex_")
