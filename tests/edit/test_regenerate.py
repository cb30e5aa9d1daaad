"""Editing with the bundled weights: what is kept stays, what is made joins it, what is asked for is met."""

import numpy as np
import pytest

from coamd_blender.errors import InputError
from coamd_blender.motion.signals import catmull_rom
from coamd_blender.motion.skeleton import BODY_PARTS, JOINT_INDEX, PARENTS
from coamd_blender.wire.edit_modes import EDIT_MODES
from runtime.cleanup.blend import Target
from runtime.edit.range_edit import RangeEdit
from runtime.edit.regenerate import edit, edit_ranges
from runtime.edit.task import Edit
from runtime.edit.window import OVERLAP, WINDOW, windows
from runtime.generate.generator import Generator


@pytest.fixture(scope="module")
def generator():
    return Generator.load(device="cpu")


@pytest.fixture(scope="module")
def walk(generator):
    return generator.generate(["a person walks forward"], 120, [3])[0]


def test_the_floor_is_that_of_the_frames_that_stay(walk):
    lifted = walk.copy()
    lifted[80:, :, 1] += 0.05  # as held frames are, of a pose with its feet off the floor
    task = Edit(80, 120, "a person waves", "continue")
    floors = [
        RangeEdit.of(clip.astype(float), 20.0, task, (0, 80), (120, 120)).body.centre[1] for clip in (walk, lifted)
    ]
    assert floors[0] == floors[1] and abs(floors[0]) < 0.02


def standing_toes(joints):
    """The height that the lower toe has in the lowest quarter of the frames: a walking body stands on it."""
    return float(np.quantile(joints[:, [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]], 1].min(axis=1), 0.25))


def put_back(clip, fps, start, lift):
    """``clip`` with frames from ``start`` on put back as they were, but drawn ``lift`` metres too high."""
    task = Edit(start, len(clip), "a person walks forward", "continue")
    prepared = RangeEdit.of(clip.astype(float), fps, task, (0, start), (len(clip), len(clip)))
    made = prepared.window.copy()
    made[~prepared.shown, :, 1] += lift
    return prepared.back_in_clip(made)


@pytest.mark.parametrize("lift", [-0.03, 0.015, 0.03])
def test_what_is_drawn_a_little_off_the_floor_comes_to_stand_on_it(walk, lift):
    assert abs(standing_toes(put_back(walk, 20.0, 60, lift)[20:]) - standing_toes(walk[:60])) < 0.004


def test_what_is_drawn_on_a_box_stays_on_it(walk):
    assert standing_toes(put_back(walk, 20.0, 60, 0.2)[20:]) > 0.18


def test_what_is_drawn_too_high_again_and_again_does_not_climb(walk):
    piece = walk[:80]
    for _ in range(6):
        there_and_back = np.concatenate([piece, piece[::-1]])
        piece = put_back(there_and_back, 20.0, len(piece), 0.02)
        assert abs(standing_toes(piece) - standing_toes(walk[:80])) < 0.01


def bones(joints):
    return np.linalg.norm(joints[:, 1:] - joints[:, list(PARENTS[1:])], axis=-1)


def seam_jumps(joints, edges):
    """Change of velocity at the frames beside each edge, over the 95th percentile of ``joints``' own elsewhere."""
    change = np.linalg.norm(np.diff(joints, n=2, axis=0), axis=-1).mean(axis=1)
    return [change[place - offset] for place in edges for offset in (2, 1)]


def stylised(walk, fps=30):
    """The walk on another body, elsewhere, at another rate."""
    frames = np.arange(0, len(walk) - 1, 20 / fps)
    clip = catmull_rom(walk.astype(np.float64), frames)
    clip[:, :, 1] *= 1.13
    return (clip * 1.3 + [11.0, 0.4, -7.0]).astype(np.float32), float(fps)


@pytest.mark.parametrize("mode", EDIT_MODES)
def test_frames_outside_the_range_are_untouched_and_the_seams_are_smooth(generator, walk, mode):
    clip, fps = stylised(walk)
    start, stop = {"continue": (100, len(clip)), "lead_in": (0, 80)}.get(mode, (60, 121))
    before = clip.copy()
    made = edit(generator, clip, fps, Edit(start, stop, "a person walks forward", mode, seed=1))
    assert np.array_equal(clip, before)
    assert made.shape == clip.shape and made.dtype == clip.dtype and np.isfinite(made).all()
    assert np.array_equal(made[:start], clip[:start]) and np.array_equal(made[stop:], clip[stop:])
    assert np.abs(made[start:stop] - clip[start:stop]).max() > 0.02
    own = np.percentile(np.linalg.norm(np.diff(clip, n=2, axis=0), axis=-1).mean(axis=1), 95)
    edges = [edge for edge in (start, stop) if 0 < edge < len(clip)]
    assert max(seam_jumps(made, edges)) < 1.5 * own
    low, high = bones(clip).min(axis=0), bones(clip).max(axis=0)
    assert (bones(made) > low - 0.02).all() and (bones(made) < high + 0.02).all()


def test_a_range_of_a_long_clip_may_be_longer_than_a_window(generator, walk):
    step = (walk[-1, 0] - walk[0, 0]) * [1, 0, 1]
    long = np.concatenate([walk + number * step for number in range(4)]).astype(np.float32)
    made = edit(generator, long, 20, Edit(150, 390, "a person walks forward", seed=1))
    assert np.array_equal(made[:150], long[:150]) and np.array_equal(made[390:], long[390:])
    assert np.linalg.norm(np.diff(made[148:393], axis=0), axis=-1).max() < 0.6  # nothing leaps


@pytest.mark.parametrize("before, missing, after", [(20, 9, 20), (8, 75, 8), (0, 300, 0), (8, 49, 0), (2, 34, 8)])
def test_windows_cover_what_is_missing_in_order(before, missing, after):
    done = before
    for first, last, until in windows(before, missing, after):
        assert last - first <= WINDOW and first <= done < until <= last
        assert done - first >= min(done, OVERLAP) or first == 0
        done = until
    assert done == before + missing + after


@pytest.mark.parametrize("part", ["upper_body", "legs", "right_arm"])
def test_joints_that_are_not_asked_for_stay(generator, walk, part):
    task = Edit(20, 100, "a person raises both arms", joints=part, seed=1)
    made = edit(generator, walk, 20, task)
    moved = [JOINT_INDEX[name] for name in BODY_PARTS[part]]
    kept = [joint for joint in range(22) if joint not in moved]
    assert np.array_equal(made[:, kept], walk[:, kept])
    assert np.abs(made[20:100, moved] - walk[20:100, moved]).max() > 0.05
    assert np.abs(bones(made) - bones(walk)).max() < 2e-3


def test_the_pelvis_follows_a_path(generator, walk):
    turn = np.linspace(0, np.pi, 80)
    curve = np.stack([2 * (1 - np.cos(turn)), 2 * np.sin(turn)], axis=1)  # half a circle to the left, radius 2 m
    made = edit(generator, walk, 20, Edit(0, 120, "a person walks forward", path=curve, seed=1))
    radius = np.linalg.norm(made[:, 0][:, [0, 2]] - [2.0, 0.0], axis=1)
    assert np.abs(radius - 2.0).mean() < 0.05
    assert np.linalg.norm(made[-1, 0, [0, 2]] - [4.0, 0.0]) < 0.3


def test_a_hand_and_a_whole_pose_are_hit(generator, walk):
    hand = Target(50, (JOINT_INDEX["left_wrist"],), walk[50, [20]] + [0.05, 0.3, 0.1])
    pose = Target(80, tuple(range(22)), walk[95] + [0.2, 0.0, -0.4])
    made = edit(generator, walk, 20, Edit(30, 110, "a person walks forward", targets=(hand, pose), seed=1))
    assert np.linalg.norm(made[50, 20] - hand.points[0]) < 0.01
    assert np.linalg.norm(made[80] - pose.points, axis=-1).max() < 0.01
    assert np.abs(bones(made) - bones(walk)).max() < 2e-3
    assert np.array_equal(made[:30], walk[:30]) and np.array_equal(made[110:], walk[110:])


@pytest.mark.parametrize(("joints", "count"), [(range(22), 8), ((JOINT_INDEX["left_wrist"],), 12)])
def test_fast_takes_fewer_steps_through_a_pose_than_to_bring_a_hand_to_its_place(walk, joints, count):
    quick, told = Generator.load(device="cpu"), []
    quick.draw_in("fast")
    target = Target(60, tuple(joints), walk[60, list(joints)])
    task = Edit(40, 80, "a person walks", targets=(target,))
    edit_ranges(quick, walk, 20, [task], on_step=lambda step, steps: told.append((step, steps)))
    assert told == [(step, count) for step in range(1, count + 1)]


def test_a_hand_stays_at_a_place_while_the_feet_walk_on(generator, walk):
    frames = range(62, 72)
    place = walk[67, [20]] + [0.1, 0.35, 0.15]
    hold = tuple(Target(frame, (JOINT_INDEX["left_wrist"],), place) for frame in frames)
    made = edit(generator, walk, 20, Edit(40, 90, "a person walks forward", targets=hold, seed=1))
    assert np.linalg.norm(made[62:72, 20] - place, axis=-1).max() < 0.01
    assert np.linalg.norm(np.diff(made[38:92, 20], axis=0), axis=-1).max() < 0.35
    assert np.array_equal(made[:40], walk[:40]) and np.array_equal(made[90:], walk[90:])
    assert np.abs(bones(made) - bones(walk)).max() < 2e-3


def test_several_ranges_and_no_prompt(generator, walk):
    tasks = [Edit(0, 30, mode="outpaint"), Edit(90, 120, mode="outpaint")]
    made = edit_ranges(generator, walk, 20, tasks)
    assert np.array_equal(made[30:90], walk[30:90])
    assert np.abs(made[:30] - walk[:30]).max() > 0.01 and np.abs(made[90:] - walk[90:]).max() > 0.01


@pytest.mark.parametrize(
    "task, reason",
    [
        (lambda: Edit(5, 5), "is empty"),
        (lambda: Edit(5, 500), "outside the clip's 120 frames"),
        (lambda: Edit(-3, 50), "outside the clip"),
        (lambda: Edit(5, 50, mode="sideways"), "no edit mode"),
        (lambda: Edit(5, 50, joints="tail"), "no joint or body part 'tail'"),
        (lambda: Edit(5, 50, joints="pelvis"), "cannot move"),
        (lambda: Edit(5, 50, keep=2.0), "share to keep 2.0"),
        (lambda: Edit(5, 50, path=np.zeros((3, 2))), "single point"),
        (lambda: Edit(5, 50, mode="vary", path=np.eye(2)), "keeps its way"),
        (lambda: Edit(5, 50, targets=(Target(60, (20,), np.zeros((1, 3))),)), "outside the range"),
    ],
)
def test_bad_input_is_named(walk, task, reason):
    with pytest.raises(InputError, match=reason):
        edit(None, walk, 20, task())


def test_places_out_of_reach_are_named(generator, walk):
    apart = Target(50, (20, 21), np.array([[0.0, 1.0, 0.0], [9.0, 1.0, 0.0]]))
    with pytest.raises(InputError, match="cannot be reached"):
        edit(generator, walk, 20, Edit(40, 60, targets=(apart,)))
