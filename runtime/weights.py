"""Where the networks' files lie, and what can be told of one without torch: that it is there, its kind, its digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

from coamd_blender.errors import WeightsError

BUNDLED = Path(__file__).resolve().parents[1] / "weights"
FORMAT = "1"
AUTOENCODER, GENERATOR, RECOGNIZER = (f"{name}.safetensors" for name in ("autoencoder", "generator", "recognizer"))
STUDENT = "student.safetensors"  # the generator distilled: what draws in "fast"
_RESTORE = "Restore the weights folder, or point --weights at a folder that holds it"
_REMEDIES = {RECOGNIZER: "Make it with: python -m runtime train recognizer, and copy it there from the run folder"}


def weights_file(folder: Path | None, name: str) -> Path:
    """Return the path of file ``name`` in a weights folder, None for the bundled one. Raises WeightsError without."""
    return check_file((BUNDLED if folder is None else Path(folder)) / name)


def check_file(path: Path) -> Path:
    """Return ``path`` of a weights file. Raises WeightsError when it is not there."""
    if not path.is_file():
        remedy = _REMEDIES.get(path.name, _RESTORE)
        raise WeightsError(f"Weights file {path.name} is not in {path.parent}", remedy)
    return path


def check_kind(path: Path, metadata: dict[str, str], kind: str) -> None:
    """Raise WeightsError unless the metadata of a weights file says that it holds a network of this kind."""
    if metadata.get("coamd_format") != FORMAT or metadata.get("kind") != kind:
        found = f"{metadata.get('kind', 'unknown')} of format {metadata.get('coamd_format', 'none')}"
        raise WeightsError(
            f"Weights file {path.name} is {found}, expected {kind} of format {FORMAT}",
            "Use the weights of this release, or train them anew",
        )


def read_configuration(path: Path, kind: str) -> dict:
    """Return the configuration that a weights file holds beside its tensors.

    Raises WeightsError when it is missing, torn, or of another kind.
    """
    check_file(path)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, ValueError) as error:
        raise torn(path, error) from error
    check_kind(path, metadata, kind)
    return json.loads(metadata["config"])


def torn(path: Path, error: Exception) -> WeightsError:
    """Return the error for a weights file that cannot be read."""
    return WeightsError(f"Weights file {path.name} cannot be read ({error})", "It is torn: restore it from the release")


def sha256(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
