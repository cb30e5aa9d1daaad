"""Hands out of the torso of bodies stouter than the motion's."""

import numpy as np
import pytest
from bodies import J, make_rig, posed_heads

from coamd_blender import skeleton
from coamd_blender.retarget import Options, detect, solve

SIDES = ("left", "right")
STOUT = skeleton.REST_OFFSETS.copy()
for _side in SIDES:
    for _joint, _factor in (("hip", 2.6), ("collar", 1.3), ("shoulder", 1.3)):
        STOUT[J[f"{_side}_{_joint}"], 0] *= _factor


def with_wrists(places):
    """The body at rest with its wrists at ``places`` (F, 2, 3), elbows out to the side and down."""
    joints = np.tile(skeleton.rest_joints(), (len(places), 1, 1))
    for number, side in enumerate(SIDES):
        shoulder, elbow, wrist = (J[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
        upper, lower = skeleton.BONE_LENGTHS[elbow], skeleton.BONE_LENGTHS[wrist]
        reach = places[:, number] - joints[:, shoulder]
        length = np.linalg.norm(reach, axis=-1, keepdims=True)
        along = reach / length
        out = np.array((1.0 if side == "left" else -1.0, -0.4, -0.3))
        out = out - along * (along @ out)[:, None]
        out /= np.linalg.norm(out, axis=-1, keepdims=True)
        cosine = (upper**2 + length**2 - lower**2) / (2 * upper * length)
        joints[:, elbow] = joints[:, shoulder] + upper * (cosine * along + np.sqrt(1 - cosine**2) * out)
        joints[:, wrist] = places[:, number]
    return joints


def folding(frames=60, before=0.14):
    """Hands that come from the sides, stay in front of the belly, ``before`` metres off its middle, and go back."""
    share = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, frames))[:, None, None]
    aside = np.array([[0.4, 1.1, 0.2], [-0.4, 1.1, 0.2]])
    folded = np.array([[0.06, 1.12, before], [-0.06, 1.12, before]])
    return with_wrists((1 - share) * aside + share * folded)


def levels(rig, heads, wrist):
    """How deep a point is in the torso of a body that stands upright: 1 on its surface, less inside."""
    rest = dict(zip(skeleton.JOINT_NAMES, rig.heads, strict=True))
    hips, shoulders = (abs(rest[f"left_{joint}"][0] - rest[f"right_{joint}"][0]) for joint in ("hip", "shoulder"))
    base = 0.5 * (heads[:, J["left_hip"]] + heads[:, J["right_hip"]])
    top = heads[:, J["neck"]]
    share = (wrist[:, 1] - base[:, 1]) / (top[:, 1] - base[:, 1])
    assert (share > 0).all() and (share < 1).all()
    width = 0.5 * ((1 - share) * 1.9 * hips + share * 0.8 * shoulders)
    middle = base + share[:, None] * (top - base)
    return np.hypot((wrist[:, 0] - middle[:, 0]) / width, (wrist[:, 2] - middle[:, 2]) / (0.65 * width))


def run(rig, joints, **options):
    solution = solve(rig, detect(rig.names), joints, Options(place="world", contact="off", **options))
    return solution, posed_heads(rig, solution)


def test_hands_inside_a_stout_body_come_out_and_smoothly():
    rig, joints = make_rig(STOUT, rolls=True), folding()
    before, after = run(rig, joints)[1], run(rig, joints, clear_hands=True)[1]
    for side in SIDES:
        wrist, elbow, shoulder = (J[f"{side}_{joint}"] for joint in ("wrist", "elbow", "shoulder"))
        assert levels(make_rig(), joints, joints[:, wrist]).min() > 1.2
        assert levels(rig, before, before[:, wrist]).min() < 0.9
        assert levels(rig, after, after[:, wrist]).min() > 0.97
        for start, end in ((shoulder, elbow), (elbow, wrist)):
            lengths = np.linalg.norm(after[:, end] - after[:, start], axis=-1)
            assert np.allclose(lengths, skeleton.BONE_LENGTHS[end], atol=1e-6)
        steps = [np.linalg.norm(np.diff(heads[:, wrist], 2, axis=0), axis=-1).max() for heads in (before, after)]
        assert steps[1] < steps[0] + 0.006, steps
    others = [joint for joint in range(22) if not skeleton.JOINT_NAMES[joint].endswith(("elbow", "wrist"))]
    assert np.allclose(before[:, others], after[:, others], atol=1e-12)


def test_the_way_out_is_the_shortest():
    """Hands before the belly go forward: a stout body is twice as wide as it is deep."""
    rig, joints = make_rig(STOUT), folding()
    before, after = run(rig, joints)[1], run(rig, joints, clear_hands=True)[1]
    pushed = (after - before)[30, J["left_wrist"]]
    assert pushed[2] > 0.02 and abs(pushed[0]) < 0.5 * pushed[2] and abs(pushed[1]) < 0.5 * pushed[2]


@pytest.mark.parametrize("make", [make_rig, lambda **how: make_rig(STOUT, **how)], ids=["same", "stout"])
def test_what_does_not_go_in_is_left_to_the_bit(make):
    rig = make(rolls=True)
    joints = folding(before=0.13) if make is make_rig else folding(before=0.3)
    plain, cleared = (run(rig, joints, clear_hands=clear)[0] for clear in (False, True))
    assert np.array_equal(plain.quaternions, cleared.quaternions) and np.array_equal(plain.location, cleared.location)


def test_frames_away_from_a_push_are_left_to_the_bit():
    still = folding(40)[:1]
    joints = np.concatenate([np.repeat(still, 40, axis=0), folding(40), np.repeat(still, 40, axis=0)])
    rig = make_rig(STOUT)
    plain, cleared = (run(rig, joints, clear_hands=clear)[0] for clear in (False, True))
    assert np.array_equal(plain.quaternions[:30], cleared.quaternions[:30])
    assert np.array_equal(plain.quaternions[90:], cleared.quaternions[90:])
    assert not np.array_equal(plain.quaternions, cleared.quaternions)


def test_hands_that_the_motion_puts_inside_come_no_deeper_and_one_frame_will_do():
    joints = folding(before=0.02)
    rig = make_rig(STOUT)
    after = run(rig, joints, clear_hands=True)[1]
    wrist = J["left_wrist"]
    mine, motions = levels(rig, after, after[:, wrist]), levels(make_rig(), joints, joints[:, wrist])
    assert motions.min() < 0.8 and (mine > np.minimum(motions, 1) - 0.05).all()
    single = run(rig, joints[30:31], clear_hands=True)[1]
    assert levels(rig, single, single[:, wrist])[0] > np.minimum(motions[30], 1) - 0.05
