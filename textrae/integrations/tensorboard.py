"""TensorBoard: a training's reports as its event files, and encodings in its projector."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textrae.runs.metrics import Report

if TYPE_CHECKING:
    from textrae.integrations.trackers import Place

FOLDER = "tensorboard"
"""Folder beside run folders that holds a folder of events for each training."""


def place_of(place: Place) -> Path:
    """Return the folder of a training's events."""
    return place.out.resolve().parent / FOLDER / place.name


class Tracker:
    """A folder of events, which ``tensorboard --logdir tensorboard`` shows.

    Args:
        place: the training; where it goes on, what an earlier process logged from its first step on is withdrawn.
    """

    def __init__(self, place: Place) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._folder, self._make, self._goes_on = place_of(place), SummaryWriter, place.goes_on
        self._writer: Any = None if place.goes_on else SummaryWriter(str(self._folder))
        self._last, self._text = 0, ""

    def settings(self, values: Mapping[str, Any]) -> None:
        """Have the settings written as a text with the first report."""
        self._text = json.dumps(values, indent=1, sort_keys=True)

    def log(self, report: Report) -> None:
        """Write the numbers as scalars, the divergence of each dimension as a histogram, and advice as a text."""
        step = int(report.numbers["step"])
        if self._writer is None:
            self._writer = self._make(str(self._folder), purge_step=step)
        if self._text and not self._goes_on:
            self._writer.add_text("settings", f"```\n{self._text}\n```", step)
        self._text = ""
        for name, value in report.named().items():
            self._writer.add_scalar(name, value, step)
        if report.kl_by_dimension:
            self._writer.add_histogram(
                f"{report.kind}/kl_by_dimension", np.array(report.kl_by_dimension), step
            )
        if report.advice:
            self._writer.add_text("advice", report.advice, step)
        if report.kind == "valid":
            self._writer.flush()
        self._last = step

    def show(self, vectors: NDArray[np.float32], texts: Sequence[str]) -> bool:
        """Write encodings and their texts for the projector, each text on one line."""
        lines = [" ".join(text.split()) or "(blank)" for text in texts]
        self._writer.add_embedding(vectors, lines, global_step=self._last, tag="encodings")
        return True

    def close(self, failed: bool) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()
