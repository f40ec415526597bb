"""Attention against NumPy, and what it must not see."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from textrae.nn.attention import Attention, Slots, absence


@pytest.mark.parametrize("scoring", ["dot", "additive"])
def test_weights_are_the_equations(scoring: str) -> None:
    torch.manual_seed(0)
    attention = Attention(5, 7, scoring, 4).double()
    queries, items = torch.randn(2, 3, 5, dtype=torch.double), torch.randn(2, 6, 7, dtype=torch.double)
    absent = absence(torch.tensor([6, 4]), 6, torch.double)
    weights = attention(queries, attention.keys(items), absent).detach().numpy()
    part = {name: value.numpy() for name, value in attention.state_dict().items()}
    for sentence, length in enumerate((6, 4)):
        q = queries[sentence].numpy() @ part["query.weight"].T
        k = items[sentence, :length].numpy() @ part["key.weight"].T + part.get("key.bias", 0.0)
        if scoring == "dot":
            scores = q @ k.T / 2.0
        else:
            scores = np.tanh(q[:, None] + k[None]) @ part["energy.weight"][0]
        expected = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        np.testing.assert_allclose(weights[sentence, :, :length], expected, atol=1e-12)
        assert not weights[sentence, :, length:].any()


@pytest.mark.parametrize("scoring", ["dot", "additive"])
def test_slots_do_not_see_padding(scoring: str) -> None:
    torch.manual_seed(0)
    slots = Slots(3, 6, scoring, 4)
    states = torch.randn(2, 5, 6)
    together = slots(states, absence(torch.tensor([5, 2]), 5, states.dtype))
    assert together.shape == (2, 3, 6)
    alone = slots(states[1:, :2], absence(torch.tensor([2]), 2, states.dtype))
    torch.testing.assert_close(together[1:], alone)
    assert (together[0, 0] - together[0, 1]).abs().max() > 1e-3  # each query looks elsewhere
