"""Faces that look at a target: by the direction of the posed head, computed here bone by bone."""

from dataclasses import replace

import numpy as np
import pytest
from bodies import angles_between, make_rig
from scipy.spatial.transform import Rotation

from coamd_blender.motion import skeleton
from coamd_blender.retarget import make_mapping
from coamd_blender.retarget.gaze import MOST_PITCH, MOST_YAW, Face, find_face, looking

J = skeleton.JOINT_INDEX
FRAMES = 30


def scene(rolls=True, turn=None, sway=0.3, seed=4):
    """A rig that sways, its face, its poses and basis rotations, (frames, 4, 4) and (frames, 3, 3) a bone."""
    rig = make_rig(rolls=rolls, turn=turn, seed=seed)
    face = find_face(rig, make_mapping("test", {name: name for name in skeleton.JOINT_NAMES}))
    phase = np.linspace(0, 2 * np.pi, FRAMES)
    vectors = np.random.default_rng(seed).normal(size=(22, 3))
    basis = {bone: Rotation.from_rotvec(sway * np.sin(phase + bone)[:, None] * vectors[bone]) for bone in range(22)}
    return rig, face, basis


def posed(rig, basis):
    """Bone to matrices (frames, 4, 4): pose = parent pose x rest offset x basis."""
    poses = {}
    for bone, parent in enumerate(rig.parents):
        own = np.tile(np.eye(4), (FRAMES, 1, 1))
        own[:, :3, :3] = basis[bone].as_matrix()
        offset = rig.rest[bone] if parent < 0 else poses[parent] @ np.linalg.inv(rig.rest[parent]) @ rig.rest[bone]
        poses[bone] = offset @ own
    return poses


def after(rig, basis, found):
    """The poses once what was ``found`` takes the place of the former rotations."""
    return posed(rig, basis | {bone: Rotation.from_quat(np.roll(turns, -1, axis=1)) for bone, turns in found.items()})


def sight(rig, face, poses):
    """Where the eyes are and which way they look: (frames, 3) each, in armature space."""
    turns = poses[face.head][:, :3, :3] @ rig.rest[face.head, :3, :3].T
    return poses[face.head][:, :3, 3] + turns @ (face.middle - rig.heads[face.head]), turns @ face.forward


@pytest.mark.parametrize("turn", [None, Rotation.from_euler("x", 90, degrees=True), Rotation.from_rotvec((1, 2, -0.5))])
def test_a_face_looks_at_what_is_before_it_whatever_the_body_does(turn):
    rig, face, basis = scene(turn=turn)
    poses = posed(rig, basis)
    chest = poses[face.chest]
    ahead = (turn or Rotation.identity()).apply((0.6, 0.3, 2.0))
    targets = chest[:, :3, 3] + chest[:, :3, :3] @ rig.rest[face.chest, :3, :3].T @ ahead
    found = looking(rig, face, poses, targets, np.ones(FRAMES))
    assert set(found) == {face.head, face.neck}
    middle, forward = sight(rig, face, after(rig, basis, found))
    assert angles_between(forward, targets - middle).max() < 1.0
    middle, forward = sight(rig, face, poses)
    assert angles_between(forward, targets - middle).max() > 10.0


def test_without_weight_nothing_changes_and_in_between_it_goes_over():
    rig, face, basis = scene()
    poses = posed(rig, basis)
    targets = poses[face.chest][:, :3, 3] + (1.5, 0.5, 2.0)
    still = after(rig, basis, looking(rig, face, poses, targets, np.zeros(FRAMES)))
    np.testing.assert_allclose(still[face.head], poses[face.head], atol=1e-9)
    whole, half = (after(rig, basis, looking(rig, face, poses, targets, np.full(FRAMES, w))) for w in (1.0, 0.5))
    before, middle, end = (sight(rig, face, found)[1] for found in (poses, half, whole))
    total, part = angles_between(before, end), angles_between(before, middle)
    np.testing.assert_allclose(part[total > 5], 0.5 * total[total > 5], rtol=0.15)


@pytest.mark.parametrize("degrees", [90, 105])
def test_a_neck_turns_no_further_than_it_can(degrees):
    rig, face, basis = scene(sway=0.0)
    poses = posed(rig, basis)
    way = Rotation.from_euler("y", degrees, degrees=True).apply((0, 0, 3.0))
    found = after(rig, basis, looking(rig, face, poses, face.middle + np.tile(way, (FRAMES, 1)), np.ones(FRAMES)))
    forward = sight(rig, face, found)[1]
    turned = np.degrees(np.arctan2(forward[:, 0], forward[:, 2]))
    assert 0.75 * np.degrees(MOST_YAW) < turned.min() and turned.max() <= np.degrees(MOST_YAW) + 0.1


def test_what_is_above_is_looked_up_to_as_far_as_the_neck_goes():
    rig, face, basis = scene(sway=0.0)
    poses = posed(rig, basis)
    found = after(
        rig, basis, looking(rig, face, poses, face.middle + np.tile((0, 9.0, 2.0), (FRAMES, 1)), np.ones(FRAMES))
    )
    raised = np.degrees(np.arcsin(sight(rig, face, found)[1][:, 1]))
    assert 0.75 * np.degrees(MOST_PITCH) < raised.min() and raised.max() <= np.degrees(MOST_PITCH) + 0.1


def test_a_target_that_goes_round_behind_makes_no_head_whip_round():
    rig, face, basis = scene(sway=0.0)
    poses = posed(rig, basis)
    angles = np.linspace(-np.pi, np.pi, FRAMES)
    targets = face.middle + 3.0 * np.stack([np.sin(angles), 0 * angles, np.cos(angles)], axis=-1)
    forward = sight(rig, face, after(rig, basis, looking(rig, face, poses, targets, np.ones(FRAMES))))[1]
    steps = angles_between(forward[1:], forward[:-1])
    assert steps.max() < 45
    np.testing.assert_allclose(forward[[0, -1]], [(0, 0, 1), (0, 0, 1)], atol=1e-6)


def test_eyes_take_what_the_head_leaves_and_turn_alone_where_asked():
    rig, face, _ = scene(sway=0.0)
    eye = J["left_foot"]  # any bone will do: here it hangs on the head
    parents, rest = rig.parents.copy(), rig.rest.copy()
    parents[eye], rest[eye, :3, 3] = face.head, face.middle
    rig = replace(rig, parents=parents, rest=rest)
    face = Face(face.head, face.neck, face.chest, (eye,), face.forward, face.up, face.middle)
    order = [bone for bone in range(22) if bone != eye] + [eye]
    poses = {}
    for bone in order:
        parent = parents[bone]
        offset = rest[bone] if parent < 0 else poses[parent] @ np.linalg.inv(rest[parent]) @ rest[bone]
        poses[bone] = np.broadcast_to(offset, (FRAMES, 4, 4)) @ np.eye(4)
    targets = face.middle + np.tile((0.7, 0.0, 3.0), (FRAMES, 1))
    found = looking(rig, face, poses, targets, np.ones(FRAMES), turns_head=False)
    assert set(found) == {eye}
    turns = poses[face.head][:, :3, :3] @ rest[face.head, :3, :3].T  # the head's, which carries it
    own = Rotation.from_quat(np.roll(found[eye], -1, axis=1)).as_matrix()
    posed_eye = turns @ rest[eye, :3, :3] @ own
    look = posed_eye @ rest[eye, :3, :3].T @ face.forward
    assert angles_between(look, targets - face.middle).max() < 0.5


def test_the_face_is_found_and_faces_ahead():
    turn = Rotation.from_rotvec((1, 2, -0.5))
    _, face, _ = scene(turn=turn)
    assert (face.head, face.neck, face.chest, face.eyes) == (J["head"], J["neck"], J["spine3"], ())
    np.testing.assert_allclose(turn.inv().apply([face.forward, face.up]), [(0, 0, 1), (0, 1, 0)], atol=1e-6)
