"""What the rest of the code needs to know of a recurrent cell, as one record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


def pack_hidden(state: Tensor) -> Any:
    """Return the fused module's state for a flat one that is only h: (batch, hidden) → (1, batch, hidden)."""
    return state.unsqueeze(0).contiguous()


def unpack_hidden(state: Any) -> Tensor:
    """Return the flat state for the fused module's h: (1, batch, hidden) → (batch, hidden)."""
    flat: Tensor = state.squeeze(0)
    return flat


@dataclass(frozen=True)
class CellKind:
    """A recurrent cell: its sizes, its step loops and, if torch has one, its fused module."""

    name: str
    """Name in the settings."""
    gates: int
    """Gate blocks stacked in each weight."""
    loops: Mapping[str, type[torch.autograd.Function]]
    """Step loop for each activation; its arguments are those of the loops in :mod:`textrae.nn.cells.elman`."""
    fused: Callable[[int, int, str], nn.RNNBase] | None = None
    """Maker of torch's module from input dimensions, hidden units and activation; None to run the loop on a GPU too."""
    parts: int = 1
    """Vectors of `hidden` dimensions in a flat state."""
    keeps: int | None = None
    """Gate block that keeps the old state, whose input bias begins at 1 (Gers et al. 2000); None without such a gate."""
    candidate_apart: bool = False
    """Whether the recurrent bias of the last gate block is not added to the input bias but given to the loop."""
    pack: Callable[[Tensor], Any] = pack_hidden
    """Conversion of a flat state (batch, parts · hidden) to the state that the fused module takes."""
    unpack: Callable[[Any], Tensor] = unpack_hidden
    """Conversion of the fused module's state to a flat one (batch, parts · hidden)."""

    def loop(self, activation: str) -> type[torch.autograd.Function]:
        """Return the step loop of an activation.

        Raises:
            ValueError: the cell has no such activation.
        """
        if activation not in self.loops:
            raise ValueError(f"`activation`: {self.name} has {', '.join(self.loops)}, not {activation}")
        return self.loops[activation]

    def parameters(self, inputs: int, hidden: int, activation: str) -> nn.Module:
        """Make the module that holds the parameters: the fused one, or one with the same names.

        Args:
            inputs: dimensions of an input step.
            hidden: hidden units.
            activation: a key of `loops`.
        """
        if self.fused is None:
            return Parameters(self.gates * hidden, inputs, hidden)
        return self.fused(inputs, hidden, activation)


class Parameters(nn.Module):
    """Parameters of a cell without a fused module, named and ordered as in :class:`torch.nn.RNNBase`.

    They are not initialised: :meth:`textrae.nn.recurrence.Recurrence.initialise` does it.

    Args:
        rows: gate blocks times hidden units.
        inputs: dimensions of an input step.
        hidden: hidden units.
    """

    def __init__(self, rows: int, inputs: int, hidden: int) -> None:
        super().__init__()
        self.weight_ih_l0 = nn.Parameter(torch.empty(rows, inputs))
        self.weight_hh_l0 = nn.Parameter(torch.empty(rows, hidden))
        self.bias_ih_l0 = nn.Parameter(torch.empty(rows))
        self.bias_hh_l0 = nn.Parameter(torch.empty(rows))


def runs_fused(kind: CellKind, x: Tensor) -> bool:
    """Decide whether the fused module runs for a tensor instead of the step loop: only on a GPU."""
    return x.is_cuda and kind.fused is not None
