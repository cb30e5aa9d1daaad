"""Walks of the puppet: feet that stand and swing in turn under a body that is carried along."""

import numpy as np
from puppet import STAND, puppet


def walk(count, way=(0.0, 1.0), speed=1.0, cadence=1.0, lift=0.1, stance=(0.6, 0.6), climb=0.0, height=STAND, **posed):
    """Walk ``speed`` m/s ``way`` (to the left, ahead), each foot down for its share ``stance`` of a double step.

    Feet stand where the body passes over them; ``climb`` metres a second lift the floor under them.
    """
    way, period = np.array([way[0], climb / max(speed, 1e-6), way[1]]), 1 / cadence
    feet = {}
    for side, sign, shift, share in (("left", 1, 0.0, stance[0]), ("right", -1, 0.5, stance[1])):
        keys = []
        for number in range(-2, int(count * cadence) + 3):
            start = (number + shift) * period
            place = speed * (start + share * period / 2) * way
            after = speed * (start + period + share * period / 2) * way
            swing = (place + after) / 2 + [0, lift, 0]
            for time, spot in (
                (start, place),
                (start + share * period, place),
                (start + (1 + share) / 2 * period, swing),
            ):
                keys.append((time, (0.11 + sign * spot[0], 0.065 + spot[1], spot[2] - 0.03)))
        feet[f"{side}_foot"] = keys
    path = [(time, (0, height, 0) + speed * time * way) for time in np.arange(0, count + 0.1, 0.1)]
    return puppet(count, pelvis=[(time, tuple(spot)) for time, spot in path], **feet, **posed)
