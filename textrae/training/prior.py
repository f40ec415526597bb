"""Fitting a flow to a text's encodings."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from textrae.devices import autocast
from textrae.latent.flow import MOST_NUMBERS, Condition, Flow, FlowShape, Known
from textrae.training.budget import ENCODING, MINUTES
from textrae.training.state import Trainer

BATCH = 1_024
"""Encodings of a batch."""
RATE = 1e-3
"""Learning rate at its highest."""
_WARMUP = 0.05
"""Share of the budget in which the rate rises."""
_UNTOLD = 0.15
"""Share of the points that are not told their class, and of those that are not told their length."""
_AVERAGE = 0.999
"""Decay of the running mean of the weights, which is what is kept."""
_HELD = 0.05
"""Share of the encodings that the loss is measured on, of which none is trained on."""
_MEASURED = 2_000
"""Encodings that the loss is measured on at most."""
_ENCODING = 0.25
"""Share of a training's time for the prior in which its text is encoded."""
_LEAST = 1_000
"""Encodings that a training fits a prior to, at least."""

Report = Callable[[float, int, float], None]
"""Called with the share of the budget, the steps so far and the mean loss of the latest."""


@dataclass(frozen=True)
class Fitted:
    """A flow, and how well it fits."""

    flow: Flow
    steps: int
    """Number of updates."""
    seconds: float
    """Seconds that they took."""
    loss: float
    """Mean squared error of the velocity on encodings that were held out; π / 2 where all axes vary equally and nothing beyond
    their covariance is learnt."""
    sentences: int
    """Number of encodings that there were to fit it to, of which some were held out to measure."""
    read: int
    """Number of sentences that these were drawn from."""


def fit_flow(
    known: Known,
    *,
    minutes: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    device: torch.device | None = None,
    bf16: bool = False,
    width: int = 512,
    report: Report = lambda done, step, loss: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Fitted:
    """Fit a flow to encodings; of a variational model to the means of their posteriors.

    Means are what sentences are decoded from in use, and they leave out what the posteriors' noise would add to draws.

    Args:
        known: the encodings; classes and lengths are learnt with them.
        minutes: budget, where `steps` is not given.
        steps: budget in updates.
        seed: of the weights and all draws.
        device: where it is trained; the CPU by default.
        bf16: whether products are computed in bfloat16.
        width: units of the flow's layers.
        report: called after every twenty updates.
        should_stop: asked before each update; the fitting then ends with what was learnt.
    """
    generator = torch.Generator().manual_seed(seed)
    where, began = device or torch.device("cpu"), time.perf_counter()
    rows = torch.randperm(len(known.vectors), generator=generator)
    held = rows[: min(_MEASURED, int(_HELD * len(rows)))]
    rows = rows[len(held) :]
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        flow = Flow(FlowShape(known.vectors.shape[1], width, labels=known.labels)).to(where)
    flow.standardise(known.vectors[rows[:100_000]].to(where))
    average = copy.deepcopy(flow).eval().requires_grad_(False)
    matrices = [one for one in flow.parameters() if one.ndim > 1]
    others = [one for one in flow.parameters() if one.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99), fused=True)
    batches, step, recent = _batches(rows, generator), 0, [0.0]
    while (done := _done(minutes, steps, step, began)) < 1 and not should_stop():
        some = next(batches)
        with autocast(where, bf16):
            loss = _loss(flow, known, some, generator)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(flow.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, done / _WARMUP) * 0.5 * (1 + math.cos(math.pi * done))
        optimizer.step()
        decay = min(_AVERAGE, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(average.parameters()), list(flow.parameters()), 1 - decay)
        recent = [*recent[-19:], float(loss.detach())]
        step += 1
        if step % 20 == 0:
            report(done, step, sum(recent) / len(recent))
    measured = held if len(held) else rows[:_MEASURED]
    with torch.no_grad():
        loss = _loss(average, known, measured, generator, untold=1.0)
    return Fitted(average, step, time.perf_counter() - began, float(loss), len(known.vectors), known.read)


def prior_of(trainer: Trainer) -> Fitted:
    """Fit a flow to the encodings of a training that has ended, in its share of the budget.

    A quarter of that share goes to encoding sentences, spread over the training text.
    """
    config, progress, began = trainer.config, trainer.progress, time.perf_counter()
    share = config.prior / (1 - config.prior)
    tokens = 1 + trainer.buckets(1, 0).tokens() / len(trainer.train)
    count = int(_ENCODING * share * progress.tokens / (ENCODING * tokens))
    known = _encoded(trainer, max(_LEAST, count))
    bounds: dict[str, Any] = {"steps": max(1, round(config.prior * progress.step))}
    if config.steps is None and config.epochs is None:
        left = config.prior * (config.minutes or MINUTES) - (time.perf_counter() - began) / 60
        bounds = {"minutes": max(left, 1e-3)}
    return fit_flow(
        known,
        **bounds,
        seed=config.seed,
        device=trainer.device,
        bf16=trainer.bf16,
        should_stop=trainer.should_stop,
    )


@torch.no_grad()
def _encoded(trainer: Trainer, count: int) -> Known:
    """Return the encodings of training sentences, at most `count` and at most as fit into memory."""
    network, vectors, lengths = trainer.network, list[Tensor](), list[Tensor]()
    network.eval()
    size = network.meant + (0 if network.bottleneck is None else network.bottleneck.size)
    for batch in trainer.buckets(4_096, 0).in_order(min(count, MOST_NUMBERS // max(1, size)), spread=True):
        batch = batch.to(trainer.device)
        with trainer.autocast():
            latent = network.encode(batch.source, batch.lengths, None, batch.tree)
        vectors.append(latent.vector.float().cpu())
        lengths.append((batch.tree[-1] if batch.tree else batch.lengths).cpu() - 1)
    found = torch.cat(vectors)
    told = Condition(torch.zeros(len(found), dtype=torch.long), torch.cat(lengths).float())
    return Known(found, told, (), len(trainer.train))


def _done(minutes: float | None, steps: int | None, step: int, began: float) -> float:
    """Return the share of the budget that is used."""
    if steps is not None:
        return step / steps
    return (time.perf_counter() - began) / (60 * (minutes or 1.0))


def _batches(rows: Tensor, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield batches of row numbers, each row once in a pass; without end."""
    while True:
        order = rows[torch.randperm(len(rows), generator=generator)]
        yield from torch.split(order, BATCH)


def _loss(
    flow: Flow, known: Known, rows: Tensor, generator: torch.Generator, untold: float = _UNTOLD
) -> Tensor:
    """Return ‖v(x_t, t) - (x₁ - x₀)‖², mean over rows and dimensions."""
    where, count = flow.centre.device, len(rows)
    ends = flow.turned(known.vectors[rows].to(where))
    starts = torch.randn(ends.shape, generator=generator).to(where)
    # stratified, so that the times of each batch are spread evenly
    time_ = (
        (torch.rand(count, generator=generator) + torch.randperm(count, generator=generator)) / count
    ).to(where)
    labels, lengths = (torch.rand(count, generator=generator) < untold for _ in range(2))
    told = known.condition.at(rows)
    told = Condition(told.labels.masked_fill(labels, 0), told.lengths.masked_fill(lengths, 0.0))
    told = Condition(told.labels.to(where), told.lengths.to(where))
    points = starts + time_.unsqueeze(1) * (ends - starts)
    return F.mse_loss(flow(points, time_, told).float(), ends - starts)
