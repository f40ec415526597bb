"""Parts of the cells' step loops, whose backward passes are written by hand.

Several readings of one layer (forwards and backwards) run side by side. Each has its own matrix products; the rest of a
step is done for all of them at once. The gradient of a recurrent matrix is one product over all steps instead
of one per step. What does not depend on the running gradient is computed for all steps before the loop.

Shapes: ways is the number of readings; gates stand in torch's order, G·hidden wide. Everything is in the dtype of the
gates: under autocast bfloat16, whose states differ from those of float32 by about 1e-2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

Gradients = tuple[Tensor | None, ...]
"""Gradients of a loop's arguments, in their order; None for an unused bias."""
sigmoid_backward: Any = torch.ops.aten.sigmoid_backward
"""Gradient of a sigmoid in one pass: (g, y) → g y (1 − y)."""
tanh_backward: Any = torch.ops.aten.tanh_backward
"""Gradient of a hyperbolic tangent in one pass: (g, y) → g (1 − y²)."""


def halves(gates_and_weights: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Split a loop's arguments into the gates and the matrices of the ways."""
    ways = len(gates_and_weights) // 2
    return gates_and_weights[:ways], gates_and_weights[ways:]


def room(gates: Sequence[Tensor], first: Tensor) -> Tensor:
    """Allocate the states before and after every step, (ways, time + 1, batch, hidden), and fill in the first."""
    ways, batch, hidden = first.shape
    states = gates[0].new_empty(ways, len(gates[0]) + 1, batch, hidden)
    states[:, 0] = first
    return states


def each_step(x: Tensor) -> list[tuple[Tensor, ...]]:
    """Return each step's views of the ways: (ways, time, …) → a list over time. Made at once, views cost far less."""
    return list(zip(*(way.unbind(0) for way in x), strict=True))


def add_products(gates: Sequence[Tensor], states: Sequence[Tensor], weights: Sequence[Tensor]) -> None:
    """Add each way's W h: (batch, gates) += (batch, hidden) times (gates, hidden)."""
    for gate, state, weight in zip(gates, states, weights, strict=True):
        gate.addmm_(state, weight.t())


def add_gradients(d_states: Tensor, d_gates: Sequence[Tensor], weights: Sequence[Tensor]) -> None:
    """Add each way's Wᵀ dg: (ways, batch, hidden) += (batch, gates) times (gates, hidden)."""
    for d_state, d_gate, weight in zip(d_states, d_gates, weights, strict=True):
        d_state.addmm_(d_gate, weight)


def weight_gradients(d_gates: Tensor, states: Tensor) -> list[Tensor]:
    """Return each way's gradient of the recurrent matrix, (gates, hidden), by one product over all steps."""
    return [
        d_gate.flatten(0, 1).t() @ state[:-1].flatten(0, 1)
        for d_gate, state in zip(d_gates, states, strict=True)
    ]
