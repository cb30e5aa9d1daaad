import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fakes import ROOT
from generator_fakes import FakeGenerator
from synthetic_motions import standing

from coamd_blender.motion import locomotion
from coamd_blender.motion.skeleton import with_bone_lengths
from coamd_blender.wire import limits
from runtime import edit
from runtime.cli import main
from runtime.formats.read import read_motion
from runtime.generate.generator import Generator
from runtime.recognize.recognizer import Recognizer
from runtime.weights import AUTOENCODER, GENERATOR


@pytest.fixture
def fake(monkeypatch):
    generator = FakeGenerator()
    monkeypatch.setattr(Generator, "load", lambda weights=None, device="auto": generator)
    return generator


def run(capsys, *words) -> tuple[int, str, str]:
    status = main.main([str(word) for word in words])
    return status, *capsys.readouterr()


def refused(capsys, *words) -> str:
    """The one line with which the command refuses; it must exit with 2 and print nothing on stdout."""
    status, out, err = run(capsys, *words)
    assert status == 2 and out == "", (status, out, err)
    assert err.count("\n") == 1 and " - " in err and "Traceback" not in err, err
    return err


def test_generate_writes_one_motion_and_one_json_object(fake, capsys, tmp_path):
    out = tmp_path / "new folder" / "walk.npz"
    status, stdout, _ = run(
        capsys,
        "generate",
        "--prompt",
        " a man  walks ",
        "--seconds",
        4,
        "--seed",
        7,
        "--cfg",
        2.5,
        "--out",
        out,
        "--json",
    )
    assert status == 0
    assert json.loads(stdout) == {"files": [str(out)], "seconds": 4.0, "seed": 7, "seeds": [7], "notes": []}
    with np.load(out) as archive:
        assert archive["joints"].shape == (80, 22, 3) and archive["joints"].dtype == np.float32
        assert (archive["joints"] == 7).all() and archive["fps"] == 20
    assert fake.calls == [(["a man walks"], 80, [7], 2.5)]
    assert [path.name for path in out.parent.iterdir()] == ["walk.npz"]


def test_generate_draws_in_the_quality_asked_for_and_tells_what_hinders_it(fake, capsys, tmp_path):
    words = ["generate", "--prompt", "a man walks", "--out", str(tmp_path / "walk.npz")]
    assert main.main(words) == 0
    assert fake.quality == (limits.DEFAULT_QUALITY, None)
    capsys.readouterr()
    assert main.main([*words, "--quality", "fast", "--cfg", "99", "--json"]) == 0
    told = capsys.readouterr()
    assert fake.quality == ("fast", 99) and "the better one" in told.err
    assert json.loads(told.out)["notes"] == ["the better one"]


def test_generate_prints_the_path_for_people(fake, capsys, tmp_path):
    status, stdout, stderr = run(capsys, "generate", "--prompt", "x", "--out", tmp_path / "a.npz")
    assert (status, stdout) == (0, f"{tmp_path / 'a.npz'}\n")
    assert "2 of 2" in stderr


@pytest.mark.parametrize("suffix", [".bvh", ".glb"])
def test_generate_writes_what_the_name_of_the_file_asks_for(fake, capsys, tmp_path, suffix, monkeypatch):
    joints = with_bone_lengths(standing(2)).astype(np.float32)
    monkeypatch.setattr(fake, "generate", lambda prompts, *rest, **options: [joints for _ in prompts])
    out = tmp_path / f"a{suffix}"
    assert run(capsys, "generate", "--prompt", "x", "--out", out)[0] == 0
    assert np.abs(read_motion(out) - joints).max() < 1e-3
    assert run(capsys, "convert", out, tmp_path / "b.glb")[0] == 0
    assert np.abs(read_motion(tmp_path / "b.glb") - joints).max() < 1e-3


def test_a_set_goes_into_a_folder_a_clip_a_file_and_says_which_loop(fake, capsys, tmp_path, monkeypatch):
    clips = [locomotion.Clip(name, standing(2), name == "walk", "idle drifts" if name == "idle" else "")
             for name in locomotion.NAMES]  # fmt: skip
    monkeypatch.setattr(edit.locomotion, "locomotion_set", lambda generator, seed, on_step: clips)
    words = ("generate", "--set", "locomotion", "--out", tmp_path / "set", "--json")
    status, stdout, stderr = run(capsys, *words)
    told = json.loads(stdout)
    assert status == 0 and told["loops"] == ["walk"] and told["notes"] == ["idle drifts"] and "idle drifts" in stderr
    assert [Path(file).stem for file in told["files"]] == list(locomotion.NAMES)
    assert all(np.load(file)["joints"].shape == standing(2).shape for file in told["files"])
    assert "not for a set" in refused(capsys, *words, "--count", 2)


def test_copies_count_seeds_upwards(fake, capsys, tmp_path):
    status, stdout, _ = run(
        capsys, "generate", "--prompt", "x", "--count", 3, "--seed", 5, "--out", tmp_path / "a.npz", "--json"
    )
    assert status == 0
    names = [f"a_000_{copy:03d}.npz" for copy in range(3)]
    assert json.loads(stdout)["files"] == [str(tmp_path / name) for name in names]
    assert [np.load(tmp_path / name)["joints"][0, 0, 0] for name in names] == [5, 6, 7]
    assert len(fake.calls) == 1


def test_a_prompt_file_is_done_in_batches_by_one_process(fake, capsys, tmp_path):
    lines = [f"prompt {number}" for number in range(12)]
    lines[4] = "   "
    prompt_file = tmp_path / "prompts.txt"
    prompt_file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*lines, "", ""]).encode())
    status, _, _ = run(
        capsys, "generate", "--prompt-file", prompt_file, "--count", 2, "--seed", 10, "--out", tmp_path / "o.npz"
    )
    assert status == 0
    written = sorted(path.name for path in tmp_path.glob("o*.npz"))
    assert written == [f"o_{line:03d}_{copy:03d}.npz" for line in range(12) if line != 4 for copy in range(2)]
    assert np.load(tmp_path / "o_011_001.npz")["joints"][0, 0, 0] == 11
    assert [len(prompts) for prompts, *_ in fake.calls] == [8, 8, 6]
    assert fake.calls[1][0][:2] == ["prompt 5"] * 2 and fake.calls[0][2][:4] == [10, 11, 10, 11]


def test_a_print_of_a_library_does_not_mix_with_the_json(fake, capsys, tmp_path, monkeypatch):
    real = fake.generate
    monkeypatch.setattr(fake, "generate", lambda *a, **k: print("chatter") or real(*a, **k))
    _, stdout, stderr = run(capsys, "generate", "--prompt", "x", "--out", tmp_path / "a.npz", "--json")
    assert json.loads(stdout) and "chatter" in stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--prompt", "  "], "prompt is empty"),
        (["--prompt", "x", "--seconds", "0"], "0 seconds is outside 0.5 to 9.8"),
        (["--prompt", "x", "--seconds", "500"], "500 seconds is outside 0.5 to 9.8"),
        (["--prompt", "x", "--seconds", "nan"], "seconds"),
        (["--prompt", "x", "--seconds", "long"], "invalid float value"),
        (["--prompt", "x", "--seed", "-1"], "-1 is outside"),
        (["--prompt", "x", "--seed", "1.5"], "not a whole number"),
        (["--prompt", "x", "--count", "0"], "0 is outside 1"),
        (["--prompt", "x", "--cfg", "nan"], "nan is outside"),
        (["--prompt", "x", "--guidance", "-1"], "-1 is outside"),
        (["--prompt", "x", "--prompt-file", "y"], "not allowed with"),
        (["--prompt-file", "nowhere.txt"], "nowhere.txt cannot be read: No such file"),
        ([], "--prompt"),
        (["--prompt", "x", "--speed", "9"], "--speed"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_generate_refuses_bad_input_in_one_line(fake, capsys, tmp_path, words, reason):
    assert reason in refused(capsys, "generate", *words, "--out", tmp_path / "a.npz", "--json")
    assert not list(tmp_path.iterdir())


def test_generate_refuses_outputs_it_cannot_write(fake, capsys, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder.npz").mkdir()
    assert "cannot be written" in refused(capsys, "generate", "--prompt", "x", "--out", tmp_path / "file" / "a.npz")
    assert "is a folder" in refused(capsys, "generate", "--prompt", "x", "--out", tmp_path / "folder.npz")
    assert ".npz" in refused(capsys, "generate", "--prompt", "x", "--out", tmp_path / "a.fbx")
    assert "cannot be written" in refused(capsys, "generate", "--prompt", "x", "--out", "/proc/nowhere/a.npz")


def test_guidance_without_a_recogniser_names_its_file(fake, capsys, tmp_path):
    for name in (AUTOENCODER, GENERATOR):
        (tmp_path / name).touch()
    words = ["generate", "--prompt", "x", "--guidance", 1, "--weights", tmp_path, "--out", tmp_path / "a.npz"]
    assert "recognizer.safetensors is not in" in refused(capsys, *words)


def test_generate_refuses_prompt_files_without_prompts(fake, capsys, tmp_path):
    empty, binary = tmp_path / "empty.txt", tmp_path / "binary.txt"
    empty.write_text("\n  \n")
    binary.write_bytes(b"\xff\xfe\x00w")
    assert "no prompt" in refused(capsys, "generate", "--prompt-file", empty, "--out", tmp_path / "a.npz")
    assert "UTF-8" in refused(capsys, "generate", "--prompt-file", binary, "--out", tmp_path / "a.npz")


def test_weights_that_are_torn_or_missing_are_one_line(capsys, tmp_path):
    words = ["generate", "--prompt", "x", "--out", tmp_path / "a.npz", "--weights", tmp_path]
    assert "is not in" in refused(capsys, *words)
    (tmp_path / GENERATOR).touch()
    (tmp_path / AUTOENCODER).write_bytes(b"\x10\0\0\0\0\0\0\0{torn")
    assert "autoencoder.safetensors" in refused(capsys, *words)


def test_a_device_that_is_not_there_is_one_line(capsys, tmp_path):
    words = ["generate", "--prompt", "x", "--out", tmp_path / "a.npz", "--device"]
    assert "quantum" in refused(capsys, *words, "quantum")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["juggle"], "invalid choice: 'juggle'"),
        ([], "VERB"),
        (["evaluate", "luck"], "no benchmark 'luck'"),
        (["evaluate"], "BENCHMARK"),
        (["train", "critic"], "invalid choice: 'critic'"),
        (["train", "autoencoder", "--run", "r", "--preset", "huge"], "no preset 'huge'"),
        (["prepare", "--data", "/nowhere"], "no folder /nowhere"),
        (["convert", "walk.fbx", "a.npz"], "export_anim.bvh"),
        (["convert", "walk.blend", "a.npz"], "export_anim.bvh"),
        (["convert", "walk.txt", "a.npz"], "not a motion"),
        (["convert", "/nowhere/walk.bvh", "a.npz"], "no file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_other_verbs_refuse_bad_input_in_one_line(capsys, tmp_path, monkeypatch, words, reason):
    monkeypatch.chdir(tmp_path)
    assert reason in refused(capsys, *words)


def test_evaluate_list_names_every_benchmark(capsys):
    status, stdout, _ = run(capsys, "evaluate", "list", "--json")
    rows = json.loads(stdout)["benchmarks"]
    assert status == 0 and "obedience" in [row["name"] for row in rows]
    assert run(capsys, "evaluate", "list")[1].count("\n") == len(rows)


def test_every_verb_is_listed(capsys):
    with pytest.raises(SystemExit) as caught:
        main.main(["--help"])
    listed = capsys.readouterr().out
    verbs = ["generate", "edit", "storyboard", "recognize", "index", "search", "convert", "prepare", "train", "serve"]
    assert caught.value.code == 0
    assert [verb for verb in verbs if verb not in listed] == []


def test_help_comes_without_the_heavy_imports():
    code = "import sys; from runtime.cli.main import build_parser; build_parser(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_an_interrupt_is_no_traceback(fake, capsys, tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(fake, "generate", interrupt)
    status, stdout, stderr = run(capsys, "generate", "--prompt", "x", "--out", tmp_path / "a.npz")
    assert (status, stdout) == (130, "") and "Traceback" not in stderr


def test_the_command_is_a_process_that_exits_with_the_status(tmp_path):
    command = [sys.executable, "-m", "runtime", "generate", "--prompt", "x", "--out", "a.fbx"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full disk at hand")
@pytest.mark.parametrize("words", [["evaluate", "list", "--json"], ["evaluate", "list"]])
def test_a_result_that_a_full_disk_does_not_take_is_one_line(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "runtime", *words], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "cannot be printed: No space left on device - " in done.stderr


# convert and prepare


@pytest.fixture
def clip(tmp_path):
    """Forty frames of the canonical body at rest, walking along +Z at 1 m/s, at 40 frames a second."""
    from coamd_blender.motion.skeleton import rest_joints

    joints = np.repeat(rest_joints()[None], 41, axis=0).astype(np.float32)
    joints[..., 2] += np.arange(41, dtype=np.float32)[:, None] / 40
    path = tmp_path / "in.npz"
    np.savez(path, joints=joints, fps=40)
    return path, joints


def test_convert_resamples_to_20_frames_a_second(capsys, clip, tmp_path):
    path, joints = clip
    status, stdout, _ = run(capsys, "convert", path, tmp_path / "out.npz", "--json")
    assert status == 0
    assert json.loads(stdout) == {"files": [str(tmp_path / "out.npz")], "frames": [21], "fps": 20}
    with np.load(tmp_path / "out.npz") as archive:
        assert archive["fps"] == 20
        assert np.abs(archive["joints"][5:-5] - joints[10:-10:2]).max() < 0.005


def test_convert_to_bvh_and_back(capsys, clip, tmp_path):
    path, joints = clip
    assert run(capsys, "convert", path, tmp_path / "out.bvh")[0] == 0
    assert (tmp_path / "out.bvh").read_text().startswith("HIERARCHY")
    assert run(capsys, "convert", tmp_path / "out.bvh", tmp_path / "back.npz")[0] == 0
    with np.load(tmp_path / "back.npz") as archive:
        assert np.abs(archive["joints"][5:-5] - joints[10:-10:2]).max() < 0.01


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"joints": np.zeros((10, 21, 3), np.float32), "fps": 20}, "(10, 21, 3)"),
        ({"joints": np.full((10, 22, 3), np.nan, np.float32), "fps": 20}, "not numbers"),
        ({"poses": np.zeros(3)}, "joints"),
        ({"joints": np.zeros((10, 22, 3), np.float32), "fps": 0}, "frames per second"),
    ],
    ids=["shape", "NaN", "no joints", "no rate"],
)
def test_convert_refuses_motions_it_cannot_use(capsys, tmp_path, arrays, reason):
    np.savez(tmp_path / "in.npz", **arrays)
    assert reason in refused(capsys, "convert", tmp_path / "in.npz", tmp_path / "out.npz")
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize("name", ["torn.npz", "torn.bvh", "torn.glb", "torn.amc"])
def test_convert_refuses_torn_files(capsys, tmp_path, name):
    (tmp_path / name).write_bytes(b"HIERARCHY ROOT")
    refused(capsys, "convert", tmp_path / name, tmp_path / "out.npz")


def test_convert_refuses_a_joint_map_that_is_not_there(capsys, tmp_path):
    (tmp_path / "in.bvh").write_text(
        "HIERARCHY\nROOT hip\n{\nOFFSET 0 0 0\nCHANNELS 1 Yposition\n}\nMOTION\nFrames: 1\nFrame Time: 0.05\n0\n"
    )
    assert "no joint map 'robot'" in refused(
        capsys, "convert", tmp_path / "in.bvh", tmp_path / "out.npz", "--skeleton", "robot"
    )


def test_json_holds_what_benchmarks_return():
    value = {"mean": np.float32(0.5), 3: np.arange(2), "ratio": float("nan"), "path": ROOT, "rows": ({"a": None},)}
    text = json.dumps(main.plain(value), allow_nan=False)
    assert json.loads(text) == {"mean": 0.5, "3": [0, 1], "ratio": None, "path": str(ROOT), "rows": [{"a": None}]}


def test_of_several_draws_the_best_is_kept_and_its_seed_told(fake, capsys, tmp_path, monkeypatch):
    judge = SimpleNamespace(  # likes odd seeds, which the fake generator writes into the joints
        embed_names=lambda texts: np.ones((len(texts), 1)),
        embed_motions=lambda motions: np.stack([[motion[0, 0, 0] % 2] for motion in motions]),
    )
    monkeypatch.setattr(Recognizer, "load", lambda weights=None, device="auto": judge)
    out = tmp_path / "clip.npz"
    words = ("--prompt", "a walk", "--count", 2, "--best-of", 3, "--seed", 4, "--seconds", 2, "--out", out, "--json")
    status, stdout, _ = run(capsys, "generate", *words)
    told = json.loads(stdout)
    assert status == 0 and told["seeds"] == [5, 7]
    assert [np.load(path)["joints"][0, 0, 0] for path in told["files"]] == [5, 7]


def test_a_prompt_far_from_anything_learnt_is_told(fake, capsys, tmp_path):
    _, _, err = run(capsys, "generate", "--prompt", "a pole vault", "--seconds", 2, "--out", tmp_path / "clip.npz")
    assert "'a pole vault' is new to me" in err
