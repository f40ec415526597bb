"""Figures of a suite, as a table and as a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from textrae.evaluation.suite.encodings import MODEL
from textrae.evaluation.suite.scoring import MEASURES
from textrae.evaluation.suite.tasks import Kind
from textrae.pictures.canvas import Canvas
from textrae.pictures.charts import marks
from textrae.pictures.files import save_picture


@dataclass(frozen=True)
class TaskReport:
    """Figures on one task."""

    kind: Kind
    """How it was measured."""
    name: str
    """Name of its file without the ending, and of a probe what it asks for."""
    lines: int
    """Pairs, or labelled sentences."""
    sentences: int
    """Different sentences among them."""
    labels: int
    """Different labels; 0 where there are none."""
    scores: dict[str, dict[str, float]]
    """For each encoding its measures by name, 1 at best; not a number where there is none."""


@dataclass(frozen=True)
class SuiteReport:
    """Figures on all tasks of a suite."""

    encodings: dict[str, int | None]
    """Dimensions of each encoding that was measured; None where the task decides."""
    tasks: list[TaskReport]
    """Figures on each task."""
    seed: int
    """Seed of all that is drawn."""
    notes: list[str]
    """What was left out, replaced or drawn, a line each."""

    def columns(self) -> Iterator[tuple[str, str, dict[str, float]]]:
        """Yield for each measure of each task the task's name, the measure's, and its value by encoding."""
        for task in self.tasks:
            for measure in MEASURES[task.kind]:
                yield task.name, measure, {name: found[measure] for name, found in task.scores.items()}

    def table(self) -> str:
        """Return the figures × 100 in aligned columns: one line an encoding, one column a measure of a task."""
        found = list(self.columns())
        lines = [
            ["", "", *(name for name, _, _ in found)],
            ["encoding", "numbers", *(measure for _, measure, _ in found)],
        ]
        for encoding, size in self.encodings.items():
            cells = (_shown(values[encoding]) for _, _, values in found)
            lines.append([encoding, "-" if size is None else f"{size:,}", *cells])
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        return "\n".join(
            "  ".join(
                [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
            )
            for line in lines
        )

    def picture(self) -> Canvas:
        """Draw the figures, a row for each measure of a task and a mark for each encoding."""
        found = list(self.columns())
        rows = [f"{name}, {measure}" for name, measure, _ in found]
        series = [
            (encoding, [100 * values[encoding] for _, _, values in found], encoding == MODEL)
            for encoding in self.encodings
        ]
        return marks("Measures of each encoding on each task", rows, series, "× 100; farther right is better")

    def save_picture(self, path: Path) -> None:
        """Write :meth:`picture`; the file appears whole.

        Args:
            path: ending in ``.png``, ``.svg`` or ``.pdf``.

        Raises:
            ConfigError: the ending is another one.
            RunError: matplotlib is missing, or the file cannot be written.
        """
        save_picture(self.picture(), path, "give a suite of fewer files")


def _shown(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f}"
