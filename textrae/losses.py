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
    flat, rows = target.flatten(), features.flatten(0, 1)
    real = (flat != pad).nonzero().squeeze(1)
    count = len(real)
    if count < len(flat):
        # kernels are made and kept for each number of rows: up to 63 rows more than there are tokens make them few
        real = torch.cat([real, real[:1].expand(-count % 64)])
        flat, rows = flat[real], rows[real]
    loss: Any = _LinearCrossEntropy.apply
    weight, bias = (part.to(rows.dtype) for part in model.softmax())
    mean: Tensor = loss(rows, weight, bias, flat, count)
    return mean


class _LinearCrossEntropy(torch.autograd.Function):
    """Mean cross-entropy of the scores features · Wᵀ + b, whose gradient, softmax − one-hot, takes their place.

    The scores of a batch are its largest tensor: they are read and written half as often as by torch's own kernels.
    """

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, target: Tensor, count: int
    ) -> Tensor:
        """(tokens, embedding), (vocabulary, embedding), (vocabulary,), (tokens,) → nats of the first `count`."""
        gradient = F.linear(features, weight, bias).softmax(-1)
        picked = torch.arange(len(target), device=target.device), target
        right = gradient[picked]
        # 1 − p as the sum of all the other shares: a share near 1 has too few bits to be subtracted from it
        gradient[picked] = 0.0
        others = gradient.sum(-1)
        gradient[picked] = -others
        gradient[count:] = 0.0
        ctx.save_for_backward(gradient, features, weight)
        ctx.count = count
        if right.dtype == torch.bfloat16:
            right, others = right.float(), others.float()
        nats = torch.where(others < 0.5, -torch.log1p(-others), -right.clamp_min(1e-38).log())
        return nats[:count].mean()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        """Products of the kept gradient; the mean's factor goes to the smaller tensors."""
        gradient, features, weight = ctx.saved_tensors
        factor = (grads[0] / ctx.count).to(features.dtype)
        return (
            (gradient @ weight) * factor,
            gradient.t() @ (features * factor),
            gradient.sum(0) * factor,
            None,
            None,
        )


def blank_out(ids: Tensor, share: float, first_text_id: int, blank: int) -> Tensor:
    """Replace a random `share` of the text tokens by `blank` (word dropout; Bowman et al. 2016)."""
    if share == 0.0:
        return ids
    chosen = (torch.rand(ids.shape, device=ids.device) < share) & (ids >= first_text_id)
    return ids.masked_fill(chosen, blank)
