"""The library on disk: what is stored comes back, other versions and recognisers are told, rebuilding keeps clips."""

import sqlite3
from itertools import pairwise

import numpy as np
import pytest
from library_fakes import DIM, FakeEmbedder, motion

from coamd_blender.errors import DataError, InputError
from runtime.library.database import FACTS, complaint
from runtime.library.motions import pack_joints, unpack_joints
from runtime.library.reading import ReadClip
from runtime.library.records import FileFacts, windows_of
from runtime.library.store import Store


@pytest.fixture
def library(tmp_path):
    with Store.create(tmp_path / "library") as opened:
        yield opened


def put(library, embedder, path, seeds, frames=60, digest="a"):
    state = library.begin_embeddings(embedder)
    clips = [ReadClip(f"clip {seed}", motion(seed, frames), ("swing",)) for seed in seeds]
    facts = FileFacts(path, 10, 20, digest, licence="CC0", source="somewhere")
    stored = library.put_file(facts, clips, state)
    library.embed_waiting(embedder)
    return stored


def test_joints_come_back_within_half_a_millimetre_and_take_a_fifth_of_the_room():
    joints = motion(1, 400)
    joints[:, :, 0] += np.linspace(0, 90, 400)[:, None]  # 90 m away from the origin
    packed = pack_joints(joints)
    assert np.abs(unpack_joints(packed) - joints).max() < 0.51e-3  # float32 itself is 4 um coarse at 90 m
    assert unpack_joints(packed).dtype == np.float32
    assert len(packed) < joints.nbytes / 5


@pytest.mark.parametrize(
    "joints",
    [
        np.zeros((0, 22, 3)),
        np.zeros((5, 21, 3)),
        np.full((5, 22, 3), np.nan),
        np.full((5, 22, 3), 1e9),
        np.linspace(0, 400, 5 * 66).reshape(5, 22, 3),
    ],
    ids=["empty", "joints", "nan", "far", "huge body"],
)
def test_motions_that_cannot_be_stored_are_refused(joints):
    with pytest.raises(DataError) as caught:
        pack_joints(joints)
    assert caught.value.hint


@pytest.mark.parametrize("data", [b"", b"\x05\x00\x00\x00", b"\x05\x00\x00\x00abc", pack_joints(motion(1))[:-9]])
def test_torn_bytes_are_told(data):
    with pytest.raises(DataError, match="torn"):
        unpack_joints(data)


@pytest.mark.parametrize("frames", [1, 196, 197, 240, 241, 1000])
def test_windows_cover_every_frame_and_stay_inside(frames):
    windows = windows_of(frames)
    covered = np.zeros(frames, bool)
    for start, stop in windows:
        assert 0 <= start < stop <= frames and stop - start <= 196
        covered[start:stop] = True
    assert covered.all() and len(set(windows)) == len(windows)
    assert len(windows) == 1 or all(b[0] <= a[0] + 60 for a, b in pairwise(windows))


def test_facts_joints_and_embeddings_come_back(library, tmp_path):
    embedder = FakeEmbedder()
    assert put(library, embedder, "/a.npz", [1, 2], frames=300)
    assert not put(library, embedder, "/a.npz", [1, 2], frames=300), "the same content is stored once"
    library.close()
    with Store.open(tmp_path / "library") as again:
        state = again.check_embedder(embedder)
        clips = again.clips("/a.npz")
        assert [(c.name, c.frames, c.fps, c.labels, c.licence, c.status) for c in clips] == [
            (f"clip {seed}", 300, 20.0, ("swing",), "CC0", "here") for seed in (1, 2)
        ]
        assert np.abs(again.joints(clips[1].id) - motion(2, 300)).max() < 0.51e-3
        rows = again.embeddings(state)
        assert rows.shape == (8, DIM) and rows.dtype == np.float16
        expected = embedder.embed_motions([again.joints(clips[1].id)[60:180]])[0]
        assert np.abs(rows[again.rows_of(clips[1].id)[1]] - expected).max() < 1e-3
        assert again.windows([5]) == {5: (clips[1].id, 60, 180)}
        assert not rows.flags.writeable


def test_a_changed_file_gets_new_rows_and_its_old_rows_belong_to_nobody(library):
    embedder = FakeEmbedder()
    put(library, embedder, "/a.npz", [1, 2])
    put(library, embedder, "/b.npz", [3])
    assert put(library, embedder, "/a.npz", [4], digest="b")
    assert sorted(clip.name for clip in library.clips()) == ["clip 3", "clip 4"]
    assert library.state().rows == 4
    assert sorted(library.windows([0, 1, 2, 3])) == [2, 3]
    assert library.counts() == {"clips": 2, "windows": 2, "here": 2, "broken": 0, "vanished": 0}


def test_another_recogniser_is_told_and_a_rebuild_embeds_from_the_stored_joints(library):
    put(library, FakeEmbedder(), "/gone/a.npz", [1, 2], frames=300)
    put(library, FakeEmbedder(), "/gone/a.npz", [3], frames=300, digest="b")
    other = FakeEmbedder("fake-2")
    with pytest.raises(DataError, match=r"made with recogniser fake-1.*--rebuild"):
        library.check_embedder(other)
    seen = []
    state = library.rebuild(other, lambda done, total: seen.append((done, total)))
    assert library.check_embedder(other) == state
    assert state.rows == 4, "the rows of the clips that were replaced have gone"
    assert seen[-1] == (1, 1)
    (clip,) = library.clips()
    expected = other.embed_motions([library.joints(clip.id)[180:300]])[0]
    assert np.abs(library.embeddings(state)[library.rows_of(clip.id)[-1]] - expected).max() < 1e-3
    assert [path.name for path in library.folder.glob("embeddings-*")] == ["embeddings-000002.f16"]


def test_a_rebuild_that_stops_leaves_the_library_as_it_was(library):
    embedder = FakeEmbedder()
    put(library, embedder, "/a.npz", [1, 2])
    before = library.state(), library.embeddings(library.state()).copy()

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.rebuild(FakeEmbedder("fake-2"), stop)
    assert library.check_embedder(embedder) == before[0]
    assert np.array_equal(library.embeddings(before[0]), before[1])
    library.rebuild(FakeEmbedder("fake-2"), lambda done, total: None)
    assert [path.name for path in library.folder.glob("embeddings-*")] == ["embeddings-000003.f16"]


def test_what_another_process_stores_during_a_rebuild_is_not_lost(library):
    embedder = FakeEmbedder()
    put(library, embedder, "/a.npz", [1])

    def meanwhile(done, total):
        if library.file("/b.npz") is None:
            with Store.open(library.folder) as second:
                put(second, embedder, "/b.npz", [2])

    state = library.rebuild(FakeEmbedder("fake-2"), meanwhile)
    assert state.rows == 2 and library.counts()["windows"] == 2


def test_a_writer_notices_that_the_library_was_rebuilt(library):
    embedder = FakeEmbedder()
    put(library, embedder, "/a.npz", [1])
    state = library.state()
    library.rebuild(FakeEmbedder("fake-2"), lambda done, total: None)
    clips = [ReadClip("late", motion(5))]
    with pytest.raises(DataError, match="rebuilt meanwhile"):
        library.put_file(FileFacts("/late.npz", 1, 1, "c"), clips, state)
    assert library.file("/late.npz") is None


@pytest.mark.parametrize("replaced", [False, True])
def test_what_two_processes_embed_at_once_or_one_replaces_meanwhile_counts_once(library, replaced):
    embedder = FakeEmbedder()
    state = library.begin_embeddings(embedder)
    library.put_file(FileFacts("/a.npz", 1, 1, "a"), [ReadClip("old", motion(1, 300))], state)

    class Slow(FakeEmbedder):
        def embed_motions(self, motions):
            with Store.open(library.folder) as other:
                if replaced:
                    other.put_file(FileFacts("/a.npz", 1, 1, "b"), [ReadClip("new", motion(2, 30))], state)
                other.embed_waiting(embedder)
            return super().embed_motions(motions)

    library.embed_waiting(Slow())
    (clip,) = library.clips()
    numbers = library.rows_of(clip.id)
    assert (clip.name, len(numbers), library.state().rows) == (("new", 1, 1) if replaced else ("old", 4, 4))
    expected = embedder.embed_motions([library.joints(clip.id)[: 30 if replaced else 120]])[0]
    assert np.abs(library.embeddings(library.state())[numbers[0]] - expected).max() < 1e-3


def test_a_missing_library_is_told_with_the_way_to_make_one(tmp_path):
    with pytest.raises(InputError, match=r"no library at .* - Make one"):
        Store.open(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_folder_of_other_things_is_not_taken(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="other files"):
        Store.create(tmp_path)


@pytest.mark.parametrize("opening", [Store.open, Store.create])
def test_another_version_a_torn_file_and_another_database_are_told(opening, tmp_path):
    with Store.create(tmp_path / "newer"):
        pass
    with sqlite3.connect(tmp_path / "newer" / FACTS) as database:
        database.execute("PRAGMA user_version = 7")
    database.close()
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / FACTS).write_bytes(b"no database at all, but long enough to look at" * 40)
    (tmp_path / "other").mkdir()
    with sqlite3.connect(tmp_path / "other" / FACTS) as database:
        database.execute("CREATE TABLE recipes (name)")
    database.close()
    for name, reason in (("newer", "version 7, this program reads version 1"), ("torn", "torn"), ("other", "no clip")):
        with pytest.raises(DataError, match=reason) as caught:
            opening(tmp_path / name)
        assert "\n" not in str(caught.value) and "index FOLDER" in caught.value.hint


def test_embeddings_that_are_too_short_are_told(library):
    put(library, FakeEmbedder(), "/a.npz", [1, 2])
    state = library.state()
    with open(library.embeddings_path(1), "r+b") as file:
        file.truncate(10)
    with pytest.raises(DataError, match=r"torn.*--rebuild"):
        library.embeddings(state)
    assert library.rebuild(FakeEmbedder(), lambda done, total: None).rows == 2


def test_a_full_disk_is_no_torn_library(tmp_path):
    told = complaint(sqlite3.OperationalError("database or disk is full"), tmp_path)
    assert type(told) is InputError and "database or disk is full" in told.message and "Check the disk" in told.hint
    contradictory = complaint(sqlite3.IntegrityError("UNIQUE constraint failed"), tmp_path)
    assert "torn" in contradictory.message and "into a new library" in contradictory.hint
