"""Whether encodings of translations are neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NEIGHBOURS = 4


def xsim(vectors: NDArray[np.floating], others: NDArray[np.floating]) -> float:
    """Error of retrieving line n of one side for line n of the other, 0 to 1 (xsim; as for LASER, Heffernan et al. 2022).

    The nearest is by the margin of Artetxe & Schwenk (2019): cos(x, y) over the mean cosine of x and of y with their 4
    nearest neighbours on the other side.

    Args:
        vectors: (n, numbers).
        others: the same shape, row by row their translations.

    Raises:
        ValueError: the shapes differ, or there is no row.
    """
    if vectors.shape != others.shape or not len(vectors):
        raise ValueError(
            f"{vectors.shape} and {others.shape}: one row of one side must belong to one of the other"
        )
    a, b = (
        rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12) for rows in (vectors, others)
    )
    cosines = a @ b.T
    count = min(_NEIGHBOURS, len(a))
    near = [np.sort(table, axis=1)[:, -count:].mean(1) for table in (cosines, cosines.T)]
    margins = cosines / ((near[0][:, None] + near[1][None]) / 2)
    return float((margins.argmax(1) != np.arange(len(a))).mean())
