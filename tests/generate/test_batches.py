"""Batches: how many at once, whose seeds and guidance, and what progress they tell."""

import pytest
from generator_fakes import FakeGenerator

from runtime.generate.batches import in_batches


@pytest.fixture
def fake():
    return FakeGenerator()


def test_progress_counts_the_steps_of_all_batches(fake):
    seen = []
    batches = in_batches(fake, ["x"] * 20, 8, range(20), None, lambda step, total, _: seen.append((step, total)))
    assert [len(batch) for batch in batches] == [8, 8, 4]
    assert seen == [(step, 6) for step in range(1, 7)]


def test_guidance_is_made_for_the_prompts_of_each_batch(fake):
    seen = []
    fake_generate = fake.generate

    def generate(*words, guidance, **options):
        seen.append(guidance)
        return fake_generate(*words, **options)

    fake.generate = generate
    list(in_batches(fake, ["a"] * 8 + ["b"], 8, range(9), None, lambda *_: None, "".join))
    assert seen == ["aaaaaaaa", "b"]
