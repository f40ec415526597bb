"""Tokens → one feature vector per sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textrae.nn.dropout import LockedDropout
from textrae.nn.recurrence import Recurrence, side_by_side


class Reading(NamedTuple):
    """States of an encoder's last layer over a batch."""

    states: Tensor
    """States (ways, time, batch, hidden), each way in its order of reading."""
    rows: Tensor
    """Index of each row of a reversed reading in the flattened order of time, (time · batch,)."""
    lengths: Tensor
    """Real lengths of the sentences, (batch,)."""


class Encoder(nn.Module):
    """A stack of recurrent layers, each reading one way or both, pooled over the real tokens.

    The backward reading of a sentence starts at its last real token, because the sentence is reversed first. So neither
    padding nor the other sentences of a batch change an encoding.

    Args:
        cell: a name in :data:`textrae.nn.cells.CELLS`.
        inputs: dimensions of a token embedding.
        hidden: hidden units of a layer, of each way.
        layers: number of layers.
        bidirectional: whether a layer reads both ways.
        pooling: ``max``, ``mean`` or ``last``.
        dropout: share of features zeroed between layers in training.
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
        self.dropout = LockedDropout(dropout)

    def forward(self, x: Tensor, lengths: Tensor, tables: Sequence[Tensor] | None = None) -> Reading:
        """Read sentences.

        Args:
            x: (time, batch, inputs), or with tables (time, batch) token ids.
            lengths: (batch,) real lengths ≥ 1.
            tables: from :meth:`tables`.

        Returns:
            The last layer's states.
        """
        time = torch.arange(len(x), device=x.device).unsqueeze(1)
        turned = torch.where(time < lengths, lengths - 1 - time, time)  # (time, batch)
        rows = (turned * len(lengths) + torch.arange(len(lengths), device=x.device)).flatten()
        first = _ways(self.layers[0])
        if tables is None:
            states = side_by_side(first, _readings(x, rows, len(first)), lengths)
        else:
            ids = (x.flatten(), x.flatten()[rows])
            looked_up = [
                F.embedding(read.view_as(x), table) for read, table in zip(ids, tables, strict=False)
            ]
            states = side_by_side(first, looked_up, lengths, projected=True)
        for layer in self.layers[1:]:
            x = torch.cat([states[0], *(_turn(way, rows) for way in states[1:])], dim=-1)
            states = side_by_side(_ways(layer), _readings(self.dropout(x), rows, len(first)), lengths)
        return Reading(states, rows, lengths)

    def in_order(self, reading: Reading) -> Tensor:
        """Return the states of both ways side by side in the order of time: (batch, time, features)."""
        first, *others = reading.states
        return torch.cat([first, *(_turn(way, reading.rows) for way in others)], dim=-1).transpose(0, 1)

    def tables(self, embeddings: Tensor) -> list[Tensor] | None:
        """Compute each token's part of the first layer's gates, so that many tokens share one product.

        Args:
            embeddings: (vocabulary, inputs).

        Returns:
            For each way (vocabulary, gates); None where a fused module runs, which takes embeddings.
        """
        ways = _ways(self.layers[0])
        if ways[0].fuses(embeddings):
            return None
        return [way.project(embeddings) for way in ways]

    def pool(self, reading: Reading) -> Tensor:
        """Pool the states of each sentence: (batch, features)."""
        return self._pool(reading.states, reading.lengths).transpose(0, 1).flatten(1)

    def _pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Pool states (ways, time, batch, hidden), each way in its order of reading → (ways, batch, hidden)."""
        real = torch.arange(states.shape[1], device=states.device).unsqueeze(1) < lengths
        if self.pooling == "max":
            largest: Any = _Largest.apply
            pooled: Tensor = largest(states, real)
            return pooled
        if self.pooling == "mean":
            return (states * real.unsqueeze(-1)).sum(1) / lengths.unsqueeze(-1)
        return states[:, lengths - 1, torch.arange(len(lengths), device=states.device)]


def _ways(layer: nn.Module) -> list[Recurrence]:
    assert isinstance(layer, nn.ModuleList)
    return [way for way in layer if isinstance(way, Recurrence)]


def _readings(x: Tensor, rows: Tensor, ways: int) -> list[Tensor]:
    """Return the input for each way: in the order of time and, for a second way, with each sentence reversed."""
    return [x, _turn(x, rows)] if ways == 2 else [x]


def _turn(x: Tensor, rows: Tensor) -> Tensor:
    """Reverse each sentence of (time, batch, features)."""
    turn: Any = _Turn.apply
    turned: Tensor = turn(x, rows)
    return turned


class _Turn(torch.autograd.Function):
    """Row i of the flattened (time · batch) from row rows[i]: reversing undoes itself, so the gradient is reversed too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        return x.flatten(0, 1).index_select(0, rows).view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        return grads[0].flatten(0, 1).index_select(0, rows).view_as(grads[0]), None


class _Largest(torch.autograd.Function):
    """The maximum over the real steps; if several steps have it, each gets the whole gradient.

    Torch's maximum divides the gradient between them, which takes twice the passes over memory.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, real: Tensor) -> Tensor:
        """Take the maximum: states (ways, time, batch, hidden), real steps (time, batch) → (ways, batch, hidden)."""
        padding = torch.zeros_like(real, dtype=states.dtype).masked_fill_(~real, float("-inf"))
        states = states + padding.unsqueeze(-1)
        largest = states.amax(1)
        ctx.save_for_backward(states, largest)
        return largest

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """Give the gradient to the steps that are equal to the maximum."""
        states, largest = ctx.saved_tensors
        there = torch.eq(
            states, largest.unsqueeze(1), out=torch.empty_like(states)
        )  # 0 or 1, ready to multiply
        return there * grads[0].unsqueeze(1), None
