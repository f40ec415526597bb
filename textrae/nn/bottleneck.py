"""Features → latent: the only place where a sentence has a fixed number of dimensions."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_EPS = 1e-8
"""Addend of a variance in batch normalisation: small, because the norm is to prevent shrinking means."""


class Latent(NamedTuple):
    """Encodings of a batch of sentences, with what else training and the decoder need."""

    vector: Tensor
    """Encoding given to the decoder, (batch, meaning + slots · latent)."""
    mean: Tensor | None = None
    """Mean of a variational model's posterior, same shape as `vector`."""
    log_variance: Tensor | None = None
    """Log variance of a variational model's posterior, same shape as `mean`."""
    states: Tensor | None = None
    """Encoder states (batch, time, features), if the decoder attends over all of them."""
    absent: Tensor | None = None
    """Mask of `states`, (batch, time): −∞ at padding and 0 elsewhere."""
    tree: tuple[Tensor, ...] = ()
    """Counts of the units of each level of a hierarchical model, for teacher forcing."""
    levels: tuple[Tensor, ...] = ()
    """Unit features of each level of a hierarchical model, (units, features)."""
    expected: Tensor | None = None
    """Lengths (batch,) that the decoder's clock went by, for the loss that foretells them."""
    meaning: Tensor | None = None
    """The part for meaning (batch, meaning), with its gradient, which `vector` begins with without one."""
    level: Tensor | None = None
    """Level of the noise in `vector` (batch,), from 0 to 1, for a decoder that is told it; None for no noise."""

    def take(self, rows: slice | Tensor) -> Latent:
        """Select sentences, for generation; `tree` and `levels` are left out."""
        others = (self.mean, self.log_variance, self.states, self.absent, self.level)
        mean, log_variance, states, absent, level = (None if part is None else part[rows] for part in others)
        return Latent(self.vector[rows], mean, log_variance, states, absent, level=level)


class Bottleneck(nn.Module):
    """An affine projection to `latent` dimensions, for a sentence or for each of its slots.

    The encoding is shifted and scaled to mean 0 and variance 1 over a sentence's dimensions: layer normalisation (Ba,
    Kiros & Hinton 2016) without gain. So the decoder meets encodings of one length throughout training. A variational
    bottleneck (Kingma & Welling 2014) gives mean and log variance of a Gaussian instead, without layer normalisation.
    The last dimension may be a number of its own, which tells the length and is not normalised.

    Args:
        features: dimensions of the encoder's features, of a sentence or of each slot.
        latent: dimensions of the encoding, of a sentence or of each slot.
        slots: number of slots; each has its own projection.
        variational: whether the encoding is drawn from a posterior.
        normalised: whether an encoding that is not drawn is normalised.
        posterior_norm: γ, the standard deviation of the posterior means over a batch; their mean is learnt (batch
            normalisation by Zhu et al. 2020). 0 for no normalisation.
        shared: whether slots share one projection and only have their own bias.
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
        self.size = slots * latent
        self.project = _affine(features, latent, slots, shared)
        self.spread = _affine(features, latent, slots, shared) if variational else None
        self.normalised, self.gamma, self.draws = normalised, posterior_norm, True
        self.norm = nn.BatchNorm1d(slots * latent, eps=_EPS, affine=False) if posterior_norm else None
        self.shift = nn.Parameter(torch.zeros(slots * latent)) if posterior_norm else None

    def forward(self, features: Tensor, added: Tensor | None = None, last: Tensor | None = None) -> Latent:
        """Compute the latent; in training, draw it from the posterior if there is one.

        Args:
            features: (batch, features), or (batch, slots, features).
            added: (batch, slots · latent), added to the projected features.
            last: (batch,) numbers that take the place of the last dimension; of its mean, if the bottleneck draws.

        Returns:
            The latent, with a (batch, slots · latent) vector.
        """
        mean = self.project(features)
        if added is not None:
            mean = mean + added
        if self.spread is None:
            if self.normalised:
                mean = _normalised(mean, last is not None)
            return Latent(mean if last is None else _with_last(mean, last))
        mean, log_variance = mean.float(), self.spread(features).float()
        if self.norm is not None:
            mean = self._normed(mean)
        if last is not None:
            mean = _with_last(mean, last)
        vector = mean
        if self.training and self.draws:
            vector = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        return Latent(vector, mean, log_variance)

    def _normed(self, mean: Tensor) -> Tensor:
        """Normalise the means of the posteriors over the batch, to deviation γ around a learnt mean."""
        assert self.norm is not None
        assert self.shift is not None
        # one sentence has no deviation: take that of the batches before, as a frozen bottleneck always does
        use = self.training and len(mean) > 1 and self.shift.requires_grad
        scaled = F.batch_norm(mean, self.norm.running_mean, self.norm.running_var, training=use, eps=_EPS)
        return self.gamma * scaled + self.shift


def _normalised(vectors: Tensor, but_last: bool) -> Tensor:
    """Shift and scale each row to mean 0 and variance 1 over its dimensions, except the last one if it is another's."""
    if not but_last:
        return F.layer_norm(vectors, vectors.shape[-1:])
    return F.pad(F.layer_norm(vectors[:, :-1], (vectors.shape[-1] - 1,)), (0, 1))


def _with_last(vectors: Tensor, last: Tensor) -> Tensor:
    """Put (batch,) numbers in the place of the last dimension; in float32, so that they stay exact under autocast."""
    return torch.cat([vectors[:, :-1].float(), last.float().unsqueeze(1)], dim=1)


def _affine(features: int, latent: int, slots: int, shared: bool) -> nn.Module:
    return nn.Linear(features, latent) if slots == 1 else PerSlot(slots, features, latent, shared)


class PerSlot(nn.Module):
    """An affine map for each slot: (batch, slots, inputs) → (batch, slots · outputs).

    Args:
        slots: number of slots.
        inputs: input dimensions of a slot.
        outputs: output dimensions of a slot.
        shared: whether all slots share one matrix; each has its own bias.
    """

    def __init__(self, slots: int, inputs: int, outputs: int, shared: bool = False) -> None:
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(
            torch.empty(1 if shared else slots, inputs, outputs).uniform_(-bound, bound)
        )
        self.bias = nn.Parameter(torch.zeros(slots * outputs))

    def forward(self, features: Tensor) -> Tensor:
        """Map each slot and join the results: (batch, slots, inputs) → (batch, slots · outputs)."""
        weight = self.weight.to(features.dtype)
        one = len(weight) == 1
        product = features @ weight[0] if one else torch.einsum("bsi,sio->bso", features, weight)
        return product.flatten(1) + self.bias
