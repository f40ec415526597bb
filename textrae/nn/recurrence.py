"""The recurrences rnn, lstm and gru behind one flat state.

A state is one tensor ``(batch, state)``: ``h`` for rnn and gru, ``h`` and ``c`` side by side for lstm, so nothing
outside this file asks which cell it has. Parameters are those of :class:`torch.nn.RNN`, ``LSTM`` and ``GRU``; on a GPU
their cuDNN kernels run. On the CPU the step loop is ours, with the backward pass by hand: the gradient of the
recurrent matrix is one product over all steps instead of one a step, and everything that does not depend on the
running gradient is computed for all steps at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
"""Gate blocks stacked in each weight of a cell."""
_MODULES: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Recurrence(nn.Module):
    """One recurrent layer in one direction.

    Args:
        cell: ``rnn`` (Elman 1990, tanh), ``lstm`` (Hochreiter & Schmidhuber 1997) or ``gru`` (Cho et al. 2014).
        inputs: numbers of an input step.
        hidden: numbers of an output step.
        constant: numbers of an input that is the same at every step (a sentence's latent); its part of the gates is
            computed once a sentence.
    """

    state_size: int
    """Numbers of a state."""

    def __init__(self, cell: str, inputs: int, hidden: int, constant: int = 0) -> None:
        super().__init__()
        self.cell, self.inputs, self.hidden = cell, inputs, hidden
        self.rnn = _MODULES[cell](inputs + constant, hidden)
        self.state_size = hidden * (2 if cell == "lstm" else 1)
        self._initialise()

    def _weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Input and recurrent matrix, input and recurrent bias, as torch orders and stacks them."""
        w_ih, w_hh, b_ih, b_hh = self.rnn.parameters()
        return w_ih, w_hh, b_ih, b_hh

    @torch.no_grad()
    def _initialise(self) -> None:
        """Orthogonal recurrent and Glorot input matrices by gate; a gated cell remembers more than it forgets.

        The positive bias of what keeps the old state lets gradients through from the start (Gers et al. 2000).
        """
        w_ih, w_hh, b_ih, b_hh = self._weights()
        for block in w_hh.chunk(GATES[self.cell]):
            nn.init.orthogonal_(block)
        for block in w_ih.chunk(GATES[self.cell]):
            nn.init.xavier_uniform_(block)
        b_ih.zero_()
        b_hh.zero_()
        if self.cell != "rnn":  # the lstm's forget gate and the gru's update gate both come second
            b_ih[self.hidden : 2 * self.hidden] = 1.0

    def forward(self, x: Tensor, state: Tensor, constant: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run over all steps.

        Args:
            x: (time, batch, inputs).
            state: (batch, state), the state before the first step.
            constant: (batch, constant), for a layer built with `constant`.

        Returns:
            The outputs (time, batch, hidden) and the state after the last step (batch, state).
        """
        if x.is_cuda:
            return self._cudnn(x, state, constant)
        w_ih, w_hh, _, b_hh = self._weights()
        gates = F.linear(x, w_ih[:, : self.inputs], self._input_bias())  # (time, batch, gates)
        if constant is not None:
            gates = gates + F.linear(constant, w_ih[:, self.inputs :])
        weight, bias = w_hh.to(gates.dtype), b_hh.to(gates.dtype)
        loop: Any = _LOOPS[self.cell].apply
        out, last = loop(gates, state.to(gates.dtype), weight, bias)
        return out, last

    def _cudnn(self, x: Tensor, state: Tensor, constant: Tensor | None) -> tuple[Tensor, Tensor]:
        if constant is not None:
            x = torch.cat([x, constant.to(x.dtype).expand(len(x), -1, -1)], dim=-1)
        if self.cell == "lstm":
            h, c = state.unsqueeze(0).chunk(2, dim=-1)
            out, (h, c) = self.rnn(x, (h.contiguous(), c.contiguous()))
            return out, torch.cat([h, c], dim=-1).squeeze(0)
        out, h = self.rnn(x, state.unsqueeze(0).contiguous())
        return out, h.squeeze(0)

    def _input_bias(self) -> Tensor:
        """The biases that add up before any product: all but the candidate's recurrent bias of a gru."""
        _, _, b_ih, b_hh = self._weights()
        if self.cell != "gru":
            return b_ih + b_hh
        reset_update = torch.ones_like(b_hh)
        reset_update[2 * self.hidden :] = 0.0
        return b_ih + b_hh * reset_update


class _RNN(torch.autograd.Function):
    """h_t = tanh(g_t + W h_{t-1}), with g_t the gates from the input."""

    @staticmethod
    def forward(
        ctx: Any, gates: Tensor, state: Tensor, weight: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        states = gates.new_empty(len(gates) + 1, *state.shape)
        states[0] = state
        transposed = weight.t().contiguous()  # read row by row at every step
        for t, gate in enumerate(gates):
            torch.addmm(gate, states[t], transposed, out=states[t + 1]).tanh_()
        ctx.save_for_backward(states, weight)
        return states[1:], states[-1].clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        d_out, d_last = grads
        states, weight = ctx.saved_tensors
        slope = 1 - states[1:].square()
        d_gates = torch.empty_like(slope)
        d_h = _running(d_last)
        for t in range(len(slope) - 1, -1, -1):
            d_h = d_h + d_out[t]
            torch.mul(d_h.to(slope.dtype), slope[t], out=d_gates[t])
            d_h = torch.mm(d_gates[t], weight).to(d_h.dtype)
        return d_gates, d_h.to(slope.dtype), _weight_grad(d_gates, states[:-1]), None


class _GRU(torch.autograd.Function):
    """r, z = σ(g + W h), n = tanh(g_n + r (W_n h + b_n)), h' = (1 - z) n + z h; the running h is kept in float32."""

    @staticmethod
    def forward(
        ctx: Any, gates: Tensor, state: Tensor, weight: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        steps, hidden = len(gates), state.shape[1]
        states = gates.new_empty(steps + 1, *state.shape)
        reset_update = gates.new_empty(steps, len(state), 2 * hidden)
        candidate, recurrent = torch.empty_like(states[1:]), torch.empty_like(states[1:])
        states[0] = state
        h = _running(state)
        transposed, bias = weight.t().contiguous(), bias[2 * hidden :]
        product = torch.empty_like(gates[0])
        for t in range(steps):
            torch.mm(states[t], transposed, out=product)
            torch.add(gates[t, :, : 2 * hidden], product[:, : 2 * hidden], out=reset_update[t]).sigmoid_()
            torch.add(product[:, 2 * hidden :], bias, out=recurrent[t])
            r, z = reset_update[t, :, :hidden], reset_update[t, :, hidden:]
            torch.addcmul(gates[t, :, 2 * hidden :], r, recurrent[t], out=candidate[t]).tanh_()
            h = torch.lerp(candidate[t].to(h.dtype), h, z.to(h.dtype))
            states[t + 1] = h
        ctx.save_for_backward(states, reset_update, candidate, recurrent, weight)
        return states[1:], states[-1].clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        d_out, d_last = grads
        states, reset_update, n, recurrent, weight = ctx.saved_tensors
        hidden = n.shape[2]
        r, z = reset_update[..., :hidden], reset_update[..., hidden:]
        # what each gate's gradient is to be multiplied with, for all steps at once
        to_n = (1 - z) * (1 - n * n)
        to_z = (states[:-1] - n) * z * (1 - z)
        to_r = recurrent * r * (1 - r)
        d_product = torch.empty(*n.shape[:2], 3 * hidden, dtype=n.dtype, device=n.device)
        d_n = torch.empty_like(n)
        d_h = _running(d_last)
        for t in range(len(n) - 1, -1, -1):
            d_h = d_h + d_out[t]
            d_low = d_h.to(n.dtype)
            torch.mul(d_low, to_n[t], out=d_n[t])
            torch.mul(d_n[t], to_r[t], out=d_product[t, :, :hidden])
            torch.mul(d_low, to_z[t], out=d_product[t, :, hidden : 2 * hidden])
            torch.mul(d_n[t], r[t], out=d_product[t, :, 2 * hidden :])
            d_h = torch.mm(d_product[t], weight).to(d_h.dtype).addcmul_(d_h, z[t].to(d_h.dtype))
        d_gates = torch.cat([d_product[..., : 2 * hidden], d_n], dim=-1)
        d_bias = d_product.new_zeros(3 * hidden)
        d_bias[2 * hidden :] = d_product[..., 2 * hidden :].sum((0, 1))
        return d_gates, d_h.to(n.dtype), _weight_grad(d_product, states[:-1]), d_bias


class _LSTM(torch.autograd.Function):
    """i, f, o = σ(g + W h), u = tanh(g_u + W_u h), c' = f c + i u, h' = o tanh(c'); c is kept in float32."""

    @staticmethod
    def forward(
        ctx: Any, gates: Tensor, state: Tensor, weight: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        steps, hidden = len(gates), state.shape[1] // 2
        states = gates.new_empty(steps + 1, len(state), hidden)
        cells = torch.empty_like(states)
        squashed, active = torch.empty_like(states[1:]), torch.empty_like(gates)
        states[0], cells[0] = state[:, :hidden], state[:, hidden:]
        c = _running(cells[0])
        transposed = weight.t().contiguous()
        for t in range(steps):
            torch.addmm(gates[t], states[t], transposed, out=active[t])
            active[t, :, : 2 * hidden].sigmoid_()
            active[t, :, 2 * hidden : 3 * hidden].tanh_()
            active[t, :, 3 * hidden :].sigmoid_()
            i, f, u, o = active[t].chunk(4, dim=-1)
            c = torch.addcmul((i * u).to(c.dtype), f.to(c.dtype), c)
            cells[t + 1] = c
            torch.tanh(cells[t + 1], out=squashed[t])
            torch.mul(o, squashed[t], out=states[t + 1])
        ctx.save_for_backward(states, cells, squashed, active, weight)
        return states[1:], torch.cat([states[-1], cells[-1]], dim=-1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        d_out, d_last = grads
        states, cells, squashed, active, weight = ctx.saved_tensors
        steps, batch, hidden = squashed.shape
        i, f, u, o = active.chunk(4, dim=-1)
        # what each gate's gradient is to be multiplied with, for all steps at once
        from_cell = torch.stack([u * i * (1 - i), cells[:-1] * f * (1 - f), i * (1 - u * u)], dim=2)
        to_output, to_cell = squashed * o * (1 - o), o * (1 - squashed * squashed)
        d_gates = torch.empty_like(active)
        d_h, d_c = (_running(part) for part in d_last.chunk(2, dim=-1))
        for t in range(steps - 1, -1, -1):
            d_h = (d_h + d_out[t]).to(active.dtype)
            d_c = torch.addcmul(d_c, d_h.to(d_c.dtype), to_cell[t].to(d_c.dtype))
            block = d_gates[t].view(batch, 4, hidden)
            torch.mul(d_c.to(active.dtype).unsqueeze(1), from_cell[t], out=block[:, :3])
            torch.mul(d_h, to_output[t], out=block[:, 3])
            d_c = d_c * f[t].to(d_c.dtype)
            d_h = torch.mm(d_gates[t], weight)
        d_state = torch.cat([d_h.to(active.dtype), d_c.to(active.dtype)], dim=-1)
        return d_gates, d_state, _weight_grad(d_gates, states[:-1]), None


_LOOPS: dict[str, type[torch.autograd.Function]] = {"rnn": _RNN, "gru": _GRU, "lstm": _LSTM}


def _running(state: Tensor) -> Tensor:
    """What accumulates over the steps, in float32 at least: bfloat16 would lose small updates."""
    return state if state.dtype == torch.float64 else state.float()


def _weight_grad(d_gates: Tensor, states: Tensor) -> Tensor:
    """Gradient of the recurrent matrix, one product over all steps: (time, batch, ·) twice → (gates, hidden)."""
    return d_gates.flatten(0, 1).t() @ states.flatten(0, 1)
