"""Remedies work: each file is refused in a line that says what to do, and done so it is read."""

import json
import re

import numpy as np
import pytest

from coamd_blender.errors import CoamdError
from runtime.formats.gltf_document import load
from runtime.formats.options import ReadOptions
from runtime.formats.read import check_readable, read_at_own_rate, read_motion
from runtime.formats.writing import WRITABLE, write
from tests.formats.bodies import squatting

JOINTS = squatting(40).astype(np.float32)


def again(path):
    """Export it again: what is not written here as .glb. Returns the file."""
    path = path if path.suffix in WRITABLE else path.with_suffix(".glb")
    write(path, JOINTS)
    return path


class Case:
    """A file that ``harm`` writes; how it is refused, and ``words`` of the remedy; what doing that is: ``mend`` changes
    the file or returns another; ``before`` and ``after`` are what read_motion is given."""

    def __init__(self, suffix, refusal, words, harm, mend=None, before=None, after=None):
        self.suffix, self.refusal, self.words = suffix, refusal, words
        self.harm, self.mend = harm, mend or again
        self.before, self.after = before or {}, after or {}


def text_changed(pattern, new, count=1):
    """Return what writes a .bvh with a pattern exchanged."""

    def harm(path):
        write(path, JOINTS)
        text = path.read_text()
        changed = re.sub(pattern, new, text, count=count)
        assert changed != text
        path.write_text(changed)

    return harm


def renamed(path):
    """A chain of joints whose names mean nothing."""
    joint = "{}\n{{\nOFFSET 0 {} 0\nCHANNELS 3 Zrotation Xrotation Yrotation"
    parts = [joint.format(f"JOINT b{n}" if n else "ROOT b0", 0.1 * n) for n in range(12)]
    rows = "\n".join([" ".join(["1"] * 36)] * 20)
    path.write_text("\n".join(["HIERARCHY", *parts, "}" * 12, "MOTION", "Frames: 20", "Frame Time: 0.05", rows]))


def archive(**arrays):
    def harm(path):
        np.savez(path, **arrays)

    return harm


def tree_changed(change):
    """Return what writes a .gltf of the motion with its JSON changed."""

    def harm(path):
        beside = path.with_suffix(".glb")
        write(beside, JOINTS)
        document = load(beside)
        tree = document.tree
        path.with_suffix(".bin").write_bytes(document.embedded)
        tree["buffers"][0]["uri"] = path.with_suffix(".bin").name
        change(tree)
        path.write_text(json.dumps(tree))

    return harm


def packed(tree):
    for view in tree["bufferViews"]:
        view["extensions"] = {"EXT_meshopt_compression": {}}


def far_key(path):
    """The last key a day later."""
    write(path, JOINTS, 20)
    content, document = bytearray(path.read_bytes()), load(path)
    number = document.tree["animations"][0]["samplers"][0]["input"]
    view = document.tree["bufferViews"][document.tree["accessors"][number]["bufferView"]]
    end = len(content) - len(document.embedded) + view["byteOffset"] + view["byteLength"]
    content[end - 4 : end] = np.float32(86_400).tobytes()
    path.write_bytes(content)


def timed(path):
    path.write_text(path.read_text().replace("Time: 0", "Time: 0.05"))


def moved(path):
    path.with_suffix(".bin").rename(path.with_name("moved.bin"))


def sides_exchanged(path):
    """Exchange left and right in the names of a .bvh."""
    text = path.read_text()
    for old, new in (("left", "*"), ("right", "left"), ("*", "right")):
        text = text.replace(old, new)
    path.write_text(text)


def sides_swapped(path):
    """Joints of other names than ours, whose left and right are the wrong way round."""
    write(path, JOINTS)
    path.write_text(path.read_text().replace("ROOT pelvis", "ROOT hips"))
    sides_exchanged(path)


def with_a_prop(tree):
    """Let an animation before the person's own move a node of its own."""
    own = tree["animations"][0]
    tree["nodes"].append({"name": "sword"})
    place = next(each["sampler"] for each in own["channels"] if each["target"]["path"] == "translation")
    target = {"node": len(tree["nodes"]) - 1, "path": "translation"}
    spin = {"name": "spin", "samplers": own["samplers"], "channels": [{"sampler": place, "target": target}]}
    tree["animations"].insert(0, spin)


def nothing(path):
    """Leave the file as it is: what is said beside it changes."""


RATE = {"options": ReadOptions(fps=20.0)}
CASES = {
    "no frame time": Case(
        ".bvh", "seconds a frame", "--fps", text_changed(r"Frame Time: \S+", "Frame Time: 0"), nothing, after=RATE
    ),
    "milliseconds": Case(
        ".bvh", "milliseconds", "--fps", text_changed(r"Frame Time: \S+", "Frame Time: 50"), nothing, after=RATE
    ),
    "no frame time, written in": Case(
        ".bvh", "seconds a frame", "write it in the file", text_changed(r"Frame Time: \S+", "Frame Time: 0"), timed
    ),
    "torn": Case(".bvh", "lacks HIERARCHY or MOTION", "Export or download it again", text_changed("MOTION", "MOTIN")),
    "no rows": Case(
        ".bvh", "no whole row", "again", lambda path: text_changed(r"(?s)(Frame Time: \S+\n).*", r"\1")(path)
    ),
    "names without meaning": Case(".bvh", "not known to be a person's", "rename them left_hip", renamed),
    "left and right exchanged": Case(
        ".bvh", "sides are swapped", "Exchange left and right in the names", sides_swapped, sides_exchanged
    ),
    "a prop's animation": Case(
        ".gltf",
        "moves nothing of the person",
        "Choose another animation",
        tree_changed(with_a_prop),
        nothing,
        before={"animation": "spin"},
        after={"animation": "clip"},
    ),
    "array of another shape": Case(
        ".npz", "joints have shape", "(frames, 22, 3)", archive(joints=JOINTS[:, :21], fps=20)
    ),
    "rates": Case(".npz", "fps is a list", "Save one number", archive(joints=JOINTS, fps=[20, 30])),
    "no numbers": Case(".npz", "not numbers", "Export the motion again", archive(joints=JOINTS * np.nan, fps=20)),
    "no joints": Case(".npz", "not a motion archive", "with joints and fps", archive(poses=JOINTS, fps=20)),
    "nothing moves": Case(
        ".gltf", "holds no animation", "with its actions", tree_changed(lambda tree: tree.pop("animations"))
    ),
    "packed": Case(".gltf", "packed", "without compression", tree_changed(packed)),
    "buffer elsewhere": Case(
        ".gltf",
        "buffer elsewhere",
        ".bin beside it",
        tree_changed(lambda tree: tree["buffers"][0].update(uri="../far/away.bin")),
    ),
    "buffer not there": Case(
        ".gltf",
        "There is no file",
        "Put it beside",
        tree_changed(lambda tree: tree["buffers"][0].update(uri="moved.bin")),
        moved,
    ),
    "a key a day later": Case(".glb", "24 hours", "time of its last key", far_key),
    "another joint map": Case(
        ".glb",
        "no joint map",
        "Choose from",
        lambda path: write(path, JOINTS),
        nothing,
        before={"skeleton": "made up"},
        after={"skeleton": "canonical"},
    ),
    "another animation": Case(
        ".glb",
        "has no animation",
        "Choose from",
        lambda path: write(path, JOINTS),
        nothing,
        before={"animation": "other"},
        after={"animation": "clip"},
    ),
    "an axis that is none": Case(
        ".bvh",
        "not an axis",
        "Choose from",
        lambda path: write(path, JOINTS),
        nothing,
        before={"options": ReadOptions(up="up")},
        after={"options": ReadOptions(up="y")},
    ),
    "a unit that is none": Case(
        ".bvh",
        "not a unit",
        "Choose from",
        lambda path: write(path, JOINTS),
        nothing,
        before={"options": ReadOptions(unit="el")},
        after={"options": ReadOptions(unit="m")},
    ),
}


def told(read, *arguments, **options):
    """Return message and remedy with which ``read`` refuses."""
    with pytest.raises(CoamdError) as caught:
        read(*arguments, **options)
    assert "\n" not in str(caught.value)
    return caught.value.message, caught.value.hint


def checked(path, **options):
    """Read as the command line does, the axis and the unit looked at first."""
    if options.get("options"):
        options["options"].check()
    return read_motion(path, **options)


@pytest.mark.parametrize("name", CASES)
def test_what_the_line_says_leads_to_success(name, tmp_path):
    case = CASES[name]
    path = tmp_path / f"clip{case.suffix}"
    case.harm(path)
    message, remedy = told(checked, path, **case.before)
    assert case.refusal in message and case.words in remedy, (message, remedy)
    joints = checked(case.mend(path) or path, **case.after)
    assert joints.shape == JOINTS.shape and np.abs((joints - JOINTS) - (joints - JOINTS)[:1, :1]).max() < 0.02


def test_files_that_are_not_motions_are_told_which_are(tmp_path):
    (tmp_path / "clip.txt").write_text("a")
    message, remedy = told(check_readable, tmp_path / "clip.txt")
    assert "not a motion" in message
    for suffix in re.findall(r"\.\w+", remedy):
        if suffix in (".npz", ".bvh", ".glb"):  # which are written here, too
            write(tmp_path / f"clip{suffix}", JOINTS)
            assert len(read_motion(check_readable(tmp_path / f"clip{suffix}"))) == len(JOINTS)
    assert {".npz", ".bvh", ".glb"} <= set(re.findall(r"\.\w+", remedy))


@pytest.mark.parametrize(
    ("suffix", "why", "remedy"),
    [
        (".c3d", "markers on the skin", "export that as .bvh or .fbx"),
        (".trc", "markers on the skin", "export that as .bvh or .fbx"),
        (".vmd", "a model that it does not hold", "MMD Tools"),
        (".asf", "without motion", "Give the .amc"),
    ],
)
def test_files_without_joints_are_told_apart_from_files_of_no_motion(suffix, why, remedy, tmp_path):
    path = tmp_path / f"clip{suffix.upper()}"
    path.write_bytes(b"a")
    message, hint = told(check_readable, path)
    assert why in message and remedy in hint


def test_what_cannot_be_edited_can_be_once_it_is_converted(tmp_path):
    write(tmp_path / "clip.glb", JOINTS)
    message, remedy = told(read_at_own_rate, tmp_path / "clip.glb")
    assert "cannot be edited" in message or "can be edited" in message
    assert ".npz" in remedy
    write(tmp_path / "clip.npz", read_motion(tmp_path / "clip.glb"))
    assert len(read_at_own_rate(tmp_path / "clip.npz")[0]) == len(JOINTS)
