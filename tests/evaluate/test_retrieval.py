"""Retrieval protocols on similarity matrices small enough to rank by eye."""

import numpy as np
import pytest
from scipy.special import logsumexp

from coamd_blender.errors import DataError
from runtime.evaluate import retrieval

SIMILARITY = np.array(
    [
        [0.9, 0.1, 0.2, 0.3],  # text 0 finds its own first
        [0.8, 0.7, 0.1, 0.2],  # text 1 second
        [0.6, 0.5, 0.4, 0.3],  # text 2 third
        [0.4, 0.4, 0.4, 0.4],  # text 3 ties with everything: last
    ]
)
OWN = np.eye(4, dtype=bool)


def test_ranks_recalls_and_medians_both_ways():
    assert list(retrieval.best_ranks(SIMILARITY, OWN)) == [1, 2, 3, 4]
    figures = retrieval.summary(np.array([1, 2, 3, 4]))
    assert figures == {"R@1": 25.0, "R@2": 50.0, "R@3": 75.0, "R@5": 100.0, "R@10": 100.0, "MedR": 2.5}
    back = retrieval.both_ways(SIMILARITY, OWN)["motion_to_text"]
    assert back["R@1"] == 75.0 and back["R@2"] == 100.0  # columns 0, 1 and 3 are highest at their own; 2 is tied


def test_a_text_that_is_near_every_motion_is_no_longer_named_for_all_of_them():
    usual = np.array([[0.8, 0.75, 0.85], [0.1, 0.2, 0.0], [0.0, 0.1, 0.2]])  # text 0 is near whatever there is
    similarity = np.array([[0.9, 0.8, 0.8], [0.1, 0.7, 0.1], [0.1, 0.1, 0.6]])
    scores = retrieval.less_usual(similarity, usual, 20.0)
    np.testing.assert_allclose(scores, similarity - logsumexp(20 * usual, 1, keepdims=True) / 20 + np.log(3) / 20)
    own = np.eye(3, dtype=bool)
    assert list(retrieval.best_ranks(similarity.T, own)) == [1, 2, 2]
    assert list(retrieval.best_ranks(scores.T, own)) == [1, 1, 1]


def test_texts_that_mean_the_same_are_right_too():
    relevant = OWN.copy()
    relevant[1, 0] = relevant[0, 1] = True
    assert list(retrieval.best_ranks(SIMILARITY, relevant)) == [1, 1, 3, 4]
    with pytest.raises(DataError, match="nothing relevant"):
        retrieval.best_ranks(SIMILARITY, np.zeros_like(OWN))


def test_the_dissimilar_subset_takes_one_of_each_cluster():
    angles = np.radians([0, 1, 2, 90, 91, 180, 181, 182, 270])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    subset = retrieval.dissimilar_subset(vectors @ vectors.T, 4)
    assert {round(np.degrees(angles[index]) / 90) % 4 for index in subset} == {0, 1, 2, 3}
    assert len(retrieval.dissimilar_subset(vectors @ vectors.T, 50)) == 9


def test_batches_are_easier_than_the_whole_and_chance_is_one_in_32():
    rng = np.random.default_rng(0)
    size = 320
    texts = rng.normal(size=(size, 16))
    motions = texts + rng.normal(size=(size, 16))
    similarity = texts @ motions.T
    result = retrieval.evaluate_retrieval(similarity, np.eye(size), np.arange(size))
    assert set(result) == {"all", "threshold", "dissimilar", "batches"}
    assert result["batches"]["text_to_motion"]["R@1"] > result["all"]["text_to_motion"]["R@1"]
    assert result["threshold"] == result["all"]  # no two texts alike
    chance = retrieval.batched(rng.normal(size=(size, size)), np.arange(size))
    assert chance["motion_to_text"]["R@1"] == pytest.approx(100 / 32, abs=0.6)
    assert "text to motion" in retrieval.table(result)
