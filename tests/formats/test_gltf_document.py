"""glTF files of strangers: what they state is not believed before it is found, and nothing elsewhere is opened."""

import base64
import json
import os
import struct

import numpy as np
import pytest
from movers import walking

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import with_bone_lengths
from coamd_blender.retarget.mapping import named_presets
from runtime.formats import gltf_document
from runtime.formats.gltf import read_gltf
from runtime.formats.read import check_readable, read_motion
from runtime.formats.writing import write

TIMES = np.array([0.0, 1.0, 2.0], "<f4")
PLACES = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0]], "<f4")


def document(**changes) -> dict:
    """Return a .gltf of one node that goes 1 m a second along X for 2 s; ``changes`` replace parts of it."""
    content = TIMES.tobytes() + PLACES.tobytes()
    tree = {
        "asset": {"version": "2.0"},
        "nodes": [{"name": "Hips"}],
        "buffers": [{"byteLength": len(content), "uri": data_uri(content)}],
        "bufferViews": [{"buffer": 0, "byteLength": 12}, {"buffer": 0, "byteOffset": 12, "byteLength": 36}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "SCALAR"},
            {"bufferView": 1, "componentType": 5126, "count": 3, "type": "VEC3"},
        ],
        "animations": [animation("walk")],
    }
    return {**tree, **changes}


def animation(name, times=0, places=1):
    target = {"node": 0, "path": "translation"}
    return {
        "name": name,
        "samplers": [{"input": times, "output": places}],
        "channels": [{"sampler": 0, "target": target}],
    }


def data_uri(content: bytes) -> str:
    return "data:application/octet-stream;base64," + base64.b64encode(content).decode()


def read(tmp_path, tree, name="a.gltf"):
    path = tmp_path / name
    path.write_text(json.dumps(tree))
    return read_gltf(path)


def refused(tmp_path, tree) -> str:
    with pytest.raises(DataError) as caught:
        read(tmp_path, tree)
    line = str(caught.value)
    assert "a.gltf" in line or "There is no file" in line
    assert "\n" not in line and len(line) < 400
    return line


def test_it_is_read_as_written(tmp_path):
    (clip,) = read(tmp_path, document())
    assert np.allclose(clip.positions[[0, 30, 60], 0], [[0, 0, 0], [1, 0, 0], [2, 0, 0]])


@pytest.mark.parametrize(
    "uri",
    [
        "../secret.bin",
        "below/../../secret.bin",
        "%2e%2e/secret.bin",
        "..%5csecret.bin",
        "/etc/passwd",
        "//host/share.bin",
        "file:///etc/passwd",
        "https://example.org/a.bin",
        "C:\\a.bin",
        "a\0.bin",
        "link.bin",
    ],
)
def test_a_buffer_elsewhere_is_not_opened(tmp_path, uri, monkeypatch):
    folder = tmp_path / "clips"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(TIMES.tobytes() + PLACES.tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    opened = []
    real = gltf_document._bytes
    monkeypatch.setattr(gltf_document, "_bytes", lambda path: opened.append(path) or real(path))
    line = refused(folder, document(buffers=[{"byteLength": 48, "uri": uri}]))
    assert "has a buffer elsewhere" in line and "Export it as .glb" in line
    assert [path.name for path in opened] == ["a.gltf"]


def test_a_buffer_beside_it_or_below_is_read_whatever_its_name(tmp_path):
    (tmp_path / "more").mkdir()
    for name, uri in (("plain.bin", "plain.bin"), ("more/with space.bin", "more/with%20space.bin"), ("ä.bin", "ä.bin")):
        (tmp_path / name).write_bytes(TIMES.tobytes() + PLACES.tobytes())
        assert len(read(tmp_path, document(buffers=[{"byteLength": 48, "uri": uri}]))) == 1


def test_pipes_devices_and_folders_are_no_buffers(tmp_path):
    os.mkfifo(tmp_path / "pipe.bin")
    (tmp_path / "folder.bin").mkdir()
    (tmp_path / "zero.bin").symlink_to("/dev/zero")
    for uri in ("pipe.bin", "folder.bin", "none.bin", "zero.bin"):
        line = refused(tmp_path, document(buffers=[{"byteLength": 48, "uri": uri}]))
        assert "There is no file" in line or "elsewhere" in line


def test_sizes_stated_take_no_memory(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(np, "zeros", lambda shape, *rest: asked.append(shape) or np.empty(0))
    huge = 2_000_000_000
    accessor = {"componentType": 5126, "type": "VEC3", "count": huge}
    for bomb in ({**accessor}, {**accessor, "bufferView": 1}, {**accessor, "bufferView": 2}):
        views = [*document()["bufferViews"], {"buffer": 0, "byteLength": 12, "byteStride": 0}]
        tree = document(accessors=[document()["accessors"][0], bomb], bufferViews=views)
        assert "an accessor states 6,000,000,000 values" in refused(tmp_path, tree)
    still = {"componentType": 5126, "type": "VEC3", "count": 1_000_000, "bufferView": 2}
    assert "a stride of 0 bytes" in refused(
        tmp_path, document(accessors=[document()["accessors"][0], still], bufferViews=views)
    )
    assert not asked


@pytest.mark.parametrize(
    "change",
    [
        {"accessors": []},
        {"accessors": [{"bufferView": 9, "componentType": 5126, "count": 3, "type": "SCALAR"}] * 2},
        {"accessors": [{"bufferView": 0, "componentType": 1, "count": 3, "type": "SCALAR"}] * 2},
        {"accessors": [{"bufferView": 0, "componentType": 5126, "count": -3, "type": "SCALAR"}] * 2},
        {"accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "SCALAR"}] * 2},
        {"buffers": [{"byteLength": 99, "uri": "data:,"}]},
        {"buffers": [{"byteLength": 48, "uri": "data:;base64,%%%"}]},
        {"buffers": [{"byteLength": "many", "uri": "data:,"}]},
        {"bufferViews": "none"},
        {"nodes": [{"name": "Hips", "children": [0]}]},
        {"animations": [{}]},
        {"animations": 7},
    ],
)
def test_what_is_not_as_gltf_has_it_is_one_line(tmp_path, change):
    refused(tmp_path, document(**change))


@pytest.mark.parametrize("packing", ["EXT_meshopt_compression", "KHR_meshopt_compression"])
def test_packed_animation_is_named_as_what_it_is(tmp_path, packing):
    views = [
        {"buffer": 0, "byteLength": 12},
        {"buffer": 1, "byteLength": 36, "extensions": {packing: {}}},
    ]
    line = refused(tmp_path, document(bufferViews=views))
    assert f"packed ({packing}) - Export it again without compression" in line


def test_one_channel_amiss_costs_itself_and_is_told(tmp_path):
    walk = animation("walk")
    walk["channels"].append({"sampler": 7, "target": {"node": 0, "path": "rotation"}})
    (clip,) = read(tmp_path, document(animations=[walk]))
    assert np.allclose(clip.positions[[30, 60], 0], [[1, 0, 0], [2, 0, 0]])
    assert clip.notes == ("1 of 2 channels are left out (list index out of range)",)


def test_nodes_may_share_a_name(tmp_path):
    nodes = [{"name": "a", "children": [1, 2]}, {"name": "a"}, {"name": "a.001"}]
    (clip,) = read(tmp_path, document(nodes=nodes))
    assert len(set(clip.names)) == 3 and clip.names[0] == "a"


def test_a_node_with_a_matrix_moves_by_its_keys_all_the_same(tmp_path):
    turned = [0, 0, -2, 0, 0, 2, 0, 0, 2, 0, 0, 0, 9, 9, 9, 1]  # by a quarter about Y, twice as large, elsewhere
    child = {"name": "Spine", "translation": [1, 0, 0]}
    (clip,) = read(tmp_path, document(nodes=[{"name": "Hips", "matrix": turned, "children": [1]}, child]))
    assert np.allclose(clip.positions[[0, 30, 60], 0], [[0, 0, 0], [1, 0, 0], [2, 0, 0]])
    assert np.allclose(clip.positions[:, 1] - clip.positions[:, 0], [0, 0, -2])


def test_a_step_is_taken_at_its_key_though_its_time_is_rounded(tmp_path):
    times = (np.arange(3) / np.float32(30)).astype("<f4") + np.float32([0, 2e-6, 2e-6])
    content = times.tobytes() + PLACES.tobytes()
    walk = animation("walk")
    walk["samplers"][0]["interpolation"] = "STEP"
    tree = document(animations=[walk], buffers=[{"byteLength": len(content), "uri": data_uri(content)}])
    (clip,) = read(tmp_path, tree)
    assert clip.fps == 30 and np.allclose(clip.positions[:, 0, 0], [0, 1, 2])


def test_a_packed_mesh_hinders_no_animation(tmp_path):
    tree = document(meshes=[{"primitives": [{"extensions": {"KHR_draco_mesh_compression": {"bufferView": 0}}}]}])
    tree["extensionsRequired"] = ["KHR_draco_mesh_compression"]
    tree["accessors"].append({"componentType": 5126, "count": 1000, "type": "VEC3"})
    assert len(read(tmp_path, tree)) == 1


def test_a_sparse_accessor_replaces_some_of_its_values(tmp_path):
    content = TIMES.tobytes() + PLACES.tobytes() + np.array([2], "<u2").tobytes() + b"\0\0"
    content += np.array([[5, 6, 7]], "<f4").tobytes()
    views = [*document()["bufferViews"], {"buffer": 0, "byteOffset": 48}, {"buffer": 0, "byteOffset": 52}]
    sparse = {"count": 1, "indices": {"bufferView": 2, "componentType": 5123}, "values": {"bufferView": 3}}
    for base, wanted in (({"bufferView": 1}, [1, 0, 0]), ({}, [0, 0, 0])):
        accessor = {"componentType": 5126, "count": 3, "type": "VEC3", "sparse": sparse, **base}
        tree = document(
            buffers=[{"byteLength": len(content), "uri": data_uri(content)}],
            bufferViews=views,
            accessors=[document()["accessors"][0], accessor],
        )
        (clip,) = read(tmp_path, tree)
        assert np.allclose(clip.positions[[30, 60], 0], [wanted, [5, 6, 7]])
    sparse["count"] = 4
    assert "replaces more values than there are" in refused(tmp_path, tree)


def test_one_animation_amiss_costs_itself_and_is_told(tmp_path):
    clips = read(tmp_path, document(animations=[animation("torn", 7, 8), animation("walk"), animation("back", 1, 0)]))
    assert [clip.name for clip in clips] == ["walk"]
    assert [note.split(" (")[0] for note in clips[0].notes] == [
        "the animation torn is left out",
        "the animation back is left out",
    ]


def test_names_that_are_no_text_can_be_written(tmp_path):
    tree = document(nodes=[{"name": "Hips\ud800"}], animations=[animation("walk\udfff"), animation(17)])
    clips = read(tmp_path, tree)
    assert [clip.name for clip in clips] == ["walk?", "17"] and clips[0].names == ("Hips?",)
    " ".join([clip.name for clip in clips]).encode("utf-8")


def test_keys_that_go_back_in_time_are_refused(tmp_path):
    content = np.array([0, 2, 1], "<f4").tobytes() + PLACES.tobytes()
    assert "times of its keys" in refused(tmp_path, document(buffers=[{"byteLength": 48, "uri": data_uri(content)}]))


def test_more_nodes_and_frames_than_memory_holds_are_refused(tmp_path):
    content = np.array([0, 1, 9000], "<f4").tobytes() + PLACES.tobytes()
    tree = document(
        buffers=[{"byteLength": 48, "uri": data_uri(content)}], nodes=[{"name": f"n{i}"} for i in range(900)]
    )
    assert "moves 900 nodes over 270001 frames" in refused(tmp_path, tree)
    assert "20,001 nodes" in refused(tmp_path, document(nodes=[{}] * 20_001))


def test_a_glb_cut_anywhere_is_one_line(tmp_path):
    body = json.dumps(document()).encode()
    body += b" " * (-len(body) % 4)
    whole = struct.pack("<4sIIII", b"glTF", 2, 20 + len(body), len(body), 0x4E4F534A) + body
    path = tmp_path / "a.glb"
    path.write_bytes(whole)
    assert len(read_gltf(path)) == 1
    for share in np.linspace(0, 0.99, 30):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match=r"a\.glb"):
            read_gltf(path)


def test_a_vrm_animation_says_which_of_its_nodes_is_which_bone(tmp_path):
    """Nodes without a meaning in their names, which the extension names: read as the .glb of the names."""
    joints = with_bone_lengths(walking(30, 1.2)).astype(np.float32)
    write(tmp_path / "walk.glb", joints)
    data = (tmp_path / "walk.glb").read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    tree, rest = json.loads(data[20 : 20 + length]), data[20 + length :]
    vrm = next(preset for preset in named_presets() if preset["label"] == "VRM and Unity humanoid names")
    named = {joint: names[0] for joint, names in vrm["limbs"].items()} | dict(
        zip(
            ("pelvis", "spine1", "spine2", "spine3", "neck", "head"),
            ("hips", *vrm["spine"], "neck", "head"),
            strict=True,
        )
    )
    bones = {}
    for index, node in enumerate(tree["nodes"]):
        if node.get("name") in named:
            bones[named[node["name"]]] = {"node": index}
        node["name"] = f"n{index}"
    tree["extensions"] = {"VRMC_vrm_animation": {"specVersion": "1.0", "humanoid": {"humanBones": bones}}}
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    made = struct.pack("<4sII", b"glTF", 2, 20 + len(text) + len(rest)) + struct.pack("<I4s", len(text), b"JSON")
    (tmp_path / "walk.vrma").write_bytes(made + text + rest)
    found = read_motion(check_readable(tmp_path / "walk.vrma"))
    assert found.shape == joints.shape and np.abs(found - read_motion(tmp_path / "walk.glb")).max() < 0.01
