"""Latent, memory and previous tokens → a feature vector per step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textrae.nn.attention import Attention
from textrae.nn.clock import Windows, positions
from textrae.nn.dropout import LockedDropout
from textrae.nn.recurrence import Recurrence


class Decoder(nn.Module):
    """A stack of recurrent layers that get the latent as their initial state and as an input of every step.

    With a memory, the outputs of the recurrence attend over it, and the items found are concatenated with the outputs
    (Luong et al. 2015). So all steps of a training batch attend at once. With a clock, the attention has windows on the
    slots that stand for the step's share of the text. What other windows show of the slots at that share is an input
    of the recurrence: it depends on no state, so all steps get it at once too.

    The whole state is one tensor, the layers' flat states side by side. Training runs all steps at once and generation
    one step at a time, through the same `forward`.

    Args:
        cell: a name in :data:`textrae.nn.cells.CELLS`.
        inputs: dimensions of a token embedding.
        hidden: hidden units of a layer.
        layers: number of layers.
        latent: dimensions of the latent.
        outputs: dimensions of a feature vector.
        dropout: share of outputs zeroed in training.
        every_step: whether the latent is an input of every step too.
        item: dimensions of an item of the memory; 0 for no memory.
        scoring: ``dot`` or ``additive``, the scoring of the attention over the memory.
        places: number of items of a memory in which each place has its own key, added to that of the item; else 0.
        scale: factor of the latent as an input of every step; the initial weights of that input are divided by it.
        clock: whether steps know at which share of the text they are; the places stand for successive shares.
    """

    def __init__(
        self,
        cell: str,
        inputs: int,
        hidden: int,
        layers: int,
        latent: int,
        outputs: int,
        dropout: float,
        every_step: bool = True,
        item: int = 0,
        scoring: str = "dot",
        places: int = 0,
        scale: float = 1.0,
        clock: bool = False,
    ) -> None:
        super().__init__()
        self.constant, self.scale = latent if every_step else 0, scale
        first = inputs + item if clock else inputs
        stack = [
            Recurrence(cell, hidden if depth else first, hidden, constant=self.constant, gain=1 / scale)
            for depth in range(layers)
        ]
        self.sizes = [layer.state_size for layer in stack]
        self.layers = nn.ModuleList(stack)
        self.initial = nn.Linear(latent, sum(self.sizes))
        self.dropout = LockedDropout(dropout)
        size = min(hidden, 128)
        self.attention = Attention(hidden, item, scoring, size) if item else None
        self.place_keys = nn.Parameter(torch.randn(places, size)) if places else None
        self.output = nn.Linear(hidden + item, outputs)
        # narrower for the recurrence, which gets one mean; the attention can still choose among the slots in view
        self.shown = Windows(places, 2 * places) if clock else None
        self.attended = Windows(places, places) if clock else None

    def initialise(self) -> None:
        """Initialise all parameters again."""
        for module in self.modules():
            renew = getattr(module, "reset_parameters", None)
            if callable(renew):
                renew()
        for layer in self.stack():
            layer.initialise()
        if self.place_keys is not None:
            nn.init.normal_(self.place_keys)

    def start(self, latent: Tensor) -> Tensor:
        """Compute the state before the first step: (batch, latent) → (batch, state)."""
        return torch.tanh(self.initial(latent))

    def condition(
        self,
        latent: Tensor,
        items: Tensor | None = None,
        absent: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> list[Tensor]:
        """Compute what every step is given, once per sentence.

        Args:
            latent: (batch, latent).
            items: (batch, items, item), the memory of a decoder that has attention.
            absent: (batch, items), −∞ where there is no item; None if all are there.
            lengths: (batch,), what the clock goes by.

        Returns:
            Tensors (batch, …) for :meth:`forward`: each layer's part of the latent, then keys, items and mask of the
            memory, then the lengths.
        """
        parts = [layer.condition(latent * self.scale) for layer in self.stack()] if self.constant else []
        if self.attention is None or items is None:
            return parts
        none = items.new_zeros(items.shape[:2]) if absent is None else absent
        keys = self.attention.keys(items)
        if self.place_keys is not None:
            keys = keys + self.place_keys.to(keys.dtype)
        return [*parts, keys, items, none, *([] if lengths is None else [lengths])]

    def stack(self) -> list[Recurrence]:
        """Return the layers from the input to the output."""
        return [layer for layer in self.layers if isinstance(layer, Recurrence)]

    def table(self, embeddings: Tensor) -> Tensor | None:
        """Compute each token's part of the first layer's gates, so that many tokens share one product.

        Args:
            embeddings: (vocabulary, inputs).

        Returns:
            (vocabulary, gates); None where a fused module runs, which takes embeddings.
        """
        first = self.stack()[0]
        return None if first.fuses(embeddings) else first.project(embeddings)

    def forward(
        self,
        x: Tensor,
        state: Tensor,
        condition: Sequence[Tensor],
        projected: bool = False,
        first: int = 0,
    ) -> tuple[Tensor, Tensor]:
        """Decode some steps.

        Args:
            x: (time, batch, inputs), embeddings of the previous tokens.
            state: (batch, state), from :meth:`start` or from the steps before.
            condition: from :meth:`condition`, computed once per sentence.
            projected: whether x holds rows of :meth:`table`.
            first: index of the first step, for the clock.

        Returns:
            Features (time, batch, outputs) for the softmax, and the state after the last step.
        """
        shares = self._shares(condition, len(x), first)
        x, after = self._recur(x, state, condition, shares, projected)
        if self.attention is not None:
            items = self._memory(condition)[1]
            found = self._weights(x, condition, shares).to(items.dtype) @ items  # (batch, time, item)
            return self._joined(self.dropout(x), self.dropout(found.transpose(0, 1).to(x.dtype))), after
        return self.output(self.dropout(x)), after

    def _joined(self, x: Tensor, found: Tensor) -> Tensor:
        """Apply the output layer to both side by side, without concatenating them."""
        weight, width = self.output.weight, x.shape[-1]
        return F.linear(x, weight[:, :width], self.output.bias) + F.linear(found, weight[:, width:])

    def attend(self, x: Tensor, state: Tensor, condition: Sequence[Tensor]) -> Tensor:
        """Compute where the steps of :meth:`forward` look in the memory: (batch, time, items)."""
        shares = self._shares(condition, len(x), 0)
        return self._weights(self._recur(x, state, condition, shares)[0], condition, shares)

    def _shares(self, condition: Sequence[Tensor], steps: int, first: int) -> Tensor | None:
        """Return at which share of their texts the steps are, (batch, steps); None without a clock."""
        return None if self.shown is None else positions(condition[-1], steps, first)

    def _memory(self, condition: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return keys, items and mask of the memory."""
        return condition[-4:-1] if self.shown is not None else condition[-3:]

    def _recur(
        self,
        x: Tensor,
        state: Tensor,
        condition: Sequence[Tensor],
        shares: Tensor | None,
        projected: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Run only the recurrent layers: return outputs (time, batch, hidden) and the state after the last step."""
        if shares is not None:
            x = self._show(x, self._memory(condition)[1], shares, projected)
        states, befores = [], torch.split(state, self.sizes, dim=-1)
        for depth, (layer, before) in enumerate(zip(self.stack(), befores, strict=True)):
            constant = condition[depth] if self.constant else None
            x, after = layer.forward(
                self.dropout(x) if depth else x, before, constant, projected and not depth
            )
            states.append(after)
        return x, torch.cat(states, dim=-1)

    def _show(self, x: Tensor, items: Tensor, shares: Tensor, projected: bool) -> Tensor:
        """Add to the input of every step what its window shows of the items (batch, items, item)."""
        assert self.shown is not None
        weights = self.shown.forward(shares).softmax(-1)
        seen = (weights.to(items.dtype) @ items).transpose(0, 1)  # (time, batch, item)
        if projected:
            return x + self.stack()[0].project_last(seen)
        return torch.cat([x, seen.to(x.dtype)], dim=-1)

    def _weights(self, x: Tensor, condition: Sequence[Tensor], shares: Tensor | None) -> Tensor:
        """Compute the attention of outputs (time, batch, hidden): (batch, time, items)."""
        assert self.attention is not None
        keys, _, absent = self._memory(condition)
        added = absent.unsqueeze(1)
        if self.attended is not None and shares is not None:
            added = added + self.attended.forward(shares).to(added.dtype)
        weights: Tensor = self.attention.forward(x.transpose(0, 1), keys, added)
        return weights
