"""Features → latent: the one place where a sentence is a fixed number of numbers."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F


class Latent(NamedTuple):
    """What the bottleneck knows of a batch of sentences."""

    vector: Tensor
    """(batch, latent), what the decoder is given."""


class Bottleneck(nn.Module):
    """An affine projection to `latent` numbers, shifted and scaled to mean 0 and variance 1 over a sentence's numbers.

    Layer normalisation (Ba, Kiros & Hinton 2016) without gain: the decoder meets encodings of one length from the
    first step to the last.
    """

    def __init__(self, features: int, latent: int) -> None:
        super().__init__()
        self.project = nn.Linear(features, latent)

    def forward(self, features: Tensor) -> Latent:
        """(batch, features) → a latent with a (batch, latent) vector."""
        projected = self.project(features)
        return Latent(F.layer_norm(projected, projected.shape[-1:]))
