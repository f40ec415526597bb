"""The optimizer of every training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from textrae.series.settings import SeriesTraining
from textrae.settings.training import TrainingConfig


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


def make_optimizer(
    network: nn.Module,
    config: TrainingConfig | SeriesTraining,
    beta2: float = TrainingConfig.adam_beta2,
    embedding_rate: float = 1.0,
) -> ClippedAdamW:
    """AdamW (Loshchilov & Hutter 2019) with decay on matrices alone; :func:`set_rate` sets its rate.

    Args:
        network: whose parameters are trained, but for frozen ones.
        config: its rate and decay.
        beta2: decay of the second moment of the gradients.
        embedding_rate: embeddings learn and decay at so many times the rate.
    """
    trained = [p for p in network.parameters() if p.requires_grad]
    # where they learn at the same rate they are one group, as in the checkpoints of older trainings
    tables = {m.weight for m in network.modules() if isinstance(m, nn.Embedding) and embedding_rate != 1}
    matrices = [p for p in trained if p.ndim > 1 and p not in tables]
    others = [p for p in trained if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay, "times": 1.0},
        {"params": others, "weight_decay": 0.0, "times": 1.0},
    ]
    if found := [p for p in trained if p in tables]:
        groups.append({"params": found, "weight_decay": config.weight_decay, "times": embedding_rate})
    return ClippedAdamW(groups, lr=config.lr, betas=(0.9, beta2), fused=True)


def set_rate(optimizer: ClippedAdamW, rate: float) -> None:
    """The learning rate of the next step, of which embeddings may have a multiple."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["times"]
