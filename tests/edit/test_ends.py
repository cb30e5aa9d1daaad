"""How a range that was made anew meets what is before it and behind it."""

import numpy as np
import pytest

from coamd_blender.motion.skeleton import PARENTS, rest_joints
from runtime.edit.ends import even_ends, seam_limit
from runtime.edit.range_edit import RangeEdit
from runtime.edit.task import Edit

FPS = 24.0
START, STOP = 40, 100


def swaying(frames=140):
    """A body (frames, 22, 3), metres, that sways as a whole, with hardly any acceleration."""
    time = np.arange(frames) / FPS
    sway = np.stack([0.1 * np.sin(time), 0 * time, 0.5 * time], axis=-1)
    return rest_joints()[None] + sway[:, None]


def turned(joints, angle):
    """The upper body and the arms of ``joints`` (frames, 22, 3) bent aside by ``angle`` (frames,) radians."""
    spine, legs = joints[:, :1], [1, 2, 4, 5, 7, 8, 10, 11]
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y, z = np.moveaxis(joints - spine, -1, 0)
    bent = spine + np.stack([x * cos - y * sin, x * sin + y * cos, z], axis=-1)
    bent[:, legs] = joints[:, legs]
    return bent


def change(joints):
    """Mean over joints of the second difference, m/s^2, about each frame but the first and the last."""
    return np.linalg.norm(joints[2:] - 2 * joints[1:-1] + joints[:-2], axis=-1).mean(axis=1) * FPS**2


def bones(joints):
    return np.linalg.norm(joints[:, 1:] - joints[:, list(PARENTS[1:])], axis=-1)


def evened(clip, limit, start=START, stop=STOP):
    """``clip`` with the seams of its range evened out, and where its seams are in :func:`change`."""
    lengths = np.concatenate([np.zeros((stop - start, 1)), bones(clip[start:stop])], axis=1)
    made = clip.copy()
    made[start:stop] = even_ends(clip[start:stop], lengths, clip[:start][-2:], clip[stop:][:2], FPS, limit)
    return made, [start - 2, start - 1, stop - 2, stop - 1]


@pytest.mark.parametrize("bend", [0.1, 0.3, 0.6])
def test_a_leap_at_a_seam_is_spread_over_the_range(bend):
    clip = turned(swaying(), bend * ((np.arange(140) >= START) & (np.arange(140) < STOP)))
    made, seams = evened(clip, 3.0)
    assert change(clip)[seams].min() > 8.0
    assert change(made)[seams].max() <= 3.0
    middle = slice(START + round(FPS), STOP - round(FPS))
    assert np.array_equal(made[middle], clip[middle]), "a second from the seams all stays"
    assert bones(made) == pytest.approx(bones(clip), abs=1e-9)


def test_seams_that_are_even_enough_stay_to_the_bit():
    clip = turned(swaying(), 0.2 * np.sin(np.arange(140) / FPS))
    made, _ = evened(clip, 2.0 * change(clip).max())
    assert np.array_equal(made, clip)


def test_a_small_leap_bends_less_of_the_range_than_a_large_one():
    reach = []
    for bend in (0.02, 0.4):
        clip = turned(swaying(), bend * ((np.arange(140) >= START) & (np.arange(140) < STOP)))
        off = np.linalg.norm(evened(clip, 3.0)[0] - clip, axis=-1).mean(axis=1)[START:STOP]
        reach.append((off[: len(off) // 2] > 0.02 * off[0]).sum())
    assert 0 < reach[0] < reach[1]


@pytest.mark.parametrize("before, after", [(0, 2), (2, 0), (1, 1), (0, 0)])
def test_an_end_with_nothing_to_meet_stays(before, after):
    clip = turned(swaying(), 0.3 * ((np.arange(140) >= START) & (np.arange(140) < STOP)))
    fresh = clip[START:STOP]
    lengths = np.concatenate([np.zeros((len(fresh), 1)), bones(fresh)], axis=1)
    made = even_ends(fresh, lengths, clip[START - before : START], clip[STOP : STOP + after], FPS, 3.0)
    assert np.array_equal(made[0], fresh[0]) == (before < 2)
    assert np.array_equal(made[-1], fresh[-1]) == (after < 2)


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_short_ranges_are_no_worse_than_they_were(count):
    frames = np.arange(140)
    clip = turned(swaying(), 0.3 * ((frames >= START) & (frames < START + count)))
    made, seams = evened(clip, 3.0, stop=START + count)
    assert change(made)[seams].max() <= change(clip)[seams].max()


def test_a_foot_that_the_lock_makes_leap_at_a_seam_is_led_there(monkeypatch):
    clip = swaying()
    task = Edit(START, STOP, "a person sways")
    edit = RangeEdit.of(clip, FPS, task, (0, START), (STOP, len(clip)))

    def leaping(self, fresh):
        result = fresh.copy()
        result[:, [4, 7, 10]] += [0.0, 0.0, 0.15]
        return result

    monkeypatch.setattr(RangeEdit, "_on_the_floor", leaping)
    made = clip.copy()
    made[START:STOP] = edit.back_in_clip(edit.window)
    leap = clip.copy()
    leap[START:STOP] = leaping(edit, leap[START:STOP])
    seams = [START - 2, START - 1, STOP - 2, STOP - 1]
    assert change(leap)[seams].min() > 10.0
    assert change(made)[seams].max() <= max(2.0, 1.2 * np.percentile(change(clip), 95)) + 1e-6


@pytest.mark.parametrize("shake, limit", [(0.0, 2.0), (0.003, 1.2), (0.5, 26.0)])
def test_a_seam_may_change_as_what_is_kept_does_and_where_that_stands_as_the_calmest_do(shake, limit):
    clip = np.repeat(rest_joints()[None], 140, axis=0)
    clip = clip + shake * (np.arange(140) % 2)[:, None, None] * [1.0, 0.0, 0.0]
    usual = change(clip)[: START - 2].max() if limit == 1.2 else 1.0
    for scale in (1.0, 0.01):
        found = seam_limit((clip[:START] / scale, clip[STOP:] / scale), FPS, scale)
        assert found * scale == pytest.approx(limit * usual)
