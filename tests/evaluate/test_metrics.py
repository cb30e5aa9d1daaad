"""Each metric against a value worked out by hand, in closed form, or by scipy."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from coamd_blender.errors import DataError
from runtime.evaluate import metrics
from runtime.evaluate.metrics import Components


def whitened(count, dim, seed=0):
    """Points whose sample mean is exactly zero and whose sample covariance is exactly the identity."""
    points = np.random.default_rng(seed).normal(size=(count, dim))
    points -= points.mean(axis=0)
    return points @ np.linalg.inv(np.linalg.cholesky(np.cov(points, rowvar=False))).T


def test_fid_of_gaussians_with_diagonal_covariance():
    points = whitened(500, 3)
    one, other = points * [1, 2, 3] + [1, 0, 0], points * [4, 2, 1] + [0, 2, 0]
    assert metrics.fid(one, other) == pytest.approx(1 + 4 + (1 - 4) ** 2 + 0 + (3 - 1) ** 2, rel=1e-9)
    assert metrics.fid(one, one) == pytest.approx(0.0, abs=1e-9)


def test_fid_of_covariances_that_do_not_commute_agrees_with_scipy():
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(80, 5)) @ rng.normal(size=(5, 5)), rng.normal(size=(60, 5)) @ rng.normal(size=(5, 5))
    first, second = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    gap = one.mean(0) - other.mean(0)
    expected = gap @ gap + np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert metrics.fid(one, other) == pytest.approx(expected, rel=1e-6)


def test_fid_in_components_sees_only_those():
    points = whitened(400, 3) * [3, 2, 0.1]
    components = Components.of(points, 2)
    assert np.abs(components.basis[2]).max() < 1e-9  # the small axis is left out
    assert metrics.fid(points, points + np.array([0, 0, 5]), components) == pytest.approx(0.0, abs=1e-8)
    assert metrics.fid(points, points + np.array([0, 2, 0]), components) == pytest.approx(4.0, rel=1e-9)
    with pytest.raises(DataError, match="no 4 components"):
        Components.of(points, 4)


def test_kid_by_hand_and_near_zero_for_one_distribution():
    one, other = np.array([[1.0], [2.0]]), np.array([[0.0], [3.0]])
    # kernel (xy + 1)^3: within one k(1,2) = 27, within other k(0,3) = 1, across 1, 64, 1, 343
    assert metrics.kid(one, other) == pytest.approx(27 + 1 - 2 * (1 + 64 + 1 + 343) / 4)
    rng = np.random.default_rng(0)
    values = [metrics.kid(rng.normal(size=(60, 4)), rng.normal(size=(60, 4))) for _ in range(60)]
    spread = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 4 * spread and min(values) < 0  # unbiased
    assert metrics.kid(rng.normal(size=(60, 4)), rng.normal(2.0, 1.0, size=(60, 4))) > 10 * max(values)


def test_kid_stays_unbiased_for_draws_from_the_reference_itself():
    rng = np.random.default_rng(3)
    plain, paired = [], []
    for _ in range(60):
        real = rng.normal(size=(50, 4))
        drawn = rng.integers(0, 50, 50)
        plain.append(metrics.kid(real, real[drawn]))
        paired.append(metrics.kid(real, real[drawn], (np.arange(50), drawn)))
    assert abs(np.mean(paired)) < 4 * np.std(paired) / np.sqrt(60) + 1e-3
    assert abs(np.mean(plain)) > 5 * abs(np.mean(paired))
    with pytest.raises(DataError, match="no kernel distance"):
        metrics.kid(real[:1], real[:1])


def test_r_precision_counts_nearer_and_tied_motions():
    texts = np.array([[0.0], [10.0], [20.0], [30.0]])
    motions = np.array([[1.0], [2.0], [21.0], [-1.0]])
    # own distances 1, 8, 1, 31; text 0 ties with motion 3, text 1 is nearest to 1, text 2 to 2, text 3 ranks 4
    assert list(metrics.own_ranks(metrics.distances(texts, motions))) == [2, 1, 1, 4]
    assert metrics.r_precision(texts, motions) == (0.5, 0.75, 0.75)
    assert metrics.multimodal_distance(texts, motions) == pytest.approx((1 + 8 + 1 + 31) / 4)


def test_batches_hold_distinct_groups_and_reach_every_row():
    groups = np.repeat(np.arange(40), 3)
    batches = metrics.distinct_batches(groups, 60, np.random.default_rng(0))
    assert len(batches) == 60
    assert all(len(set(groups[rows])) == 32 == len(rows) for rows in batches)
    assert len(set(np.concatenate(batches))) == 120
    with pytest.raises(DataError, match="31 distinct captions, a batch needs 32"):
        metrics.distinct_batches(np.arange(31), 1, np.random.default_rng(0))


def test_chance_level_of_r_precision():
    rng = np.random.default_rng(0)
    shares = [metrics.r_precision(rng.normal(size=(32, 8)), rng.normal(size=(32, 8)))[2] for _ in range(200)]
    assert np.mean(shares) == pytest.approx(3 / 32, abs=0.01)


def test_diversity_and_multimodality_of_two_clusters():
    embeddings = np.array([[0.0, 0.0], [3.0, 4.0]])
    assert metrics.diversity(embeddings, np.random.default_rng(0)) == 5.0  # never a row with itself
    four = np.repeat(embeddings, [1, 3], axis=0)
    # of 12 ordered pairs of different rows 6 lie 5 apart, 6 lie 0 apart
    assert metrics.diversity(four, np.random.default_rng(0), 20_000) == pytest.approx(2.5, abs=0.1)
    texts = np.stack([embeddings, 2 * embeddings])
    assert metrics.multimodality(texts, np.random.default_rng(0)) == pytest.approx(7.5)


def test_accuracy_and_ties():
    scores = np.array([[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.4, 0.4, 0.2]])
    truth = np.array([0, 2, 0])
    assert metrics.accuracy(scores, truth) == pytest.approx(1 / 3)  # a tie is no hit
    assert metrics.accuracy(scores, truth, top=2) == 1.0


def test_estimates_and_their_intervals():
    result = metrics.estimate([1.0, 3.0])
    assert (result.mean, result.interval) == (2.0, pytest.approx(1.96 / np.sqrt(2)))
    seen = []
    rows = metrics.repeated(lambda rng: {"x": seen.append(rng.random()) or seen[-1]}, 20)
    assert len(set(seen)) == 20
    assert rows["x"].mean == pytest.approx(np.mean(seen))
    again = metrics.repeated(lambda rng: {"x": rng.random()}, 20)
    assert again == rows
    # the interval holds the true mean about 19 times in 20
    rng = np.random.default_rng(0)
    hits = [abs((e := metrics.estimate(rng.normal(size=20))).mean) < e.interval for _ in range(400)]
    assert 0.88 < np.mean(hits) < 0.98
