"""Changes to bytes and to JSON that a stranger or a broken disk could make; the same for the same chance."""

from __future__ import annotations

import json
import random
from typing import Any

LENGTHS = (0, 1, 7, 255, 256, 65_535, 65_536, 2**20, 2**20 + 1, 2**26, 2**26 + 1, 2**31 - 1, 2**31, 2**32 - 1)
# What stands for values that Python's JSON does not write; put in by text_of.
_WRITTEN = {
    "@deep": lambda chance: "[" * (depth := chance.choice((20, 300, 900, 985, 995, 2000, 50_000))) + "]" * depth,
    "@deeper": lambda chance: '{"a":' * (depth := chance.choice((20, 300, 900, 985, 995))) + "0" + "}" * depth,
    "@digits": lambda chance: "9" * chance.choice((20, 310, 4000, 4301)),
    "@infinity": lambda _: "1e999",
    "@nan": lambda _: "NaN",
    "@half": lambda _: '"\\ud800"',
    "@null": lambda _: '"\\u0000"',
    "@long": lambda chance: '"' + "x" * chance.choice((5001, 60_000, 400_000)) + '"',
    "@many": lambda chance: "[" + "0," * chance.choice((3000, 100_000)) + "0]",
    "@rows": lambda chance: "[" + ("[0,1,2]," * chance.choice((300, 20_000))) + "[0,1]]",
    "@twice": lambda _: '{"a":1,"a":2}',
}
VALUES = (
    *_WRITTEN,
    None, True, False, 0, 1, -1, 2, 7, 1.5, -0.0, 1e-320, 1e300, -1e300, 2**31, 2**53, -(2**63), 2**64,
    "", " ", "a", "@", "../../etc/passwd", "/dev/zero", "é\u202e\ufeff", [], [[]], [None], {}, {"a": None}, [1, "a"],
)  # fmt: skip


def mutated_bytes(data: bytes, chance: random.Random) -> bytes:
    """Return ``data`` with one to three changes to its bytes."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        _change(changed, chance)
    return bytes(changed)


def _change(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    until = min(len(data), at + chance.choice((1, 1, 2, 4, 8, 100, 5000)))
    match chance.randrange(8):
        case 0 if at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        case 1 if at < len(data):
            data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, 0x22, 0x5B, 0x7B))
        case 2:
            del data[at:until]
        case 3:
            data[at:at] = chance.randbytes(until - at)
        case 4:
            data[at:at] = data[at:until]
        case 5:
            del data[at:]
        case 6:
            data[at:until] = chance.choice(LENGTHS).to_bytes(8, chance.choice(("little", "big")))[: until - at]
        case _:
            other = chance.randrange(len(data) + 1)
            data[at:until] = data[other : other + until - at]


def mutated_json(value: Any, chance: random.Random) -> Any:
    """Return a JSON ``value`` with one node changed, left out, doubled or exchanged; :func:`text_of` writes it."""
    changed = json.loads(json.dumps(value))
    holders = _holders(changed)
    if not holders:
        return chance.choice(VALUES)
    holder = chance.choice(holders)
    key = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    match chance.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[chance.choice(("@half", "", "type", "id", "é", key + key))] = holder.pop(key)
        case 2 if isinstance(holder, list):
            holder *= chance.choice((2, 100))
        case 3:
            other = chance.choice(holders)
            held = chance.choice(list(other.values()) if isinstance(other, dict) else other)
            holder[key] = json.loads(json.dumps(held))
        case 4:
            holder[key] = chance.choice(([holder[key]], {"a": holder[key]}, [holder[key], holder[key]]))
        case _:
            holder[key] = chance.choice(VALUES)
    return changed


def _holders(value: Any) -> list[dict | list]:
    """Return every dictionary and list in ``value`` that is not empty."""
    found, waiting = [], [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict | list) and each:
            found.append(each)
            waiting += each.values() if isinstance(each, dict) else each[:100]
    return found


def text_of(value: Any, chance: random.Random) -> str:
    """Return ``value`` as JSON, what VALUES name with an "@" written out."""
    text = json.dumps(value)
    for name, written in _WRITTEN.items():
        if f'"{name}"' in text:
            made = written(chance)
            text = text.replace(f'"{name}":', '"\\ud800":').replace(f'"{name}"', made, 1)
    return text
