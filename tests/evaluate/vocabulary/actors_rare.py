"""Actions that are seldom asked for, by the puppet: as in actors.py."""

from actors import OVERHEAD, clapping, hand_held, knee_raises, plank, sit_ups, sweeping
from actors_moving import FLAT, crab, dog, spinning, swaying
from puppet import FOOT, HANG, STAND, circle, cycle, puppet
from puppet_walk import walk


def lassoing(arm, turns, height=0.42, radius=0.15):
    return puppet(
        0.6 + 0.8 * abs(turns),
        **{f"{arm}_hand": circle(turns, radius, (-0.05, height, 0.05), "top"), "elbows": (1, 0, 0)},
    )


def inverted(seconds=2.0, pitch=-160, pelvis=0.62, feet=1.42):
    """Lies on the back, brings the legs up over the shoulders, and down again."""
    times = 0.5, 1.3, 1.3 + seconds, 2.1 + seconds
    lying, up = (0, 0.12, 0), (0, pelvis, -0.3)
    return puppet(
        2.6 + seconds,
        pelvis=list(zip(times, (lying, up, up, lying), strict=True)),
        pitch=list(zip(times, (-88, pitch, pitch, -88), strict=True)),
        hands=(0.1, 0.05, 0.4),
        feet=list(
            zip(times, ((0.1, 0.08, 0.85), (0.1, feet, -0.3), (0.1, feet, -0.3), (0.1, 0.08, 0.85)), strict=True)
        ),
    )


def waddling(speed=0.35, height=0.42, **more):
    return walk(4, speed=speed, cadence=0.9, height=height, pitch=20, hands=(0.05, -0.25, 0.3), **more)


def discus(arm, turned=420.0, flung=True):
    sign = 1.0 if arm == "right" else -1.0
    behind, ahead = (0.42, -0.12, -0.2), (0.15, 0.05, 0.5)
    hand = [(0.4, HANG), (1.0, behind), (2.0, behind), (2.3, ahead if flung else behind), (3.0, HANG)]
    return puppet(
        3.4,
        pelvis=[(0.4, (0, STAND, 0)), (1.0, (0, 0.85, 0)), (2.3, (0, STAND, 0))],
        heading=[(0.4, 0.0), (1.0, -40 * sign), (2.2, (turned - 40) * sign)],
        **{f"{arm}_hand": hand},
    )


def flossing(times, wide=0.3, hips=-0.06, period=0.7):
    """Arms go left and right together, one in front of the body and one behind it; hips by ``hips`` the same way."""
    left = cycle(times, (wide, -0.4, 0.15), (-wide, -0.4, -0.1), period, 0.3)
    right = cycle(times, (-wide, -0.4, -0.1), (wide, -0.4, 0.15), period, 0.3)
    sway = cycle(times, (hips, 0.9, 0), (-hips, 0.9, 0), period, 0.3)
    return puppet(0.8 + period * times, pelvis=sway, left_hand=left, right_hand=right)


def drumming(times, depth=0.15, together=False, low=(0.0, -0.35, 0.32), **more):
    high = (low[0], low[1] + depth, low[2])
    left = cycle(times, high, low, 0.5, 0.3)
    right = left if together else cycle(times, high, low, 0.5, 0.55)
    return puppet(1.1 + 0.5 * times, left_hand=left, right_hand=right, elbows=(0.4, -1.0, -0.5), **more)


def angel(times, arms=(0.5, 0.02, -0.1), legs=(0.32, 0.08, 0.8)):
    lying = {"pelvis": (0, 0.12, 0), "pitch": -88}
    hands = cycle(times, (0.1, 0.02, 0.48), arms, 1.4, 0.4)
    return puppet(0.8 + 1.4 * times, hands=hands, feet=cycle(times, (0.1, 0.08, 0.85), legs, 1.4, 0.4), **lying)


SHOWN = {
    "spin_lasso": ({"side": "right"}, lassoing("right", 3)),
    "shoulder_stand": ({}, inverted()),
    "duck_walk": ({}, waddling()),
    "throw_discus": ({"side": "right"}, discus("right")),
    "floss_dance": ({}, flossing(4)),
    "play_drums": ({}, drumming(4)),
    "snow_angel": ({"times": 3}, angel(3)),
}
MISSES = {
    "spin_lasso": [
        lassoing("right", 1),
        lassoing("right", 3, height=0.0),
        hand_held("right", OVERHEAD),
        puppet(4, right_hand=cycle(4, (0.25, 0.45, 0.05), (-0.2, 0.45, 0.05), 0.8)),
    ],
    "shoulder_stand": [
        inverted(0.1),
        sit_ups(2),
        dog(),
        puppet(3, pelvis=(0, 0.12, 0), pitch=-88, feet=(0.1, 0.9, 0.1)),
        inverted(pitch=-178, pelvis=0.8, feet=1.6),
    ],
    "duck_walk": [waddling(height=0.8), waddling(speed=0.05), knee_raises(4), crab(0.35)],
    "throw_discus": [discus("right", 90.0), discus("right", flung=False), spinning(2, 3.0)],
    "floss_dance": [flossing(1), flossing(4, wide=0.05), flossing(4, hips=0.06), swaying(4), sweeping(4)],
    "play_drums": [drumming(1), drumming(4, depth=0.02), drumming(4, together=True), clapping(4), walk(4)],
    "snow_angel": [
        puppet(3, pelvis=(0, 0.12, 0), pitch=-88, **FLAT),
        angel(3, legs=(0.1, 0.08, 0.85)),
        angel(3, arms=(0.1, 0.02, 0.48)),
        puppet(4, feet=cycle(3, FOOT, (0.36, 0.065, -0.03)), hands=cycle(3, HANG, (0.5, 0.0, 0.0))),
        plank(3),
    ],
}
