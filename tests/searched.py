"""Small vectors to search, and what a search by definition finds in them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from textrae.search.encoding import scaled
from textrae.search.nearest import Rows, small
from textrae.search.store import Kept, Store, StoreWriter


def rows_of(vectors: NDArray[np.float32], kept: str = "float16") -> Rows:
    unit = scaled(np.asarray(vectors, dtype=np.float32))
    stored = unit.astype(kept)
    return Rows(stored, *small(unit, stored))


def cosines_of(rows: Rows, query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosines by definition, to 7 decimals."""
    wide = rows.vectors.astype(np.float64)
    norms = np.maximum(np.linalg.norm(wide, axis=1), 1e-30)
    return (wide @ query.astype(np.float64) / norms).round(7).astype(np.float32)


@st.composite
def vectors(draw: st.DrawFn, most: int = 40) -> NDArray[np.float32]:
    """Few vectors of few whole numbers, so that many are the same or tie; some are of zeros."""
    count, width = draw(st.integers(1, most)), draw(st.integers(1, 9))
    numbers = draw(st.lists(st.integers(-3, 3), min_size=count * width, max_size=count * width))
    return np.array(numbers, dtype=np.float32).reshape(count, width)


def clumps(count: int, width: int, seed: int, spread: float = 0.2) -> NDArray[np.float32]:
    """Vectors around a few centres, so that many are near one another."""
    generator = np.random.default_rng(seed)
    centres = generator.standard_normal((1 + count // 8, width))
    noise = spread * generator.standard_normal((count, width))
    return (centres[generator.integers(len(centres), size=count)] + noise).astype(np.float32)


def made(kept: Kept = "float16") -> Store:
    """A store of four sentences, of which one stands in two of seven rows."""
    generator = np.random.default_rng(0)
    writer = StoreWriter(5, kept)
    for texts in (["a", "bé"], ["日本", "x y"]):
        writer.add(texts, scaled(generator.standard_normal((2, 5)).astype(np.float32)))
    store = writer.finish(np.array([0, 4, 1, 2, 5]), np.array([0, 2, 3, 4, 5]), 7)
    writer.close()
    return store
