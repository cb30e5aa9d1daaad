"""Search: exact scores, the compressed first pass, rows that were added or replaced, and queries that are shifted."""

import numpy as np
import pytest
import torch
from library_fakes import DIM, FakeEmbedder, motion, write_motion

from coamd_blender.errors import DataError, InputError
from runtime.library import codes, graph, query, search
from runtime.library.benchmark import exact_scores, fill, measure, queries_of, synthetic_embeddings
from runtime.library.codes import fit_codes, load_codes
from runtime.library.index import index_folders
from runtime.library.search import Searcher
from runtime.library.store import Store


@pytest.fixture
def library(tmp_path):
    with Store.create(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def clips(library, tmp_path):
    """A library of 12 swings and a long one; swing_3's label is its name."""
    for seed in range(12):
        write_motion(tmp_path / "clips" / f"swing_{seed}.npz", seed)
    several = np.concatenate([motion(seed, 100) for seed in range(30, 37)])
    np.savez(tmp_path / "clips" / "long walk.npz", joints=several, fps=np.float32(20))
    index_folders(library, [tmp_path / "clips"], FakeEmbedder(), licence="CC0", source="here")
    return tmp_path / "clips"


def small_first_pass(monkeypatch, full_scan=500, shortlist=200):
    monkeypatch.setattr(search, "FULL_SCAN_ROWS", full_scan)
    for module in (codes, search):
        monkeypatch.setattr(module, "SHORTLIST", shortlist)


# --- exact ---------------------------------------------------------------------------------------------------------


def test_a_stored_clip_finds_itself_first_with_its_facts(library, clips):
    embedder = FakeEmbedder()
    wanted = query.of_clip(str(clips / "swing_3.npz"), library, embedder)
    hits = Searcher(library).search(wanted.vector, 5)
    assert len(hits) == 5 and [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    found = hits[0].as_json()
    assert found.pop("score") == pytest.approx(1, abs=1e-3)
    assert found.pop("id") == hits[0].clip.id
    assert found == {
        "path": str(clips / "swing_3.npz"),
        "clip": "swing_3",
        "frames": [0, 60],
        "seconds": 3.0,
        "fps": 20.0,
        "labels": ["swing 3"],
        "licence": "CC0",
        "source": "here",
        "status": "here",
    }


def test_scores_are_cosines_and_a_clip_is_listed_once_by_its_best_window(library, clips):
    embedder = FakeEmbedder()
    wanted = embedder.embed_texts(["swing"])[0]
    hits = Searcher(library).search(wanted, 100)
    assert len(hits) == 13 == len({hit.clip.id for hit in hits})
    for hit in hits:
        part = library.joints(hit.clip.id)[hit.start : hit.stop]
        assert hit.score == pytest.approx(float(embedder.embed_motions([part])[0] @ wanted), abs=5e-3)
    (long,) = [hit for hit in hits if hit.clip.frames == 700]
    rows = library.embeddings(library.state())[library.rows_of(long.clip.id)].astype(np.float32)
    assert len(rows) == 11 and long.score == pytest.approx((rows @ wanted).max(), abs=1e-5)


def test_a_frame_range_finds_its_window(library, clips):
    wanted = query.of_clip(str(clips / "long walk.npz"), library, FakeEmbedder(), (240, 360))
    hit = Searcher(library).search(wanted.vector, 1)[0]
    assert (hit.clip.name, hit.start, hit.stop) == ("long walk", 240, 360) and hit.score > 0.999


def test_a_file_outside_the_library_is_a_query_too(library, clips, tmp_path):
    write_motion(tmp_path / "elsewhere" / "mine.npz", 5)
    wanted = query.of_clip(str(tmp_path / "elsewhere" / "mine.npz"), library, FakeEmbedder())
    assert Searcher(library).search(wanted.vector, 1)[0].clip.name == "swing_5"
    assert wanted.label == "mine"


def test_rows_of_a_replaced_clip_are_not_found(library, clips):
    searcher, embedder = Searcher(library), FakeEmbedder()
    old = query.of_clip(str(clips / "swing_3.npz"), library, embedder).vector
    assert searcher.search(old, 1)[0].clip.name == "swing_3"
    write_motion(clips / "swing_3.npz", 400)
    index_folders(library, [clips], embedder)
    assert searcher.search(old, 1)[0].clip.name != "swing_3"
    new = embedder.embed_motions([motion(400)])[0]
    assert searcher.search(new, 1)[0].clip.name == "swing_3", "the same searcher finds what was added"


def test_an_empty_library_and_a_query_of_another_space_are_told(library, clips, tmp_path):
    with pytest.raises(InputError, match="shape"):
        Searcher(library).search(np.ones(DIM + 1, np.float32), 1)
    with Store.create(tmp_path / "empty") as empty:
        empty.begin_embeddings(FakeEmbedder())
        with pytest.raises(InputError, match="no clip"):
            Searcher(empty).search(np.ones(DIM, np.float32), 1)


# --- queries -------------------------------------------------------------------------------------------------------


def test_words_shift_a_clip_by_what_they_do_to_its_label(library, clips):
    embedder, searcher = FakeEmbedder(), Searcher(library)
    plain = query.of_clip(str(clips / "swing_3.npz"), library, embedder)
    moved = query.shifted(plain, " backwards ", searcher, embedder)
    step = embedder.embed_texts(["swing 3, backwards"])[0] - embedder.embed_texts(["swing 3"])[0]
    expected = plain.vector + step
    assert moved.vector == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)
    assert query.shifted(plain, "backwards", searcher, embedder, 0.0).vector == pytest.approx(plain.vector, abs=1e-6)


def test_a_clip_without_a_label_borrows_that_of_its_neighbour(library, clips):
    embedder = FakeEmbedder()
    nameless = query.of_motion(motion(3), embedder)
    moved = query.shifted(nameless, "backwards", Searcher(library), embedder)
    assert moved.label == "swing 3, backwards"


@pytest.mark.parametrize(
    ("name", "frames", "reason"),
    [
        ("nothing.npz", None, "no clip"),
        ("swing_3.npz", (50, 61), "not in the clip.*0:60"),
        ("swing_3.npz", (-1, 20), "not in the clip"),
        ("swing_3.npz", (10, 12), "too few"),
        ("swing_3.npz#kick", None, "holds no clip 'kick'.*swing_3"),
        ("notes.txt", None, "not a motion"),
    ],
)
def test_clips_that_cannot_be_queries_are_told(library, clips, name, frames, reason):
    (clips / "notes.txt").write_text("x")
    with pytest.raises(InputError, match=reason):
        query.of_clip(str(clips / name), library, FakeEmbedder(), frames)


def test_a_file_of_several_clips_asks_which(library):
    from runtime.library.reading import ReadClip
    from runtime.library.records import FileFacts

    embedder = FakeEmbedder()
    state = library.begin_embeddings(embedder)
    several = [ReadClip(name, motion(seed)) for seed, name in enumerate(("kick", "wave"))]
    library.put_file(FileFacts("/pack.glb", 1, 1, "x"), several, state)
    library.embed_waiting(embedder)
    with pytest.raises(InputError, match=r"holds 2 clips.*kick, wave"):
        query.of_clip("/pack.glb", library, embedder)
    found = Searcher(library).search(query.of_clip("/pack.glb#wave", library, embedder).vector, 1)
    assert found[0].clip.name == "wave"


def test_empty_words_are_told(library, clips):
    embedder = FakeEmbedder()
    with pytest.raises(InputError, match="empty"):
        query.of_text("  ", embedder)
    with pytest.raises(InputError, match="empty"):
        query.shifted(query.of_text("walk", embedder), " ", Searcher(library), embedder)


# --- the compressed first pass -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "width"), [(1, 64), (1001, 63), (1003, 192)])
def test_the_shortlist_holds_the_largest_products_of_the_codes(rows, width):
    random = np.random.default_rng(width)
    values = random.integers(-127, 128, (rows, width)).astype(np.float32)
    directions = random.standard_normal((32, width)).astype(np.float32)
    wanted = random.standard_normal(32).astype(np.float32)
    made = codes.Codes(torch.from_numpy(values), np.zeros(32, np.float32), directions, 1.0)
    exact = values.astype(np.float64) @ (directions.T.astype(np.float64) @ wanted)
    count = min(rows, 10)
    assert set(made.shortlist(wanted, 10)) == set(np.argsort(-exact)[:count])


def test_codes_are_bytes_on_the_disk_and_come_back_as_they_were(library, monkeypatch):
    small_first_pass(monkeypatch)
    state = fill(library, 2000, DIM)
    made = codes.make_codes(library, state)
    (path,) = library.folder.glob("codes-*.npy")
    assert np.load(path).dtype == np.int8 and torch.equal(load_codes(library, state).codes, made.codes)


def test_clustered_rows_need_few_bytes_and_rows_without_structure_get_as_many_as_they_need():
    clustered = np.concatenate(list(synthetic_embeddings(20_000, 256))).astype(np.float16)
    narrow = fit_codes(clustered)
    random = np.random.default_rng(0).standard_normal((20_000, 256)).astype(np.float32)
    wide = fit_codes((random / np.linalg.norm(random, axis=1, keepdims=True)).astype(np.float16))
    assert narrow.codes.shape[1] == 64 and narrow.recall >= codes.RECALL
    assert wide.codes.shape[1] > 64 and wide.recall >= codes.RECALL


def test_the_first_pass_finds_what_the_full_scan_finds(library, monkeypatch):
    small_first_pass(monkeypatch)
    state = fill(library, 20_000, 128)
    rows = library.embeddings(state)
    searcher = Searcher(library)
    searcher.refresh()
    assert load_codes(library, state).rows == 20_000
    found = total = 0
    for wanted in queries_of(rows, 40, seed=3):
        numbers, scores = searcher.nearest(wanted, search.SHORTLIST)
        assert len(numbers) == 200, "a hundredth of the rows is compared exactly"
        best = exact_scores(rows, wanted, 10)
        assert scores[0] == pytest.approx(float(rows[numbers[0]].astype(np.float64) @ wanted), abs=1e-5)
        found += (scores[:10] >= best[-1] - 1e-5).sum()
        total += 10
    assert found / total >= 0.99


def test_rows_added_after_the_codes_are_found_and_codes_are_made_anew_when_many_were(library, monkeypatch):
    small_first_pass(monkeypatch)
    state = fill(library, 2000, DIM)
    searcher = Searcher(library)
    searcher.refresh()
    made = sorted(path.name for path in library.folder.glob("codes-*"))
    assert made == ["codes-000001-2000-turn.npz", "codes-000001-2000.npy"]
    late = np.eye(DIM, dtype=np.float32)[5]
    with open(library.embeddings_path(1), "ab") as file:
        file.write(np.tile(late, (600, 1)).astype("<f2").tobytes())
    library._db.execute("INSERT INTO windows VALUES (2005, 7, 0, 100)")
    library._db.execute("UPDATE meta SET value = 2400 WHERE key = 'rows'")
    hit = searcher.search(late, 1)[0]
    assert hit.clip.id == 7 and hit.score == pytest.approx(1, abs=1e-3)
    assert sorted(path.name for path in library.folder.glob("codes-*")) == made
    library._db.execute("UPDATE meta SET value = 2600 WHERE key = 'rows'")
    assert searcher.search(late, 1)[0].clip.id == 7
    assert load_codes(library, library.state()).rows == 2600
    assert len(list(library.folder.glob("codes-*"))) == 2
    assert state.rows == 2000


def test_torn_codes_are_made_anew(library, monkeypatch):
    small_first_pass(monkeypatch)
    state = fill(library, 2000, DIM)
    Searcher(library).refresh()
    (path,) = library.folder.glob("codes-*.npy")
    path.write_bytes(path.read_bytes()[:100])
    assert load_codes(library, state) is None
    Searcher(library).refresh()
    assert load_codes(library, state).rows == 2000


def test_a_rebuild_forgets_the_codes(library, clips, monkeypatch):
    small_first_pass(monkeypatch, full_scan=5, shortlist=5)
    searcher = Searcher(library)
    wanted = FakeEmbedder().embed_motions([motion(3)])[0]
    assert searcher.search(wanted, 1)[0].clip.name == "swing_3"
    assert list(library.folder.glob("codes-000001-*"))
    library.rebuild(FakeEmbedder("fake-2"), lambda done, total: None)
    assert not list(library.folder.glob("codes-000001-*"))
    assert searcher.search(wanted, 1)[0].clip.name == "swing_3"
    with pytest.raises(DataError):
        library.check_embedder(FakeEmbedder())


def test_many_windows_of_one_clip_do_not_hide_the_others(library, tmp_path, monkeypatch):
    small_first_pass(monkeypatch, full_scan=8, shortlist=8)
    write_motion(tmp_path / "clips" / "long.npz", 1, frames=1200)
    for seed in range(3):
        write_motion(tmp_path / "clips" / f"{seed}.npz", seed + 10)
    index_folders(library, [tmp_path / "clips"], FakeEmbedder())
    wanted = query.of_clip(str(tmp_path / "clips" / "long.npz"), library, FakeEmbedder()).vector
    assert len(Searcher(library).search(wanted, 4)) == 4


def test_the_benchmark_measures_whole_searches(tmp_path):
    figures = measure(tmp_path / "library", 40_000, 64, queries=6)
    assert figures["recall"] >= 0.98 and figures["rows"] == 40_000
    assert 0 < figures["median_ms"] <= figures["worst_ms"]


# --- past exact search ---------------------------------------------------------------------------------------------


def graphs(library) -> list[str]:
    return sorted(path.name for path in library.folder.glob("*graph*"))


def recall(library, searcher, queries) -> float:
    rows = library.embeddings(library.state())
    searcher.refresh()
    found = [searcher.nearest(wanted, 200)[1][9] >= exact_scores(rows, wanted, 10)[-1] - 1e-5 for wanted in queries]
    return float(np.mean(found))


def test_a_kept_graph_is_made_by_indexing_searched_and_grown(library, monkeypatch):
    pytest.importorskip("usearch")
    small_first_pass(monkeypatch)
    state = fill(library, 3000, DIM)
    queries = queries_of(library.embeddings(state), 40)
    searcher = Searcher(library, exact_rows=2000)
    searcher.refresh()
    assert searcher.first_pass == "codes" and "3000 windows" in searcher.note and graphs(library) == []
    told = []
    searcher.prepare(lambda done, total: told.append((done, total)))
    assert searcher.first_pass == "graph" and searcher.note == "" and told == [(3000, 3000)]
    assert graphs(library) == ["graph-000001-3000.usearch"]
    assert recall(library, searcher, queries) >= 0.95
    assert Searcher(library, exact_rows=5000).search(queries[0], 1) == searcher.search(queries[0], 1)

    late = np.eye(DIM, dtype=np.float32)[5]
    with open(library.embeddings_path(1), "ab") as file:
        file.write(np.tile(late, (600, 1)).astype("<f2").tobytes())
    library._db.execute("UPDATE meta SET value = 3100 WHERE key = 'rows'")
    searcher.prepare()
    assert graphs(library) == ["graph-000001-3000.usearch"], "not grown for a hundred rows, which are compared in full"
    assert searcher.nearest(late, 200)[1][99] > 0.999 and searcher.first_pass == "graph"
    library._db.execute("UPDATE meta SET value = 3600 WHERE key = 'rows'")
    searcher.prepare(lambda done, total: told.append((done, total)))
    assert graphs(library) == ["graph-000001-3600.usearch"] and told[1:] == [(3600, 3600)], "only new rows are added"
    assert searcher.nearest(late, 200)[1][99] > 0.999 and recall(library, searcher, queries) >= 0.95


def test_without_a_whole_graph_or_its_package_exact_search_goes_on_and_says_so(library, monkeypatch):
    small_first_pass(monkeypatch)
    state = fill(library, 3000, DIM)
    searcher = Searcher(library, exact_rows=2000)
    monkeypatch.setattr(graph, "available", lambda: False)
    searcher.prepare()
    assert searcher.first_pass == "codes" and graph.EXTRA in searcher.note and "\n" not in searcher.note
    assert Searcher(library).note == "", "a library of this size needs none"
    monkeypatch.undo()
    pytest.importorskip("usearch")
    small_first_pass(monkeypatch)
    library.own.write(library.folder / "graph-000001-3000.usearch", lambda path: path.write_bytes(b"torn"))
    assert graph.load_graph(library, state) is None
    searcher = Searcher(library, exact_rows=2000)
    searcher.prepare()
    assert searcher.first_pass == "graph" and graph.load_graph(library, state).rows == 3000
