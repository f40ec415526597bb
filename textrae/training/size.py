"""The memory that training a model needs, so that one that is too large is refused before anything is computed."""

from __future__ import annotations

import torch

from textrae.devices import memory_of
from textrae.errors import ConfigError
from textrae.nn.autoencoder import Autoencoder
from textrae.settings.model import ModelConfig

BYTES = 20
"""Bytes that each parameter takes: its weight, gradient and two moments of Adam, and the best weight so far."""


def refuse_oversized(
    config: ModelConfig, vocab_size: int, target_vocab_size: int | None, device: torch.device
) -> None:
    """Reject a model that cannot be trained in the memory of a device; what a batch needs is not counted.

    Args:
        config: shape of the model.
        vocab_size: pieces of the tokenizer, or fewer if they are not known yet.
        target_vocab_size: pieces of the target's tokenizer if it has its own.
        device: device to train on.

    Raises:
        ConfigError: telling the parameters and the memory.
    """
    if fits(config, vocab_size, target_vocab_size, device):
        return
    count = parameters(config, vocab_size, target_vocab_size)
    raise ConfigError(
        f"a model of {count / 1e6:,.0f} M parameters needs {_gib(BYTES * count)} to be trained (weights, gradients, "
        f"Adam's moments), and {device.type} has {_gib(memory_of(device) or 0)} here; give a smaller `hidden`, `layers`, "
        "`embedding` or `latent`"
    )


def fits(config: ModelConfig, vocab_size: int, target_vocab_size: int | None, device: torch.device) -> bool:
    """Return whether a model can be trained in the memory of a device, as :func:`refuse_oversized` has it."""
    memory = memory_of(device)
    if memory is None or BYTES * _guess(config, vocab_size + (target_vocab_size or 0)) <= memory:
        return True
    return BYTES * parameters(config, vocab_size, target_vocab_size) <= memory


def parameters(config: ModelConfig, vocab_size: int, target_vocab_size: int | None = None) -> int:
    """Return the number of parameters of a model, which is not made."""
    with torch.device("meta"):
        network = Autoencoder(config, vocab_size, target_vocab_size)
    return sum(parameter.numel() for parameter in network.parameters())


def _guess(config: ModelConfig, rows: int) -> int:
    """Return more parameters than a model has; counting them takes torch's meta device, a second when first used."""
    widest = 2 * config.hidden + config.embedding + config.encoding_size + config.vectors
    return 2 * rows * widest + 12 * (config.layers + 1 + 2 * config.levels) * widest**2


def _gib(count: int) -> str:
    """Return a number of bytes as it is read: 1.5 GiB."""
    return f"{count / 2**30:,.1f} GiB"
