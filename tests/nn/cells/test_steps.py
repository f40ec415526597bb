"""Parts that the step loops share."""

from __future__ import annotations

import torch

from textrae.nn.cells.steps import (
    add_gradients,
    add_products,
    each_step,
    halves,
    room,
    sigmoid_backward,
    tanh_backward,
    weight_gradients,
)


def test_gates_and_matrices_are_told_apart() -> None:
    a, b, c, d = torch.randn(4, 1)
    assert halves((a, b, c, d)) == ((a, b), (c, d))


def test_there_is_room_for_a_state_before_and_after_every_step() -> None:
    first = torch.randn(2, 3, 4)
    states = room([torch.empty(5, 3, 12, dtype=torch.double)] * 2, first)
    assert states.shape == (2, 6, 3, 4)
    assert states.dtype == torch.double
    assert torch.equal(states[:, 0], first.double())


def test_views_of_each_step_share_the_memory() -> None:
    x = torch.zeros(2, 3, 4)
    views = each_step(x)
    views[1][0].fill_(1.0)
    assert [len(views), len(views[0])] == [3, 2]
    assert x[0, 1].sum() == x.sum() == 4


def test_products_of_a_step_and_their_gradients() -> None:
    torch.manual_seed(0)
    states = torch.randn(2, 4, 5, 3, dtype=torch.double)  # (ways, time + 1, batch, hidden)
    weights = [torch.randn(6, 3, dtype=torch.double, requires_grad=True) for _ in range(2)]
    before = states[:, :-1].clone().requires_grad_()
    expected = torch.stack([way @ weight.t() for way, weight in zip(before, weights, strict=True)])
    d_gates = torch.randn_like(expected)
    d_before, *d_weights = torch.autograd.grad(expected, [before, *weights], d_gates)
    with torch.no_grad():
        gates = torch.zeros_like(expected)
        add_products(gates[:, 1], before[:, 1], weights)
        torch.testing.assert_close(gates[:, 1], expected[:, 1])
        d_states = torch.zeros_like(before[:, 1])
        add_gradients(d_states, d_gates[:, 1], weights)
        torch.testing.assert_close(d_states, d_before[:, 1])
        for ours, theirs in zip(weight_gradients(d_gates, states), d_weights, strict=True):
            torch.testing.assert_close(ours, theirs)


def test_slopes_of_the_activations() -> None:
    x = torch.linspace(-3, 3, 7, dtype=torch.double, requires_grad=True)
    for activate, backward in ((torch.sigmoid, sigmoid_backward), (torch.tanh, tanh_backward)):
        y = activate(x)
        (expected,) = torch.autograd.grad(y.sum(), x)
        torch.testing.assert_close(backward(torch.ones_like(y), y), expected)
