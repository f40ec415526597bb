"""The optimizer of every training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from textrae.config import SeriesTraining, TrainingConfig


class ClippedAdamW(torch.optim.AdamW):
    """AdamW whose fused step scales the gradients and leaves out what is not finite, so that nothing waits for it."""

    grad_scale: Tensor
    found_inf: Tensor

    def clip(self, limit: float) -> Tensor:
        """Have the next step divide the gradients so that their joint norm is at most `limit`; is that finite?"""
        parameters = [p for group in self.param_groups for p in group["params"]]
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        finite = norm.isfinite()
        self.grad_scale, self.found_inf = (norm / limit).clamp_min(1.0), (~finite).float()
        return finite


def make_optimizer(network: nn.Module, config: TrainingConfig | SeriesTraining) -> ClippedAdamW:
    """AdamW (Loshchilov & Hutter 2019) with decay on matrices alone."""
    trained = [p for p in network.parameters() if p.requires_grad]
    matrices = [p for p in trained if p.ndim > 1]
    others = [p for p in trained if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return ClippedAdamW(groups, lr=config.lr, betas=(0.9, 0.98), fused=True)
