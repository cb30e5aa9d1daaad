"""When a foot stands: low over the floor, and slow.

Two detectors, and both stay (on 342 recorded walks they agree on 87 % of the frames):

* :func:`detect_contacts` for motion whose feet are to be trusted, such as what is retargeted: a slow toe stands.
* :func:`detect_sliding_contacts` for motion as the network makes it, whose standing feet slide: how slow is slow
  follows the speed of the body, and a foot in doubt stands, since the foot lock is there to stop it.

What merely weighs how much a foot bears keeps its own measure, since no yes or no comes of it: the reward of guidance
(``runtime.generate.rewards``, differentiable), the pivot of a path that is bent (``runtime.compose.splice``) and the
travel given back to a loop (``runtime.data.loops``). So does the benchmark's share of sliding frames
(``runtime.evaluate.physical``): a measure that moved with the detector would measure nothing.

Joints are (frames, 22, 3), metres, Y up. A leaf: standard library and numpy only.
"""

from __future__ import annotations

import numpy as np

from .kinematics import leg_length, speed, velocity
from .signals import moving_average, without_short_runs
from .skeleton import ANKLES, FPS, TOES, rest_joints

# Of motion to be trusted. Toe height over the floor (m, canonical body) and speed (m/s): to begin a contact, and to go
# on with it.
ENTER_HEIGHT, LEAVE_HEIGHT = 0.05, 0.08
ENTER_SPEED, LEAVE_SPEED = 0.20, 0.40
TOUCH_SECONDS = 0.1  # two frames of 20 fps: anything shorter is a touch

# Of motion whose feet slide.
LOW_TOE = 0.06  # m: a toe higher than this does not stand
SLOWEST, FASTEST = 0.7, 1.5  # m/s: a standing toe slides by less, whatever the body does
SHARE_OF_BODY = 0.85  # of the body's speed, between the two above: faster toes are swinging
ON_FEET = 0.55  # m: a pelvis lower than this is carried by more than feet
LEAST_SECONDS = 0.15


def floor_offset(joints: np.ndarray) -> float:
    """Return how far the floor under a motion is off y = 0, where it was meant to be.

    Metres, for ``joints`` (frames, 22, 3); 0 where nothing is amiss. The 10th percentile over frames of the lowest
    joint: a body sunk into the floor is always lifted; a body that hovers is lowered only when it hovers on its feet by
    less than 8 cm, since a lying or leaping body has no foot on the floor. Less than 1 cm is left alone. The floor
    under a recording, which may be anywhere, is found by ``runtime.formats.placing.floor_height``.
    """
    lowest = joints[..., 1].min(axis=1)
    height = float(np.percentile(lowest, 10))
    on_feet = np.isin(joints[..., 1].argmin(axis=1), (*TOES, *ANKLES)).mean() > 0.5
    return height if height < -0.01 or (on_feet and 0.01 < height < 0.08) else 0.0


def detect_contacts(joints: np.ndarray, fps: float = FPS, floor: float = 0.0) -> np.ndarray:
    """Detect when each foot stands in a motion whose feet are to be trusted.

    ``joints`` (frames, 22, 3), metres, to (frames, 2) bool, left and right. A toe begins to stand when it is lower over
    ``floor`` (m) and slower than the lesser limits, and goes on to stand while it is within the wider ones
    (hysteresis). The limits are those of the canonical body: the joints are scaled to the length of its legs first.
    """
    scale = leg_length(rest_joints()[None]) / leg_length(joints)
    toes = joints[:, TOES] * scale  # (frames, 2 feet, 3)
    height = toes[..., 1] - floor * scale  # (frames, 2)
    pace = speed(toes, fps)
    begin = (height < ENTER_HEIGHT) & (pace < ENTER_SPEED)
    go_on = (height < LEAVE_HEIGHT) & (pace < LEAVE_SPEED)
    contacts = np.zeros_like(begin)
    state = np.zeros(2, dtype=bool)
    for frame in range(len(begin)):
        state = np.where(state, go_on[frame], begin[frame])
        contacts[frame] = state
    return without_short_runs(contacts, max(2, round(TOUCH_SECONDS * fps)))


def detect_sliding_contacts(joints: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Detect when each foot stands in a motion whose feet may slide.

    ``joints`` (frames, 22, 3), metres, to (frames, 2) bool, left and right. A foot stands while its toe is low and
    slower over the floor than a share of the body's own speed, for 0.15 s or more; never on a body that sits, crawls or
    lies.
    """
    pace = toe_speed(joints, fps)
    limit = np.clip(SHARE_OF_BODY * body_speed(joints, fps), SLOWEST, FASTEST)
    down = (joints[:, TOES, 1] < LOW_TOE) & (pace < limit[:, None]) & on_feet(joints)[:, None]
    return without_short_runs(down, least_frames(fps))


def toe_speed(joints: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Return how fast each toe moves over the floor: (frames, 2) m/s, for ``joints`` (frames, 22, 3)."""
    return np.linalg.norm(velocity(joints[:, TOES], fps)[..., [0, 2]], axis=-1)


def body_speed(joints: np.ndarray, fps: float = FPS) -> np.ndarray:
    """Return how fast the pelvis moves over the floor, sway removed.

    (frames,) m/s, for ``joints`` (frames, 22, 3), averaged over a quarter of a second.
    """
    steady = moving_average(velocity(joints[:, 0], fps), round(0.1 * fps))  # (frames, 3)
    return np.linalg.norm(steady[:, [0, 2]], axis=-1)


def on_feet(joints: np.ndarray) -> np.ndarray:
    """Return when feet alone may carry the body: (frames,) bool, for ``joints`` (frames, 22, 3), metres."""
    return joints[:, 0, 1] > ON_FEET


def least_frames(fps: float = FPS) -> int:
    """Return how many frames a contact lasts at least where feet may slide."""
    return max(2, round(LEAST_SECONDS * fps))
