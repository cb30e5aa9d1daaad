"""Training the autoencoder: all of it, and the decoder alone on the tokens that a generator was trained on."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import JOINT_INDEX, rest_joints
from runtime import checkpoint, config
from runtime.config import AutoencoderConfig
from runtime.model.autoencoder import Autoencoder
from runtime.train.autoencoder import train_autoencoder

SMALL = AutoencoderConfig(width=16, latent_dim=4, residual_blocks=1)  # fewer channels than ways to move


def swinging(frames: int, phase: float) -> np.ndarray:
    """Hands and feet that swing, each at its own rate, on somebody who glides ahead."""
    joints = np.repeat(rest_joints()[None], frames, axis=0).astype(np.float32)
    time = np.arange(frames)
    joints[..., 2] += 0.05 * time[:, None]
    for rate, end in enumerate(("left_wrist", "right_wrist", "left_ankle", "right_ankle"), start=2):
        joints[:, JOINT_INDEX[end], 2] += 0.3 * np.sin(0.15 * rate * time + phase)
    return joints


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    small = replace(config.BASE, autoencoder=SMALL, generator=replace(config.BASE.generator, token_dim=SMALL.token_dim))
    monkeypatch.setitem(config.PRESETS, "small", small)
    folder, motions, clips, start = tmp_path / "prepared", [], [], 0
    folder.mkdir()
    for number in range(8):
        motions.append(swinging(80, number))
        split = "val" if number == 7 else "train"
        clips.append({"set": "test", "split": split, "ships": True, "start": start, "frames": 80, "in_place": False})
        start += 80
    np.save(folder / "motions.npy", np.concatenate(motions))
    (folder / "clips.jsonl").write_text("\n".join(json.dumps(clip) for clip in clips))
    return folder


def load(path) -> Autoencoder:
    stored, tensors, _ = checkpoint.load(path, "autoencoder", AutoencoderConfig)
    module = Autoencoder(stored)
    checkpoint.load_module(module, tensors, "autoencoder")
    return module.eval()


def test_the_decoder_alone_learns_and_the_tokens_stay(prepared, tmp_path):
    whole = train_autoencoder(prepared, tmp_path / "whole", preset="small", steps=20, batch=4)
    options = {"preset": "small", "steps": 150, "batch": 4, "learning_rate": 2e-3}
    finer = train_autoencoder(prepared, tmp_path / "finer", start=whole, decoder_only=True, **options)
    before, after = load(whole), load(finer)
    joints = torch.from_numpy(np.stack([swinging(64, 0.5), swinging(64, 2.5)]))
    with torch.no_grad():
        tokens, origin = before.encode(joints)
        torch.testing.assert_close(after.encode(joints)[0], tokens, rtol=0, atol=0)
        errors = [(module.decode(tokens, origin) - joints).norm(dim=-1).mean().item() for module in (before, after)]
    assert errors[1] < 0.9 * errors[0], "the decoder has learnt nothing"


def test_there_is_an_encoder_to_keep(prepared, tmp_path):
    with pytest.raises(InputError, match="no encoder to keep"):
        train_autoencoder(prepared, tmp_path / "run", preset="small", steps=1, decoder_only=True)
