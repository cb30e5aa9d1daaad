"""The recogniser as benchmarks use it: motions, descriptions and labels to unit vectors, and a guide of generation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from coamd_blender.motion.skeleton import MAX_FRAMES
from runtime.evaluate.generated import Guide
from runtime.evaluate.supervised import class_scores, train_classifier, train_namer
from runtime.generate.generator import Generator
from runtime.generate.guidance import Guidance
from runtime.recognize.labels import given
from runtime.recognize.recognizer import TEXT_BATCH, Recognizer
from runtime.recognize.sorting import DrawnLabels


class RecognizerUnderstanding:
    """``recognition.Understanding`` by a loaded :class:`runtime.understand.Recognizer`."""

    def __init__(self, recognizer: Recognizer, drawer: Callable[[], Generator]):
        self.recognizer = recognizer
        self._drawer = drawer

    @property
    def digest(self) -> str:
        """Return the sha256 of the recogniser's weights."""
        return self.recognizer.digest

    def motions(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        """Return fused embeddings (count, dim) of ``motions``, each (frames, 22, 3) in metres."""
        return self.recognizer.embed_motions(motions)

    def descriptions(self, captions: Sequence[str]) -> np.ndarray:
        """Return embeddings (count, dim) of sentences by the description tower."""
        return self.recognizer.embed_texts(captions)

    def names(self, texts: Sequence[str]) -> np.ndarray:
        """Return embeddings (count, dim) of what is done, by which draws are ranked."""
        return self.recognizer.embed_names(texts)

    @torch.no_grad()
    def sentences(self, captions: Sequence[str]) -> np.ndarray:
        """Return unit embeddings (count, width) of the sentence encoder itself: how alike two captions are."""
        encoder, at = self.recognizer.text_encoder, range(0, len(captions), TEXT_BATCH)
        parts = [encoder(list(captions[first : first + TEXT_BATCH])).pooled for first in at]
        return torch.nn.functional.normalize(torch.cat(parts), dim=-1).cpu().numpy()

    @torch.no_grad()
    def labels(self, labels: Sequence[str]) -> np.ndarray:
        """Return embeddings (count, dim) of class names by the recognition tower alone, from which training starts."""
        texts = [label.texts[0] for label in given(labels)]
        model, encoder = self.recognizer.model, self.recognizer.text_encoder
        parts = [model.labels(encoder(texts[at : at + TEXT_BATCH])) for at in range(0, len(texts), TEXT_BATCH)]
        return torch.cat(parts).cpu().numpy()

    def label_scores(self, motions: Sequence[np.ndarray], labels: Sequence[str]) -> np.ndarray:
        """Return the probabilities (motions, labels) that ``motions``, (frames, 22, 3) each, metres, show class names,
        as a user's list of them is read."""
        return self.recognizer.label_scores(self.motions(motions), labels)[:, :-1]

    def sorted_scores(self, motions: Sequence[np.ndarray], labels: Sequence[str]) -> np.ndarray:
        """Return the probabilities (motions, labels) that ``motions`` of one source, (frames, 22, 3) each, metres, show
        class names, as the verb sort compares them with draws of the labels and with one another."""
        generator = self._drawer()
        generator.draw_in("fast")
        return DrawnLabels.of(labels, generator, self.recognizer).scores(self.motions(motions))

    @torch.no_grad()
    def features(self, motions: Sequence[np.ndarray], batch: int = 64) -> np.ndarray:
        """Return features (count, 4 * dim) of ``motions``, each (frames, 22, 3) in metres, at most 196 frames of it.

        They are the fused embedding and those of the three streams, side by side.
        """
        parts = []
        for first in range(0, len(motions), batch):
            rows = [np.array(joints[:MAX_FRAMES], dtype=np.float32) for joints in motions[first : first + batch]]
            joints = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(row) for row in rows], batch_first=True)
            lengths = torch.tensor([len(row) for row in rows], device=self.recognizer.device)
            seen = self.recognizer.model.motion(joints.to(self.recognizer.device), lengths)
            parts.append(torch.cat(seen, dim=1).cpu().numpy())
        return np.concatenate(parts)

    def trained_scores(
        self, train: Sequence[np.ndarray], truth: np.ndarray, classes: int, test: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Return log-probabilities (test motions, classes) of a copy of the motion side that was trained
        (supervised.py).

        ``train``, each (frames, 22, 3) in metres, are motions of the class numbers ``truth`` (n,); ``test`` are
        motions, each (frames, 22, 3).
        """
        return class_scores(train_classifier(self.recognizer.model, train, truth, classes), test)

    def adapted_scores(
        self,
        train: Sequence[np.ndarray],
        truth: np.ndarray,
        train_labels: Sequence[str],
        test: Sequence[np.ndarray],
        test_labels: Sequence[str],
    ) -> np.ndarray:
        """Return log-probabilities (test motions, test labels) of a copy of the motion side that was trained
        (supervised.py).

        It has learnt to find ``train_labels``: ``train``, each (frames, 22, 3) in metres, are motions whose labels are
        rows ``truth`` (n,); ``test`` are motions, each (frames, 22, 3).
        """
        namer = train_namer(self.recognizer.model, train, truth, self.labels(train_labels))
        namer.labels = torch.from_numpy(self.labels(test_labels)).to(namer.labels)
        return class_scores(namer, test)

    def guidance(self, prompts: list[str], strength: float | None) -> Guidance:
        """Return the guidance of one batch of generation towards its prompts; None is the usual strength."""
        return self.recognizer.guidance(prompts, strength)


def load_understanding(weights: Path | None, device: str = "auto") -> RecognizerUnderstanding:
    """Load the recogniser of a weights folder (None: the bundled one). Raises WeightsError when it is not there."""
    return RecognizerUnderstanding(Recognizer.load(weights, device), partial(Generator.load, weights, device))


def text_guide(understanding: RecognizerUnderstanding, strength: float | None) -> Guide:
    """Return the guide of cached generation.

    Its name tells strengths and recognisers apart.
    """
    shown = f"{Guidance.strength if strength is None else strength:g}"
    return Guide(
        f"text, strength {shown}, {understanding.digest}",
        lambda prompts: understanding.guidance(prompts, strength),
    )
