"""What training minimises."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from textrae.nn.autoencoder import Autoencoder


def token_nll(model: Autoencoder, features: Tensor, target: Tensor, pad: int) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood in nats of each real target token.

    The vocabulary is scored only where a real token stands.

    Args:
        features: (steps, batch, embedding).
        target: (steps, batch) ids.

    Returns:
        (real tokens,) losses and (real tokens,) predicted ids, in the order of `target.flatten()`.
    """
    flat = target.flatten()
    real = (flat != pad).nonzero().squeeze(1)
    rows = features.flatten(0, 1)
    logits = model.logits(rows if len(real) == len(flat) else rows[real])
    losses = F.cross_entropy(logits.float(), flat[real], reduction="none")
    return losses, logits.detach().argmax(-1)


def reconstruction_loss(model: Autoencoder, features: Tensor, target: Tensor, pad: int) -> Tensor:
    """Softmax cross-entropy: mean nats a real target token."""
    flat = target.flatten()
    real = (flat != pad).nonzero().squeeze(1)
    rows = features.flatten(0, 1)
    return F.cross_entropy(model.logits(rows if len(real) == len(flat) else rows[real]), flat[real])


def blank_out(ids: Tensor, share: float, first_text_id: int, blank: int) -> Tensor:
    """Replace a random `share` of the text tokens by `blank` (word dropout; Bowman et al. 2016)."""
    if share == 0.0:
        return ids
    chosen = (torch.rand(ids.shape, device=ids.device) < share) & (ids >= first_text_id)
    return ids.masked_fill(chosen, blank)
