"""Indexing folders: incremental, tolerant of broken files, killed at any moment, by two processes at once."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fakes import ROOT
from library_fakes import FakeEmbedder, motion, write_motion

from coamd_blender.errors import DataError, InputError
from runtime.formats.bvh_write import write_bvh
from runtime.library.index import index_folders
from runtime.library.store import Store


@pytest.fixture
def library(tmp_path):
    with Store.create(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def folder(tmp_path):
    for seed in range(4):
        write_motion(tmp_path / "clips" / f"swing_{seed}.npz", seed)
    return tmp_path / "clips"


def indexed(library, *folders, embedder=None):
    return index_folders(library, folders, embedder or FakeEmbedder())


def check_consistent(library, embedder) -> None:
    """Every clip has its joints, and each of its rows is the embedding of that window of those joints."""
    rows = library.embeddings(library.state())
    total = 0
    for clip in library.clips():
        joints = library.joints(clip.id)
        assert len(joints) == clip.frames
        numbers = library.rows_of(clip.id)
        for number, (owner, start, stop) in library.windows(numbers).items():
            assert owner == clip.id
            assert np.abs(rows[number] - embedder.embed_motions([joints[start:stop]])[0]).max() < 0.01
        total += len(numbers)
    assert total == library.counts()["windows"]


def test_folders_are_read_recursively_with_labels_from_their_names(library, folder, tmp_path):
    write_motion(folder / "deep" / "er" / "walkFast_02.npz", 9)
    write_motion(folder / ".hidden" / "x.npz", 10)
    (folder / "notes.txt").write_text("no motion")
    seen = []
    report = index_folders(
        library,
        [folder],
        FakeEmbedder(),
        lambda done, total, so_far: seen.append((done, total, so_far.added)),
        licence="CC0",
        source="my own",
    )
    assert (report.files, report.added, report.clips, report.problems) == (5, 5, 5, [])
    assert seen == [(number, 5, number) for number in range(1, 6)]
    (clip,) = library.clips(str(folder / "deep" / "er" / "walkFast_02.npz"))
    assert (clip.name, clip.frames, clip.labels) == ("walkFast_02", 60, ("walk fast 02",))
    assert (clip.licence, clip.source) == ("CC0", "my own")
    check_consistent(library, FakeEmbedder())


def test_a_bvh_is_read_onto_the_canonical_body(library, folder):
    pytest.importorskip("scipy")
    write_bvh(folder / "swing.bvh", motion(3))
    indexed(library, folder / "swing.bvh")
    (clip,) = library.clips()
    npz, bvh = motion(3), library.joints(clip.id)
    assert np.abs((bvh - bvh[:, :1]) - (npz - npz[:, :1])).max() < 0.01


def test_unchanged_files_are_not_embedded_again_changed_ones_are_and_vanished_ones_are_marked(library, folder):
    embedder = FakeEmbedder()
    indexed(library, folder, embedder=embedder)
    assert embedder.motions == 4
    again = indexed(library, folder, embedder=embedder)
    assert (again.added, again.updated, again.unchanged, embedder.motions) == (0, 0, 4, 4)

    os.utime(folder / "swing_0.npz", (1, 1))  # another time, the same bytes
    changed = write_motion(folder / "swing_1.npz", 50, 80)
    (folder / "swing_2.npz").unlink()
    third = indexed(library, folder, embedder=embedder)
    assert (third.added, third.updated, third.unchanged, third.vanished, embedder.motions) == (0, 1, 2, 1, 5)
    assert library.file(str(folder / "swing_0.npz")).mtime_ns == 10**9
    (clip,) = library.clips(str(folder / "swing_1.npz"))
    assert np.abs(library.joints(clip.id) - changed).max() < 0.51e-3
    (gone,) = library.clips(str(folder / "swing_2.npz"))
    assert gone.status == "vanished" and len(library.joints(gone.id)) == 60, "Apply works without the source"

    write_motion(folder / "swing_2.npz", 2)
    back = indexed(library, folder, embedder=embedder)
    assert (back.unchanged, back.vanished, embedder.motions) == (3 + 1, 0, 5)
    assert library.counts()["vanished"] == 0
    check_consistent(library, embedder)


def test_a_folder_that_is_gone_marks_its_files(library, folder):
    indexed(library, folder)
    shutil.rmtree(folder)
    report = indexed(library, folder)
    assert (report.files, report.vanished) == (0, 4)
    assert library.counts()["vanished"] == 4


def test_broken_files_are_named_once_each_and_the_rest_goes_on(library, folder):
    pytest.importorskip("scipy")
    write_bvh(folder / "whole.bvh", motion(7))
    text = (folder / "whole.bvh").read_text()
    (folder / "cut.bvh").write_text(text[: len(text) * 2 // 3])
    (folder / "empty.bvh").write_bytes(b"")
    (folder / "noise.glb").write_bytes(bytes(range(256)) * 8)
    (folder / "torn.npz").write_bytes((folder / "swing_0.npz").read_bytes()[:300])
    (folder / "lonely.amc").write_text(":FULLY-SPECIFIED\n:DEGREES\n1\nroot 0 0 0 0 0 0\n")
    write_motion(folder / "short.npz", 1, frames=6)
    report = indexed(library, folder)
    broken = ("cut.bvh", "empty.bvh", "noise.glb", "torn.npz", "lonely.amc", "short.npz")
    assert (report.added, report.broken, len(report.problems)) == (6, 5, 6), (
        "what is whole of cut.bvh is read, and told"
    )
    for name in broken:
        (line,) = [problem for problem in report.problems if name in problem]
        assert "\n" not in line and " - " in line
    again = indexed(library, folder)
    told = sorted(line for line in report.problems if "cut.bvh" not in line)
    assert (again.unchanged, again.broken, sorted(again.problems)) == (6, 5, told)


def test_a_bvh_cut_anywhere_is_one_line_that_names_it(library, folder):
    pytest.importorskip("scipy")
    write_bvh(folder / "whole.bvh", motion(7, 20))
    text = (folder / "whole.bvh").read_text()
    for number, share in enumerate(np.linspace(0, 0.99, 24)):
        (folder / f"cut {number:02d}.bvh").write_text(text[: int(share * len(text))])
    report = indexed(library, folder)
    assert report.added + report.broken == 29 and len(report.problems) == 24, "whole rows are read, the rest is told"
    assert 0 < report.added - 5 < 8, "and only of files in which enough rows are whole"
    for number, line in enumerate(sorted(report.problems)):
        assert f"cut {number:02d}.bvh" in line and " - " in line and "\n" not in line and len(line) < 300, line


def test_bodies_that_cannot_be_are_one_line_and_the_others_go_on(library, folder):
    pytest.importorskip("scipy")
    write_bvh(folder / "flat.bvh", motion(7))
    lines = (folder / "flat.bvh").read_text().splitlines()
    flat = [line.split("OFFSET")[0] + "OFFSET 0 0 0" if "OFFSET" in line else line for line in lines]
    (folder / "flat.bvh").write_text("\n".join(flat))
    huge = motion(8)
    huge[:, 20] += 40
    np.savez(folder / "huge.npz", joints=huge, fps=np.float32(20))
    report = indexed(library, folder)
    assert (report.added, report.broken, len(report.problems)) == (4, 2, 2)
    for name, line in zip(("flat.bvh", "huge.npz"), report.problems, strict=True):
        assert name in line and " - " in line and "\n" not in line and "Error" not in line, line


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_json_that_is_no_gltf_and_a_pipe_are_a_line_each_and_the_others_go_on(library, folder):
    (folder / "a list.gltf").write_text("[]")
    os.mkfifo(folder / "a pipe.bvh")  # reading it would wait for ever
    report = indexed(library, folder)
    assert (report.added, report.broken, len(report.problems)) == (4, 2, 2)
    for name, line in zip(("a list.gltf", "a pipe.bvh"), report.problems, strict=True):
        assert name in line and " - " in line and "\n" not in line, line


def test_a_sparse_file_of_terabytes_is_a_line_and_the_others_go_on(library, folder):
    """It takes no room on the disk, and summing it would take hours."""
    with (folder / "a hole.bvh").open("wb") as file:
        file.truncate(2 << 40)
    report = indexed(library, folder)
    assert (report.added, report.broken, len(report.problems)) == (4, 1, 1)
    assert "a hole.bvh cannot be read: it has more than 16 GB - " in report.problems[0]


def test_a_file_that_memory_cannot_hold_is_a_line_and_the_others_go_on(library, folder, monkeypatch):
    def full(joints, fps):
        raise MemoryError

    monkeypatch.setattr("runtime.formats.read.resample", full)
    np.savez(folder / "a giant.npz", joints=motion(3), fps=np.float32(30))
    report = indexed(library, folder)
    assert (report.added, report.broken) == (4, 1)
    assert "a giant.npz cannot be read (MemoryError)" in report.problems[0]


def test_a_file_that_breaks_keeps_its_clips_and_is_read_when_it_is_whole_again(library, folder):
    path = folder / "swing_0.npz"
    indexed(library, folder)
    path.write_bytes(b"half written")
    assert indexed(library, folder).broken == 1
    (clip,) = library.clips(str(path))
    assert clip.status == "broken"
    write_motion(path, 77)
    assert indexed(library, folder).updated == 1
    (clip,) = library.clips(str(path))
    assert clip.status == "here" and np.abs(library.joints(clip.id) - motion(77)).max() < 0.51e-3


def test_a_folder_without_motion_is_one_line_and_the_others_go_on(library, folder, tmp_path):
    (tmp_path / "bare").mkdir()
    report = indexed(library, tmp_path / "bare", folder)
    assert report.added == 4 and len(report.problems) == 1 and "bare holds no motion" in report.problems[0]
    with pytest.raises(InputError, match="holds no motion"):
        indexed(library, tmp_path / "bare")
    with pytest.raises(InputError, match="no folder"):
        indexed(library, tmp_path / "nowhere")


def test_another_recogniser_is_refused_before_anything_is_stored(library, folder):
    indexed(library, folder)
    write_motion(folder / "more.npz", 9)
    with pytest.raises(DataError, match="made with recogniser fake-1"):
        indexed(library, folder, embedder=FakeEmbedder("fake-2"))
    assert library.counts()["clips"] == 4


def start(library: Path, *folders: Path) -> subprocess.Popen:
    """A process that indexes ``folders`` and has opened the library."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    command = [sys.executable, str(ROOT / "tests" / "library_fakes.py"), str(library), *map(str, folders)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


def test_killed_at_any_moment_the_library_is_usable_and_lost_at_most_the_file_in_hand(tmp_path):
    for seed in range(160):
        write_motion(tmp_path / "clips" / f"{seed:03d}.npz", seed, frames=240 if seed % 9 == 0 else 20)
    moments = random.Random()
    stored, kills, waited = 0, 0, 0
    for attempt in range(40):
        if attempt >= 5 and waited:  # some kills come between a file stored and its windows embedded
            break
        process = start(tmp_path / "library", tmp_path / "clips")
        for _ in range(moments.randint(1, 30)):
            process.stdout.readline()
        time.sleep(moments.uniform(0, 0.01))
        kills += process.poll() is None
        process.kill()
        process.communicate()
        with Store.open(tmp_path / "library") as library:
            check_consistent(library, FakeEmbedder())
            names = [Path(clip.path).stem for clip in library.clips()]
            assert names == [f"{seed:03d}" for seed in range(len(names))], "whole files, in order, none left out"
            assert len(names) >= stored
            stored = len(names)
            waited += sum(not library.rows_of(clip.id) for clip in library.clips())
            if attempt % 2:  # as a search does; else the next process embeds what waits
                library.embed_waiting(FakeEmbedder())
                assert all(library.rows_of(clip.id) for clip in library.clips()), "all that is stored is found"
    assert kills >= 5 and stored > 0 and waited > 0
    with Store.open(tmp_path / "library") as library:
        report = indexed(library, tmp_path / "clips")
        assert (report.unchanged, report.added, report.broken) == (stored, 160 - stored, 0)
        assert library.counts()["windows"] == 160 + 2 * 18, "240 frames are three windows"
        check_consistent(library, FakeEmbedder())


def test_processes_that_index_overlapping_folders_at_once_store_every_file_once_though_one_is_killed(tmp_path):
    folders = [tmp_path / "clips" / name for name in "abc"]
    for number, folder in enumerate(folders):
        for seed in range(20):
            write_motion(folder / f"{seed:03d}.npz", 100 * number + seed, frames=20)
        write_motion(folder / "long.npz", number, frames=300)
    killed = start(tmp_path / "library", folders[1])
    both = [start(tmp_path / "library", *folders[:2]), start(tmp_path / "library", *folders[1:])]
    for _ in range(random.Random().randint(1, 15)):
        killed.stdout.readline()
    killed.kill()
    killed.communicate()
    for process in both:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0 and "files=42" in out and "broken=0" in out, err
    with Store.open(tmp_path / "library") as library:
        library.embed_waiting(FakeEmbedder())
        assert library.counts() == {"clips": 63, "windows": 60 + 3 * 4, "here": 63, "broken": 0, "vanished": 0}
        assert library.state().rows == 60 + 3 * 4, "no window was embedded twice"
        check_consistent(library, FakeEmbedder())
