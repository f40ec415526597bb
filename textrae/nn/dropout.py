"""Dropout for recurrences."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LockedDropout(nn.Module):
    """Dropout of the same features at every step of a sequence (variational dropout; Gal & Ghahramani 2016).

    Args:
        share: share of each sentence's features to zero; the others are scaled up to keep the expected sum.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """Zero features of (time, batch, features) in training; return the input unchanged otherwise."""
        if not self.training or not self.share:
            return x
        kept = torch.empty(x.shape[1:], dtype=x.dtype, device=x.device).bernoulli_(1 - self.share)
        return x * (kept / (1 - self.share))
