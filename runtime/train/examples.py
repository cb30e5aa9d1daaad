"""Choose the examples that the generator shows its networks first: ``examples.safetensors`` (generate/examples.py)."""

from __future__ import annotations

from pathlib import Path

import torch

from coamd_blender.errors import DataError
from runtime.data.dataset import CaptionFeatures, Pool, encoded_captions
from runtime.generate.examples import Examples, ExamplesConfig
from runtime.generate.generator import Generator
from runtime.generate.vocabulary import representatives
from runtime.loop import encoding_progress
from runtime.model.text_encoder import TextEncoder
from runtime.train.recognizer import wording
from runtime.weights import AUTOENCODER, sha256

KIND = "authored"  # items that examples are taken from: nobody else's motion is handed on
SENTENCES, PLAIN = 2500, 3000  # sentences with an example, and without
# Families of motion that the networks do from words alone.
_STANDING = ("turn", "jump", "wave", "raise", "bow", "kick", "punch", "dance", "idle")
_GETTING_ABOUT = ("walk", "run", "backwards", "sit", "stand_up", "crouch", "lie", "get_up", "crawl")
FROM_WORDS = frozenset((*_STANDING, *_GETTING_ABOUT))
_RECORDED = ("single", "mirror", "segment")


def make_examples(prepared: Path, run: Path, *, weights: Path, captions: Path | None = None) -> Path:
    """Write the examples of the pool in ``prepared`` to ``run``; return the file's path.

    Sentences are chosen as far from each other as can be, those with an example among the captions of authored items,
    those without among the captions of the families in FROM_WORDS. ``weights`` holds the generator that
    the examples are for; ``captions`` is the folder of another run on the same pool, whose encoded ones to read. Raises
    DataError without a pool or authored items, WeightsError without the networks.
    """
    generator, encoder = Generator.load(weights, "cpu"), TextEncoder.load(weights)
    pool = Pool.load(Path(prepared) / "pool" / "train")
    elsewhere = captions and Path(captions) / "train"
    features = encoded_captions(pool, Path(run) / "train", encoder, elsewhere, encoding_progress("captions"))
    of_words = {row for row, item in enumerate(pool.items) if item["family"] in FROM_WORDS}
    authored = [row for row, item in enumerate(pool.items) if item["kind"] == KIND and row not in of_words]
    owner = {caption: row for row in authored for caption in pool.items[row]["captions"]}
    plain = {
        caption
        for row in of_words
        if pool.items[row]["kind"] in (KIND, *_RECORDED)
        for caption in pool.items[row]["captions"]
    } - set(owner)
    if not owner:
        raise DataError("The pool holds no authored motion", "Run: python -m runtime prepare --data FOLDER")
    told, told_vectors = _chosen(pool, features, encoder, list(owner), SENTENCES)
    others, other_vectors = _chosen(pool, features, encoder, sorted(plain), PLAIN)
    items = list(dict.fromkeys(owner[caption] for caption in told))
    tokens = [_tokens(generator, pool, item) for item in items]
    config = ExamplesConfig(
        tuple(wording(pool.captions[caption]) for caption in (*told, *others)),
        (*(items.index(owner[caption]) for caption in told), *(-1 for _ in others)),
        tuple(map(len, tokens)),
        sha256(Path(weights) / AUTOENCODER),
    )
    Path(run).mkdir(parents=True, exist_ok=True)
    return Examples(config, torch.cat([told_vectors, other_vectors]), torch.cat(tokens)).save(run)


@torch.no_grad()
def _chosen(
    pool: Pool, features: CaptionFeatures, encoder: TextEncoder, captions: list[int], count: int, batch: int = 512
) -> tuple[list[int], torch.Tensor]:
    """Return at most ``count`` of ``captions``, one for each wording, and their unit vectors (count, dim)."""
    captions = list({wording(pool.captions[caption]): caption for caption in captions}.values())
    parts = []
    for first in range(0, len(captions), batch):
        text = features.gather(captions[first : first + batch])
        parts.append(encoder.pool(text.tokens, text.valid))
    vectors = torch.cat(parts)
    rows = representatives(vectors, count)
    return [captions[row] for row in rows.tolist()], vectors[rows]


@torch.no_grad()
def _tokens(generator: Generator, pool: Pool, item: int) -> torch.Tensor:
    """Return the normalised tokens (count, token_dim) of an item of the pool."""
    joints = torch.from_numpy(pool.item_joints(item).copy())[None]
    return generator.autoencoder.encode(joints)[0][0]
