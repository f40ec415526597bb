"""How well a model rebuilds series: the error of sequences, and of each dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textrae.series.data import Values


@dataclass(frozen=True)
class DimensionError:
    """How well one dimension is rebuilt."""

    name: str
    """Name of its column, or its number from 1."""
    rmse: float
    """Root of the mean squared error over all steps, in the units of the data."""
    explained: float | None
    """Share of the variance that is rebuilt, at most 1; None where the values do not vary."""


@dataclass(frozen=True)
class SeriesEvaluation:
    """How well a model rebuilds sequences."""

    sequences: int
    """Number of sequences."""
    steps: int
    """Time steps of all sequences."""
    error: float
    """Mean L = (1/T) Σ_t ‖x̂_t - x_t‖² of the sequences, on scaled values."""
    median: float
    """Median of L, on scaled values."""
    largest: float
    """Largest L, on scaled values."""
    error_data: float
    """Mean L in the units of the data."""
    dimensions: list[DimensionError]
    """How well each dimension is rebuilt."""

    def table(self) -> str:
        """Return the figures as lines of text."""
        lines = [
            f"{self.sequences:,} sequences, {self.steps:,} steps",
            f"error, scaled   mean {self.error:.4g}  median {self.median:.4g}  largest {self.largest:.4g}",
            f"error, data     mean {self.error_data:.4g}",
        ]
        width = max(9, *(len(one.name) for one in self.dimensions))
        lines.append(f"{'dimension':<{width}}  {'rmse':>10}  explained")
        for one in self.dimensions:
            share = "-" if one.explained is None else f"{one.explained:.2%}"
            lines.append(f"{one.name:<{width}}  {one.rmse:>10.4g}  {share:>9}")
        return "\n".join(lines)


def measured(
    values: Sequence[Values], rebuilt: Sequence[Values], size: Values, names: Sequence[str]
) -> SeriesEvaluation:
    """Measure how well sequences are rebuilt.

    Args:
        values: sequences (time, dim), in the units of the data.
        rebuilt: what the model makes of each, (time, dim).
        size: difference of values that counts as 1 when scaled, (dim,).
        names: name of each dimension; empty for their numbers.
    """
    apart = [a - b for a, b in zip(rebuilt, values, strict=True)]
    scaled = np.array([np.square(one / size).sum(1).mean() for one in apart])
    whole, missed = np.concatenate(values), np.square(np.concatenate(apart)).mean(0)
    spread = whole.var(0)
    dimensions = [
        DimensionError(
            name=names[place] if names else str(place + 1),
            rmse=float(np.sqrt(missed[place])),
            explained=float(1 - missed[place] / spread[place]) if spread[place] > 0 else None,
        )
        for place in range(len(spread))
    ]
    return SeriesEvaluation(
        sequences=len(values),
        steps=len(whole),
        error=float(scaled.mean()),
        median=float(np.median(scaled)),
        largest=float(scaled.max()),
        error_data=float(np.mean([np.square(one).sum(1).mean() for one in apart])),
        dimensions=dimensions,
    )
