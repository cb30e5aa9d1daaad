"""What an edit asks for: the range, the mode, the joints, a path, poses. Checked here, carried out by edit.py."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import BODY_PARTS, JOINT_COUNT, JOINT_NAMES, immovable
from runtime.cleanup.blend import Target, joints_named

MODES = ("between", "continue", "lead_in", "outpaint", "vary")


@dataclass(frozen=True)
class Edit:
    """What to remake. Raises InputError for what cannot be meant.

    Frames ``start`` to ``stop``, ``stop`` excluded, are made anew after ``prompt`` (none: whatever fits). ``mode``:
    between (both sides are context), continue (what comes before), lead_in (what comes after), outpaint (both), vary
    (``keep`` of the range, 0 to 1, stays as a guide). ``joints``: body parts and joint names, separated by commas,
    that alone are made anew. ``path`` (points, 2: x, z) is a curve on the ground for the pelvis, run evenly over the
    range; ``targets`` places of joints at frames of the range. All in the clip's own coordinates.
    """

    start: int
    stop: int
    prompt: str = ""
    mode: str = "between"
    joints: str | None = None
    keep: float = 0.5
    path: np.ndarray | None = None
    targets: tuple[Target, ...] = ()
    seed: int = 0
    cfg: float | None = None

    def __post_init__(self) -> None:
        if self.stop <= self.start:
            raise InputError(
                f"the range {self.start}:{self.stop} is empty", "give its first frame, and one past its last"
            )
        if self.mode not in MODES:
            raise InputError(f"there is no edit mode {self.mode!r}", f"choose from {', '.join(MODES)}")
        if not 0 <= self.keep <= 1:
            raise InputError(f"a share of {self.keep:g} cannot be kept", "choose between 0 and 1")
        if self.path is not None and self.joints is not None:
            raise InputError("a path moves the whole body, and only some joints may be made anew", "leave one out")
        if self.path is not None and self.mode == "vary":
            raise InputError(
                "a variation keeps its way, and a path gives another", "leave the path out, or use between"
            )
        if self.path is not None and _curve_length(self.path) < 0.05:
            raise InputError("the path is a single point", "give at least two points apart")
        self.held()

    @property
    def told(self) -> bool:
        """Whether the prompt alone says what the whole body does: no path, no places, no joints that stay."""
        led = self.path is not None or bool(self.targets)
        return bool(self.prompt.strip()) and not led and not self.held().any()

    def held(self) -> np.ndarray:
        """Joints (22,) bool that stay as they are."""
        if self.joints is None:
            return np.zeros(JOINT_COUNT, bool)
        try:
            held = immovable(joints_named(self.joints))
        except KeyError as error:
            raise InputError(
                f"there is no joint or body part {error.args[0]!r}",
                f"choose from {', '.join(BODY_PARTS)}, or joints: {', '.join(JOINT_NAMES)}",
            ) from error
        if held.all():
            raise InputError(f"{self.joints} cannot move while what hangs on it stays", "add the joints below it")
        return held


def _curve_length(curve: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(curve, axis=0), axis=1).sum()) if len(curve) > 1 else 0.0


def check(joints: np.ndarray, fps: float, task: Edit) -> None:
    """Raise InputError unless ``joints`` are a clip at ``fps`` frames a second that holds the task's range."""
    if joints.ndim != 3 or joints.shape[1:] != (JOINT_COUNT, 3):
        raise InputError(f"joints of shape {joints.shape} are not a clip", f"give (frames, {JOINT_COUNT}, 3)")
    if not (math.isfinite(fps) and fps > 0):
        raise InputError(f"{fps:g} frames a second", "state the clip's frame rate")
    if task.start < 0 or task.stop > len(joints):
        raise InputError(
            f"the range {task.start}:{task.stop} is outside the clip's {len(joints)} frames",
            f"choose frames from 0 to {len(joints)}",
        )
    for target in task.targets:
        if not task.start <= target.frame < task.stop:
            raise InputError(
                f"the pose at frame {target.frame} is outside the range {task.start}:{task.stop}", "move one of them"
            )
