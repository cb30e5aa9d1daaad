"""What the score of a find says."""

import pytest

from runtime.library.records import Clip
from runtime.library.scores import PLAIN, calibrated, remark
from runtime.library.search import Hit
from runtime.recognize.agreement import Agreement, Curve

CLIP = Clip(1, "walk.bvh", "walk", 40, 20.0, (), "", "", "here")
ALIKE = Agreement("abc", Curve(1.0, 0.0), Curve(1.0, -2.0))  # cosine 0 is even by words, 0.76 not quite by motion


def hits(*cosines):
    return [Hit(CLIP, 0, 40, cosine) for cosine in cosines]


def test_words_and_motions_have_curves_of_their_own_and_the_order_stays():
    by_words, by_motion = (calibrated(hits(0.8, 0.0, -0.5), ALIKE, by_text) for by_text in (True, False))
    assert by_words[1].score == pytest.approx(0.5) and by_motion[1].score == pytest.approx(0.119, abs=1e-3)
    for found in (by_words, by_motion):
        assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    assert by_words[0].score == pytest.approx(3 / 4), "odds of (1 + c) / (1 - c) to the power of half"


def test_cosines_stay_and_are_said_to_be_such_where_nothing_is_known_of_them():
    assert [hit.score for hit in calibrated(hits(0.8), None, True)] == [0.8]
    assert remark(hits(0.8), None) == PLAIN and "train agreement" in PLAIN


def test_nothing_is_close_when_the_best_is_unlikely():
    assert remark(hits(0.49, 0.3), ALIKE) == "Nothing is close: the best is what you look for with a chance of 49%"
    assert remark(hits(0.5, 0.3), ALIKE) == "" and remark([], ALIKE) == ""
