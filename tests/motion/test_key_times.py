"""The rate of keys that lie on an even beat, and none of others."""

import numpy as np
import pytest

from coamd_blender.motion.key_times import even_rate

BEAT = np.arange(50)


@pytest.mark.parametrize("fps", [15, 20, 23.976, 24, 25, 29.97, 30, 59.94, 60, 120, 250])
def test_an_even_beat_is_its_rate_wherever_it_begins_and_as_32_bit_numbers(fps):
    for start in (0.0, 0.5, 60.0):
        times = (start + BEAT / fps).astype(np.float32).astype(float)
        assert even_rate([times, times[[0, 49]], times[10:20]]) == pytest.approx(fps, rel=2e-4)
    assert even_rate([BEAT / 30]) == 30.0


def test_what_is_no_beat_has_no_rate():
    assert even_rate([]) is None
    assert even_rate([np.array([0.0, 1.0])]) is None
    assert even_rate([BEAT / 25 + 0.004 * np.sin(BEAT)]) is None
    assert even_rate([BEAT / 25, BEAT[:20] / 25 + 0.01]) is None  # another channel between the beats
    assert even_rate([BEAT / 4.0]) is None and even_rate([BEAT / 1000]) is None
    assert even_rate([np.zeros(9)]) is None
