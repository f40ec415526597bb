"""Losses and noise against their definitions."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from textrae.nn.autoencoder import Autoencoder
from textrae.settings.model import ModelConfig
from textrae.training.losses import reconstruction_loss


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_and_its_gradients_are_torchs(smoothing: float) -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=8, embedding=6, latent=4), 11).double()
    target = torch.tensor([[4, 5], [6, 0], [7, 0]])
    gradients = []
    for ours in (True, False):
        features = torch.randn(3, 2, 6, generator=torch.Generator().manual_seed(1), dtype=torch.double)
        features.requires_grad_()
        if ours:
            loss = reconstruction_loss(model, features, target, 0, label_smoothing=smoothing)
        else:
            scores = model.logits(features).flatten(0, 1)
            loss = F.cross_entropy(scores, target.flatten(), ignore_index=0, label_smoothing=smoothing)
        wanted = [features, model.embedding.weight, model.bias]
        gradients.append([loss, *torch.autograd.grad(3 * loss, wanted)])
    for mine, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_of_rounded_scores_stays_close(smoothing: float) -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=8, embedding=64, latent=4), 300)
    target = torch.randint(4, 300, (20, 8))
    # a third of the tokens nearly certain, where one minus a rounded probability would be nothing
    features = torch.randn(20, 8, 64) + 40 * model.embedding.weight[target] * (torch.rand(20, 8, 1) < 0.3)
    features.requires_grad_()
    exact = reconstruction_loss(model, features, target, 0, label_smoothing=smoothing)
    (wanted,) = torch.autograd.grad(exact, features)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = reconstruction_loss(
            model, features.to(torch.bfloat16), target, 0, label_smoothing=smoothing
        )
    (got,) = torch.autograd.grad(rounded, features)
    assert got.dtype == features.dtype
    assert abs(rounded.item() - exact.item()) < 0.01 * exact.item()
    assert (got - wanted).norm() < 0.02 * wanted.norm()


def test_the_gradient_of_rounded_scores_is_rounded_on_every_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU's autocast has softmax and sums in float32, whose product with bfloat16 weights is refused going back."""
    model = Autoencoder(ModelConfig(hidden=8, embedding=6, latent=4), 30)
    features = torch.randn(3, 2, 6, dtype=torch.bfloat16, requires_grad=True)
    for name in ("softmax", "sum"):
        original = getattr(torch.Tensor, name)

        def promoted(self: torch.Tensor, dim: int, original: Any = original) -> torch.Tensor:
            return original(self.float() if torch.is_autocast_enabled("cpu") else self, dim)

        monkeypatch.setattr(torch.Tensor, name, promoted)
    with torch.autocast("cpu", torch.bfloat16):
        loss = reconstruction_loss(model, features, torch.randint(4, 30, (3, 2)), 0)
    loss.backward()
    assert features.grad is not None
