"""Shapes of hands on rigs of any make: where finger tips come to, by forward kinematics of our own."""

from itertools import pairwise

import numpy as np
import pytest
from hand_rigs import BASES, FINGERS, NAMES, hand_rig, posed
from scipy.spatial.transform import Rotation

from coamd_blender.retarget.finger_shapes import SHAPES, shaped
from coamd_blender.retarget.hands import find_hands

SIDES = {"left": 1.0, "right": -1.0}
TURNS = {
    "Y up": None,
    "Z up": Rotation.from_euler("x", 90, degrees=True),
    "any": Rotation.from_rotvec((0.4, 1.1, -2.0)),
}


def tips(rig, mapping, style, shape, side="left"):
    """Finger to its tip, seen from the wrist: along the arm, to the thumb's side, out of the palm; metres."""
    hand = find_hands(rig, mapping)[side]
    places = posed(rig, shaped(rig, hand, SHAPES[shape]))
    wrist = places[rig.index[f"{side}_wrist"]]
    frame = np.stack([(SIDES[side], 0, 0), (0, 0, 1.0), (0, -1.0, 0)])
    name = NAMES[style]
    return {
        finger: frame @ (places[rig.index[name(side, finger, 4)]] - wrist)
        for finger in FINGERS
        if name(side, finger, 4) in rig.index
    }


@pytest.mark.parametrize("style", NAMES)
@pytest.mark.parametrize("side", SIDES)
def test_every_finger_is_found_by_name_or_place(style, side):
    rig, mapping = hand_rig(style)
    fingers = {finger.name: finger.bones for finger in find_hands(rig, mapping)[side].fingers}
    for finger in FINGERS:
        assert [rig.names[bone] for bone in fingers[finger]] == [NAMES[style](side, finger, n) for n in (1, 2, 3)]


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("axes", ["along", "odd"])
@pytest.mark.parametrize("curl", [0.0, 12.0, 30.0])
@pytest.mark.parametrize("side", SIDES)
def test_a_fist_brings_the_tips_to_the_palm_and_a_flat_hand_takes_them_away(turn, axes, curl, side):
    rig, mapping = hand_rig(curl=curl, axes=axes, turn=TURNS[turn], scale=0.01, seed=3)
    closed, straight = (tips(rig, mapping, "Mixamo", shape, side) for shape in ("fist", "flat"))
    for finger in FINGERS[1:]:
        along, _, palmar = closed[finger]
        assert 0.02 < along < BASES[finger][0], "over the palm, not beyond the knuckles"
        assert 0.0 < palmar < 0.045, "in front of the palm"
        assert straight[finger][0] > BASES[finger][0] + 0.065 and abs(straight[finger][2]) < 0.02
    thumb = closed["thumb"]
    assert -0.02 < thumb[1] < 0.03 and 0.02 < thumb[2] < 0.09, "the thumb lies over the closed fingers"


@pytest.mark.parametrize("axes", ["along", "odd"])
def test_pointing_closes_all_but_the_index_finger(axes):
    rig, mapping = hand_rig(axes=axes, curl=8.0)
    found, closed = tips(rig, mapping, "Mixamo", "pointing"), tips(rig, mapping, "Mixamo", "fist")
    assert found["index"][0] > BASES["index"][0] + 0.085
    for finger in ("thumb", "middle", "ring", "pinky"):
        np.testing.assert_allclose(found[finger], closed[finger], atol=1e-9)


def test_spread_fingers_are_further_apart_than_flat_ones_and_in_their_order():
    rig, mapping = hand_rig(axes="odd", curl=5.0)
    spread, flat = (tips(rig, mapping, "Mixamo", shape) for shape in ("spread", "flat"))
    across = [spread[finger][1] for finger in FINGERS]
    assert across == sorted(across, reverse=True)
    for one, other in pairwise(FINGERS):
        assert np.linalg.norm(spread[one] - spread[other]) > np.linalg.norm(flat[one] - flat[other])


def test_a_gripping_hand_leaves_room_for_a_bar_and_a_relaxed_one_is_between_flat_and_gripping():
    rig, mapping = hand_rig()
    flat, relaxed, gripping, fist = (
        tips(rig, mapping, "Mixamo", shape) for shape in ("flat", "relaxed", "gripping", "fist")
    )
    for finger in FINGERS[1:]:
        assert flat[finger][0] > relaxed[finger][0] > gripping[finger][0] > fist[finger][0]
        assert 0.025 < gripping[finger][2] < 0.09


@pytest.mark.parametrize(("style", "side"), [("Mixamo", "left"), ("Mixamo", "right")])
def test_a_hand_named_for_the_other_side_closes_to_its_own_palm_where_its_fingers_show_it(style, side):
    rig, mapping = hand_rig(style, curl=10.0, swapped=True)
    hand = find_hands(rig, mapping)[side]
    palm = rig.world[:3, :3] @ hand.palmar
    assert palm[1] < -0.9


@pytest.mark.parametrize("fingers", [("index",), ("thumb", "index"), ("thumb", "index", "middle")])
def test_hands_of_fewer_fingers_close_too(fingers):
    rig, mapping = hand_rig(fingers=fingers, axes="odd")
    for side in SIDES:
        closed = tips(rig, mapping, "Mixamo", "fist", side)
        assert closed["index"][0] < BASES["index"][0] and 0.0 < closed["index"][2] < 0.05


def test_a_rig_without_fingers_has_no_hands():
    rig, mapping = hand_rig(fingers=())
    assert find_hands(rig, mapping) == {}
    rig, mapping = hand_rig(fingers=("thumb",))
    assert find_hands(rig, mapping) == {}


def test_only_finger_bones_are_turned_and_by_unit_quaternions():
    rig, mapping = hand_rig()
    for hand in find_hands(rig, mapping).values():
        for shape in SHAPES.values():
            found = shaped(rig, hand, shape)
            assert set(found) == {NAMES["Mixamo"](hand.side, finger, n) for finger in FINGERS for n in (1, 2, 3)}
            np.testing.assert_allclose([np.linalg.norm(turn) for turn in found.values()], 1.0, atol=1e-12)
