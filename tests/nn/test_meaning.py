"""The part of an encoding that means: its equation, and what does not change it."""

from __future__ import annotations

import numpy as np
import torch

from textrae.nn.autoencoder import Autoencoder
from textrae.nn.meaning import Meaning
from textrae.settings.model import ModelConfig


def test_it_is_a_weighted_mean_of_token_vectors_plus_a_projected_mean_state_normalised() -> None:
    torch.manual_seed(0)
    part = Meaning(features=5, size=8, vocab_size=11)
    torch.nn.init.normal_(part.weights.weight)
    ids = torch.tensor([[3, 4], [5, 2], [2, 0]])  # time first; the second sentence has two tokens
    lengths, states = torch.tensor([3, 2]), torch.randn(2, 3, 5)
    found = part.forward(ids, lengths, states).detach().numpy()
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
