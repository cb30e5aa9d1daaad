"""glTF 2.0 animations (.glb, or .gltf with embedded or neighbouring buffers).

Every animation is sampled at the rate of its keys where they lie evenly, 15 a second or more, and else at 30 frames
per second; joints' world positions come from the node tree.
Interpolation (STEP, LINEAR with spherical interpolation of rotations, CUBICSPLINE) follows the glTF 2.0
specification, appendix C.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.key_times import even_rate

from .clip import TORN, SourceClip, check_duration, reason, torn_is_told
from .gltf_document import Document, load

SAMPLE_FPS = 30.0  # where keys do not say the rate
MOST_NODES = 20_000
_PARTS = {"translation": 3, "rotation": 4, "scale": 3}
_MOST_PLACES = 20_000_000  # nodes times frames
_ROUNDED = 1e-4  # seconds by which a time may be rounded
_PIECE = 400_000  # nodes times frames whose matrices are in memory at once


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
    if mode == "STEP":  # sampled at a key is that key, though its time was rounded up
        return values[np.clip(np.searchsorted(times, at + _ROUNDED, side="right") - 1, 0, len(times) - 1)]
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
    step = max(1, _PIECE // max(1, len(order)))
    return np.concatenate(
        [
            _positions_of(
                nodes, order, parents, {key: track[start : start + step] for key, track in tracks.items()},
                min(step, frames - start),
            )
            for start in range(0, frames, step)
        ]
    )  # fmt: skip


def _positions_of(
    nodes: list[dict], order: list[int], parents: dict[int, int], tracks: dict, frames: int
) -> np.ndarray:
    """Do what :func:`_world_positions` does, for as many ``frames`` as fit into memory."""
    world: dict[int, np.ndarray] = {}
    keyed = {node for node, _ in tracks}
    for node in order:
        entry = _parts_of(nodes[node]) if node in keyed else nodes[node]
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


def _parts_of(entry: dict) -> dict:
    """Return a node's translation, rotation and scale, also where it has a matrix, as nodes with keys may not have."""
    if "matrix" not in entry:
        return entry
    from scipy.spatial.transform import Rotation

    matrix = np.array(entry["matrix"], float).reshape(4, 4).T
    scale = np.linalg.norm(matrix[:3, :3], axis=0)
    scale[0] *= np.sign(np.linalg.det(matrix[:3, :3]))
    turn = Rotation.from_matrix(matrix[:3, :3] / scale).as_quat()
    return {"translation": matrix[:3, 3].tolist(), "rotation": turn.tolist(), "scale": scale.tolist()}


def _tree_order(nodes: list[dict]) -> tuple[list[int], dict[int, int]]:
    """Nodes, each after its parent, and the parent of each, -1 for a root. ValueError unless they form trees."""
    parents = dict.fromkeys(range(len(nodes)), -1)
    for index, node in enumerate(nodes):
        for child in node.get("children", ()):
            parents[child] = index
    order: list[int] = []
    pending = [index for index, parent in parents.items() if parent < 0][::-1]
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


Channel = tuple[int, str, np.ndarray, np.ndarray, str]  # node, part, key times (keys,), values, interpolation


def _channels(document: Document, animation: dict) -> tuple[list[Channel], str]:
    """Return the channels that move nodes, and a line on those that are not whole, which are left out; "" without any.

    Raises what reading the first of them did where none is whole.
    """
    found, failed = [], []
    for channel in animation["channels"]:
        part, node = channel["target"]["path"], channel["target"].get("node")
        if node is None or part not in _PARTS:
            continue
        try:
            keys = _keys(document, animation["samplers"][channel["sampler"]], part)
        except (DataError, *TORN) as error:
            failed.append(error)
            continue
        if keys is not None:
            found.append((node, part, *keys))
    if failed and not found:
        raise failed[0]
    told = f"{len(failed)} of {len(failed) + len(found)} channels are left out ({reason(failed[0])})" if failed else ""
    return found, told


def _keys(document: Document, sampler: dict, part: str) -> tuple[np.ndarray, np.ndarray, str] | None:
    """Return key times (keys,), values and interpolation of a channel; None without keys. Raises ValueError."""
    times, values = document.accessor(sampler["input"])[:, 0], document.accessor(sampler["output"])
    if not len(times):
        return None
    if not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise ValueError("the times of its keys are no times that follow on each other")
    mode = sampler.get("interpolation", "LINEAR")
    if len(values) != len(times) * (3 if mode == "CUBICSPLINE" else 1) or values.shape[1] != _PARTS[part]:
        raise ValueError(f"a channel has {len(times)} keys and {len(values)} values")
    return times, values, mode


def _tracks(
    path: Path, document: Document, animation: dict, nodes: int, fps: float | None
) -> tuple[dict, float, tuple[str, ...]]:
    """Return the channels of an animation, sampled: (frames, width) by (node, "rotation" or the like); the rate, frames
    a second; and what was amiss.

    ``fps`` is the rate to sample at, None for that of the keys. Raises DataError when it is too long.
    """
    channels, told = _channels(document, animation)
    if not channels:
        return {}, SAMPLE_FPS, ()
    start = min(times[0] for _, _, times, _, _ in channels)
    end = max(times[-1] for _, _, times, _, _ in channels)
    fps = fps or even_rate([times for _, _, times, _, _ in channels]) or SAMPLE_FPS
    check_duration(path, (end - start) * fps, fps)
    frames = round((end - start) * fps) + 1
    if frames * nodes > _MOST_PLACES:
        told = f"{path} moves {nodes} nodes over {frames} frames"
        raise DataError(told, "Export the armature alone, or shorter clips")
    at = start + np.arange(frames) / fps
    tracks = {
        (node, part): _sample(times, values, mode, at, part == "rotation")
        for node, part, times, values, mode in channels
    }
    return tracks, fps, (told,) if told else ()


@torn_is_told("is not a readable glTF file", "Export it again as .glb")
def read_gltf(path: str | Path, fps: float | None = None) -> list[SourceClip]:
    """Read every animation of a glTF file as a clip of its node tree, metres, Y up, ``fps`` frames a second or as many
    as it has keys. Raises DataError.

    Of several animations those that cannot be read are left out, and told in the notes of the others.
    """
    path = Path(path)
    document = load(path)
    nodes = document.tree["nodes"]
    if len(nodes) > MOST_NODES:
        raise DataError(f"{path} has {len(nodes):,} nodes", "Export the armature alone")
    order, parents = _tree_order(nodes)
    meant = _humanoid(document.tree)
    names = _each_once(_text(meant.get(node) or nodes[node].get("name", f"node_{node}")) for node in order)
    index = {node: place for place, node in enumerate(order)}
    tree = tuple(index[parents[node]] if parents[node] >= 0 else -1 for node in order)
    rest = _world_positions(nodes, order, parents, {})[0]
    clips, failed = [], []
    for number, animation in enumerate(document.tree.get("animations", [])):
        name = _text(animation.get("name", f"{number}"))
        try:
            tracks, rate, told = _tracks(path, document, animation, len(nodes), fps)
            if tracks:
                positions = _world_positions(nodes, order, parents, tracks)
                keyed = frozenset(names[index[node]] for node, _ in tracks)
                clips.append(SourceClip(names, tree, positions, rate, name, rest, told, up="y", keyed=keyed))
        except (DataError, *TORN) as error:
            failed.append((name, error))
    if failed and not clips:
        raise failed[0][1]
    if not clips:
        raise DataError(f"{path} holds no animation", "Export it with its actions")
    notes = tuple(f"the animation {name} is left out ({reason(error)})" for name, error in failed)
    return [replace(clip, notes=(*notes, *clip.notes)) for clip in clips]


def _humanoid(tree: dict) -> dict[int, str]:
    """Return node to the VRM humanoid's bone that it is, where a VRM animation (.vrma), whose nodes may be called
    anything, says so."""
    bones = tree.get("extensions", {}).get("VRMC_vrm_animation", {}).get("humanoid", {}).get("humanBones", {})
    return {entry["node"]: str(bone) for bone, entry in bones.items()}


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names, with a number where one has been before: glTF lets nodes share theirs."""
    found: dict[str, None] = {}
    seen: Counter[str] = Counter()
    for name in names:
        free = name
        while free in found:
            seen[name] += 1
            free = f"{name}.{seen[name]:03d}"
        found[free] = None
    return tuple(found)


def _text(name: object) -> str:
    """Return a name as text that can be written: JSON may hold halves of letters."""
    return str(name).encode("utf-8", "replace").decode("utf-8")
