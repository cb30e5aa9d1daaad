"""What is measured of a trained recogniser before it is written: what motions have in common, along what sides lie, how
sure its names are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from runtime.data.dataset import Pool
from runtime.model.recognizer import MotionRecognizer
from runtime.model.representation import mirrored


def padded(motions: Sequence[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """Put ``motions``, each (frames, 22, 3), metres, side by side: joints (n, frames, 22, 3) and lengths (n,)."""
    rows = [torch.from_numpy(np.array(motion, dtype=np.float32)) for motion in motions]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])


@torch.no_grad()
def common_to(module: MotionRecognizer, pool: Pool, device: torch.device, most: int = 512) -> torch.Tensor:
    """Return the mean (dim,) of the fused unit vectors of at most ``most`` items of a pool, evenly spread over it.

    Without it a label that lies in the middle of all motions is near to each of them, and names too many (hubs;
    Radovanović et al. 2010).
    """
    rows = np.linspace(0, len(pool.items) - 1, min(most, len(pool.items))).astype(int)
    total = torch.zeros(module.config.dim, device=device)
    for first in range(0, len(rows), 64):
        joints, lengths = padded([pool.item_joints(int(row)) for row in rows[first : first + 64]])
        total += module.seen(joints.to(device), lengths.to(device)).sum(dim=0)
    return total / len(rows)


@torch.no_grad()
def side_axis_of(module: MotionRecognizer, pool: Pool, device: torch.device, most: int = 1024) -> torch.Tensor:
    """Return the unit vector (dim,) along which the fused vectors of motions differ most from those of their mirror
    images, of at most ``most`` items of a pool, evenly spread over it."""
    rows = np.linspace(0, len(pool.items) - 1, min(most, len(pool.items))).astype(int)
    apart = []
    for first in range(0, len(rows), 64):
        joints, lengths = padded([pool.item_joints(int(row)) for row in rows[first : first + 64]])
        both = torch.cat([joints, mirrored(joints)]).to(device)
        own, image = module.motion(both, lengths.repeat(2).to(device)).fused.chunk(2)
        apart.append(own - image)
    return torch.linalg.svd(torch.cat(apart), full_matrices=False).Vh[0]


def calibrate(cosine: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return (temperature, nearness of "unknown"), of shape (2,), that make recognition's probabilities likeliest.

    cosine (n, labels) of motions to labels, truth (n,) the right label of each. Every motion counts twice: among all
    labels, and with its own taken away, where "unknown" is right. Both figures come from a grid, temperatures finest.
    """
    own = torch.nn.functional.one_hot(truth, cosine.shape[1]).bool()
    levels = torch.linspace(-0.5, 1.0, 61, device=cosine.device)
    best, least = torch.tensor([0.1, 0.2]), torch.inf
    for temperature in torch.logspace(-2.3, 0, 24).tolist():
        unknown = levels / temperature
        logits = cosine / temperature
        known = torch.logaddexp(logits.logsumexp(dim=1)[:, None], unknown) - logits[own][:, None]  # (n, levels)
        others = logits.masked_fill(own, -torch.inf).logsumexp(dim=1)[:, None]
        loss, index = (known + torch.logaddexp(others, unknown) - unknown).mean(dim=0).min(dim=0)
        if loss < least:
            best, least = torch.tensor([temperature, levels[index].item()]), loss
    return best
