import json
import re
import struct
import tomllib

import numpy as np
import pytest
from fakes import ROOT

from coamd_blender.errors import Cancelled, CoamdError, InputError, ProtocolError, RigError
from coamd_blender.wire import protocol
from coamd_blender.wire.protocol import (
    Cancel,
    Error,
    FrameDecoder,
    Hello,
    Malformed,
    Progress,
    Request,
    Result,
    Shutdown,
    Unload,
    encode,
)

# Written by hand from the description in protocol.py: magic, 0x18 header bytes, no body.
GOLDEN_CANCEL = bytes.fromhex("89 43 6f 41 4d 44 0d 0a 1800 0000 0000 0000") + b'{"type":"cancel","id":5}'


def frame(header: bytes, body: bytes = b"") -> bytes:
    """A frame put together here, from the description and not by the code under test."""
    return b"\x89CoAMD\r\n" + struct.pack("<II", len(header), len(body)) + header + body


def as_json(**header) -> bytes:
    return json.dumps(header).encode()


def decode(data: bytes) -> list:
    decoder = FrameDecoder()
    return decoder.feed(data) + decoder.close()


def only(data: bytes):
    (message,) = decode(data)
    return message


def test_golden_bytes_without_body():
    assert encode(Cancel(5)) == GOLDEN_CANCEL
    assert only(GOLDEN_CANCEL) == Cancel(5)


def test_golden_bytes_with_arrays():
    message = Result(2, {"fps": 20}, {"a": np.array([[1.0], [-2.0]], np.float32), "b": np.array([7], np.uint8)})
    header = (
        b'{"type":"result","id":2,"fields":{"fps":20},"arrays":'
        b'[{"name":"a","dtype":"<f4","shape":[2,1]},{"name":"b","dtype":"|u1","shape":[1]}]}'
    )
    body = bytes.fromhex("0000803f 000000c0 07")
    golden = bytes.fromhex("8943 6f41 4d44 0d0a 87000000 09000000") + header + body
    assert encode(message) == golden
    back = only(golden)
    assert back.id == 2 and back.fields == {"fps": 20}
    assert back.arrays["a"].tolist() == [[1.0], [-2.0]] and back.arrays["a"].dtype == np.float32
    assert back.arrays["b"].tolist() == [7]


@pytest.mark.parametrize(
    "message",
    [
        Hello(1, "0.1.0", "cpu", ("generate", "edit")),
        Error(3, "bad_input", "Grüße, 世界", "hint"),
        Cancel(9),
        Unload(),
        Shutdown(),
    ],
    ids=lambda message: message.type,
)
def test_messages_without_arrays_come_back_equal(message):
    assert only(encode(message)) == message


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", "<i4", "<i8", "|u1", "|b1"])
def test_every_array_type_comes_back_exactly(dtype):
    array = np.random.default_rng(0).integers(0, 2, (3, 4, 5)).astype(dtype)
    back = only(encode(Request(1, "generate", {}, {"x": array}))).arrays["x"]
    assert back.dtype.str == dtype and np.array_equal(back, array)
    back[0] = 0  # writable, and its own memory


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24.0).reshape(2, 3, 4)[:, ::-1, ::2],
        np.arange(6, dtype=">f4"),
        np.zeros((0, 22, 3), np.float32),
        np.float64(3.5),
    ],
    ids=["strided", "big-endian", "empty", "scalar"],
)
def test_awkward_arrays_keep_their_values(array):
    back = only(encode(Progress(1, "sampling", 1, 2, {"preview": array}))).preview
    assert back.shape == np.shape(array) and np.array_equal(back, array)


def test_frames_arrive_in_any_pieces():
    messages = [Cancel(1), Result(2, {}, {"x": np.arange(5, dtype=np.float32)}), Shutdown()]
    data = b"".join(map(encode, messages))
    decoder = FrameDecoder()
    found = [message for index in range(len(data)) for message in decoder.feed(data[index : index + 1])]
    assert [message.type for message in found] == ["cancel", "result", "shutdown"]
    assert decoder.close() == []


@pytest.mark.parametrize(
    "noise",
    [b"Welcome to host\n", b"\x00" * 100, b"\x89", b"\x89CoAMD\n", b"\x89CoAMD\r", bytes(range(256)) * 300],
)
def test_noise_is_reported_once_and_the_next_frame_is_read(noise):
    malformed, message = decode(noise + GOLDEN_CANCEL)
    assert isinstance(malformed, Malformed) and malformed.id == 0
    assert message == Cancel(5)


def test_noise_in_small_pieces_is_reported_once_and_at_once():
    decoder = FrameDecoder()
    assert len(decoder.feed(b"Welc")) == 1
    assert decoder.feed(b"ome to host") == []
    assert decoder.feed(GOLDEN_CANCEL) == [Cancel(5)]
    assert len(decoder.feed(b"again")) == 1


def test_a_whole_character_may_be_told_in_two_halves():
    (cancel,) = FrameDecoder().feed(frame(b'{"type":"cancel","id":5,"told":"\\ud83d\\ude00"}'))
    assert cancel == Cancel(5)


def broken_frames():
    array = {"name": "x", "dtype": "<f4", "shape": [1]}
    yield "not json", frame(b"{not json")
    yield "not utf-8", frame(b'{"type":"cancel\xff"}')
    yield "not an object", frame(b"[1, 2]")
    yield "NaN", frame(b'{"type":"cancel","id":NaN}')
    yield "half a character", frame(b'{"type":"log","id":0,"text":"\\ud83d"}')
    yield "half a character in a field", frame(b'{"type":"result","id":0,"fields":{"note":"\\uDFFF "}}')
    yield "nested too deep", frame(b"[" * 200_000)
    yield "nested, and JSON", frame(b'{"type":"cancel","id":' + b"[" * 40 + b"]" * 40 + b"}")
    yield "an id of 4,000 digits", frame(b'{"type":"cancel","id":' + b"9" * 4000 + b"}")
    yield "no type", frame(as_json(id=1))
    yield "unknown type", frame(as_json(type="dance", id=0))
    yield "type is a list", frame(as_json(type=["cancel"]))
    yield "missing field", frame(as_json(type="request", id=0, fields={}))
    yield "text for a number", frame(as_json(type="cancel", id="5"))
    yield "true for a number", frame(as_json(type="cancel", id=True))
    yield "negative id", frame(as_json(type="cancel", id=-1))
    yield "unexpected body", frame(as_json(type="cancel", id=0), b"1234")
    yield "body too short", frame(as_json(type="result", id=0, fields={}, arrays=[array]), b"12")
    yield "body too long", frame(as_json(type="result", id=0, fields={}, arrays=[array]), b"12345678")
    yield "pickled array", frame(as_json(type="result", id=0, fields={}, arrays=[{**array, "dtype": "|O"}]), b"1234")
    yield "negative shape", frame(as_json(type="result", id=0, fields={}, arrays=[{**array, "shape": [-1]}]), b"1234")
    yield "huge shape", frame(as_json(type="result", id=0, fields={}, arrays=[{**array, "shape": [0, 1 << 62, 9]}]))
    yield "array named twice", frame(as_json(type="result", id=0, fields={}, arrays=[array, array]), b"12345678")
    yield "arrays no list", frame(as_json(type="result", id=0, fields={}, arrays={"x": 1}))
    yield "header too long", b"\x89CoAMD\r\n" + struct.pack("<II", (1 << 20) + 1, 0)
    yield "body over the limit", b"\x89CoAMD\r\n" + struct.pack("<II", 10, 0xFFFFFFFF)


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in broken_frames()])
def test_a_broken_frame_is_reported_once_and_the_next_one_is_read(data):
    malformed, message = decode(data + GOLDEN_CANCEL)
    assert isinstance(malformed.error, ProtocolError) and malformed.error.hint
    assert "\n" not in str(malformed.error)
    assert message == Cancel(5)


def test_a_broken_frame_is_reported_with_its_id():
    assert only(frame(as_json(type="request", id=42, task=1, fields={}))).id == 42


@pytest.mark.parametrize("name", ["-7", "9" * 4000, "1.5", "true", '"7"'])
def test_an_id_that_no_answer_can_have_is_answered_as_none(name):
    told = only(frame(b'{"type":"cancel","id":' + name.encode() + b"}"))
    assert told.id == 0
    assert only(encode(Error.of(told.id, told.error))).id == 0


def test_a_stream_that_ends_inside_a_frame_is_reported():
    assert isinstance(only(GOLDEN_CANCEL[:-1]), Malformed)
    assert decode(b"") == []


def test_an_oversize_frame_is_refused_before_its_bytes_are_kept():
    decoder = FrameDecoder()
    decoder.feed(b"\x89CoAMD\r\n" + struct.pack("<II", 10, protocol.MAX_BODY_BYTES + 1))
    for _ in range(64):
        decoder.feed(b"x" * (1 << 20))
    assert decoder.feed(GOLDEN_CANCEL) == [Cancel(5)]


@pytest.mark.parametrize(
    "request_",
    [
        Request(1, "x", {"a": float("nan")}),
        Request(1, "x", {"a": object()}),
        Request(1, "x", {}, {"a": np.array([object()])}),
        Request(1, "x", {}, {"a": np.array(["text"])}),
        Request(1, "x", {}, {"a": np.zeros(protocol.MAX_BODY_BYTES + 1, np.uint8)}),
        Request(1, "x" * (protocol.MAX_HEADER_BYTES + 1)),
    ],
    ids=["nan", "object", "object array", "text array", "body bound", "header bound"],
)
def test_what_cannot_be_sent_is_refused_with_a_remedy(request_):
    with pytest.raises(ProtocolError) as caught:
        encode(request_)
    assert caught.value.hint


def test_errors_cross_the_wire_as_their_own_class():
    for error in (InputError("500 seconds", "choose less"), RigError("no bones"), Cancelled()):
        back = only(encode(Error.of(3, error)))
        assert back.id == 3 and type(back.exception()) is type(error) and str(back.exception()) == str(error)
    assert type(Error(1, "of the future", "text").exception()) is CoamdError
    assert Error.of(1, Cancelled()).is_cancelled and not Error.of(1, InputError("x")).is_cancelled


def test_version_is_that_of_the_project():
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == protocol.VERSION
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text())
    assert manifest["version"] == protocol.VERSION
    assert re.fullmatch(r"\d+\.\d+\.\d+", protocol.VERSION)


def nested(count: int) -> bytes:
    """Frames that each claim all the bytes that follow, header or body, one inside the other."""
    claims = []
    for left in range(count, 0, -1):
        size = min(left * 200, protocol.MAX_HEADER_BYTES)
        header = b'{"type":"result","id":1,"fields":{},"arrays":[]}' if left % 2 else b"\xc2"
        lengths = (len(header), left * 200) if left % 2 else (size, 0)
        claims.append(protocol.MAGIC + struct.pack("<II", *lengths) + header)
    return b"".join(claims) + bytes(200 * count)


@pytest.mark.parametrize("pieces", [1, 7])
def test_nested_claims_cost_time_in_proportion_to_their_bytes(monkeypatch, pieces):
    read = []
    decode = protocol._decode_header
    monkeypatch.setattr(protocol, "_decode_header", lambda data: read.append(len(data)) or decode(data))
    data = nested(2000)
    good = protocol.encode(protocol.Cancel(5))
    decoder, found = FrameDecoder(), []
    step = -(-len(data) // pieces)
    for start in range(0, len(data), step):
        found += decoder.feed(data[start : start + step])
    found += decoder.feed(good)
    assert sum(read) < 2 * len(data)
    assert found[-1] == protocol.Cancel(5)
    assert decoder.held == 0


def test_a_body_is_not_copied_before_its_header_fits(monkeypatch):
    taken = []
    monkeypatch.setattr(protocol.np, "frombuffer", lambda *_: taken.append(1))
    header = b'{"type":"result","id":1,"fields":{},"arrays":[{"name":"a","dtype":"<f4","shape":[5]}]}'
    (found,) = FrameDecoder().feed(protocol.MAGIC + struct.pack("<II", len(header), 24) + header + bytes(24))
    assert isinstance(found, Malformed) and not taken
