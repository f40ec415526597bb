"""The training loop: one visible loop, fitted to a budget and resumable at any step."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor

from textrae.errors import TrainingError
from textrae.text.batch import Batch, LengthBuckets
from textrae.training.budget import Budget
from textrae.training.schedules import beta, schedule
from textrae.training.state import Trainer, TrainingReport, resume, save_state
from textrae.training.step import PartLoss, optimizer_of, update
from textrae.training.validation import validate

LOG_EVERY = 50
"""Steps between two lines of the metrics."""
_PATIENCE = 20
"""Steps since the last report, all with a gradient that is not finite, after which training gives up."""


def fit(trainer: Trainer) -> bool:
    """Train until the budget is spent.

    The network holds the best weights by validation loss afterwards. When :attr:`Trainer.should_stop` says so, the
    state is written and the network holds the latest weights.

    Returns:
        Whether the budget was spent (False: stopped early, to be resumed).

    Raises:
        TrainingError: gradients or all validation losses stay non-finite, or the checkpoint does not belong to this training.
    """
    config, progress, network = trainer.config, trainer.progress, trainer.network
    optimizer = optimizer_of(trainer)
    resume(trainer, optimizer)
    model = trainer.processes.wrapped(PartLoss(trainer), trainer.device)
    buckets = trainer.buckets(config.batch * progress.shards, config.seed)
    budget = Budget(trainer, buckets)
    saved, window = time.perf_counter(), _Window(trainer)

    for parts in endless(buckets, trainer):
        turn = _turn(trainer, budget, saved)
        done = turn.done
        if turn.validate:
            _validate(trainer, budget, min(done, 1.0))
        if done >= 1 or turn.stop:
            break
        if turn.save:
            window.close()
            save_state(trainer, optimizer)
            saved, window = time.perf_counter(), _Window(trainer)

        rate = config.lr * schedule(done, config.warmup)
        loss, tokens, finite = update(trainer, model, optimizer, parts, done, rate)
        progress.step += 1
        progress.batch += 1
        window.add(loss, tokens, finite)
        if progress.step % LOG_EVERY == 0:
            _tell(trainer, _report(trainer, "train", done, window.close()))
            window = _Window(trainer)

    window.close()
    if done < 1:
        save_state(trainer, optimizer)
        return False
    if progress.valid_loss == math.inf:
        raise TrainingError(f"step {progress.step}: no validation loss was finite; lower `lr`")
    network.load_state_dict(trainer.best)
    return True


@dataclass(frozen=True)
class _Turn:
    """What all processes do before the next update."""

    done: float
    """Share of the budget that is spent."""
    validate: bool
    save: bool
    stop: bool


def _turn(trainer: Trainer, budget: Budget, saved: float) -> _Turn:
    """Return what comes before the next update: process 0 keeps the clock, and any process may be asked to stop.

    Args:
        trainer: the training.
        budget: its budget.
        saved: when its state was written, on the performance counter.
    """
    progress, processes = trainer.progress, trainer.processes
    done = budget.done() if processes.leads else 0.0
    late = time.perf_counter() - saved > 60 * trainer.config.checkpoint_minutes
    plan = progress.planned_validations, progress.planned_rows, progress.planned_kept
    facts, (stop,) = processes.agreed(
        [done, budget.due(done), late, *plan, progress.seconds], [trainer.should_stop()]
    )
    done, validate, save = facts[0], bool(facts[1]), bool(facts[2])
    progress.planned_validations, progress.planned_rows, progress.planned_kept = map(int, facts[3:6])
    progress.seconds = facts[6]
    return _Turn(done, validate, save, stop)


def _validate(trainer: Trainer, budget: Budget, done: float) -> None:
    """Validate, report, and keep the weights if they are the best so far, or the first ones."""
    progress, config = trainer.progress, trainer.config
    with budget.validating():
        found = validate(trainer)
    progress.validations = max(progress.validations + 1, int(done * budget.validations))
    loss = found.loss if math.isfinite(found.loss) else math.inf
    if loss < progress.valid_loss or not trainer.best:
        progress.valid_loss = loss
        trainer.best = {name: value.detach().clone() for name, value in trainer.network.state_dict().items()}
    report = replace(
        _report(trainer, "valid", done, found.loss), accuracy=found.accuracy, losses=found.losses or None
    )
    if (posterior := found.diagnosis) is not None:
        if posterior.mutual_information <= progress.information:
            progress.settled = 1
        progress.information = posterior.mutual_information
        report = replace(
            report,
            kl=posterior.kl,
            kl_by_dimension=[round(nats, 4) for nats in posterior.kl_by_dimension],
            active_units=posterior.active_units,
            mutual_information=posterior.mutual_information,
            # while the weight still rises there is no telling
            advice=posterior.advice() if beta(config, done) >= config.beta else None,
        )
    _tell(trainer, report)


def _report(trainer: Trainer, kind: str, done: float, loss: float) -> TrainingReport:
    config, progress = trainer.config, trainer.progress
    return TrainingReport(
        kind=kind,
        step=progress.step,
        done=done,
        loss=loss,
        tokens=progress.tokens,
        seconds=progress.seconds,
        valid_seconds=progress.valid_seconds,
        rate=config.lr * schedule(done, config.warmup),
        passes=round(trainer.passes, 3),
    )


def endless(buckets: LengthBuckets, trainer: Trainer) -> Iterator[list[tuple[Batch, bool]]]:
    """Yield this process's parts of the batches of one epoch after another, from where a training stands."""
    progress, processes = trainer.progress, trainer.processes
    rounds = -(-progress.shards // processes.size)
    mine = [processes.rank + number * processes.size for number in range(rounds)]
    while True:
        yield from buckets.parts(progress.epoch, progress.batch, progress.shards, mine)
        progress.epoch, progress.batch = progress.epoch + 1, 0


class _Window:
    """Sums since the last report, kept on the device so that nothing waits for them."""

    def __init__(self, trainer: Trainer) -> None:
        self.progress, self.processes, self.steps = trainer.progress, trainer.processes, 0
        self.loss, self.tokens, self.finite = torch.zeros(3, dtype=torch.float64).unbind()

    def add(self, loss: Tensor, tokens: int, finite: Tensor) -> None:
        """Add a step's loss, or count that its gradient was not finite."""
        self.steps += 1
        wide = torch.float32 if loss.device.type == "mps" else torch.float64  # Apple's GPUs have no float64
        self.loss = self.loss.to(loss.device, wide) + torch.where(finite, loss.to(wide) * tokens, 0.0)
        self.tokens = self.tokens.to(loss.device, wide) + finite * tokens
        self.finite = self.finite.to(loss.device, wide) + finite

    def close(self) -> float:
        """Count the skipped steps, and return the mean loss of the others.

        Raises:
            TrainingError: all of many steps were skipped.
        """
        left_out = self.steps - int(self.finite)
        self.progress.skipped += left_out
        if left_out == self.steps >= _PATIENCE:
            raise TrainingError(
                f"step {self.progress.step}: the loss has not been finite for {left_out} steps; "
                "lower `lr` or use `precision=fp32`"
            )
        return float(self.processes.summed(self.loss) / self.tokens)


def _tell(trainer: Trainer, report: TrainingReport) -> None:
    trainer.on_report(report)
    if trainer.metrics is not None and trainer.processes.leads:
        values = {name: _finite(value) for name, value in asdict(report).items() if value is not None}
        with trainer.metrics.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(values) + "\n")


def _finite(value: Any) -> Any:
    """Return a value with None for each number that is not finite, for which JSON has no word."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
