"""How well motions do what they were asked: the recogniser's word on draws of one prompt, to show the best first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from runtime.recognize.recognizer import Recognizer


def fit(recognizer: Recognizer, prompts: Sequence[str], motions: Sequence[np.ndarray]) -> np.ndarray:
    """Return the cosine (n,), -1 to 1, of each prompt and its motion.

    ``prompts`` are as :meth:`runtime.generate.generator.Generator.understood` has them. ``motions`` are joints
    (frames, 22, 3) in metres at 20 fps.
    """
    distinct = list(dict.fromkeys(prompts))
    texts = recognizer.embed_names(distinct)[[distinct.index(prompt) for prompt in prompts]]
    return (texts * recognizer.embed_motions(motions)).sum(axis=1)
