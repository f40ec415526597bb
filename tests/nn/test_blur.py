"""Encodings blurred by noise that the decoder is told of."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from textrae.errors import ConfigError
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.blur import TOLD, blurred, randomly_blurred, with_level
from textrae.nn.bottleneck import Latent
from textrae.settings.model import ModelConfig

SHAPE: dict[str, Any] = {"hidden": 16, "embedding": 12, "slots": 4, "latent": 4, "variational": True}


def test_without_noise_nothing_is_changed_and_under_all_of_it_nothing_is_left() -> None:
    latent, noise = Latent(torch.randn(3, 5)), torch.randn(3, 5)
    assert torch.equal(blurred(latent, torch.zeros(3), noise).vector, latent.vector)
    assert torch.equal(blurred(latent, torch.ones(3), noise).vector, torch.zeros(3, 5))


@pytest.mark.parametrize("level", [0.2, 0.5, 0.9])
def test_a_blurred_encoding_is_what_is_expected_of_the_encoding(level: float) -> None:
    """E[z | blurred z] = blurred z for draws from N(0, 1): the line of least squares has slope 1, and nothing is left beside it."""
    generator = torch.Generator().manual_seed(0)
    z, noise = torch.randn(2, 200_000, 1, generator=generator).unbind()
    seen = blurred(Latent(z), torch.full((len(z),), level), noise).vector
    slope = float((z * seen).sum() / seen.square().sum())
    assert slope == pytest.approx(1.0, abs=0.02)
    # of the variance 1 of z, 1 - b² is known
    assert float(seen.var()) == pytest.approx(1 - level**2, rel=0.02)


def test_levels_are_even_over_a_share_of_the_sentences() -> None:
    torch.manual_seed(0)
    levels = randomly_blurred(Latent(torch.zeros(20_000, 1)), 0.25).level
    assert levels is not None
    noisy = levels[levels > 0]
    assert len(noisy) / len(levels) == pytest.approx(0.25, abs=0.02)
    assert [float((noisy < bound).float().mean()) for bound in (0.25, 0.5, 0.75)] == pytest.approx(
        [0.25, 0.5, 0.75], abs=0.03
    )


def test_levels_are_told_apart() -> None:
    steps = torch.linspace(0, 1, 101)
    seen = with_level(Latent(torch.zeros(101, 2), level=steps))
    assert seen.shape == (101, 2 + TOLD)
    assert min(float((a - b).norm()) for a, b in itertools.pairwise(seen)) > 0.05
    assert torch.equal(with_level(Latent(torch.zeros(1, 2))), seen[:1])  # none is no noise


def features(model: Autoencoder, latent: Latent) -> Tensor:
    """Return the features of four steps, given the same tokens."""
    with torch.no_grad():
        return model.teach(torch.full((4, len(latent.vector)), 5), latent)


def test_a_decoder_is_told_the_level_and_sees_nothing_under_all_noise() -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(**SHAPE, blur=0.5), 20).eval()
    latent, noise = Latent(torch.randn(2, 16)), torch.randn(2, 16)
    exact, half, none = (
        features(model, blurred(latent, torch.full((2,), level), noise)) for level in (0, 0.5, 1)
    )
    assert torch.equal(exact, features(model, latent))
    torch.testing.assert_close(none[:, 0], none[:, 1])
    assert not torch.allclose(half[:, 0], half[:, 1])
    # the same vector reads otherwise under another level
    assert not torch.allclose(exact, features(model, latent._replace(level=torch.full((2,), 0.5))))


@pytest.mark.parametrize("blur", [0.0, 0.999])
def test_only_training_blurs(blur: float) -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(**SHAPE, blur=blur), 20)
    assert model.bottleneck is not None
    model.bottleneck.draws = False
    ids, lengths = torch.randint(5, 20, (6, 3)), torch.full((3,), 6)

    def run() -> Tensor:
        torch.manual_seed(1)
        out: Tensor = model(ids, lengths, ids)[0]
        return out

    trained, used = run(), model.eval() and run()
    assert torch.allclose(trained, used) == (blur == 0)


@pytest.mark.parametrize(
    "switches",
    [
        {"hierarchical": True},
        {"memory": "states", "slots": 0, "variational": False},
        {"vectors": 4, "variational": False},
    ],
)
def test_a_decoder_that_cannot_be_told_is_refused(switches: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="`blur`"):
        ModelConfig(**{**SHAPE, "slots": 0, **switches}, blur=0.5)
