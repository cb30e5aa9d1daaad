"""Weights on disk: safetensors with the configuration in the metadata; strict keys, never pickle.

Training checkpoints use the same files (model, average, optimiser state as tensors), so nothing in this
project unpickles anything. int8 storage is weight-only: one scale per row, expanded to float32 on load.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from coamd_blender.errors import WeightsError
from runtime.config import from_dict
from runtime.weights import FORMAT, check_file, check_kind, torn

_SCALE = "::scale"
_KINDS = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.int32, torch.int64, torch.bool)
_RESTORE = "Restore it from the release"

Net = TypeVar("Net", bound=torch.nn.Module)


def save(path: Path, kind: str, config: Any, tensors: dict[str, torch.Tensor], extra: dict | None = None) -> None:
    """Write ``tensors``, of any shape and unit, and the dataclass ``config`` to ``path`` in one step.

    ``kind`` names the network ("autoencoder", "generator", "text_encoder"); ``extra`` is JSON data that :func:`load`
    gives back, such as the training step.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {
        "coamd_format": FORMAT,
        "kind": kind,
        "config": json.dumps(asdict(config), sort_keys=True),
        "extra": json.dumps(extra or {}, sort_keys=True),
    }
    temporary = path.with_name(path.name + ".partial")
    save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, temporary, metadata)
    os.replace(temporary, path)


def load(path: Path, kind: str, config_class: type) -> tuple[object, dict[str, torch.Tensor], dict]:
    """Read a file written by :func:`save`: (configuration, tensors, extra).

    The tensors are float, of any shape and unit, as they were saved.

    Raises WeightsError when the file is missing, torn, of another kind or of another version, or holds values that are
    not numbers.
    """
    path = Path(path)
    metadata, tensors = _read(path)
    check_kind(path, metadata, kind)
    broken = f"Weights file {path.name} is torn"
    try:
        config, extra = from_dict(config_class, json.loads(metadata["config"])), json.loads(metadata["extra"])
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
        raise WeightsError(f"{broken}: its configuration is not one ({error})", _RESTORE) from error
    if not isinstance(extra, dict):
        raise WeightsError(f"{broken}: what it notes is not an object", _RESTORE)
    other = next((name for name, value in tensors.items() if value.dtype not in _KINDS), None)
    if other is not None:
        raise WeightsError(f"{broken}: {other} is of type {tensors[other].dtype}", _RESTORE)
    try:
        expanded = _expand(tensors)
    except (KeyError, RuntimeError) as error:
        raise WeightsError(f"{broken}: a scale does not fit its matrix ({error})", _RESTORE) from error
    strange = next((name for name, value in expanded.items() if not _is_finite(value)), None)
    if strange is not None:
        raise WeightsError(f"{broken}: {strange} holds values that are not numbers", _RESTORE)
    return config, expanded, extra


def network(path: Path, kind: str, config_class: type, build: Callable[[Any], Net], name: str) -> Net:
    """Return the network in a weights file: ``build(config)`` with the file's tensors. ``name`` is for texts.

    It is built for real only once its file is seen to hold all that its configuration states, so that it takes no more
    memory than there are tensors for. Raises WeightsError as :func:`load` and :func:`load_module`.
    """
    config, tensors, _ = load(path, kind, config_class)
    try:
        with torch.device("meta"):
            _check_fit(build(config).state_dict(), tensors, name)
    except (RuntimeError, ValueError, ArithmeticError) as error:  # sizes that no network has
        raise WeightsError(f"Weights file {Path(path).name} states no network ({error})", _RESTORE) from error
    module = build(config)
    load_module(module, tensors, name)
    return module


def stored(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a file as they are stored, of any shape and unit, to be written again to the bit.

    Raises WeightsError when it is missing or torn.
    """
    return _read(Path(path))[1]


def _is_finite(value: torch.Tensor) -> bool:
    return not value.is_floating_point() or bool(torch.isfinite(value).all())


def _read(path: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    """Metadata and tensors as they are stored. Raises WeightsError when the file is missing or torn."""
    check_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise torn(path, error) from error
    return metadata, tensors


def pack(source: Path, target: Path, others: Sequence[Path] = (), int8: bool = False) -> None:
    """Write the network in ``source`` to ``target`` as it ships: matrices in float16, or of eight bits a number
    (:func:`quantize`) with ``int8``, vectors and statistics as they are. :func:`load` gives float32 back.

    With ``others``, networks of the same kind and configuration, their mean is written: one network trained on from
    another is often best halfway (Wortsman et al. 2022, robust fine-tuning). Raises WeightsError when a file cannot be
    read, a value does not fit, or the networks differ in kind.
    """
    metadata, tensors = _trained(Path(source))
    tensors = _expand(tensors) if others or int8 else tensors
    for other in map(Path, others):
        its_metadata, its_tensors = _trained(other)
        its_tensors = _expand(its_tensors)
        same = all(its_metadata.get(key) == metadata.get(key) for key in ("kind", "config"))
        if not same or {k: v.shape for k, v in its_tensors.items()} != {k: v.shape for k, v in tensors.items()}:
            raise WeightsError(f"{other.name} is another network than {Path(source).name}", "Pack one of them alone")
        tensors = {name: value + its_tensors[name] for name, value in tensors.items()}
    if others:
        tensors = {name: value / (1 + len(others)) for name, value in tensors.items()}
    packed = {}
    for name, value in (quantize(tensors) if int8 else tensors).items():
        if not int8 and value.ndim >= 2 and value.dtype == torch.float32:
            if value.abs().max() > torch.finfo(torch.float16).max:
                raise WeightsError(f"{name} in {Path(source).name} exceeds half precision", "Train with weight decay")
            value = value.half()
        packed[name] = value
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(target).with_name(Path(target).name + ".partial")
    save_file(packed, temporary, metadata)
    os.replace(temporary, target)


def _trained(path: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    """Metadata and tensors of a run's result; WeightsError for the checkpoint of a run."""
    metadata, tensors = _read(path)
    if any(name.startswith(("model.", "optimizer.")) for name in tensors):
        raise WeightsError(f"{path.name} is a training checkpoint", "Pack best.safetensors or final.safetensors")
    return metadata, tensors


def load_module(module: torch.nn.Module, tensors: dict[str, torch.Tensor], name: str) -> None:
    """Copy ``tensors``, of any shape and unit, into ``module``.

    Every key must be there and every shape must agree, else WeightsError.
    """
    _check_fit(module.state_dict(), tensors, name)
    module.load_state_dict(tensors, strict=True)


def _check_fit(expected: Mapping[str, torch.Tensor], tensors: Mapping[str, torch.Tensor], name: str) -> None:
    missing = sorted(set(expected) - set(tensors))
    unknown = sorted(set(tensors) - set(expected))
    wrong = [key for key in expected if key in tensors and expected[key].shape != tensors[key].shape]
    if missing or unknown or wrong:
        problem = next(
            f"{label} {keys[0]}"
            for label, keys in (("lacks", missing), ("has unknown", unknown), ("misshapes", wrong))
            if keys
        )
        raise WeightsError(f"{name} weights do not fit this version: the file {problem}", "Use matching weights")


def quantize(tensors: dict[str, torch.Tensor], smallest: int = 4096) -> dict[str, torch.Tensor]:
    """Turn every matrix, or stack of matrices, among ``tensors`` of any shape to int8 with one float scale a row.

    Only those of at least ``smallest`` entries; the result has the same shapes, and the scales (..., rows, 1) besides.
    """
    packed = {}
    for name, value in tensors.items():
        if value.ndim >= 2 and value.numel() >= smallest:
            scale = value.abs().amax(dim=-1, keepdim=True).clamp(min=1e-12) / 127
            packed[name] = torch.round(value / scale).to(torch.int8)
            packed[name + _SCALE] = scale.float()
        else:
            packed[name] = value
    return packed


def _expand(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Undo :func:`quantize` and half-precision storage."""
    expanded = {}
    for name, value in tensors.items():
        if name.endswith(_SCALE):
            continue
        if value.dtype == torch.int8:
            value = value.float() * tensors[name + _SCALE]
        expanded[name] = value.float() if value.dtype == torch.float16 else value
    return expanded
