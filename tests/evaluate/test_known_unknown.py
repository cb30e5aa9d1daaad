"""The area under the ROC curve against a count of pairs, and the figures of scores of known behaviour."""

from types import SimpleNamespace

import numpy as np
import pytest

from coamd_blender.errors import DataError, InputError, WeightsError
from runtime.evaluate.benchmarks import Options, run_benchmark
from runtime.evaluate.known_unknown import auroc, evaluate_distance, load_prompts, table

KNOWN = [f"known {number}" for number in range(20)]
UNKNOWN = [f"new {number}" for number in range(10)]


def by_rank(known, unknown):
    """The Mann-Whitney statistic from ranks: another way to the same area, for values without ties."""
    order = np.argsort(np.concatenate([known, unknown])).argsort() + 1
    ranks = order[len(known) :].sum()
    return (ranks - len(unknown) * (len(unknown) + 1) / 2) / (len(known) * len(unknown))


def test_the_area_is_that_of_the_ranks():
    draw = np.random.default_rng(0)
    known, unknown = draw.normal(0, 1, 41), draw.normal(0.7, 1, 29)
    assert auroc(known, unknown) == pytest.approx(by_rank(known, unknown))
    assert auroc(unknown, known) == pytest.approx(1 - auroc(known, unknown))


def test_the_ends_and_ties():
    assert auroc([1, 2], [3, 4]) == 1.0 and auroc([3, 4], [1, 2]) == 0.0
    assert auroc([1, 1], [1, 1, 1]) == 0.5 and auroc([0, 1], [1]) == 0.75
    for known, unknown in (([], [1]), ([1], []), ([float("nan")], [1])):
        with pytest.raises(DataError, match="not numbers"):
            auroc(known, unknown)


def test_a_score_that_tells_all_apart_catches_all():
    result = evaluate_distance(lambda text: 1.0 if text.startswith("new") else 0.0, KNOWN, UNKNOWN, far=0.5)
    assert result["auroc"] == 1.0 and result["caught"] == 1.0
    assert (result["far_known"], result["far_unknown"]) == (0.0, 1.0)
    assert "0 % of the known, 100 % of the unknown" in table(result)


def test_the_unknown_are_caught_beyond_all_but_one_known_of_twenty():
    def distance(text):
        kind, number = text.split()
        return float(number) if kind == "known" else 14.5 + float(number)

    result = evaluate_distance(distance, KNOWN, UNKNOWN)
    assert result["caught"] == 0.5  # the farthest known ones lie at 18 and 19, the unknown at 14.5 to 23.5
    assert "far" not in result and result["known"] == 9.5


def test_prompts_are_read_and_their_absence_is_told(tmp_path):
    file = tmp_path / "prompts.toml"
    with pytest.raises(InputError, match="is not there"):
        load_prompts(file)
    file.write_text('known = ["walks"]\n')
    with pytest.raises(InputError, match="lacks"):
        load_prompts(file)
    file.write_text('known = ["walks"]\nunknown = ["whistles", "rides"]\n')
    assert load_prompts(file) == (["walks"], ["whistles", "rides"])
    with pytest.raises(WeightsError):
        run_benchmark("known_unknown", {"prompts": file, "weights": tmp_path})


def test_the_distance_is_that_of_the_weights_vocabulary(monkeypatch, tmp_path):
    file = tmp_path / "prompts.toml"
    file.write_text('known = ["a man walks"]\nunknown = ["a man walks and then whistles"]\n')
    spread = {"config": SimpleNamespace(far=0.5)}

    def distance(prompt, encoder):
        return 1.0 if "whistles" in prompt else 0.2

    monkeypatch.setattr(
        "runtime.generate.vocabulary.learnt", lambda folder: SimpleNamespace(distance=distance, **spread)
    )
    monkeypatch.setattr(
        "runtime.model.text_encoder.TextEncoder.load", lambda folder: SimpleNamespace(eval=lambda: None)
    )
    result = run_benchmark("known_unknown", Options(prompts=file, cache=tmp_path))
    assert result["auroc"] == 1.0 and (result["known"], result["unknown"]) == (0.2, 1.0)
    assert (result["far_known"], result["far_unknown"]) == (0.0, 1.0)
