"""The devices that networks run on."""

from __future__ import annotations

import torch

from coamd_blender.errors import InputError


def choose_device(name: str = "auto") -> torch.device:
    """Return the device ``name``, or for "auto" the best of cuda, mps and cpu. InputError when it is not there."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, there in available.items() if there))
    if not available.get(name.split(":")[0], False):
        raise InputError(f"The device {name} is not available here", "Choose auto or cpu")
    return torch.device(name)
