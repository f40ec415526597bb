"""The mixture: recovered from its own draws, and its density torch's."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from textrae.latent.mixture import Latents, Mixture, fit_mixture


def truth() -> Mixture:
    means = torch.tensor([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]], dtype=torch.double)
    factors = torch.tensor([[[1.0, 0.0], [0.5, 0.4]], [[0.3, 0.0], [0.0, 1.0]], [[1.0, 0.0], [-0.9, 0.5]]])
    return Mixture(torch.tensor([0.5, 0.3, 0.2], dtype=torch.double), means, factors.double())


def test_a_mixture_is_found_again() -> None:
    made = truth().sample(4_000, torch.Generator().manual_seed(0))
    kept = fit_mixture(made, components=3)
    found = Mixture(kept.weights.double(), kept.means.double(), kept.factors.double())
    order = torch.cdist(truth().means, found.means).argmin(1)
    torch.testing.assert_close(found.means[order], truth().means, atol=0.15, rtol=0)
    torch.testing.assert_close(found.weights[order], truth().weights, atol=0.03, rtol=0)
    for ours, real in zip(found.factors[order], truth().factors, strict=True):
        torch.testing.assert_close(ours @ ours.t(), real @ real.t(), atol=0.15, rtol=0)
    held_out = truth().sample(2_000, torch.Generator().manual_seed(1))
    assert float(truth().log_density(held_out).mean() - found.log_density(held_out).mean()) < 0.02


def test_its_density_is_torchs() -> None:
    mixture, points = truth(), torch.randn(50, 2, dtype=torch.double) * 5
    own = MultivariateNormal(mixture.means, scale_tril=mixture.factors)
    expected = MixtureSameFamily(Categorical(mixture.weights), own).log_prob(points)
    torch.testing.assert_close(mixture.log_density(points), expected)


@pytest.mark.parametrize("count", [1, 2, 7, 30])
def test_few_vectors_of_many_numbers_have_a_mixture_too(count: int) -> None:
    torch.manual_seed(0)
    found = fit_mixture(torch.randn(count, 16))
    assert found.sample(5, torch.Generator().manual_seed(0)).isfinite().all()
    same = fit_mixture(torch.ones(count, 4))
    assert same.sample(5, torch.Generator().manual_seed(0)).isfinite().all()


def test_to_tensors_and_back() -> None:
    vectors = torch.randn(40, 2)
    latents = Latents(vectors, None, fit_mixture(vectors))
    back = Latents.from_tensors(latents.to_tensors(), 2)
    torch.testing.assert_close(back.mixture.factors, latents.mixture.factors)
    draws = [one.mixture.sample(50, torch.Generator().manual_seed(3)) for one in (latents, back)]
    assert torch.equal(*draws)  # a seed draws the same before and after
    assert back.log_variance is None
    for spoil in (
        {"vectors": torch.randn(40, 3)},
        {"mixture.means": torch.full((1, 2), torch.nan)},
        {"x": vectors},
    ):
        with pytest.raises(ValueError, match="does not fit"):
            Latents.from_tensors({**latents.to_tensors(), **spoil}, 2)
    with pytest.raises(ValueError, match="no 'vectors'"):
        Latents.from_tensors({n: t for n, t in latents.to_tensors().items() if n != "vectors"}, 2)
