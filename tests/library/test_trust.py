"""A library may be a stranger's, on a disk where nothing may be written, and share its folder with other files."""

import sqlite3
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from library_fakes import FakeEmbedder, motion

from coamd_blender.errors import CoamdError, DataError
from runtime.library import database, own_files
from runtime.library import store as stores
from runtime.library.clips import Library
from runtime.library.database import FACTS
from runtime.library.motions import MOST_FRAMES, unpack_joints
from runtime.library.records import FileFacts, ReadClip


@pytest.fixture
def folder(tmp_path):
    """A library of two clips, closed."""
    path = tmp_path / "library"
    with Library.open(path, FakeEmbedder(), create=True) as library:
        state = library.store.begin_embeddings(library.embedder)
        clips = [ReadClip(f"clip {seed}", motion(seed), ("swing",)) for seed in (1, 2)]
        library.store.put_file(FileFacts("/a.bvh", 10, 20, "d"), clips, state)
        library.store.embed_waiting(library.embedder)
    return path


def rebuild(folder):
    with Library.open(folder, FakeEmbedder("fake-2")) as library:
        library.rebuild()


def test_a_rebuild_deletes_its_own_files_and_nobody_elses(folder):
    theirs = ["take-000001.npz", "render-000000.png", "codes-000001-9-turn.npz", "embeddings-000000.f16"]
    for name in theirs:
        (folder / name).write_text("theirs")
    (folder / "shots-000001").mkdir()
    (folder / "graph-000001-5.usearch").mkdir()
    rebuild(folder)
    left = {path.name for path in folder.iterdir() if not path.name.startswith(FACTS)}
    assert left == {*theirs, "shots-000001", "graph-000001-5.usearch", "embeddings-000002.f16"}
    assert all((folder / name).read_text() == "theirs" for name in theirs)


def test_a_rebuild_deletes_what_older_versions_have_made_without_a_note(folder):
    with sqlite3.connect(folder / FACTS) as connection:
        connection.execute("DELETE FROM meta WHERE key LIKE 'made %'")
    rebuild(folder)
    assert [path.name for path in folder.glob("embeddings-*")] == ["embeddings-000002.f16"]


def test_a_note_of_a_file_elsewhere_deletes_nothing(folder, tmp_path):
    mine = tmp_path / "embeddings-000000.f16"
    mine.write_text("mine")
    with sqlite3.connect(folder / FACTS) as connection:
        for name in ("../embeddings-000000.f16", str(mine), "embeddings-000000/../../embeddings-000000.f16"):
            connection.execute("INSERT INTO meta VALUES (?, 1)", ("made " + name,))
    rebuild(folder)
    assert mine.read_text() == "mine"


def test_a_library_where_nothing_may_be_written_is_searched_and_left_as_it_is(folder, monkeypatch):
    for module in (database, own_files, stores):
        monkeypatch.setattr(module, "may_write", lambda path: False)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    with Library.open(folder, FakeEmbedder()) as library:
        hits = library.search(joints=motion(2), top=1)
        assert hits[0].clip.name == "clip 2"
    with (
        pytest.raises(CoamdError, match="cannot be written"),
        Library.open(folder, FakeEmbedder()) as library,
    ):
        library.store.mark("/a.bvh", "vanished")
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON files BEGIN DELETE FROM files; END",
        "CREATE VIEW v AS SELECT * FROM files",
        "CREATE TABLE t (x, y AS (abs(x)))",
        "CREATE VIRTUAL TABLE t USING fts5(x)",
    ],
)
def test_a_schema_that_is_not_a_librarys_is_refused(folder, statement):
    with sqlite3.connect(folder / FACTS) as connection:
        connection.execute(statement)
    with pytest.raises(DataError, match="none of a library's"):
        Library.open(folder, FakeEmbedder())


def test_functions_of_a_strangers_schema_are_not_trusted(folder):
    with Library.open(folder, FakeEmbedder()) as library:
        assert library.store._db.execute("PRAGMA trusted_schema").fetchone() == (0,)


def packed(frames: int, raw: int) -> bytes:
    return struct.pack("<I", frames) + zlib.compress(bytes(raw), 9)


BAD = [
    *(f"UPDATE meta SET value = {value} WHERE key = '{key}'"
      for key in ("generation", "dim", "rows") for value in ("'x'", "NULL", "-1", "1e300", "x'00'", "9e18")),
    "UPDATE meta SET value = 7 WHERE key = 'digest'",
    "UPDATE meta SET value = x'ff' WHERE key = 'waiting'",
    "DELETE FROM meta",
    *(f"UPDATE clips SET {column} = {value}"
      for column in ("name", "labels", "frames", "fps") for value in ("x'00ff'", "'x'", "-1")),
    "UPDATE clips SET labels = '" + "[" * 5000 + "'",
    "UPDATE clips SET labels = '[1]'",
    *(f"UPDATE files SET {column} = x'00ff'" for column in ("path", "size", "digest", "status", "licence")),
    *(f"UPDATE windows SET {column} = {value}"
      for column in ("start", "stop", "clip") for value in ("'x'", "-5", "4000000000", "x'00'")),
    "UPDATE motions SET joints = 'text'",
    "UPDATE motions SET joints = 5",
    "UPDATE motions SET joints = x''",
    "DELETE FROM motions",
    "INSERT INTO motions VALUES (3, x'00')",  # of a clip that is still to come
    "DROP TABLE windows",
    "ALTER TABLE clips RENAME COLUMN labels TO others",
]  # fmt: skip


@pytest.mark.parametrize("statement", BAD, ids=lambda text: text[:60])
def test_a_value_that_is_not_a_librarys_is_one_line_or_does_no_harm(folder, statement):
    connection = sqlite3.connect(folder / FACTS)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(statement)
    connection.commit()
    connection.close()
    try:
        with Library.open(folder, FakeEmbedder()) as library:
            library.search(joints=motion(2), top=2)
            library.store.files(), library.store.counts()
            for _ in library.motions():
                pass
            state = library.store.begin_embeddings(library.embedder)
            library.store.put_file(FileFacts("/b.bvh", 1, 2, "e"), [ReadClip("new", motion(3))], state)
    except CoamdError as error:
        assert error.hint and "\n" not in str(error)


@pytest.mark.parametrize(
    "data",
    [packed(4_000_000_000, 10), packed(2, 400_000_000), packed(0, 0), packed(MOST_FRAMES + 1, 10)],
    ids=["frames", "bomb", "none", "too long"],
)
def test_a_stored_motion_is_unpacked_no_further_than_its_frames(data):
    tracemalloc.start()
    with pytest.raises(DataError, match="torn"):
        unpack_joints(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_windows_that_wait_are_unpacked_a_clip_at_a_time(folder):
    """A few kB can state hours of motion in every clip."""
    frames = MOST_FRAMES // 10
    still = packed(frames, frames * (12 + 21 * 3 * 2))
    whole = frames * 22 * 3 * 4  # bytes of such a clip
    with sqlite3.connect(folder / FACTS) as connection:
        for clip in range(10, 40):
            connection.execute("INSERT INTO clips VALUES (?, 1, 'c', ?, 20.0, '[]')", (clip, frames))
            connection.execute("INSERT INTO motions VALUES (?, ?)", (clip, still))
            connection.execute("INSERT INTO windows VALUES (?, ?, 0, 120)", (-clip, clip))
    with Library.open(folder, FakeEmbedder()) as library:
        tracemalloc.start()
        library.store.embed_waiting(library.embedder)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert library.store.counts()["windows"] == 32
    assert peak < 12 * whole  # 30 of them were held at once


def test_a_window_longer_than_the_model_s_is_not_one(folder):
    with sqlite3.connect(folder / FACTS) as connection:
        connection.execute("UPDATE windows SET number = -5, stop = 197 WHERE number = 0")
    with Library.open(folder, FakeEmbedder()) as library, pytest.raises(DataError, match="0 to 197"):
        library.store.embed_waiting(library.embedder)


@pytest.mark.parametrize("name", ["embeddings-000001.f16", "embeddings-000002.f16", "facts.sqlite-wal", "codes-1.npy"])
@pytest.mark.parametrize("create", [False, True])
def test_a_link_in_place_of_a_library_s_file_is_not_followed(folder, tmp_path, name, create):
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(mine)
    with pytest.raises(DataError, match="a link in place of"):
        Library.open(folder, FakeEmbedder(), create=create)
    assert mine.read_text() == "mine"


def test_codes_of_a_stranger_are_not_read_before_they_fit(folder):
    from runtime.library.codes import load_codes

    with Library.open(folder, FakeEmbedder()) as library:
        state = library.store.state()
        np.savez_compressed(folder / "codes-000001-2-turn.npz", mean=np.zeros(50_000_000), directions=0, recall=1)
        header = b"{'descr': '|i1', 'fortran_order': False, 'shape': (2, 99999999999), }".ljust(117) + b"\n"
        (folder / "codes-000001-2.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00" + header)
        assert load_codes(library.store, state) is None
        np.save(folder / "codes-000001-2.npy", np.zeros((2, 8), np.int8))
        tracemalloc.start()
        assert load_codes(library.store, state) is None
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
        tracemalloc.stop()
