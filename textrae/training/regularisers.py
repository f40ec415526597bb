"""What pulls encodings towards a standard Gaussian: the KL divergence with free bits, MMD, and an adversary."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textrae.nn.bottleneck import Latent

_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def kl_terms(latent: Latent) -> Tensor:
    """½ (μ² + σ² - 1 - log σ²), in nats, of each number of each sentence (Kingma & Welling 2014): (batch, numbers).

    Raises:
        ValueError: the model is not variational.
    """
    if latent.mean is None or latent.log_variance is None:
        raise ValueError("a latent without a posterior has no KL divergence")
    return 0.5 * (latent.mean.square() + latent.log_variance.exp() - 1 - latent.log_variance)


def kl_divergence(latent: Latent) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) of each sentence, in nats: (batch,). Raises as :func:`kl_terms`."""
    return kl_terms(latent).sum(-1)


def with_free_bits(terms: Tensor, least: float, per: Literal["dimension", "sentence"]) -> Tensor:
    """The mean divergence of a sentence, of which the first `least` nats cost nothing.

    Args:
        terms: (batch, numbers), from :func:`kl_terms`.
        least: λ, nats.
        per: ``dimension``: Σ_j max(λ, mean of KL_j over the batch) (Kingma et al. 2016); ``sentence``: the mean of
            max(λ, Σ_j KL_j) (as Li et al. 2019 compare).
    """
    if per == "dimension":
        return terms.mean(0).clamp_min(least).sum()
    return terms.sum(-1).clamp_min(least).mean()


def mmd(encodings: Tensor, prior: Tensor) -> Tensor:
    """Squared maximum mean discrepancy between encodings and draws from the prior (WAE; Tolstikhin et al. 2018).

    Its unbiased estimate under their inverse multiquadratic kernel Σ_s C_s / (C_s + ‖x - y‖²), C_s = 2 · numbers · s.

    Args:
        encodings: (batch, numbers).
        prior: the same shape.
    """
    count, numbers = encodings.shape
    if count < 2:
        return encodings.new_zeros(())

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        apart = (x.square().sum(1).unsqueeze(1) + y.square().sum(1) - 2 * x @ y.t()).clamp_min(0.0)
        scales = [2.0 * numbers * scale for scale in _SCALES]
        return torch.stack([scale / (scale + apart) for scale in scales]).sum(0)

    same = [kernel(x, x) for x in (encodings, prior)]
    within = sum((k.sum() - k.diagonal().sum()) / (count * (count - 1)) for k in same)
    return within - 2 * kernel(encodings, prior).mean()


class Critic(nn.Module):
    """Tells encodings from draws of the prior, and so teaches the encoder to make them alike (AAE; Makhzani et al. 2015).

    Args:
        numbers: of an encoding.
        hidden: of its only hidden layer.
    """

    def __init__(self, numbers: int, hidden: int = 512) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(numbers, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, vectors: Tensor) -> Tensor:
        """(batch, numbers) → (batch,) log odds that each is a draw from the prior."""
        scores: Tensor = self.layers(vectors)
        return scores.squeeze(-1)

    def own_loss(self, encodings: Tensor, prior: Tensor) -> Tensor:
        """What the critic minimises: the nats it is wrong by, half for encodings and half for the prior's draws."""
        real, made = self.forward(prior), self.forward(encodings.detach())
        return 0.5 * (F.softplus(-real).mean() + F.softplus(made).mean())

    def loss(self, encodings: Tensor) -> Tensor:
        """What the encoder minimises: -log of the odds' probability that its encodings are the prior's."""
        return F.softplus(-self.forward(encodings)).mean()
