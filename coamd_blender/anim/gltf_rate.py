"""The frame rate of a glTF file: Blender turns its seconds into frames of the scene's rate, whatever that is."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path

import numpy as np

from ..motion.key_times import even_rate

_FLOATS = 5126
_MOST_BYTES = 400_000_000
# What torn files raise: they have no rate here, and the importer says what is wrong with them.
_TORN = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError, struct.error)


def gltf_rate(path: Path) -> float | None:
    """Return the keys a second of a .glb or .gltf, the same in all its animations; None where it does not tell one."""
    try:
        tree, embedded = _parts(path)
        inputs = {
            sampler["input"] for animation in tree.get("animations", ()) for sampler in animation.get("samplers", ())
        }
        buffers = {}
        return even_rate([_times(path, tree, number, embedded, buffers) for number in inputs])
    except _TORN:
        return None


def _parts(path: Path) -> tuple[dict, bytes]:
    """Return the JSON of a file and, of a .glb, its buffer."""
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError("too large")
    content = path.read_bytes()
    if content[:4] != b"glTF":
        return json.loads(content), b""
    (length,) = struct.unpack_from("<I", content, 12)
    return json.loads(content[20 : 20 + length]), content[28 + length :]


def _times(path: Path, tree: dict, number: int, embedded: bytes, buffers: dict[int, bytes]) -> np.ndarray:
    """Return the numbers (keys,) of an accessor; ValueError for one that is not as exporters write times."""
    accessor = tree["accessors"][number]
    if accessor["componentType"] != _FLOATS or accessor["type"] != "SCALAR" or "sparse" in accessor:
        raise ValueError("not plain times")
    view = tree["bufferViews"][accessor["bufferView"]]
    if view["buffer"] not in buffers:
        buffers[view["buffer"]] = _buffer(path, tree["buffers"][view["buffer"]].get("uri"), embedded)
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    return np.frombuffer(buffers[view["buffer"]], "<f4", accessor["count"], start).astype(float)


def _buffer(path: Path, uri: str | None, embedded: bytes) -> bytes:
    if uri is None:
        return embedded
    if uri.startswith("data:"):
        return base64.b64decode(uri.partition(",")[2])
    beside = (path.parent / uri).resolve()
    if beside.parent != path.parent.resolve() or beside.stat().st_size > _MOST_BYTES:
        raise ValueError("not beside it")
    return beside.read_bytes()
