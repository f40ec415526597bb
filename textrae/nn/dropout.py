"""Dropout for recurrences."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LockedDropout(nn.Module):
    """Zeroes features of a sequence, the same ones at every step (variational dropout; Gal & Ghahramani 2016).

    Args:
        share: of the features of each sentence; the others are scaled up to keep the sum.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """(time, batch, features) → the same, in training with zeros."""
        if not self.training or not self.share:
            return x
        kept = torch.empty(x.shape[1:], dtype=x.dtype, device=x.device).bernoulli_(1 - self.share)
        return x * (kept / (1 - self.share))
