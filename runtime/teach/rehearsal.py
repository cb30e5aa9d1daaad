"""What the generator is held to while it learns: what it said before, of sentences it knew before.

No data of the first training is needed, nor ships: the sentences are those of its vocabulary, and the motions it draws
of them itself. The changed network is to find the same conditions in them as the unchanged one does (self-distillation,
after Li and Hoiem 2017, Learning without Forgetting); where the text is left out, too, so that guidance leads away from
the same place.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from coamd_blender.motion.skeleton import FRAME_MULTIPLE, MAX_FRAMES
from runtime.generate.generator import Generator
from runtime.generate.vocabulary import Vocabulary
from runtime.model.generator import draw_mask
from runtime.model.text_encoder import TextFeatures
from runtime.teach.adapter import Adapter

SENTENCES = 512
MOTIONS = 64
_BATCH = 16
_STRANGE = 0.25  # share of motions that are read with another sentence than their own
_DROP = 0.2  # share that is read without any
QUICK = {"steps": 4, "solver_steps": 6}  # rough motions are good enough to be read
_FILE = "rehearsal.safetensors"


class Rehearsal:
    """Sentences of the vocabulary and motions drawn of some of them; :meth:`loss` says what was forgotten."""

    def __init__(self, tokens: torch.Tensor, text: TextFeatures):
        """tokens (motions, count, dim), of the first as many sentences; text of all sentences."""
        self.tokens, self.text = tokens, text

    @classmethod
    def of(cls, generator: Generator, vocabulary: Vocabulary, folder: Path, seed: int) -> Rehearsal:
        """Draw the motions, or read those that an earlier start has left in ``folder``."""
        sentences = list(vocabulary.config.captions[:SENTENCES])
        text = generator.encode(sentences)
        path, count = Path(folder) / _FILE, MAX_FRAMES // FRAME_MULTIPLE * 2 // 3
        if not path.is_file():
            config = replace(generator.sampling, **QUICK)
            drawn = []
            for first in range(0, min(MOTIONS, len(sentences)), _BATCH):
                some = sentences[first : first + _BATCH]
                seeds = [seed + first + row for row in range(len(some))]
                drawn.append(generator.draw(some, count, seeds, config).cpu())
            partial = path.with_suffix(".partial")
            save_file({"tokens": torch.cat(drawn)}, partial)
            partial.replace(path)
        return cls(load_file(path)["tokens"].to(generator.device), text)

    def loss(self, networks: torch.nn.Module, adapter: Adapter, batch: int) -> torch.Tensor:
        """Return the mean square, a scalar, by which the changed network's conditions depart from the unchanged one's.

        They are normalised, so 2 is what two unrelated ones differ by.
        """
        rows = torch.randint(len(self.tokens), (batch,))
        other = torch.randint(len(self.text.valid), (batch,))
        told = torch.where(torch.rand(batch) < _STRANGE, other, rows).to(self.tokens.device)
        tokens = self.tokens[rows]
        valid = torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device)
        hidden, shown = networks.corrupt(tokens, draw_mask(valid))
        dropped = torch.rand(batch, device=tokens.device) < _DROP

        def conditions() -> torch.Tensor:
            read = networks.transformer.read(self.text.tokens[told], self.text.valid[told], dropped)
            return networks.transformer(shown, hidden, valid, read)

        with torch.no_grad(), adapter.off():
            before = conditions()
        return (conditions() - before).square().mean()
