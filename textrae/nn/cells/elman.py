"""The Elman recurrence (Elman 1990)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from textrae.nn.cells.cell import CellKind
from textrae.nn.cells.steps import (
    Gradients,
    add_gradients,
    add_products,
    each_step,
    halves,
    room,
    weight_gradients,
)


class Elman(torch.autograd.Function):
    """h_t = tanh(g_t + W h_{t-1}), with g_t the gates from the input (Elman 1990)."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, bias: Tensor, *gates_and_weights: Tensor) -> tuple[Tensor, Tensor]:
        """Run over all steps, each way with its own matrix.

        Args:
            ctx: what torch keeps for the backward pass.
            state: (ways, batch, hidden), before the first step.
            bias: unused.
            gates_and_weights: each way's gates from the input (time, batch, hidden), then each way's recurrent matrix.

        Returns:
            Outputs (ways, time, batch, hidden) and the state after the last step.
        """
        return _elman_forward(ctx, torch.tanh_, state, gates_and_weights)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Gradients:
        """Return the gradients of the arguments, computed back through time."""
        return _elman_backward(ctx, 1 - ctx.saved_tensors[0][:, 1:].square(), *grads)


class RectifiedElman(torch.autograd.Function):
    """h_t = max(0, g_t + W h_{t-1}), the Elman recurrence with rectified units; the slope at 0 is 0."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, bias: Tensor, *gates_and_weights: Tensor) -> tuple[Tensor, Tensor]:
        """Run over all steps; arguments and results are those of :meth:`Elman.forward`."""
        return _elman_forward(ctx, torch.relu_, state, gates_and_weights)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Gradients:
        """Return the gradients of the arguments, computed back through time."""
        states = ctx.saved_tensors[0]
        return _elman_backward(ctx, (states[:, 1:] > 0).to(states.dtype), *grads)


def _elman_forward(
    ctx: Any, activate_: Callable[[Tensor], Tensor], state: Tensor, gates_and_weights: tuple[Tensor, ...]
) -> tuple[Tensor, Tensor]:
    gates, weights = halves(gates_and_weights)
    states = room(gates, state)
    states[:, 1:] = torch.stack(gates)
    each, after = each_step(states), states[:, 1:].unbind(1)
    for t in range(len(after)):
        add_products(each[t + 1], each[t], weights)
        activate_(after[t])
    ctx.save_for_backward(states, *weights)
    return states[:, 1:], states[:, -1].clone()


def _elman_backward(ctx: Any, slope: Tensor, d_out: Tensor, d_h: Tensor) -> Gradients:
    """Return the gradients, given the activation's slope at every step (ways, time, batch, hidden)."""
    states, *weights = ctx.saved_tensors
    d_gates = torch.empty_like(slope)
    outs, slopes, d_each, d_steps = d_out.unbind(1), slope.unbind(1), each_step(d_gates), d_gates.unbind(1)
    for t in reversed(range(len(outs))):
        torch.mul(d_h + outs[t], slopes[t], out=d_steps[t])
        d_h = torch.zeros_like(d_h)
        add_gradients(d_h, d_each[t], weights)
    return d_h, None, *d_gates, *weight_gradients(d_gates, states)


def _fused(inputs: int, hidden: int, activation: str) -> nn.RNNBase:
    return nn.RNN(inputs, hidden, nonlinearity=activation)


ELMAN = CellKind(name="rnn", gates=1, loops={"tanh": Elman, "relu": RectifiedElman}, fused=_fused)
"""The simple recurrence of Elman (1990): no gate, one state vector."""
