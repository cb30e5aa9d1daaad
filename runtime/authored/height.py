"""How high the pelvis is: eased between keys on the ground, a parabola in flight."""

from __future__ import annotations

import numpy as np

from .score import Flight, Numbers

GRAVITY = 9.81


def flight_seconds(rise: float, leave: float, land: float) -> float:
    """Return how long a flight lasts, seconds, that rises by ``rise`` metres above its start.

    It starts ``leave`` and ends ``land`` metres above upright.
    """
    return float(np.sqrt(2 * rise / GRAVITY) + np.sqrt(2 * (rise + leave - land) / GRAVITY))


def height_curve(drop: Numbers, flights: list[Flight], times: np.ndarray) -> np.ndarray:
    """Return metres below upright (frames,) of the pelvis at ``times`` (frames,), seconds, from drop and flights.

    A flight starts where a move of the drop ends and ends where the next begins.
    """
    at, value, speed = _nodes(drop, flights)
    place = np.clip(np.searchsorted(at, times, side="right") - 1, 0, len(at) - 2)
    span = at[place + 1] - at[place]
    u = np.clip((times - at[place]) / span, 0, 1)
    result = _quintic(value[place], value[place + 1], speed[place] * span, speed[place + 1] * span, u)
    for flight in flights:
        inside = (times >= flight.start) & (times <= flight.end)
        since = times[inside] - flight.start
        length = flight.end - flight.start
        rise = (flight.land - flight.leave) / length + GRAVITY * length / 2
        result[inside] = -(flight.leave + rise * since - GRAVITY * since**2 / 2)
    return result


def _nodes(drop: Numbers, flights: list[Flight]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times, drops and speeds of the drop's nodes; those at the ends of flights have the flight's speed."""
    nodes: list[list[float]] = [[-1e3, drop.values[drop.track.first], 0.0]]
    for move in drop.track.moves:
        if move.start - nodes[-1][0] > 0.03:
            nodes.append([move.start, nodes[-1][1], np.nan])
        nodes.append([max(move.end, nodes[-1][0] + 0.02), drop.values[move.index], np.nan])
    nodes.append([nodes[-1][0] + 1e3, nodes[-1][1], 0.0])
    for flight in flights:
        length = flight.end - flight.start
        rise = (flight.land - flight.leave) / length + GRAVITY * length / 2
        for moment, height, velocity in (
            (flight.start, flight.leave, rise),
            (flight.end, flight.land, rise - GRAVITY * length),
        ):
            near = min(nodes, key=lambda node: abs(node[0] - moment))
            if abs(near[0] - moment) > 0.02:
                near = [moment, 0.0, 0.0]
                nodes.append(near)
            near[:] = [moment, -height, -velocity]
    nodes.sort()
    at, value, speed = np.array(nodes).T
    slopes = np.diff(value) / np.maximum(np.diff(at), 1e-3)
    for place in np.flatnonzero(np.isnan(speed)):
        before, after = slopes[place - 1], slopes[place]
        same = before * after > 0
        speed[place] = np.sign(before) * min(abs(before + after) / 2, 1.5 * min(abs(before), abs(after))) if same else 0
    return at, value, speed


def _quintic(start: np.ndarray, end: np.ndarray, leave: np.ndarray, arrive: np.ndarray, u: np.ndarray) -> np.ndarray:
    u3, u4, u5 = u**3, u**4, u**5
    value = start + (end - start) * (10 * u3 - 15 * u4 + 6 * u5)
    return value + leave * (u - 6 * u3 + 8 * u4 - 3 * u5) + arrive * (-4 * u3 + 7 * u4 - 3 * u5)
