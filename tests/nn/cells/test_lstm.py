"""Long short-term memory against its equations (Hochreiter & Schmidhuber 1997)."""

from __future__ import annotations

import numpy as np
import torch
from nn.layers import Array, follows, make, sigmoid

from textrae.nn.cells import CELLS
from textrae.nn.recurrence import Recurrence


def step(from_x: Array, from_h: Array, state: Array) -> tuple[Array, Array]:
    i, f, u, o = np.split(from_x + from_h, 4, axis=1)
    cell = sigmoid(f) * np.split(state, 2, axis=1)[1] + sigmoid(i) * np.tanh(u)
    h = sigmoid(o) * np.tanh(cell)
    return h, np.concatenate([h, cell], axis=1)


def test_forward_follows_the_equations() -> None:
    follows(make("lstm"), step)


def test_the_forget_gate_begins_open_for_the_old_state() -> None:
    assert Recurrence("lstm", 3, 2).bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_a_flat_state_is_h_and_c_side_by_side() -> None:
    state = torch.arange(12.0).view(2, 6)
    h, c = CELLS["lstm"].pack(state)
    assert torch.equal(h, state[None, :, :3])
    assert torch.equal(c, state[None, :, 3:])
    assert torch.equal(CELLS["lstm"].unpack((h, c)), state)
