"""Weights & Biases: a training's reports as one of its runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textrae.runs.metrics import Report

if TYPE_CHECKING:
    from textrae.integrations.trackers import Place

PROJECT = "textrae"
"""Project of the runs, where WANDB_PROJECT names none."""


class Tracker:
    """A run, under the user's own settings of the library: WANDB_MODE, WANDB_DIR, WANDB_PROJECT, ….

    Args:
        place: the training.
    """

    def __init__(self, place: Place) -> None:
        import wandb

        self._library = wandb
        self._run: Any = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            id=place.name,
            name=place.name,
            resume="allow",
            settings=wandb.Settings(console="off"),
        )
        self._run.define_metric("step", hidden=True)
        self._run.define_metric("*", step_metric="step")

    def settings(self, values: Mapping[str, Any]) -> None:
        """Tell the settings as the run's config."""
        self._run.config.update(dict(values), allow_val_change=True)

    def log(self, report: Report) -> None:
        """Log the numbers by the step, and the divergence of each dimension as a histogram."""
        values: dict[str, Any] = {"step": int(report.numbers["step"]), **report.named()}
        if report.kl_by_dimension:
            values[f"{report.kind}/kl_by_dimension"] = self._library.Histogram(report.kl_by_dimension)
        self._run.log(values)
        if report.advice:
            self._run.summary["advice"] = report.advice

    def show(self, vectors: NDArray[np.float32], texts: Sequence[str]) -> bool:
        """Show nothing: encodings go to TensorBoard's projector only."""
        return False

    def close(self, failed: bool) -> None:
        """Finish the run."""
        self._run.finish(exit_code=int(failed))
