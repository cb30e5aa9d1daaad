"""Bad arguments are refused before torch is imported: in one line, with a remedy, at once."""

import json
import os
import subprocess
import sys

import numpy as np
from fakes import ROOT
from library_fakes import FakeEmbedder, write_motion

from runtime.library.index import index_folders
from runtime.library.store import Store
from runtime.weights import BUNDLED, RECOGNIZER, read_configuration, sha256

CODE = """
import contextlib, io, json, sys
from runtime.cli.main import main
told = []
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    told.append([words, status, out.getvalue(), err.getvalue(), "torch" in sys.modules])
print(json.dumps(told))
"""


def write_files(tmp_path):
    """Write what the cases name, and return a clip and one that is too short."""
    clip, short = tmp_path / "clip.npz", tmp_path / "short.npz"
    np.savez(clip, joints=np.zeros((60, 22, 3), np.float32), fps=20)
    np.savez(short, joints=np.zeros((3, 22, 3), np.float32), fps=20)
    for name, text in {
        "bad.json": "{",
        "pose.json": '[{"frame": 50, "joints": {"head": [0, 1, 0]}}]',
        "path.json": "[[0, 0], [1, 1]]",
        "board.txt": "0.1 a walk",
        "good.txt": "2 a walk\n",
        "blank.txt": "\n",
    }.items():
        (tmp_path / name).write_text(text)
    return clip, short


def cases_in(tmp_path) -> list[list]:
    """Return command lines that cannot be carried out."""
    clip, short = write_files(tmp_path)
    return [*bad_words(tmp_path, clip, short), *bad_places(tmp_path, clip)]


def bad_words(tmp_path, clip, short) -> list[list]:
    """Return those whose arguments or files of the user's are amiss."""
    edit, out = ["edit", clip, "--mask"], ["--out", tmp_path / "out.npz"]
    return [
        ["generate", "--prompt", " ", *out],
        ["generate", *out],
        ["generate", "--prompt", "x", "--seconds", "99", *out],
        ["generate", "--prompt", "x", "--seconds", "nan", *out],
        ["generate", "--prompt", "x", "--seed", "-1", *out],
        ["generate", "--prompt", "x", "--seed", 2**31 - 1, "--count", 2, *out],
        ["generate", "--prompt-file", tmp_path / "blank.txt", *out],
        ["generate", "--prompt-file", tmp_path / "none.txt", *out],
        ["generate", "--prompt", "x", "--out", tmp_path / "a.fbx"],
        ["edit", tmp_path / "none.npz", "--mask", "1:2", *out],
        [*edit, "forty", *out],
        [*edit, "40:30", *out],
        [*edit, "40:90", *out],
        [*edit, "10:40,30:50", *out],
        [*edit, "10:40", "--joints", "wings", *out],
        [*edit, "10:40", "--pose", tmp_path / "pose.json", *out],
        [*edit, "10:40", "--pose", tmp_path / "bad.json", *out],
        [*edit, "10:20,30:40", "--path", tmp_path / "path.json", *out],
        ["storyboard", tmp_path / "board.txt", *out],
        ["storyboard", tmp_path / "none.txt", *out],
        ["recognize", tmp_path / "none.npz"],
        ["recognize", short],
        ["recognize", clip, "--labels", " , "],
        ["recognize", clip, "--top", "0"],
        ["index", "--library", tmp_path / "library"],
        ["index", tmp_path / "nowhere", "--library", tmp_path / "library"],
        ["index", "--rebuild", "--library", tmp_path / "library"],
        ["index", "--starter", tmp_path / "none.sqlite", "--library", tmp_path / "library"],
        ["search", "--text", " ", "--library", tmp_path],
        ["search", "--text", "walk", "--library", tmp_path / "library"],
        ["convert", tmp_path / "none.bvh", tmp_path / "out.npz"],
        ["convert", tmp_path / "bad.json", tmp_path / "out.npz"],
        ["prepare", "--data", tmp_path / "nowhere"],
        ["train", "generator", "--run", "r"],
        ["train", "autoencoder", "--run", "r", "--preset", "huge"],
        ["evaluate", "beauty"],
        ["serve", "--idle-unload", "-1"],
        ["juggle"],
    ]


def bad_places(tmp_path, clip) -> list[list]:
    """Return those whose device, weights or prepared data is not there."""
    edit, out = ["edit", clip, "--mask"], ["--out", tmp_path / "out.npz"]
    return [
        ["generate", "--prompt", "x", "--device", "quantum", *out],
        ["generate", "--prompt", "x", "--weights", tmp_path, *out],
        [*edit, "10:40", "--weights", tmp_path, *out],
        ["storyboard", tmp_path / "good.txt", "--weights", tmp_path, *out],
        ["recognize", clip, "--weights", tmp_path],
        ["recognize", tmp_path / "none.npz", "--weights", tmp_path],
        ["index", tmp_path, "--weights", tmp_path, "--library", tmp_path / "library"],
        ["train", "autoencoder", "--prepared", tmp_path, "--run", "r"],
        ["train", "generator", "--prepared", tmp_path, "--run", "r", "--autoencoder", tmp_path / "none.safetensors"],
        ["train", "recognizer", "--prepared", tmp_path, "--run", "r"],
        ["train", "recognizer", "--prepared", tmp_path, "--run", "r", "--start", tmp_path / "none.safetensors"],
        ["train", "evaluator", "--prepared", tmp_path, "--run", "r"],
        ["train", "vocabulary", "--prepared", tmp_path, "--run", "r"],
        ["pack", tmp_path / "none.safetensors", tmp_path / "out.safetensors"],
        ["evaluate", "obedience", "--weights", tmp_path],
        ["evaluate", "fairness", "--prepared", tmp_path],
    ]


def test_what_cannot_be_done_is_refused_without_torch(tmp_path):
    cases = cases_in(tmp_path)
    words = json.dumps([[str(word) for word in case] for case in cases])
    done = subprocess.run([sys.executable, "-c", CODE, words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for case, status, stdout, stderr, torch in json.loads(done.stdout):
        assert (status, stdout) == (2, ""), (case, stderr)
        assert stderr.count("\n") == 1 and " - " in stderr, (case, stderr)
        assert not torch, f"torch was imported before this was refused: {case}"
    assert not (tmp_path / "library").exists() and not (tmp_path / "out.npz").exists()


def test_the_list_of_benchmarks_needs_no_torch():
    words = json.dumps([["evaluate", "list"]])
    done = subprocess.run([sys.executable, "-c", CODE, words], cwd=ROOT, capture_output=True, text=True, check=True)
    ((_, status, out, _, torch),) = json.loads(done.stdout)
    assert status == 0 and "obedience" in out and not torch


def test_an_index_of_what_is_known_already_loads_no_networks(tmp_path):
    write_motion(tmp_path / "clips" / "swing.npz", 1)
    embedder = FakeEmbedder(sha256(BUNDLED / RECOGNIZER))
    embedder.dim = read_configuration(BUNDLED / RECOGNIZER, "recognizer")["dim"]
    embedder.embed_motions = lambda motions: np.eye(embedder.dim, dtype=np.float32)[: len(motions)]
    with Store.create(tmp_path / "library") as library:
        index_folders(library, [tmp_path / "clips"], embedder)
    words = json.dumps([["index", str(tmp_path / "clips"), "--library", str(tmp_path / "library")]])
    done = subprocess.run([sys.executable, "-c", CODE, words], cwd=ROOT, capture_output=True, text=True, check=True)
    ((_, status, out, _, torch),) = json.loads(done.stdout)
    assert status == 0 and "1 unchanged" in out and not torch


def test_threads_of_torch_wait_asleep_unless_somebody_says_otherwise():
    code = "import os, runpy, sys; sys.argv = ['runtime', '--version']\ntry:\n    runpy.run_module('runtime', "
    code += "run_name='__main__', alter_sys=True)\nexcept SystemExit:\n    print(os.environ['OMP_WAIT_POLICY'])"
    bare = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    for environment, policy in ((bare, "PASSIVE"), (bare | {"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")):
        words = [sys.executable, "-c", code]
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split()[-1] == policy
