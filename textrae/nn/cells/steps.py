"""The step loops of rnn, lstm and gru on the CPU, with their backward passes by hand.

Several readings of one layer (forwards and backwards) run side by side: each has its own products, while everything
else of a step is done for all of them at once. The gradient of a recurrent matrix is one product over all steps instead
of one a step, and what does not depend on the running gradient is computed for all steps before the loop.

Shapes: ways is the number of readings; gates stand in torch's order, G·hidden wide. Everything is in the dtype of the
gates: under autocast bfloat16, whose states differ from those of float32 by about 1e-2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

Gradients = tuple[Tensor | None, ...]
sigmoid_backward: Any = torch.ops.aten.sigmoid_backward
"""(g, y) → g y (1 − y) in one pass."""
tanh_backward: Any = torch.ops.aten.tanh_backward
"""(g, y) → g (1 − y²) in one pass."""


def _halves(gates_and_weights: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    ways = len(gates_and_weights) // 2
    return gates_and_weights[:ways], gates_and_weights[ways:]


def _room(gates: Sequence[Tensor], first: Tensor) -> Tensor:
    """Room for the states before and after every step, (ways, time + 1, batch, hidden), with the first filled in."""
    ways, batch, hidden = first.shape
    states = gates[0].new_empty(ways, len(gates[0]) + 1, batch, hidden)
    states[:, 0] = first
    return states


def _each(x: Tensor) -> list[tuple[Tensor, ...]]:
    """(ways, time, …) → each step's views of the ways. Made at once, views cost a fraction of those made step by step."""
    return list(zip(*(way.unbind(0) for way in x), strict=True))


def _add_products(gates: Sequence[Tensor], states: Sequence[Tensor], weights: Sequence[Tensor]) -> None:
    """Add each way's W h: (batch, gates) += (batch, hidden) times (gates, hidden)."""
    for gate, state, weight in zip(gates, states, weights, strict=True):
        gate.addmm_(state, weight.t())


def _add_gradients(d_states: Tensor, d_gates: Sequence[Tensor], weights: Sequence[Tensor]) -> None:
    """Add each way's Wᵀ dg: (ways, batch, hidden) += (batch, gates) times (gates, hidden)."""
    for d_state, d_gate, weight in zip(d_states, d_gates, weights, strict=True):
        d_state.addmm_(d_gate, weight)


def _weight_gradients(d_gates: Tensor, states: Tensor) -> list[Tensor]:
    """Of each way's recurrent matrix, one product over all steps: (time · batch, ·) twice → (gates, hidden)."""
    return [
        d_gate.flatten(0, 1).t() @ state[:-1].flatten(0, 1)
        for d_gate, state in zip(d_gates, states, strict=True)
    ]
