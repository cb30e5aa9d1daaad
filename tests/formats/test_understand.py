"""Files as many exporters write one known motion: which joint is which, what is up, the unit, how it stands."""

import itertools

import numpy as np
import pytest

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.kinematics import bones
from coamd_blender.motion.rotations import unit
from coamd_blender.motion.skeleton import FPS, JOINT_INDEX, JOINT_NAMES, PARENTS, with_bone_lengths
from runtime.evaluate.export_names import NAMED, joint_names
from runtime.evaluate.exports import DAMAGE, KINDS, Export, known_joints, write_bvh_export
from runtime.evaluate.exports_gltf import FORMS, write_gltf_export
from runtime.formats.bvh_write import write_bvh
from runtime.formats.canonical import calibrate, joint_maps, measure
from runtime.formats.clip import SourceClip
from runtime.formats.figure import find_figure
from runtime.formats.options import ReadOptions, axis_of, unit_of
from runtime.formats.read import read_at_own_rate, read_motion, read_motions, read_placed
from runtime.formats.understand import understand

PLAIN = joint_names("mixamo")
FEET = [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]]


def check(tmp_path, export, options=None, but=()):
    """Read an export and hold it against the motion it was made from, joints ``but`` left out; return what was told."""
    path, told = tmp_path / ("made.bvh" if export.form == "bvh" else "made.glb"), []
    (write_bvh_export if export.form == "bvh" else write_gltf_export)(path, export)
    ((name, joints),) = read_motions(path, options=options, tell=told.append)
    known = known_joints(export.kind)
    assert name == "made" and abs(len(joints) - len(known)) <= 1
    joints, known = joints[: len(known)], known[: len(joints)]
    kept = [joint for joint in range(22) if joint not in but]
    assert np.linalg.norm(joints - known, axis=-1)[:, kept].max() < 0.01
    cosines = np.sum(unit(bones(joints)) * unit(bones(known)), axis=-1)[:, [joint - 1 for joint in kept if joint]]
    assert np.degrees(np.arccos(np.clip(cosines, -1, 1))).max() < 2
    return "; ".join(told)


@pytest.mark.parametrize("scheme", NAMED)
def test_names_of_every_scheme(tmp_path, scheme):
    check(tmp_path, Export("walk", joint_names(scheme)))


@pytest.mark.parametrize("damage", DAMAGE)
def test_text_as_exporters_and_editors_leave_it(tmp_path, damage):
    check(tmp_path, Export("wave", PLAIN, damage=damage))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_gltf(tmp_path, form):
    unit = 0.01 if form == "scaled root" else 1.0
    line = check(tmp_path, Export("walk", PLAIN, unit=unit, zero="a", form=form))
    assert ("2 roots" in line) == (form in ("a person who stands still", "a prop's animation"))
    assert ("1 of 23 channels are left out" in line) == (form == "a channel that is cut")


def test_of_two_animations_the_one_that_a_person_moves_in_is_looked_at(tmp_path):
    path, export = tmp_path / "made.glb", Export("walk", PLAIN, unit=1.0, form="a prop's animation")
    write_gltf_export(path, export)
    assert len(read_motion(path)) == len(known_joints("walk"))  # the prop's lasts longer
    with pytest.raises(DataError, match="spin moves nothing of the person"):
        read_motion(path, animation="spin")
    told = []
    assert [name for name, _ in read_motions(path, tell=told.append)] == ["made"]
    assert any("spin is left out" in line for line in told)


def test_two_frames_are_hardly_more_than_a_pose_and_are_read(tmp_path):
    export = Export("wave", PLAIN, fps=60.0)
    write_bvh_export(tmp_path / "made.bvh", export)
    lines = (tmp_path / "made.bvh").read_text().split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith("Frame Time"))
    (tmp_path / "made.bvh").write_text("\n".join(lines[: start + 3]).replace("Frames: 181", "Frames: 2"))
    ((_, joints),) = read_motions(tmp_path / "made.bvh")
    assert joints.shape == (1, 22, 3) and np.abs(joints - known_joints("wave")[:1]).max() < 0.01


@pytest.mark.parametrize(("kind", "up"), [*itertools.product(("walk", "bow"), ("z", "-y", "root-z"))])
def test_up_is_found_and_told(tmp_path, kind, up):
    line = check(tmp_path, Export(kind, PLAIN, up=up))
    assert f"{up.removeprefix('root-').upper()} up" in line and "likely" not in line


@pytest.mark.parametrize(
    ("metres", "word"), [(1.0, "metres"), (0.001, "millimetres"), (0.0254, "inches"), (0.3048, "feet")]
)
def test_the_unit_is_found_and_told(tmp_path, metres, word):
    assert f"in {word}" in check(tmp_path, Export("wave", PLAIN, unit=metres))


@pytest.mark.parametrize(("kind", "zero"), [*itertools.product(KINDS, ("a", "down", "bone", "first"))])
def test_a_zero_pose_that_is_no_stance_is_not_believed(tmp_path, kind, zero):
    line = check(tmp_path, Export(kind, PLAIN, zero=zero))
    assert ("rest pose is not a stance" in line) == (zero == "bone" or (zero, kind) == ("first", "walk"))


@pytest.mark.parametrize("size", [(1.08, 0.93, 1.1), (0.9, 1.1, 0.6)])
@pytest.mark.parametrize("zero", ["t", "bone"])
def test_bodies_of_other_proportions(tmp_path, size, zero):
    trunk, arms, whole = size
    check(tmp_path, Export("squat", PLAIN, zero=zero, trunk=trunk, arms=arms, size=whole))


def test_joints_without_meaning_in_their_names_are_known_by_the_tree(tmp_path):
    for zero, up in (("t", "z"), ("bone", "y"), ("bone", "z")):
        line = check(tmp_path, Export("walk", joint_names("numbers"), zero=zero, up=up))
        assert "by the shape of the skeleton" in line


def test_feet_without_toes_turn_as_their_ankles_do(tmp_path):
    export = Export("walk", joint_names("no toes"), ends=False)
    assert "no toes" in check(tmp_path, export)
    check(tmp_path, Export("walk", joint_names("no toes"), ends=False, zero="bone"), but=FEET)


def test_of_two_roots_the_person_is_read_and_told(tmp_path):
    assert "of 2 roots mixamorig:Hips is read" in check(tmp_path, Export("walk", PLAIN, damage="two roots"))


def test_a_row_of_nonsense_is_bridged_and_told(tmp_path):
    line = check(tmp_path, Export("walk", PLAIN, damage="bad row"))
    assert "1 of 91 rows are not whole" in line and "1 frames that jump were bridged" in line


def test_what_the_user_says_counts_more_than_what_is_found(tmp_path):
    check(tmp_path, Export("wave", PLAIN, up="z"), ReadOptions(up="z", unit="cm"))
    path = tmp_path / "a.bvh"
    write_bvh_export(path, Export("wave", PLAIN))
    ((_, wrong),) = read_motions(path, options=ReadOptions(up="z"))
    assert np.ptp(wrong[0, :, 1]) < 0.9  # lying, as asked for
    assert axis_of("+Z") == "z" and unit_of("0.5") == 0.5
    for bad in (ReadOptions(up="w"), ReadOptions(unit="ell")):
        with pytest.raises(InputError, match="Choose from"):
            bad.check()


def test_a_file_of_our_own_joints_in_centimetres_lying_on_its_side_comes_out_as_it_is(tmp_path):
    write_bvh_export(tmp_path / "own.bvh", Export("wave", JOINT_NAMES, up="z", fps=20))
    assert np.abs(read_motion(tmp_path / "own.bvh") - known_joints("wave")).max() < 0.001


def knees_backwards(frames=60):
    """A body that sways, its knees bent the wrong way, as depth cameras see them."""
    joints = np.array(known_joints("wave")[np.arange(frames) % len(known_joints("wave"))])
    for side in ("left", "right"):
        joints[:, JOINT_NAMES.index(f"{side}_knee"), 2] -= 0.3
    return with_bone_lengths(joints)


def test_what_we_wrote_is_read_by_every_reader_whatever_the_knees_do(tmp_path):
    joints = knees_backwards()
    write_bvh(tmp_path / "own.bvh", joints)
    (placed,), left_out = read_placed(tmp_path / "own.bvh", 16)
    ((_, told),) = read_motions(tmp_path / "own.bvh")
    edited, fps = read_at_own_rate(tmp_path / "own.bvh")
    assert left_out == [] and fps == FPS
    for read in (placed.joints, told, edited, read_motion(tmp_path / "own.bvh")):
        assert np.abs((read - read[:, :1]) - (joints - joints[:, :1])).max() < 0.01


def test_other_names_with_knees_like_that_are_asked_about(tmp_path):
    write_bvh(tmp_path / "own.bvh", knees_backwards())
    text = (tmp_path / "own.bvh").read_text().replace("left_", "Left ").replace("right_", "Right ")
    (tmp_path / "other.bvh").write_text(text)
    with pytest.raises(DataError, match="knees bend backwards"):
        read_placed(tmp_path / "other.bvh", 16)


@pytest.mark.filterwarnings("error")
def test_of_two_people_one_without_a_number_is_not_the_one_that_moves(tmp_path):
    clip = SourceClip(JOINT_NAMES, PARENTS, known_joints("walk"), 20.0)
    names, parents = clip.names + tuple(f"b_{name}" for name in clip.names), clip.parents
    parents = (*parents, *(-1 if parent < 0 else parent + len(parents) for parent in parents))
    for other in (np.nan, 1e300, 0.0):
        positions = np.concatenate([clip.positions, 0 * clip.positions + other], axis=1)
        positions[:, 22:] += 0 if np.isnan(other) else known_joints("walk")[:1]
        (figure, _) = find_figure(SourceClip(names, parents, positions, 20.0))
        assert figure[0].bones["pelvis"] == "pelvis" or np.isnan(other)


@pytest.mark.filterwarnings("error")
def test_a_rest_pose_without_numbers_is_refused():
    measured = measure(JOINT_NAMES, known_joints("walk")[:1], joint_maps()["canonical"])
    measured.limbs["shoulder"][:] = np.nan
    with pytest.raises(DataError, match="not numbers"):
        calibrate(measured)


def test_one_frame_is_a_pose(tmp_path):
    write_bvh_export(tmp_path / "a.bvh", Export("wave", PLAIN))
    text = (tmp_path / "a.bvh").read_text().splitlines()
    start = next(number for number, line in enumerate(text) if line.startswith("Frame Time"))
    (tmp_path / "a.bvh").write_text("\n".join([*text[:start], text[start], text[start + 1]]))
    ((_, pose),) = read_motions(tmp_path / "a.bvh")
    assert pose.shape == (1, 22, 3) and np.abs(pose[0] - known_joints("wave")[0]).max() < 0.002
    assert read_motion(tmp_path / "a.bvh").shape == (1, 22, 3)
    assert len(read_at_own_rate(tmp_path / "a.bvh")[0]) == 1
    with pytest.raises(DataError, match=r"no motion of 0\.8 s"):
        read_placed(tmp_path / "a.bvh", 16)


def test_what_is_no_person_is_refused_with_the_reason(tmp_path):
    chain = [f"JOINT seg{number} {{ OFFSET 0 1 0 CHANNELS 3 Zrotation Xrotation Yrotation" for number in range(20)]
    head = "HIERARCHY ROOT seg { OFFSET 0 0 0 CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"
    row = " ".join(["0"] * 66)
    text = "\n".join([head, *chain, "}" * 21, "MOTION", "Frames: 3", "Frame Time: 0.05", row, row, row])
    (tmp_path / "snake.bvh").write_text(text)
    with pytest.raises(DataError, match="not known to be a person's: their names match only 0 of 22") as raised:
        read_motions(tmp_path / "snake.bvh")
    assert "Name its joints" in raised.value.hint


BEAST = {
    "Hips": (-1, (0, 0.9, -0.5)), "Spine": (0, (0, 0.92, -0.3)), "Spine1": (1, (0, 0.95, 0)),
    "Spine2": (2, (0, 0.95, 0.3)), "Neck": (3, (0, 1.0, 0.5)), "Head": (4, (0, 1.25, 0.7)),
}  # fmt: skip


@pytest.mark.parametrize("tall", [0.3, 1.0, 1.6])
@pytest.mark.parametrize("names", ["a person's", "nothing"])
@pytest.mark.parametrize("up", ["y", "z"])
def test_animals_are_refused_with_the_reason(tall, names, up):
    """Four legs under a level trunk, walking, whatever its joints are called and whichever way is up."""
    joints = dict(BEAST)
    for side, sign in (("Left", 1), ("Right", -1)):
        for above, along, parts in ((0, -0.5, "UpLeg Leg Foot ToeBase"), (3, 0.4, "Arm ForeArm Hand HandIndex1")):
            for part, height, bend in zip(parts.split(), (0.85, 0.55, 0.3, 0.05), (0, 0.1, -0.1, 0.05), strict=True):
                joints[f"{side}{part}"] = (above, (sign * 0.11, height, along + bend))
                above = len(joints) - 1
    rest = np.array([place for _, place in joints.values()]) * (1, tall, 1)
    motion = np.tile(rest, (60, 1, 1)) + np.linspace(0, 2, 60)[:, None, None] * (0, 0, 1)
    if up == "z":
        rest, motion = rest[..., [0, 2, 1]] * (1, -1, 1), motion[..., [0, 2, 1]] * (1, -1, 1)
    told = tuple(joints) if names != "nothing" else tuple(f"bone{number:02d}" for number in range(len(joints)))
    clip = SourceClip(told, tuple(parent for parent, _ in joints.values()), motion, 30.0, "fox", rest, ())
    with pytest.raises(DataError, match="fox: it") as caught:
        understand(clip)
    assert "level over its legs" in str(caught.value) or "not known to be a person's" in str(caught.value)
