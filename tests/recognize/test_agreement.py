"""How likely a person agrees with a find: curves, the file, and which recogniser it is of."""

import math

import numpy as np
import pytest

from coamd_blender.errors import WeightsError
from runtime.generate.generator import WEIGHTS
from runtime.recognize.agreement import FILE, Agreement, Curve
from runtime.weights import sha256


def test_a_curve_is_even_where_its_logarithm_of_the_odds_is_zero_and_rises_with_the_cosine():
    curve = Curve(2.0, -2 * math.atanh(0.9))
    below, even, above = curve.chance(np.array([0.6, 0.9, 0.99]))
    assert even == pytest.approx(0.5) and below < 0.2 and above > 0.8
    odds = curve.chance(np.array([0.99]))[0] / (1 - curve.chance(np.array([0.99]))[0])
    assert odds == pytest.approx(((1 + 0.99) / (1 - 0.99)) / ((1 + 0.9) / (1 - 0.9)))
    assert np.isfinite(curve.chance(np.array([-1.0, 1.0, 1.0000001]))).all()


def test_the_file_is_of_one_recogniser(tmp_path):
    told = Agreement("abc", Curve(2.5, -4.0), Curve(3.0, -5.0))
    assert Agreement.beside(tmp_path, "abc") is None
    assert told.save(tmp_path) == tmp_path / FILE
    assert Agreement.load(tmp_path) == told == Agreement.beside(tmp_path, "abc")
    assert Agreement.beside(tmp_path, "another") is None


@pytest.mark.parametrize("text", ["", "{}", '{"recognizer": "abc", "text": {"slope": 1}, "motion": {}}', "[1]"])
def test_a_torn_file_names_the_remedy(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(WeightsError, match="train agreement"):
        Agreement.load(tmp_path)


def test_the_bundled_file_is_of_the_bundled_recogniser():
    found = Agreement.beside(WEIGHTS, sha256(WEIGHTS / "recognizer.safetensors"))
    assert found is not None, "run: .venv/bin/python -m runtime train agreement --prepared data/prepared"
    assert found.text.slope > 0 and found.motion.slope > 0
