"""The verbs index and search, and the starter library."""

import io
import json
import os
import sqlite3
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from library_fakes import FakeEmbedder, motion, write_motion

from coamd_blender.errors import DataError, InputError
from runtime.cli import library as cli_library
from runtime.cli import main
from runtime.data import starter_pack
from runtime.data.sources import sources
from runtime.library import starter
from runtime.library.reading import ReadClip
from runtime.library.store import Store
from runtime.weights import BUNDLED as WEIGHTS
from runtime.weights import RECOGNIZER, sha256


@pytest.fixture
def embedder(monkeypatch):
    fake = FakeEmbedder()
    monkeypatch.setattr(cli_library, "load_embedder", lambda weights, device: fake)
    return fake


@pytest.fixture
def folder(tmp_path):
    for seed in range(4):
        write_motion(tmp_path / "clips" / f"swing_{seed}.npz", seed)
    return tmp_path / "clips"


def run(capsys, *words) -> tuple[int, str, str]:
    status = main.main([str(word) for word in words])
    return status, *capsys.readouterr()


def refused(capsys, *words) -> str:
    """The one line with which the command refuses; it must exit with 2 and print nothing on stdout."""
    status, out, err = run(capsys, *words)
    assert status == 2 and out == "", (status, out, err)
    assert err.count("\n") == 1 and " - " in err and "Traceback" not in err, err
    return err


def results(capsys, *words) -> list[dict]:
    status, out, err = run(capsys, "search", *words, "--json")
    assert status == 0, err
    return json.loads(out)["results"]


def test_index_then_search_by_clip_frames_words_and_both(embedder, capsys, folder, tmp_path):
    library = tmp_path / "library"
    np.savez(folder / "two.npz", joints=np.concatenate([motion(8, 150), motion(9, 150)]), fps=np.float32(20))
    status, out, err = run(capsys, "index", folder, "--library", library, "--licence", "CC0", "--json")
    told = json.loads(out)
    assert status == 0 and (told["added"], told["broken"], told["clips"], told["total"]["windows"]) == (5, 0, 5, 8)
    assert "5 of 5 files" in err and "a second" in err
    clip = folder / "swing_2.npz"
    first, *others = results(capsys, "--clip", clip, "--library", library)
    assert first["path"] == str(clip) and first["score"] > 0.999 and first["licence"] == "CC0"
    assert len(others) == 4 and all(first["score"] >= other["score"] for other in others)
    (part,) = results(capsys, "--clip", folder / "two.npz", "--frames", "180:300", "--top", 1, "--library", library)
    assert part["clip"] == "two" and part["frames"] == [180, 300]
    words = results(capsys, "--text", "a man  waves ", "--library", library)
    (score,) = [hit["score"] for hit in words if hit["clip"] == "swing_2"]
    cosine = embedder.embed_texts(["a man waves"])[0] @ embedder.embed_motions([motion(2)])[0]
    assert score == pytest.approx(float(cosine), abs=1e-3)
    assert len(results(capsys, "--text", "a man waves", "--library", library, "--top", 3)) == 3
    shifted = results(capsys, "--clip", clip, "--and-text", "backwards", "--library", library)
    assert [hit["score"] for hit in shifted] != [hit["score"] for hit in [first, *others]]
    unshifted = results(capsys, "--clip", clip, "--and-text", "backwards", "--weight", 0, "--library", library)
    assert [hit["id"] for hit in unshifted] == [hit["id"] for hit in [first, *others]]


def test_people_get_lines(embedder, capsys, folder, tmp_path):
    status, out, _ = run(capsys, "index", folder, "--library", tmp_path / "library", "--source", "my disk")
    assert status == 0 and "4 clips; 4 files added" in out
    (folder / "swing_1.npz").unlink()
    assert "1 vanished" in run(capsys, "index", folder, "--library", tmp_path / "library")[1]
    _, out, _ = run(capsys, "search", "--clip", f"{folder / 'swing_1.npz'}#swing_1", "--library", tmp_path / "library")
    line = out.splitlines()[0]
    assert line.startswith("1.000  ") and "swing_1.npz#swing_1  0:60 of 3 s  (my disk) [vanished]" in line


def test_a_terminal_sees_a_bar_that_fills(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    line, report = cli_library.RateLine(), SimpleNamespace(broken=2)
    for done in (50, 100):
        line._shown -= 1  # a second later
        line(done, 100, report)
    half, full = capsys.readouterr().err.split("\r")[1:]
    assert half.startswith(f"index [{'#' * 10}{' ' * 10}] 50 of 100 files, ") and half.endswith("a second, 2 broken")
    assert full.startswith(f"index [{'#' * 20}] 100 of 100 files") and full.endswith("\n")


def test_problems_are_lines_and_the_rest_is_indexed(embedder, capsys, folder, tmp_path):
    (folder / "torn.bvh").write_text("HIERARCHY\nROOT Hips\n{\nOFFSET 0 0 0\n")
    status, out, err = run(capsys, "index", folder, "--library", tmp_path / "library", "--json")
    assert status == 0 and json.loads(out)["broken"] == 1
    assert [line for line in err.splitlines() if "torn.bvh" in line and " - " in line]


def test_bad_input_is_one_line(embedder, capsys, folder, tmp_path):
    library = tmp_path / "library"
    assert "no library" in refused(capsys, "search", "--text", "walk", "--library", library)
    assert "--library" in refused(capsys, "index", folder)
    assert "nothing to index" in refused(capsys, "index", "--library", library)
    assert "no folder" in refused(capsys, "index", tmp_path / "nowhere", "--library", library)
    (tmp_path / "bare").mkdir()
    assert "holds no motion" in refused(capsys, "index", tmp_path / "bare", "--library", tmp_path / "library 2")
    run(capsys, "index", folder, "--library", library)
    capsys.readouterr()
    assert "empty" in refused(capsys, "search", "--text", " ", "--library", library)
    assert "no clip" in refused(capsys, "search", "--clip", "x.npz", "--library", library)
    clip = folder / "swing_1.npz"
    assert "A:B" in refused(capsys, "search", "--clip", clip, "--frames", "9:3", "--library", library)
    assert "not in the clip" in refused(capsys, "search", "--clip", clip, "--frames", "0:900", "--library", library)
    assert "--clip" in refused(capsys, "search", "--text", "x", "--and-text", "y", "--library", library)
    assert "one of the arguments" in refused(capsys, "search", "--library", library)
    status, _, err = run(capsys, "index", tmp_path / "bare", folder, "--library", library)
    assert status == 0 and "bare holds no motion" in err, "the other folder goes on"
    embedder.digest = "another recogniser"
    assert "--rebuild" in refused(capsys, "search", "--text", "walk", "--library", library)
    assert "--rebuild" in refused(capsys, "index", folder, "--library", library)
    with sqlite3.connect(library / "facts.sqlite") as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    for words in (("index", folder), ("search", "--text", "walk")):
        assert "version 9, this program reads version 1" in refused(capsys, *words, "--library", library)


def test_a_weight_without_words_is_refused(embedder, capsys, folder, tmp_path):
    run(capsys, "index", folder, "--library", tmp_path / "library")
    capsys.readouterr()
    for words in (("--text", "walk"), ("--clip", folder / "swing_1.npz")):
        assert "--and-text" in refused(capsys, "search", *words, "--weight", 2, "--library", tmp_path / "library")


def tear_pages(facts):
    data = bytearray(facts.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)  # the header says a library, the rest nothing
    facts.write_bytes(data)


def forget_meta(facts):
    with sqlite3.connect(facts) as database:
        database.execute("DELETE FROM meta")
    database.close()


def lose_a_table(facts):
    with sqlite3.connect(facts) as database:
        database.execute("DROP TABLE files")
    database.close()


def lose_columns(facts):
    with sqlite3.connect(facts) as database:
        database.execute("ALTER TABLE files RENAME COLUMN digest TO hash")
        database.execute("ALTER TABLE clips RENAME COLUMN labels TO words")
    database.close()


@pytest.mark.parametrize("damage", [tear_pages, forget_meta, lose_a_table, lose_columns])
def test_a_library_torn_further_in_is_one_line(embedder, capsys, folder, tmp_path, damage):
    run(capsys, "index", folder, "--library", tmp_path / "library")
    capsys.readouterr()
    damage(tmp_path / "library" / "facts.sqlite")
    for words in (("index", folder), ("search", "--text", "walk")):
        line = refused(capsys, *words, "--library", tmp_path / "library")
        assert "torn" in line and "index FOLDER" in line


@pytest.mark.skipif(sys.platform != "linux", reason="names that are bytes")
def test_a_name_that_is_no_utf8_is_a_line_and_the_others_go_on(embedder, capsys, folder, tmp_path):
    odd = folder / os.fsdecode(b"caf\xe9.npz")
    write_motion(odd, 2)
    status, out, err = run(capsys, "index", folder, "--library", tmp_path / "library", "--json")
    told = json.loads(out)
    assert status == 0 and (told["added"], told["broken"]) == (4, 1)
    assert "is not UTF-8 - rename it" in told["problems"][0] and "Traceback" not in err
    hits = results(capsys, "--clip", odd, "--library", tmp_path / "library")
    assert hits[0]["clip"] == "swing_2" and hits[0]["score"] > 0.999


@pytest.mark.parametrize("words", [("--json",), ()])
def test_paths_are_printed_on_a_terminal_of_another_alphabet(embedder, capsys, monkeypatch, folder, tmp_path, words):
    folder = folder.rename(tmp_path / "歩く")
    run(capsys, "index", folder, "--library", tmp_path / "library")
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="ascii"))
    assert main.main(["search", "--text", "walk", "--library", str(tmp_path / "library"), "--top", "1", *words]) == 0
    text = printed.getvalue().decode("ascii")
    assert "\\u6b69\\u304f" in text
    if words:
        assert json.loads(text)["results"][0]["path"].startswith(str(folder))


def test_rebuild_takes_the_library_to_another_recogniser(embedder, capsys, folder, tmp_path):
    run(capsys, "index", folder, "--library", tmp_path / "library")
    embedder.digest = "another recogniser"
    for path in folder.iterdir():
        path.unlink()
    status, out, _ = run(capsys, "index", "--rebuild", "--library", tmp_path / "library", "--json")
    assert status == 0 and json.loads(out)["total"]["clips"] == 4
    capsys.readouterr()
    assert len(results(capsys, "--text", "walk", "--library", tmp_path / "library")) == 4


def test_missing_weights_are_one_line(capsys, folder, tmp_path):
    assert "recognizer.safetensors" in refused(
        capsys, "index", folder, "--library", tmp_path / "library", "--weights", tmp_path
    )


# --- the starter library ---------------------------------------------------------------------------------------------


@pytest.fixture
def pack(tmp_path, monkeypatch):
    """A pack of three made-up clips, its set read by a stand-in for the glTF reader."""
    place = tmp_path / "data" / "cc0_glb"
    place.mkdir(parents=True)
    for name in ("a.glb", "torn.glb"):
        (place / name).write_bytes(b"glb")
    write_motion(tmp_path / "data" / "0ad_npz" / "soldier__walk.npz", 9)  # CC BY-SA: may not come along

    def read(path, source):
        if path.stem == "torn":
            raise DataError(f"{path} is torn", "export it again")
        return [ReadClip(f"move {seed}", motion(seed), ("a move",)) for seed in range(3)], ["a.glb:pose: too short"]

    monkeypatch.setattr(starter_pack, "read_clips", read)
    told = starter_pack.build(tmp_path / "data", tmp_path / "starter.sqlite")
    assert (told["clips"], told["seconds"], len(told["left_out"])) == (3, 9.0, 2)
    assert told["bytes"] < 100_000
    return tmp_path / "starter.sqlite"


def test_a_library_starts_from_the_pack_and_grows(embedder, pack, folder, capsys, tmp_path):
    library = tmp_path / "library"
    status, out, _ = run(capsys, "index", folder, "--starter", pack, "--library", library, "--json")
    assert status == 0 and json.loads(out)["total"]["clips"] == 7
    (hit,) = results(capsys, "--clip", "cc0_glb/a.glb#move 2", "--library", library, "--top", 1)
    assert hit["licence"] == "CC0" and "Quaternius" in hit["source"] and hit["score"] > 0.999
    with Store.open(library) as opened:
        assert np.abs(opened.joints(hit["id"]) - motion(2)).max() < 0.51e-3
    assert "in use" in refused(capsys, "index", "--starter", pack, "--library", library)


def test_a_pack_brings_its_embeddings_to_the_recogniser_they_are_of(embedder, pack, capsys, tmp_path):
    status, out, _ = run(capsys, "index", "--starter", pack, "--refresh-shipped", "--json")
    assert status == 0 and json.loads(out) == {
        "pack": str(pack), "embeddings": str(pack.with_suffix(".safetensors")), "rows": 3,
    }  # fmt: skip
    made = {}
    for digest, expected in ((embedder.digest, 0), ("another recogniser", 3)):
        embedder.digest, embedder.motions = digest, 0
        library = tmp_path / digest
        status, out, _ = run(capsys, "index", "--starter", pack, "--library", library, "--json")
        assert status == 0 and json.loads(out)["total"]["windows"] == 3
        assert embedder.motions == expected, "embedded here only when the recogniser is another"
        with Store.open(library) as opened:
            made[digest] = np.array(opened.embeddings(opened.check_embedder(embedder)))
    first, second = made.values()
    assert np.array_equal(first, second)
    hits = results(capsys, "--clip", "cc0_glb/a.glb#move 1", "--library", library, "--top", 1)
    assert hits[0]["clip"] == "move 1" and hits[0]["score"] > 0.999
    assert "--starter alone" in refused(capsys, "index", "--refresh-shipped", "--library", library)
    pack.with_suffix(".safetensors").write_bytes(b"torn")
    assert "--refresh-shipped" in refused(capsys, "index", "--starter", pack, "--library", tmp_path / "new")


def test_embeddings_of_other_clips_are_not_taken(embedder, pack):
    starter.refresh(pack, embedder, lambda done, total: None)
    assert len(starter.shipped_rows(pack, embedder)) == 3
    with sqlite3.connect(pack) as database:
        database.execute("DELETE FROM clips WHERE name = 'move 1'")
    database.close()
    assert starter.shipped_rows(pack, embedder) is None


def test_the_embeddings_that_ship_are_of_the_recogniser_that_ships():
    embedder = SimpleNamespace(digest=sha256(WEIGHTS / RECOGNIZER))
    rows = starter.shipped_rows(starter.PACK, embedder)
    assert rows is not None, f"recogniser or clips have changed: run {starter.REFRESH}"
    assert rows.dtype == np.float16 and len(rows) > 150
    assert np.abs(np.linalg.norm(rows.astype(np.float32), axis=1) - 1).max() < 2e-3


def test_packs_that_cannot_be_used_are_told(pack, tmp_path):
    with pytest.raises(InputError, match="no pack"):
        starter.install(tmp_path / "none.sqlite", tmp_path / "library")
    (tmp_path / "torn.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(DataError, match="torn"):
        starter.install(tmp_path / "torn.sqlite", tmp_path / "library")
    with sqlite3.connect(pack) as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    with pytest.raises(DataError, match="version 9"):
        starter.install(pack, tmp_path / "library")
    assert not (tmp_path / "library").exists()
    with pytest.raises(DataError, match="no set under CC0"):
        starter_pack.build(tmp_path / "nothing", tmp_path / "out.sqlite")


def test_only_clips_without_conditions_ship():
    free = [source.name for source in sources().values() if source.ships and source.licence == starter_pack.LICENCE]
    assert free == ["cc0_glb", "keyed_quaternius", "keyed_kenney"]
