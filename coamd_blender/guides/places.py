"""Places on the ground that a character passes one after the other, taken from Blender. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import bpy
import numpy as np

from ..errors import InputError
from ..motion import skeleton
from ..retarget.reading import Placement
from .holds import matrices_of

FASTEST = 6.0  # m/s from one place to the next: a sprint
UPRIGHT = 0.2  # length on the ground of a unit direction that looks nowhere


@dataclass(frozen=True, eq=False)
class Place:
    """A place: ``name`` for messages; ``frame`` of the scene, None for by distance; ``point`` (3,) in the world, Y up,
    Blender's units; ``facing`` (3,), the direction to look there, Y up, None for where the way goes."""

    name: str
    frame: int | None
    point: np.ndarray
    facing: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Way:
    """Places as a request takes them: scene ``frames`` (count,), ``points`` (count, 2: x, z), canonical metres, and
    ``headings`` (count,), radians, not a number for where the way goes."""

    frames: np.ndarray
    points: np.ndarray
    headings: np.ndarray

    def sent(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return what the request says of them: float32 arrays (count,), points (count, 2), metres and radians.

        ``rows`` (count,) are the frames of the clip.
        """
        order = np.argsort(rows)
        told = {"place_points": self.points, "place_frames": rows, "place_headings": self.headings}
        return {name: values[order].astype(np.float32) for name, values in told.items()}


def check_places(settings: bpy.types.PropertyGroup, first: int, last: int) -> None:
    """Raise InputError unless the places of ``settings`` (properties.COAMD_PG_guides) can be passed one after the other
    behind frame ``first``, up to ``last``. Quick enough to be asked at every redraw."""
    before = first
    for number, row in enumerate(settings.places, start=1):
        if row.object is None:
            raise InputError(f"Place {number} has no object", "Choose one, or remove the place")
        if not row.use_frame:
            continue
        if not first < row.frame <= last:
            raise InputError(
                f"{row.object.name} is to be passed at frame {row.frame}, the motion goes from {first} to {last}",
                f"Give it a frame from {first + 1} to {last}, or none",
            )
        if row.frame <= before and before > first:
            raise InputError(
                f"{row.object.name} is to be passed at frame {row.frame}, the place above it at {before}",
                "Let frames go upwards in the list",
            )
        before = row.frame


def places_of(settings: bpy.types.PropertyGroup, scene: bpy.types.Scene, first: int, last: int) -> tuple[Place, ...]:
    """Return the places of ``settings``, moving objects as they are at their frame. Raises InputError as
    :func:`check_places`, and for an object that looks straight up or down and is to be looked along."""
    check_places(settings, first, last)
    found = []
    for row in settings.places:
        frame = row.frame if row.use_frame else None
        (matrix,) = matrices_of(scene, row.object, [scene.frame_current if frame is None else frame])
        point, facing = skeleton.to_y_up(matrix[:3, 3]), None
        if row.facing:
            facing = skeleton.to_y_up(-matrix[:3, 1] / max(np.linalg.norm(matrix[:3, 1]), 1e-9))
            if np.linalg.norm(facing[[0, 2]]) < UPRIGHT:
                raise InputError(
                    f"{row.object.name} looks straight up or down, along its local -Y", "Turn it, or turn Facing off"
                )
        found.append(Place(row.object.name, frame, point, facing))
    return tuple(found)


def way_through(places: Sequence[Place], placement: Placement, first: float, start: np.ndarray, last: float) -> Way:
    """Return ``places`` in the canonical clip that ``placement`` puts into the world.

    The way begins at scene frame ``first`` with the pelvis at ``start`` (2,), x and z in canonical metres. Places
    without a frame are as far along the time as along the way, the last of all at frame ``last``.
    """
    points = [placement.canonical(place.point / placement.scale)[[0, 2]] for place in places]
    points = np.array(points).reshape(-1, 2)
    facings = [None if place.facing is None else place.facing @ placement.turn for place in places]
    headings = np.array([np.nan if way is None else np.arctan2(way[0], way[2]) for way in facings], float)
    steps = np.linalg.norm(np.diff(np.concatenate([start[None], points]), axis=0), axis=1)
    return Way(spread([first, *(place.frame for place in places)], steps, last), points, headings)


def check_pace(names: Sequence[str], way: Way, first: float, start: np.ndarray, fps: float) -> None:
    """Raise InputError where the places of ``way``, called ``names``, follow each other faster than anybody runs.

    It begins at scene frame ``first`` with the pelvis at ``start`` (2,), x and z in canonical metres; ``fps`` are the
    scene's frames a second. A place at that very frame is where it begins.
    """
    order = np.argsort(way.frames, kind="stable")
    frame, here = first, start
    for name, there, at in zip(np.array(names)[order], way.points[order], way.frames[order], strict=True):
        seconds, distance = (at - frame) / fps, float(np.linalg.norm(there - here))
        if distance > FASTEST * seconds and at > first:
            raise InputError(
                f"{name} is {distance:.1f} m from the place before, and there are {max(seconds, 0):.1f} s",
                "Give it a later frame, make the motion longer, or move it nearer",
            )
        frame, here = at, there


def spread(frames: Sequence[float | None], steps: np.ndarray, last: float) -> np.ndarray:
    """Return the frame numbers (count,) of a way whose beginning has ``frames[0]``; of None, by its share of the way.

    ``steps`` (count,), metres, is how far each place is from the one before; the last place is at frame ``last`` unless
    it has a frame of its own.
    """
    frames = [*frames[:-1], last if frames[-1] is None else frames[-1]]
    known = [number for number, frame in enumerate(frames) if frame is not None]
    result = np.array([np.nan if frame is None else frame for frame in frames], float)
    for low, high in pairwise(known):
        part = steps[low:high]
        gone = np.cumsum(part) / part.sum() if part.sum() > 1e-6 else np.arange(1, high - low + 1) / (high - low)
        result[low + 1 : high] = result[low] + gone[:-1] * (result[high] - result[low])
    return result[1:]
