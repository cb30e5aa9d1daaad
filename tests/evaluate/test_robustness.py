"""The benchmark of other exporters' files: what it draws, and that it tells right from wrong and from refused."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from coamd_blender.motion.skeleton import JOINT_NAMES
from runtime.evaluate import robustness
from runtime.evaluate.export_names import NAMED
from runtime.evaluate.exports import DAMAGE, Export, euler, known_joints, write_bvh_export
from runtime.evaluate.exports_gltf import FORMS
from runtime.evaluate.robustness import REFUSED, RIGHT, WRONG, distances, draw, judge


def test_more_than_two_hundred_files_show_every_name_axis_unit_pose_layout_and_damage():
    drawn = list(draw())
    assert len(drawn) >= 200 and {scheme for scheme, _ in drawn} == set(NAMED)
    assert {export.form for _, export in drawn} == {"bvh", *FORMS}
    seen = {name: {getattr(export, name) for _, export in drawn} for name in ("up", "unit", "zero", "layout", "damage")}
    assert seen["up"] == {"y", "z", "-y", "root-z"} and seen["unit"] == set(robustness.UNITS)
    assert seen["zero"] == {"t", "a", "down", "bone", "first"} and seen["damage"] == set(DAMAGE)
    assert seen["layout"] == {"plain", "positions", "rotations first"}
    assert [export for _, export in draw()] == [export for _, export in drawn]


def test_right_wrong_and_refused_are_told_apart(tmp_path):
    path, export = tmp_path / "made.bvh", Export("wave", JOINT_NAMES)
    write_bvh_export(path, export)
    assert judge(path, export) == (RIGHT, "")
    outcome, why = judge(path, replace(export, kind="squat"))
    assert outcome == WRONG and "degrees off" in why
    path.write_text("HIERARCHY")
    outcome, why = judge(path, export)
    assert outcome == REFUSED and why


def test_distances_are_metres_and_degrees_of_the_worst_joint():
    known = known_joints("walk")
    moved = known.copy()
    moved[7, 15] += (0.0, 0.0, 0.05)
    away, apart = distances(moved, known)
    assert away == pytest.approx(0.05) and 1 < apart < 90
    assert distances(moved, known, (15,)) == pytest.approx((0.0, 0.0), abs=1e-4)


@pytest.mark.parametrize("order", robustness.ORDERS)
def test_angles_of_any_order_give_the_rotation_also_where_two_axes_are_one(order):
    """Scipy's rotations are the oracle; the second angle is a quarter turn in half of them."""
    rng = np.random.default_rng(0)
    angles = rng.uniform(-80, 80, (40, 3))
    angles[::2, 1] = rng.choice([-90.0, 90.0], 20)
    wanted = Rotation.from_euler(order, angles, degrees=True).as_matrix()
    written = np.round(euler(wanted, order), 5)
    assert np.abs(Rotation.from_euler(order, written, degrees=True).as_matrix() - wanted).max() < 1e-5
