"""Tokens → one feature vector a sentence."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from textrae.nn.recurrence import Recurrence


class Encoder(nn.Module):
    """A stack of recurrent layers, each reading one way or both, pooled over the real tokens.

    The backward reading of a sentence starts at its last real token (the order is reversed by index before and
    after), so neither padding nor batch-mates touch an encoding.
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
        self.pooling, self.hidden = pooling, hidden
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
        turned = torch.where(real, lengths - 1 - time, time).unsqueeze(-1)  # (time, batch, 1)
        for depth, layer in enumerate(self.layers):
            assert isinstance(layer, nn.ModuleList)
            x = self.dropout(x) if depth else x
            turns = (None, turned)  # the first way reads forwards, the second backwards
            x = torch.cat([self._read(way, x, turn) for way, turn in zip(layer, turns, strict=False)], -1)
        return self._pool(x, real, lengths)

    @staticmethod
    def _read(recurrence: nn.Module, x: Tensor, turned: Tensor | None) -> Tensor:
        assert isinstance(recurrence, Recurrence)
        state = x.new_zeros(x.shape[1], recurrence.state_size)
        if turned is None:
            return recurrence.forward(x, state)[0]
        out = recurrence.forward(x.gather(0, turned.expand_as(x)), state)[0]
        return out.gather(0, turned.expand_as(out))

    def _pool(self, states: Tensor, real: Tensor, lengths: Tensor) -> Tensor:
        if self.pooling == "max":
            return states.masked_fill(~real.unsqueeze(-1), float("-inf")).amax(0)
        if self.pooling == "mean":
            return (states * real.unsqueeze(-1)).sum(0) / lengths.unsqueeze(-1)
        # the last state of each reading: at the last real token forwards, at the first backwards
        last = states.gather(0, (lengths - 1).view(1, -1, 1).expand(1, -1, states.shape[-1])).squeeze(0)
        return torch.cat([last[:, : self.hidden], states[0, :, self.hidden :]], dim=-1)
