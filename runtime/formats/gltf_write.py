"""Write canonical motions as .glb: the 22 joints as a skin's skeleton, a plain body of octahedra, one animation.

After the glTF 2.0 specification: Y up, metres, right-handed, facing +Z, as the joints are already. A skin and a mesh
are there because importers take nodes for bones only where a skin says so.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion import rotations as rot
from coamd_blender.motion.skeleton import FPS, JOINT_COUNT, JOINT_NAMES, PARENTS, STANDING_HEIGHT

from .clip import FASTEST_FPS, SLOWEST_FPS, write_whole
from .fitted import CHILDREN, TIPS, Fitted, fit_skeleton

_FLOAT, _BYTE = 5126, 5121
_TYPES = {1: "SCALAR", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_VERTICES = 34962  # the target of a buffer view: ARRAY_BUFFER
_THICK = 0.12  # of an octahedron's length, how far its belly is from its axis; and at which part of its length
_THINNEST = 0.015  # metres: no bone's octahedron is thinner


def write_glb(path: str | Path, joints: np.ndarray, fps: float = FPS, name: str | None = None) -> None:
    """Write ``joints`` (frames, 22, 3), metres, Y up, as a .glb with a key a frame at ``fps``.

    ``name`` is the animation's, the file's stem without. Places come back from the file to 32-bit floats. The file is
    written whole or not at all. Raises DataError for joints or a rate that cannot be written, and InputError where the
    file cannot be.
    """
    path = Path(path)
    if not SLOWEST_FPS <= fps <= FASTEST_FPS:
        raise DataError(f"{fps:g} is not a rate of motion", f"Give {SLOWEST_FPS:g} to {FASTEST_FPS:g} frames a second")
    fitted = fit_skeleton(joints)
    content = _Content()
    tree = {
        "asset": {"version": "2.0", "generator": "CoAMD"},
        "scene": 0,
        "scenes": [{"nodes": [0, JOINT_COUNT]}],
        "nodes": [*_joint_nodes(fitted), {"name": "body", "mesh": 0, "skin": 0}],
        "skins": [_skin(fitted, content)],
        "meshes": [{"name": "body", "primitives": [{"attributes": _body(fitted, content)}]}],
        "animations": [_animation(fitted, fps, name or path.stem, content)],
    }
    glb = content.packed(tree)
    write_whole(path, lambda unfinished: unfinished.write_bytes(glb))


class _Content:
    """The arrays of a file: one after the other in its only buffer, each with an accessor."""

    def __init__(self):
        self.views: list[dict] = []
        self.accessors: list[dict] = []
        self.parts: list[bytes] = []
        self.size = 0

    def add(self, values: np.ndarray, *, target: int | None = None, bounds: bool = False) -> int:
        """Put ``values`` (count, width), float32 or uint8, into the buffer and return the number of their accessor."""
        values = np.ascontiguousarray(values, np.uint8 if values.dtype == np.uint8 else "<f4")
        part = values.tobytes()
        view = {"buffer": 0, "byteOffset": self.size, "byteLength": len(part)}
        self.views.append(view if target is None else {**view, "target": target})
        kind = _BYTE if values.dtype == np.uint8 else _FLOAT
        accessor = {"bufferView": len(self.views) - 1, "componentType": kind, "count": len(values)}
        accessor["type"] = _TYPES[values.shape[1]]
        if bounds:
            accessor |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        self.accessors.append(accessor)
        part += b"\0" * (-len(part) % 4)
        self.parts.append(part)
        self.size += len(part)
        return len(self.accessors) - 1

    def packed(self, tree: dict) -> bytes:
        """Return a .glb of ``tree`` and the arrays."""
        tree |= {"buffers": [{"byteLength": self.size}], "bufferViews": self.views, "accessors": self.accessors}
        text = json.dumps(tree, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text
        chunks += struct.pack("<I4s", self.size, b"BIN\0") + b"".join(self.parts)
        return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _joint_nodes(fitted: Fitted) -> list[dict]:
    """Return the nodes of the joints, at rest."""
    nodes = []
    for joint, joint_name in enumerate(JOINT_NAMES):
        place = fitted.offsets[joint] if joint else np.array([0.0, STANDING_HEIGHT, 0.0])
        children = {"children": list(CHILDREN[joint])} if CHILDREN[joint] else {}
        nodes.append({"name": joint_name, "translation": place.tolist(), **children})
    return nodes


def _rest(fitted: Fitted) -> np.ndarray:
    """Return the joints' places (22, 3) at rest, metres."""
    rest = fitted.offsets.copy()
    rest[0] = (0.0, STANDING_HEIGHT, 0.0)
    for joint in range(1, JOINT_COUNT):
        rest[joint] += rest[PARENTS[joint]]
    return rest


def _skin(fitted: Fitted, content: _Content) -> dict:
    inverse = np.tile(np.eye(4), (JOINT_COUNT, 1, 1))
    inverse[:, :3, 3] = -_rest(fitted)
    columns = np.swapaxes(inverse, 1, 2).reshape(JOINT_COUNT, 16)  # glTF's matrices go column by column
    return {"joints": list(range(JOINT_COUNT)), "skeleton": 0, "inverseBindMatrices": content.add(columns)}


def _body(fitted: Fitted, content: _Content) -> dict:
    """Return the attributes of a mesh at rest: an octahedron from every joint to each of its children, and to tips."""
    rest = _rest(fitted)
    bones = [(PARENTS[joint], rest[joint]) for joint in range(1, JOINT_COUNT)]
    bones += [(joint, rest[joint] + np.array(tip)) for joint, tip in TIPS.items()]
    corners, owners = [], []
    for joint, end in bones:
        corners.append(_octahedron(rest[joint], end))
        owners += [joint] * len(corners[-1])
    corners = np.concatenate(corners)  # (vertices, 3), three to a triangle
    sides = corners.reshape(-1, 3, 3)
    normals = rot.unit(np.cross(sides[:, 1] - sides[:, 0], sides[:, 2] - sides[:, 0]))
    joints = np.zeros((len(corners), 4), np.uint8)
    joints[:, 0] = owners
    weights = np.zeros((len(corners), 4))
    weights[:, 0] = 1.0
    return {
        "POSITION": content.add(corners, target=_VERTICES, bounds=True),
        "NORMAL": content.add(np.repeat(normals, 3, axis=0), target=_VERTICES),
        "JOINTS_0": content.add(joints, target=_VERTICES),
        "WEIGHTS_0": content.add(weights, target=_VERTICES),
    }


def _octahedron(head: np.ndarray, tail: np.ndarray) -> np.ndarray:
    """Return the corners (24, 3) of eight triangles from ``head`` to ``tail``, counter-clockwise from outside."""
    bone = tail - head
    along = rot.unit(bone) if np.linalg.norm(bone) > 1e-6 else np.array([0.0, 1.0, 0.0])
    side = rot.unit(np.cross(along, np.eye(3)[np.abs(along).argmin()]))
    thick = max(_THICK * float(np.linalg.norm(bone)), _THINNEST)
    ring = [head + _THICK * bone + thick * way for way in (side, np.cross(along, side), -side, -np.cross(along, side))]
    triangles = []
    for one, next_one in zip(ring, [*ring[1:], ring[0]], strict=True):
        triangles += [(next_one, one, head), (one, next_one, tail)]
    return np.array(triangles).reshape(-1, 3)


def _animation(fitted: Fitted, fps: float, name: str, content: _Content) -> dict:
    """Return the animation: rotations of every joint, places of those that leave their bones, linear keys."""
    times = content.add(np.arange(len(fitted.turns))[:, None] / fps, bounds=True)
    samplers, channels = [], []

    def add(joint: int, part: str, values: np.ndarray) -> None:
        channels.append({"sampler": len(samplers), "target": {"node": joint, "path": part}})
        samplers.append({"input": times, "output": content.add(values), "interpolation": "LINEAR"})

    for joint in range(JOINT_COUNT):
        quaternions = rot.continuous(rot.quaternion_from_matrix(fitted.turns[:, joint]))
        add(joint, "rotation", quaternions[:, [1, 2, 3, 0]])
        if fitted.free[joint]:
            add(joint, "translation", fitted.places[:, joint])
    return {"name": name, "channels": channels, "samplers": samplers}
