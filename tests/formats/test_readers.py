"""Readers against positions worked out by hand."""

import base64
import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.skeleton import JOINT_INDEX, rest_joints
from runtime.data.prepare import prepare
from runtime.data.sources import read_source, sources
from runtime.formats.acclaim import read_acclaim
from runtime.formats.bvh import read_bvh
from runtime.formats.bvh_write import write_bvh
from runtime.formats.gltf import read_gltf
from runtime.formats.npz import read_npz, write_npz
from runtime.formats.read import READERS
from tests.formats.skeletons import AMC, ASF, write_bvh_text, write_glb


@pytest.fixture
def acclaim(tmp_path):
    (tmp_path / "07.asf").write_text(ASF.format(length=0.45), encoding="latin-1")
    (tmp_path / "07_01.amc").write_text(AMC, encoding="latin-1")
    return tmp_path / "07_01.amc"


def test_acclaim_positions_and_units(acclaim):
    (clip,) = read_acclaim(acclaim)
    unit = 0.0254 / 0.45
    assert clip.names == ("root", "upper", "lower") and clip.parents == (-1, 0, 1) and clip.fps == 120
    # frame 0: the upper bone, pointing down, turned by +90 about Z points to +X; the lower one follows it
    assert np.allclose(clip.positions[0] / unit, [[0, 10, 0], [2, 10, 0], [3, 10, 0]], atol=1e-9)
    # frame 1: turned by +90 about X it points to -Z; the lower bone's own X axis is its axis frame's, Ry(90) X = -Z,
    # so its +90 turns -Y to +Y x ... : about -Z by 90 a bone along -Y goes to -X, unchanged by the parent's turn
    assert np.allclose(clip.positions[1] / unit, [[1, 10, 0], [1, 10, -2], [0, 10, -2]], atol=1e-9)
    assert np.allclose(clip.rest / unit, [[0, 0, 0], [0, -2, 0], [0, -3, 0]], atol=1e-9)


def test_acclaim_without_skeleton(tmp_path):
    (tmp_path / "x.amc").write_text(AMC, encoding="latin-1")
    with pytest.raises(DataError, match="asf"):
        read_acclaim(tmp_path / "x.amc")


def test_torn_amc(acclaim):
    acclaim.write_text(AMC[:-12], encoding="latin-1")
    with pytest.raises(DataError, match="torn"):
        read_acclaim(acclaim)


def test_bvh_applies_rotations_in_the_order_written(tmp_path):
    # R = Rz(90) Rx(90): Y goes to Z by Rx, and Z stays by Rz
    zxy = read_bvh(write_bvh_text(tmp_path / "a.bvh", "ZXY", "ZXY", ["1 2 3 90 90 0 0 0 0"]))[0]
    assert np.allclose(zxy.positions[0], [[1, 2, 3], [1, 2, 5], [1, 2, 6]], atol=1e-9)
    # R = Rx(90) Rz(90): Y goes to -X by Rz, and -X stays by Rx
    xzy = read_bvh(write_bvh_text(tmp_path / "b.bvh", "XZY", "ZXY", ["1 2 3 90 90 0 0 0 0"]))[0]
    assert np.allclose(xzy.positions[0], [[1, 2, 3], [-1, 2, 3], [-2, 2, 3]], atol=1e-9)
    assert zxy.names == ("base", "arm", "arm_end") and zxy.fps == 120


def test_bvh_child_turns_in_its_parents_frame(tmp_path):
    # parent about Z by 90: the arm lies along -X; the arm's own turn about X by 90 swings its end to +Z
    clip = read_bvh(write_bvh_text(tmp_path / "c.bvh", "ZXY", "XYZ", ["0 0 0 90 0 0 90 0 0"]), unit=0.01)[0]
    assert np.allclose(clip.positions[0] * 100, [[0, 0, 0], [-2, 0, 0], [-2, 0, 1]], atol=1e-9)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("0 0 0 90", "0 0 nan 90").replace("0 0 0 80", "0 0 inf 80"),
        lambda text: text.replace(" 90 ", " ").replace(" 80 ", " "),
        lambda text: text.replace("OFFSET 0 2 0", "OFFSET 0 two 0"),
        lambda text: text.split("MOTION")[0],
        lambda text: "not a motion",
    ],
)
def test_damaged_bvh_is_one_clear_line(tmp_path, damage):
    path = write_bvh_text(tmp_path / "d.bvh", "ZXY", "ZXY", ["0 0 0 90 0 0 0 0 0", "0 0 0 80 0 0 0 0 0"])
    path.write_text(damage(path.read_text()))
    with pytest.raises(DataError) as raised:
        read_bvh(path)
    assert "d.bvh" in str(raised.value) and "\n" not in str(raised.value) and raised.value.hint


@pytest.mark.parametrize(("mode", "halfway"), [("LINEAR", 0.5), ("STEP", 0.0), ("CUBICSPLINE", 0.5)])
def test_glb_world_positions(tmp_path, mode, halfway):
    (clip,) = read_gltf(write_glb(tmp_path / "turn.glb", mode))
    assert clip.name == "Turn" and clip.names == ("root", "tip") and len(clip.positions) == 31
    # halfway the root is turned by 45 degrees about Z: the tip lies up and to -X
    tip = np.array([halfway, 0, 0]) + np.array([-1, 1, 0]) * np.sqrt(0.5)
    assert np.allclose(clip.positions[15], [[halfway, 0, 0], tip], atol=1e-6)
    assert np.allclose(clip.positions[30, 1], [0, 0, 0], atol=1e-6)
    quarter = {"LINEAR": 0.2, "STEP": 0.0, "CUBICSPLINE": 3 * 0.2**2 - 2 * 0.2**3}[mode]
    assert np.allclose(clip.positions[6, 0, 0], quarter, atol=1e-6)


def test_torn_glb(tmp_path):
    path = write_glb(tmp_path / "torn.glb")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"torn\.glb"):
        read_gltf(path)


def test_npz_round_trip_and_refusals(tmp_path):
    joints = np.random.default_rng(0).normal(size=(7, 22, 3)).astype(np.float32)
    write_npz(tmp_path / "a.npz", joints, 30)
    (clip,) = read_npz(tmp_path / "a.npz")
    assert clip.fps == 30 and np.array_equal(clip.positions.astype(np.float32), joints)
    for bad in (joints[:, :21], joints[0], np.full_like(joints, np.nan)):
        np.savez(tmp_path / "bad.npz", joints=bad, fps=20)
        with pytest.raises(DataError, match=r"bad\.npz"):
            read_npz(tmp_path / "bad.npz")
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(DataError, match=r"torn\.npz"):
        read_npz(tmp_path / "torn.npz")


def test_a_floor_seen_by_a_camera_that_looks_down_is_level_afterwards():
    """By trigonometry: a camera 2 m above a floor and turned 12 degrees down sees it rise by tan 12 a metre away."""
    from runtime.formats.kinect import levelled

    away = np.linspace(1.0, 4.0, 5)
    floor = np.stack([np.zeros(5), away * np.tan(np.radians(12)) - 2.0 / np.cos(np.radians(12)), away], axis=-1)
    level = levelled(floor, 12.0)
    assert np.allclose(level[:, 1], -2.0)
    assert np.allclose(np.diff(level[:, 2]), np.diff(away) / np.cos(np.radians(12)))


def test_ucla_walks_at_a_walking_pace_and_names_its_view(tmp_path):
    from runtime.formats.kinect import SDK_JOINTS, read_nw_ucla

    steps = [[[0.063 * frame, 1.0, 3.0 + k / 10] for k in range(len(SDK_JOINTS))] for frame in range(24)]
    (tmp_path / "a04_s01_e00_v02.json").write_text(json.dumps({"skeletons": steps}))
    (clip,) = read_nw_ucla(tmp_path / "a04_s01_e00_v02.json")
    assert 0.5 < np.ptp(clip.positions[:, 0, 0]) * clip.fps / 23 < 1.5, "metres a second"
    (tmp_path / "a04_s01_e00_v09.json").write_text(json.dumps({"skeletons": steps}))
    with pytest.raises(DataError, match="names no camera view"):
        read_nw_ucla(tmp_path / "a04_s01_e00_v09.json")


def test_kinect_orders_name_the_same_body(tmp_path):
    from runtime.formats.kinect import MSR_JOINTS, SDK_JOINTS, read_msr_action3d, read_nw_ucla

    place = {name: [float(k), k / 2 + 1, 2.0] for k, name in enumerate(SDK_JOINTS)}
    rows = "\n".join(f"{x} {y} {z} 1.0" for _ in range(6) for x, y, z in (place[name] for name in MSR_JOINTS))
    (tmp_path / "a13_s02_e01_skeleton3D.txt").write_text(rows)
    lost = [[0.0, 0.0, 0.0]] * 20
    frames = [[place[name] for name in SDK_JOINTS]] * 3
    (tmp_path / "a05_s02_e01_v01.json").write_text(json.dumps({"skeletons": [*frames, lost, *frames]}))
    (msr,) = read_msr_action3d(tmp_path / "a13_s02_e01_skeleton3D.txt")
    (ucla,) = read_nw_ucla(tmp_path / "a05_s02_e01_v01.json")
    assert msr.name == "bend" and ucla.name == "sit down" and msr.names == ucla.names
    legs = [(name, name.replace("knee", "ankle")) for name in ("left_knee", "right_knee")]
    for clip in (msr, ucla):
        at = {name: clip.positions[0, clip.names.index(name)] for name in SDK_JOINTS}
        lengths = [np.linalg.norm(at[one] - at[other]) for one, other in legs]
        assert np.allclose(lengths, [np.linalg.norm(np.subtract(place[one], place[other])) for one, other in legs])
    assert np.allclose(ucla.positions[3], ucla.positions[2]), "a lost frame is interpolated"


@pytest.fixture
def kinect(tmp_path):
    """A file of each Kinect set, a person who stands for 16 frames: {set: path}."""
    import scipy.io

    from runtime.formats.kinect import MSR_JOINTS, SDK_JOINTS, UTD_JOINTS

    ours = {"hip_center": "pelvis", "spine": "spine2", "shoulder_center": "neck"}
    ours |= {f"{side}_hand": f"{side}_wrist" for side in ("left", "right")}
    at = {name: rest_joints()[JOINT_INDEX[ours.get(name, name)]] + [0, 0, 2] for name in SDK_JOINTS}
    at |= {f"{side}_hand": at[f"{side}_wrist"] + [0, -0.08, 0] for side in ("left", "right")}
    names = {
        "utd_mhad": "a1_s1_t1_skeleton.mat", "nw_ucla": "a04_s01_e00_v02.json",
        "msr_action3d": "a13_s02_e01_skeleton3D.txt", "utkinect": "joints_s01_e01.txt",
    }  # fmt: skip
    paths = {name: tmp_path / "data" / name / file for name, file in names.items()}
    for path in paths.values():
        path.parent.mkdir(parents=True)
    utd = np.array([[at[name] for name in UTD_JOINTS]] * 16).transpose(1, 2, 0)
    scipy.io.savemat(paths["utd_mhad"], {"d_skel": utd}, do_compression=True)
    paths["nw_ucla"].write_text(json.dumps({"skeletons": [[list(at[name]) for name in SDK_JOINTS]] * 16}))
    paths["msr_action3d"].write_text("".join(f"{x} {y} {z} 1\n" for x, y, z in (at[n] for n in MSR_JOINTS)) * 16)
    row = " ".join(str(value) for name in SDK_JOINTS for value in at[name])
    paths["utkinect"].write_text("\n".join(f"{frame} {row}" for frame in range(1, 17)))
    paths["utkinect"].with_name("actionLabel.txt").write_text("s01_e01\nwalk: 1 16\ncarry: NaN NaN\n")
    return paths


def told_of(name, path) -> str:
    """The complaint of a set's reader about a file."""
    with pytest.raises(DataError) as raised:
        read_source(sources()[name], path)
    line = str(raised.value)
    assert "\n" not in line and len(line) < len(str(path)) + 250 and raised.value.hint, line
    return line


def test_kinect_files_that_are_cut_anywhere_or_changed_at_random_are_read_or_told(kinect):
    random = np.random.default_rng(0)
    for name, path in kinect.items():
        assert len(read_source(sources()[name], path)[0].positions) == 16
        whole, failed = path.read_bytes(), 0
        for number in range(200):
            data = bytearray(whole[: number * len(whole) // 100] if number < 100 else whole)
            for place in random.integers(0, len(data), 4) if number >= 100 else ():
                data[place] = random.integers(0, 256)
            path.write_bytes(data)
            try:
                read_source(sources()[name], path)
            except DataError as error:
                assert "\n" not in str(error) and error.hint and path.name in str(error)
                failed += 1
        assert failed > 50, name


def test_a_kinect_file_that_says_nonsense_is_told_what(kinect):
    kinect["nw_ucla"].write_text("[" * 90000)  # deeper than Python recurses
    assert "is no Northwestern-UCLA skeleton" in told_of("nw_ucla", kinect["nw_ucla"])
    kinect["msr_action3d"].write_text("1 2 three 4")
    assert "is no MSR-Action3D skeleton" in told_of("msr_action3d", kinect["msr_action3d"])
    labels = kinect["utkinect"].with_name("actionLabel.txt")
    labels.write_text("s01_e01\nwalk: 5 xx\n")
    assert "ends walk of s01_e01 at 'xx'" in told_of("utkinect", kinect["utkinect"])
    rows = kinect["utkinect"].read_text().splitlines()
    kinect["utkinect"].write_text("\n".join([*rows[:-1], rows[-1].replace("16 ", "1e12 ", 1)]))
    labels.write_text(f"s01_e01\nwalk: 1 {10**13}\n")
    assert "hours" in told_of("utkinect", kinect["utkinect"])


def test_damaged_kinect_files_are_left_out_and_the_others_are_prepared(kinect, tmp_path):
    for path in kinect.values():
        torn = path.with_name(path.name.replace("s01", "s03").replace("s02", "s03").replace("s1", "s3"))
        torn.write_bytes(path.read_bytes()[:150])
    kinect["nw_ucla"].with_name("a04_s04_e00_v02.json").write_text("[" * 90000)
    records = prepare(tmp_path / "data", tmp_path / "out", captions=False)
    assert sorted(record["file"] for record in records) == sorted(path.name for path in kinect.values())
    left_out = json.loads((tmp_path / "out" / "report.json").read_text())["left_out"]
    assert sorted(entry["file"] for entry in left_out) == [
        "a04_s03_e00_v02.json", "a04_s04_e00_v02.json", "a13_s03_e01_skeleton3D.txt", "a1_s3_t1_skeleton.mat",
        "joints_s03_e01.txt",
    ]  # fmt: skip


def told(path) -> str:
    """The complaint about a file, which is one short line that names it."""
    with pytest.raises(DataError) as raised:
        READERS[path.suffix](path)
    line = str(raised.value)
    assert path.name in line and "\n" not in line and len(line) < len(str(path)) + 250 and raised.value.hint, line
    return line


@pytest.mark.parametrize(
    ("part", "bytes_"),
    [
        (b"\x93NUMPY", b"\x93NUMPZ"),
        (b"'shape': (", b"'shape': {"),  # tokenize.TokenError of numpy's header
        (b"PK\x01\x02-\x03-\x00", b"PK\x01\x02-\x03\xbd\x00"),  # a zip of version 18.9
        (b"PK\x01\x02-\x03-\x00\x00", b"PK\x01\x02-\x03-\x00\x20"),  # patched data, which zipfile does not do
    ],
)
def test_a_damaged_archive_is_one_clear_line(tmp_path, part, bytes_):
    path = tmp_path / "e.npz"
    np.savez(path, joints=np.zeros((20, 22, 3), np.float32), fps=np.float32(20))
    data = path.read_bytes()
    assert part in data, "the damage would not be done"
    path.write_bytes(data.replace(part, bytes_))
    assert "is not a motion archive" in told(path)


def test_an_archive_whose_compressed_bytes_are_damaged_is_one_clear_line(tmp_path):
    path = tmp_path / "f.npz"
    write_npz(path, np.random.default_rng(0).normal(size=(40, 22, 3)))
    data = path.read_bytes()
    for place in range(60, len(data) - 400, 97):
        path.write_bytes(data[:place] + b"\xff\xff\xff\xff" + data[place + 4 :])
        told(path)


@pytest.mark.parametrize(
    "text", ["[]", "3", "null", '{"nodes": [3]}', '{"nodes": 5}', '{"animations": []}', "[" * 9000]
)
def test_json_that_is_no_gltf_is_one_clear_line(tmp_path, text):
    (tmp_path / "g.gltf").write_text(text)
    assert "is not a readable glTF file" in told(tmp_path / "g.gltf")


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("Zrotation", "Wrotation", "not a whole BVH file"),
        ("Frame Time: 0.0083333", "Frame Time: 0", "states 0 seconds a frame"),
        ("Frame Time: 0.0083333", "Frame Time: soon", "states no time a frame"),
        ("Frame Time: 0.0083333", "Frame Time: -1", "states -1 seconds a frame"),
        ("HIERARCHY\nROOT", "", "lacks HIERARCHY"),
        ("MOTION", "", "lacks HIERARCHY or MOTION"),
    ],
)
def test_a_bvh_that_says_nonsense_is_told_what(tmp_path, before, after, reason):
    path = write_bvh_text(tmp_path / "h.bvh", "ZXY", "ZXY", ["0 0 0 90 0 0 0 0 0", "0 0 0 80 0 0 0 0 0"])
    text = path.read_text()
    before = next(line for line in text.splitlines() if "Frame Time" in line) if "Frame Time" in before else before
    assert before in text
    path.write_text(text.replace(before, after, 1))
    assert reason in told(path)


def write_header_of(path, frames: int, **others) -> None:
    """A small .npz whose header says that ``joints`` holds ``frames`` frames."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (frames, 22, 3)})
    np.savez(path, **others)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("joints.npy", header.getvalue() + bytes(264))


def write_keys(path, last: float, nodes: list[dict]) -> None:
    """A .gltf of ``nodes`` whose node 0 slides along X from 0 to ``last`` seconds."""
    content = struct.pack("<8f", 0, last, 0, 0, 0, 1, 0, 0)
    tree = {
        "nodes": nodes,
        "buffers": [{"byteLength": 32, "uri": "data:;base64," + base64.b64encode(content).decode()}],
        "bufferViews": [{"buffer": 0, "byteOffset": start, "byteLength": 8 + 2 * start} for start in (0, 8)],
        "accessors": [
            {"bufferView": view, "componentType": 5126, "count": 2, "type": kind}
            for view, kind in enumerate(("SCALAR", "VEC3"))
        ],
        "animations": [
            {
                "channels": [{"sampler": 0, "target": {"node": 0, "path": "translation"}}],
                "samplers": [{"input": 0, "output": 1}],
            }
        ],
    }
    path.write_text(json.dumps(tree))


def test_sizes_that_no_memory_holds_are_told_before_any_is_taken(tmp_path, monkeypatch):
    write_header_of(tmp_path / "long.npz", 10**11, fps=np.float32(20))
    assert "lasts 1.39e+06 hours" in told(tmp_path / "long.npz")
    write_header_of(tmp_path / "many.npz", 10**7, fps=np.float32(8000))  # 21 minutes
    assert "has 10,000,000 frames - Cut it" in told(tmp_path / "many.npz")
    write_header_of(tmp_path / "fast.npz", 400_000, fps=np.float32(8000))  # of which the bytes are missing
    assert "is not a motion archive" in told(tmp_path / "fast.npz")
    write_keys(tmp_path / "late.gltf", 1e9, [{}])
    assert "lasts 2.78e+05 hours" in told(tmp_path / "late.gltf")
    write_keys(tmp_path / "soon.gltf", 2.0, [{}])
    assert len(read_gltf(tmp_path / "soon.gltf")[0].positions) == 61

    def full(*_):
        raise MemoryError("Unable to allocate 2 TiB")

    monkeypatch.setattr("runtime.formats.npz.snap_fps", full)
    write_npz(tmp_path / "big.npz", np.zeros((20, 22, 3)))
    assert "Unable to allocate 2 TiB" in told(tmp_path / "big.npz")


@pytest.mark.parametrize("fps", [1e-7, 0.5, 0.0, -20.0, np.nan, np.inf, 1e6])
def test_an_archive_of_no_frame_rate_is_told(tmp_path, fps):
    np.savez(tmp_path / "slow.npz", joints=np.zeros((20, 22, 3), np.float32), fps=np.float64(fps))
    line = told(tmp_path / "slow.npz")
    assert f"states {fps:g} frames per second" in line and "1 to 8000" in line


@pytest.mark.parametrize("seconds", ["33.3333", "1e6", "1e300", "1e-300", "1e-320"])
def test_a_frame_time_in_milliseconds_is_asked_about(tmp_path, seconds):
    path = write_bvh_text(tmp_path / "ms.bvh", "ZXY", "ZXY", ["0 0 0 90 0 0 0 0 0", "0 0 0 80 0 0 0 0 0"])
    path.write_text(path.read_text().replace("Frame Time: 0.0083333", f"Frame Time: {seconds}"))
    line = told(path)
    assert "Frame Time" in line and ("is it milliseconds?" in line) == (float(seconds) > 1)


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([{"children": [0]}], "below itself"),
        ([{"children": [1]}, {"children": [0]}], "below itself"),
        ([{}, {"children": [2]}, {"children": [1]}], "below itself"),
        ([{"children": [1]}, {"children": [1]}], "child twice"),  # the one that is reached for ever
        ([{"children": [1]}, {"children": [2]}, {"children": [1]}], "child twice"),
        ([{"children": [1, 1]}, {}], "child twice"),
    ],
)
def test_nodes_that_are_no_tree_are_told(tmp_path, nodes, reason):
    write_keys(tmp_path / "ring.gltf", 1.0, nodes)
    assert reason in told(tmp_path / "ring.gltf")


def test_files_of_bytes_that_changed_at_random_are_read_or_told(acclaim, tmp_path):
    """Every reader, a thousand damaged files."""
    random = np.random.default_rng(0)
    write_npz(tmp_path / "i.npz", random.normal(size=(16, 22, 3)))
    write_bvh_text(tmp_path / "i.bvh", "ZXY", "ZXY", ["0 0 0 90 0 0 0 0 0", "0 0 0 80 0 0 0 0 0"])
    write_glb(tmp_path / "i.glb")
    for source in (tmp_path / "i.npz", tmp_path / "i.bvh", tmp_path / "i.glb", acclaim):
        whole, path, failed = source.read_bytes(), source.with_name(f"{source.stem}_x{source.suffix}"), 0
        for _ in range(250):
            data = bytearray(whole)
            for place in random.integers(0, len(data), random.integers(1, 6)):
                data[place] = random.integers(0, 256)
            path.write_bytes(data)
            try:
                READERS[path.suffix](path)
            except DataError:
                failed += 1
        assert failed > 25, source


@pytest.mark.parametrize("suffix", [".bvh", ".npz"])
def test_on_a_full_disk_nothing_is_left_and_what_was_there_stays(tmp_path, suffix, monkeypatch):
    path, write = tmp_path / f"a{suffix}", write_bvh if suffix == ".bvh" else write_npz
    write(path, np.repeat(rest_joints()[None], 3, axis=0))
    before = path.read_bytes()

    def full(self, data, *_, **options):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    monkeypatch.setattr(np, "savez_compressed", lambda path, **arrays: full(path, arrays))
    with pytest.raises(InputError, match="No space left on device - Choose a folder with room"):
        write(path, np.zeros((5, 22, 3)) + rest_joints())
    assert [found.name for found in tmp_path.iterdir()] == [path.name] and path.read_bytes() == before
