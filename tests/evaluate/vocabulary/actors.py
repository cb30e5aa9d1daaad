"""Exercises, gestures and handling by the puppet: name -> (parameters of the test, motion that passes it).

``MISSES`` names what each of them must not take for its own: motions that come close.
"""

from puppet import FOOT, HANG, STAND, circle, cycle, puppet
from puppet_walk import walk

WIDE = (0.36, 0.065, -0.03)
OVERHEAD, FRONT = (0.1, 0.48, 0.1), (0.0, 0.0, 0.5)
GUARD = (-0.05, -0.1, 0.25)


def drops(times, depth, period=1.2):
    """Keys of a pelvis that goes down by ``depth`` and comes up ``times`` times."""
    return cycle(times, (0, STAND, 0), (0, STAND - depth, 0), period)


def jack(times):
    return puppet(
        1.2 + times,
        feet=cycle(times, FOOT, WIDE),
        hands=cycle(times, HANG, OVERHEAD),
    )


def plank(count, shoulders=None, bend=0.0, **more):
    """Front down on straight arms and toes, ``shoulders`` keys of the pelvis' height and pitch."""
    return puppet(
        count,
        pelvis=shoulders or (0, 0.42, 0),
        pitch=76 + bend,
        hands=more.pop("hands", (0, -0.5, 0.05)),
        feet=(0.1, 0.1, -0.85),
        elbows=(1.0, 0.0, -0.3),
        **more,
    )


def push_ups(times):
    low = cycle(times, (0, -0.5, 0.05), (0.1, -0.2, 0.05), 1.2)
    return puppet(
        1.2 + 1.2 * times,
        pelvis=cycle(times, (0, 0.42, 0), (0, 0.24, 0), 1.2),
        pitch=cycle(times, 76, 86, 1.2),
        hands=low,
        feet=(0.1, 0.1, -0.85),
        elbows=(1.0, 0.0, -0.3),
    )


def lunge(side, depth=0.3, ahead=0.45):
    other = "right" if side == "left" else "left"
    feet = {
        f"{side}_foot": [(0.3, FOOT), (1.0, (0.11, 0.065, ahead)), (2.0, (0.11, 0.065, ahead)), (2.8, FOOT)],
        f"{other}_foot": [(0.3, FOOT), (1.0, (0.11, 0.1, -ahead)), (2.0, (0.11, 0.1, -ahead)), (2.8, FOOT)],
    }
    return puppet(
        3,
        pelvis=[(0.3, (0, STAND, 0)), (1.0, (0, STAND - depth, 0)), (2, (0, STAND - depth, 0)), (2.8, (0, STAND, 0))],
        **feet,
    )


def sit_ups(times):
    return puppet(
        1.2 + 1.4 * times,
        pelvis=(0, 0.12, 0),
        pitch=cycle(times, -88, -20, 1.4),
        feet=(0.11, 0.065, 0.55),
        hands=(0.1, 0.1, 0.3),
    )


def burpees(times):
    keys = {"pelvis": [], "pitch": [], "hands": [], "feet": []}
    for number in range(times):
        at = 0.3 + 3.2 * number
        for time, pelvis, pitch, hands, feet in (
            (0.0, (0, STAND, 0), 0, HANG, FOOT),
            (0.6, (0, 0.42, 0), 45, (0, -0.45, 0.2), FOOT),
            (0.8, (0, 0.42, 0), 45, (0, -0.45, 0.2), FOOT),
            (1.2, (0, 0.36, -0.1), 80, (0, -0.48, 0.0), (0.1, 0.1, -0.95)),
            (1.5, (0, 0.36, -0.1), 80, (0, -0.48, 0.0), (0.1, 0.1, -0.95)),
            (1.9, (0, 0.42, 0), 45, (0, -0.45, 0.2), FOOT),
            (2.1, (0, 0.42, 0), 45, (0, -0.45, 0.2), FOOT),
            (2.5, (0, STAND + 0.2, 0), 0, OVERHEAD, (0.11, 0.26, -0.03)),
            (2.8, (0, STAND, 0), 0, HANG, FOOT),
        ):
            for name, value in zip(keys, (pelvis, pitch, hands, feet), strict=True):
                keys[name].append((at + time, value))
    return puppet(0.6 + 3.2 * times, **keys)


def knee_raises(times, height=0.85, ahead=0.25, period=0.8):
    """Knees lifted in turn: the ankle comes up under a bent knee."""
    high = (0.11, height - 0.38, ahead)
    left, right = cycle(times, FOOT, high, period, 0.3), cycle(times, FOOT, high, period, 0.3 + period / 2)
    return puppet(0.8 + period * (times + 0.5), left_foot=left, right_foot=right)


def curls(times, side=None):
    bent = (0.05, -0.1, 0.18)
    hands = {"hands": cycle(times, HANG, bent)} if side is None else {f"{side}_hand": cycle(times, HANG, bent)}
    return puppet(1 + times, elbows=(0.0, -1.0, -0.6), **hands)


def bend_aside(side, degrees=30):
    return puppet(3, lean=cycle(1, 0, degrees if side == "left" else -degrees, 2.0))


def bird_dog(arm):
    leg = "right" if arm == "left" else "left"
    other = "right" if arm == "left" else "left"
    return puppet(
        3,
        pelvis=(0, 0.46, 0),
        pitch=82,
        elbows=(1.0, 0.0, -0.3),
        knees=(0.0, -1.0, 0.3),
        **{
            f"{arm}_hand": (0.0, 0.0, 0.52),
            f"{other}_hand": (0.0, -0.45, 0.05),
            f"{leg}_foot": (0.1, 0.44, -0.95),
            f"{arm}_foot": (0.1, 0.07, -0.42),
        },
    )


def pointing(arm, goal):
    return puppet(3, **{f"{arm}_hand": [(0.5, HANG), (1.0, goal), (2.2, goal), (2.8, HANG)]})


def clapping(times, gap=0.13, period=0.5):
    apart, shut = (-0.02, -0.1, 0.35), (-0.2 + gap / 2, -0.1, 0.35)
    return puppet(1.2 + period * times, hands=cycle(times, apart, shut, period))


def bowing(degrees, back=True):
    keys = cycle(1, 0, degrees, 2.4) if back else [(0.5, 0), (1.7, degrees)]
    return puppet(3.5, pitch=keys, hands=(0.05, -0.5, 0.06))


def hand_held(arm, place, seconds=1.5, **more):
    """One hand at ``place`` of its shoulder for ``seconds``, hanging before and after."""
    keys = [(0.4, HANG), (0.9, place), (0.9 + seconds, place), (1.4 + seconds, HANG)]
    return puppet(2.0 + seconds, **{f"{arm}_hand": keys}, **more)


def beckoning(arm, times):
    return puppet(1 + 0.8 * times, **{f"{arm}_hand": cycle(times, (0.0, 0.0, 0.48), (0.0, 0.02, 0.22), 0.8, rest=HANG)})


def curtsy(leg, depth=0.14):
    back = (-0.12, 0.08, -0.28)
    keys = [(0.3, FOOT), (1.0, back), (2.0, back), (2.7, FOOT)]
    return puppet(3, pelvis=cycle(1, (0, STAND, 0), (0, STAND - depth, 0), 1.4, 0.8), **{f"{leg}_foot": keys})


def picking(sides, low=(0.0, -0.5, 0.15)):
    hands = {f"{side}_hand": cycle(1, HANG, low, 1.8, 0.6) for side in sides}
    rest = {
        f"{side}_hand": cycle(1, HANG, (0.1, -0.15, 0.15), 1.8, 0.6) for side in ("left", "right") if side not in sides
    }
    return puppet(
        3.2,
        pelvis=cycle(1, (0, STAND, 0), (0, 0.62, -0.12), 1.8, 0.6),
        pitch=cycle(1, 0, 75, 1.8, 0.6),
        **hands,
        **rest,
    )


def shelving(sides, top=(0.0, 0.42, 0.25)):
    keys = [(0.4, (0, -0.25, 0.3)), (1.0, top), (1.6, top), (2.3, (0, -0.3, 0.2))]
    return puppet(2.8, **{f"{side}_hand": keys for side in sides})


def pushing(count=3, speed=0.5, pitch=25):
    return walk(count, speed=speed, cadence=0.8, pitch=pitch, hands=(0.0, -0.05, 0.45), height=0.88)


def hauling(times):
    out, near = (0.0, -0.1, 0.5), (0.05, -0.2, 0.18)
    return puppet(
        1 + times,
        pitch=-8,
        feet=(0.25, 0.065, 0.0),
        left_hand=cycle(times, out, near, 1.0, 0.3),
        right_hand=cycle(times, near, out, 1.0, 0.3),
    )


def throwing(arm, fast=0.2):
    keys = [
        (0.5, HANG),
        (1.0, (0.25, 0.2, -0.2)),
        (1.2, (0.25, 0.25, -0.2)),
        (1.2 + fast, (0.0, 0.1, 0.5)),
        (2.2, HANG),
    ]
    return puppet(2.6, **{f"{arm}_hand": keys})


def sweeping(times, wide=0.3):
    sides = {"left": 1, "right": -1}
    hands = {
        f"{side}_hand": cycle(
            times, (sign * wide / 2, -0.25 - 0.1 * (sign > 0), 0.35), (-sign * wide / 2, -0.25 - 0.1 * (sign > 0), 0.35)
        )
        for side, sign in sides.items()
    }
    return puppet(1 + times, pitch=12, **hands)


def digging(side, lift=0.5):
    sign = 1 if side == "left" else -1
    keys = {}
    for arm, mine in (("left", 1), ("right", -1)):
        low, up = (-0.1, -0.5, 0.2), (mine * sign * 0.3 - 0.05, -0.45 + lift - 0.2, 0.25)
        keys[f"{arm}_hand"] = [(0.4, (-0.1, -0.2, 0.3)), (1.2, low), (1.4, low), (2.1, up), (3.0, (-0.1, -0.2, 0.3))]
    return puppet(
        3.4,
        pelvis=[(0.4, (0, 0.9, 0)), (1.2, (0, 0.72, 0)), (2.1, (0, 0.9, 0))],
        pitch=[(0.4, 20), (1.2, 50), (1.4, 50), (2.1, 20)],
        **keys,
    )


def wiping(arm, times, wide=0.3):
    return puppet(
        1 + 0.8 * times,
        **{f"{arm}_hand": cycle(times, (0.0, 0.1, 0.35), (-wide, 0.1, 0.35), 0.8, rest=(0.0, 0.1, 0.35))},
    )


def sawing(arm, times):
    other = "right" if arm == "left" else "left"
    to_and_fro = cycle(times, (0.0, -0.35, 0.3), (0.05, -0.25, 0.05), 0.6, 0.3)
    return puppet(0.8 + 0.6 * times, pitch=30, **{f"{arm}_hand": to_and_fro, f"{other}_hand": (-0.05, -0.45, 0.2)})


def cranking(sides, turns):
    return puppet(
        0.6 + 0.8 * abs(turns), **{f"{side}_hand": circle(turns, 0.17, (-0.1, -0.15, 0.32), "side") for side in sides}
    )


SALUTE, FACE, EAR, CUP = (0.02, 0.26, 0.12), (-0.14, 0.14, 0.2), (-0.02, 0.16, 0.08), (-0.08, 0.15, 0.27)
RAISED = (1.0, -0.1, 0.1)

SHOWN = {
    "jumping_jack": ({"times": 3}, jack(3)),
    "push_up": ({"times": 2}, push_ups(2)),
    "deep_squat": ({"times": 2}, puppet(4, pelvis=drops(2, 0.42))),
    "forward_lunge": ({"side": "left"}, lunge("left")),
    "sit_up": ({"times": 2}, sit_ups(2)),
    "burpee": ({"times": 2}, burpees(2)),
    "plank_hold": ({}, plank(3)),
    "high_knees": ({}, knee_raises(4)),
    "biceps_curl": ({"side": "right"}, curls(3, "right")),
    "side_bend": ({"side": "left"}, bend_aside("left")),
    "arm_circles": ({"way": "forward"}, puppet(3, hands=circle(3, 0.5, (0.1, 0, 0), "side"))),
    "bird_dog": ({"side": "left"}, bird_dog("left")),
    "point_direction": ({"way": "left"}, pointing("left", (0.52, 0.0, 0.0))),
    "clap_hands": ({"times": 4}, clapping(4)),
    "deep_bow": ({}, bowing(50)),
    "military_salute": ({"side": "right"}, hand_held("right", SALUTE, elbows=RAISED)),
    "shrug": ({}, puppet(3, shrug=cycle(1, 0.0, 0.05, 1.5))),
    "beckon": ({"side": "right"}, beckoning("right", 3)),
    "facepalm": ({"side": "left"}, hand_held("left", FACE)),
    "stop_palm": ({"side": "right"}, hand_held("right", (-0.1, 0.0, 0.5))),
    "victory_arms": ({}, puppet(3, hands=[(0.5, HANG), (1.0, OVERHEAD), (2.2, OVERHEAD)])),
    "curtsy": ({"side": "right"}, curtsy("right")),
    "pick_up_from_floor": ({"side": "left"}, picking(["left"])),
    "place_on_high_shelf": ({"side": "right"}, shelving(["right"])),
    "push_heavy_object": ({}, pushing()),
    "pull_rope": ({}, hauling(3)),
    "throw_overhand": ({"side": "right"}, throwing("right")),
    "sweep_floor": ({}, sweeping(4)),
    "dig_with_shovel": ({"side": "left"}, digging("left")),
    "drink_from_cup": ({"side": "left"}, hand_held("left", CUP)),
    "phone_to_ear": ({"side": "right"}, hand_held("right", EAR, 2.0, elbows=(0.4, -1.0, 0.0))),
    "wipe_window": ({"side": "right"}, wiping("right", 4)),
    "saw_wood": ({"side": "right"}, sawing("right", 5)),
    "turn_crank": ({"side": "left"}, cranking(["left"], 3)),
}
MISSES = {
    "jumping_jack": [jack(1), puppet(4, feet=cycle(3, FOOT, WIDE)), puppet(4, hands=cycle(3, HANG, OVERHEAD))],
    "push_up": [plank(3), puppet(4, pelvis=drops(2, 0.42))],
    "deep_squat": [puppet(4, pelvis=drops(2, 0.15)), puppet(2, pelvis=[(0.5, (0, STAND, 0)), (1.5, (0, 0.5, 0))])],
    "forward_lunge": [lunge("left", depth=0.05, ahead=0.3), walk(3)],
    "sit_up": [puppet(3, pelvis=(0, 0.12, 0), pitch=-88, feet=(0.11, 0.065, 0.55))],
    "burpee": [plank(3), jack(3)],
    "plank_hold": [plank(1.5), puppet(3, pelvis=(0, 0.12, 0), pitch=90, feet=(0.1, 0.1, -0.8))],
    "high_knees": [knee_raises(4, 0.6), knee_raises(1)],
    "biceps_curl": [curls(1), beckoning("left", 3)],
    "side_bend": [bend_aside("left", 10), bowing(50)],
    "arm_circles": [
        puppet(2, hands=circle(1, 0.5, (0.1, 0, 0), "side")),
        puppet(3, left_hand=circle(3, 0.5, (0.1, 0, 0), "side")),
    ],
    "bird_dog": [
        puppet(3, pelvis=(0, 0.46, 0), pitch=82, hands=(0, -0.45, 0.05), feet=(0.1, 0.07, -0.42), knees=(0, -1, 0.3))
    ],
    "point_direction": [puppet(3, hands=(0.5, 0.0, 0.0)), pointing("left", (0.2, 0.0, 0.1))],
    "clap_hands": [clapping(1), clapping(4, gap=0.3)],
    "deep_bow": [bowing(15), bowing(50, back=False), picking(["left", "right"])],
    "military_salute": [hand_held("right", OVERHEAD), hand_held("right", EAR, elbows=(0.2, -1.0, 0.0))],
    "shrug": [
        puppet(3, shrug=cycle(1, 0.0, 0.01, 1.5)),
        puppet(3, hands=cycle(1, HANG, OVERHEAD, 2.0), shrug=cycle(1, 0, 0.05, 2.0)),
    ],
    "beckon": [beckoning("right", 1), hand_held("right", FRONT)],
    "facepalm": [hand_held("left", EAR), puppet(3, hands=FACE)],
    "stop_palm": [hand_held("right", (0.5, 0.0, 0.05)), hand_held("right", FRONT, 0.2)],
    "victory_arms": [hand_held("right", OVERHEAD), puppet(3, hands=OVERHEAD)],
    "curtsy": [puppet(3, pelvis=drops(1, 0.14)), curtsy("right", 0.03)],
    "pick_up_from_floor": [bowing(50), puppet(4, pelvis=drops(2, 0.3))],
    "place_on_high_shelf": [hand_held("right", FRONT), puppet(3, right_hand=(0.0, 0.42, 0.25))],
    "push_heavy_object": [walk(3), pushing(pitch=0), pushing(speed=1.8)],
    "pull_rope": [puppet(3, hands=FRONT), walk(3, hands=(0.0, -0.1, 0.4))],
    "throw_overhand": [throwing("right", 1.2), hand_held("right", FRONT)],
    "sweep_floor": [sweeping(4, 0.06), clapping(4)],
    "dig_with_shovel": [picking(["left", "right"]), bowing(50)],
    "drink_from_cup": [hand_held("left", FRONT), puppet(3, left_hand=CUP)],
    "phone_to_ear": [hand_held("right", EAR, 0.6), hand_held("right", FACE, 2.0)],
    "wipe_window": [wiping("right", 1), wiping("right", 4, 0.06)],
    "saw_wood": [sawing("right", 1), wiping("right", 4)],
    "turn_crank": [cranking(["left"], 0.7), wiping("left", 4)],
}
