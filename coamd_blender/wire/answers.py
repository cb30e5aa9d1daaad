"""Checks of what the runtime answers, before anything is made of it: each request class knows what it is owed.

The runtime may be another version, on another machine, or broken. Raises ProtocolError, whose remedy is the same
version of both sides. A leaf: standard library and numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ProtocolError
from ..motion.skeleton import JOINT_COUNT
from . import limits
from .checks import is_number, is_texts

_REMEDY = "Ask again; if it stays, install the add-on and the runtime of one version"
_KINDS = {
    "a number": lambda value: is_number(value) and abs(value) < 1e30,  # which Blender's floats hold
    "a whole number": lambda value: type(value) is int and abs(value) < 2**63,
    "a text": lambda value: isinstance(value, str),
    "a list of texts": is_texts,
    "a list": lambda value: isinstance(value, list),
    "an object": lambda value: isinstance(value, dict),
    "a frame rate": lambda value: is_number(value) and 0 < value <= 1000,
}


def owe(fits: bool, what: str) -> None:
    """Raise ProtocolError, "The runtime's answer" followed by ``what``, unless it ``fits``."""
    if not fits:
        raise ProtocolError(f"The runtime's answer {what}", _REMEDY)


def field(fields: Mapping[str, Any], name: str, kind: str) -> Any:
    """Return the field ``name``, which must be there and of ``kind``, one of "a number", "a text" and the like."""
    owe(name in fields, f"lacks {name!r}")
    owe(_KINDS[kind](fields[name]), f"has {name} {fields[name]!r:.40}, which is not {kind}")
    return fields[name]


def rows(fields: Mapping[str, Any], name: str, most: int, kinds: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the list of objects ``name``, at most ``most``, each with fields of ``kinds``."""
    found = field(fields, name, "a list")
    owe(len(found) <= most, f"has {len(found)} {name} in place of {most}")
    for row in found:
        owe(isinstance(row, dict), f"has {name} that are not objects")
        for key, kind in kinds.items():
            field(row, key, kind)
    return found


def weights(fields: Mapping[str, Any]) -> None:
    """Raise ProtocolError where it is told what made a motion, and not as texts."""
    told = fields.get("weights") or {}
    owe(isinstance(told, dict), "has weights that are not an object")
    for name in ("name", "licence"):
        if name in told:
            field(told, name, "a text")


def notes(fields: Mapping[str, Any]) -> None:
    """Raise ProtocolError where there are lines for the user that are not texts."""
    if "notes" in fields:
        field(fields, "notes", "a list of texts")


def joints(arrays: Mapping[str, np.ndarray], shape: Sequence[int | None], name: str = "joints") -> np.ndarray:
    """Return the array ``name``: positions (..., 22, 3) in metres whose leading dimensions are ``shape``, None any but
    0.

    ``arrays`` are what came, of any shape. Raises ProtocolError for what cannot be used.
    """
    owe(name in arrays, f"lacks the array {name!r}")
    found = arrays[name]
    fits = found.ndim == len(shape) + 2 and found.shape[-2:] == (JOINT_COUNT, 3) and found.dtype.kind == "f"
    fits = fits and all(
        have == want if want is not None else have > 0 for have, want in zip(found.shape, shape, strict=False)
    )
    wanted = ", ".join("any" if length is None else str(length) for length in (*shape, JOINT_COUNT, 3))
    owe(fits, f"has {name} of shape {found.shape} and type {found.dtype} in place of ({wanted})")
    with np.errstate(invalid="ignore"):
        near = bool((np.abs(found) <= limits.FARTHEST).all())  # false for what is not a number
    owe(near, f"has {name} that are not numbers, or farther than {limits.FARTHEST:g} m away")
    return found


def drawable(preview: np.ndarray) -> bool:
    """Return whether a coarse ``preview`` (count, frames, 22, 3), metres, can be drawn."""
    try:
        joints({"preview": preview}, (None, None), "preview")
    except ProtocolError:
        return False
    return True
