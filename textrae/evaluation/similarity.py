"""Similarity across languages: whether the encodings of translations are neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NEIGHBOURS = 4
"""Nearest neighbours that a margin averages over."""
_BLOCK = 1_024
"""Rows whose cosines with all rows of the other side are in memory at once."""


def xsim(vectors: NDArray[np.floating], others: NDArray[np.floating]) -> float:
    """Return the share of rows whose nearest row of the other side is not their translation: 0 to 1.

    This is the xsim error of LASER (Heffernan et al. 2022). The nearest row has the largest margin (Artetxe & Schwenk
    2019): cos(x, y) over the mean cosine of x and of y with their 4 nearest neighbours on the other side.

    Args:
        vectors: (n, dimensions).
        others: (n, dimensions), row by row the encodings of their translations.

    Raises:
        ValueError: the shapes differ, or there is no row.
    """
    if vectors.shape != others.shape or not len(vectors):
        raise ValueError(
            f"{vectors.shape} and {others.shape}: one row of one side must belong to one row of the other"
        )
    a, b = (
        rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12) for rows in (vectors, others)
    )
    near, near_others = _nearness(a, b), _nearness(b, a)
    wrong = 0
    for start in range(0, len(a), _BLOCK):
        rows = slice(start, start + _BLOCK)
        margins = (a[rows] @ b.T) / ((near[rows, None] + near_others) / 2)
        wrong += int((margins.argmax(1) != np.arange(len(a))[rows]).sum())
    return wrong / len(a)


def _nearness(rows: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return each row's mean cosine with its nearest neighbours on the other side: (rows,)."""
    count = min(_NEIGHBOURS, len(others))
    blocks = (rows[start : start + _BLOCK] @ others.T for start in range(0, len(rows), _BLOCK))
    return np.concatenate([np.partition(block, -count, axis=1)[:, -count:].mean(1) for block in blocks])
