"""A glTF 2.0 file as its JSON and its buffers: what is in it is believed only as far as it is there.

Buffers lie in the file, in data URIs, or in files beside it: a path that leads elsewhere is refused, for the file may
be a stranger's. No size that the file states takes memory before as many bytes were found.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import numpy as np

from coamd_blender.errors import DataError

MOST_BYTES = 400_000_000  # of the file, and of all its buffers
MOST_VALUES = 40_000_000  # in one accessor
_DTYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_PACKED = "_meshopt_compression"  # as EXT_ and KHR_


@dataclass(frozen=True)
class Document:
    """The JSON of a glTF file, and its buffers, read when they are first asked for."""

    path: Path
    tree: dict
    embedded: bytes
    _buffers: dict[int, bytes] = field(default_factory=dict)

    def accessor(self, index: int) -> np.ndarray:
        """Return an accessor's values (count, width), float64, in its own unit; normalised integers become fractions.

        One without a buffer view is zeros; a sparse one has some of its values replaced. Raises DataError for a packed
        one, and ValueError, LookupError or TypeError for one that is not as glTF 2.0 has it.
        """
        accessor = self.tree["accessors"][_index(index)]
        dtype, width = np.dtype(_DTYPES[accessor["componentType"]]), _WIDTHS[accessor["type"]]
        count = _index(accessor["count"])
        if count * width > MOST_VALUES:
            raise ValueError(f"an accessor states {count * width:,} values")
        if "bufferView" in accessor:
            values = self._view(accessor["bufferView"], accessor.get("byteOffset", 0), dtype, count, width)
        else:
            values = np.zeros((count, width), dtype)
        if "sparse" in accessor:
            values = self._replaced(values, accessor["sparse"])
        result = values.astype(np.float64)
        if accessor.get("normalized") and dtype.kind != "f":
            result = np.maximum(result / np.iinfo(dtype).max, -1.0)
        return result

    def _replaced(self, values: np.ndarray, sparse: dict) -> np.ndarray:
        """Return values (count, width) with those of a sparse accessor in their rows."""
        count = _index(sparse["count"])
        if count > len(values):
            raise ValueError("a sparse accessor replaces more values than there are")
        rows, given = sparse["indices"], sparse["values"]
        dtype = np.dtype(_DTYPES[rows["componentType"]])
        where = self._view(rows["bufferView"], rows.get("byteOffset", 0), dtype, count, 1)[:, 0].astype(np.int64)
        if count and not 0 <= where.min() <= where.max() < len(values):
            raise ValueError("a sparse accessor replaces a value that is not there")
        values = values.copy()
        offset, width = given.get("byteOffset", 0), values.shape[1]
        values[where] = self._view(given["bufferView"], offset, values.dtype, count, width)
        return values

    def _view(self, index: int, offset: int, dtype: np.dtype, count: int, width: int) -> np.ndarray:
        """Return rows (count, width) of a buffer view."""
        view = self.tree["bufferViews"][_index(index)]
        packed = next((name for name in view.get("extensions", {}) if name.endswith(_PACKED)), None)
        if packed is not None:
            raise DataError(f"{self.path}: its animation is packed ({packed})", "Export it again without compression")
        start, row = _index(view.get("byteOffset", 0)) + _index(offset), dtype.itemsize * width
        stride = _index(view.get("byteStride", row))
        if stride < row:
            raise ValueError(f"a buffer view has a stride of {stride} bytes for values of {row}")
        return np.ndarray((count, width), dtype, self._buffer(_index(view["buffer"])), start, (stride, dtype.itemsize))

    def _buffer(self, index: int) -> bytes:
        if index not in self._buffers:
            buffer = self.tree["buffers"][index]
            content = self._content(buffer.get("uri"))
            if len(content) < _index(buffer["byteLength"]):
                raise ValueError("a buffer is shorter than it says")
            self._buffers[index] = content
        return self._buffers[index]

    def _content(self, uri: str | None) -> bytes:
        if uri is None:
            return self.embedded
        if uri.startswith("data:"):
            try:
                return base64.b64decode(uri.partition(",")[2])
            except binascii.Error as error:
                raise ValueError(f"a buffer is not base64 ({error})") from error
        return _bytes(_beside(self.path, uri))


def _index(value: object) -> int:
    """Return a whole number of the file's that is not below zero; ValueError for what is none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{str(value)[:40]!r} stands where a whole number is due")
    return value


def _beside(path: Path, uri: str) -> Path:
    """Return the file that a buffer's URI names, in the folder of ``path`` or below it; DataError for any other."""
    name, folder = unquote(uri), path.parent.resolve()
    inside = PurePosixPath(name.replace("\\", "/"))
    if "\0" not in name and not inside.is_absolute() and ":" not in name and ".." not in inside.parts:
        found = (folder / inside).resolve()
        if found.is_relative_to(folder):
            return found
    shown = name[:60].encode("unicode_escape").decode()
    raise DataError(f"{path} has a buffer elsewhere ({shown})", "Export it as .glb, or with its .bin beside it")


def _bytes(path: Path) -> bytes:
    """Return what a plain file of at most MOST_BYTES holds. Raises DataError."""
    if not path.is_file():  # a folder, a device or a pipe is none
        raise DataError(f"There is no file {path}", "Put it beside its .gltf, or export a .glb")
    if path.stat().st_size > MOST_BYTES:
        raise DataError(f"{path} has more than {MOST_BYTES:,} bytes", "Export the armature and its animation alone")
    return path.read_bytes()


def load(path: Path) -> Document:
    """Read the JSON of a .glb or .gltf, and of a .glb its binary chunk. Raises DataError and ValueError."""
    data, embedded = _bytes(path), b""
    text = data
    if data[:4] == b"glTF":
        length = struct.unpack_from("<I", data, 12)[0]
        text = data[20 : 20 + length]
        if 28 + length <= len(data):
            size = struct.unpack_from("<I", data, 20 + length)[0]
            embedded = data[28 + length : 28 + length + size]
    elif not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        raise ValueError("it is neither JSON nor the binary form")
    tree = json.loads(text)
    if not isinstance(tree, dict):
        raise ValueError("its JSON is no object")
    return Document(path, tree, embedded)
