"""Features → latent: the one place where a sentence is a fixed number of numbers."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_EPS = 1e-8
"""Beside a variance: small, because means that shrink are what the norm is to prevent."""


class Latent(NamedTuple):
    """What the bottleneck knows of a batch of sentences."""

    vector: Tensor
    """(batch, slots · latent), what the decoder is given."""
    mean: Tensor | None = None
    """Of a variational model's posterior, as `vector`."""
    log_variance: Tensor | None = None
    """Of the same."""
    states: Tensor | None = None
    """(batch, time, features), where the decoder attends over all of them."""
    absent: Tensor | None = None
    """(batch, time), −∞ at padding and 0 elsewhere, beside `states`."""
    tree: tuple[Tensor, ...] = ()
    """Of a hierarchical model: counts of the units, for teacher forcing."""
    levels: tuple[Tensor, ...] = ()
    """Of the same: each level's unit features."""

    def take(self, rows: slice | Tensor) -> Latent:
        """Some of the sentences, for generation."""
        others = (self.mean, self.log_variance, self.states, self.absent)
        mean, log_variance, states, absent = (None if part is None else part[rows] for part in others)
        return Latent(self.vector[rows], mean, log_variance, states, absent)


class Bottleneck(nn.Module):
    """An affine projection to `latent` numbers, of each slot where there are several.

    Shifted and scaled to mean 0 and variance 1 over a sentence's numbers: layer normalisation (Ba, Kiros & Hinton 2016)
    without gain, so that the decoder meets encodings of one length from the first step to the last. A variational one
    (Kingma & Welling 2014) gives mean and log variance of a Gaussian instead, as they are.

    Args:
        features: numbers of the encoder's features, of a sentence or of each slot.
        latent: numbers of the encoding, of a sentence or of each slot.
        slots: how many there are; each has a projection of its own.
        variational: whether the encoding is drawn from a posterior.
        normalised: whether an encoding that is not is normalised.
        posterior_norm: γ: means of the posteriors have this standard deviation over a batch, and a mean that is learnt
            (batch normalisation as by Zhu et al. 2020); 0 for none.
        shared: whether slots have one projection, and only a bias of their own.
    """

    def __init__(
        self,
        features: int,
        latent: int,
        slots: int = 1,
        variational: bool = False,
        normalised: bool = True,
        posterior_norm: float = 0.0,
        shared: bool = False,
    ) -> None:
        super().__init__()
        self.latent = latent
        self.project = _affine(features, latent, slots, shared)
        self.spread = _affine(features, latent, slots, shared) if variational else None
        self.normalised, self.gamma, self.draws = normalised, posterior_norm, True
        self.norm = nn.BatchNorm1d(slots * latent, eps=_EPS, affine=False) if posterior_norm else None
        self.shift = nn.Parameter(torch.zeros(slots * latent)) if posterior_norm else None

    def forward(self, features: Tensor, added: Tensor | None = None) -> Latent:
        """A latent with a (batch, slots · latent) vector.

        Args:
            features: (batch, features), or (batch, slots, features).
            added: (batch, slots · latent), to be added to what they are projected to.
        """
        mean = self.project(features)
        if added is not None:
            mean = mean + added
        if self.spread is None:
            return Latent(F.layer_norm(mean, mean.shape[-1:]) if self.normalised else mean)
        mean, log_variance = mean.float(), self.spread(features).float()
        if self.norm is not None:
            mean = self._normed(mean)
        vector = mean
        if self.training and self.draws:
            vector = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        return Latent(vector, mean, log_variance)

    def _normed(self, mean: Tensor) -> Tensor:
        assert self.norm is not None
        assert self.shift is not None
        # one sentence has no deviation: it takes that of the batches before it, as what is frozen always does
        use = self.training and len(mean) > 1 and self.shift.requires_grad
        scaled = F.batch_norm(mean, self.norm.running_mean, self.norm.running_var, training=use, eps=_EPS)
        return self.gamma * scaled + self.shift


def _affine(features: int, latent: int, slots: int, shared: bool) -> nn.Module:
    return nn.Linear(features, latent) if slots == 1 else PerSlot(slots, features, latent, shared)


class PerSlot(nn.Module):
    """An affine map for each slot: (batch, slots, inputs) → (batch, slots · outputs).

    Args:
        slots: how many there are.
        inputs: numbers of each before.
        outputs: numbers of each after.
        shared: whether all have one matrix; the biases are their own.
    """

    def __init__(self, slots: int, inputs: int, outputs: int, shared: bool = False) -> None:
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(
            torch.empty(1 if shared else slots, inputs, outputs).uniform_(-bound, bound)
        )
        self.bias = nn.Parameter(torch.zeros(slots * outputs))

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        weight = self.weight.to(features.dtype)
        one = len(weight) == 1
        product = features @ weight[0] if one else torch.einsum("bsi,sio->bso", features, weight)
        return product.flatten(1) + self.bias
