"""A recogniser known by its file, whose networks are loaded when they first embed something.

A library that is brought up to date asks whose embeddings it holds, and mostly finds nothing to embed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from runtime import recognize
from runtime.recognize.agreement import Agreement
from runtime.weights import RECOGNIZER, read_configuration, sha256, weights_file

if TYPE_CHECKING:
    from runtime.recognize.recognizer import Recognizer


class DeferredRecognizer:
    """Embeds as :class:`Recognizer` does: ``dim`` is the length of every embedding, ``digest`` the sha256 of the file.

    ``weights`` is a folder, None the bundled one. Raises WeightsError where the file is missing or torn.
    """

    def __init__(self, weights: Path | None = None, device: str = "auto"):
        self._weights, self._device = weights, device
        self._path = weights_file(weights, RECOGNIZER)

    @cached_property
    def dim(self) -> int:
        """The length of every embedding."""
        return read_configuration(self._path, "recognizer")["dim"]

    @cached_property
    def digest(self) -> str:
        """The sha256 of the weights file."""
        return sha256(self._path)

    @cached_property
    def agreement(self) -> Agreement | None:
        """What its cosines mean; None where it is not known."""
        return Agreement.beside(self._path.parent, self.digest)

    @cached_property
    def loaded(self) -> Recognizer:
        """The recogniser itself, loaded unless it is."""
        return recognize.Recognizer.load(self._weights, self._device)

    def embed_motions(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        """Return unit vectors (n, dim) float32 of motions, each (frames, 22, 3), metres, Y up, 20 frames a second."""
        return self.loaded.embed_motions(motions)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors (n, dim) float32 of descriptions. Raises InputError for an empty one."""
        return self.loaded.embed_texts(texts)
