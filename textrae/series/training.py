"""Training on sequences: one visible loop over the squared error, fitted to a budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrae.errors import TrainingError
from textrae.series.data import Values, batches, padded
from textrae.series.network import SeriesNetwork, sequence_errors
from textrae.series.settings import SeriesTraining
from textrae.training.optimizer import make_optimizer, set_rate
from textrae.training.schedules import schedule


@dataclass(frozen=True)
class SeriesReport:
    """The figures of a validation, which are a line of `metrics.jsonl` too."""

    step: int
    """Optimizer steps so far."""
    done: float
    """Share of the budget used, 0 to 1."""
    loss: float
    """Mean L of the sequences trained on since the last report, on scaled values."""
    valid_loss: float
    """Mean L of the sequences held out."""
    seconds: float
    """Seconds of training so far."""
    rate: float
    """Learning rate."""

    def described(self) -> str:
        """Return the report as a line for the user."""
        return (
            f"{self.done:4.0%}  step {self.step:,}  loss {self.loss:.4g}  "
            f"validation loss {self.valid_loss:.4g}  {self.seconds:.0f} s"
        )


@dataclass(frozen=True)
class SeriesWatch:
    """How a caller follows and stops a training."""

    note: Callable[[str], None] = lambda line: None
    """Called with each line that the user should read."""
    report: Callable[[SeriesReport], None] = lambda report: None
    """Called with each report of the loop."""
    should_stop: Callable[[], bool] = lambda: False
    """Asked before each step; True ends the training with the best weights so far."""


@dataclass
class SeriesTrainer:
    """What the loop works on: the network and its scaled sequences."""

    network: SeriesNetwork
    """Network to train, on `device`."""
    train: Sequence[Values]
    """Scaled sequences to train on, (time, dim)."""
    valid: Sequence[Values]
    """Scaled sequences to validate on, (time, dim)."""
    config: SeriesTraining
    """Budget and rates."""
    device: torch.device
    """Device of the network and of its batches."""
    watch: SeriesWatch
    """How the caller follows and stops the training."""
    reports: list[SeriesReport] = field(default_factory=list)
    """Report of each validation so far."""
    best: dict[str, Tensor] = field(default_factory=dict)
    """Weights with the lowest validation loss so far; empty before the first finite one."""
    best_loss: float = math.inf
    """Lowest validation loss so far."""
    step: int = 0
    """Optimizer steps so far."""
    validated: int = 0
    """Validations of the config that the budget has passed."""
    seconds: float = 0.0
    """Seconds of training so far."""


def fit(trainer: SeriesTrainer) -> bool:
    """Train until the budget is spent; the network then holds the best weights by validation loss.

    Returns:
        Whether the budget was spent (False: :attr:`SeriesWatch.should_stop` ended it).

    Raises:
        TrainingError: the loss stays non-finite.
    """
    config, network = trainer.config, trainer.network
    optimizer = make_optimizer(network, lr=config.lr, weight_decay=config.weight_decay)
    total_steps = _step_budget(config, len(trainer.train))
    began = time.perf_counter()
    losses: list[Tensor] = []
    for rows in _endless(trainer):
        trainer.seconds = time.perf_counter() - began
        spent = (
            trainer.step / total_steps if total_steps else trainer.seconds / (60 * (config.minutes or 10.0))
        )
        stopped = trainer.watch.should_stop()
        if int(spent * config.validations) > trainer.validated or stopped:
            _validate(trainer, min(spent, 1.0), losses)
            losses = []
        if spent >= 1 or stopped:
            break
        network.train()
        set_rate(optimizer, config.lr * schedule(spent, config.warmup))
        x, lengths = padded([trainer.train[row] for row in rows], torch.float32, trainer.device)
        loss = sequence_errors(network.forward(x, lengths), x, lengths).mean()
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.clip(config.clip)
        optimizer.step()
        losses.append(loss.detach())
        trainer.step += 1
    if not trainer.best:
        raise TrainingError(f"step {trainer.step}: no validation loss was finite; lower `lr`")
    network.load_state_dict(trainer.best)
    return not stopped


@torch.no_grad()
def forward_all(
    network: SeriesNetwork, values: Sequence[Values], batch_size: int = 64
) -> Iterator[tuple[list[int], Tensor, Tensor, Tensor]]:
    """Encode sequences in batches of like length.

    Yields:
        Rows of the batch, x (time, batch, dim), lengths (batch,), and states h (time, batch, hidden).
    """
    parameter = next(network.parameters())
    network.eval()
    for rows in batches(np.array([len(sequence) for sequence in values]), batch_size, None):
        x, lengths = padded([values[row] for row in rows], parameter.dtype, parameter.device)
        yield rows.tolist(), x, lengths, network.encode(x)


@torch.no_grad()
def mean_error(network: SeriesNetwork, values: Sequence[Values]) -> float:
    """Compute the mean of L over the sequences."""
    total = sum(
        float(sequence_errors(network.decode(states, lengths), x, lengths).cpu().double().sum())
        for _, x, lengths, states in forward_all(network, values)
    )
    return total / len(values)


def _step_budget(config: SeriesTraining, sequences: int) -> int:
    """Return the steps of a budget in steps or epochs; 0 for one in minutes."""
    if config.epochs is not None:
        return max(1, round(config.epochs * math.ceil(sequences / config.batch_size)))
    return config.steps or 0


def _endless(trainer: SeriesTrainer) -> Iterator[NDArray[np.int64]]:
    order = np.random.default_rng(trainer.config.seed)
    lengths = np.array([len(sequence) for sequence in trainer.train])
    while True:
        yield from batches(lengths, trainer.config.batch_size, order)


def _validate(trainer: SeriesTrainer, done: float, losses: Sequence[Tensor]) -> None:
    """Measure, report, and keep the weights if they are the best so far."""
    valid_loss = mean_error(trainer.network, trainer.valid)
    finite = (
        [loss for loss in torch.stack(list(losses)).tolist() if math.isfinite(loss)]
        if losses
        else [valid_loss]
    )
    if not finite:
        raise TrainingError(f"step {trainer.step}: no loss since the last validation was finite; lower `lr`")
    trainer.validated = int(done * trainer.config.validations)
    if valid_loss < trainer.best_loss:
        trainer.best_loss = valid_loss
        trainer.best = {name: value.detach().clone() for name, value in trainer.network.state_dict().items()}
    rate = trainer.config.lr * schedule(done, trainer.config.warmup)
    loss = sum(finite) / len(finite)
    report = SeriesReport(trainer.step, done, loss, valid_loss, round(trainer.seconds, 2), rate)
    trainer.reports.append(report)
    trainer.watch.report(report)
