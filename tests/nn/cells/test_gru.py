"""The gated recurrent unit against its equations (Cho et al. 2014)."""

from __future__ import annotations

import numpy as np
import torch
from nn.layers import Array, follows, make, sigmoid

from textrae.nn.cells.gru import GRULoop
from textrae.nn.recurrence import Recurrence


def step(from_x: Array, from_h: Array, state: Array) -> tuple[Array, Array]:
    (x_r, x_z, x_n), (h_r, h_z, h_n) = np.split(from_x, 3, axis=1), np.split(from_h, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * h_n)
    h = (1 - z) * n + z * state
    return h, h


def test_forward_follows_the_equations() -> None:
    follows(make("gru"), step)


def test_the_update_gate_begins_open_for_the_old_state() -> None:
    assert Recurrence("gru", 3, 2).bias.tolist() == [0, 0, 1, 1, 0, 0]


def test_only_the_gates_of_a_single_way_without_gradients_are_overwritten() -> None:
    torch.manual_seed(0)
    weight, bias = torch.randn(6, 2), torch.randn(1, 2)
    for ways, gradient in ((1, False), (1, True), (2, False)):
        gates = [torch.randn(4, 3, 6, requires_grad=gradient) for _ in range(ways)]
        before = [gate.detach().clone() for gate in gates]
        GRULoop.apply(torch.zeros(ways, 3, 2), bias.expand(ways, -1), *gates, *[weight] * ways)
        kept = all(torch.equal(gate, old) for gate, old in zip(gates, before, strict=True))
        assert kept is (ways > 1 or gradient)
