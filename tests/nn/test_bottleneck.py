"""The bottleneck: layer normalisation, posteriors, their norm over a batch, and slots."""

from __future__ import annotations

import pytest
import torch

from textrae.nn.bottleneck import Bottleneck, Latent, PerSlot


@pytest.mark.parametrize("slots", [1, 3])
def test_an_encoding_is_normalised_over_all_its_dimensions(slots: int) -> None:
    torch.manual_seed(0)
    features = torch.randn(4, slots, 6).squeeze(1)
    vector = Bottleneck(6, 8, slots)(features).vector
    assert vector.shape == (4, slots * 8)
    torch.testing.assert_close(vector.mean(1), torch.zeros(4), atol=1e-6, rtol=0)
    torch.testing.assert_close(vector.var(1, correction=0), torch.ones(4), atol=1e-3, rtol=0)


def test_an_encoding_without_normalisation_is_the_projection_and_what_is_added() -> None:
    torch.manual_seed(0)
    bottleneck = Bottleneck(6, 8, normalised=False)
    features, added = torch.randn(4, 6), torch.randn(4, 8)
    torch.testing.assert_close(bottleneck(features, added).vector, bottleneck.project(features) + added)


def test_a_posterior_is_drawn_from_in_training_only() -> None:
    torch.manual_seed(0)
    bottleneck = Bottleneck(6, 8, variational=True)
    latent = bottleneck(torch.randn(1, 6).expand(20_000, -1))
    deviation = torch.exp(0.5 * latent.log_variance[0])
    torch.testing.assert_close(latent.vector.mean(0), latent.mean[0], atol=0.05, rtol=0)
    torch.testing.assert_close(latent.vector.std(0), deviation, atol=0.05, rtol=0)
    bottleneck.draws = False
    assert torch.equal(*bottleneck(torch.randn(3, 6))[:2])
    bottleneck.draws = True
    assert torch.equal(*bottleneck.eval()(torch.randn(3, 6))[:2])


def test_means_of_posteriors_have_the_given_deviation_over_a_batch() -> None:
    torch.manual_seed(0)
    bottleneck = Bottleneck(6, 8, variational=True, posterior_norm=0.5)
    assert bottleneck.shift is not None
    torch.nn.init.normal_(bottleneck.shift)
    features = 3 * torch.randn(400, 6) + 1
    for _ in range(200):
        mean = bottleneck(features).mean
    torch.testing.assert_close(mean.mean(0), bottleneck.shift.detach(), atol=1e-5, rtol=0)
    torch.testing.assert_close(mean.std(0, correction=0), torch.full((8,), 0.5), atol=1e-3, rtol=0)
    # one sentence takes the statistics of the batches before it
    alone = bottleneck(features[:1]).mean
    torch.testing.assert_close(alone, mean[:1], atol=0.01, rtol=0)
    torch.testing.assert_close(bottleneck.eval()(features).mean, mean, atol=0.01, rtol=0)


@pytest.mark.parametrize("shared", [False, True])
def test_each_slot_has_its_own_map(shared: bool) -> None:
    torch.manual_seed(0)
    layer = PerSlot(3, 4, 5, shared)
    torch.nn.init.normal_(layer.bias)
    features = torch.randn(2, 3, 4)
    found = layer(features).view(2, 3, 5)
    for slot in range(3):
        expected = features[:, slot] @ layer.weight[0 if shared else slot] + layer.bias.view(3, 5)[slot]
        torch.testing.assert_close(found[:, slot], expected)


def test_sentences_are_taken_with_all_that_the_decoder_needs_of_them() -> None:
    vector, mean, states, absent = (
        torch.randn(4, 2),
        torch.randn(4, 2),
        torch.randn(4, 3, 5),
        torch.randn(4, 3),
    )
    rows = torch.tensor([2, 0])
    taken = Latent(vector, mean, None, states, absent).take(rows)
    assert taken.log_variance is None
    for part, whole in (
        (taken.vector, vector),
        (taken.mean, mean),
        (taken.states, states),
        (taken.absent, absent),
    ):
        assert part is not None
        assert torch.equal(part, whole[rows])
