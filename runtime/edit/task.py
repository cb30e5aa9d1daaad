"""What an edit asks for: the range, the mode, the joints, a path, poses. Checked here, done in range_edit.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from coamd_blender.wire.array_checks import check_clip, check_path, immovable_joints
from coamd_blender.wire.checks import check_number, check_range, check_ranges, check_rate, check_targets
from coamd_blender.wire.edit_modes import DEFAULT_MODE, EDIT_MODES
from runtime.cleanup.blend import Target

if TYPE_CHECKING:
    from coamd_blender.wire.requests import EditRequest


class Place(NamedTuple):
    """Where the pelvis is at a ``frame``, which may lie between two.

    ``point`` (2: x, z) is on the ground, in the clip's unit; ``heading`` where the body looks, radians from +Z towards
    +X, None for where it goes.
    """

    frame: float
    point: np.ndarray
    heading: float | None = None


@dataclass(frozen=True)
class Edit:
    """What to remake. Raises InputError for what cannot be meant.

    Frames ``start`` to ``stop``, ``stop`` excluded, are made anew after ``prompt`` (none: whatever fits). ``mode``:
    one of EDIT_MODES; ``keep``: the share of the range, 0 to 1, that stays in a mode that keeps one. ``joints``: body
    parts and joint names, separated by commas, that alone are made anew. ``path`` (points, 2: x, z) is a curve on the
    ground for the pelvis, run evenly over the range; ``places`` are passed one after the other, on a smooth way from
    where the range begins; ``targets`` places of joints at frames of the range. All in the clip's own coordinates.
    """

    start: int
    stop: int
    prompt: str = ""
    mode: str = DEFAULT_MODE
    joints: str | None = None
    keep: float = 0.5
    path: np.ndarray | None = None
    targets: tuple[Target, ...] = ()
    seed: int = 0
    cfg: float | None = None
    places: tuple[Place, ...] = ()

    def __post_init__(self) -> None:
        check_range(self.start, self.stop, self.mode)
        check_number("The share to keep", self.keep, 1.0)
        check_path(self.path, self.mode, self.joints)
        self.held()

    @property
    def keeps(self) -> bool:
        """Whether a share of the range stays as a guide."""
        return EDIT_MODES[self.mode].keeps

    @property
    def led(self) -> bool:
        """Whether the way over the ground is given: by a path, or by places."""
        return self.path is not None or bool(self.places)

    @property
    def prompted(self) -> bool:
        """Whether the prompt alone says what the whole body does: no path, no places, nothing that stays."""
        told = self.led or bool(self.targets) or self.keeps
        return bool(self.prompt.strip()) and not told and not self.held().any()

    def held(self) -> np.ndarray:
        """Return the joints (22,) bool that stay as they are."""
        return immovable_joints(self.joints)


def edits_of(request: EditRequest) -> list[Edit]:
    """Return the edits that a request asks for, one a range; its targets go to the range that holds their frame."""
    path = None if request.path is None else request.path.astype(np.float64)
    targets = targets_of(request)
    return [
        Edit(
            start,
            stop,
            request.prompt,
            mode,
            request.parts,
            request.keep,
            path,
            tuple(target for target in targets if start <= target.frame < stop),
            request.seed,
            request.cfg,
            places_of(request),
        )
        for start, stop, mode in request.ranges
    ]


def places_of(request: EditRequest) -> tuple[Place, ...]:
    """Return the places that a request has the body pass, in the order of their frames."""
    if request.place_points is None:
        return ()
    points, headings = request.place_points.astype(np.float64), request.place_headings.ravel().tolist()
    rows = zip(request.place_frames.ravel().tolist(), points, headings, strict=True)
    places = [Place(float(frame), point, None if np.isnan(heading) else heading) for frame, point, heading in rows]
    return tuple(sorted(places, key=lambda place: place.frame))


def targets_of(request: EditRequest) -> list[Target]:
    """Return the places of joints that a request asks for, those of one frame together."""
    if request.target_points is None:
        return []
    points = request.target_points.astype(np.float64)
    rows = zip(request.target_frames.ravel().tolist(), request.target_joints.ravel().tolist(), points, strict=True)
    by_frame: dict[int, dict[int, np.ndarray]] = {}
    for frame, joint, point in rows:
        by_frame.setdefault(int(frame), {})[int(joint)] = point
    return [Target(frame, tuple(places), np.stack([*places.values()])) for frame, places in by_frame.items()]


def check(joints: np.ndarray, fps: float, task: Edit) -> None:
    """Raise InputError unless ``joints`` (frames, 22, 3), metres, are a clip that holds the task's range.

    Its rate, ``fps`` frames a second, is checked too.
    """
    check_clip(joints)
    check_rate(fps)
    check_ranges([(task.start, task.stop)], len(joints))
    check_targets([target.frame for target in task.targets], [(task.start, task.stop)])
