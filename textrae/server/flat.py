"""Encodings on a plane, for the map of the page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from textrae.inference.vectors import Vectors


def flattened(vectors: Vectors, count: int = 2) -> tuple[NDArray[np.float64], list[float]]:
    """Project vectors onto their directions of most variance (PCA).

    Args:
        vectors: (n, dimensions).
        count: of directions.

    Returns:
        (n, count) places, whose signs do not depend on chance, and the shares of the variance that the directions have.
    """
    centred = vectors.astype(np.float32)
    centred -= centred.mean(axis=0, dtype=np.float64).astype(np.float32)
    n, width = centred.shape
    product = (centred.T @ centred if width <= n else centred @ centred.T).astype(np.float64)
    values, found = np.linalg.eigh(product)
    axes = found[:, ::-1][:, :count]
    if width > n:  # eigenvectors of the products of the vectors with one another
        axes = centred.T.astype(np.float64) @ axes
        lengths = np.linalg.norm(axes, axis=0)
        axes *= np.where(lengths > 1e-4 * lengths.max(), 1.0, 0.0) / np.maximum(lengths, 1e-12)
    largest = axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])]
    places = np.zeros((n, count))
    places[:, : axes.shape[1]] = centred @ (axes * np.where(largest < 0, -1.0, 1.0))
    total = max(float(values.sum()), 1e-12)
    shares = [max(0.0, float(value)) / total for value in values[::-1][:count]]
    return places, [*shares, *[0.0] * count][:count]
