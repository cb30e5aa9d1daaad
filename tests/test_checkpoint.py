"""Weights files: round trip, int8, and every way they can be wrong."""

from dataclasses import dataclass

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from coamd_blender.errors import CoamdError, InputError, WeightsError
from runtime import checkpoint
from runtime.config import GeneratorConfig, RecognizerConfig, TextEncoderConfig, from_dict


@dataclass(frozen=True)
class Config:
    width: int = 4


def test_round_trip_keeps_configuration_and_values(tmp_path):
    tensors = {"a": torch.randn(3, 4), "b": torch.arange(3.0)}
    checkpoint.save(tmp_path / "w.safetensors", "thing", Config(9), tensors, {"step": 7})
    config, loaded, extra = checkpoint.load(tmp_path / "w.safetensors", "thing", Config)
    assert config == Config(9) and extra == {"step": 7}
    assert all(torch.equal(loaded[name], value) for name, value in tensors.items())


def test_int8_error_is_half_a_step_of_its_row():
    value = torch.randn(64, 128) * torch.logspace(-3, 3, 64)[:, None]
    rebuilt = checkpoint._expand(checkpoint.quantize({"m": value, "v": torch.ones(3)}))
    step = value.abs().amax(dim=1, keepdim=True) / 127
    assert ((rebuilt["m"] - value).abs() <= 0.5 * step * 1.001).all()
    assert torch.equal(rebuilt["v"], torch.ones(3))


def test_packed_matrices_take_half_the_space_and_come_back_within_half_precision(tmp_path):
    tensors = {"m": torch.randn(64, 64), "v": torch.randn(64), "stat": torch.tensor(1e6)}
    checkpoint.save(tmp_path / "final.safetensors", "thing", Config(9), tensors, {"step": 7})
    checkpoint.pack(tmp_path / "final.safetensors", tmp_path / "out" / "thing.safetensors")
    config, loaded, extra = checkpoint.load(tmp_path / "out" / "thing.safetensors", "thing", Config)
    assert config == Config(9) and extra == {"step": 7}
    assert torch.equal(loaded["m"], tensors["m"].half().float()) and torch.equal(loaded["v"], tensors["v"])
    assert loaded["stat"] == 1e6
    saved = (tmp_path / "final.safetensors").stat().st_size - (tmp_path / "out" / "thing.safetensors").stat().st_size
    assert saved == pytest.approx(2 * 64 * 64, abs=64)


def test_of_eight_bits_they_take_a_quarter_and_come_back_within_half_a_step_of_their_row(tmp_path):
    tensors = {"m": torch.randn(128, 64) * torch.logspace(-3, 3, 128)[:, None], "v": torch.randn(64)}
    checkpoint.save(tmp_path / "final.safetensors", "thing", Config(9), tensors)
    checkpoint.pack(tmp_path / "final.safetensors", tmp_path / "thing.safetensors", int8=True)
    config, loaded, _ = checkpoint.load(tmp_path / "thing.safetensors", "thing", Config)
    assert config == Config(9) and torch.equal(loaded["v"], tensors["v"])
    step = tensors["m"].abs().amax(dim=1, keepdim=True) / 127
    assert ((loaded["m"] - tensors["m"]).abs() <= 0.501 * step).all()
    saved = (tmp_path / "final.safetensors").stat().st_size - (tmp_path / "thing.safetensors").stat().st_size
    assert saved == pytest.approx(3 * 128 * 64 - 4 * 128, abs=128)


def test_the_mean_of_two_is_packed_and_another_network_refused(tmp_path):
    one, two = ({"m": torch.randn(8, 8), "v": torch.randn(8)} for _ in range(2))
    checkpoint.save(tmp_path / "one.safetensors", "thing", Config(9), one)
    checkpoint.save(tmp_path / "two.safetensors", "thing", Config(9), two)
    checkpoint.pack(tmp_path / "two.safetensors", tmp_path / "two_packed.safetensors")
    checkpoint.pack(tmp_path / "one.safetensors", tmp_path / "mean.safetensors", [tmp_path / "two_packed.safetensors"])
    _, mean, _ = checkpoint.load(tmp_path / "mean.safetensors", "thing", Config)
    torch.testing.assert_close(mean["m"], (one["m"] + two["m"]) / 2, rtol=0, atol=3e-3)
    torch.testing.assert_close(mean["v"], (one["v"] + two["v"]) / 2)
    checkpoint.save(tmp_path / "other.safetensors", "thing", Config(8), two)
    with pytest.raises(WeightsError, match="another network"):
        checkpoint.pack(tmp_path / "one.safetensors", tmp_path / "mean.safetensors", [tmp_path / "other.safetensors"])


def test_packing_refuses_checkpoints_and_values_that_do_not_fit(tmp_path):
    checkpoint.save(tmp_path / "last.safetensors", "thing", Config(), {"model.m": torch.ones(2, 2)})
    with pytest.raises(WeightsError, match="training checkpoint"):
        checkpoint.pack(tmp_path / "last.safetensors", tmp_path / "w.safetensors")
    checkpoint.save(tmp_path / "big.safetensors", "thing", Config(), {"m": torch.full((2, 2), 1e6)})
    with pytest.raises(WeightsError, match="half precision"):
        checkpoint.pack(tmp_path / "big.safetensors", tmp_path / "w.safetensors")
    assert not (tmp_path / "w.safetensors").exists()


def test_missing_file(tmp_path):
    with pytest.raises(WeightsError, match="is not in"):
        checkpoint.load(tmp_path / "none.safetensors", "thing", Config)


def test_torn_file(tmp_path):
    path = tmp_path / "w.safetensors"
    checkpoint.save(path, "thing", Config(), {"a": torch.randn(100, 100)})
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(WeightsError, match="torn"):
        checkpoint.load(path, "thing", Config)


def test_another_kind_or_format(tmp_path):
    path = tmp_path / "w.safetensors"
    checkpoint.save(path, "thing", Config(), {"a": torch.ones(1)})
    with pytest.raises(WeightsError, match="expected other"):
        checkpoint.load(path, "other", Config)
    save_file({"a": torch.ones(1)}, path)
    with pytest.raises(WeightsError, match="unknown of format none"):
        checkpoint.load(path, "thing", Config)


def test_unknown_configuration_key(tmp_path):
    @dataclass(frozen=True)
    class Newer:
        depth: int = 2

    checkpoint.save(tmp_path / "w.safetensors", "thing", Newer(), {"a": torch.ones(1)})
    with pytest.raises(CoamdError, match="does not know depth"):
        checkpoint.load(tmp_path / "w.safetensors", "thing", Config)


@pytest.mark.parametrize(
    "tensors, problem",
    [
        ({"weight": torch.ones(2, 2)}, "lacks bias"),
        ({"weight": torch.ones(2, 2), "bias": torch.ones(2), "extra": torch.ones(1)}, "has unknown extra"),
        ({"weight": torch.ones(3, 2), "bias": torch.ones(2)}, "misshapes weight"),
    ],
)
def test_keys_and_shapes_are_strict(tensors, problem):
    with pytest.raises(WeightsError, match=problem):
        checkpoint.load_module(nn.Linear(2, 2), tensors, "line")


def line(config: Config) -> nn.Module:
    """A network whose configuration states one size."""
    return nn.Linear(config.width, config.width)


def test_a_network_is_built_from_its_file(tmp_path):
    made = nn.Linear(4, 4)
    checkpoint.save(tmp_path / "w.safetensors", "thing", Config(), made.state_dict())
    loaded = checkpoint.network(tmp_path / "w.safetensors", "thing", Config, line, "line")
    assert torch.equal(loaded.weight, made.weight) and loaded.weight.device.type == "cpu"


def test_a_network_of_a_size_that_its_file_does_not_hold_takes_no_memory(tmp_path):
    checkpoint.save(tmp_path / "w.safetensors", "thing", Config(2**20), nn.Linear(4, 4).state_dict())
    with pytest.raises(WeightsError, match="misshapes"):  # its matrix would take 4 TB
        checkpoint.network(tmp_path / "w.safetensors", "thing", Config, line, "line")


@pytest.mark.parametrize("config", [GeneratorConfig, RecognizerConfig, TextEncoderConfig])
@pytest.mark.parametrize("wrong", [{"heads": 0}, {"width": 0}, {"layers": 100_000}, {"layers": -1}])
def test_sizes_that_no_network_has_are_refused_before_one_is_built(config, wrong):
    with pytest.raises(InputError):
        from_dict(config, wrong)


GOOD = {"coamd_format": checkpoint.FORMAT, "kind": "thing", "config": '{"width": 4}', "extra": "{}"}


@pytest.mark.parametrize(
    ("metadata", "tensors"),
    [
        *(({name: value}, {}) for name in ("config", "extra") for value in ("", "{", "[" * 9000, "3", "[1]", "null")),
        ({"config": '{"width": "wide"}'}, {}),
        ({"config": '{"width": true}'}, {}),
        ({"config": '{"width": 1000000000000}'}, {}),
        ({"config": '{"width": 1e400}'}, {}),
        ({"config": '{"height": 4}'}, {}),
        ({}, {"m": torch.tensor([1.0, float("nan")])}),
        ({}, {"m": torch.tensor([float("inf")], dtype=torch.float16)}),
        ({}, {"m": torch.ones(4, 4, dtype=torch.int8)}),
        ({}, {"m": torch.ones(4, 4).to(torch.float8_e5m2)}),
        ({}, {"m": torch.ones(4, 4, dtype=torch.int8), "m::scale": torch.ones(3, 1)}),
    ],
)
def test_values_that_are_not_a_networks_are_one_line(tmp_path, metadata, tensors):
    path = tmp_path / "w.safetensors"
    save_file({"v": torch.ones(2), **tensors}, path, GOOD | metadata)
    with pytest.raises(CoamdError) as caught:
        checkpoint.load(path, "thing", Config)
    assert caught.value.hint and "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["config", "extra"])
def test_a_file_that_says_nothing_of_itself_is_one_line(tmp_path, missing):
    path = tmp_path / "w.safetensors"
    save_file({"v": torch.ones(2)}, path, {name: value for name, value in GOOD.items() if name != missing})
    with pytest.raises(WeightsError, match="torn"):
        checkpoint.load(path, "thing", Config)
