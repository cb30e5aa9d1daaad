"""Batches of validation: rows of distinct captions, the same at every call."""

import numpy as np
import pytest

from coamd_blender.errors import DataError
from runtime.data.dataset import Pool
from runtime.train.retrieval import retrieval_batches


def pool_of(captions: list[str], indices: list[list[int]]) -> Pool:
    return Pool(np.zeros((0, 22, 3), np.float32), [{"captions": each} for each in indices], captions)


def test_no_batch_holds_two_rows_that_share_a_caption():
    captions = [f"a person does the {number}. thing" for number in range(40)]
    batches = retrieval_batches(pool_of(captions, [[row % 40] for row in range(80)]))
    assert {len(batch) for batch in batches} == {32}
    assert all(len({row % 40 for row in batch}) == 32 for batch in batches)


def test_few_captions_make_batches_of_one_row_each_and_the_same_at_every_call():
    pool = pool_of(["a walk", "a run", "a jump", "a bow", "a wave"], [[0, 1], [1], [2], [3], [4], [4]])
    batches = retrieval_batches(pool)
    assert all(len(batch) == 4 and len({0, 1} & set(batch.tolist())) == 1 for batch in batches)
    assert all(np.array_equal(one, other) for one, other in zip(batches, retrieval_batches(pool), strict=True))


def test_a_pool_of_three_meanings_is_refused():
    with pytest.raises(DataError, match="under 4 distinct captions"):
        retrieval_batches(pool_of(["a walk", "a run", "a jump"], [[0], [1], [2], [2]]))
