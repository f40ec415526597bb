"""Trackio: a training's reports as one of its runs, in its data base on this machine."""

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
"""Project of the runs, where TRACKIO_PROJECT names none."""


class Tracker:
    """A run, under the user's own settings of the library: TRACKIO_DIR, TRACKIO_SPACE_ID, ….

    Args:
        place: the training.
    """

    def __init__(self, place: Place) -> None:
        import trackio

        self._run = trackio.init(
            project=os.environ.get("TRACKIO_PROJECT", PROJECT),
            name=place.name,
            resume="allow" if place.goes_on else "never",
            embed=False,
            auto_log_cpu=False,
            auto_log_gpu=False,
        )

    def settings(self, values: Mapping[str, Any]) -> None:
        """Tell the settings as the run's config, which is written with the first numbers."""
        self._run.config.update(dict(values))

    def log(self, report: Report) -> None:
        """Log the numbers by the step, and advice as a word among them."""
        values: dict[str, Any] = {**report.named()}
        if report.advice:
            values["advice"] = report.advice
        self._run.log(values, step=int(report.numbers["step"]))

    def show(self, vectors: NDArray[np.float32], texts: Sequence[str]) -> bool:
        """Show nothing: encodings go to TensorBoard's projector only."""
        return False

    def close(self, failed: bool) -> None:
        """Finish the run."""
        self._run.finish()
