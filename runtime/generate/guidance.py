"""Guidance: a reward of the joints moves the tokens while they are drawn.

After CoAMD (arXiv 2604.17090): behind every autoregressive step the tokens are decoded, the reward's gradient
with respect to them is normalised to length one a sample, and added. A reward sees the whole clip at its true
length, and is any differentiable function of joints (batch, frames, 22, 3), metres, to (batch,): see rewards.py.

The paper moves the tokens that are masked at the time. Those the step does not keep are predicted anew from noise
at the next one, which forgets the gradient, and those it keeps can never be moved again, though what comes later
may carry them off. So here every drawn token is moved at every step. The kept ones stay moved, and what is drawn
later is drawn around them; each of the others remembers the sum of its moves and is put back by it behind every
new prediction, before the next gradient is taken there: one gradient ascent that lasts as long as the sampling.
The moves are added behind the solver rather than to its noise, because the solver shrinks what it starts from.
Steps of one length circle about a goal that is near, so a sample whose gradient turns round goes on with half
the step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import BONE_LENGTHS, JOINT_COUNT, PARENTS
from runtime.model import representation

Reward = Callable[[torch.Tensor], torch.Tensor]  # joints (batch, frames, 22, 3) -> (batch,)
STRONGEST = 100.0


def _chains() -> torch.Tensor:
    """(22, 21): 1 where the bone to joint ``column + 1`` lies between the pelvis and the joint ``row``."""
    chains = torch.zeros(JOINT_COUNT, JOINT_COUNT - 1)
    for joint in range(1, JOINT_COUNT):
        chains[joint] = chains[PARENTS[joint]]
        chains[joint, joint - 1] = 1.0
    return chains


_CHAINS = _chains()
_LENGTHS = torch.tensor(BONE_LENGTHS[1:, None], dtype=torch.float32)


def on_canonical_body(joints: torch.Tensor) -> torch.Tensor:
    """Rebuild ``joints`` (..., 22, 3), metres, with the canonical bone lengths, differentiably: the same shape.

    Without it a reward could be earned by stretching a limb, which is taken back at the end.
    """
    bones = representation.bones(joints)
    bones = bones / bones.norm(dim=-1, keepdim=True).clamp(min=1e-6) * _LENGTHS.to(joints.device)
    return joints[..., :1, :] + torch.einsum("jb,...bc->...jc", _CHAINS.to(joints.device), bones)


@dataclass(frozen=True)
class Guidance:
    """What to strive for, and how hard.

    ``strength`` is the length of one step in token space, where every channel has unit variance (the paper's
    0.5 + lambda). ``repeats`` gradient steps are taken behind each autoregressive step. ``places`` says that the
    reward names places in the world: then the clean-up of sliding feet, which shifts the body, is left out.
    Raises InputError.
    """

    reward: Reward
    strength: float = 0.5
    repeats: int = 1
    places: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= STRONGEST:
            raise InputError(f"Guidance of strength {self.strength:g} is outside 0 to {STRONGEST:g}", "Try 0.5 to 5")
        if self.repeats < 1:
            raise InputError(f"Guidance with {self.repeats} repeats does nothing", "Take at least one")


def ascent(
    decode: Callable[[torch.Tensor], torch.Tensor], reward: Reward, tokens: torch.Tensor, movable: torch.Tensor
) -> torch.Tensor:
    """Return the direction (batch, count, dim) in which normalised tokens raise the reward of what they decode to.

    ``tokens`` have that shape. The direction is of length one in each sample over its ``movable`` (batch, count) bool
    tokens and zero elsewhere; zero altogether where the reward is flat. Works inside ``torch.no_grad`` and
    ``torch.inference_mode``.
    """
    with torch.inference_mode(False), torch.enable_grad():
        point = tokens.clone().requires_grad_()
        (slope,) = torch.autograd.grad(reward(decode(point)).sum(), point)
        slope = torch.nan_to_num(slope) * movable.clone()[..., None]
        length = slope.flatten(1).norm(dim=1)[:, None, None]
        return torch.where(length > 1e-12, slope / length.clamp(min=1e-12), torch.zeros_like(slope))


class Pusher:
    """The ``steer`` of one call of ``model.sampling.sample``: holds what the open tokens have been moved by so far."""

    def __init__(self, decode: Callable[[torch.Tensor], torch.Tensor], guidance: Guidance):
        self._decode, self._guidance = decode, guidance
        self._drawn: torch.Tensor | None = None
        self._moved = self._last = self._step = torch.zeros(())

    def __call__(self, tokens: torch.Tensor, fresh: torch.Tensor) -> torch.Tensor:
        """Return ``tokens`` (batch, count, dim), those of them ``fresh`` (batch, count) from the solver, moved towards
        the reward. The first call has all tokens fresh that are to be drawn: the others are never moved."""
        if self._drawn is None:
            self._drawn = fresh
            self._moved = self._last = torch.zeros_like(tokens)
            self._step = tokens.new_full((len(tokens), 1, 1), self._guidance.strength)
        tokens = tokens + self._moved * fresh[..., None]
        for _ in range(self._guidance.repeats):
            direction = ascent(self._decode, self._guidance.reward, tokens, self._drawn)
            turned = (direction * self._last).sum(dim=(1, 2), keepdim=True) < 0
            self._step = torch.where(turned, 0.5 * self._step, self._step)
            move = self._step * direction
            tokens, self._moved, self._last = tokens + move, self._moved + move, direction
        return tokens
