"""Long short-term memory (Hochreiter & Schmidhuber 1997)."""

from __future__ import annotations

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
    sigmoid_backward,
    tanh_backward,
    weight_gradients,
)


class LSTMLoop(torch.autograd.Function):
    """i, f, o = σ(g + W h), u = tanh(g_u + W_u h), c' = f c + i u, h' = o tanh(c') (Hochreiter & Schmidhuber 1997)."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, bias: Tensor, *gates_and_weights: Tensor) -> tuple[Tensor, Tensor]:
        """Run over all steps, each way with its own matrix.

        Args:
            ctx: what torch keeps for the backward pass.
            state: (ways, batch, 2 hidden), h and c side by side before the first step.
            bias: unused.
            gates_and_weights: each way's gates from the input (time, batch, 4 hidden), then each way's recurrent matrix.

        Returns:
            Outputs (ways, time, batch, hidden) and the state after the last step (ways, batch, 2 hidden).
        """
        gates, weights = halves(gates_and_weights)
        h, c = state.chunk(2, dim=-1)
        hidden = h.shape[-1]
        active = torch.stack(gates)  # becomes i, f, u and o
        states, cells = room(gates, h), room(gates, c)
        squashed = torch.empty_like(states[:, 1:])
        products, befores, i_and_f = each_step(active), each_step(states), active[..., : 2 * hidden].unbind(1)
        i, f, u, o = (part.unbind(1) for part in active.chunk(4, dim=-1))
        hs, cs, tanhs = states[:, 1:].unbind(1), cells.unbind(1), squashed.unbind(1)
        for t in range(len(hs)):
            add_products(products[t], befores[t], weights)
            i_and_f[t].sigmoid_()
            u[t].tanh_()
            o[t].sigmoid_()
            torch.mul(i[t], u[t], out=cs[t + 1]).addcmul_(f[t], cs[t])
            torch.tanh(cs[t + 1], out=tanhs[t])
            torch.mul(o[t], tanhs[t], out=hs[t])
        ctx.save_for_backward(states, cells, squashed, active, *weights)
        return states[:, 1:], torch.cat([states[:, -1], cells[:, -1]], dim=-1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Gradients:
        """Return the gradients of the arguments, computed back through time."""
        d_out, d_last = grads
        states, cells, squashed, active, *weights = ctx.saved_tensors
        i, f, u, o = active.chunk(4, dim=-1)
        # what the gradients of a cell and of a state are to be multiplied with
        to_gates = o.new_empty(*o.shape[:3], 4, o.shape[3])  # (ways, time, batch, 4, hidden)
        sigmoid_backward(u, i, grad_input=to_gates[..., 0, :])
        sigmoid_backward(cells[:, :-1], f, grad_input=to_gates[..., 1, :])
        tanh_backward(i, u, grad_input=to_gates[..., 2, :])
        sigmoid_backward(squashed, o, grad_input=to_gates[..., 3, :])
        to_cell = tanh_backward(o, squashed)
        d_gates = torch.empty_like(to_gates)
        d_h, d_c = d_last.chunk(2, dim=-1)
        of_cell, of_state = slice(0, 3), 3
        parts = (
            *(d_out, to_cell, f, to_gates[..., of_cell, :], to_gates[..., of_state, :]),
            *(d_gates[..., of_cell, :], d_gates[..., of_state, :]),
        )
        steps = zip(*(part.unbind(1) for part in parts), each_step(d_gates.flatten(3)), strict=True)
        for d_out_t, cell, f_t, slopes, slope, d_cells, d_output, d_each in reversed(list(steps)):
            d_h = d_h + d_out_t
            d_c = torch.addcmul(d_c, d_h, cell)
            torch.mul(d_c.unsqueeze(-2), slopes, out=d_cells)
            torch.mul(d_h, slope, out=d_output)
            d_c = d_c * f_t
            d_h = torch.zeros_like(d_h)
            add_gradients(d_h, d_each, weights)
        d_gates = d_gates.flatten(3)
        return torch.cat([d_h, d_c], dim=-1), None, *d_gates, *weight_gradients(d_gates, states)


def _fused(inputs: int, hidden: int, activation: str) -> nn.RNNBase:
    return nn.LSTM(inputs, hidden)


def _pack(state: Tensor) -> tuple[Tensor, Tensor]:
    """Return h and c, each (1, batch, hidden), of a flat state (batch, 2 hidden)."""
    h, c = state.unsqueeze(0).chunk(2, dim=-1)
    return h.contiguous(), c.contiguous()


def _unpack(state: tuple[Tensor, Tensor]) -> Tensor:
    """Return the flat state (batch, 2 hidden) of h and c, each (1, batch, hidden)."""
    return torch.cat(state, dim=-1).squeeze(0)


LSTM = CellKind(
    name="lstm",
    gates=4,
    loops={"tanh": LSTMLoop},
    fused=_fused,
    parts=2,
    keeps=1,
    pack=_pack,
    unpack=_unpack,
)
"""Long short-term memory of Hochreiter & Schmidhuber (1997): gates i, f, u, o; f keeps the old state; state h and c."""
