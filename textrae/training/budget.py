"""How much of its budget a training has spent, and how much of it goes to validations.

All validations together take a tenth of the time at most: a small budget has fewer of them, or they measure on fewer
sentences. Of a budget in steps or epochs that is decided from counts of tokens, so that a resumed training decides alike.
Of a budget in minutes it is decided from the speed of the first steps.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from textrae.latent.mixture import KEPT
from textrae.settings.training import TrainingConfig
from textrae.text.batch import LengthBuckets
from textrae.training.state import Trainer

MINUTES = 10.0
"""Minutes of a training for which no budget is given."""
SHARE = 0.1
"""Largest share of a budget that goes to validations, and to the encodings that a run keeps."""
VALIDATING, ENCODING = 0.4, 0.2
"""Time that a token takes in a validation, and in an encoding that is kept, beside a token of training.

Measured on a processor in fp32: 0.37 to 0.39, and 0.14 to 0.18.
"""
FEWEST = 200
"""Sentences that a validation measures on before there are fewer validations in place of fewer sentences."""
LEAST = 10
"""Sentences that the only validation measures on at least, and encodings that are kept at least."""
_MEASURED = 0.05
"""Share of a budget in minutes after which its speed is known."""
_SAVING = 0.3, 1_000
"""Seconds and tokens of training that fitting the mixture and writing the run take: the longer of both."""


@dataclass(frozen=True)
class Plan:
    """What a budget has room for beside the training itself."""

    validations: int
    """Validations over the whole budget."""
    rows: int
    """Sentences that each of them measures on."""
    kept: int
    """Encodings of training sentences that the run keeps, at most."""


def plan(tokens: float, validations: int, rows: int, valid_mean: float, train_mean: float) -> Plan:
    """Return what a budget has room for.

    Args:
        tokens: target tokens that the budget trains on.
        validations: validations asked for.
        rows: sentences asked for in each.
        valid_mean: tokens of a sentence to validate on, on average.
        train_mean: tokens of a sentence to train on, on average.
    """
    room = int(SHARE * tokens / VALIDATING / valid_mean)
    kept = int(SHARE * tokens / ENCODING / train_mean)
    few = min(FEWEST, rows)
    measured = min(rows, room // validations)
    if measured < few:
        validations, measured = max(1, room // few), few
        if validations == 1:
            measured = min(rows, max(LEAST, room))
    return Plan(validations, measured, min(KEPT, max(LEAST, kept)))


def step_budget(config: TrainingConfig, buckets: LengthBuckets) -> int:
    """Return the steps of a budget in steps or epochs; 0 for a budget in minutes."""
    if config.steps is not None:
        return config.steps
    if config.epochs is None:
        return 0
    whole = int(config.epochs)
    steps = sum(buckets.batches_in(epoch) for epoch in range(whole))
    rest = config.epochs - whole
    return max(1, steps + (round(rest * buckets.batches_in(whole)) if rest else 0))


class Budget:
    """The budget of a training, whose progress remembers what was planned.

    Args:
        trainer: the training, where it begins or is resumed.
        buckets: its batches.
    """

    def __init__(self, trainer: Trainer, buckets: LengthBuckets) -> None:
        self._trainer = trainer
        self._rows = min(trainer.valid_size, len(trainer.valid))
        self._train_mean = buckets.tokens() / len(trainer.train)
        self._valid_mean = trainer.buckets(1, 0, valid=True).tokens(self._rows) / self._rows
        self._last: float | None = None
        self.steps = step_budget(trainer.config, buckets)
        self.seconds = 60 * (trainer.config.minutes or MINUTES) * (1 - trainer.config.prior)
        if self.steps:
            self._plan(self.steps * min(buckets.batch_tokens, buckets.tokens()))
        self._began = time.perf_counter() - trainer.progress.seconds

    def done(self) -> float:
        """Read the clock, and return the share of the budget that is spent; 1 or more when training is to end."""
        progress = self._trainer.progress
        progress.seconds = time.perf_counter() - self._began
        if self.steps:
            return progress.step / self.steps
        if not progress.planned_rows and progress.tokens and progress.seconds >= _MEASURED * self.seconds:
            self._plan(progress.tokens * self.seconds / progress.seconds)
        return progress.seconds / max(1e-3, self.seconds - self._end())

    def due(self, done: float) -> bool:
        """Return whether a validation is due when a share `done` of the budget is spent."""
        progress = self._trainer.progress
        return done >= 1 or (
            progress.planned_rows > 0 and done >= (progress.validations + 1) / self.validations
        )

    @property
    def validations(self) -> int:
        """Validations over the whole budget."""
        return self._trainer.progress.planned_validations or self._trainer.config.validations

    @contextmanager
    def validating(self) -> Iterator[None]:
        """Time a validation, which is no time of training."""
        began = time.perf_counter()
        yield
        self._last = time.perf_counter() - began
        self._trainer.progress.valid_seconds += self._last
        self._trainer.progress.seconds = time.perf_counter() - self._began

    def _plan(self, tokens: float) -> None:
        """Decide on validations for a budget of that many tokens, and say what differs from what was asked for."""
        trainer, asked = self._trainer, self._trainer.config.validations
        found = plan(tokens, asked, self._rows, self._valid_mean, self._train_mean)
        progress = trainer.progress
        progress.planned_validations, progress.planned_rows = found.validations, found.rows
        progress.planned_kept = found.kept
        if (found.validations, found.rows) != (asked, self._rows):
            trainer.on_note(
                f"a budget as small as this one has room for {_times(found.validations)} on {found.rows:,} sentences, not "
                f"{_times(asked)} on {self._rows:,} (`validations`, `valid_size`): they take a tenth of it at most"
            )

    def _end(self) -> float:
        """Return the seconds that the last validation and writing the run will take, about."""
        progress = self._trainer.progress
        if not progress.planned_rows:
            return SHARE * self.seconds
        pace = (progress.seconds - progress.valid_seconds) / max(1, progress.tokens)
        validating = self._last
        if validating is None:
            validating = VALIDATING * pace * progress.planned_rows * self._valid_mean
        kept = min(progress.planned_kept, len(self._trainer.train))
        seconds, tokens = _SAVING
        return validating + ENCODING * pace * kept * self._train_mean + max(seconds, tokens * pace)


def _times(count: int) -> str:
    return f"{count:,} validation{'' if count == 1 else 's'}"
