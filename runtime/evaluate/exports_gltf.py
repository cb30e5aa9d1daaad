"""The motions of exports.py as .glb, in the many ways that glTF 2.0 allows: nothing of the readers is used here.

A form is how the keys are written (steps, splines, small integers, sparse or interleaved), what stands above the
skeleton (a scaled or a turned node), and what else is in the file.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from coamd_blender.motion.skeleton import JOINT_INDEX, PARENTS

from .exports import Export, Skeleton, skeleton, turn

FORMS = (
    "glb", "steps", "splines", "small integers", "sparse", "interleaved", "scaled root", "turned root", "no names",
    "one name", "starts later", "a person who stands still", "a prop's animation", "a channel that is cut",
)  # fmt: skip
_FLOAT, _SHORT = 5126, 5122


class _File:
    """The JSON of a file and its one buffer."""

    def __init__(self) -> None:
        self.tree: dict = {"asset": {"version": "2.0"}, "nodes": [], "accessors": [], "bufferViews": []}
        self.tree["animations"] = []
        self.content = bytearray()

    def view(self, data: bytes, stride: int = 0) -> int:
        self.content += b"\0" * (-len(self.content) % 4)
        view = {"buffer": 0, "byteOffset": len(self.content), "byteLength": len(data)}
        self.tree["bufferViews"].append(view | ({"byteStride": stride} if stride else {}))
        self.content += data
        return len(self.tree["bufferViews"]) - 1

    def accessor(self, values: np.ndarray, small: bool = False, **at: object) -> int:
        """Add values (count, width), as small integers where they are shares; ``at`` says where they are already."""
        kind = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}[values.shape[1]]
        told = {"componentType": _SHORT if small else _FLOAT, "count": len(values), "type": kind}
        if small:
            told["normalized"] = True
        if not at:
            data = np.round(values * 32767).astype("<i2") if small else values.astype("<f4")
            at = {"bufferView": self.view(data.tobytes())}
        self.tree["accessors"].append(told | at)
        return len(self.tree["accessors"]) - 1

    def sparse(self, values: np.ndarray) -> int:
        """Add values of which only those that are not zero are written."""
        rows = np.flatnonzero(np.abs(values).max(axis=1) > 0)
        told = {"bufferView": self.view(rows.astype("<u2").tobytes()), "componentType": 5123}
        given = {"bufferView": self.view(values[rows].astype("<f4").tobytes())}
        return self.accessor(values, sparse={"count": len(rows), "indices": told, "values": given})

    def interleaved(self, tables: list[np.ndarray]) -> list[int]:
        """Add tables (count, width) of as many rows, whose rows lie side by side."""
        together = np.concatenate(tables, axis=1).astype("<f4")
        view, offset, found = self.view(together.tobytes(), 4 * together.shape[1]), 0, []
        for table in tables:
            found.append(self.accessor(table, bufferView=view, byteOffset=offset))
            offset += 4 * table.shape[1]
        return found

    def write(self, path: Path) -> None:
        self.tree["buffers"] = [{"byteLength": len(self.content)}]
        text = json.dumps(self.tree).encode()
        text += b" " * (-len(text) % 4)
        data = bytes(self.content) + b"\0" * (-len(self.content) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(data), b"BIN\0") + data
        path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)


def write_gltf_export(path: Path, export: Export) -> None:
    """Write a .glb as ``export``, whose form is one of FORMS, says."""
    file, made = _File(), skeleton(export)
    if export.form == "a person who stands still":
        _add_nodes(file, export, made, np.array([2.0, 0.0, 0.0]))
    nodes = _add_nodes(file, export, made)
    times = np.arange(len(made.roots))[:, None] / export.fps + (5.0 if export.form == "starts later" else 0.0)
    if export.form == "a prop's animation":
        file.tree["nodes"].append({"name": "Sword"})
        place = file.accessor(np.zeros((2, 3)))
        _animate(file, "spin", file.accessor(np.array([[0.0], [4.0]])), [(len(file.tree["nodes"]) - 1, place)], [])
    tables = [(nodes[0], _root_places(export, made)), *((nodes[joint], _turns(export, made, joint)) for joint in nodes)]
    if export.form == "interleaved":
        keys = list(zip([node for node, _ in tables], file.interleaved([table for _, table in tables]), strict=True))
    else:
        keys = [(node, _accessor(file, export, table, times)) for node, table in tables]
    if export.form == "a channel that is cut":  # of a hand, which turns and moves nothing
        wrist = nodes[JOINT_INDEX["left_wrist"]]
        keys = [(node, place if node != wrist else file.accessor(np.ones((3, 4)))) for node, place in keys]
    _animate(file, path.stem, file.accessor(times), keys[:1], keys[1:], _mode(export))
    file.write(path)


def _add_nodes(file: _File, export: Export, made: Skeleton, aside: np.ndarray | None = None) -> dict[int, int]:
    """Add the skeleton as it is at rest, ``aside`` of the origin for another; return joint to node."""
    first = len(file.tree["nodes"])
    nodes = {joint: first + number for number, joint in enumerate(made.joints)}
    for joint, node in nodes.items():
        offset = made.offsets[joint] if joint else np.array([0.0, 1.0, 0.0]) / export.unit
        told: dict = {"translation": (offset + (0.0 if joint or aside is None else aside)).tolist()}
        if export.form != "no names":
            told["name"] = "bone" if export.form == "one name" else export.names[joint]
        children = [nodes[child] for child in made.joints if child and PARENTS[child] == joint]
        children += [first + len(nodes) + number for number, tip in enumerate(made.tips) if tip == joint]
        file.tree["nodes"].append(told | ({"children": children} if children else {}))
        assert node == len(file.tree["nodes"]) - 1
    file.tree["nodes"] += [{"translation": tip.tolist(), "name": f"tip{joint}"} for joint, tip in made.tips.items()]
    above = {"scaled root": {"scale": [export.unit] * 3}, "turned root": {"rotation": _quaternion(_BACK)}}
    if export.form in above:
        file.tree["nodes"].append({"name": "Armature", "children": [nodes[0]], **above[export.form]})
    return nodes


_BACK = turn(-90.0, "x")  # brings Z up to Y up


def _quaternion(matrix: np.ndarray) -> list[float]:
    return Rotation.from_matrix(matrix).as_quat().tolist()


def _root_places(export: Export, made: Skeleton) -> np.ndarray:
    return made.roots @ _BACK if export.form == "turned root" else made.roots


def _turns(export: Export, made: Skeleton, joint: int) -> np.ndarray:
    turns = made.turns[:, joint]
    if joint == 0 and export.form == "turned root":
        turns = _BACK.T @ turns
    found = Rotation.from_matrix(turns).as_quat()
    flips = np.cumprod(np.where(np.sum(found[1:] * found[:-1], axis=1) < 0, -1.0, 1.0))
    found[1:] *= flips[:, None]
    return found


def _accessor(file: _File, export: Export, table: np.ndarray, times: np.ndarray) -> int:
    if export.form == "sparse":
        return file.sparse(table)
    if export.form == "splines":
        slopes = np.gradient(table, times[:, 0], axis=0)
        return file.accessor(np.stack([slopes, table, slopes], axis=1).reshape(-1, table.shape[1]))
    return file.accessor(table, small=export.form == "small integers" and table.shape[1] == 4)


def _mode(export: Export) -> str:
    return {"steps": "STEP", "splines": "CUBICSPLINE"}.get(export.form, "LINEAR")


def _animate(
    file: _File,
    name: str,
    times: int,
    places: list[tuple[int, int]],
    turns: list[tuple[int, int]],
    mode: str = "LINEAR",
) -> None:
    """Add an animation with keys at ``times`` of pairs of node and accessor."""
    samplers, channels = [], []
    for part, keys in (("translation", places), ("rotation", turns)):
        for node, values in keys:
            channels.append({"sampler": len(samplers), "target": {"node": node, "path": part}})
            samplers.append({"input": times, "output": values, "interpolation": mode})
    file.tree["animations"].append({"name": name, "samplers": samplers, "channels": channels})
