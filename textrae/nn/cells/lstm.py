"""Long short-term memory (Hochreiter & Schmidhuber 1997)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from textrae.nn.cells.steps import (
    Gradients,
    _add_gradients,
    _add_products,
    _each,
    _halves,
    _room,
    _weight_gradients,
    sigmoid_backward,
    tanh_backward,
)


class LSTM(torch.autograd.Function):
    """i, f, o = σ(g + W h), u = tanh(g_u + W_u h), c' = f c + i u, h' = o tanh(c') (Hochreiter & Schmidhuber 1997)."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, bias: Tensor, *gates_and_weights: Tensor) -> tuple[Tensor, Tensor]:
        """State (ways, batch, h and c), unused bias, then the ways' gates (time, batch, 4 hidden) and matrices."""
        gates, weights = _halves(gates_and_weights)
        h, c = state.chunk(2, dim=-1)
        hidden = h.shape[-1]
        active = torch.stack(gates)  # becomes i, f, u and o
        states, cells = _room(gates, h), _room(gates, c)
        squashed = torch.empty_like(states[:, 1:])
        products, befores, i_and_f = _each(active), _each(states), active[..., : 2 * hidden].unbind(1)
        i, f, u, o = (part.unbind(1) for part in active.chunk(4, dim=-1))
        hs, cs, tanhs = states[:, 1:].unbind(1), cells.unbind(1), squashed.unbind(1)
        for t in range(len(hs)):
            _add_products(products[t], befores[t], weights)
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
        """Back through time."""
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
        steps = zip(*(part.unbind(1) for part in parts), _each(d_gates.flatten(3)), strict=True)
        for d_out_t, cell, f_t, slopes, slope, d_cells, d_output, d_each in reversed(list(steps)):
            d_h = d_h + d_out_t
            d_c = torch.addcmul(d_c, d_h, cell)
            torch.mul(d_c.unsqueeze(-2), slopes, out=d_cells)
            torch.mul(d_h, slope, out=d_output)
            d_c = d_c * f_t
            d_h = torch.zeros_like(d_h)
            _add_gradients(d_h, d_each, weights)
        d_gates = d_gates.flatten(3)
        return torch.cat([d_h, d_c], dim=-1), None, *d_gates, *_weight_gradients(d_gates, states)
