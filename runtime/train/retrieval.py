"""The batches that retrieval is judged on while a network trains."""

from __future__ import annotations

import numpy as np

from coamd_blender.errors import DataError
from runtime.data.dataset import Pool
from runtime.evaluate.caption_groups import caption_groups
from runtime.evaluate.metrics import BATCH, distinct_batches

BATCHES, FEWEST = 20, 4


def retrieval_batches(pool: Pool) -> list[np.ndarray]:
    """Draw batches of row indices (size,) of ``pool``, no two of a batch with captions that mean the same.

    They are the same at every call. A batch has 32 rows, or one of each meaning where there are fewer. Raises DataError
    when there are under 4.
    """
    groups = caption_groups([[pool.captions[caption] for caption in item["captions"]] for item in pool.items])
    size = min(BATCH, len(np.unique(groups)))
    if size < FEWEST:
        raise DataError(
            f"The validation pool has under {FEWEST} distinct captions",
            "Prepare more clips, of more different sentences",
        )
    return distinct_batches(groups, BATCHES, np.random.default_rng(0), size)
