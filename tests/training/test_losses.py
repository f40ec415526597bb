"""The losses, against their definitions."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support import SPECIALS
from torch.nn import functional as F

from textrae.nn.autoencoder import Autoencoder
from textrae.settings.model import ModelConfig
from textrae.text.batch import collate_lists
from textrae.text.segments import Segmenter, Stretches
from textrae.training.losses import (
    reconstruction_loss,
    sentence_losses,
    sentence_nats,
    squared_distance,
    targets,
    token_losses,
)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_and_its_gradients_are_torchs(smoothing: float) -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=8, embedding=6, slots=0, latent=4), 11).double()
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
    model = Autoencoder(ModelConfig(hidden=8, embedding=64, slots=0, latent=4), 300)
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
    model = Autoencoder(ModelConfig(hidden=8, embedding=6, slots=0, latent=4), 30)
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


@pytest.mark.parametrize("segmenter", [None, Segmenter((Stretches(2),), 20)], ids=["flat", "hierarchical"])
def test_a_sentences_loss_is_the_sum_of_its_tokens(segmenter: Segmenter | None) -> None:
    torch.manual_seed(0)
    config = ModelConfig(hidden=8, embedding=6, latent=8, hierarchical=segmenter is not None)
    model, sentences = Autoencoder(config, 20).eval(), [[4, 5, 6, 7, 8], [9], [10, 11, 12]]
    batch = collate_lists(sentences, SPECIALS, segmenter)
    with torch.no_grad():
        features, _ = model(batch.source, batch.lengths, batch.previous, batch.tree)
        losses, hits = sentence_losses(model, features, batch, SPECIALS.pad)
        nats = sentence_nats(model, features, batch, SPECIALS.pad)
        tokens, _ = token_losses(model, features, batch.target, SPECIALS.pad)
        for row, sentence in enumerate(sentences):  # each by itself
            one = collate_lists([sentence], SPECIALS, segmenter)
            features, _ = model(one.source, one.lengths, one.previous, one.tree)
            single, right = sentence_losses(model, features, one, SPECIALS.pad)
            assert losses[row].item() == pytest.approx(single.item(), rel=1e-4)
            assert hits[row] == right
    assert losses.dtype == torch.float64
    torch.testing.assert_close(losses.sum(), tokens.double().sum(), rtol=1e-5, atol=0)
    torch.testing.assert_close(nats, losses, rtol=1e-5, atol=0)


def test_squared_distance_is_to_the_tokens_direction_which_learns_nothing_from_it() -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=8, embedding=6, slots=0, latent=4, reconstruction="mse"), 11)
    features, target = torch.randn(2, 2, 6, requires_grad=True), torch.tensor([[4, 5], [6, 0]])
    table = F.normalize(model.output.weight.detach(), dim=-1)
    wanted = [
        (features[step, row] - table[target[step, row]]).square().sum()
        for step, row in ((0, 0), (0, 1), (1, 0))
    ]
    losses, predicted = token_losses(model, features, target, 0)
    torch.testing.assert_close(losses, torch.stack(wanted))
    assert predicted.tolist() == (features.flatten(0, 1)[:3] @ table.t()).argmax(-1).tolist()
    loss = reconstruction_loss(model, features, target, 0)
    torch.testing.assert_close(loss, torch.stack(wanted).mean())
    loss.backward()
    assert features.grad is not None
    assert model.output.weight.grad is None


def test_the_mixed_loss_adds_the_distance_of_directions() -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=8, embedding=6, slots=0, latent=4), 11)
    features, target = 5 * torch.randn(3, 2, 6), torch.tensor([[4, 5], [6, 0], [7, 0]])
    rows, ids = features.flatten(0, 1)[[0, 1, 2, 4]], torch.tensor([4, 5, 6, 7])
    apart = squared_distance(F.normalize(rows, dim=-1), targets(model, ids)).mean()
    plain, mixed = (
        reconstruction_loss(model, features, target, 0, mse_weight=weight) for weight in (0.0, 0.5)
    )
    torch.testing.assert_close(mixed, plain + 0.5 * apart)
