"""The step loops of rnn, lstm and gru on the CPU, with their backward passes by hand.

Several readings of one layer (forwards and backwards) run side by side: each has its own products, while everything
else of a step is done for all of them at once. The gradient of a recurrent matrix is one product over all steps instead
of one a step, and what does not depend on the running gradient is computed for all steps before the loop.

Shapes: ways is the number of readings; gates stand in torch's order, G·hidden wide. Everything is in the dtype of the
gates: under autocast bfloat16, whose states differ from those of float32 by about 1e-2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Gradients = tuple[Tensor | None, ...]
sigmoid_backward: Any = torch.ops.aten.sigmoid_backward
"""(g, y) → g y (1 − y) in one pass."""
tanh_backward: Any = torch.ops.aten.tanh_backward
"""(g, y) → g (1 − y²) in one pass."""


class Elman(torch.autograd.Function):
    """h_t = tanh(g_t + W h_{t-1}), with g_t the gates from the input (Elman 1990)."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, bias: Tensor, *gates_and_weights: Tensor) -> tuple[Tensor, Tensor]:
        """State (ways, batch, hidden), unused bias, then the ways' gates (time, batch, hidden) and matrices."""
        return _elman_forward(ctx, torch.tanh_, state, gates_and_weights)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Gradients:
        """Back through time."""
        return _elman_backward(ctx, 1 - ctx.saved_tensors[0][:, 1:].square(), *grads)


class RectifiedElman(torch.autograd.Function):
    """h_t = max(0, g_t + W h_{t-1}); the slope at 0 is 0."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, bias: Tensor, *gates_and_weights: Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`Elman.forward`."""
        return _elman_forward(ctx, torch.relu_, state, gates_and_weights)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Gradients:
        """Back through time."""
        states = ctx.saved_tensors[0]
        return _elman_backward(ctx, (states[:, 1:] > 0).to(states.dtype), *grads)


class GRU(torch.autograd.Function):
    """r, z = σ(g + W h), n = tanh(g_n + r (W_n h + b_n)), h' = (1 - z) n + z h (Cho et al. 2014, as cuDNN has it)."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, bias: Tensor, *gates_and_weights: Tensor) -> tuple[Tensor, Tensor]:
        """State (ways, batch, hidden), b_n (ways, hidden), then the ways' gates (time, batch, 3 hidden) and matrices."""
        gates, weights = _halves(gates_and_weights)
        hidden = state.shape[-1]
        # becomes r, z and W_n h + b_n, in the room of the gates where nothing is to go back to them
        alone = len(gates) == 1 and not any(ctx.needs_input_grad)
        active = gates[0].unsqueeze(0) if alone else torch.stack(gates)
        from_input = active[..., 2 * hidden :].clone()
        active[..., 2 * hidden :] = bias[:, None, None]
        candidate, states = torch.empty_like(from_input), _room(gates, state)
        products, befores, h = _each(active), _each(states), states.unbind(1)
        r_and_z = active[..., : 2 * hidden].unbind(1)
        r, z, recurrent = (part.unbind(1) for part in active.chunk(3, dim=-1))
        inputs, n = from_input.unbind(1), candidate.unbind(1)
        for t in range(len(n)):
            _add_products(products[t], befores[t], weights)
            r_and_z[t].sigmoid_()
            torch.addcmul(inputs[t], r[t], recurrent[t], out=n[t]).tanh_()
            torch.lerp(n[t], h[t], z[t], out=h[t + 1])
        ctx.save_for_backward(states, active, candidate, *weights)
        return states[:, 1:], states[:, -1].clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Gradients:
        """Back through time."""
        d_out, d_h = grads
        states, active, n, *weights = ctx.saved_tensors
        r, z, recurrent = active.chunk(3, dim=-1)
        # what the gradient of a state is to be multiplied with to give that of each gate
        to_n = tanh_backward(1 - z, n)
        to_gates = n.new_empty(*n.shape[:3], 3, n.shape[3])  # (ways, time, batch, 3, hidden)
        sigmoid_backward(to_n * recurrent, r, grad_input=to_gates[..., 0, :])
        sigmoid_backward(states[:, :-1] - n, z, grad_input=to_gates[..., 1, :])
        torch.mul(to_n, r, out=to_gates[..., 2, :])
        d_product, d_states = torch.empty_like(to_gates), torch.empty_like(n)
        steps = zip(
            *(x.unbind(1) for x in (d_out, d_states, d_states.unsqueeze(-2), to_gates, d_product, z)),
            _each(d_product.flatten(3)),
            strict=True,
        )
        for d_out_t, d_state, over_gates, slopes, d_gate, z_t, d_each in reversed(list(steps)):
            torch.add(d_h, d_out_t, out=d_state)
            torch.mul(over_gates, slopes, out=d_gate)
            d_h = d_state * z_t
            _add_gradients(d_h, d_each, weights)
        d_product = d_product.flatten(3)
        d_bias = d_product[..., -n.shape[-1] :].sum((1, 2))
        d_weights = _weight_gradients(d_product, states)
        d_gates = d_product  # which the input meets before r does
        torch.mul(d_states, to_n, out=d_gates[..., -n.shape[-1] :])
        return d_h, d_bias, *d_gates, *d_weights


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


def _elman_forward(
    ctx: Any, activate_: Callable[[Tensor], Tensor], state: Tensor, gates_and_weights: tuple[Tensor, ...]
) -> tuple[Tensor, Tensor]:
    gates, weights = _halves(gates_and_weights)
    states = _room(gates, state)
    states[:, 1:] = torch.stack(gates)
    each, after = _each(states), states[:, 1:].unbind(1)
    for t in range(len(after)):
        _add_products(each[t + 1], each[t], weights)
        activate_(after[t])
    ctx.save_for_backward(states, *weights)
    return states[:, 1:], states[:, -1].clone()


def _elman_backward(ctx: Any, slope: Tensor, d_out: Tensor, d_h: Tensor) -> Gradients:
    """With the activation's slope at every step, (ways, time, batch, hidden)."""
    states, *weights = ctx.saved_tensors
    d_gates = torch.empty_like(slope)
    outs, slopes, d_each, d_steps = d_out.unbind(1), slope.unbind(1), _each(d_gates), d_gates.unbind(1)
    for t in reversed(range(len(outs))):
        torch.mul(d_h + outs[t], slopes[t], out=d_steps[t])
        d_h = torch.zeros_like(d_h)
        _add_gradients(d_h, d_each[t], weights)
    return d_h, None, *d_gates, *_weight_gradients(d_gates, states)


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
