"""What a user may say of a motion file, in place of what would be found in it."""

from __future__ import annotations

from dataclasses import dataclass

from coamd_blender.errors import InputError

AXES = {"y": (0, 1, 0), "z": (0, 0, 1), "x": (1, 0, 0), "-y": (0, -1, 0), "-z": (0, 0, -1), "-x": (-1, 0, 0)}
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254, "ft": 0.3048, "dm": 0.1, "acclaim": 0.0254 / 0.45}


@dataclass(frozen=True)
class ReadOptions:
    """Up such as "z" or "-y", unit such as "cm" or metres as a number, frames a second; None for what is found."""

    up: str | None = None
    unit: str | None = None
    fps: float | None = None

    def check(self) -> None:
        """Raise InputError for an axis or a unit that is not one."""
        if self.up is not None:
            axis_of(self.up)
        if self.unit is not None:
            unit_of(self.unit)


def axis_of(name: str) -> str:
    """Return the axis of AXES that ``name`` says, such as "Z" or "+z". Raises InputError."""
    axis = name.strip().lower().removeprefix("+")
    if axis not in AXES:
        raise InputError(f"{name!r} is not an axis", f"Choose from {', '.join(AXES)}")
    return axis


def unit_of(text: str) -> float:
    """Return the metres of a unit: "cm", "in" or the like, or a number. Raises InputError."""
    if text.strip().lower() in UNITS:
        return UNITS[text.strip().lower()]
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1e-6 <= value <= 1e6:
        raise InputError(f"{text!r} is not a unit", f"Choose from {', '.join(UNITS)}, or give metres a unit")
    return value
