"""Postures, ways of moving about, sports and other actions by the puppet: as in actors.py."""

import numpy as np
from actors import GUARD, OVERHEAD, bowing, drops, hand_held, lunge, picking, plank
from puppet import FOOT, HANG, STAND, cycle, puppet
from puppet_walk import walk

FLAT = {"hands": (0.2, 0.0, -0.4), "feet": (0.1, 0.08, 0.85)}


def kneeling(knee, seconds=2.0):
    other = "right" if knee == "left" else "left"
    low = (0, 0.5, 0)
    return puppet(
        2.6 + seconds,
        pelvis=[(0.3, (0, STAND, 0)), (1.2, low), (1.2 + seconds, low), (2.2 + seconds, (0, STAND, 0))],
        knees=(0.0, 0.0, 1.0),
        **{
            f"{knee}_foot": [
                (0.3, FOOT),
                (1.2, (0.1, 0.07, -0.42)),
                (1.2 + seconds, (0.1, 0.07, -0.42)),
                (2.2 + seconds, FOOT),
            ],
            f"{other}_foot": [
                (0.3, FOOT),
                (1.2, (0.1, 0.065, 0.36)),
                (1.2 + seconds, (0.1, 0.065, 0.36)),
                (2.2 + seconds, FOOT),
            ],
        },
    )


def lying_down(seconds=3.0, back=True):
    sign = -1 if back else 1
    return puppet(
        1.2 + seconds,
        pelvis=[(0.3, (0, STAND, 0)), (0.3 + seconds / 2, (0, 0.14, 0)), (0.5 + seconds, (0, 0.12, 0))],
        pitch=[(0.3, 0), (0.3 + seconds / 2, sign * 20), (0.5 + seconds, sign * 88)],
        feet=[(0.3, FOOT), (0.3 + seconds / 2, (0.1, 0.08, -sign * 0.5)), (0.5 + seconds, (0.1, 0.08, -sign * 0.85))],
    )


def rolling(turned, start=0.0, seconds=1.5):
    """Lies on the back (roll 0) with the head at -Z and rolls about itself by ``turned`` degrees while going aside."""
    side = np.sign(turned) * 0.5
    return puppet(
        1 + seconds,
        pelvis=[(0.3, (0, 0.13, 0)), (0.3 + seconds, (side, 0.13, 0))],
        pitch=-88,
        roll=[(0.3, start), (0.3 + seconds, start + turned)],
        hands=(0.2, 0.0, 0.3),
        feet=(0.0, 0.1, 0.85),
    )


def cross_legged(count=3, wide=True):
    foot, knees = ((-0.05, 0.08, 0.22), (1.0, 0.0, 0.2)) if wide else ((0.1, 0.08, 0.5), (0.0, 1.0, 0.2))
    return puppet(count, pelvis=(0, 0.13, 0), feet=foot, knees=knees, hands=(0.1, -0.35, 0.25))


def akimbo(count=2.5, place=(0.06, -0.42, 0.02)):
    return puppet(count, hands=place, elbows=(1.0, 0.0, -0.2))


def folded(count=2.5, across=-0.26):
    return puppet(count, left_hand=(across, -0.2, 0.2), right_hand=(across, -0.26, 0.22), elbows=(0.6, -1.0, 0.3))


def one_leg(leg, seconds=2.5, height=0.35):
    other = "right" if leg == "left" else "left"
    x = 0.06 if leg == "left" else -0.06
    keys = [
        (0.3, FOOT),
        (0.8, (0.1, 0.065 + height, -0.1)),
        (0.8 + seconds, (0.1, 0.065 + height, -0.1)),
        (1.4 + seconds, FOOT),
    ]
    return puppet(1.8 + seconds, pelvis=(x, STAND, 0), **{f"{other}_foot": keys})


def toe_touches(times, hands=(-0.1, -0.5, 0.12), pitch=105):
    return puppet(
        1 + 2 * times,
        pelvis=cycle(times, (0, 0.94, 0), (0, 0.92, -0.2), 2.0),
        pitch=cycle(times, 0, pitch, 2.0),
        hands=cycle(times, HANG, hands, 2.0),
        feet=(0.1, 0.065, -0.03),
    )


def dog(count=3):
    return puppet(count, pelvis=(0, 0.75, 0), pitch=130, hands=(0.0, -0.34, 0.38), feet=(0.1, 0.1, -0.47))


def hops(leg, times, free=0.3):
    other = "right" if leg == "left" else "left"
    bounce = cycle(times, (0, 0.9, 0), (0, 1.02, 0), 0.5, 0.3)
    up = [(time, (0.1, 0.065 + (height - 0.9), -0.03)) for time, (_, height, _) in bounce]
    return puppet(
        0.6 + 0.5 * times, pelvis=bounce, **{f"{leg}_foot": up, f"{other}_foot": (0.1, 0.065 + free + 0.1, -0.25)}
    )


def crawling(count=4, speed=0.35, side=1):
    path = [(time, (0, 0.45, speed * time)) for time in np.arange(0, count + 0.1, 0.1)]
    left = cycle(int(count), (0, -0.42, -0.12), (0, -0.42, 0.18), 1.0, 0.0)
    right = cycle(int(count), (0, -0.42, 0.18), (0, -0.42, -0.12), 1.0, 0.0)
    return puppet(
        count,
        pelvis=path,
        pitch=82,
        left_hand=left,
        right_hand=right,
        feet=(0.1, 0.07, -0.42),
        knees=(0.0, -1.0, 0.3),
        elbows=(1.0, 0.0, -0.3),
        carried=True,
    )


def crab(speed, count=4):
    path = [(time, (0, 0.3, speed * time)) for time in np.arange(0, count + 0.1, 0.1)]
    return puppet(
        count,
        pelvis=path,
        pitch=-62,
        hands=(0.1, -0.43, -0.1),
        feet=(0.11, 0.07, 0.42),
        elbows=(0.3, 0.0, -1.0),
        carried=True,
    )


def side_kick(leg, height=0.8, ahead=0.0, out=1.0):
    other = "right" if leg == "left" else "left"
    sign = 1 if leg == "left" else -1
    keys = [(0.6, FOOT), (0.9, (0.2, 0.5, 0.1)), (1.1, (out, height, ahead)), (1.3, (0.3, 0.5, 0.1)), (1.8, FOOT)]
    return puppet(
        2.4, lean=cycle(1, 0, -25 * sign, 1.2, 0.5), hands=GUARD, **{f"{leg}_foot": keys, f"{other}_foot": FOOT}
    )


def uppercut(arm, rise=0.2, seconds=0.2):
    keys = [(0.5, GUARD), (0.9, (0.0, -0.4, 0.15)), (0.9 + seconds, (-0.12, rise, 0.25)), (1.8, GUARD)]
    other = "right" if arm == "left" else "left"
    return puppet(2.4, **{f"{arm}_hand": keys, f"{other}_hand": GUARD})


def knee_strike(leg, height=0.98, seconds=0.25):
    high = (0.1, height - 0.38, 0.3)
    return puppet(2.4, **{f"{leg}_foot": [(0.7, FOOT), (0.7 + seconds, high), (1.1, high), (1.6, FOOT)]})


def ducking(aside=0.0, depth=0.3, seconds=0.4):
    low = (aside, STAND - depth, 0)
    return puppet(
        2.6,
        pelvis=[(0.6, (0, STAND, 0)), (0.6 + seconds, low), (0.9 + seconds, low), (1.6 + seconds, (0, STAND, 0))],
        pitch=cycle(1, 0, 20, 1.4, 0.6),
    )


def golf(handed, top=0.15):
    sign = -1 if handed == "right" else 1
    keys = {}
    for arm, mine in (("left", 1), ("right", -1)):

        def to(x, y, z, mine=mine):
            return (mine * x - 0.2 + 0.05, y, z)

        keys[f"{arm}_hand"] = [
            (0.4, to(0, -0.45, 0.25)),
            (1.2, to(sign * 0.35, top, 0.15)),
            (1.5, to(sign * 0.35, top, 0.15)),
            (1.75, to(0, -0.45, 0.25)),
            (2.0, to(-sign * 0.35, top, 0.15)),
            (2.6, to(-sign * 0.35, top, 0.15)),
        ]
    return puppet(3, feet=(0.25, 0.065, -0.03), pitch=10, **keys)


def basketball(arm, jump=0.2):
    other = "right" if arm == "left" else "left"
    ball = (-0.1, 0.05, 0.3)
    return puppet(
        2.6,
        pelvis=[(0.4, (0, STAND, 0)), (0.9, (0, STAND - 0.15, 0)), (1.3, (0, STAND + jump, 0)), (1.7, (0, STAND, 0))],
        feet=[(0.9, FOOT), (1.1, FOOT), (1.3, (0.11, 0.065 + jump, -0.03)), (1.6, FOOT)],
        **{
            f"{arm}_hand": [
                (0.3, HANG),
                (0.8, ball),
                (1.0, ball),
                (1.3, (-0.05, 0.5, 0.15)),
                (1.9, (-0.05, 0.45, 0.2)),
                (2.4, HANG),
            ],
            f"{other}_hand": [
                (0.3, HANG),
                (0.8, ball),
                (1.0, ball),
                (1.3, (-0.05, 0.3, 0.2)),
                (1.9, (0.0, 0.0, 0.3)),
                (2.4, HANG),
            ],
        },
    )


def cartwheel(first):
    """Leans over ``first`` hand through a whole turn, going that way, hands on the floor in turn."""
    sign = 1 if first == "left" else -1
    angles = [(0.5, 0), (1.1, 90), (1.5, 180), (1.9, 270), (2.4, 360)]
    path = [
        (0.5, (0, STAND, 0)),
        (1.1, (sign * 0.5, 0.75, 0)),
        (1.5, (sign * 0.9, 0.95, 0)),
        (1.9, (sign * 1.3, 0.75, 0)),
        (2.4, (sign * 1.8, STAND, 0)),
    ]
    count = 3.0
    base = puppet(count, pelvis=path, lean=[(time, sign * angle) for time, angle in angles], hands=(0.0, 0.45, 0.0))
    # hands and feet in line with the trunk: the rest pose's own, turned with it
    pelvis = base[:, :1]
    turned = base[:, 12:13] - pelvis
    up = turned / np.linalg.norm(turned, axis=2, keepdims=True)
    left = base[:, 16] - base[:, 17]
    left = (left / np.linalg.norm(left, axis=1, keepdims=True))[:, None]
    for index, (out, along) in {
        20: (0.25, 0.98),
        21: (-0.25, 0.98),
        18: (0.25, 0.73),
        19: (-0.25, 0.73),
        7: (0.3, -0.85),
        8: (-0.3, -0.85),
        4: (0.2, -0.46),
        5: (-0.2, -0.46),
        10: (0.3, -0.92),
        11: (-0.3, -0.92),
    }.items():
        base[:, index] = (pelvis + left * out + up * along)[:, 0]
    base[..., 1] = np.maximum(base[..., 1], 0.0)
    return base


def bowling(arm, steps=True):
    other = "right" if arm == "left" else "left"
    swing = [
        (1.6, HANG),
        (2.2, (0.0, -0.25, -0.5)),
        (2.3, (0.0, -0.35, -0.4)),
        (2.6, (0.0, -0.5, 0.3)),
        (3.0, (0.0, 0.1, 0.5)),
    ]
    bent = dict(pitch=[(1.6, 0), (2.2, 30), (2.8, 30)], height=0.78, **{f"{arm}_hand": swing, f"{other}_hand": HANG})
    if steps:
        return walk(3.6, speed=0.8, **bent)
    bent["pelvis"] = (0, bent.pop("height"), 0)
    return puppet(3.6, **bent)


def falling(way="backward", seconds=0.6, down=0.15):
    lean, pitch = {"backward": (0, -85), "forward": (0, 85), "left": (85, 0), "right": (-85, 0)}[way]
    at, aside = {"backward": (-0.5, 0), "forward": (0.5, 0), "left": (0, 0.5), "right": (0, -0.5)}[way]
    return puppet(
        3,
        pelvis=[(0.8, (0, STAND, 0)), (0.8 + seconds, (aside, down, at))],
        pitch=[(0.8, 0), (0.8 + seconds, pitch)],
        lean=[(0.8, 0), (0.8 + seconds, lean)],
    )


def spinning(turns, seconds=2.0):
    return puppet(1 + seconds, heading=[(0.5, 0.0), (0.5 + seconds, 360.0 * turns)])


def swaying(times, wide=0.08, period=0.9):
    return puppet(
        1 + period * times,
        pelvis=cycle(times, (-wide, 0.9, 0), (wide, 0.9, 0), period),
        pitch=0,
        hands=(0.2, -0.35, 0.2),
    )


def fiddling(arm, times, stroke=0.25):
    other = "right" if arm == "left" else "left"
    bow = cycle(times, (-0.2, -0.05, 0.3), (-0.2 + stroke, -0.12, 0.25), 0.8, 0.3)
    return puppet(0.8 + 0.8 * times, **{f"{other}_hand": (0.0, -0.05, 0.38), f"{arm}_hand": bow})


BELLY = puppet(1, pelvis=(0, 0.13, 0), pitch=88, hands=(0.1, 0.0, 0.3), feet=(0.1, 0.08, -0.85))
GET_UP = lying_down()[::-1].copy()

SHOWN = {
    "kneel_on_one_knee": ({"side": "left"}, kneeling("left")),
    "lie_down_on_back": ({}, lying_down()),
    "get_up_from_floor": ({"face": "back"}, GET_UP),
    "sit_cross_legged": ({}, cross_legged()),
    "hands_on_hips": ({}, akimbo()),
    "cross_arms": ({}, folded()),
    "balance_on_one_leg": ({"side": "left"}, one_leg("left")),
    "touch_toes": ({"times": 2}, toe_touches(2)),
    "downward_dog": ({}, dog()),
    "roll_over_lying": ({"face": "front", "side": "left"}, rolling(180)),
    "limp": ({"side": "right"}, walk(5, speed=0.7, stance=(0.7, 0.45))),
    "sneak": ({}, walk(5, speed=0.5, cadence=0.6, height=0.82)),
    "hop_on_one_leg": ({"side": "right"}, hops("right", 4)),
    "walk_backward": ({}, walk(4, way=(0, -1), speed=0.7)),
    "sidestep": ({"side": "left"}, walk(3, way=(1, 0), speed=0.6)),
    "crawl_hands_and_knees": ({}, crawling()),
    "climb_stairs": ({"way": "up"}, walk(4, speed=0.5, climb=0.3)),
    "crab_walk": ({"way": "forward"}, crab(0.35)),
    "side_kick": ({"side": "right"}, side_kick("right")),
    "uppercut": ({"side": "left"}, uppercut("left")),
    "knee_strike": ({"side": "right"}, knee_strike("right")),
    "duck_under": ({"side": "left"}, ducking(0.25)),
    "golf_swing": ({"side": "right"}, golf("right")),
    "basketball_shot": ({"side": "right"}, basketball("right")),
    "cartwheel": ({"side": "left"}, cartwheel("left")),
    "bowl_a_ball": ({"side": "right"}, bowling("right")),
    "fall_over": ({"way": "backward"}, falling()),
    "spin_around": ({"side": "left", "times": 2}, spinning(2, 3.0)),
    "hip_sway_dance": ({}, swaying(4)),
    "play_violin": ({"side": "right"}, fiddling("right", 4)),
}
MISSES = {
    "kneel_on_one_knee": [lunge("left", depth=0.15), puppet(3, pelvis=(0, 0.5, 0), feet=(0.1, 0.07, -0.42))],
    "lie_down_on_back": [
        lying_down(back=False),
        falling(seconds=0.3),
        puppet(2, pelvis=(0, 0.12, 0), pitch=-88, **FLAT),
    ],
    "get_up_from_floor": [lying_down(), kneeling("left")],
    "sit_cross_legged": [cross_legged(wide=False), kneeling("left")],
    "hands_on_hips": [akimbo(place=HANG), akimbo(0.6)],
    "cross_arms": [folded(across=-0.05), folded(0.5)],
    "balance_on_one_leg": [one_leg("left", 0.5), one_leg("left", height=0.08)],
    "touch_toes": [bowing(50), puppet(4, pelvis=drops(1, 0.5), hands=(0, -0.5, 0.1))],
    "downward_dog": [plank(3), toe_touches(1)],
    "roll_over_lying": [rolling(60), puppet(3, pelvis=(0, 0.13, 0), pitch=-88, **FLAT)],
    "limp": [walk(5, speed=0.7), walk(5, speed=2.5, cadence=1.5)],
    "sneak": [walk(5, speed=1.2), walk(5, speed=0.6, cadence=0.6)],
    "hop_on_one_leg": [hops("right", 1), one_leg("right"), puppet(3, pelvis=cycle(3, (0, 0.9, 0), (0, 1.1, 0), 0.5))],
    "walk_backward": [walk(4, speed=0.7), walk(3, way=(1, 0), speed=0.6)],
    "sidestep": [walk(3, way=(0.2, 1.0), speed=0.7), walk(1, way=(1, 0), speed=0.3)],
    "crawl_hands_and_knees": [crawling(speed=0.0), crab(0.35), walk(3)],
    "climb_stairs": [walk(4, speed=0.5), puppet(3, pelvis=[(0.5, (0, 0.6, 0)), (2, (0, STAND, 0))])],
    "crab_walk": [crab(0.0), crawling()],
    "side_kick": [side_kick("right", height=0.3), side_kick("right", ahead=0.95, out=0.1)],
    "uppercut": [uppercut("left", rise=-0.25), uppercut("left", seconds=0.9), hand_held("left", (0, 0, 0.5))],
    "knee_strike": [knee_strike("right", height=0.7), side_kick("right")],
    "duck_under": [ducking(depth=0.1), ducking(seconds=1.5), bowing(20)],
    "golf_swing": [golf("right", top=-0.35), picking(["left", "right"])],
    "basketball_shot": [hand_held("right", OVERHEAD), puppet(3, hands=cycle(1, HANG, OVERHEAD, 2.0))],
    "cartwheel": [bowing(50), lying_down()],
    "bowl_a_ball": [bowling("right", steps=False), walk(3, height=0.8, pitch=30)],
    "fall_over": [lying_down(4.0), puppet(3, pelvis=drops(1, 0.45))],
    "spin_around": [spinning(0.6), walk(6, speed=1.0, heading=[(0, 0.0), (6, 400.0)])],
    "hip_sway_dance": [swaying(1), swaying(4, wide=0.015)],
    "play_violin": [fiddling("right", 1), folded()],
}
