"""A model that is too large for the machine is refused with the memory that it would need."""

from __future__ import annotations

import pytest
import torch

from textrae.devices import memory_of
from textrae.errors import ConfigError
from textrae.nn.autoencoder import Autoencoder
from textrae.settings.model import ModelConfig
from textrae.training import size

CPU = torch.device("cpu")
SHAPES = [
    ModelConfig(hidden=24, embedding=16, slots=0, latent=12),
    ModelConfig(hidden=24, embedding=16, latent=12, slots=3, cell="lstm", layers=2),
    ModelConfig(hidden=24, embedding=16, latent=12, hierarchical=True, segments="4,sentence"),
    ModelConfig(hidden=24, embedding=16, latent=12, memory="states", scoring="additive"),
    ModelConfig(hidden=24, embedding=16, latent=12, vectors=40),
]


@pytest.mark.parametrize("config", SHAPES)
def test_parameters_are_counted_without_making_them(config: ModelConfig) -> None:
    made = sum(parameter.numel() for parameter in Autoencoder(config, 50, 60).parameters())
    assert size.parameters(config, 50, 60) == made
    assert size._guess(config, 110) > made


def test_a_model_that_needs_more_memory_than_there_is_is_refused() -> None:
    memory = memory_of(CPU)
    assert memory is not None
    assert memory > 1 << 28
    size.refuse_oversized(ModelConfig(), 5_000, None, CPU)
    with pytest.raises(
        ConfigError, match=r"of 6,[\d,]+ M parameters needs 12[\d,.]+ GiB .* `hidden`"
    ) as caught:
        size.refuse_oversized(ModelConfig(hidden=65_536, layers=64), 300, None, CPU)
    assert "\n" not in str(caught.value)


def test_the_limit_is_the_memory_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    config = SHAPES[0]
    need = size.BYTES * size.parameters(config, 50)
    for memory in (None, need):
        monkeypatch.setattr(size, "memory_of", lambda device, found=memory: found)
        size.refuse_oversized(config, 50, None, CPU)
    monkeypatch.setattr(size, "memory_of", lambda device: need - 1)
    with pytest.raises(ConfigError):
        size.refuse_oversized(config, 50, None, CPU)
