"""Measures of collapse where their values are known."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from textrae.latent.posterior import diagnose, log_mixture


def test_a_collapsed_posterior() -> None:
    found = diagnose(torch.zeros(300, 4), torch.zeros(300, 4))
    assert found.kl == 0.0
    assert found.active_units == 0
    assert found.mutual_information == pytest.approx(0.0, abs=1e-9)
    assert found.collapsed
    assert "`free_bits=0.2`" in (found.advice() or "")


def test_sentences_far_apart_are_told_apart_wholly() -> None:
    mean = torch.zeros(64, 3)
    mean[:, 0] = 100.0 * torch.arange(64)
    found = diagnose(mean, torch.zeros(64, 3))
    assert found.mutual_information == pytest.approx(math.log(64))
    assert found.active_units == 1
    assert found.kl_by_dimension[1:] == [0.0, 0.0]
    assert found.kl == pytest.approx(float(mean.square().sum(1).mean() / 2))
    assert not found.collapsed
    assert found.advice() is None


def test_mutual_information_of_gaussians() -> None:
    """q(z|x) = N(x, s²) with x ~ N(0, 1): I = ½ log((1 + s²) / s²) each number."""
    torch.manual_seed(0)
    mean, variance = torch.randn(4_000, 2), 0.5
    found = diagnose(mean, torch.full_like(mean, math.log(variance)))
    assert found.mutual_information == pytest.approx(math.log((1 + variance) / variance), rel=0.05)


def test_the_mixture_is_torchs() -> None:
    torch.manual_seed(0)
    mean, log_variance, points = torch.randn(3, 300, 3, dtype=torch.double)
    own = Independent(Normal(mean, (0.5 * log_variance).exp()), 1)
    expected = MixtureSameFamily(Categorical(logits=torch.zeros(300, dtype=torch.double)), own)
    torch.testing.assert_close(log_mixture(points, mean, log_variance), expected.log_prob(points))
