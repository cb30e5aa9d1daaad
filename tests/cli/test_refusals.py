"""Bad arguments are refused before torch is imported: in one line, with a remedy, at once."""

import json
import subprocess
import sys

import numpy as np
from fakes import ROOT

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
        "blank.txt": "\n",
    }.items():
        (tmp_path / name).write_text(text)
    return clip, short


def cases_in(tmp_path) -> list[list]:
    """Return command lines that cannot be carried out."""
    clip, short = write_files(tmp_path)
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
