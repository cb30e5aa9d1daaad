"""How well draws do what was asked."""

import numpy as np
import pytest

from runtime.recognize.ranking import fit


class Reader:
    """A recogniser of a plane: texts and motions are angles."""

    def embed_names(self, texts):
        assert len(set(texts)) == len(texts), "a prompt is read once"
        return self._at([{"up": 90.0, "right": 0.0}[text] for text in texts])

    def embed_motions(self, motions):
        return self._at([float(motion[0, 0, 0]) for motion in motions])

    def _at(self, degrees):
        turned = np.radians(degrees)
        return np.stack([np.cos(turned), np.sin(turned)], axis=1)


def motion(degrees):
    return np.full((8, 22, 3), degrees)


def test_fit_is_the_cosine_of_each_prompt_and_its_own_motion():
    found = fit(Reader(), ["up", "right", "up"], [motion(90), motion(60), motion(0)])
    assert found == pytest.approx([1.0, 0.5, 0.0], abs=1e-6)
