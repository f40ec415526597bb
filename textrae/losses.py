"""What training minimises."""

from __future__ import annotations

from typing import Any

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
    """Softmax cross-entropy: mean nats a real target token.

    Args:
        features: (steps, batch, embedding).
        target: (steps, batch) ids.
    """
    flat = target.flatten()
    real = (flat != pad).nonzero().squeeze(1)
    rows = features.flatten(0, 1)
    loss: Any = _CrossEntropy.apply
    mean: Tensor = loss(model.logits(rows if len(real) == len(flat) else rows[real]), flat[real])
    return mean


class _CrossEntropy(torch.autograd.Function):
    """Mean cross-entropy of (tokens, vocabulary) logits; the gradient, softmax − one-hot, is made in the same passes.

    The scores of a batch are its largest tensor: torch's own pair of kernels reads and writes it twice as often.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, target: Tensor) -> Tensor:
        wide = logits if logits.dtype == torch.float64 else logits.float()
        scores = wide.log_softmax(-1)
        loss = F.nll_loss(scores, target)
        if ctx.needs_input_grad[0]:
            gradient = scores.exp_()
            gradient[torch.arange(len(target), device=target.device), target] -= 1.0
            ctx.save_for_backward(gradient.to(logits.dtype))
        return loss

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * (grads[0] / len(gradient)).to(gradient.dtype), None


def blank_out(ids: Tensor, share: float, first_text_id: int, blank: int) -> Tensor:
    """Replace a random `share` of the text tokens by `blank` (word dropout; Bowman et al. 2016)."""
    if share == 0.0:
        return ids
    chosen = (torch.rand(ids.shape, device=ids.device) < share) & (ids >= first_text_id)
    return ids.masked_fill(chosen, blank)
