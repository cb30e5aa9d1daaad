"""Sampling: the schedule, the solver against a closed form, guidance, seeds."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from runtime.config import GeneratorConfig, SamplingConfig
from runtime.model.generator import MotionGenerator, draw_mask
from runtime.model.sampling import Known, euler, guided, kept_after, noise_of_seeds, rank_of_missing, sample
from runtime.model.text_encoder import TextFeatures

TINY = GeneratorConfig(
    token_dim=5, width=16, layers=2, heads=2, feedforward=32, text_dim=12, head_width=16, head_blocks=1
)


def tiny_networks(seed=0):
    torch.manual_seed(seed)
    networks = MotionGenerator(TINY).eval()
    for parameter in networks.parameters():  # the output layers start at zero: give them something to say
        torch.nn.init.normal_(parameter, std=0.3)
    return networks


def text_of(batch, words=4, seed=3):
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randn(batch, words, 12, generator=generator)
    return TextFeatures(tokens, torch.ones(batch, words, dtype=torch.bool), tokens.mean(1))


def test_cosine_schedule_reveals_everything_and_never_hides_again():
    for count in (1, 6, 49):
        known = [kept_after(step, 12, count) for step in range(13)]
        assert known[0] == 0 and known[-1] == count
        assert known == sorted(known)


def test_euler_reaches_the_target_of_a_straight_field():
    target = torch.tensor([1.0, -2.0, 3.0])
    noise = torch.tensor([0.3, 0.1, -0.2])
    assert torch.allclose(euler(lambda x, t: target - noise, noise, 7), target, atol=1e-6)


def test_euler_converges_to_the_exponential():
    coarse = euler(lambda x, t: x, torch.ones(1), 10).item()
    fine = euler(lambda x, t: x, torch.ones(1), 1000).item()
    assert abs(fine - math.e) < 5e-3 < abs(coarse - math.e)


def test_guidance_extrapolates():
    assert guided(torch.tensor([1.0]), torch.tensor([3.0]), 2.5).item() == pytest.approx(6.0)


def test_rescaling_gives_the_length_back_and_keeps_the_direction():
    without, with_text = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    plain = guided(without, with_text, 3.0)
    whole = guided(without, with_text, 3.0, rescale=1.0)
    half = guided(without, with_text, 3.0, rescale=0.5)
    assert whole.norm().item() == pytest.approx(2.0)
    assert half.norm().item() == pytest.approx((2.0 + plain.norm().item()) / 2)
    assert torch.allclose(whole / whole.norm(), plain / plain.norm())


def test_rows_that_skip_a_layer_are_those_of_a_network_without_it():
    networks, text, count = tiny_networks(), text_of(2), 6
    tokens, hidden = torch.randn(2, count, 5), torch.rand(2, count) < 0.5
    valid, dropped = torch.ones(2, count, dtype=torch.bool), torch.zeros(2, dtype=torch.bool)
    condition = networks.transformer.read(text.tokens, text.valid, dropped)
    whole = networks.transformer(tokens, hidden, valid, condition)
    mixed = networks.transformer(tokens, hidden, valid, condition, (1,), 1)
    shorter = tiny_networks()
    del shorter.transformer.layers[1]
    assert torch.allclose(mixed[:1], whole[:1], atol=1e-6)
    assert torch.allclose(mixed[1:], shorter.transformer(tokens, hidden, valid, condition)[1:], atol=1e-6)
    assert (mixed[1:] - whole[1:]).abs().max() > 0.1


def test_without_guidance_no_layer_is_skipped():
    networks, text, drawn = tiny_networks(), text_of(1), noise_of_seeds([1], 8, 5)

    def made(weight, skipped):
        config = SamplingConfig(steps=3, solver_steps=2, guidance_weight=weight, skipped=skipped)
        return sample(networks, text, *drawn, config)

    for weight in (0.0, 1.0):
        assert torch.equal(made(weight, (1,)), made(weight, ()))
    assert not torch.allclose(made(2.5, (1,)), made(2.5, ()), atol=1e-2)


def test_a_sample_depends_on_its_own_seed_only():
    networks, config = tiny_networks(), SamplingConfig(steps=4, solver_steps=3)
    text = text_of(3)
    together = sample(networks, text, *noise_of_seeds([7, 8, 9], 10, 5), config)
    alone = sample(networks, TextFeatures(*(part[1:2] for part in text)), *noise_of_seeds([8], 10, 5), config)
    assert torch.allclose(together[1:2], alone, atol=1e-5)
    assert not torch.allclose(together[0], together[1], atol=1e-2)


def test_text_changes_the_sample():
    networks, config = tiny_networks(), SamplingConfig(steps=4, solver_steps=3)
    drawn = noise_of_seeds([1], 8, 5)
    assert not torch.allclose(
        sample(networks, text_of(1, seed=3), *drawn, config),
        sample(networks, text_of(1, seed=4), *drawn, config),
        atol=1e-3,
    )


def test_every_step_is_reported_and_can_stop():
    networks, seen = tiny_networks(), []

    def stop_at_three(step, steps, coarse):
        seen.append((step, steps, tuple(coarse().shape)))
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample(
            networks, text_of(2), *noise_of_seeds([1, 2], 8, 5), SamplingConfig(steps=6, solver_steps=1), stop_at_three
        )
    assert seen == [(1, 6, (2, 8, 5)), (2, 6, (2, 8, 5)), (3, 6, (2, 8, 5))]


def test_known_tokens_are_never_changed_again():
    networks, history = tiny_networks(), []
    noise, order = noise_of_seeds([4], 12, 5)
    sample(
        networks,
        text_of(1),
        noise,
        order,
        SamplingConfig(steps=5, solver_steps=2),
        lambda s, n, coarse: history.append(coarse()),
    )
    rank = order.argsort(dim=1)[0]
    for step, tokens in enumerate(history[:-1], start=1):
        known = rank < kept_after(step, 5, 12)
        assert torch.equal(tokens[0, known], history[-1][0, known])


def test_masks_hide_at_least_one_valid_token_and_no_padding():
    torch.manual_seed(0)
    valid = torch.arange(20) < torch.randint(1, 21, (500, 1))
    masked = draw_mask(valid)
    assert (masked.sum(1) >= 1).all()
    assert not (masked & ~valid).any()
    share = (masked.sum(1) / valid.sum(1)).mean().item()
    assert share == pytest.approx(2 / math.pi, abs=0.05)  # mean of cos(pi u / 2)


def test_padding_does_not_change_the_condition_of_real_tokens():
    networks = tiny_networks()
    text = text_of(1)
    condition = networks.transformer.read(text.tokens, text.valid, torch.zeros(1, dtype=torch.bool))
    tokens = torch.randn(1, 6, 5)
    hidden = torch.zeros(1, 6, dtype=torch.bool)
    alone = networks.transformer(tokens, hidden, torch.ones(1, 6, dtype=torch.bool), condition)
    padded_tokens = torch.cat([tokens, torch.randn(1, 4, 5)], dim=1)
    valid = torch.arange(10)[None] < 6
    padded = networks.transformer(padded_tokens, torch.zeros(1, 10, dtype=torch.bool), valid, condition)
    assert torch.allclose(alone, padded[:, :6], atol=1e-5)


def test_the_loss_can_be_learned():
    torch.manual_seed(0)
    networks = MotionGenerator(TINY)
    optimizer = torch.optim.Adam(networks.parameters(), lr=5e-3)
    tokens = text_of(32).tokens[:, :1, :5].expand(-1, 8, -1)  # the text says what every token is
    valid = torch.ones(32, 8, dtype=torch.bool)
    losses = []
    for _ in range(500):
        loss = networks.loss(tokens, valid, text_of(32))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-10:]) < 0.6 * sum(losses[:10])


def test_given_tokens_are_context_and_come_out_as_they_were():
    networks, config = tiny_networks(), SamplingConfig(steps=4, solver_steps=3)
    drawn = noise_of_seeds([1, 2], 9, 5)
    given = torch.zeros(2, 9, 5, dtype=torch.bool)
    given[0, :4], given[1, 7:] = True, True
    outcomes = []
    for value in (0.5, -0.5):
        known = Known(torch.full((2, 9, 5), value), given)
        outcomes.append(sample(networks, text_of(2), *drawn, config, known=known))
        assert (outcomes[-1][given] == value).all()
    assert (outcomes[0] - outcomes[1])[~given].abs().max() > 1e-3  # the rest was drawn around them


def test_given_channels_are_met_and_the_others_heed_them():
    networks, config = tiny_networks(), SamplingConfig(steps=3, solver_steps=5)
    drawn = noise_of_seeds([1], 6, 5)
    given = torch.zeros(1, 6, 5, dtype=torch.bool)
    given[..., 3:] = True
    outcomes = [
        sample(networks, text_of(1), *drawn, config, known=Known(torch.full((1, 6, 5), value), given))
        for value in (1.5, -1.5)
    ]
    assert torch.allclose(outcomes[0][..., 3:], torch.tensor(1.5), atol=1e-5)
    assert torch.allclose(outcomes[1][..., 3:], torch.tensor(-1.5), atol=1e-5)
    assert (outcomes[0] - outcomes[1])[..., :3].abs().max() > 1e-3


def test_steering_sees_what_is_fresh_and_cannot_move_what_is_given():
    networks, config, seen = tiny_networks(), SamplingConfig(steps=4, solver_steps=2), []
    given = torch.zeros(1, 8, 5, dtype=torch.bool)
    given[:, 2] = True

    def steer(tokens, fresh):
        seen.append(fresh.clone())
        return tokens + 100.0

    known = Known(torch.zeros(1, 8, 5), given)
    tokens = sample(networks, text_of(1), *noise_of_seeds([1], 8, 5), config, known=known, steer=steer)
    assert seen[0].sum() == 7 and not seen[0][0, 2]
    assert all((later & ~before).sum() == 0 for before, later in pairwise(seen))
    assert (tokens[0, 2] == 0).all() and (tokens[~given] > 50).all()


def test_the_places_of_missing_tokens_follow_the_drawn_order():
    order = torch.tensor([[3, 0, 2, 1]])
    missing = torch.tensor([[True, True, False, True]])
    assert rank_of_missing(order, missing)[missing].tolist() == [1, 2, 0]


@pytest.mark.parametrize("asked", [False, True])
def test_the_head_draws_what_a_step_keeps_and_the_rest_only_for_who_asks(monkeypatch, asked):
    networks, drawn = tiny_networks(), []
    velocity = networks.head.velocity_at
    monkeypatch.setattr(networks.head, "velocity_at", lambda x, *rest: drawn.append(len(x) // 2) or velocity(x, *rest))
    see = (lambda step, steps, coarse: coarse()) if asked else None
    sample(networks, text_of(1), *noise_of_seeds([1], 8, 5), SamplingConfig(steps=4, solver_steps=1), see)
    kept = [kept_after(step, 4, 8) for step in range(5)]
    assert sum(drawn) == (sum(8 - before for before in kept[:-1]) if asked else 8)


def test_what_is_seen_on_the_way_does_not_change_the_sample():
    networks, config = tiny_networks(), SamplingConfig(steps=5, solver_steps=2)
    drawn = noise_of_seeds([1, 2], 9, 5)
    quiet = sample(networks, text_of(2), *drawn, config)
    seen = sample(networks, text_of(2), *drawn, config, lambda step, steps, coarse: coarse())
    assert torch.equal(quiet, seen)


def test_conditions_of_some_tokens_are_those_among_all():
    networks, text = tiny_networks(), text_of(4)
    generator = torch.Generator().manual_seed(4)
    tokens, hidden = torch.randn(4, 6, 5, generator=generator), torch.rand(4, 6, generator=generator) < 0.5
    told = networks.transformer.read(text.tokens, text.valid, torch.arange(4) >= 2)
    places = torch.tensor([[0, 3], [5, 1], [2, 2], [4, 0]])
    for skipped in ((), (0,), (1,)):
        whole = networks.transformer(tokens, hidden, torch.ones(4, 6, dtype=torch.bool), told, skipped, 2)
        features = networks.transformer(tokens, hidden, None, told, skipped, 2, finished=False)
        some = networks.transformer.finish(features, None, told, skipped, 2, places)
        assert torch.allclose(some, whole[torch.arange(4)[:, None], places], atol=1e-5)


def distilled_networks(seed=0):
    torch.manual_seed(seed)
    networks = MotionGenerator(replace(TINY, distilled=True)).eval()
    for parameter in networks.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return networks


def test_distilled_networks_pass_once_a_step_and_jump_from_one_solver_time_to_the_next(monkeypatch):
    networks, text, spans = distilled_networks(), text_of(2), []
    passes, (moment, velocity) = [], (networks.head.moment, networks.head.velocity_at)
    networks.transformer.register_forward_hook(lambda *_: passes.append(1))
    times = {}

    def timed(time, until):
        features = moment(time, until)
        times.update(zip(map(tuple, features.tolist()), zip(time.tolist(), until.tolist(), strict=True), strict=True))
        return features

    def watched(noisy, its_moment, projected):
        spans.append(tuple(round(end, 3) for end in times[tuple(its_moment.tolist())]))
        return velocity(noisy, its_moment, projected)

    monkeypatch.setattr(networks.head, "moment", timed)
    monkeypatch.setattr(networks.head, "velocity_at", watched)
    noise, order = noise_of_seeds([1, 2], 6, 5)
    sample(networks, text, noise, order, SamplingConfig(steps=3, solver_steps=2))
    middle = round(0.5**1.2, 3)
    assert len(passes) == 3 and spans == [(0.0, middle), (middle, 1.0)] * 3


def test_distilled_networks_leave_what_is_given_and_see_it_in_four_jumps(monkeypatch):
    networks, text = distilled_networks(), text_of(1)
    noise, order = noise_of_seeds([1], 6, 5)
    given = torch.zeros(1, 6, 5, dtype=torch.bool)
    given[:, 2] = True
    given[:, 4, 3:] = True
    tokens = torch.full((1, 6, 5), 0.7)
    config = SamplingConfig(steps=2, solver_steps=1)
    drawn = sample(networks, text, noise, order, config, known=Known(tokens, given))
    assert torch.allclose(drawn[given], tokens[given], atol=1e-6)
    other = torch.where(given & (torch.arange(6)[:, None] == 4), -0.7, tokens)
    moved = sample(networks, text, noise, order, config, known=Known(other, given))
    assert (drawn - moved)[0, 4, :3].abs().max() > 1e-3, "other channels of the token go with what is given"


def test_distilled_networks_without_weight_hear_no_text():
    networks, noise = distilled_networks(), noise_of_seeds([1], 6, 5)
    config = SamplingConfig(steps=2, solver_steps=1, guidance_weight=0.0)
    drawn = [sample(networks, text_of(1, seed=seed), *noise, config) for seed in (3, 4)]
    assert torch.equal(*drawn)
    told = [sample(networks, text_of(1, seed=seed), *noise, replace(config, guidance_weight=2.5)) for seed in (3, 4)]
    assert (told[0] - told[1]).abs().max() > 1e-3
