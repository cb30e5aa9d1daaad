"""Generators that need no trained networks."""

import numpy as np
import torch

from runtime.config import AutoencoderConfig, GeneratorConfig
from runtime.generate.generator import Generator
from runtime.model.autoencoder import Autoencoder
from runtime.model.generator import MotionGenerator
from runtime.model.text_encoder import TextEncoder
from runtime.weights import BUNDLED as WEIGHTS


def small_generator():
    """A generator of small random networks, always the same, that reads with the bundled text encoder."""
    torch.manual_seed(0)
    config = GeneratorConfig(
        token_dim=11, width=16, layers=1, heads=2, feedforward=16, head_width=16, head_blocks=1, text_layers=0
    )
    networks = MotionGenerator(config)
    for parameter in networks.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    coder = Autoencoder(AutoencoderConfig(width=16, latent_dim=8, residual_blocks=1))
    return Generator(coder, networks, TextEncoder.load(WEIGHTS), "cpu")


class FakeGenerator:
    """Motions whose every number is the seed, in two steps a batch; ``calls`` records the batches, ``worn`` the
    styles last put on, ``quality`` the one last asked for, with the text weight."""

    device = torch.device("cpu")

    def __init__(self):
        self.calls, self.worn, self.quality = [], [], ("best", None)

    def wear(self, worn):
        self.worn = list(worn)

    def told_styles(self):
        return [f"in {each.style.config.name}" for each in self.worn]

    def draw_in(self, quality, cfg=None):
        self.quality = (quality, cfg)

    def told_quality(self):
        return ["the better one"] if self.quality == ("fast", 99) else []

    def generate(self, prompts, frames, seeds, *, cfg=None, on_step=None):
        self.calls.append((list(prompts), frames, list(seeds), cfg))
        joints = np.repeat(np.array(seeds, np.float32), frames * 66).reshape(len(seeds), frames, 22, 3)
        for step in (1, 2):
            on_step(step, 2, lambda: joints / 2)
        return joints

    def understood(self, prompt, frames):
        return prompt

    def notes(self, prompts):
        return [f"{prompt!r} is new to me" for prompt in dict.fromkeys(prompts) if "vault" in prompt]
