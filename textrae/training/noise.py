"""Noise on the input of encoder and decoder: tokens dropped, blanked, substituted, shuffled (Shen et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from textrae.text.batch import Specials


@dataclass(frozen=True)
class Noise:
    """Noise on an input, which leaves the ends of sentences and segments untouched."""

    drop: float = 0.0
    """Share of the tokens left out."""
    blank: float = 0.0
    """Share of the tokens replaced by the blank token."""
    substitute: float = 0.0
    """Share of the tokens replaced by a token drawn uniformly from the vocabulary."""
    shuffle: int = 0
    """Positions that a token may move, at most (Lample et al. 2018)."""

    def __call__(
        self, ids: Tensor, lengths: Tensor, text: range, specials: Specials
    ) -> tuple[Tensor, Tensor]:
        """Add noise to a batch.

        Args:
            ids: (time, batch).
            lengths: (batch,), ends counted.
            text: ids that are text.
            specials: ids of the special tokens, of which padding and blank are used.

        Returns:
            The ids and lengths with noise; a sentence may be shorter, but keeps its end.
        """
        if self.drop:
            ids, lengths = _dropped(ids, lengths, self.drop, specials.pad)
        ids = blank_out(ids, self.blank, text, specials.blank)
        if self.substitute:
            others = torch.randint(text.start, text.stop, ids.shape, device=ids.device)
            ids = torch.where(_chosen(ids, self.substitute, text), others, ids)
        if self.shuffle:
            ids = _shuffled(ids, lengths, self.shuffle)
        return ids, lengths


def blank_out(ids: Tensor, share: float, text: range, blank: int) -> Tensor:
    """Replace a random `share` of the tokens with ids in `text` by `blank` (word dropout; Bowman et al. 2016)."""
    return ids.masked_fill(_chosen(ids, share, text), blank) if share else ids


def _chosen(ids: Tensor, share: float, text: range) -> Tensor:
    return (torch.rand(ids.shape, device=ids.device) < share) & (ids >= text.start) & (ids < text.stop)


def _dropped(ids: Tensor, lengths: Tensor, share: float, pad: int) -> tuple[Tensor, Tensor]:
    step = torch.arange(len(ids), device=ids.device).unsqueeze(1)
    kept = (torch.rand(ids.shape, device=ids.device) >= share) & (step < lengths) | (step == lengths - 1)
    left = kept.sum(0)
    # a stable sort brings what is kept to the front, in its order
    order = kept.logical_not().to(torch.uint8).argsort(dim=0, stable=True)
    out = ids.gather(0, order).masked_fill(step >= left, pad)
    return out[: int(left.max())], left


def _shuffled(ids: Tensor, lengths: Tensor, reach: int) -> Tensor:
    """Sort by position + U(0, reach + 1): no token passes one that stood more than `reach` positions away."""
    step = torch.arange(len(ids), device=ids.device, dtype=torch.float).unsqueeze(1)
    text = step < lengths - 1
    places = torch.where(
        text, step + torch.rand(ids.shape, device=ids.device) * (reach + 1), step + reach + 1
    )
    # ends and padding stay behind all text, in their order
    places = torch.where(text, places.clamp_max(len(ids) + reach), places + len(ids))
    return ids.gather(0, places.argsort(dim=0, stable=True))
