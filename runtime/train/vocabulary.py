"""Choose the captions that tell what the generator has learnt: ``vocabulary.safetensors``."""

from __future__ import annotations

from pathlib import Path

import torch

from runtime.data.dataset import CaptionFeatures, Pool, encoded_captions
from runtime.generate.vocabulary import Vocabulary, VocabularyConfig, representatives
from runtime.grammar.wording import wording
from runtime.loop import encoding_progress
from runtime.model.text_encoder import TextEncoder

COUNT = 4000
FAR_SHARE = 0.98  # of the validation captions lie nearer than what counts as far


def make_vocabulary(prepared: Path, run: Path, *, weights: Path, captions: Path | None = None) -> Path:
    """Write the vocabulary of the pool in ``prepared`` to ``run``; return the file's path.

    A caption counts without its subject, as short as it comes. What is far is measured on the validation pool, whose
    clips no training has seen. ``captions`` is the folder of another run on the same pool, whose encoded ones to read.
    Raises DataError without a pool, WeightsError without the text encoder.
    """
    run, pools, encoder = Path(run), Path(prepared) / "pool", TextEncoder.load(weights)
    vectors, texts = {}, {}
    for name in ("train", "val"):
        pool = Pool.load(pools / name)
        elsewhere = captions and Path(captions) / name
        features = encoded_captions(pool, run / name, encoder, elsewhere, encoding_progress("captions"))
        rows = _distinct(pool.captions)
        texts[name] = [wording(pool.captions[row]) for row in rows]
        vectors[name] = _pooled(features, rows, encoder)
    chosen = representatives(vectors["train"], COUNT)
    found = Vocabulary(VocabularyConfig(tuple(texts["train"][row] for row in chosen), 1.0), vectors["train"][chosen])
    distances, _ = found.nearest(vectors["val"])
    far = round(float(distances.quantile(FAR_SHARE)), 4)
    run.mkdir(parents=True, exist_ok=True)
    finished = Vocabulary(VocabularyConfig(found.config.captions, far), found.vectors)
    finished.save(run)
    return run / "vocabulary.safetensors"


def _distinct(captions: list[str]) -> list[int]:
    """One row for each wording."""
    return list({wording(caption): row for row, caption in enumerate(captions)}.values())


@torch.no_grad()
def _pooled(features: CaptionFeatures, rows: list[int], encoder: TextEncoder, batch: int = 512) -> torch.Tensor:
    """Sentence vectors (n, dim), unit length, of captions whose token features are kept."""
    parts = []
    for first in range(0, len(rows), batch):
        text = features.gather(rows[first : first + batch])
        parts.append(encoder.pool(text.tokens, text.valid))
    return torch.cat(parts)
