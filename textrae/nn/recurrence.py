"""A recurrent layer behind one flat state, whichever its cell.

A state is one tensor ``(batch, state)``, the cell's state vectors side by side. Parameters have the names of
:class:`torch.nn.RNNBase`. On a GPU a cell's fused module runs, on the CPU its step loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textrae.nn.cells import cell_of
from textrae.nn.cells.cell import runs_fused

_STRETCHES = 8
"""Numbers of rows that a batch is read with, at most, as its shorter sentences end."""
_LEAST_ROWS = 8
"""Rows that are left out together, at least."""


class Recurrence(nn.Module):
    """One recurrent layer in one direction.

    Args:
        cell: a name in :data:`textrae.nn.cells.CELLS`.
        inputs: dimensions of an input step.
        hidden: hidden units, and so dimensions of an output step.
        constant: dimensions of an input that is the same at every step (a sentence's latent); its part of the gates is
            computed once per sentence.
        activation: an activation for which the cell has a loop.
        gain: factor of the initial weights of the constant.

    Raises:
        ValueError: an unknown cell, or an activation that it does not have.
    """

    state_size: int
    """Dimensions of a flat state."""
    weight_dropout: float = 0.0
    """Share of the recurrent matrix's entries zeroed in training, drawn again for each batch.

    DropConnect (Wan et al. 2013), used in recurrences by Merity, Keskar & Socher (2018).
    """

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
        self.kind, self.inputs, self.hidden, self.gain = cell_of(cell), inputs, hidden, gain
        self.loop = self.kind.loop(activation)
        self.rnn = self.kind.parameters(inputs + constant, hidden, activation)
        self.state_size = self.kind.parts * hidden
        self.initialise()

    def _weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return input and recurrent matrix, input and recurrent bias, as torch orders and stacks them."""
        w_ih, w_hh, b_ih, b_hh = self.rnn.parameters()
        return w_ih, w_hh, b_ih, b_hh

    def recurrent_matrix(self) -> Tensor:
        """Return the recurrent matrix (gates, hidden), in training with its dropout."""
        return F.dropout(self._weights()[1], self.weight_dropout, self.training)

    @property
    def bias(self) -> Tensor:
        """Input bias of all gates, (gates,)."""
        return self._weights()[2]

    @torch.no_grad()
    def initialise(self) -> None:
        """Initialise recurrent matrices as orthogonal, input matrices as by Glorot & Bengio (2010), each gate by itself.

        The gate that keeps the old state begins with a bias of 1, so that gradients pass from the start (Gers et al.
        2000). The other biases begin at 0.
        """
        w_ih, w_hh, b_ih, b_hh = self._weights()
        for block in w_hh.chunk(self.kind.gates):
            nn.init.orthogonal_(block)
        for block in w_ih.chunk(self.kind.gates):
            nn.init.xavier_uniform_(block)
        w_ih[:, self.inputs :] *= self.gain
        b_ih.zero_()
        b_hh.zero_()
        if self.kind.keeps is not None:
            b_ih[self.kind.keeps * self.hidden : (self.kind.keeps + 1) * self.hidden] = 1.0

    def fuses(self, x: Tensor) -> bool:
        """Tell whether the fused module runs for a tensor: it takes inputs, while the loop also takes their projection."""
        return runs_fused(self.kind, x)

    def condition(self, constant: Tensor) -> Tensor:
        """Compute what the constant input gives to every step, as :meth:`forward` takes it.

        Args:
            constant: (batch, constant).

        Returns:
            Its part of the gates (batch, gates); the constant itself where the fused module runs.
        """
        if self.fuses(constant):
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
            projected: whether x is what :meth:`project` gives; only where the step loop runs.

        Returns:
            The outputs (time, batch, hidden) and the state after the last step (batch, state).
        """
        if self.fuses(x):
            return self.forward_fused(x, state, condition)
        gates = x if projected else self.project(x)
        gates = gates if condition is None else gates + condition
        out, last = _loop([self], _recurrent_weights([self], gates.dtype), [gates], state.unsqueeze(0))
        return out[0], last[0]

    def project(self, x: Tensor) -> Tensor:
        """Compute the part of the gates of an input, or of its first features: (…, n ≤ inputs) → (…, gates)."""
        return F.linear(x, self._weights()[0][:, : x.shape[-1]], self._input_bias())

    def project_last(self, x: Tensor) -> Tensor:
        """Compute what the last features of an input add to :meth:`project`: (…, n ≤ inputs) → (…, gates)."""
        return F.linear(x, self._weights()[0][:, self.inputs - x.shape[-1] : self.inputs])

    def forward_fused(self, x: Tensor, state: Tensor, constant: Tensor | None) -> tuple[Tensor, Tensor]:
        """Run the fused module over some steps.

        Args:
            x: (time, batch, inputs).
            state: (batch, state), the state before the first step.
            constant: (batch, constant), for a layer built with `constant`.

        Returns:
            The outputs (time, batch, hidden) and the state after the last step (batch, state).
        """
        if constant is not None:
            x = torch.cat([x, constant.to(x.dtype).expand(len(x), -1, -1)], dim=-1)
        given = x, self.kind.pack(state)
        if self.training and self.weight_dropout:
            dropped = {"weight_hh_l0": self.recurrent_matrix()}
            out, after = torch.func.functional_call(self.rnn, dropped, given)
        else:
            out, after = self.rnn(*given)
        return out, self.kind.unpack(after)

    def _input_bias(self) -> Tensor:
        """Return the sum of the biases that add up before any product: all but a candidate's that stays apart."""
        _, _, b_ih, b_hh = self._weights()
        if not self.kind.candidate_apart:
            return b_ih + b_hh
        added = torch.ones_like(b_hh)
        added[-self.hidden :] = 0.0
        return b_ih + b_hh * added


def side_by_side(
    ways: Sequence[Recurrence], xs: Sequence[Tensor], lengths: Tensor, projected: bool = False
) -> Tensor:
    """Run layers of one cell and size over sentences, from states of zero.

    Without gradients, sentences that stand in the order of falling lengths are left out of the steps after their end.

    Args:
        ways: the layers.
        xs: the input of each, (time, batch, inputs).
        lengths: (batch,), real lengths ≥ 1; what a layer makes of later steps is not defined, but finite.
        projected: whether xs are what :meth:`Recurrence.project` gives.

    Returns:
        The outputs (ways, time, batch, hidden).
    """
    time, batch = xs[0].shape[:2]
    start = xs[0].new_zeros(len(ways), batch, ways[0].state_size)
    if ways[0].fuses(start):
        pairs = zip(ways, xs, strict=True)
        return torch.stack([way.forward_fused(x, start[0], None)[0] for way, x in pairs])

    stretches = [(time, batch)] if torch.is_grad_enabled() else _stretches(lengths.tolist(), time)
    first, state, weights = 0, start, None
    outputs: list[Tensor] = []
    for last, rows in stretches:
        given = [x[first:last, :rows] for x in xs]
        gates = given if projected else [way.project(x) for way, x in zip(ways, given, strict=True)]
        weights = weights or _recurrent_weights(ways, gates[0].dtype)
        some, state = _loop(ways, weights, gates, state[:, :rows])
        outputs.append(some)
        first = last
    if len(outputs) == 1:  # copies nothing
        return outputs[0]
    whole = outputs[0].new_zeros(len(ways), time, batch, outputs[0].shape[-1])
    for (last, rows), some in zip(stretches, outputs, strict=True):
        whole[:, last - some.shape[1] : last, :rows] = some
    return whole


def _stretches(lengths: list[int], time: int) -> list[tuple[int, int]]:
    """Return stretches of time, each with its end and the rows that are read in it, for lengths that fall.

    The rows are rounded up, so that there are few stretches. There is one with all rows if lengths do not fall.
    """
    batch = len(lengths)
    if not batch or any(one < other for one, other in pairwise(lengths)):
        return [(time, batch)]
    grain = max(_LEAST_ROWS, -(-batch // _STRETCHES))
    found: list[tuple[int, int]] = []
    for first in reversed(range(0, batch, grain)):
        if not found or lengths[first] > found[-1][0]:
            found.append((lengths[first], min(first + grain, batch)))
    return [*found[:-1], (time, found[-1][1])]


def _recurrent_weights(ways: Sequence[Recurrence], dtype: torch.dtype) -> tuple[Tensor, list[Tensor]]:
    """Return the recurrent biases of the candidates (ways, hidden) and the recurrent matrix of each way."""
    weights = [way.recurrent_matrix().to(dtype) for way in ways]
    candidate = torch.stack([way._weights()[3][-way.hidden :] for way in ways]).to(dtype)
    if not torch.is_grad_enabled():  # otherwise the loop would assume that gradients go back to them
        candidate, weights = candidate.detach(), [weight.detach() for weight in weights]
    return candidate, weights


def _loop(
    ways: Sequence[Recurrence], weights: tuple[Tensor, list[Tensor]], gates: list[Tensor], state: Tensor
) -> tuple[Tensor, Tensor]:
    """Run the cell's step loop; the gates of a single way may be overwritten.

    Args:
        ways: the layers.
        weights: from :func:`_recurrent_weights`.
        gates: for each the input's part of the gates, (time, batch, gates).
        state: (ways, batch, state), before the first step.

    Returns:
        The outputs (ways, time, batch, hidden) and the states after the last step (ways, batch, state).
    """
    loop: Any = ways[0].loop.apply
    outputs, after = loop(state.to(gates[0].dtype), weights[0], *gates, *weights[1])
    return outputs, after
