"""A user's own mapping as a JSON file: ``{"format": "coamd-mapping", "version": 1, "label": ..., "bones": {...}}``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ..errors import InputError, RigError
from ..motion.files import parse_json, read_text
from .mapping import REQUIRED, Mapping, make_mapping

FORMAT, VERSION = "coamd-mapping", 1


def save_mapping(mapping: Mapping, path: str | Path) -> Path:
    """Write ``mapping`` to ``path`` (UTF-8 JSON) and return the path.

    Raises InputError when it cannot be written.
    """
    path = Path(path)
    content = {"format": FORMAT, "version": VERSION, "label": mapping.preset, "bones": mapping.bones}
    try:
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"The mapping cannot be written to {path}: {error.strerror}", "Choose another place"
        ) from error
    return path


def load_mapping(path: str | Path) -> Mapping:
    """Read a mapping that :func:`save_mapping` wrote, or one made by hand.

    Raises InputError for a file that is not a mapping, RigError for a joint that does not exist, a joint named
    twice or a bone given to two joints.
    """
    path = Path(path)
    try:
        content = parse_json(read_text(path), object_pairs_hook=_once)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", "Choose another file") from error
    except ValueError as error:
        raise InputError(f"{path.name} is not JSON: {error}", "Choose a file saved from the mapping editor") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{path.name} is not a bone mapping", f'It must hold "format": "{FORMAT}"')
    if content.get("version") != VERSION:
        raise InputError(f"{path.name} is not a mapping of version {VERSION}", "Update CoAMD to read it")
    bones = content.get("bones")
    if not isinstance(bones, dict) or not all(isinstance(bone, str) for bone in bones.values()):
        raise InputError(f"{path.name} has no table of bones", 'Give "bones": {"pelvis": "BONE NAME", ...}')
    return make_mapping(str(content.get("label") or path.stem), bones)


def check_mapping(mapping: Mapping, bone_names: Iterable[str]) -> None:
    """Raise RigError unless the rig has every bone of ``mapping``, and this every joint that a motion needs."""
    known = set(bone_names)
    unknown = [bone for bone in mapping.bones.values() if bone not in known]
    if unknown:
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        raise RigError(f"The armature has no bone {unknown[0]!r}{more}", "Choose the bones of this armature")
    absent = [joint for joint in REQUIRED if joint in mapping.missing]
    if absent:
        raise RigError(f"The mapping has no bone for {', '.join(absent)}", "Choose a bone for each of them")


def _once(pairs: list[tuple[str, object]]) -> dict:
    """Build a dict from JSON pairs; a name given twice is an error, where JSON would keep the last."""
    found: dict = {}
    for name, value in pairs:
        if name in found:
            raise RigError(f"{name!r} is given twice", "Keep one of the two lines")
        found[name] = value
    return found
