"""Whether a variational model uses its latent dimensions: the field's measures of posterior collapse."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

ACTIVE = 0.01
"""Variance of a dimension's posterior mean over sentences above which it is active (Burda et al. 2016)."""
_CHUNK = 256
"""Points whose densities under all components are in memory at once."""


@dataclass(frozen=True)
class Diagnosis:
    """How much the posteriors of some sentences say about them."""

    sentences: int
    """Number of sentences measured."""
    kl: float
    """Mean KL divergence of a sentence's posterior from the prior, nats."""
    kl_by_dimension: list[float]
    """Mean KL divergence in each dimension, nats."""
    active_units: int
    """Dimensions whose posterior mean varies over sentences: Var_x E[z|x] > 0.01 (Burda et al. 2016)."""
    dimensions: int
    """Number of latent dimensions."""
    mutual_information: float
    """I(x; z) = E KL(q(z|x) ‖ p(z)) - KL(q(z) ‖ p(z)) (Hoffman & Johnson 2016), nats; at most log `sentences`."""
    blank: int = 0
    """Number of blank sentences, which were left out."""

    @property
    def collapsed(self) -> bool:
        """Whether less than a tenth of the dimensions are active."""
        return collapsed(self.active_units, self.dimensions)

    def describe(self) -> str:
        """Return the figures in one line."""
        return (
            f"posterior over {self.sentences:,} sentences: KL {self.kl:.2f} nats, mutual information "
            f"{self.mutual_information:.2f} nats (at most {math.log(self.sentences):.2f}), "
            f"active units {self.active_units}/{self.dimensions}"
        )

    def advice(self) -> str | None:
        """Return what to do about a collapsed posterior, in one line; None if it has not collapsed."""
        if not self.collapsed:
            return None
        return (
            f"the posterior has collapsed: {self.active_units} of {self.dimensions} latent dimensions vary from sentence to "
            f"sentence (KL {self.kl:.2f} nats), so sampling and decoding will ignore the vector; "
            "lower `beta`, or raise `free_bits`, or give `pretrain=0.3` and `free_bits=0.2`"
        )


def collapsed(active: int, dimensions: int) -> bool:
    """Return whether less than a tenth of the dimensions are active, but at least one must be."""
    return active < max(1, dimensions // 10)


@torch.no_grad()
def diagnose(mean: Tensor, log_variance: Tensor, seed: int = 0) -> Diagnosis:
    """Measure posteriors N(mean, exp(log_variance)).

    The aggregated posterior q(z) is the mixture of the given posteriors. The mutual information is the mean of
    log q(z|x) - log q(z) over one draw z from each, so it is at most the logarithm of their number.

    Args:
        mean: (sentences, dimensions).
        log_variance: (sentences, dimensions).
        seed: of the draws.
    """
    mean, log_variance = mean.cpu().double(), log_variance.cpu().double()
    count, dimensions = mean.shape
    terms = (0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)).mean(0)
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.double)
    drawn = mean + noise * (0.5 * log_variance).exp()
    own = -0.5 * (noise.square() + log_variance + math.log(2 * math.pi)).sum(1)
    return Diagnosis(
        sentences=count,
        kl=float(terms.sum()),
        kl_by_dimension=terms.tolist(),
        active_units=int((mean.var(0, correction=0) > ACTIVE).sum()),
        dimensions=dimensions,
        mutual_information=float((own - log_mixture(drawn, mean, log_variance)).mean()),
    )


def log_mixture(points: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the log of the mean of the densities N(mean_i, exp(log_variance_i)) at each point.

    Args:
        points: (points, dimensions).
        mean: (components, dimensions).
        log_variance: (components, dimensions).

    Returns:
        (points,).
    """
    precision = (-log_variance).exp()
    constant = -0.5 * ((log_variance + math.log(2 * math.pi)).sum(1) + (mean.square() * precision).sum(1))
    parts = []
    for some in torch.split(points, _CHUNK):
        squares = some.square() @ precision.t() - 2 * some @ (mean * precision).t()
        parts.append((constant - 0.5 * squares).logsumexp(1))
    return torch.cat(parts) - math.log(len(mean))
