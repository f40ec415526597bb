"""Sequences that the tests of series train on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def waves(count: int, dim: int = 2, seed: int = 0) -> list[Array]:
    """Return sines of random phases, 8 to 14 steps long."""
    generator = np.random.default_rng(seed)
    starts, lengths = generator.uniform(0, 2 * np.pi, (count, dim)), generator.integers(8, 15, count)
    scale = np.array([3.0, 0.2, 1.0])[:dim]
    return [
        5 + scale * np.sin(start + 0.7 * np.arange(length)[:, None])
        for start, length in zip(starts, lengths, strict=True)
    ]


def approaches(count: int, seed: int = 0) -> list[Array]:
    """Return curves from 0 to random points, 5 to 9 steps long.

    A recurrence of two dimensions can draw them from one state.
    """
    generator = np.random.default_rng(seed)
    ends, lengths = generator.uniform(-1, 1, (count, 2)), generator.integers(5, 10, count)
    return [end * (1 - 0.6 ** np.arange(length)[:, None]) for end, length in zip(ends, lengths, strict=True)]
