"""The joined model: gradient flow, shared steps, the bottleneck, and learning to copy."""

from __future__ import annotations

import itertools

import pytest
import torch

from textrae.inference.generation import write
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.nn.cells import CELLS
from textrae.settings.model import ModelConfig
from textrae.text.batch import Specials, collate_lists
from textrae.training.losses import reconstruction_loss, token_losses

SPECIALS = Specials(0, 1, 2, 3)
SHAPES = [
    ModelConfig(
        cell=cell,
        layers=layers,
        hidden=16,
        embedding=12,
        slots=0,
        latent=8,
        bidirectional=both,
        pooling=pooling,
    )  # type: ignore[arg-type]
    for cell, layers, both, pooling in itertools.product(
        CELLS, (1, 2), (False, True), ("max", "mean", "last")
    )
]


@pytest.mark.parametrize("config", SHAPES, ids=str)
def test_every_parameter_gets_a_gradient(config: ModelConfig) -> None:
    torch.manual_seed(0)
    model = Autoencoder(config, 20)
    batch = collate_lists([[4, 5, 6], [7], [], [8, 9, 10, 11, 19]], SPECIALS)
    features, _ = model(batch.source, batch.lengths, batch.previous)
    reconstruction_loss(model, features, batch.target, SPECIALS.pad).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("cell", CELLS)
def test_generation_and_training_share_their_step(cell: str) -> None:
    torch.manual_seed(0)
    model = Autoencoder(
        ModelConfig(cell=cell, layers=2, hidden=16, embedding=12, slots=0, latent=8), 20
    ).eval()  # type: ignore[arg-type]
    batch = collate_lists([[4, 5, 6], [7, 8]], SPECIALS)
    whole, latent = model(batch.source, batch.lengths, batch.previous)
    state, condition = model.begin(latent)
    for step, previous in enumerate(batch.previous):
        features, state = model.decode(previous.unsqueeze(0), state, condition)
        torch.testing.assert_close(features[0], whole[step])


@pytest.mark.parametrize("cell", CELLS)
def test_the_scale_of_encodings_changes_how_fast_their_weights_move_and_nothing_else(cell: str) -> None:
    batch = collate_lists([[4, 5, 6], [7, 8]], SPECIALS)
    begun, moved = [], []
    for scale in (1.0, 0.25):
        torch.manual_seed(0)
        config = ModelConfig(
            cell=cell,  # type: ignore[arg-type]
            hidden=16,
            embedding=12,
            slots=0,
            latent=8,
            encoding_scale=scale,
        )
        model = Autoencoder(config, 20).double().eval()
        features, latent = model(batch.source, batch.lengths, batch.previous)
        weights = next(iter(model.decoder.stack()[0].rnn.parameters()))
        (gradient,) = torch.autograd.grad(features.sum(), weights)
        begun.append(features.detach())
        with torch.no_grad():
            weights[:, 12:] += 0.01 * gradient[:, 12:].sign()  # as the first step of Adam does
            moved.append(model.teach(batch.previous, latent) - features)
    torch.testing.assert_close(begun[0], begun[1])
    assert 0.2 < float(moved[1].norm() / moved[0].norm()) < 0.3


def test_loss_is_the_mean_of_the_real_tokens_likelihoods() -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=16, embedding=12, slots=0, latent=8), 20).eval()
    sentences = [[4, 5, 6], [7], [8, 9, 10, 11, 19]]
    batch = collate_lists(sentences, SPECIALS)
    features, _ = model(batch.source, batch.lengths, batch.previous)
    by_hand = []
    scores = model.logits(features).log_softmax(-1)
    for column, ids in enumerate(sentences):
        by_hand += [-scores[step, column, token] for step, token in enumerate([*ids, SPECIALS.eos])]
    losses, predicted = token_losses(model, features, batch.target, SPECIALS.pad)
    torch.testing.assert_close(losses.sum(), torch.stack(by_hand).sum())
    assert len(predicted) == len(by_hand)
    loss = reconstruction_loss(model, features, batch.target, SPECIALS.pad)
    torch.testing.assert_close(loss, torch.stack(by_hand).mean())


def test_learns_to_copy_and_swapped_encodings_swap_the_sentences() -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=64, embedding=32, slots=0, latent=32), 14)
    generator = torch.Generator().manual_seed(0)
    sentences = [
        torch.randint(4, 14, (int(n),), generator=generator).tolist()
        for n in torch.randint(1, 5, (400,), generator=generator)
    ]
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for start in range(0, 400 * 25, 50):
        batch = collate_lists([sentences[i % 400] for i in range(start, start + 50)], SPECIALS)
        features, _ = model(batch.source, batch.lengths, batch.previous)
        loss = reconstruction_loss(model, features, batch.target, SPECIALS.pad)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    batch = collate_lists(sentences, SPECIALS)
    latent = model.encode(batch.source, batch.lengths)
    rebuilt = write(model, latent, SPECIALS, 10)
    assert sum(a == b for a, b in zip(rebuilt, sentences, strict=True)) > 0.9 * 400
    order = torch.randperm(400, generator=generator)
    assert write(model, latent.take(order), SPECIALS, 10) == [rebuilt[i] for i in order.tolist()]


def test_greedy_stops_at_max_length_and_never_writes_specials() -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=16, embedding=12, slots=0, latent=8), 20).eval()
    with torch.no_grad():
        model.bias[[SPECIALS.pad, SPECIALS.bos, SPECIALS.blank]] = 100.0
        model.bias[SPECIALS.eos] = -100.0
    rows = write(model, Latent(torch.randn(5, 8)), SPECIALS, 7)
    assert [len(row) for row in rows] == [7] * 5
    assert all(token > SPECIALS.blank for row in rows for token in row)


def test_batched_greedy_equals_one_by_one() -> None:
    torch.manual_seed(3)
    model = Autoencoder(ModelConfig(hidden=16, embedding=12, slots=0, latent=8), 9).eval()
    latents = Latent(5 * torch.randn(40, 8))
    together = write(model, latents, SPECIALS, 12)
    assert len({len(row) for row in together}) > 1  # some leave the batch early
    assert together == [write(model, latents.take(slice(i, i + 1)), SPECIALS, 12)[0] for i in range(40)]


def test_an_encoding_has_mean_zero_and_variance_one() -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=16, embedding=12, slots=0, latent=8), 20)
    batch = collate_lists([[4, 5, 6], [7, 8]], SPECIALS)
    vectors = model.encode(batch.source, batch.lengths).vector
    torch.testing.assert_close(vectors.mean(1), torch.zeros(2), atol=1e-6, rtol=0)
    torch.testing.assert_close(vectors.var(1, correction=0), torch.ones(2), atol=1e-3, rtol=0)
