"""Drawing tokens: pure functions. ``generator`` here is the pair of networks in ``model/generator.py``.

Coarse to fine (CoAMD, after MAR and MaskGIT, Chang et al. 2022): all tokens start masked; at each step all
still-masked tokens are predicted, and a share of them, in an order drawn once a sample, is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import torch

from runtime.config import SamplingConfig

if TYPE_CHECKING:  # the networks themselves are the caller's
    from runtime.model.diffusion_head import DiffusionHead
    from runtime.model.generator import MotionGenerator
    from runtime.model.text_encoder import TextFeatures

# steer(tokens, fresh): tokens (batch, count, dim) to go on with, where ``fresh`` (batch, count) were just predicted
Steer = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
# report(step, steps, coarse): coarse() makes what is still missing too, at the cost of drawing it
StepReport = Callable[[int, int, Callable[[], torch.Tensor]], None]


JUMPS_BESIDE = 4  # solver steps of a distilled head for tokens of which some channels are given


class Known(NamedTuple):
    """What is known before sampling: ``tokens`` (batch, count, dim) and where they hold, ``given`` of that shape, bool.

    A token given in all its channels is context: shown from the first step, never made. Of a token given in part
    the given channels come out as they are, and the rest is drawn to go with them.
    """

    tokens: torch.Tensor
    given: torch.Tensor


def kept_after(step: int, steps: int, count: int) -> int:
    """Return how many of ``count`` tokens are known after ``step`` (1-based) of ``steps``: cosine schedule."""
    if step >= steps:
        return count
    return count - math.floor(count * math.cos(0.5 * math.pi * step / steps))


def solver_times(steps: int) -> list[float]:
    """Return the times from 0 to 1 between which ``steps`` solver steps go: s^1.2 for even s."""
    return [(index / steps) ** 1.2 for index in range(steps + 1)]


def euler(velocity: Callable[[torch.Tensor, float], torch.Tensor], noise: torch.Tensor, steps: int) -> torch.Tensor:
    """Integrate dx/dt = velocity(x, t) in ``steps`` Euler steps from t = 0 to t = 1, any unit.

    It starts from ``noise`` (..., dim); what comes back has the same shape. Steps are finer towards the noise, where
    the field bends most (:func:`solver_times`).
    """
    x = noise
    for now, then in pairwise(solver_times(steps)):
        x = x + (then - now) * velocity(x, now)
    return x


def guided(unconditional: torch.Tensor, conditional: torch.Tensor, weight: float, rescale: float = 0.0) -> torch.Tensor:
    """Lead a field away from the unconditional one (classifier-free guidance, Ho and Salimans 2022).

    ``unconditional``, ``conditional`` (..., dim), any unit: the same shape comes back. Weight 1 is the conditional
    field. Guidance lengthens the field, and motion comes out exaggerated: arms longer than arms are. ``rescale`` takes
    back that share of the lengthening, a token at a time (Lin et al. 2023).
    """
    field = unconditional + weight * (conditional - unconditional)
    ratio = conditional.norm(dim=-1, keepdim=True) / field.norm(dim=-1, keepdim=True).clamp(min=1e-6)
    return field * (1 + rescale * (ratio - 1))


def noise_of_seeds(seeds: list[int], count: int, dim: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw what chance decides, on the CPU so that every device makes the same motion.

    Returns noise (batch, count, dim) of unit deviation and order (batch, count), a permutation a sample: a sample
    depends on its own seed only, not on what else is in the batch.
    """
    noise, order = [], []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        order.append(torch.randperm(count, generator=generator))
        noise.append(torch.randn(count, dim, generator=generator))
    return torch.stack(noise), torch.stack(order)


def rank_of_missing(order: torch.Tensor, missing: torch.Tensor) -> torch.Tensor:
    """Return the rank (batch, count), from 0, of each missing token among those of its sample, in the drawn ``order``.

    ``order`` (batch, count) is a permutation a sample, ``missing`` (batch, count) bool.
    """
    drawn = missing.gather(1, order)
    return (drawn.cumsum(dim=1) - 1).gather(1, order.argsort(dim=1))


@torch.no_grad()
def sample(
    networks: MotionGenerator,
    text: TextFeatures,
    noise: torch.Tensor,
    order: torch.Tensor,
    config: SamplingConfig,
    on_step: StepReport | None = None,
    known: Known | None = None,
    steer: Steer | None = None,
) -> torch.Tensor:
    """Draw tokens (batch, count, dim), no unit, for texts, from ``noise`` of that shape, in ``order`` (batch, count).

    ``text`` is on the networks' device; ``order`` are places, 0 the first. A step draws the tokens that it keeps, and
    all that are still missing only where something asks for them: ``on_step(step, steps, coarse)``, called after every
    step, when it calls ``coarse()``, and ``steer``. ``on_step`` may raise to stop. ``known`` are tokens to build on, or
    channels of tokens: these follow the straight path from noise to their value inside the head's solver, so that the
    other channels of the same token see them coming. ``steer`` may move, after each step, whatever is not given.

    Guidance leads away from what the networks say without the text and without the layers ``config.skipped``: from a
    worse version of themselves (Karras et al. 2024), which one gets by skipping a layer (Hyung et al. 2024).
    """
    if known is None:
        known = Known(torch.zeros_like(noise), torch.zeros_like(noise, dtype=torch.bool))
    missing = ~known.given.all(dim=-1)
    rank, totals = rank_of_missing(order, missing), missing.sum(dim=1).tolist()
    conditions, solve = _conditions_of(networks, text, noise, config), _Solver(networks.head, config)
    tokens = torch.where(known.given, known.tokens, torch.zeros_like(noise))
    before = torch.zeros(len(totals), 1, dtype=rank.dtype, device=noise.device)
    for step in range(1, config.steps + 1):
        hidden = missing & (rank >= before)
        before = rank.new_tensor([kept_after(step, config.steps, total) for total in totals])[:, None]
        coarse = partial(torch.clone, tokens)
        if hidden.any():  # a few missing tokens are all there before the last step
            draw = partial(_drawn, solve, conditions(tokens, hidden), noise, known)
            if steer:
                tokens = torch.where(known.given, tokens, steer(draw(tokens, hidden), hidden))
                coarse = partial(torch.clone, tokens)
            else:
                tokens = draw(tokens, hidden & (rank < before))
                coarse = partial(draw, tokens, hidden & (rank >= before))
        if on_step:
            on_step(step, config.steps, coarse)
    return tokens


# conditions(places): those (branches * batch, n, width) of the tokens at places (batch, n)
_Conditions = Callable[[torch.Tensor], torch.Tensor]


def _conditions_of(
    networks: MotionGenerator, text: TextFeatures, noise: torch.Tensor, config: SamplingConfig
) -> Callable[[torch.Tensor, torch.Tensor], _Conditions]:
    """Read a text once, and return what gives the head's conditions at every step.

    They are asked for with the tokens (batch, count, dim) so far and where they are ``hidden`` (batch, count) bool:
    those with the text come first, then those without it and without the skipped layers. Of distilled networks there
    are only the first.
    """
    batch, transformer = len(noise), networks.transformer
    skipped = config.skipped if config.guidance_weight > 1 else ()  # up to there nothing is led away from
    if networks.config.distilled:
        dropped = torch.full((batch,), config.guidance_weight == 0, device=noise.device)
        weight = noise.new_full((batch,), config.guidance_weight)
        guidance = weight, torch.full((batch,), bool(skipped), device=noise.device)
        branches, skips, told = 1, (), transformer.read(text.tokens, text.valid, dropped, guidance)
    else:
        dropped = torch.arange(2 * batch, device=noise.device) >= batch
        told = transformer.read(text.tokens.repeat(2, 1, 1), text.valid.repeat(2, 1), dropped)
        branches, skips = 2, (skipped, batch)

    def conditions(tokens: torch.Tensor, hidden: torch.Tensor) -> _Conditions:
        shown = tokens.repeat(branches, 1, 1), hidden.repeat(branches, 1)
        features = transformer(*shown, None, told, *skips, finished=False)
        return lambda places: transformer.finish(features, None, told, *skips, places=places.repeat(branches, 1))

    return conditions


def _drawn(
    solve: _Solver,
    conditions: _Conditions,
    noise: torch.Tensor,
    known: Known,
    tokens: torch.Tensor,
    wanted: torch.Tensor,
) -> torch.Tensor:
    """``tokens`` (batch, count, dim) with those ``wanted`` (batch, count) drawn by the head."""
    most = int(wanted.sum(dim=1).max())
    if not most:
        return tokens
    places = wanted.int().argsort(dim=1, descending=True, stable=True)[:, :most]  # others where a row wants fewer
    vectors = conditions(places).unflatten(0, (-1, len(tokens)))[:, wanted.gather(1, places)].flatten(0, 1)
    drawn = solve(vectors, noise[wanted], Known(known.tokens[wanted], known.given[wanted]))
    return tokens.masked_scatter(wanted[..., None], drawn)


class _Solver:
    """Goes from noise to tokens by a ``head``, and remembers what the head takes from its times."""

    def __init__(self, head: DiffusionHead, config: SamplingConfig):
        self.head, self.config = head, config
        self._moments: dict[int, torch.Tensor] = {}

    def __call__(self, vectors: torch.Tensor, noise: torch.Tensor, fixed: Known) -> torch.Tensor:
        """Return tokens (n, dim), no unit, for ``noise`` of that shape.

        ``vectors`` (branches * n, width) are the conditions with the text and those without, or those that a distilled
        head takes alone. Channels given in ``fixed`` go straight to their value. A distilled head goes from one solver
        step to the next in one evaluation; tokens of which channels are given take at least ``JUMPS_BESIDE`` of them:
        the others see what is given only there.
        """
        x, config = noise * self.config.temperature, self.config
        given = bool(fixed.given.any())
        steps = max(config.solver_steps, JUMPS_BESIDE) if given and self.head.distilled else config.solver_steps
        straight, projected = fixed.tokens - x, self.head.condition(vectors)
        moments = dict(zip(solver_times(steps)[:-1], self._at(steps, x), strict=True))

        def velocity(x: torch.Tensor, time: float) -> torch.Tensor:
            if self.head.distilled:
                field = self.head.velocity_at(x, moments[time], projected)
            else:
                with_text, without = self.head.velocity_at(x.repeat(2, 1), moments[time], projected).chunk(2)
                field = guided(without, with_text, config.guidance_weight, config.guidance_rescale)
            return torch.where(fixed.given, straight, field) if given else field

        return euler(velocity, x, steps)

    def _at(self, steps: int, like: torch.Tensor) -> torch.Tensor:
        """Return what the head takes from each of its ``steps`` (steps, head width)."""
        if steps not in self._moments:
            times = like.new_tensor(solver_times(steps))
            self._moments[steps] = self.head.moment(times[:-1], times[1:])
        return self._moments[steps]
