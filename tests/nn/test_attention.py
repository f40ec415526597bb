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
    weights = attention(queries, attention.keys(items), absent.unsqueeze(1)).detach().numpy()
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


@pytest.mark.parametrize("placed", [False, True])
@pytest.mark.parametrize("scoring", ["dot", "additive"])
def test_slots_do_not_see_padding(scoring: str, placed: bool) -> None:
    torch.manual_seed(0)
    slots = Slots(3, 6, scoring, 4, placed)
    states = torch.randn(2, 5, 6)
    together = slots(states, absence(torch.tensor([5, 2]), 5, states.dtype))
    assert together.shape == (2, 3, 6)
    alone = slots(states[1:, :2], absence(torch.tensor([2]), 2, states.dtype))
    torch.testing.assert_close(together[1:], alone)
    assert (together[0, 0] - together[0, 1]).abs().max() > 1e-3  # each query looks elsewhere


def test_windows_are_the_equation() -> None:
    torch.manual_seed(0)
    slots = Slots(4, 6, "dot", 5, placed=True).double()
    assert slots.centres is not None
    assert slots.sharpness is not None
    for parameter in slots.parameters():
        torch.nn.init.normal_(parameter)
    states = torch.randn(2, 7, 6, dtype=torch.double)
    weights = slots.weights(states, absence(torch.tensor([7, 3]), 7, torch.double)).detach().numpy()
    part = {name: value.numpy() for name, value in slots.state_dict().items()}
    q = part["queries"] @ part["attention.query.weight"].T
    for sentence, length in enumerate((7, 3)):
        k = states[sentence, :length].numpy() @ part["attention.key.weight"].T
        t = (np.arange(length) + 0.5) / length
        sigma = np.exp(-part["sharpness"])
        window = -((t - part["centres"][:, None]) ** 2) / (2 * sigma[:, None] ** 2)
        expected = np.exp(q @ k.T / np.sqrt(5) + window)
        expected /= expected.sum(1, keepdims=True)
        np.testing.assert_allclose(weights[sentence, :, :length], expected, atol=1e-12)


def test_placed_slots_begin_along_the_sentence() -> None:
    slots = Slots(5, 6, "dot", 4, placed=True)
    weights = slots.weights(torch.zeros(1, 20, 6), absence(torch.tensor([20]), 20, torch.float32))
    middle = (weights[0] * torch.arange(20)).sum(1)
    assert (middle.diff() > 2).all()


def test_windows_in_bfloat16_are_those_of_float32() -> None:
    slots = Slots(5, 6, "dot", 4, placed=True)
    lengths = torch.tensor([9, 4])
    exact, rough = (slots.windows(absence(lengths, 9, dtype)) for dtype in (torch.float32, torch.bfloat16))
    assert rough.dtype == torch.bfloat16
    torch.testing.assert_close(rough.float(), exact, atol=1e-3, rtol=1e-2)
