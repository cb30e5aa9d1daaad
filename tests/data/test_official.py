"""Loaders of the official benchmark layouts, on small files written here in each set's own format."""

import numpy as np
import pytest

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import JOINT_INDEX, rest_joints
from runtime.data import humanml3d, kit_ml, ntu, official


def standing(frames, lift=1.0):
    """The canonical body, its right arm held out, its left going from hanging to straight up: (frames, 22, 3)."""
    joints = np.repeat(rest_joints()[None], frames, axis=0)
    shoulder, elbow, wrist = (JOINT_INDEX[f"left_{part}"] for part in ("shoulder", "elbow", "wrist"))
    angle = np.linspace(-np.pi / 2, -np.pi / 2 + lift * np.pi, frames)
    direction = np.stack([np.cos(angle), np.sin(angle), np.zeros(frames)], axis=1)
    joints[:, elbow] = joints[:, shoulder] + 0.26 * direction
    joints[:, wrist] = joints[:, elbow] + 0.268 * direction
    return joints


def arm_angle(joints, side="left"):
    """Degrees of the upper arm over the horizontal, and how far it points to the character's left."""
    arm = joints[:, JOINT_INDEX[f"{side}_elbow"]] - joints[:, JOINT_INDEX[f"{side}_shoulder"]]
    return np.degrees(np.arcsin(arm[:, 1] / np.linalg.norm(arm, axis=1))), arm[:, 0]


# --- HumanML3D ----------------------------------------------------------------------------------------------------


@pytest.fixture
def humanml(tmp_path):
    folder = tmp_path / "HumanML3D"
    for name in ("new_joints", "texts"):
        (folder / name).mkdir(parents=True)
    texts = {
        "000001": "a person raises a hand#a/DET person/NOUN#0.0#0.0\nthe figure lifts an arm#the/DET#nan#nan\n"
        "he begins#he/PRON begin/VERB#1.0#4.0\n",
        "M000001": "a person raises the other hand#a/DET#0.0#0.0\n",
        "000002": "too short#too/ADV#0.0#0.0\n",
        "000003": "broken#broken/ADJ#0.0#0.0\n",
        "000004": "no file#no/DET#0.0#0.0\n",
    }
    for name, text in texts.items():
        (folder / "texts" / f"{name}.txt").write_text(text)
    joints = standing(100).astype(np.float32)
    np.save(folder / "new_joints/000001.npy", joints)
    np.save(folder / "new_joints/M000001.npy", joints * [-1, 1, 1])
    np.save(folder / "new_joints/000002.npy", joints[:39])
    np.save(folder / "new_joints/000003.npy", np.full_like(joints, np.nan))
    (folder / "test.txt").write_text("000001\nM000001\n000002\n000003\n000004\n")
    for split in ("train", "val"):
        (folder / f"{split}.txt").write_text("")
    return tmp_path


def test_humanml3d_motions_captions_and_parts(humanml):
    dropped = {}
    found = list(humanml3d.motions(humanml, "test", drop=lambda name, reason: dropped.setdefault(name, reason)))
    assert [motion.name for motion in found] == ["000001", "000001@1-4", "M000001"]
    assert found[0].captions == ("a person raises a hand", "the figure lifts an arm")
    assert found[1].captions == ("he begins",) and len(found[1].joints) == 60
    assert np.allclose(found[1].joints, standing(100)[20:80], atol=1e-6)
    assert found[0].joints.shape == (100, 22, 3) and found[0].joints.dtype == np.float32
    assert "39 frames" in dropped["000002"] and "not numbers" in dropped["000003"]
    assert "000004.npy" in dropped["000004"]
    assert [motion.name for motion in humanml3d.motions(humanml, "test", mirrored=False)][-1] == "000001@1-4"


def test_humanml3d_classes(humanml):
    with pytest.raises(DataError, match=r"action labels .* Ask the authors"):
        humanml3d.read_labels(humanml)
    (humanml / "HumanML3D" / humanml3d.LABELS_FILE).write_text("000001\traise hand\n000009\twalk\n")
    rows = list(humanml3d.labelled(humanml, "test"))
    assert [label for _, label in rows] == ["raise hand", "raise hand"]  # the mirrored clip has its class too
    (humanml / "HumanML3D" / humanml3d.LABELS_FILE).write_text("000001 raise hand\n")
    with pytest.raises(DataError, match="000001 raise hand"):
        humanml3d.read_labels(humanml)


@pytest.mark.parametrize("line", ["no marks", "a#b#c", "a#b#zero#1.0", "#b#0.0#0.0"])
def test_broken_caption_lines_are_named(tmp_path, line):
    path = tmp_path / "000001.txt"
    path.write_text(f"fine#fine/ADJ#0.0#0.0\n{line}\n")
    with pytest.raises(DataError, match=r"000001\.txt, line 2"):
        official.read_captions(path)


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda root: list(humanml3d.motions(root, "test")), ("HumanML3D", "EricGuo5513", "new_joints, texts")),
        (lambda root: list(kit_ml.motions(root, "test")), ("KIT-ML", "EricGuo5513", "new_joints, texts")),
        (lambda root: ntu.files(root, 60, "xsub", "test"), ("NTU RGB+D", "rose1.ntu.edu.sg", ".skeleton")),
    ],
)
def test_a_missing_set_says_where_to_get_it_and_where_to_put_it(tmp_path, read, words):
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    line = str(caught.value)
    assert "\n" not in line and str(tmp_path) in line and all(word in line for word in words)


# --- KIT-ML -------------------------------------------------------------------------------------------------------


def mmm_body(joints):
    """The 21 joints of the MMM body (millimetres) that a canonical body (frames, 22, 3) would show."""
    own = {"root": "pelvis", "pelvis": "spine1", "thorax": "spine3", "neck": "neck", "head": "head"}
    columns = []
    for name in kit_ml.JOINTS:
        if name.endswith("_midfoot"):
            side = name.split("_")[0]
            columns.append((joints[:, JOINT_INDEX[f"{side}_ankle"]] + joints[:, JOINT_INDEX[f"{side}_foot"]]) / 2)
        else:
            columns.append(joints[:, JOINT_INDEX[own.get(name, name.replace("_toe", "_foot"))]])
    return 1000 * np.stack(columns, axis=1)


@pytest.mark.parametrize("mirrored", [False, True])
def test_kit_joints_become_ours_at_20_fps(tmp_path, mirrored):
    folder = tmp_path / "KIT-ML"
    for name in ("new_joints", "texts"):
        (folder / name).mkdir(parents=True)
    joints = mmm_body(standing(50))
    np.save(folder / "new_joints/00001.npy", (joints * [-1, 1, 1] if mirrored else joints).astype(np.float32))
    (folder / "texts/00001.txt").write_text("A person raises the left arm.#a/DET#0.0#0.0\n")
    for split in official.SPLITS:
        (folder / f"{split}.txt").write_text("00001\n")
    (motion,) = kit_ml.motions(tmp_path, "val")
    assert abs(len(motion.joints) - 50 * 20 / 12.5) <= 2
    degrees, leftward = arm_angle(motion.joints)
    assert degrees[0] == pytest.approx(-90, abs=8) and degrees[-1] == pytest.approx(90, abs=8)
    assert leftward[len(leftward) // 2] > 0.2  # the left arm passes on the left, mirrored file or not
    hips = motion.joints[:, JOINT_INDEX["left_hip"]] - motion.joints[:, JOINT_INDEX["right_hip"]]
    assert np.allclose(hips[:, 0] / np.linalg.norm(hips, axis=1), 1.0, atol=0.02)  # facing +Z
    assert abs(motion.joints[:, JOINT_INDEX["left_foot"], 1]).max() < 0.03  # on the floor, in metres


# --- NTU RGB+D ----------------------------------------------------------------------------------------------------


def kinect_body(joints):
    """The 25 joints of the second Kinect for canonical joints, facing the camera 3 m away: (frames, 25, 3)."""
    turned = joints * [-1.0, 1.0, -1.0] + [0.0, -1.0, 3.0]
    own = {"hip_center": "pelvis", "spine": "spine2", "shoulder_center": "neck", "head": "head"}
    body = np.repeat(turned[:, :1], 25, axis=1)
    for name, column in ntu.COLUMNS.items():
        body[:, column] = turned[:, JOINT_INDEX[own.get(name, name.replace("_hand", "_wrist"))]]
    return body


def skeleton_text(bodies):
    """A .skeleton file of bodies {id: (frames, 25, 3)}; frames of NaN are not written."""
    frames = len(next(iter(bodies.values())))
    lines = [str(frames)]
    for frame in range(frames):
        present = {name: body[frame] for name, body in bodies.items() if np.isfinite(body[frame]).all()}
        lines.append(str(len(present)))
        for name, joints in present.items():
            lines += [f"{name} 0 1 1 1 1 0 0.0157 -0.1204 2", "25"]
            lines += [f"{x:.7f} {y:.7f} {z:.7f} 278.3 226.3 1036.3 519.1 -0.21 0.03 0.97 -0.08 2" for x, y, z in joints]
    return "\n".join(lines) + "\n"


def test_ntu_joint_lines_are_the_sensors():
    # lines of the file, counted from 1, as the authors list them
    lines = {"hip_center": 1, "spine": 2, "head": 4, "left_shoulder": 5, "left_hand": 8, "right_shoulder": 9}
    lines |= {"right_wrist": 11, "left_hip": 13, "left_foot": 16, "right_hip": 17, "right_foot": 20}
    assert all(ntu.COLUMNS[name] == line - 1 for name, line in lines.items()) and ntu.COLUMNS["shoulder_center"] == 20


def test_ntu_main_body_over_gaps_on_our_joints(tmp_path):
    actor = kinect_body(standing(90))
    actor[40:43] = np.nan
    bystander = kinect_body(standing(90, lift=0.1)) + np.array([1.0, 0.0, 0.5])
    chair = np.random.default_rng(0).normal(size=(90, 25, 3)) * [2.0, 0.1, 0.1]  # moves most, and is wide and flat
    path = tmp_path / "S001C002P003R002A023.skeleton"
    path.write_text(skeleton_text({"72057594037931101": bystander, "72057594037931102": actor, "7": chair}))
    bodies = ntu.read_bodies(path)
    assert set(bodies) == {"72057594037931101", "72057594037931102", "7"}
    assert np.isnan(bodies["72057594037931102"][40:43]).all()
    assert np.allclose(bodies["72057594037931101"], bystander, atol=1e-6)
    clip = ntu.read_skeleton(path)
    assert clip.name == "hand waving" and clip.fps == 30 and clip.positions.shape == (90, 20, 3)
    joints = ntu.to_canonical(clip)
    assert abs(len(joints) - 60) <= 1 and joints.dtype == np.float32
    degrees, leftward = arm_angle(joints)
    assert degrees[0] < -70 and degrees[-1] > 70 and leftward[30] > 0.2
    assert np.abs(np.diff(degrees)).max() < 8  # no jump over the gap


def test_ntu_torn_and_empty_files_are_named(tmp_path):
    path = tmp_path / "S001C001P001R001A001.skeleton"
    path.write_text(skeleton_text({"1": kinect_body(standing(20))})[:-400])
    with pytest.raises(DataError, match="torn"):
        ntu.read_bodies(path)
    path.write_text("3\n0\n0\n0\n")
    with pytest.raises(DataError, match=r"A001.skeleton: Nobody is seen"):
        ntu.read_skeleton(path)


def test_ntu_protocols():
    sample = ntu.Sample.parse("S018C003P045R001A061")
    assert sample == ntu.Sample(18, 3, 45, 1, 61)
    assert sample.split(120, "xsub") == "train" and sample.split(120, "xset") == "train"
    assert sample.split(60, "xsub") == "test" and sample.split(60, "xview") == "train"
    assert ntu.Sample.parse("S001C001P001R001A001").split(60, "xview") == "test"
    assert ntu.Sample.parse("S001C001P001R001A001").split(120, "xset") == "test"
    assert len(ntu.XSUB_60) == 20 and len(ntu.XSUB_120) == 53
    with pytest.raises(DataError, match="no protocol xset"):
        sample.split(60, "xset")
    for (classes, name), unseen in ntu.UNSEEN.items():
        seen, count = map(int, name.split("/"))
        assert len(set(unseen)) == count and seen + count == classes and max(unseen) <= classes
    names = ntu.class_names()
    assert len(set(names)) == 120 and names[0] == "drink water" and names[42] == "falling"
    assert names[58:61] == ("walking towards each other", "walking apart from each other", "put on headphone")
    assert names[119].startswith("finger-guessing")


def test_ntu_files_leave_out_what_is_listed_as_missing(tmp_path):
    folder = tmp_path / "NTU" / "nturgb+d_skeletons"
    folder.mkdir(parents=True)
    text = skeleton_text({"1": kinect_body(standing(30))})
    for name in ("S001C001P001R001A001", "S001C001P003R001A001", "S001C002P003R001A002", "S018C001P003R001A061"):
        (folder / f"{name}.skeleton").write_text(text)
    with pytest.raises(DataError, match="list of missing skeletons"):
        ntu.files(tmp_path, 60, "xsub", "test")
    listed = tmp_path / "NTU" / "NTU_RGBD_samples_with_missing_skeletons.txt"
    listed.write_text("The following samples have missing skeletons:\n\nS001C002P003R001A002\n")
    rows = list(ntu.labelled(tmp_path, 60, "xsub", "test"))
    assert [action for _, action in rows] == [1] and rows[0][0].shape == (20, 22, 3)
    assert [path.stem for path in ntu.files(tmp_path, 60, "xsub", "train")] == ["S001C001P001R001A001"]
    assert [path.stem for path in ntu.files(tmp_path, 120, "xset", "train")] == ["S018C001P003R001A061"]
