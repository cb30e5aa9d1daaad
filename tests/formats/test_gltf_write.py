"""Motions as .glb: joints and rate come back, and what importers need is there, by the glTF 2.0 specification."""

import json
import struct

import numpy as np
import pytest
from synthetic_motions import stepping, travelling

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import JOINT_NAMES, PARENTS
from runtime.formats.gltf import read_gltf
from runtime.formats.gltf_document import load
from runtime.formats.gltf_write import write_glb
from runtime.formats.read import read_motion
from runtime.formats.writing import write


def walk(count):
    return travelling(stepping(8), 1.1, 20.0)[:count]


def joints_of(clip):
    return clip.positions[:, [clip.names.index(name) for name in JOINT_NAMES]]


@pytest.mark.parametrize("fps", [20, 24, 23.976, 30, 59.94, 120])
def test_joints_frames_and_rate_come_back(tmp_path, fps):
    joints = walk(45)
    write_glb(tmp_path / "walk.glb", joints, fps)
    (clip,) = read_gltf(tmp_path / "walk.glb")
    assert clip.fps == pytest.approx(fps, rel=1e-6) and clip.name == "walk"
    assert len(clip.positions) == len(joints)
    assert np.abs(joints_of(clip) - joints).max() < 1e-5


def test_a_joint_that_leaves_its_bone_comes_back_too(tmp_path):
    joints = walk(30)
    joints[10:20, JOINT_NAMES.index("left_wrist")] += (0.05, 0.1, 0.0)
    write_glb(tmp_path / "a.glb", joints)
    assert np.abs(joints_of(read_gltf(tmp_path / "a.glb")[0]) - joints).max() < 1e-5


def test_it_is_read_as_the_22_joints_that_it_is(tmp_path):
    joints = walk(40)
    write_glb(tmp_path / "a.glb", joints, 20)
    told = []
    found = read_motion(tmp_path / "a.glb", tell=told.append)
    assert np.abs(found - joints).max() < 1e-4, told


def test_the_skin_is_at_rest_where_its_joints_are_and_every_corner_has_one_owner(tmp_path):
    write_glb(tmp_path / "a.glb", walk(8))
    document = load(tmp_path / "a.glb")
    tree = document.tree
    (skin,), nodes = tree["skins"], tree["nodes"]
    assert [nodes[node]["name"] for node in skin["joints"]] == list(JOINT_NAMES)
    world = np.zeros((22, 3))
    for joint, parent in enumerate(PARENTS):
        world[joint] = np.array(nodes[joint]["translation"]) + (world[parent] if joint else 0)
    inverse = document.accessor(skin["inverseBindMatrices"]).reshape(22, 4, 4)
    assert np.abs(inverse[:, 3, :3] + world).max() < 1e-6  # the fourth column, as the file has it
    (primitive,) = tree["meshes"][0]["primitives"]
    got = {name: document.accessor(number) for name, number in primitive["attributes"].items()}
    assert (got["WEIGHTS_0"].sum(axis=1) == 1).all() and got["JOINTS_0"].max() < 22
    assert np.abs(np.linalg.norm(got["NORMAL"], axis=1) - 1).max() < 1e-5
    away = np.linalg.norm(got["POSITION"] - world[got["JOINTS_0"][:, 0].astype(int)], axis=1)
    assert away.max() < 0.5
    sides = got["POSITION"].reshape(-1, 3, 3)
    middle = got["POSITION"].reshape(-1, 24, 3).mean(axis=1).repeat(8, axis=0)
    outward = np.einsum("ij,ij->i", sides.mean(axis=1) - middle, got["NORMAL"][::3])
    assert (outward > 0).all()
    bounds = tree["accessors"][primitive["attributes"]["POSITION"]]
    assert np.allclose(bounds["min"], got["POSITION"].min(axis=0)) and np.allclose(
        bounds["max"], got["POSITION"].max(axis=0)
    )


def test_the_container_is_as_the_specification_has_it(tmp_path):
    write_glb(tmp_path / "a.glb", walk(7))
    content = (tmp_path / "a.glb").read_bytes()
    magic, version, size = struct.unpack_from("<4sII", content)
    assert (magic, version, size) == (b"glTF", 2, len(content))
    length, kind = struct.unpack_from("<I4s", content, 12)
    tree = json.loads(content[20 : 20 + length])
    rest, kind_of_rest = struct.unpack_from("<I4s", content, 20 + length)
    assert kind == b"JSON" and kind_of_rest == b"BIN\0" and not length % 4 and not rest % 4
    assert 28 + length + rest == size and tree["buffers"] == [{"byteLength": rest}]
    for accessor in tree["accessors"]:
        assert tree["bufferViews"][accessor["bufferView"]]["byteOffset"] % 4 == 0
    times = tree["accessors"][tree["animations"][0]["samplers"][0]["input"]]
    assert times["min"] == [0.0] and times["max"] == [pytest.approx(6 / 20)]


@pytest.mark.parametrize("fps", [0, -1, float("nan"), 1e9])
def test_a_rate_that_is_none_is_refused(tmp_path, fps):
    with pytest.raises(DataError, match="rate") as caught:
        write_glb(tmp_path / "a.glb", walk(5), fps)
    assert caught.value.hint and not list(tmp_path.iterdir())


def test_any_kind_that_is_written_and_no_other(tmp_path):
    for suffix in (".npz", ".bvh", ".GLB"):
        write(tmp_path / f"a{suffix}", walk(20), 20)
        assert len(read_motion(tmp_path / f"a{suffix}")) == 20
    with pytest.raises(InputError, match="can be written") as caught:
        write(tmp_path / "a.fbx", walk(20), 20)
    assert ".glb" in caught.value.hint


def keys(tmp_path, times):
    """Rewrite the times of a file's keys."""
    path = tmp_path / "keys.glb"
    write_glb(path, walk(len(times)), 20)
    content, document = bytearray(path.read_bytes()), load(path)
    number = document.tree["animations"][0]["samplers"][0]["input"]
    view = document.tree["bufferViews"][document.tree["accessors"][number]["bufferView"]]
    start = len(content) - len(document.embedded) + view["byteOffset"]
    content[start : start + view["byteLength"]] = np.asarray(times, "<f4").tobytes()
    path.write_bytes(content)
    return read_gltf(path)[0]


def test_the_rate_is_that_of_even_keys_and_else_30(tmp_path):
    beat = np.arange(40)
    assert keys(tmp_path, 100 + beat / 25).fps == 25
    assert keys(tmp_path, beat / 25 + 0.004 * np.sin(beat)).fps == 30  # uneven
    assert keys(tmp_path, beat / 2.0).fps == 30  # too few to say how bones go between
    assert keys(tmp_path, beat / 2000).fps == 30
