"""Foot lock: feet that stand stop sliding, and are let go and caught softly."""

import numpy as np
import pytest
from bodies import J, make_rig, pose, posed_heads
from scipy.interpolate import CubicHermiteSpline

from coamd_blender.motion import skeleton
from coamd_blender.retarget import Options, detect, solve
from coamd_blender.retarget.rig_foot_lock import lock_offsets


def sliding_body(frames=40, speed=0.1):
    """A body standing on bent knees that glides forward at ``speed`` m/s with both feet flat: pure foot skate."""
    vectors = np.zeros((frames, 22, 3))
    for side in ("left", "right"):
        vectors[:, J[f"{side}_hip"]] = (-0.5, 0, 0)
        vectors[:, J[f"{side}_knee"]] = (1.0, 0, 0)
        vectors[:, J[f"{side}_ankle"]] = (-0.5, 0, 0)
    glide = np.zeros((frames, 3))
    glide[:, 2] = np.arange(frames) / 20 * speed
    joints = pose(vectors, travel=glide)
    joints[..., 1] -= joints[..., 1].min()
    return joints


@pytest.mark.parametrize("mode", ["soft", "strict"])
def test_standing_feet_stop_sliding_and_off_leaves_them(mode):
    rig, joints = make_rig(rolls=True), sliding_body()
    heads = {
        contact: posed_heads(rig, solve(rig, detect(rig.names), joints, Options(place="world", contact=contact)))
        for contact in ("off", mode)
    }
    toe = heads[mode][:, J["left_foot"]]
    assert np.ptp(heads["off"][:, J["left_foot"], 2]) > 0.19
    assert np.ptp(toe, axis=0).max() < 2e-3
    knee = heads[mode][:, J["left_knee"]]
    assert (knee[:, 2] - heads[mode][:, J["left_hip"], 2]).min() > 0.05
    for start, end in (("left_hip", "left_knee"), ("left_knee", "left_ankle")):
        length = np.linalg.norm(heads[mode][:, J[end]] - heads[mode][:, J[start]], axis=-1)
        assert np.allclose(length, skeleton.BONE_LENGTHS[J[end]], atol=1e-4)


def test_lock_holds_the_mean_and_fades():
    places = np.cumsum(np.full((30, 3), 0.01), axis=0)
    standing = np.zeros(30, dtype=bool)
    standing[10:20] = True
    offsets = lock_offsets(places, standing, blend=5)
    held = (places + offsets)[10:20]
    assert np.allclose(held, places[10:20].mean(axis=0))
    assert np.allclose(offsets[:5], 0) and np.allclose(offsets[25:], 0)
    steps = np.linalg.norm(np.diff(offsets, axis=0), axis=1)
    assert steps.max() < 0.03


def test_a_foot_leaves_a_contact_as_fast_as_its_correction_was_changing_in_it():
    """By a cubic, whose first step after the contact differs from the last in it by less than the fade takes."""
    places = np.cumsum(np.full((40, 3), 0.01), axis=0)
    standing = np.zeros(40, dtype=bool)
    standing[10:20] = True
    steps = np.diff(lock_offsets(places, standing, blend=8), axis=0)[:, 0]
    for last, next_ in ((18, 19), (10, 9)):  # the last step within the contact, the first outside it
        assert abs(steps[next_] - steps[last]) < 0.006, "without a jolt"


def test_lock_goes_straight_across_a_short_gap_and_the_ends():
    places = np.zeros((12, 3))
    places[:, 0] = np.linspace(0, 0.11, 12)
    standing = np.array([True] * 5 + [False] * 2 + [True] * 5)
    offsets = lock_offsets(places, standing, blend=5)
    assert np.allclose((places + offsets)[:5, 0], 0.02) and np.allclose((places + offsets)[7:, 0], 0.09)
    assert np.all(np.abs(np.diff(offsets[:, 0])) < 0.03)
    assert np.allclose(lock_offsets(places, np.zeros(12, bool), 5), 0)


@pytest.mark.parametrize("stop, reach", [(20, 8), (27, 4)])
def test_after_a_contact_the_correction_is_a_hermite_curve_to_rest_within_what_there_is(stop, reach):
    """Over eight frames, or, where the motion ends sooner, to the frame behind its last."""
    places = np.cumsum(np.full((30, 3), 0.01), axis=0)
    standing = np.zeros(30, dtype=bool)
    standing[10:stop] = True
    offsets = lock_offsets(places, standing, blend=8)
    curve = CubicHermiteSpline([0, reach], [offsets[stop - 1, 0], 0], [-0.01, 0])  # the mean stays, the place goes on
    behind = np.arange(1, min(reach, 30 - stop) + 1)
    assert np.allclose(offsets[stop - 1 + behind, 0], curve(behind))
    assert np.allclose(lock_offsets(-places[::-1], standing[::-1], blend=8), -offsets[::-1]), "and before it likewise"
