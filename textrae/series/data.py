"""Real-valued sequences, split and padded, and the map from their values into the range of φ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrae.errors import SeriesError

Values = NDArray[np.float64]
"""Values of a sequence, (time, dim)."""
LARGEST = float(np.finfo(np.float32).max)
"""Largest absolute value: computation is in float32."""
_REACH = 0.8
"""Share of the range of tanh that the training values fill: no finite state reaches its ends."""


@dataclass(frozen=True)
class Window:
    """Where a sequence was cut from a longer one."""

    sequence: int
    """Number of the longer sequence, from 0."""
    start: int
    """First step among those that were kept of the longer sequence, from 0."""
    first: int
    """First step among all that the longer sequence had, from 0."""


@dataclass
class Series:
    """Sequences of one width, each (time, dim) with at least one step."""

    values: list[Values] = field(default_factory=list)
    """Values of each sequence, (time, dim)."""
    labels: list[str] = field(default_factory=list)
    """Label of each sequence; empty where sequences have none."""
    names: tuple[str, ...] = ()
    """Name of each dimension; empty where they have none."""
    windows: list[Window] = field(default_factory=list)
    """Place that each sequence was cut from; empty where nothing was cut."""
    notes: list[str] = field(default_factory=list)
    """What was decided, left out or filled in reading, a line each."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def dim(self) -> int:
        """Dimensions of a time step."""
        return int(self.values[0].shape[1])

    @property
    def lengths(self) -> tuple[int, int]:
        """Time steps of the shortest and of the longest sequence."""
        found = [len(values) for values in self.values]
        return min(found), max(found)

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Series:
        """Return the sequences of some rows."""
        return Series(
            [self.values[row] for row in rows],
            [self.labels[row] for row in rows if self.labels],
            self.names,
            [self.windows[row] for row in rows if self.windows],
        )


def framed(values: Values, frame: int, where: str) -> Values:
    """Divide a row (n,) into time steps of `frame` dimensions, (n / frame, frame).

    Raises:
        SeriesError: the last step would be incomplete.
    """
    if len(values) % frame:
        raise SeriesError(
            f"{where}: {len(values)} numbers do not divide into frames of {frame}; give another `frame`"
        )
    return values.reshape(-1, frame)


@dataclass(frozen=True)
class Scaling:
    """The affine map from a file's values to those of the equations: scaled = (value - offset) / size."""

    offset: Values
    """Value that becomes 0, (dim,)."""
    size: Values
    """Difference of values that becomes 1, (dim,), positive."""

    @classmethod
    def fit(cls, values: Sequence[Values], how: str, activation: str) -> Self:
        """Find the scaling with which `values` fill what φ can give: [-0.8, 0.8] for tanh, [0.1, 0.9] for relu.

        Args:
            values: sequences (time, dim) of the training part.
            how: each ``column`` by its own range, all by the widest (``joint``), or ``none`` at all.
            activation: φ, ``tanh`` (also of lstm and gru) or ``relu``.
        """
        low = np.min([sequence.min(0) for sequence in values], axis=0)
        high = np.max([sequence.max(0) for sequence in values], axis=0)
        if how == "none":
            return cls(np.zeros_like(low), np.ones_like(low))
        half = (high - low) / 2
        size = np.full_like(half, half.max()) if how == "joint" else half
        size = np.where(size > 0, size, 1.0) / (_REACH / 2 if activation == "relu" else _REACH)
        return cls((low + high) / 2 - (size / 2 if activation == "relu" else 0), size)

    def apply(self, values: Values) -> Values:
        """Scale values (…, dim) of a file to those of the equations."""
        scaled: Values = (values - self.offset) / self.size
        return scaled

    def undo(self, scaled: Values) -> Values:
        """Scale values (…, dim) of the equations back to those of the file."""
        values: Values = scaled * self.size + self.offset
        return values


def hold_out(count: int, most: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split rows into those to train on and those held out: a tenth, at most `most`; with fewer than ten, none.

    Args:
        count: number of rows.
        most: rows held out, at most.
        seed: seed of the split.

    Returns:
        Row numbers in rising order, (train,) and (held out,).
    """
    order = np.random.default_rng(seed).permutation(count)
    held = min(most, count // 10)
    return np.sort(order[held:]), np.sort(order[:held])


def padded(values: Sequence[Values], kind: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Pad sequences (time, dim) to one tensor.

    Returns:
        Values (time, batch, dim) with zeros beyond the sequences' ends, and lengths (batch,).
    """
    lengths = [len(sequence) for sequence in values]
    out = np.zeros((max(lengths), len(values), values[0].shape[1]))
    for row, sequence in enumerate(values):
        out[: len(sequence), row] = sequence
    return torch.from_numpy(out).to(device, kind), torch.tensor(lengths, device=device)


def batches(
    lengths: NDArray[np.int64], size: int, order: np.random.Generator | None
) -> Iterator[NDArray[np.int64]]:
    """Yield rows in batches of `size` and of like lengths, so that little is padding.

    Args:
        lengths: time steps of each row's sequence, (rows,).
        size: rows of a batch.
        order: draws the order of the batches; None for rising lengths.
    """
    rows = np.arange(len(lengths)) if order is None else order.permutation(len(lengths))
    rows = rows[np.argsort(lengths[rows], kind="stable")]
    starts = np.arange(0, len(rows), size)
    for start in starts if order is None else order.permutation(starts):
        yield rows[start : start + size]
