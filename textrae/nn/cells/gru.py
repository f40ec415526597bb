"""The gated recurrent unit (Cho et al. 2014)."""

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


class GRULoop(torch.autograd.Function):
    """r, z = σ(g + W h), n = tanh(g_n + r (W_n h + b_n)), h' = (1 - z) n + z h (Cho et al. 2014, in cuDNN's form)."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, bias: Tensor, *gates_and_weights: Tensor) -> tuple[Tensor, Tensor]:
        """Run over all steps, each way with its own matrix; the gates of a single way may be overwritten.

        Args:
            ctx: what torch keeps for the backward pass.
            state: (ways, batch, hidden), before the first step.
            bias: b_n, (ways, hidden).
            gates_and_weights: each way's gates from the input (time, batch, 3 hidden), then each way's recurrent matrix.

        Returns:
            Outputs (ways, time, batch, hidden) and the state after the last step.
        """
        gates, weights = halves(gates_and_weights)
        hidden = state.shape[-1]
        # becomes r, z and W_n h + b_n, in place of the gates if no gradient is to go back to them
        in_place = len(gates) == 1 and not any(ctx.needs_input_grad)
        active = gates[0].unsqueeze(0) if in_place else torch.stack(gates)
        from_input = active[..., 2 * hidden :].clone()
        active[..., 2 * hidden :] = bias[:, None, None]
        candidate, states = torch.empty_like(from_input), room(gates, state)
        products, befores, h = each_step(active), each_step(states), states.unbind(1)
        r_and_z = active[..., : 2 * hidden].unbind(1)
        r, z, recurrent = (part.unbind(1) for part in active.chunk(3, dim=-1))
        inputs, n = from_input.unbind(1), candidate.unbind(1)
        for t in range(len(n)):
            add_products(products[t], befores[t], weights)
            r_and_z[t].sigmoid_()
            torch.addcmul(inputs[t], r[t], recurrent[t], out=n[t]).tanh_()
            torch.lerp(n[t], h[t], z[t], out=h[t + 1])
        ctx.save_for_backward(states, active, candidate, *weights)
        return states[:, 1:], states[:, -1].clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Gradients:
        """Return the gradients of the arguments, computed back through time."""
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
            each_step(d_product.flatten(3)),
            strict=True,
        )
        for d_out_t, d_state, over_gates, slopes, d_gate, z_t, d_each in reversed(list(steps)):
            torch.add(d_h, d_out_t, out=d_state)
            torch.mul(over_gates, slopes, out=d_gate)
            d_h = d_state * z_t
            add_gradients(d_h, d_each, weights)
        d_product = d_product.flatten(3)
        d_bias = d_product[..., -n.shape[-1] :].sum((1, 2))
        d_weights = weight_gradients(d_product, states)
        d_gates = d_product  # which the input meets before r does
        torch.mul(d_states, to_n, out=d_gates[..., -n.shape[-1] :])
        return d_h, d_bias, *d_gates, *d_weights


def _fused(inputs: int, hidden: int, activation: str) -> nn.RNNBase:
    return nn.GRU(inputs, hidden)


GRU = CellKind(name="gru", gates=3, loops={"tanh": GRULoop}, fused=_fused, keeps=1, candidate_apart=True)
"""The gated recurrent unit of Cho et al. (2014): gates r, z, n; z keeps the old state; r multiplies W_n h + b_n."""
