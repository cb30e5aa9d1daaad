"""The SQLite file of a library: its tables, its version, and how it is opened."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from coamd_blender.errors import CoamdError, DataError, InputError

FACTS = "facts.sqlite"
APPLICATION_ID = 0x436F414C  # "CoAL"
VERSION = 1
LOCK_SECONDS = 60.0
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


def connect(path: Path) -> sqlite3.Connection:
    """Connect in WAL mode with foreign keys. DataError for a file that is no database, InputError when locked."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        connection = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")  # needs the file to itself once, and does not wait for it
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            return connection
        except sqlite3.OperationalError as error:
            connection.close()
            if time.monotonic() > deadline or "locked" not in str(error):
                raise InputError(
                    f"The library {path.parent} cannot be opened ({error})", "Check who uses it"
                ) from error
            time.sleep(0.02)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise DataError(f"{path} is torn ({error})", NEW_LIBRARY) from error


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
    if isinstance(error, sqlite3.OperationalError) and not lost:
        return InputError(f"The library {name} cannot be used ({error})", "Check the disk, and who else uses it")
    if lost or type(error) is sqlite3.DatabaseError:
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
    except sqlite3.DatabaseError as error:
        raise DataError(f"{name} is torn ({error})", NEW_LIBRARY) from error
    if (application, version) != (APPLICATION_ID, VERSION):
        found = f"version {version}" if application == APPLICATION_ID else "no clip library"
        raise DataError(f"The library {name} is {found}, this program reads version {VERSION}", NEW_LIBRARY)
