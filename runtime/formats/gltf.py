"""glTF 2.0 animations (.glb, or .gltf with embedded or neighbouring buffers).

Every named animation is sampled at 30 frames per second; joints' world positions come from the node tree.
Interpolation (STEP, LINEAR with spherical interpolation of rotations, CUBICSPLINE) follows the glTF 2.0
specification, appendix C.
"""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError

from .clip import SourceClip, check_duration, torn_is_told

SAMPLE_FPS = 30.0
_DTYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclass(frozen=True)
class _Document:
    tree: dict
    buffers: list[bytes]

    def accessor(self, index: int) -> np.ndarray:
        """Return an accessor's values (count, width) as float64; normalised integers become fractions."""
        accessor = self.tree["accessors"][index]
        if "sparse" in accessor or "bufferView" not in accessor:
            raise ValueError("sparse accessors are not read")
        view = self.tree["bufferViews"][accessor["bufferView"]]
        dtype, width = np.dtype(_DTYPES[accessor["componentType"]]), _WIDTHS[accessor["type"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        stride = view.get("byteStride", dtype.itemsize * width)
        raw = np.ndarray(
            (accessor["count"], width), dtype, self.buffers[view["buffer"]], start, (stride, dtype.itemsize)
        )
        values = raw.astype(np.float64)
        if accessor.get("normalized"):
            values = np.maximum(values / np.iinfo(dtype).max, -1.0)
        return values


def _load(path: Path) -> _Document:
    data = path.read_bytes()
    embedded = b""
    if data[:4] == b"glTF":
        length = struct.unpack_from("<I", data, 12)[0]
        tree = json.loads(data[20 : 20 + length])
        if 20 + length < len(data):
            size = struct.unpack_from("<I", data, 20 + length)[0]
            embedded = data[28 + length : 28 + length + size]
    else:
        tree = json.loads(data)
    buffers = []
    for buffer in tree.get("buffers", []):
        uri = buffer.get("uri")
        if uri is None:
            content = embedded
        elif uri.startswith("data:"):
            content = base64.b64decode(uri.partition(",")[2])
        else:
            content = (path.parent / uri).read_bytes()
        if len(content) < buffer["byteLength"]:
            raise ValueError("a buffer is shorter than it says")
        buffers.append(content)
    return _Document(tree, buffers)


def _slerp(first: np.ndarray, second: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    dot = np.sum(first * second, axis=-1, keepdims=True)
    second = np.where(dot < 0, -second, second)
    angle = np.arccos(np.clip(np.abs(dot), 0.0, 1.0))
    sine = np.maximum(np.sin(angle), 1e-9)
    near = angle < 1e-4
    weight_a = np.where(near, 1 - fraction, np.sin((1 - fraction) * angle) / sine)
    weight_b = np.where(near, fraction, np.sin(fraction * angle) / sine)
    return weight_a * first + weight_b * second


def _sample(times: np.ndarray, values: np.ndarray, mode: str, at: np.ndarray, spherical: bool) -> np.ndarray:
    """Sample a key-framed channel ``values`` (keys, width) at the times ``at``: (len(at), width)."""
    if mode == "CUBICSPLINE":
        values = values.reshape(len(times), 3, -1)
    left = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 1)
    right = np.minimum(left + 1, len(times) - 1)
    span = times[right] - times[left]
    fraction = np.clip((at - times[left]) / np.where(span > 0, span, 1.0), 0.0, 1.0)[:, None]
    if mode == "STEP":
        return values[left]
    if mode == "LINEAR":
        if spherical:
            return _slerp(values[left], values[right], fraction)
        return values[left] * (1 - fraction) + values[right] * fraction
    t, t2, t3 = fraction, fraction**2, fraction**3
    return (
        (2 * t3 - 3 * t2 + 1) * values[left, 1]
        + span[:, None] * (t3 - 2 * t2 + t) * values[left, 2]
        + (-2 * t3 + 3 * t2) * values[right, 1]
        + span[:, None] * (t3 - t2) * values[right, 0]
    )


def _quaternion_matrices(quaternions: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) of quaternions (..., 4) in glTF's order (x, y, z, w); NaN of one without length."""
    with np.errstate(invalid="ignore"):
        x, y, z, w = np.moveaxis(quaternions / np.linalg.norm(quaternions, axis=-1, keepdims=True), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _world_positions(nodes: list[dict], order: list[int], parents: dict[int, int], tracks: dict) -> np.ndarray:
    """World positions (frames, nodes, 3) in tree order; ``tracks[node, path]`` holds sampled channels."""
    frames = max((len(track) for track in tracks.values()), default=1)
    world: dict[int, np.ndarray] = {}
    for node in order:
        entry = nodes[node]
        local = np.tile(np.eye(4), (frames, 1, 1))
        if "matrix" in entry:
            local[:] = np.array(entry["matrix"]).reshape(4, 4).T
        else:
            rotation = tracks.get((node, "rotation"), np.array([entry.get("rotation", (0, 0, 0, 1))], float))
            scale = tracks.get((node, "scale"), np.array([entry.get("scale", (1, 1, 1))], float))
            translation = tracks.get((node, "translation"), np.array([entry.get("translation", (0, 0, 0))], float))
            local[:, :3, :3] = _quaternion_matrices(rotation) * scale[:, None, :]
            local[:, :3, 3] = translation
        world[node] = world[parents[node]] @ local if parents[node] >= 0 else local
    return np.stack([world[node][:, :3, 3] for node in order], axis=1)


def _tree_order(nodes: list[dict]) -> tuple[list[int], dict[int, int]]:
    """Nodes, each after its parent, and the parent of each, -1 for a root. ValueError unless they form trees."""
    parents = dict.fromkeys(range(len(nodes)), -1)
    for index, node in enumerate(nodes):
        for child in node.get("children", ()):
            parents[child] = index
    order: list[int] = []
    pending = [index for index, parent in parents.items() if parent < 0]
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if node in seen:
            raise ValueError(f"node {node} is a child twice")
        seen.add(node)
        order.append(node)
        pending.extend(reversed(nodes[node].get("children", ())))
    if len(order) != len(nodes):
        raise ValueError("a node is below itself")
    return order, parents


def _tracks(path: Path, document: _Document, animation: dict, fps: float) -> dict:
    """Return the channels of an animation, sampled: (frames, width) by (node, "rotation" or the like).

    Raises DataError when it is too long.
    """
    channels = []
    for channel in animation["channels"]:
        part, node = channel["target"]["path"], channel["target"].get("node")
        if node is None or part == "weights":
            continue
        sampler = animation["samplers"][channel["sampler"]]
        times = document.accessor(sampler["input"])[:, 0]
        channels.append(
            (node, part, times, document.accessor(sampler["output"]), sampler.get("interpolation", "LINEAR"))
        )
    if not channels:
        return {}
    start = min(times[0] for _, _, times, _, _ in channels)
    end = max(times[-1] for _, _, times, _, _ in channels)
    check_duration(path, (end - start) * fps, fps)
    at = start + np.arange(round((end - start) * fps) + 1) / fps
    return {
        (node, part): _sample(times, values, mode, at, part == "rotation")
        for node, part, times, values, mode in channels
    }


@torn_is_told("is not a readable glTF file", "Export it again as .glb")
def read_gltf(path: str | Path, fps: float = SAMPLE_FPS) -> list[SourceClip]:
    """Read every animation of a glTF file as a clip of its node tree, metres, Y up. Raises DataError."""
    path = Path(path)
    document = _load(path)
    nodes = document.tree["nodes"]
    order, parents = _tree_order(nodes)
    names = tuple(nodes[node].get("name", f"node_{node}") for node in order)
    index = {node: place for place, node in enumerate(order)}
    tree = tuple(index[parents[node]] if parents[node] >= 0 else -1 for node in order)
    rest = _world_positions(nodes, order, parents, {})[0]
    clips = []
    for number, animation in enumerate(document.tree.get("animations", [])):
        tracks = _tracks(path, document, animation, fps)
        if tracks:
            positions = _world_positions(nodes, order, parents, tracks)
            clips.append(SourceClip(names, tree, positions, fps, animation.get("name", f"{number}"), rest))
    if not clips:
        raise DataError(f"{path} holds no animation", "Export it with its actions")
    return clips
