"""Motion to words and to vectors, without transport: load the recogniser once, then motions and texts in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from coamd_blender.wire.array_checks import check_motion
from coamd_blender.wire.checks import tidy_prompt
from coamd_blender.wire.requests.understanding import UNKNOWN
from runtime import checkpoint
from runtime.config import RecognizerConfig
from runtime.generate.guidance import Guidance
from runtime.generate.rewards import text_similarity
from runtime.model.clip_text import SentenceEncoder, encoder_of
from runtime.model.devices import choose_device
from runtime.model.recognizer import MotionRecognizer
from runtime.model.text_encoder import TextFeatures
from runtime.recognize.agreement import Agreement
from runtime.recognize.labels import Label, given, vocabulary
from runtime.recognize.segments import cut, spread, stretches
from runtime.weights import RECOGNIZER, sha256, weights_file

TEXT_BATCH = 128
EVEN = 0.5  # the probability of "unknown" from which on a part of a motion is unknown


def _usual(labels: Sequence[str] | None) -> int | None:
    """How many labels "unknown" was calibrated among, if these are others."""
    return None if labels is None else len(vocabulary())


class Recognizer:
    """The loaded recogniser and its text encoder. One instance serves many requests.

    ``model`` is the network, ``dim`` the length of every embedding, ``digest`` the sha256 of the weights file: it
    tells embeddings of one file from those of another, ``agreement`` how likely a find is what was looked for (None
    without agreement.json beside the weights).
    """

    def __init__(
        self,
        model: MotionRecognizer,
        text_encoder: SentenceEncoder,
        device: torch.device | str,
        digest: str = "",
    ):
        self.device = torch.device(device)
        self.model = model.eval().requires_grad_(False).to(self.device)
        self.text_encoder = text_encoder.eval().to(self.device)
        self.dim = model.config.dim
        self.digest = digest
        self.agreement: Agreement | None = None
        self._vocabulary: torch.Tensor | None = None  # of the bundled labels, made when first asked for
        self._given: tuple[tuple[Label, ...], torch.Tensor] | None = None  # the labels last given, and theirs

    @classmethod
    def load(cls, weights: Path | None = None, device: str = "auto") -> Recognizer:
        """Load recognizer.safetensors and its text encoder from a weights folder (the bundled one by default).

        Raises WeightsError for missing or torn files, InputError for a device that is not there.
        """
        chosen, path = choose_device(device), weights_file(weights, RECOGNIZER)
        model = checkpoint.network(path, "recognizer", RecognizerConfig, MotionRecognizer, "recogniser")
        loaded = cls(model, encoder_of(path.parent, model.config.text_dim), chosen, sha256(path))
        loaded.agreement = Agreement.beside(path.parent, loaded.digest)
        return loaded

    def embed_motions(self, motions: Sequence[np.ndarray], batch: int = 32) -> np.ndarray:
        """Return unit vectors (n, dim) float32 of motions, each (frames, 22, 3), metres, Y up, 20 frames a second.

        Of a motion longer than 196 frames, the vectors of windows of equal length are averaged. Raises InputError for
        a motion of another shape or of numbers that are not finite.
        """
        windows, owners = [], []
        for owner, motion in enumerate(motions):
            for start, stop in cut(len(check_motion(motion))):
                windows.append(motion[start:stop])
                owners.append(owner)
        vectors = self._embed(windows, batch)
        total = np.zeros((len(motions), self.dim), dtype=np.float32)
        np.add.at(total, owners, vectors)
        return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors (n, dim) float32 of descriptions. Raises InputError for an empty one."""
        return self.text_embedding(texts).cpu().numpy()

    def embed_names(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors (n, dim) float32 of what is done, as labels are read. Raises InputError for an empty
        one."""
        return self._encode(list(texts), self.model.names).cpu().numpy()

    @torch.no_grad()
    def text_embedding(self, texts: Sequence[str]) -> torch.Tensor:
        """Return unit vectors (n, dim) of descriptions, on the recogniser's device."""
        return self._encode(list(texts), self.model.descriptions)

    def guidance(self, prompts: Sequence[str], strength: float | None = None) -> Guidance:
        """Guidance of generation towards motions that the recogniser takes for ``prompts``, one a motion; None is the
        usual strength. Raises InputError for an empty prompt or a strength out of range."""
        reward = partial(text_similarity, model=self.model, text=self.text_embedding(prompts))
        return Guidance(reward) if strength is None else Guidance(reward, strength)

    def recognize(
        self, joints: np.ndarray, labels: Sequence[str] | None = None, top: int = 5
    ) -> list[tuple[str, float]]:
        """Return the ``top`` likeliest labels of joints (frames, 22, 3) with their probabilities, the best first.

        The probabilities are those of a softmax over all labels (the bundled vocabulary by default) and "unknown",
        which comes first when no label fits. Raises InputError for joints or labels that cannot be used.
        """
        names, vectors = self._labels(labels)
        motion = torch.from_numpy(self.embed_motions([joints])).to(self.device)
        scores = self.model.label_scores(motion, vectors, _usual(labels))[0].cpu().numpy()
        return [(names[index], float(scores[index])) for index in np.argsort(-scores, kind="stable")[:top]]

    def label_scores(self, vectors: np.ndarray, labels: Sequence[str]) -> np.ndarray:
        """Return the probabilities (n, labels + 1) that motions show labels, or none of them (the last).

        ``vectors`` (n, dim) are what :meth:`embed_motions` makes of the motions. Raises InputError for labels that
        cannot be used.
        """
        motions = torch.from_numpy(vectors).to(self.device)
        return self.model.label_scores(motions, self._labels(labels)[1], _usual(labels)).cpu().numpy()

    def segments(
        self, joints: np.ndarray, labels: Sequence[str] | None = None, window: int = 32, hop: int = 8, least: int = 20
    ) -> list[tuple[int, int, str, float]]:
        """Say what happens when: (start, stop, label, score) of stretches that together cover joints (frames, 22, 3).

        Windows of ``window`` frames, ``hop`` apart, are recognised each; every frame takes the label likeliest over
        the windows that hold it, those in whose middle it lies counting most, and "unknown" only where that is likelier
        than all labels together. No stretch is shorter than ``least`` frames (unless the motion is). ``stop`` is
        excluded; the score is the label's mean probability.
        """
        joints = check_motion(joints)
        names, vectors = self._labels(labels)
        starts = [*range(0, max(1, len(joints) - window), hop), max(0, len(joints) - window)]
        motions = torch.from_numpy(self._embed([joints[start : start + window] for start in starts], 32))
        scores = self.model.label_scores(motions.to(self.device), vectors, _usual(labels)).cpu().numpy()
        by_frame = spread(scores, starts, window, len(joints))
        by_frame[by_frame[:, -1] < EVEN, -1] = 0.0
        return [(start, stop, names[label], score) for start, stop, label, score in stretches(by_frame, least)]

    def _labels(self, labels: Sequence[str] | None) -> tuple[list[str], torch.Tensor]:
        """Names, "unknown" behind them, and unit vectors (labels, dim): the mean over the texts of each label."""
        if labels is not None:
            chosen = given(labels)
            if self._given is None or self._given[0] != chosen:
                self._given = chosen, self._label_vectors(chosen)
            return [*(label.name for label in chosen), UNKNOWN], self._given[1]
        if self._vocabulary is None:
            self._vocabulary = self._label_vectors(vocabulary())
        return [*(label.name for label in vocabulary()), UNKNOWN], self._vocabulary

    def _label_vectors(self, labels: Sequence[Label]) -> torch.Tensor:
        vectors = self._encode([text for label in labels for text in label.texts], self.model.names)
        parts = vectors.split([len(label.texts) for label in labels])
        return functional.normalize(torch.stack([part.mean(dim=0) for part in parts]), dim=-1)

    @torch.no_grad()
    def _encode(self, texts: list[str], side: Callable[[TextFeatures], torch.Tensor]) -> torch.Tensor:
        """Return unit vectors (texts, dim) by a text side of the network; texts of like length go together."""
        texts = [tidy_prompt(text) for text in texts]
        vectors = torch.zeros(len(texts), self.dim, device=self.device)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for first in range(0, len(order), TEXT_BATCH):
            rows = order[first : first + TEXT_BATCH]
            vectors[rows] = side(self.text_encoder([texts[row] for row in rows]))
        return vectors

    @torch.no_grad()
    def _embed(self, windows: list[np.ndarray], batch: int) -> np.ndarray:
        """Fused unit vectors (windows, dim); those of like length go together."""
        vectors = np.zeros((len(windows), self.dim), dtype=np.float32)
        order = sorted(range(len(windows)), key=lambda index: len(windows[index]))
        for first in range(0, len(order), batch):
            rows = order[first : first + batch]
            joints = torch.nn.utils.rnn.pad_sequence(
                [torch.from_numpy(np.array(windows[row], dtype=np.float32)) for row in rows], batch_first=True
            )
            lengths = torch.tensor([len(windows[row]) for row in rows]).to(self.device)
            vectors[rows] = self.model.seen(joints.to(self.device), lengths).cpu().numpy()
        return vectors
