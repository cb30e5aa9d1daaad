"""What is measured of motions to tell actions apart."""

import numpy as np
from synthetic_motions import bowing, kicking, waving

from runtime.evaluate.descriptors import COMPONENTS, Descriptors, described


def test_neither_place_nor_heading_nor_the_frame_rate_changes_much():
    wave = waving(4.0)
    turned = wave @ np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0]], np.float32) + np.float32([3, 0, 1])
    for one, other in zip(described([wave]), described([turned]), strict=True):
        assert np.allclose(one, other, atol=1e-3)
    _, course, _, spectrum = described([wave, np.repeat(wave, 2, axis=0)])
    assert np.abs(course[0] - course[1]).max() < 0.05 and np.abs(spectrum[0] - spectrum[1]).max() < 0.5


def test_takes_of_one_action_lie_nearer_than_other_actions():
    takes = [make(2.0 + 0.1 * take) for make in (waving, kicking, bowing) for take in range(3)]
    features = Descriptors(takes).motions([waving(2.15), kicking(2.15), bowing(2.15), *takes])
    assert features.shape[1] <= 4 * COMPONENTS and np.isfinite(features).all()
    asked, known = features[:3], features[3:]
    nearest = np.linalg.norm(asked[:, None] - known[None], axis=2).argmin(axis=1)
    assert (nearest // 3).tolist() == [0, 1, 2]
