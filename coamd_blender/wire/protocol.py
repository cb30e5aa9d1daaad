"""The wire between Blender and the runtime: length-prefixed frames, message classes, version.

A frame is

    8 bytes   magic  89 43 6F 41 4D 44 0D 0A   ("\\x89CoAMD\\r\\n")
    4 bytes   length of the header, unsigned, little-endian, at most MAX_HEADER_BYTES
    4 bytes   length of the body, unsigned, little-endian, at most MAX_BODY_BYTES
    header    UTF-8 JSON object: "type", the fields of the message, and for messages with arrays
              "arrays": [{"name": ..., "dtype": "<f4", "shape": [...]}, ...]
    body      the arrays, one after another, little-endian, C order, without padding

Who says what:

    runtime -> client   Hello      on start (device "pending"), and again whenever the device changes: with
                                   "cuda", "mps" or "cpu" once the model is in memory, with "pending" once it
                                   was given back. So a hello answers an unload, and also tells of an idle unload.
                        Progress   after every step; ``arrays["preview"]`` may hold the coarse joints
                        Result, Error   exactly one of them ends every request; an Error with id 0 belongs to none
                        Alive      every BEAT_SECONDS: a runtime of which nothing is heard for long has stopped
    client -> runtime   Request, Cancel, Unload, Shutdown

The magic starts with a byte that no text holds and ends with a line break, so that a login banner on the
wire is skipped, and a pipe in text mode is found out. Unknown header keys are ignored; a change that old
readers would misread raises PROTOCOL_VERSION.

A leaf: standard library and numpy only.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np

from ..errors import Cancelled, CoamdError, ProtocolError, all_errors
from ..motion.files import parse_json

PROTOCOL_VERSION = 2  # 2: Alive
VERSION = "0.1.0"  # of add-on and runtime, which ship together; as in pyproject.toml
BEAT_SECONDS = 2.0
PENDING = "pending"  # device of a runtime that holds no model

MAGIC = b"\x89CoAMD\r\n"
MAX_HEADER_BYTES = 1 << 20
MAX_BODY_BYTES = 64 << 20  # about 1,290 clips of 196 frames
MAX_ARRAYS = 64
MAX_DIMENSIONS = 8
MAX_WHOLE = 2**63 - 1
DTYPES = frozenset({"<f2", "<f4", "<f8", "<i4", "<i8", "|u1", "|b1"})

_ALONE = "Nothing but frames may be written to this stream"
_LENGTHS = struct.Struct("<II")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_PREFIX_BYTES = len(MAGIC) + _LENGTHS.size


@dataclass(frozen=True)
class Hello:
    """The runtime is there. ``capabilities`` are the names of the tasks it takes."""

    type: ClassVar[str] = "hello"
    protocol: int
    version: str
    device: str
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Request:
    """Do ``task``. ``id`` is positive and chosen by the client; ``fields`` are JSON values."""

    type: ClassVar[str] = "request"
    id: int
    task: str
    fields: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Progress:
    """Request ``id`` has done ``step`` of ``total`` steps of ``phase``; ``total`` 0 while unknown."""

    type: ClassVar[str] = "progress"
    id: int
    phase: str
    step: int
    total: int
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def preview(self) -> np.ndarray | None:
        """Coarse joints, float32 (count, frames, 22, 3), metres, Y up; None without a preview."""
        return self.arrays.get("preview")


@dataclass(frozen=True, eq=False)
class Result:
    """Request ``id`` is done."""

    type: ClassVar[str] = "result"
    id: int
    fields: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Error:
    """Request ``id`` has failed or was cancelled; ``code`` names a class of :mod:`coamd_blender.errors`."""

    type: ClassVar[str] = "error"
    id: int
    code: str
    message: str
    hint: str = ""

    @classmethod
    def of(cls, request_id: int, error: CoamdError) -> Error:
        """Return the message that carries ``error``; :meth:`exception` is the inverse."""
        return cls(request_id, error.code, error.message, error.hint)

    def exception(self) -> CoamdError:
        """Return the error to raise on this side; an unknown code gives a plain CoamdError."""
        return all_errors().get(self.code, CoamdError)(self.message, self.hint)

    @property
    def is_cancelled(self) -> bool:
        """True when the request ended because the user asked for it."""
        return self.code == Cancelled.code


@dataclass(frozen=True)
class Alive:
    """The runtime is there, at work or not."""

    type: ClassVar[str] = "alive"


@dataclass(frozen=True)
class Cancel:
    """Stop request ``id``; it is answered by an Error with code ``cancelled`` once it has stopped."""

    type: ClassVar[str] = "cancel"
    id: int


@dataclass(frozen=True)
class Unload:
    """Give the model's memory back; answered by a Hello with device ``pending``."""

    type: ClassVar[str] = "unload"


@dataclass(frozen=True)
class Shutdown:
    """End the process. The end of its input means the same."""

    type: ClassVar[str] = "shutdown"


Message = Hello | Request | Progress | Result | Error | Alive | Cancel | Unload | Shutdown
MESSAGE_TYPES = {c.type: c for c in (Hello, Request, Progress, Result, Error, Alive, Cancel, Unload, Shutdown)}


@dataclass(frozen=True)
class Malformed:
    """Bytes that were not a message. ``id`` is that of the broken frame when it could be read, else 0."""

    id: int
    error: ProtocolError


def encode(message: Message) -> bytes:
    """Return ``message`` as one frame. :class:`FrameDecoder` is the inverse.

    Raises ProtocolError for values JSON cannot hold, array types outside DTYPES, and frames over the bounds.
    """
    header: dict[str, Any] = {"type": message.type}
    chunks: list[bytes] = []
    for item in fields(message):
        value = getattr(message, item.name)
        if item.name == "arrays":
            header["arrays"], chunks = _encode_arrays(value)
        else:
            header[item.name] = value
    try:
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise ProtocolError(
            f"This {message.type} cannot be sent: {error}", "Send finite numbers, text, lists and dictionaries"
        ) from error
    body_bytes = sum(map(len, chunks))
    _check_bounds(len(text), body_bytes)
    return b"".join((MAGIC, _LENGTHS.pack(len(text), body_bytes), text, *chunks))


def write_bytes(stream: Any, data: bytes) -> None:
    """Write all of ``data`` to the raw binary ``stream``, which may take it in pieces."""
    left = memoryview(data)
    while left:
        left = left[stream.write(left) :]
    stream.flush()


def _encode_arrays(arrays: Mapping[str, np.ndarray]) -> tuple[list[dict[str, Any]], list[bytes]]:
    described, chunks = [], []
    for name, array in arrays.items():
        array = np.asarray(array)
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        if array.dtype.str not in DTYPES:
            raise ProtocolError(f"Array {name!r} has type {array.dtype}", f"Send one of {sorted(DTYPES)}")
        described.append({"name": name, "dtype": array.dtype.str, "shape": list(array.shape)})
        chunks.append(array.tobytes())
    return described, chunks


def _check_bounds(header_bytes: int, body_bytes: int) -> None:
    for what, size, limit in (("header", header_bytes, MAX_HEADER_BYTES), ("body", body_bytes, MAX_BODY_BYTES)):
        if size > limit:
            raise ProtocolError(
                f"A frame with a {what} of {size} bytes is over the limit of {limit}",
                "Ask for fewer or shorter clips at once",
            )


class FrameDecoder:
    """Turns bytes, in whatever pieces they come, into messages. Bad bytes are reported once and skipped.

    After anything that is not a frame, reading goes on at the next magic, looked for right behind the last
    one, so that a frame with wrong lengths does not swallow the good ones that follow it. The work is linear in the
    bytes, however such claims are nested: a header that holds a magic, which JSON never does, is not read, and a body
    is not touched before the header has described it to the byte.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipping = False  # inside bytes already reported as malformed

    @property
    def held(self) -> int:
        """How many bytes of a frame that is not complete are here."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Message | Malformed]:
        """Take in ``data`` and return what is complete, in order."""
        self._buffer += data
        found: list[Message | Malformed] = []
        while self._seek_magic(found) and self._take_frame(found):
            pass
        return found

    def close(self) -> list[Malformed]:
        """Return a Malformed when the stream, which is at its end, ended inside a frame."""
        left, self._buffer = len(self._buffer), bytearray()
        if left == 0 or self._skipping:
            return []
        return [Malformed(0, ProtocolError(f"The stream ended {left} bytes into a frame", "Send the request again"))]

    def _seek_magic(self, found: list[Message | Malformed]) -> bool:
        """Drop what stands before the next magic; True when the buffer starts with a whole prefix."""
        start = self._buffer.find(MAGIC)
        if start < 0:
            start = len(self._buffer) - _magic_overlap(self._buffer)
        if start > 0:
            self._report(found, 0, f"{start} bytes are not a frame: {bytes(self._buffer[: min(start, 60)])!r}")
            del self._buffer[:start]
        return len(self._buffer) >= _PREFIX_BYTES

    def _take_frame(self, found: list[Message | Malformed]) -> bool:
        """Take the frame at the start of the buffer; False while it is not complete."""
        header_bytes, body_bytes = _LENGTHS.unpack_from(self._buffer, len(MAGIC))
        request_id = 0
        try:
            _check_bounds(header_bytes, body_bytes)
            end = _PREFIX_BYTES + header_bytes + body_bytes
            if len(self._buffer) < end:
                return False
            if self._buffer.find(MAGIC, _PREFIX_BYTES, end - body_bytes) >= 0:
                raise ProtocolError("A frame begins inside the header of another", _ALONE)
            text = bytes(self._buffer[_PREFIX_BYTES : end - body_bytes])
            header = _decode_header(text)
            request_id = header.get("id", 0) if _is_whole(header.get("id")) else 0
            _check_text(header, text)
            message = _decode_message(header, self._buffer, end - body_bytes, body_bytes)
        except ProtocolError as error:
            self._report(found, request_id, error.message, error.hint)
            del self._buffer[: len(MAGIC)]
            return True
        found.append(message)
        self._skipping = False
        del self._buffer[:end]
        return True

    def _report(self, found: list[Message | Malformed], request_id: int, message: str, hint: str = _ALONE) -> None:
        if not self._skipping or request_id:
            found.append(Malformed(request_id, ProtocolError(message, hint)))
        self._skipping = True


def _magic_overlap(buffer: bytearray) -> int:
    """Length of the longest end of ``buffer`` that begins the magic."""
    for length in range(min(len(MAGIC) - 1, len(buffer)), 0, -1):
        if buffer.endswith(MAGIC[:length]):
            return length
    return 0


def _decode_header(data: bytes) -> dict[str, Any]:
    try:
        header = parse_json(data.decode("utf-8"), parse_constant=_refuse_constant)
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise ProtocolError(f"A frame's header is not JSON: {error}", _ALONE) from error
    if not isinstance(header, dict):
        raise ProtocolError("A frame's header is not a JSON object", _ALONE)
    return header


def _check_text(header: dict[str, Any], text: bytes) -> None:
    """Raise ProtocolError for a header, JSON ``text``, with half of a surrogate pair: Blender shows no such text."""
    if _SURROGATE.search(text):
        try:
            json.dumps(header, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError as error:
            raise ProtocolError("A frame's header holds half a character", _ALONE) from error


def _is_whole(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_WHOLE


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _decode_message(header: dict[str, Any], buffer: bytearray, start: int, size: int) -> Message:
    """Return the message of ``header``, whose body are ``size`` bytes of ``buffer`` from ``start`` on."""
    name = header.get("type")
    kind = MESSAGE_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ProtocolError(f"A frame has the unknown type {name!r}", "Update the add-on and the runtime together")
    values: dict[str, Any] = {}
    for item in fields(kind):
        if item.name == "arrays":
            values["arrays"] = _decode_arrays(header.get("arrays", []), buffer, start, size)
        else:
            values[item.name] = _checked_value(name, item.name, item.type, header.get(item.name))
    if "arrays" not in values and size:
        raise ProtocolError(f"A {name} came with a body of {size} bytes and takes none", _ALONE)
    return kind(**values)


def _checked_value(kind: str, name: str, annotation: str, value: Any) -> Any:
    """Return ``value`` when it fits the dataclass ``annotation`` (one of the four used above)."""
    if annotation == "int":
        good = _is_whole(value)
    elif annotation == "str":
        good = isinstance(value, str)
    elif annotation == "tuple[str, ...]":
        good = isinstance(value, list) and all(isinstance(item, str) for item in value)
        value = tuple(value) if good else value
    else:
        good = isinstance(value, dict)
    if not good:
        raise ProtocolError(f"A {kind} has {name} {value!r:.40}, which is not {annotation}", _ALONE)
    return value


def _decode_arrays(described: Any, buffer: bytearray, start: int, size: int) -> dict[str, np.ndarray]:
    """Cut the body, ``size`` bytes of ``buffer`` from ``start`` on, into writable arrays as they are described."""
    if not isinstance(described, list) or len(described) > MAX_ARRAYS:
        raise ProtocolError(f"A frame's arrays are not a list of at most {MAX_ARRAYS}", _ALONE)
    layout: dict[str, tuple[np.dtype, tuple[int, ...], int]] = {}
    taken = 0
    for item in described:
        name, dtype, shape = _array_description(item)
        length = dtype.itemsize * math.prod(shape)
        if name in layout or taken + length > size:
            raise ProtocolError(f"Array {name!r} of shape {shape} is named twice or longer than the frame", _ALONE)
        layout[name] = dtype, shape, length
        taken += length
    if taken != size:
        raise ProtocolError(f"A frame's arrays take {taken} bytes and its body has {size}", _ALONE)
    arrays: dict[str, np.ndarray] = {}
    for name, (dtype, shape, length) in layout.items():
        arrays[name] = np.empty(shape, dtype)
        arrays[name].reshape(-1).view(np.uint8)[:] = np.frombuffer(buffer, np.uint8, length, start)
        start += length
    return arrays


def _array_description(item: Any) -> tuple[str, np.dtype, tuple[int, ...]]:
    if isinstance(item, dict):
        name, dtype, shape = item.get("name"), item.get("dtype"), item.get("shape")
        if (
            isinstance(name, str)
            and isinstance(dtype, str)
            and dtype in DTYPES
            and isinstance(shape, list)
            and len(shape) <= MAX_DIMENSIONS
            and all(type(length) is int and length >= 0 for length in shape)
            and math.prod(max(length, 1) for length in shape) <= MAX_BODY_BYTES
        ):
            return name, np.dtype(dtype), tuple(shape)
    raise ProtocolError(f"A frame describes an array as {item!r:.80}", _ALONE)
