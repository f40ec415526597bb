"""Real-valued sequences in memory, split and padded, and the map from their values into the range of φ."""

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


@dataclass
class Series:
    """Sequences of one width, each (time, dim) with at least one step."""

    values: list[Values] = field(default_factory=list)
    """Values of each sequence, (time, dim)."""
    labels: list[str] = field(default_factory=list)
    """Label of each sequence; empty where sequences have none."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def dim(self) -> int:
        """Dimensions of a time step."""
        return int(self.values[0].shape[1])

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Series:
        """Return the sequences of some rows."""
        return Series([self.values[row] for row in rows], [self.labels[row] for row in rows if self.labels])


def checked(sequences: Sequence[NDArray[np.generic]], dim: int | None = None) -> list[Values]:
    """Return arrays (time, dim), or (time,) for one dimension a step, as float64 (time, dim).

    Raises:
        SeriesError: there is none, one is empty, not of numbers, not finite, or of another width than `dim` or the
            first; it names the sequence, counted from 0.
    """
    if not len(sequences):
        raise SeriesError("no sequence: give at least one")
    values = [_checked(number, sequence) for number, sequence in enumerate(sequences)]
    width = dim or values[0].shape[1]
    for number, sequence in enumerate(values):
        if sequence.shape[1] != width:
            raise SeriesError(
                f"sequence {number} (counted from 0): {sequence.shape[1]} dimensions a step instead of {width}; give sequences of one width"
            )
    return values


def _checked(number: int, sequence: NDArray[np.generic]) -> Values:
    where = f"sequence {number} (counted from 0)"
    array = np.asarray(sequence)
    if array.dtype.kind not in "fiu" or array.ndim not in (1, 2) or not array.size:
        raise SeriesError(
            f"{where}: {array.dtype} of shape {array.shape}; give numbers of shape (time, dim), at least one step"
        )
    values = array.astype(np.float64).reshape(len(array), -1)
    bad = np.flatnonzero(~(np.abs(values) <= LARGEST).all(axis=1))
    if len(bad):
        raise SeriesError(
            f"{where}, step {bad[0]}: NaN, infinity or beyond float32; leave the sequence out or fill the gap"
        )
    return values


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
