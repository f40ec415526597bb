"""Schedules over a training's budget: the learning rate, the weight of the KL divergence, the share of rehearsal."""

from __future__ import annotations

import math

from textrae.settings.training import TrainingConfig


def schedule(done: float, warmup: float) -> float:
    """Return the share of the peak rate: a linear rise over `warmup` of the budget, then half a cosine to zero."""
    if done < warmup:
        return max(done / warmup, 1e-3)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (done - warmup) / (1 - warmup))))


def beta(config: TrainingConfig, done: float) -> float:
    """Return the weight of the KL divergence when a share `done` of the budget is spent.

    It is 0 while pre-training, then follows `beta_schedule`.

    ``linear`` (Bowman et al. 2016) rises over `beta_warmup` of the rest; ``sigmoid`` does so along the logistic
    function from -6 to 6, rescaled to begin at 0 and end at 1; ``cyclical`` (Fu et al. 2019) rises from 0 in each of
    `beta_cycles` cycles, over `beta_warmup` of it; ``constant`` does not rise.
    """
    if done < config.pretrain:
        return 0.0
    spent = (done - config.pretrain) / (1 - config.pretrain)
    if config.beta_schedule == "cyclical":
        spent = spent * config.beta_cycles % 1.0 if spent < 1.0 else 1.0
    if config.beta_schedule == "constant" or spent >= config.beta_warmup:
        return config.beta
    risen = spent / config.beta_warmup
    if config.beta_schedule == "sigmoid":
        low = 1 / (1 + math.exp(6))
        risen = (1 / (1 + math.exp(6 - 12 * risen)) - low) / (1 - 2 * low)
    return config.beta * risen


def rehearsal(config: TrainingConfig, done: float) -> float:
    """Return the share of a hierarchical model's texts that are decoded from their segments' own features."""
    return max(0.0, 1.0 - done / config.rehearsal) if config.rehearsal else 0.0
