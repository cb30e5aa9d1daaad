"""Distillation: targets against the sampler's own draws, losses against a closed form, what a run leaves and needs."""

from dataclasses import replace

import pytest
import torch

from runtime.cli import main
from runtime.config import GeneratorConfig
from runtime.model.generator import MotionGenerator
from runtime.model.sampling import noise_of_seeds, sample
from runtime.model.text_encoder import TextFeatures
from runtime.train import student as training

TINY = GeneratorConfig(
    token_dim=5, width=16, layers=2, heads=2, feedforward=32, text_dim=12, head_width=16, head_blocks=1
)
CLIPS, COUNT = 3, 6


@pytest.fixture
def teacher():
    torch.manual_seed(0)
    networks = MotionGenerator(TINY).eval().requires_grad_(False)
    for parameter in networks.parameters():  # the output layers start at zero: give them something to say
        torch.nn.init.normal_(parameter, std=0.3)
    return networks


@pytest.fixture
def text():
    tokens = torch.randn(CLIPS, 4, 12, generator=torch.Generator().manual_seed(3))
    return TextFeatures(tokens, torch.ones(CLIPS, 4, dtype=torch.bool), tokens.mean(1))


def lesson_of(weight: float, skipping: bool) -> training.Lesson:
    everywhere = torch.ones(CLIPS, COUNT, dtype=torch.bool)
    return training.Lesson(
        torch.zeros(CLIPS, COUNT, TINY.token_dim), everywhere, everywhere, torch.full((CLIPS,), weight), skipping
    )


def test_a_student_begins_as_its_teacher_with_the_text_alone(teacher, text):
    student, lesson = training.student_of(teacher), lesson_of(2.5, True)
    told = teacher.transformer.read(text.tokens, text.valid, torch.zeros(CLIPS, dtype=torch.bool))
    vectors = teacher.transformer(lesson.tokens, lesson.hidden, lesson.valid, told)
    assert torch.equal(training.student_conditions(student, text, lesson), vectors)
    noisy, times = torch.randn(CLIPS, COUNT, TINY.token_dim), torch.full((1,), 0.3)
    projected = student.head.condition(vectors)
    assert torch.equal(
        student.head.velocity(noisy, times, projected, torch.ones(1)), teacher.head(noisy, times, vectors)
    )


@pytest.mark.parametrize("weight, skipping", [(2.5, True), (4.0, False), (0.0, False)])
def test_taught_paths_end_where_the_teacher_draws(teacher, text, weight, skipping):
    config = replace(
        training.TAUGHT,
        steps=1,
        guidance_weight=weight,
        guidance_rescale=float(weight > 0),
        skipped=(1,) if skipping else (),
    )
    places = torch.nonzero(torch.ones(CLIPS, COUNT))
    torch.manual_seed(5)
    path = training.taught_path(teacher, text, lesson_of(weight, skipping), places)
    noise = path[0].reshape(CLIPS, COUNT, -1) / config.temperature
    order = noise_of_seeds([0, 1, 2], COUNT, TINY.token_dim)[1]
    drawn = sample(teacher, text, noise, order, config)
    assert torch.allclose(drawn.reshape(-1, TINY.token_dim), path[-1], atol=1e-5)


def test_a_head_that_says_nothing_errs_by_the_velocity(teacher):
    student = training.student_of(teacher)
    torch.nn.init.zeros_(student.head.out.weight)
    torch.nn.init.zeros_(student.head.out.bias)
    student.importance.copy_(torch.arange(1.0, 6.0))
    noise, velocity = torch.randn(7, 5), torch.tensor([1.0, -2.0, 0.5, 0.0, 3.0])
    path = [noise + time * velocity for time in training.solver_times(8)]
    losses = training.path_losses(student, torch.randn(7, 16), path)
    expected = (1 * 1 + 2 * 4 + 3 * 0.25 + 0 + 5 * 9) / 5
    assert losses["end"].item() == pytest.approx(expected), "nothing was gone of the whole way"
    late = 1 / (1 - 0.5**1.2)  # it has still all to go in the second of the two jumps that drawing takes
    assert losses["total"].item() == pytest.approx(expected * (1 + late**2 + 1) / 3, rel=1e-5)


class Clips:
    """A sampler of the same clips over and over."""

    def __init__(self, text: TextFeatures):
        self.text = text

    def batch(self, seed):
        everywhere = torch.ones(CLIPS, COUNT, dtype=torch.bool)
        tokens = torch.randn(CLIPS, COUNT, TINY.token_dim, generator=torch.Generator().manual_seed(1))
        return tokens, everywhere, self.text, everywhere.float()


def test_the_student_comes_nearer_to_the_teacher_and_is_told_the_weight(teacher, text):
    student, clips = training.student_of(teacher), Clips(text)
    before = training._validated(student, teacher, clips)["end"]
    optimizer = torch.optim.Adam(student.parameters(), 3e-3)
    for index in range(60):
        torch.manual_seed(100 + index)
        optimizer.zero_grad()
        training._losses(student, teacher, clips, index)["total"].backward()
        optimizer.step()
    assert training._validated(student, teacher, clips)["end"] < 0.5 * before
    said = [training.student_conditions(student, text, lesson_of(weight, True)) for weight in (1.5, 6.0)]
    assert (said[0] - said[1]).abs().max() > 1e-3


def test_what_cannot_be_trained_is_refused(tmp_path, capsys):
    command = ["train", "student", "--prepared", str(tmp_path), "--run", str(tmp_path / "run")]
    assert main.main([*command, "--precision", "bfloat16"]) != 0
    assert "The student has no --precision" in capsys.readouterr().err
    assert main.main(command) != 0
    assert "pool" in capsys.readouterr().err
