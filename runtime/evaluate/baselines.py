"""Rows to hold generated motion against: what needs no model at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import PARENTS, with_bone_lengths
from runtime.evaluate import geometry as g
from runtime.evaluate.open_set import OpenSet


def noise(test: OpenSet, train: OpenSet, seed: int) -> list[np.ndarray]:
    """Return joints (frames, 22, 3), metres, drawn independently of one another, frame by frame, for each test clip.

    They come from a normal distribution of each joint's mean and deviation over the training clips; lengths are those
    of the test clips.
    """
    frames = np.concatenate(train.motions)
    mean, deviation = frames.mean(axis=0), frames.std(axis=0)
    draw = np.random.default_rng(seed)
    return [(mean + deviation * draw.normal(size=joints.shape)).astype(np.float32) for joints in test.motions]


def stretched(joints: np.ndarray, frames: int) -> np.ndarray:
    """Return ``joints`` (n, 22, 3), metres, in ``frames`` frames, by linear interpolation in time: (frames, 22, 3)."""
    at = np.linspace(0, len(joints) - 1, frames)
    low = np.minimum(at.astype(int), len(joints) - 2) if len(joints) > 1 else np.zeros(frames, dtype=int)
    share = (at - low)[:, None, None]
    return joints[low] * (1 - share) + joints[np.minimum(low + 1, len(joints) - 1)] * share


def label_mean(test: OpenSet, train: OpenSet) -> list[np.ndarray]:
    """Return for each test clip the mean of all training clips of its family, at its length: (frames, 22, 3), metres.

    Clips are stretched to the length, bones keep theirs. It is told the family, which no prompt-driven row is.
    """
    members = {
        family: [joints for joints, own in zip(train.motions, train.families, strict=True) if own == family]
        for family in set(test.families)
    }
    made = []
    for joints, family in zip(test.motions, test.families, strict=True):
        pool = members[family] or train.motions
        mean = np.mean([stretched(other, len(joints)) for other in pool], axis=0)
        made.append(with_bone_lengths(mean).astype(np.float32))
    return made


def nearest_by_text(
    prompts: list[str], train: OpenSet, sentences: Callable[[list[str]], np.ndarray]
) -> list[np.ndarray]:
    """Return for each prompt the training clip whose caption is nearest to it: (frames, 22, 3), metres.

    ``sentences(captions)`` gives unit vectors (count, width); of equally near clips the first is taken.
    """
    captions = [caption for texts in train.captions for caption in texts]
    owner = np.repeat(np.arange(len(train)), [len(texts) for texts in train.captions])
    similarity = sentences(prompts) @ sentences(captions).T  # (prompts, captions)
    return [train.motions[owner[best]] for best in similarity.argmax(axis=1)]


def training_sample(count: int, train: OpenSet, seed: int) -> list[np.ndarray]:
    """Return ``count`` training clips (frames, 22, 3), metres, at random, none twice as far as there are enough."""
    draw = np.random.default_rng(seed)
    picked = draw.choice(len(train), count, replace=count > len(train))
    return [train.motions[index] for index in picked]


# --- of edits: ``ranges`` are (start, stop) of the frames to be made anew ---------------------------------------------


def interpolated(joints: np.ndarray, ranges: list[tuple[int, int]], turning: bool) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, with every range filled between the poses beside it.

    A range with a pose on one side only stays in that pose. Joints go straight (linear), or with ``turning`` bones turn
    evenly on a straight-going pelvis (slerp of their directions). Raises DataError for a range that is all of the
    motion.
    """
    made = joints.copy()
    for start, stop in ranges:
        beside = [joints[frame] for frame in (start - 1, stop) if 0 <= frame < len(joints)]
        if not beside:
            raise DataError(f"All {len(joints)} frames are to be made anew", "Keep some to interpolate from")
        share = np.arange(1, stop - start + 1)[:, None, None] / (stop - start + 1)
        made[start:stop] = _between(beside[0], beside[-1], share, turning)
    return made


def _between(before: np.ndarray, after: np.ndarray, share: np.ndarray, turning: bool) -> np.ndarray:
    straight = before + share * (after - before)
    if not turning:
        return straight
    result = straight.copy()
    for joint in range(1, len(PARENTS)):
        parent = PARENTS[joint]
        bones = before[joint] - before[parent], after[joint] - after[parent]
        lengths = [max(float(np.linalg.norm(bone)), 1e-9) for bone in bones]
        one, other = (bone / length for bone, length in zip(bones, lengths, strict=True))
        angle = np.arccos(np.clip(one @ other, -1, 1))
        if angle < 1e-4 or np.pi - angle < 1e-4:  # alike, or opposite: no plane to turn in
            bone = bones[0] + share[:, 0] * (bones[1] - bones[0])
        else:
            turn = np.sin((1 - share[:, 0]) * angle) * one + np.sin(share[:, 0] * angle) * other
            bone = turn / np.sin(angle) * (lengths[0] + share[:, 0] * (lengths[1] - lengths[0]))
        result[:, joint] = result[:, parent] + bone
    return result


def copied(joints: np.ndarray, ranges: list[tuple[int, int]], clip: np.ndarray) -> np.ndarray:
    """Return ``joints`` (frames, 22, 3), metres, with every range taken from ``clip`` (n, 22, 3).

    ``clip`` is stretched to as many frames where it is shorter, and carried over the floor so that it goes on from the
    frame before the range, or into the one after it.
    """
    clip = clip[: len(joints)] if len(clip) >= len(joints) else stretched(clip, len(joints))
    made = joints.copy()
    for start, stop in ranges:
        frame = start - 1 if start > 0 else min(stop, len(joints) - 1)
        made[start:stop] = _carried(clip[start:stop], clip[frame], joints[frame])
    return made


def _carried(clip: np.ndarray, pose: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Turn and shift ``clip`` (frames, 22, 3) over the floor so that ``pose`` (22, 3) stands and looks as ``wanted``
    does."""
    axes = [
        np.stack([g.left_axis(one[None])[0], [0.0, 1.0, 0.0], g.forward_axis(one[None])[0]]) for one in (pose, wanted)
    ]
    ground = np.array([1.0, 0.0, 1.0])
    return (clip - pose[0] * ground) @ axes[0].T @ axes[1] + wanted[0] * ground
