"""The quality bars, on rigs drawn at random and made-up clips, beside two baselines; and the figures themselves."""

from dataclasses import replace

import numpy as np
import pytest
import quality_table
import synthetic
from bodies import J, make_rig, pose, posed_heads
from glb import RIG_FOLDER, read_glb_rig
from scipy.spatial.transform import Rotation

from coamd_blender.motion import skeleton
from coamd_blender.retarget import Options, detect, detect_rig, quality, solve
from coamd_blender.retarget.body import read_rest

# Enough to meet every kind of rig; quality_table.py has the table over 200.
RIGS = 45
CLIPS = {name: make(40) for name, make in synthetic.CLIPS.items()}
# Figures in which ours must be ahead of both baselines; the others are bars of their own.
ERRORS = ("direction", "direction_worst", "position", "skate", "skate_worst", "penetration", "hinge", "backward")


@pytest.fixture(scope="module")
def rows():
    """Many rigs, each with one of the clips; every fifth with the baselines too."""
    found = {}
    for seed in range(RIGS):
        joints = list(CLIPS.values())[seed % len(CLIPS)]
        runs = quality_table.compare(*synthetic.random_rig(seed), joints, with_baselines=seed % 5 == 0)
        for name, figures in runs.items():
            found.setdefault(name, []).append([getattr(figures, figure) for figure in quality_table.FIGURES])
    found = {name: np.array(values) for name, values in found.items()}
    quality_table.show("rigs drawn at random", found)
    return found


def column(rows, name, figure):
    return rows[name][:, quality_table.FIGURES.index(figure)]


def test_directions_are_within_two_degrees_on_average(rows):
    assert column(rows, "ours", "direction").mean() < 2
    assert column(rows, "ours, feet free", "direction").mean() < 1


def test_feet_that_stand_do_not_slide(rows):
    assert column(rows, "ours", "skate_worst").max() < 0.05
    assert column(rows, "ours, feet free", "skate_worst").max() > 0.2


def test_no_knee_or_elbow_bends_backwards(rows):
    assert column(rows, "ours", "backward").sum() == 0 and column(rows, "ours, feet free", "backward").sum() == 0


def test_motion_is_as_smooth_as_its_source(rows):
    assert column(rows, "ours", "jerk").mean() < 1.3 and column(rows, "ours, feet free", "jerk").mean() < 1.1


def test_toes_stay_over_the_floor(rows):
    assert column(rows, "ours", "penetration").mean() < 0.1 and column(rows, "ours", "penetration").max() < 2


@pytest.mark.parametrize("baseline", ["shortest rotation", "inverse kinematics"])
def test_ours_is_ahead_of_the_baselines_on_every_error(rows, baseline):
    same = list(range(0, RIGS, 5))
    mine = quality_table.summary(rows["ours"][same])
    theirs = quality_table.summary(rows[baseline])
    for figure in ERRORS:
        place = quality_table.FIGURES.index(figure)
        assert mine[place] < theirs[place] or mine[place] == theirs[place] == 0, (figure, mine[place], theirs[place])


@pytest.mark.skipif(not RIG_FOLDER.is_dir(), reason="set COAMD_RIGS to a folder with the rig files")
@pytest.mark.parametrize("name", ["quaternius_male", "quaternius_female", "kenney_zombie"])
def test_characters_on_disk_keep_the_bars(name):
    rig = read_glb_rig(RIG_FOLDER / f"{name}.glb")
    runs = [quality_table.compare(rig, detect_rig(rig), clip, with_baselines=False)["ours"] for clip in CLIPS.values()]
    for figures in runs:
        assert figures.direction < 2 and figures.skate_worst < 0.05 and figures.backward == 0
        assert figures.penetration < 0.5
    assert np.mean([figures.jerk for figures in runs]) < 1.3


def figures_of(rig, joints, **changed):
    mapping = detect(rig.names)
    body = read_rest(rig, mapping)
    options = Options(place="world", contact="off", floor=False)
    posed = quality.posed(rig, mapping, body, solve(rig, mapping, joints, options))
    for joint, move in changed.items():
        posed.places[joint] = posed.places[joint] + move
    return quality.measure(posed, rig, body, joints, np.ones((len(joints), 2), bool), 20, place="world")


def test_figures_are_nothing_for_a_body_that_follows_exactly():
    joints = np.tile(skeleton.rest_joints(), (20, 1, 1))
    found = figures_of(make_rig(rolls=True), joints)
    assert found.direction < 0.1 and found.position < 0.1 and found.skate < 1e-6 and found.backward == 0
    assert found.penetration < 0.1 and found.hinge < 0.1


def test_figures_grow_by_what_is_done_to_the_pose():
    """A toe pushed 3 cm down and slid at 1 m/s, a knee pushed behind its leg: known depth, speed and frames."""
    joints = np.tile(skeleton.rest_joints(), (20, 1, 1))
    slide = np.linspace((0, -0.03, 0), (0, -0.03, 0.95), 20)
    found = figures_of(make_rig(), joints, left_foot=slide)
    assert found.penetration == pytest.approx(3, abs=0.1) and found.skate_worst == pytest.approx(1, abs=0.02)
    assert figures_of(make_rig(), joints, right_knee=np.array((0, 0, -0.1))).backward == 20
    off = figures_of(make_rig(), joints, left_wrist=np.array((0, 0, 0.268)))
    assert off.direction == pytest.approx(45 / 21, abs=0.3)


def test_posed_places_are_those_of_independent_kinematics():
    rig, mapping = synthetic.random_rig(5)
    solution = solve(rig, mapping, CLIPS["walk"])
    posed = quality.posed(rig, mapping, read_rest(rig, mapping), solution)
    heads = posed_heads(rig, solution)
    for joint, bone in mapping.bones.items():
        assert np.abs(posed.places[joint] - heads[:, rig.index[bone]]).max() < 1e-6


def test_a_motion_with_a_broken_knee_is_put_right():
    """The motion's knee bends 40 degrees the wrong way for a while; the rig's never does."""
    vectors = np.zeros((60, 22, 3))
    vectors[:, J["left_knee"], 0] = np.radians(60) * np.cos(np.linspace(0, 2 * np.pi, 60)) + np.radians(20)
    vectors[:, J["left_hip"], 0] = -0.5
    joints = pose(vectors)
    found = figures_of(make_rig(rolls=True), joints)
    assert found.backward == 0


@pytest.mark.parametrize("place", ["world", "object"])
def test_a_motion_put_where_the_object_stands_is_measured_there(place):
    """The object is turned by 70 degrees: nothing is off where the motion was put, and a lot elsewhere."""
    rig = make_rig()
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("y", 70, degrees=True).as_matrix()
    rig = replace(rig, world=turn @ rig.world)
    mapping, joints = detect(rig.names), np.tile(skeleton.rest_joints(), (20, 1, 1))
    body, stands = read_rest(rig, mapping), np.ones((20, 2), bool)
    solution = solve(rig, mapping, joints, Options(place=place, contact="off", floor=False))
    posed = quality.posed(rig, mapping, body, solution)
    found = {way: quality.measure(posed, rig, body, joints, stands, 20, place=way) for way in ("world", "object")}
    other = "object" if place == "world" else "world"
    assert found[place].direction < 0.1 and found[other].direction > 20
