"""An encoding depends only on its sentence."""

from __future__ import annotations

import itertools

import pytest
import torch

from textrae.nn.cells import CELLS
from textrae.nn.encoder import Encoder
from textrae.nn.recurrence import Recurrence

GRID = list(itertools.product(CELLS, (False, True), ("max", "mean", "last"), (1, 2)))


@pytest.mark.parametrize(("cell", "both", "pooling", "layers"), GRID)
def test_padding_and_batch_mates_change_nothing(cell: str, both: bool, pooling: str, layers: int) -> None:
    torch.manual_seed(0)
    encoder = Encoder(cell, 6, 8, layers, both, pooling, 0.0).eval()
    sentences = [torch.randn(n, 1, 6) for n in (1, 3, 7, 4)]
    lengths = torch.tensor([len(s) for s in sentences])
    batch = torch.full((9, 4, 6), 100.0)  # padding that would be noticed
    for column, sentence in enumerate(sentences):
        batch[: len(sentence), column] = sentence[:, 0]
    together = encoder.pool(encoder(batch, lengths))
    in_order = encoder.in_order(encoder(batch, lengths))
    assert together.shape == (4, encoder.features)
    for column, sentence in enumerate(sentences):
        reading = encoder(sentence, torch.tensor([len(sentence)]))
        torch.testing.assert_close(together[column], encoder.pool(reading)[0], atol=1e-5, rtol=0)
        states = encoder.in_order(reading)[0]
        torch.testing.assert_close(in_order[column, : len(sentence)], states, atol=1e-5, rtol=0)


@pytest.mark.parametrize("cell", CELLS)
def test_backward_reading_is_the_forward_reading_of_the_turned_sentence(cell: str) -> None:
    torch.manual_seed(0)
    encoder = Encoder(cell, 6, 8, 1, True, "last", 0.0)
    forward, backward = encoder.layers[0]
    backward.load_state_dict(forward.state_dict())
    sentence = torch.randn(5, 1, 6)
    padded = torch.cat([sentence, torch.full((3, 1, 6), 50.0)])
    features = encoder.pool(encoder(padded, torch.tensor([5])))[0]
    turned = encoder.pool(encoder(sentence.flip(0), torch.tensor([5])))[0]
    torch.testing.assert_close(features[8:], turned[:8])
    torch.testing.assert_close(features[:8], turned[8:])


def test_every_token_reaches_the_encoding() -> None:
    torch.manual_seed(0)
    for pooling, both in itertools.product(("max", "mean", "last"), (False, True)):
        encoder = Encoder("gru", 6, 32, 1, both, pooling, 0.0)
        x = torch.randn(6, 1, 6, requires_grad=True)
        encoder.pool(encoder(x, torch.tensor([4]))).sum().backward()
        assert x.grad is not None
        reached = x.grad.abs().sum((1, 2)) > 0
        assert reached.tolist() == [True] * 4 + [False] * 2


@pytest.mark.parametrize(("cell", "both", "layers"), list(itertools.product(CELLS, (False, True), (1, 2))))
def test_looked_up_tokens_are_computed_tokens(cell: str, both: bool, layers: int) -> None:
    torch.manual_seed(0)
    encoder = Encoder(cell, 6, 8, layers, both, "max", 0.0).eval()
    embeddings, ids = torch.randn(9, 6), torch.randint(0, 9, (5, 4))
    lengths = torch.tensor([5, 1, 3, 4])
    looked_up = encoder(ids, lengths, encoder.tables(embeddings))
    torch.testing.assert_close(looked_up.states, encoder(embeddings[ids], lengths).states)


def test_the_maximum_over_time_has_its_gradient_at_the_real_step_that_won() -> None:
    torch.manual_seed(0)
    encoder = Encoder("gru", 6, 8, 1, True, "max", 0.0)
    states, lengths = torch.randn(2, 5, 3, 8, requires_grad=True), torch.tensor([5, 2, 3])
    real = torch.arange(5).unsqueeze(1) < lengths
    ours = encoder._pool(states, lengths)
    theirs = states.masked_fill(~real.unsqueeze(-1), float("-inf")).amax(1)
    weights = torch.randn_like(ours)
    torch.testing.assert_close(ours, theirs)
    gradients = [torch.autograd.grad((out * weights).sum(), states)[0] for out in (ours, theirs)]
    torch.testing.assert_close(*gradients)


def test_there_are_no_tables_where_a_fused_module_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder("gru", 6, 8, 1, True, "max", 0.0)
    monkeypatch.setattr(Recurrence, "fuses", lambda layer, x: True)
    assert encoder.tables(torch.randn(9, 6)) is None
