"""The recurrences rnn, lstm and gru behind one flat state.

A state is one tensor ``(batch, state)``: ``h`` for rnn and gru, ``h`` and ``c`` side by side for lstm, so nothing
outside this file asks which cell it has. Parameters are those of :class:`torch.nn.RNN`, ``LSTM`` and ``GRU``; on a GPU
their cuDNN kernels run, on the CPU the loops of :mod:`textrae.nn.cells.steps`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textrae.nn.cells.elman import Elman, RectifiedElman
from textrae.nn.cells.gru import GRU
from textrae.nn.cells.lstm import LSTM

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
"""Gate blocks stacked in each weight of a cell."""
_MODULES: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
_LOOPS: dict[tuple[str, str], type[torch.autograd.Function]] = {
    ("rnn", "tanh"): Elman,
    ("rnn", "relu"): RectifiedElman,
    ("gru", "tanh"): GRU,
    ("lstm", "tanh"): LSTM,
}
"""The CPU's loop for a cell and an activation."""


class Recurrence(nn.Module):
    """One recurrent layer in one direction.

    Args:
        cell: ``rnn`` (Elman 1990), ``lstm`` (Hochreiter & Schmidhuber 1997) or ``gru`` (Cho et al. 2014).
        inputs: numbers of an input step.
        hidden: numbers of an output step.
        constant: numbers of an input that is the same at every step (a sentence's latent); its part of the gates is
            computed once a sentence.
        activation: ``tanh``, or ``relu`` for rnn alone.
        gain: what the weights of the constant begin larger by.
    """

    state_size: int
    """Numbers of a state."""
    weight_dropout: float = 0.0
    """Share of the recurrent matrix's entries zeroed in training, anew for each batch (DropConnect of Wan et al. 2013, in
    recurrences by Merity, Keskar & Socher 2018)."""

    def __init__(
        self,
        cell: str,
        inputs: int,
        hidden: int,
        constant: int = 0,
        activation: str = "tanh",
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.cell, self.inputs, self.hidden, self.gain = cell, inputs, hidden, gain
        self.loop = _LOOPS[cell, activation]
        self.rnn = _MODULES[cell](
            inputs + constant, hidden, **({"nonlinearity": activation} if cell == "rnn" else {})
        )
        self.state_size = hidden * (2 if cell == "lstm" else 1)
        self.initialise()

    def _weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Input and recurrent matrix, input and recurrent bias, as torch orders and stacks them."""
        w_ih, w_hh, b_ih, b_hh = self.rnn.parameters()
        return w_ih, w_hh, b_ih, b_hh

    def recurrent_matrix(self) -> Tensor:
        """As it is to be multiplied with: in training with its dropout."""
        return F.dropout(self._weights()[1], self.weight_dropout, self.training)

    @property
    def bias(self) -> Tensor:
        """The input bias, of all gates."""
        return self._weights()[2]

    @torch.no_grad()
    def initialise(self) -> None:
        """Orthogonal recurrent and Glorot input matrices by gate; a gated cell remembers more than it forgets.

        The positive bias of what keeps the old state lets gradients through from the start (Gers et al. 2000).
        """
        w_ih, w_hh, b_ih, b_hh = self._weights()
        for block in w_hh.chunk(GATES[self.cell]):
            nn.init.orthogonal_(block)
        for block in w_ih.chunk(GATES[self.cell]):
            nn.init.xavier_uniform_(block)
        w_ih[:, self.inputs :] *= self.gain
        b_ih.zero_()
        b_hh.zero_()
        if self.cell != "rnn":  # the lstm's forget gate and the gru's update gate both come second
            b_ih[self.hidden : 2 * self.hidden] = 1.0

    def condition(self, constant: Tensor) -> Tensor:
        """What (batch, constant) gives to every step, in the form that :meth:`forward` takes."""
        if constant.is_cuda:
            return constant
        return F.linear(constant, self._weights()[0][:, self.inputs :])

    def forward(
        self, x: Tensor, state: Tensor, condition: Tensor | None = None, projected: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Run over some steps.

        Args:
            x: (time, batch, inputs).
            state: (batch, state), the state before the first step.
            condition: from :meth:`condition`, for a layer built with `constant`.
            projected: whether x is what :meth:`project` gives; on the CPU alone.

        Returns:
            The outputs (time, batch, hidden) and the state after the last step (batch, state).
        """
        if x.is_cuda:
            return self._cudnn(x, state, condition)
        gates = x if projected else self.project(x)
        out, last = _loop([self], [gates if condition is None else gates + condition], state.unsqueeze(0))
        return out[0], last[0]

    def project(self, x: Tensor) -> Tensor:
        """What the input gives to the gates: (…, inputs) → (…, gates)."""
        return F.linear(x, self._weights()[0][:, : self.inputs], self._input_bias())

    def _cudnn(self, x: Tensor, state: Tensor, constant: Tensor | None) -> tuple[Tensor, Tensor]:
        if constant is not None:
            x = torch.cat([x, constant.to(x.dtype).expand(len(x), -1, -1)], dim=-1)
        if self.cell == "lstm":
            h, c = state.unsqueeze(0).chunk(2, dim=-1)
            out, (h, c) = self._run(x, (h.contiguous(), c.contiguous()))
            return out, torch.cat([h, c], dim=-1).squeeze(0)
        out, h = self._run(x, state.unsqueeze(0).contiguous())
        return out, h.squeeze(0)

    def _run(self, x: Tensor, state: Any) -> Any:
        """Torch's own module, with the recurrent matrix's dropout."""
        if self.training and self.weight_dropout:
            dropped = {"weight_hh_l0": self.recurrent_matrix()}
            return torch.func.functional_call(self.rnn, dropped, (x, state))
        return self.rnn(x, state)

    def _input_bias(self) -> Tensor:
        """The biases that add up before any product: all but the candidate's recurrent bias of a gru."""
        _, _, b_ih, b_hh = self._weights()
        if self.cell != "gru":
            return b_ih + b_hh
        reset_update = torch.ones_like(b_hh)
        reset_update[2 * self.hidden :] = 0.0
        return b_ih + b_hh * reset_update


def side_by_side(
    ways: Sequence[Recurrence], xs: Sequence[Tensor], projected: bool = False
) -> tuple[Tensor, Tensor]:
    """Run layers of one cell and size over inputs of one shape, from states of zero.

    Args:
        ways: the layers.
        xs: for each (time, batch, inputs).
        projected: whether xs are what :meth:`Recurrence.project` gives.

    Returns:
        The outputs (ways, time, batch, hidden) and the states after the last step (ways, batch, state).
    """
    start = xs[0].new_zeros(len(ways), xs[0].shape[1], ways[0].state_size)
    pairs = list(zip(ways, xs, strict=True))
    if start.is_cuda:
        outs, lasts = zip(*(way._cudnn(x, start[0], None) for way, x in pairs), strict=True)
        return torch.stack(outs), torch.stack(lasts)
    return _loop(ways, list(xs) if projected else [way.project(x) for way, x in pairs], start)


def _loop(ways: Sequence[Recurrence], gates: list[Tensor], state: Tensor) -> tuple[Tensor, Tensor]:
    """The CPU's step loop: gates (time, batch, gates) for each way, states (ways, batch, state).

    The gates of a single way may be written over.
    """
    dtype = gates[0].dtype
    weights = [way.recurrent_matrix().to(dtype) for way in ways]
    candidate = torch.stack([way._weights()[3][-way.hidden :] for way in ways]).to(dtype)  # the gru's b_n
    if not torch.is_grad_enabled():  # else the loop would take it that gradients are to go back to them
        candidate, weights = candidate.detach(), [weight.detach() for weight in weights]
    loop: Any = ways[0].loop.apply
    outputs, after = loop(state.to(dtype), candidate, *gates, *weights)
    return outputs, after
