"""Features → latent: the one place where a sentence is a fixed number of numbers."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class Latent(NamedTuple):
    """What the bottleneck knows of a batch of sentences."""

    vector: Tensor
    """(batch, latent), what the decoder is given."""


class Bottleneck(nn.Module):
    """An affine projection to `latent` numbers."""

    def __init__(self, features: int, latent: int) -> None:
        super().__init__()
        self.project = nn.Linear(features, latent)

    def forward(self, features: Tensor) -> Latent:
        """(batch, features) → a latent with a (batch, latent) vector."""
        return Latent(self.project(features))
