"""Likelihood estimates where the likelihood is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from textrae.evaluation.likelihood import importance_weighted, likelihood, weigh_draws

NUMBERS, SEEN, NOISE = 3, 5, 0.5


def linear_gaussian() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """x = W z + noise: 40 sentences x, W, and mean and covariance of the exact posterior of each."""
    torch.manual_seed(0)
    weight = torch.randn(SEEN, NUMBERS, dtype=torch.double)
    x = torch.randn(40, NUMBERS, dtype=torch.double) @ weight.t() + NOISE * torch.randn(
        40, SEEN, dtype=torch.double
    )
    covariance = torch.linalg.inv(torch.eye(NUMBERS) + weight.t() @ weight / NOISE**2)
    return x, weight, x @ weight @ covariance / NOISE**2, covariance


def estimate(samples: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Exact log p(x), its importance-weighted estimate and the evidence bound, with a diagonal posterior."""
    x, weight, mean, covariance = linear_gaussian()
    marginal = MultivariateNormal(
        torch.zeros(SEEN).double(), weight @ weight.t() + NOISE**2 * torch.eye(SEEN)
    )

    def fit(z: Tensor) -> Tensor:
        return MultivariateNormal(z @ weight.t(), NOISE**2 * torch.eye(SEEN).double()).log_prob(x)

    spread = covariance.diagonal().log().expand(len(x), -1)
    weights, elbo = weigh_draws(mean, spread, fit, samples, torch.Generator().manual_seed(seed))
    return marginal.log_prob(x), importance_weighted(weights), elbo


def test_importance_weighted_likelihood_is_the_exact_one() -> None:
    exact, estimated, elbo = estimate(2_000)
    assert float(estimated.mean()) == pytest.approx(float(exact.mean()), rel=0.005)
    assert float(elbo.mean()) < float(exact.mean())


def test_the_bound_tightens_with_more_samples() -> None:
    means = [
        sum(float(estimate(samples, seed)[1].mean()) for seed in range(5)) / 5 for samples in (1, 10, 200)
    ]
    assert means[0] < means[1] < means[2]


def test_perplexities_count_their_units() -> None:
    texts = ["a b c", "d"]
    found = likelihood(torch.tensor([-5.0, -3.0]), torch.tensor([4.0, 2.0]), texts, 12, 7)
    assert (found.samples, found.sentences, found.elbo, found.nll) == (7, 2, -4.0, 3.0)
    assert found.perplexity_word == pytest.approx(math.exp(6 / 6))
    assert found.perplexity_token == pytest.approx(math.exp(6 / 12))
    assert found.perplexity_byte == pytest.approx(math.exp(6 / 8))
    assert "7 samples" in found.describe()
