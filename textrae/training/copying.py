"""Exercises in copying: texts that no corpus holds, so that a model also learns to copy what it has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from textrae.text.batch import Batch, Specials

DOUBLED = 3
"""Times that texts are joined in pairs, at most; how often is drawn for each exercise."""
SHUFFLED = 0.25
"""Share of the texts of an exercise whose tokens stand in a random order."""
SINGLE = 0.25
"""Share of single bytes among the random pieces. Text that uses a byte's piece is rare, and unseen text is full of them."""


@dataclass(frozen=True, kw_only=True)
class Exercises:
    """How a training's exercises in copying are made."""

    share: float
    """Share of batches that are exercises."""
    text: range
    """Ids that are text."""
    single: Tensor
    """Ids of the pieces that stand for one byte each, (bytes,)."""
    longest: int
    """Tokens of a text at most, its end counted."""

    def make(self, batch: Batch, specials: Specials) -> Batch:
        """Return texts made from those of a batch, which are read and written alike.

        Texts are joined, none or two, four or eight of them to one, where that is not too long: so lengths are copied
        that the corpus does not have. Of each text a share of the tokens, drawn from U(0, 1), is replaced by random
        pieces, a quarter of them single bytes: so all pieces are copied. Some texts are shuffled.

        Args:
            batch: texts whose target is their source.
            specials: ids of the special tokens.
        """
        source, lengths = batch.source, batch.lengths
        for _ in range(int(torch.randint(DOUBLED + 1, ()))):
            if len(lengths) < 2 or 2 * len(source) - 1 > self.longest:
                break
            source, lengths = _joined(source, lengths, specials.pad)
        source = _shuffled(source, lengths, SHUFFLED)
        step = torch.arange(len(source), device=source.device).unsqueeze(1)
        share = torch.rand(len(lengths), device=source.device)
        chosen = (torch.rand(source.shape, device=source.device) < share) & (step < lengths - 1)
        source = torch.where(chosen, self._pieces(source), source)
        first = batch.previous[:1, : len(lengths)]
        return Batch(source, lengths, torch.cat([first, source[:-1]]), source)

    def _pieces(self, like: Tensor) -> Tensor:
        """Draw pieces in the shape of a tensor."""
        device = like.device
        pieces = torch.randint(self.text.start, self.text.stop, like.shape, device=device)
        single = self.single.to(device)[torch.randint(len(self.single), like.shape, device=device)]
        return torch.where(torch.rand(like.shape, device=device) < SINGLE, single, pieces)


def _joined(source: Tensor, lengths: Tensor, pad: int) -> tuple[Tensor, Tensor]:
    """Join each text of the first half of a batch with one of the second: (time, batch) ids and (batch,) lengths."""
    half = len(lengths) // 2
    first, second = lengths[:half], lengths[half : 2 * half]
    joined = first + second - 1
    step = torch.arange(int(joined.max()), device=source.device).unsqueeze(1)
    before = step < first - 1
    heads = source[:, :half].gather(0, step.clamp_max(len(source) - 1).expand(-1, half))
    tails = source[:, half : 2 * half].gather(0, (step - (first - 1)).clamp(0, len(source) - 1))
    return torch.where(before, heads, tails).masked_fill(step >= joined, pad), joined


def _shuffled(source: Tensor, lengths: Tensor, share: float) -> Tensor:
    """Put the tokens of a random share of the texts in a random order; ends and padding stay."""
    step = torch.arange(len(source), device=source.device).unsqueeze(1)
    mixed = (step < lengths - 1) & (torch.rand(len(lengths), device=source.device) < share)
    places = torch.where(mixed, torch.rand(source.shape, device=source.device) * (lengths - 1), step)
    return source.gather(0, places.argsort(dim=0, stable=True))
