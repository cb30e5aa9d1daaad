"""What the extension holds does all that the add-on asks of it, without what makes and judges weights."""

import json
import subprocess
import sys

import numpy as np
import pytest
from fakes import ROOT

import build
from coamd_blender.motion.skeleton import rest_joints
from coamd_blender.wire.client import RuntimeClient, child_environment, runtime_command
from coamd_blender.wire.requests import REQUESTS

LEFT_OUT = ("authored", "captions", "compose", "data", "evaluate", "train")
VERBS = """
import contextlib, io, json, sys
from runtime.cli.main import main
told = []
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(words)
        except SystemExit as end:
            status = end.code
    told.append([status, out.getvalue(), err.getvalue()])
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """The extension's files, the weights as a link."""
    target = tmp_path_factory.mktemp("stage")
    kept = {folder: suffixes for folder, suffixes in build.PACKAGED.items() if folder != "weights"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "PACKAGED", kept)
        build.stage(ROOT, target)
    (target / "weights").symlink_to(ROOT / "weights")
    return target


def test_what_makes_and_judges_weights_is_left_out(stage):
    assert not [room for room in LEFT_OUT if (stage / "runtime" / room).exists()]
    assert (stage / "runtime" / "recognize" / "labels.json").is_file()


def test_every_verb_that_the_add_on_needs_works_and_the_others_say_what_they_need(stage, tmp_path):
    clip, library = tmp_path / "clips" / "rest.npz", tmp_path / "library"
    clip.parent.mkdir()
    np.savez(clip, joints=np.repeat(rest_joints()[None], 40, axis=0).astype(np.float32), fps=20)
    made, device = tmp_path / "made.npz", ["--device", "cpu"]
    good = [
        ["--help"],
        ["generate", "--prompt", "a person waves", "--seconds", "0.5", "--out", made, *device],
        ["edit", clip, "--mask", "10:20", "--out", tmp_path / "edit.npz", *device],
        ["recognize", clip, "--json", *device],
        ["convert", clip, tmp_path / "rest.bvh"],
        ["index", clip.parent, "--library", library, *device],
        ["search", "--text", "a person stands", "--library", library, "--json", *device],
    ]
    bad = [["train", "generator", "--run", "r"], ["evaluate", "list"], ["prepare"], ["pack", "a", "b"]]
    cases = json.dumps([[str(word) for word in words] for words in (*good, *bad)])
    done = subprocess.run(
        [sys.executable, "-c", VERBS, cases], cwd=stage, env=child_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for words, (status, out, err) in zip(good, told[: len(good)], strict=True):
        assert status == 0, (words, out, err)
    assert made.is_file() and "prepare" in told[0][1]
    assert json.loads(told[3][1])["labels"] and len(json.loads(told[6][1])["results"]) == 1
    for words, (status, out, err) in zip(bad, told[len(good) :], strict=True):
        assert (status, out) == (2, "") and err.count("\n") == 1, (words, err)
        assert f"The verb {words[0]} needs a checkout" in err


def test_the_server_greets_with_every_task(stage, tmp_path):
    client = RuntimeClient(runtime_command(sys.executable, stage, "cpu"), cwd=tmp_path)
    try:
        assert client.wait_ready(60).capabilities == tuple(REQUESTS)
    finally:
        client.stop()
