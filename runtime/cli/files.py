"""Files that people write for the verbs: prompts, labels, scenes, curves, poses. All raise InputError."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.motion import files
from coamd_blender.motion.skeleton import JOINT_COUNT, JOINT_INDEX
from coamd_blender.wire.checks import check_scene
from coamd_blender.wire.requests import StoryboardScene

_MOST_HELD = 100_000  # frames with a pose: well over an hour
_POSES = 'Write [{"frame": 30, "joints": {"left_wrist": [x, y, z]}}]'


def read_text(path: Path, what: str) -> str:
    """Return the text of a UTF-8 file; ``what`` names it: "prompt file"."""
    try:
        return files.read_text(path)
    except UnicodeDecodeError as error:
        raise InputError(f"The {what} {path} is not UTF-8 text", "Save it as UTF-8") from error
    except OSError as error:
        raise InputError(f"The {what} {path} cannot be read: {error.strerror}", "Check the path") from error
    except ValueError as error:
        raise InputError(f"The {what} {path} cannot be read: {error}", "Leave out what is not needed") from error


def read_json(path: Path, what: str) -> Any:
    """Return what a JSON file holds; ``what`` names it."""
    try:
        return files.parse_json(read_text(path, what))
    except ValueError as error:
        raise InputError(f"The {what} {path} is not JSON ({error})", "Correct the file") from error


def read_prompts(path: Path) -> list[tuple[int, str]]:
    """Return (line number from 0, prompt) for every line of a file that is not empty."""
    lines = read_text(path, "prompt file").splitlines()
    prompts = [(number, line) for number, line in enumerate(lines) if line.strip()]
    if not prompts:
        raise InputError(f"The prompt file {path} holds no prompt", "Write one prompt a line")
    return prompts


def read_labels(text: str) -> list[str]:
    """Return the labels of a text file, one a line, or of a list with commas."""
    path = Path(text)
    try:
        there = path.is_file()
    except OSError:  # a list too long for a file's name
        there = False
    if there:
        return read_text(path, "label file").splitlines()
    if path.suffix.lower() == ".txt":
        raise InputError(f"There is no file {path}", 'Check the path, or give labels: "walking, running"')
    return text.split(",")


# --- storyboards ------------------------------------------------------------------------------------------------------


def read_scenes(path: Path) -> list[StoryboardScene]:
    """Return the scenes of a storyboard: a JSON list of {"prompt", "seconds"}, or lines such as ``3 a person walks``
    (seconds, prompt). Empty lines and lines that begin with # are left out.
    """
    text = read_text(path, "storyboard")
    scenes = _json_scenes(text, path) if text.lstrip().startswith(("[", "{")) else _line_scenes(text, path)
    if not scenes:
        raise InputError(f"The storyboard {path} holds no scene", "Write lines such as: 3 a person walks forward")
    return scenes


def _scene(prompt: str, seconds: float) -> StoryboardScene:
    check_scene(prompt, seconds)
    return StoryboardScene(prompt, seconds)


def _json_scenes(text: str, path: Path) -> list[StoryboardScene]:
    try:
        rows = files.parse_json(text)
        rows = rows["scenes"] if isinstance(rows, dict) else rows
        return [_scene(str(row["prompt"]), float(row["seconds"])) for row in rows]
    except (ValueError, TypeError, KeyError, ArithmeticError) as error:
        raise InputError(
            f"The storyboard {path} is not a list of scenes ({error})",
            'Write [{"prompt": "a person walks", "seconds": 3}, ...]',
        ) from error


def _line_scenes(text: str, path: Path) -> list[StoryboardScene]:
    scenes = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        seconds, _, prompt = line.strip().partition(" ")
        try:
            scenes.append(_scene(prompt, float(seconds.rstrip("s"))))
        except ValueError as error:
            raise InputError(
                f"Line {number} of {path} does not begin with seconds", "Write lines such as: 3 a person walks"
            ) from error
    return scenes


# --- edits ------------------------------------------------------------------------------------------------------------


def read_path(path: Path) -> np.ndarray:
    """Return a curve on the ground (points, 2: x, z), metres, of a JSON file: [[x, z], ...], or {"points": ...}."""
    rows = read_json(path, "curve")
    rows = rows.get("points") if isinstance(rows, dict) else rows
    try:
        curve = np.array(rows, dtype=np.float64)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise InputError(f"{path} is not a curve ({error})", "Write [[x, z], [x, z], ...]") from error
    if curve.ndim != 2 or curve.shape[1] != 2 or len(curve) < 2 or not np.isfinite(curve).all():
        raise InputError(f"{path} holds an array of shape {curve.shape}", "Write two or more points [[x, z], ...]")
    return curve


def read_targets(path: Path) -> dict[str, np.ndarray]:
    """Return the places of joints that a JSON file asks for, as an edit request takes them: target_points (count, 3),
    metres, Y up, target_joints and target_frames (count,).

    The file holds [{"frame": N, "joints": {NAME: [x, y, z], ...}}, ...]; a whole pose is a list of 22 points, and
    "until": M holds the places up to frame M, excluded.
    """
    rows = read_json(path, "list of poses")
    rows = rows.get("poses") if isinstance(rows, dict) else rows
    points, joints, frames = [], [], []
    try:
        for row in rows:
            indices, places = _places(row["joints"])
            held = range(int(row["frame"]), int(row.get("until", int(row["frame"]) + 1)))
            if len(held) + len(points) > _MOST_HELD:
                raise ValueError(f"it holds poses at more than {_MOST_HELD:,} frames")
            for frame in held:
                points.append(places)
                joints += indices
                frames += [frame] * len(indices)
    except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise InputError(f"{path} is not a list of poses ({error})", _POSES) from error
    if not frames:
        raise InputError(f"{path} holds no pose", _POSES)
    return {
        "target_points": np.concatenate(points),
        "target_joints": np.array(joints),
        "target_frames": np.array(frames),
    }


def _places(told: Any) -> tuple[list[int], np.ndarray]:
    """Return the joints (indices) of one pose and their places (joints, 3). Raises ValueError and KeyError."""
    if isinstance(told, list):
        told = dict(zip(JOINT_INDEX, told, strict=True))
    indices = [JOINT_INDEX[name] for name in told]
    places = np.array(list(told.values()), dtype=np.float64)
    if places.shape != (len(indices), 3) or not 0 < len(indices) <= JOINT_COUNT or not np.isfinite(places).all():
        raise ValueError(f"points of shape {places.shape}")
    return indices, places
