"""What pulls encodings to the prior, against closed forms and torch's own distributions."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch.distributions import Normal

from textrae.errors import ConfigError
from textrae.nn.bottleneck import Bottleneck, Latent
from textrae.settings.model import Regulariser
from textrae.training.processes import ALONE, Processes
from textrae.training.regularisers import (
    REGULARISERS,
    Critic,
    kl_divergence,
    kl_terms,
    make_regulariser,
    mmd,
    regularisation,
    with_free_bits,
)


def posterior(count: int = 50, dimensions: int = 3) -> tuple[Latent, Normal]:
    generator = torch.Generator().manual_seed(0)
    mean, log_variance = torch.randn(2, count, dimensions, generator=generator)
    return Latent(mean, mean, log_variance), Normal(mean, (0.5 * log_variance).exp())


def test_kl_is_the_closed_form() -> None:
    latent, normal = posterior()
    expected = torch.distributions.kl_divergence(normal, Normal(0.0, 1.0))
    torch.testing.assert_close(kl_terms(latent), expected)
    torch.testing.assert_close(kl_divergence(latent), expected.sum(1))
    with pytest.raises(ValueError, match="without a posterior"):
        kl_divergence(Latent(latent.vector))


def test_free_bits_cost_nothing_and_have_no_gradient() -> None:
    terms = torch.tensor([[0.1, 3.0], [0.3, 1.0]], requires_grad=True)
    by_dimension = with_free_bits(terms, 0.5, "dimension")
    assert by_dimension.item() == pytest.approx(0.5 + 2.0)  # means 0.2, below, and 2.0, above
    (gradient,) = torch.autograd.grad(by_dimension, terms)
    assert gradient.tolist() == [[0.0, 0.5], [0.0, 0.5]]
    by_sentence = with_free_bits(terms, 2.0, "sentence")
    assert by_sentence.item() == pytest.approx((3.1 + 2.0) / 2)
    (gradient,) = torch.autograd.grad(by_sentence, terms)
    assert gradient.tolist() == [[0.5, 0.5], [0.0, 0.0]]
    assert with_free_bits(terms, 0.0, "dimension").item() == pytest.approx(terms.sum().item() / 2)


def test_mmd_is_the_mean_over_pairs() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(2, 5, 4, dtype=torch.double)

    def kernel(a: torch.Tensor, b: torch.Tensor) -> float:
        scales = (8 * scale for scale in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0))
        return sum(scale / (scale + float((a - b).square().sum())) for scale in scales)

    pairs = [(i, j) for i in range(5) for j in range(5)]
    apart = [(i, j) for i, j in pairs if i != j]
    expected = (
        sum(kernel(x[i], x[j]) + kernel(y[i], y[j]) for i, j in apart) / 20
        - 2 * sum(kernel(x[i], y[j]) for i, j in pairs) / 25
    )
    assert mmd(x, y).item() == pytest.approx(expected, abs=1e-12)
    assert mmd(x[:1], y[:1]).item() == 0.0


def test_mmd_tells_another_distribution() -> None:
    torch.manual_seed(0)
    prior, alike, shifted = torch.randn(400, 8), torch.randn(400, 8), torch.randn(400, 8) + 0.5
    assert abs(mmd(alike, prior).item()) < 0.01
    assert mmd(shifted, prior).item() > 0.1


def test_a_critic_learns_to_tell_and_the_encoder_to_be_taken_for_the_prior() -> None:
    torch.manual_seed(0)
    critic, encodings = Critic(4, 32), torch.randn(200, 4) + 2.0
    optimizer = torch.optim.Adam(critic.parameters(), lr=1e-2)
    before = critic.own_loss(encodings, torch.randn(200, 4)).item()
    for _ in range(100):
        optimizer.zero_grad()
        critic.own_loss(encodings, torch.randn(200, 4)).backward()
        optimizer.step()
    assert critic.own_loss(encodings, torch.randn(200, 4)).item() < 0.3 * before
    moved = encodings.clone().requires_grad_()
    for _ in range(200):
        (gradient,) = torch.autograd.grad(critic.loss(moved) * 200, moved)
        moved = (moved - 0.05 * gradient).detach().requires_grad_()
    assert moved.mean().item() < 1.0  # towards the prior's mean


def test_a_normed_posterior_cannot_vanish() -> None:
    """Zhu et al. 2020: E KL >= dimensions · γ² / 2, whatever the projection."""
    torch.manual_seed(0)
    bottleneck = Bottleneck(6, 4, variational=True, posterior_norm=0.7)
    with torch.no_grad():
        bottleneck.project.weight *= 1e-2
    for _ in range(200):
        latent = bottleneck(torch.randn(64, 6))
    assert latent.mean is not None
    torch.testing.assert_close(latent.mean.std(0, correction=0), torch.full((4,), 0.7), atol=0.05, rtol=0)
    assert kl_divergence(latent).mean().item() >= 4 * 0.7**2 / 2 - 0.05
    bottleneck.eval()
    some = torch.randn(5, 6)
    together, single = bottleneck(some).mean, bottleneck(some[:1]).mean
    torch.testing.assert_close(together[:1], single)  # batch-mates change nothing in use
    bottleneck.train()
    assert torch.isfinite(bottleneck(some[:1]).vector).all()


def test_the_cost_is_the_weighted_sum_of_divergence_and_regulariser() -> None:
    latent, _ = posterior()

    class Twice:
        def cost(self, encodings: torch.Tensor, processes: Processes) -> torch.Tensor:
            return 2 * encodings.sum()

        def learn(self, encodings: torch.Tensor, rate: float) -> None:
            raise AssertionError("the cost teaches nothing")

        def state_dict(self) -> dict[str, torch.Tensor]:
            return {}

        def load_state_dict(self, tensors: dict[str, torch.Tensor]) -> None:
            raise AssertionError("there is nothing to load")

    divergence, regularised = kl_divergence(latent).mean(), 2 * latent.vector.sum()
    plain = Latent(latent.vector)
    torch.testing.assert_close(regularisation(latent, beta=0.5), 0.5 * divergence)
    torch.testing.assert_close(
        regularisation(plain, beta=0.5, regulariser=Twice(), weight=3), 3 * regularised
    )
    torch.testing.assert_close(
        regularisation(latent, beta=0.5, regulariser=Twice(), weight=3), 0.5 * divergence + 3 * regularised
    )
    assert regularisation(latent, beta=0.5, free_bits=1e3, free_bits_per="sentence").item() == 500
    assert regularisation(plain, beta=0.5).item() == 0


def test_the_table_has_every_name_of_the_settings() -> None:
    assert set(REGULARISERS) == set(get_args(Regulariser))
    for name in REGULARISERS:
        made = make_regulariser(name, 5, torch.device("cpu"))
        assert (made is None) == (name == "none")
        if made is not None:
            assert made.cost(torch.randn(8, 5), ALONE).ndim == 0
            made.learn(torch.randn(8, 5), 1e-3)
            made.load_state_dict(made.state_dict())
    kept = make_regulariser("adversarial", 5, torch.device("cpu"))
    assert kept is not None
    kept.learn(torch.randn(8, 5), 1e-3)
    # the names by which checkpoints know them
    assert {name.partition(".")[0] for name in kept.state_dict()} == {"critic", "critic_optimizer"}


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="there are none, mmd, adversarial"):
        make_regulariser("wasserstein", 5, torch.device("cpu"))
