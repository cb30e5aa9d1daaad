"""Checks of arrays that people and programs send: a motion, a path, the parts of a body.

As checks.py, which loads no numpy; the requests import this once there is an array to look at. A leaf: standard library
and numpy.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..motion import skeleton
from ..motion.skeleton import FPS, JOINT_COUNT
from . import limits
from .edit_modes import EDIT_MODES

FULL_TURNS = 1000.0  # rad, of a heading


def check_clip(joints: np.ndarray | None) -> None:
    """Raise InputError unless ``joints`` are a clip (frames, 22, 3) of finite numbers, in metres or any other unit."""
    if joints is None:
        raise InputError("The request has no joints", f"Send joints (frames, {JOINT_COUNT}, 3)")
    if joints.ndim != 3 or joints.shape[1:] != (JOINT_COUNT, 3):
        raise InputError(f"Joints of shape {joints.shape} are not a clip", f"Give (frames, {JOINT_COUNT}, 3)")
    if joints.dtype.kind != "f":
        raise InputError(f"Joints of type {joints.dtype} are not places", "Give floating-point numbers")
    if not np.isfinite(joints).all():
        raise InputError("The motion holds values that are not numbers", "Export it again")
    if joints.size and np.abs(joints).max() > limits.FARTHEST:
        raise InputError(
            f"The motion holds positions farther than {limits.FARTHEST:g} m away", "Check the unit of its source"
        )


def check_motion(joints: np.ndarray) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3) of any unit if they are long enough to be recognised, else raise InputError.

    They must be a clip of at least 4 frames.
    """
    joints = np.asarray(joints)
    check_clip(joints)
    if len(joints) < limits.SHORTEST_FRAMES:
        seconds = limits.SHORTEST_FRAMES / FPS
        raise InputError(
            f"A motion of {len(joints)} frames at {FPS} a second is too short to be recognised",
            f"Give at least {limits.SHORTEST_FRAMES} frames, {seconds:g} s",
        )
    return joints


def check_path(path: np.ndarray | None, mode: str, parts: str | None) -> None:
    """Raise InputError unless the pelvis can follow ``path`` (points, 2: x, z), metres.

    ``mode`` and ``parts``, what is made anew, are those of the request.
    """
    if path is None:
        return
    check_led(mode, parts)
    if path.ndim != 2 or path.shape[1] != 2 or not _near(path):
        raise InputError(f"An array of shape {path.shape} is not a path", "Give two or more points [x, z]")
    if float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum()) < 0.05:
        raise InputError("The path is a single point", "Give at least two points apart")


def check_led(mode: str, parts: str | None) -> None:
    """Raise InputError where the pelvis cannot be led, by a path or by places: ``mode`` and ``parts`` as of the
    request."""
    if parts is not None:
        raise InputError("A path moves the whole body, and only some joints may be made anew", "Leave one out")
    if EDIT_MODES[mode].keeps:
        raise InputError("A variation keeps its way, and a path gives another", "Leave the path out, or use between")


def check_way(
    points: np.ndarray, frames: np.ndarray | None, headings: np.ndarray | None, area: tuple[int, int]
) -> None:
    """Raise InputError unless ``points`` (count, 2: x, z), metres, are places on the ground that are passed at as many
    ``frames`` (count,), each once, in the ``area`` (first, one past the last).

    A frame may lie between two; ``headings`` (count,) are radians, or not a number.
    """
    if points.ndim != 2 or points.shape[1] != 2 or not len(points) or not _near(points):
        raise InputError(f"An array of shape {points.shape} is not places on the ground", "Give points [x, z]")
    counts = {0 if array is None else array.size for array in (frames, headings)}
    if counts != {len(points)} or frames.dtype.kind not in "iuf" or headings.dtype.kind != "f":
        raise InputError("The places do not belong together", "Send as many points as frames and headings")
    if np.isinf(headings).any() or (np.abs(np.nan_to_num(headings)) > FULL_TURNS).any():
        raise InputError("A heading of a place is not an angle", "Send radians, or not a number for none")
    told = frames.ravel().astype(float)
    if len(np.unique(told)) < len(told):
        raise InputError("Two places are passed at the same frame", "Give each a frame of its own")
    outside = told[~((told >= area[0]) & (told <= area[1] - 1))]
    if len(outside):
        raise InputError(
            f"A place is passed at frame {outside[0]:g}, outside the range {area[0]}:{area[1]}",
            "Give a frame inside it",
        )


def check_places(points: np.ndarray, joints: np.ndarray | None, frames: np.ndarray | None) -> None:
    """Raise InputError unless ``points`` (count, 3), metres, are places of as many joints at as many frames.

    ``joints`` are indices and ``frames`` frame numbers, both (count,).
    """
    for indices in (joints, frames):
        if indices is not None and indices.dtype.kind not in "iu":
            raise InputError(f"Targets of type {indices.dtype} are not numbered", "Send whole numbers")
    counts = {0 if array is None else array.size for array in (joints, frames)}
    if points.ndim != 2 or points.shape[1] != 3 or counts != {len(points)}:
        raise InputError("The targets do not belong together", "Send as many points (count, 3) as joints and frames")
    if not _near(points) or not ((joints >= 0) & (joints < JOINT_COUNT)).all():
        raise InputError("A target is not a place of a joint", f"Send finite points, and joints under {JOINT_COUNT}")


def immovable_joints(parts: str | None) -> np.ndarray:
    """Return which joints (22,) bool stay where ``parts`` (body parts and joints, by commas; None: all) are made anew.

    Raises InputError for a name that is neither, and when nothing can move.
    """
    held = skeleton.immovable(range(skeleton.JOINT_COUNT))
    if parts is None:
        return held
    try:
        held = skeleton.immovable(skeleton.joints_named(parts))
    except KeyError as error:
        raise InputError(
            f"There is no joint or body part {error.args[0]!r}",
            f"Choose from {', '.join(skeleton.BODY_PARTS)}, or joints: {', '.join(skeleton.JOINT_NAMES)}",
        ) from error
    if held.all():
        raise InputError(f"Joints {parts} cannot move while what hangs on them stays", "Add the joints below them")
    return held


def _near(points: np.ndarray) -> bool:
    """Return whether all are floating-point numbers and none is farther away than a joint can be."""
    if points.dtype.kind != "f":
        return False
    with np.errstate(invalid="ignore"):
        return bool((np.abs(points) <= limits.FARTHEST).all())
