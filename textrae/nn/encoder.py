"""Tokens → one feature vector a sentence."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from textrae.nn.recurrence import Recurrence, side_by_side


class Encoder(nn.Module):
    """A stack of recurrent layers, each reading one way or both, pooled over the real tokens.

    The backward reading of a sentence starts at its last real token (it is turned round before), so neither padding
    nor batch-mates touch an encoding.
    """

    def __init__(
        self,
        cell: str,
        inputs: int,
        hidden: int,
        layers: int,
        bidirectional: bool,
        pooling: str,
        dropout: float,
    ) -> None:
        super().__init__()
        self.pooling = pooling
        ways = 2 if bidirectional else 1
        self.features = ways * hidden
        self.layers = nn.ModuleList(
            nn.ModuleList(
                Recurrence(cell, inputs if depth == 0 else self.features, hidden) for _ in range(ways)
            )
            for depth in range(layers)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(time, batch, inputs) and (batch,) real lengths ≥ 1 → (batch, features)."""
        time = torch.arange(len(x), device=x.device).unsqueeze(1)
        real = time < lengths  # (time, batch)
        turned = torch.where(real, lengths - 1 - time, time)
        rows = (turned * len(lengths) + torch.arange(len(lengths), device=x.device)).flatten()
        states = _read(self.layers[0], x, rows)
        for layer in self.layers[1:]:
            x = torch.cat([states[0], *(_turn(way, rows) for way in states[1:])], dim=-1)
            states = _read(layer, self.dropout(x), rows)
        return self._pool(states, real, lengths).transpose(0, 1).flatten(1)

    def _pool(self, states: Tensor, real: Tensor, lengths: Tensor) -> Tensor:
        """(ways, time, batch, hidden), each in its order of reading → (ways, batch, hidden)."""
        if self.pooling == "max":
            largest: Any = _Largest.apply
            pooled: Tensor = largest(states, real)
            return pooled
        if self.pooling == "mean":
            return (states * real.unsqueeze(-1)).sum(1) / lengths.unsqueeze(-1)
        return states[:, lengths - 1, torch.arange(len(lengths), device=states.device)]


def _read(layer: nn.Module, x: Tensor, rows: Tensor) -> Tensor:
    """A layer's states (ways, time, batch, hidden), the second way's from a sentence's end to its begin."""
    assert isinstance(layer, nn.ModuleList)
    ways = [way for way in layer if isinstance(way, Recurrence)]
    start = x.new_zeros(len(ways), x.shape[1], ways[0].state_size)
    return side_by_side(ways, [x, _turn(x, rows)][: len(ways)], start)[0]


def _turn(x: Tensor, rows: Tensor) -> Tensor:
    """Turn each sentence of (time, batch, features) round."""
    turn: Any = _Turn.apply
    turned: Tensor = turn(x, rows)
    return turned


class _Turn(torch.autograd.Function):
    """Row i of the flattened (time · batch) from row rows[i]: a turn undoes itself, so its gradient is the same."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        return x.flatten(0, 1).index_select(0, rows).view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        return grads[0].flatten(0, 1).index_select(0, rows).view_as(grads[0]), None


class _Largest(torch.autograd.Function):
    """The maximum over the real steps; where several steps have it, each gets the gradient.

    Torch's own shares the gradient between them, at twice the passes.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, real: Tensor) -> Tensor:
        """(ways, time, batch, hidden), (time, batch) → (ways, batch, hidden)."""
        padding = torch.zeros_like(real, dtype=states.dtype).masked_fill_(~real, float("-inf"))
        states = states + padding.unsqueeze(-1)
        largest = states.amax(1)
        ctx.save_for_backward(states, largest)
        return largest

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """To the steps that are equal to the maximum."""
        states, largest = ctx.saved_tensors
        there = torch.eq(
            states, largest.unsqueeze(1), out=torch.empty_like(states)
        )  # 0 or 1, ready to multiply
        return there * grads[0].unsqueeze(1), None
