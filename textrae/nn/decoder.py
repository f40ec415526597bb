"""Latent and previous tokens → a feature vector a step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from textrae.nn.recurrence import Recurrence


class Decoder(nn.Module):
    """A stack of recurrent layers that get the latent as their initial state and as an input of every step.

    The whole state is one tensor, the layers' flat states side by side; training runs it over all steps at once and
    generation over one step at a time, through the same `forward`.
    """

    def __init__(
        self, cell: str, inputs: int, hidden: int, layers: int, latent: int, outputs: int, dropout: float
    ) -> None:
        super().__init__()
        stack = [
            Recurrence(cell, hidden if depth else inputs, hidden, constant=latent) for depth in range(layers)
        ]
        self.sizes = [layer.state_size for layer in stack]
        self.layers = nn.ModuleList(stack)
        self.initial = nn.Linear(latent, sum(self.sizes))
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, outputs)

    def start(self, latent: Tensor) -> Tensor:
        """The state before the first step: (batch, latent) → (batch, state)."""
        return torch.tanh(self.initial(latent))

    def condition(self, latent: Tensor) -> list[Tensor]:
        """What the latent gives to every step of each layer: (batch, latent) → as :meth:`forward` takes it."""
        return [layer.condition(latent) for layer in self.stack()]

    def stack(self) -> list[Recurrence]:
        """The layers from the input to the output."""
        return [layer for layer in self.layers if isinstance(layer, Recurrence)]

    def forward(self, x: Tensor, state: Tensor, condition: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Run over some steps.

        Args:
            x: (time, batch, inputs), embeddings of the previous tokens.
            state: (batch, state), from :meth:`start` or from the steps before.
            condition: from :meth:`condition`, computed once a sentence.

        Returns:
            Features (time, batch, outputs) for the softmax, and the state after the last step.
        """
        states, befores = [], torch.split(state, self.sizes, dim=-1)
        for depth, (layer, before, constant) in enumerate(zip(self.stack(), befores, condition, strict=True)):
            x, after = layer.forward(self.dropout(x) if depth else x, before, constant)
            states.append(after)
        return self.output(self.dropout(x)), torch.cat(states, dim=-1)
