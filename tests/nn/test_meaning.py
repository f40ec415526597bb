"""The part of an encoding that means: its equation, and what does not change it."""

from __future__ import annotations

import numpy as np
import torch

from textrae.nn.autoencoder import Autoencoder
from textrae.nn.meaning import FrequencyMeaning, Meaning
from textrae.settings.model import ModelConfig


def test_it_is_a_weighted_mean_of_token_vectors_plus_a_projected_mean_state_normalised() -> None:
    torch.manual_seed(0)
    part = Meaning(features=5, size=8, vocab_size=11)
    torch.nn.init.normal_(part.weights.weight)
    ids = torch.tensor([[3, 4], [5, 2], [2, 0]])  # time first; the second sentence has two tokens
    lengths, states = torch.tensor([3, 2]), torch.randn(2, 3, 5)
    found = part.forward(ids, lengths, states, torch.zeros(11, 4)).detach().numpy()
    tokens, weights = part.tokens.weight.detach().numpy(), part.weights.weight.detach().numpy()[:, 0]
    matrix, bias = part.project.weight.detach().numpy(), part.project.bias.detach().numpy()
    for row, length in enumerate(lengths.tolist()):
        own = ids[:length, row].numpy()
        share = np.exp(weights[own]) / np.exp(weights[own]).sum()
        mean = states[row, :length].numpy().mean(0)
        whole = share @ tokens[own] + matrix @ mean + bias
        wanted = (whole - whole.mean()) / np.sqrt(whole.var() + 1e-5)
        np.testing.assert_allclose(found[row], wanted, atol=1e-5)


def test_an_encoding_begins_with_meaning_and_ends_with_the_length() -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=12, embedding=8, slots=4, latent=6, meaning=16), 20).eval()
    ids, lengths = torch.randint(4, 20, (5, 3)), torch.tensor([5, 3, 2])
    with torch.no_grad():
        latent = model.encode(ids, lengths)
        short = model.encode(ids[:3, 1:2], lengths[1:2])
        assert latent.vector.shape == (3, 16 + 4 * 6)
        assert torch.equal(latent.vector[:, :16], model.mean(ids, lengths))
        assert model.clock is not None
        assert torch.equal(latent.vector[:, -1], model.clock.number(lengths))
        torch.testing.assert_close(latent.vector[1:2], short.vector)  # neither padding nor batch-mates
        items = model.items(latent)
    assert items is not None
    assert torch.equal(items.flatten(1), latent.vector[:, 16:])


def test_reconstruction_does_not_teach_meaning() -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=12, embedding=8, slots=4, latent=6, meaning=16), 20)
    ids, lengths = torch.randint(4, 20, (5, 3)), torch.tensor([5, 3, 2])
    features, latent = model.forward(ids, lengths, ids)
    torch.autograd.backward(features.sum(), retain_graph=True)
    assert model.meaning is not None
    assert all(p.grad is None for p in model.meaning.parameters())
    assert latent.meaning is not None
    torch.autograd.backward(latent.meaning[:, 0].sum())
    assert all(p.grad is not None for p in model.meaning.parameters())


def test_frequencies_weigh_the_model_s_own_embeddings() -> None:
    torch.manual_seed(0)
    part, embeddings = FrequencyMeaning(6, 6, 9), torch.randn(9, 6)
    counts = torch.tensor([0, 0, 50, 0, 1, 900, 20, 29, 0])
    part.weigh(counts)
    ids, lengths = torch.tensor([[4, 5], [6, 2], [2, 0]]), torch.tensor([3, 2])
    found = part.forward(ids, lengths, None, embeddings).numpy()
    weights = 1e-3 / (1e-3 + counts.numpy() / 1_000)
    turn = part.project.numpy()
    np.testing.assert_allclose(turn @ turn.T, np.eye(6), atol=1e-5)
    for row, length in enumerate(lengths.tolist()):
        own = ids[:length, row].numpy()
        mean = (weights[own, None] * embeddings.numpy()[own]).sum(0) / weights[own].sum() @ turn
        np.testing.assert_allclose(found[row], (mean - mean.mean()) / np.sqrt(mean.var() + 1e-5), atol=1e-5)


def test_sentences_are_compared_half_whitened() -> None:
    torch.manual_seed(0)
    part = FrequencyMeaning(6, 5, 9)
    assert torch.equal(part.shown(torch.eye(5)), torch.eye(5))  # before it is fitted
    some = (
        torch.randn(400, 5) * torch.tensor([3.0, 2.0, 1.0, 0.5, 0.1]) @ torch.linalg.qr(torch.randn(5, 5))[0]
        + 2
    )
    part.fit(some)
    shown = part.shown(some).numpy()
    np.testing.assert_allclose(shown.mean(0), 0, atol=1e-4)
    covariance = np.cov(shown.T, bias=True)
    variances = np.linalg.eigvalsh(np.cov(some.double().numpy().T, bias=True))[::-1]
    shrunk = (400 * variances + 5 * variances.mean()) / 405
    np.testing.assert_allclose(np.diag(covariance), variances / np.sqrt(shrunk), rtol=1e-3)  # v / v^(2 · ¼)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-3)


def test_few_sentences_do_not_stretch_what_they_do_not_tell_of() -> None:
    torch.manual_seed(0)
    part, every = Meaning(4, 32, 9), torch.randn(2_000, 32)
    part.fit(every[:20])
    one, other = (part.shown(some).var(0).sum() for some in (every[:20], every[20:]))
    assert 0.3 < float(one / other) < 3


def test_the_projection_goes_to_fewer_and_to_more_numbers() -> None:
    for size in (3, 12):
        part = FrequencyMeaning(6, size, 9)
        assert part.forward(torch.tensor([[4], [5]]), torch.tensor([2]), None, torch.randn(9, 6)).shape == (
            1,
            size,
        )
