"""Exact nearest rows: a product of whole numbers rules most rows out, and the vectors themselves decide the others.

A unit vector x is kept twice: in float16 or float32, and as whole numbers x̂ of 8 bits with the length of the error, ‖x - x̂‖.
For a query q with q̂ of its own, Cauchy and Schwarz bound what the small numbers miss: |q·x - q̂·x̂| ≤ ‖q̂‖ ‖x - x̂‖ + ‖q - q̂‖ ‖x‖.
So a row whose bound lies below the k-th best product known so far cannot be among the k nearest. A processor reads a
quarter of the bytes of float32 for that, and multiplies several times as fast.

Before they are rounded, vectors are turned so that no few numbers hold most of their length: the first numbers of a part for
meaning do, and whole numbers of 8 bits would cut them off. Products of vectors that are turned alike stay the same.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrae.errors import SearchError
from textrae.inference.vectors import Vectors

_STEP = 1 / 32
"""Value of one step of the small numbers of a vector, scaled so that the mean of their squares is 1."""
_SLACK = 1e-5
"""What rounding adds to a bound: to the products, and to the length of vectors of length 1, in float32."""
_DECIMALS = 7
"""Decimals of a cosine, so that equal ones are equal whatever the order of summing."""
_TINY = 1e-30
"""Length below which a vector counts as one of zeros."""
_SCORES = 1 << 24
"""Products kept in memory at once."""
_QUERIES = 32
"""Queries that rows are multiplied by at once."""
_BLOCK = 16_384
"""Rows multiplied at once."""
_TURNED = 256
"""Numbers of a vector that are turned together."""
_DAMAGED = "a vector of the index is damaged (NaN or infinity); make it again"
_WEIGHED = 1_024
"""Rows whose vectors themselves are multiplied at once."""


@dataclass(frozen=True)
class Rows:
    """Unit vectors that are searched."""

    vectors: NDArray[Any]
    """(rows, width) float16 or float32."""
    steps: NDArray[np.int8]
    """(rows, width), the same in steps of 1/32 of the root of their mean square."""
    errors: NDArray[np.float32]
    """(rows,), lengths of the differences of the two."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.vectors)

    def take(self, places: NDArray[np.int64]) -> Rows:
        """Return some rows, copied."""
        return Rows(self.vectors[places], self.steps[places], self.errors[places])

    def wide(self) -> Rows:
        """Return the same rows in float32, copied where they are not."""
        return Rows(self.vectors.astype(np.float32, copy=False), self.steps, self.errors)

    def floats(self, first: int, last: int) -> Tensor:
        """Return a block of rows, (rows, width) float32."""
        return tensor(self.vectors[first:last]).float()

    def units(self, first: int, last: int) -> Tensor:
        """Return a block of rows scaled to length 1 again, (rows, width) float32.

        Raises:
            SearchError: one is not finite.
        """
        rows = self.floats(first, last)
        if not rows.isfinite().all():
            raise SearchError(_DAMAGED)
        unit: Tensor = rows / rows.norm(dim=1, keepdim=True).clamp_min(_TINY)
        return unit

    def exact(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return some rows as float64, scaled to length 1 again.

        Raises:
            SearchError: one is not finite.
        """
        rows = self.vectors[places].astype(np.float64)
        if not np.isfinite(rows).all():
            raise SearchError(_DAMAGED)
        unit: NDArray[np.float64] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _TINY)
        return unit

    def cosines(self, places: NDArray[np.int64], query: Vectors) -> NDArray[np.float32]:
        """Return the cosines of some rows with a query of shape (width,), rounded to 7 decimals at the end only."""
        out, wide = np.empty(len(places), dtype=np.float32), query.astype(np.float64)
        for start in range(0, len(places), _WEIGHED):
            out[start : start + _WEIGHED] = (self.exact(places[start : start + _WEIGHED]) @ wide).round(
                _DECIMALS
            )
        return out

    def pair_cosines(self, places: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the cosines of pairs of rows, as many as there are places and others."""
        out = np.empty(len(places), dtype=np.float32)
        for start in range(0, len(places), _WEIGHED):
            some = slice(start, start + _WEIGHED)
            out[some] = (self.exact(places[some]) * self.exact(others[some])).sum(1).round(_DECIMALS)
        return out


def small(vectors: Vectors, kept: NDArray[Any] | None = None) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return unit vectors (n, width), turned, as whole numbers of 8 bits, and the lengths of the errors (n,).

    Args:
        vectors: (n, width) float32.
        kept: (n, width), the vectors as they are kept, which are then rounded instead of `vectors`.
    """
    scale = np.float32(np.sqrt(vectors.shape[1]) / _STEP)
    exact = vectors
    if kept is not None:
        exact = kept.astype(np.float32)
        exact /= np.maximum(np.linalg.norm(exact, axis=1, keepdims=True), _TINY)
    exact = _turned(exact)
    steps = np.rint(exact * scale).clip(-127, 127).astype(np.int8)
    errors: NDArray[np.float32] = np.linalg.norm(exact - steps / scale, axis=1).astype(np.float32)
    return steps, errors


def _turned(vectors: Vectors) -> Vectors:
    """Return vectors (n, width), each block of whose numbers is turned."""
    width = vectors.shape[1]
    parts = [vectors[:, start : start + _TURNED] for start in range(0, width, _TURNED)]
    return np.concatenate([part @ _turn(part.shape[1]) for part in parts], axis=1)


@cache
def _turn(size: int) -> NDArray[np.float32]:
    """Return an orthogonal matrix, (size, size): cosines (type II) after a change of signs; the same on every machine."""
    place = np.arange(size)
    waves = np.cos(np.pi * (2 * place[:, None] + 1) * place / (2 * size)) * np.sqrt(2 / size)
    waves[:, 0] = np.sqrt(1 / size)
    signs = 1 - 2 * ((place * 2_654_435_761 >> 13) & 1)  # a multiplicative hash (Knuth), of which one bit
    turn: NDArray[np.float32] = (signs[:, None] * waves).astype(np.float32)
    return turn


def unit_of(width: int) -> float:
    """Return what one step times one step counts in the cosine of vectors of a width."""
    return _STEP * _STEP / width


def nearest(rows: Rows, queries: Vectors, k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the k rows of the largest cosine with each query, the best first, and of equal ones the earlier.

    Args:
        rows: what is searched.
        queries: (n, width) unit vectors, float32.
        k: rows for each query; fewer where there are no more.

    Returns:
        (n, k) rows, and (n, k) cosines.
    """
    k = min(k, len(rows))
    found, cosines = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
    count = max(1, min(_QUERIES, _SCORES // max(1, len(rows))))
    for start in range(0, len(queries), count):
        some = queries[start : start + count]
        steps, errors = small(some)
        scores = _scores(rows, steps)
        for number, query in enumerate(some):
            best = _best(rows, query, scores[number], float(errors[number]), k)
            found[start + number], cosines[start + number] = best
    return found, cosines


def _scores(rows: Rows, queries: NDArray[np.int8]) -> Tensor:
    """Return the products of the small numbers of each query and row, (queries, rows), as cosines."""
    out = torch.empty(len(queries), len(rows))
    for start in range(0, len(rows), _BLOCK):
        block = products(tensor(rows.steps[start : start + _BLOCK]), tensor(queries))
        torch.mul(block.T, unit_of(queries.shape[1]), out=out[:, start : start + _BLOCK])
    return out


def _best(
    rows: Rows, query: Vectors, scores: Tensor, error: float, k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the k nearest rows of one query, given the products of the small numbers, (rows,), which it uses up."""
    seeds = scores.topk(k).indices.numpy()
    least = float(rows.cosines(seeds, query).min())
    # ‖q̂‖ ≤ ‖q‖ + ‖q - q̂‖
    bounds = scores.add_(tensor(rows.errors), alpha=1 + error + _SLACK)
    floor = least - error - _SLACK
    places = (bounds < floor).logical_not_().nonzero().squeeze(1).numpy()
    exact = rows.cosines(places, query)
    order = np.lexsort((places, -exact))[:k]
    return places[order], exact[order]


def products(rows: Tensor, others: Tensor) -> Tensor:
    """Return the products of whole numbers of 8 bits, (n, width) and (m, width) → (n, m).

    They are int32 where the processor multiplies such numbers, else float32, which holds them to 1e-7.
    """
    if rows.shape[1] > 1 and _whole():  # of one column torch 2.13 returns what is not initialised
        return torch._int_mm(rows, others.T)
    return rows.float() @ others.float().T


@cache
def _whole() -> bool:
    """Return whether this torch multiplies whole numbers of 8 bits, and to the last unit: some processors overflow."""
    try:
        high, low = (torch.full((32, 256), value, dtype=torch.int8) for value in (127, -128))
        wanted = (127 * 127 * 256, -127 * 128 * 256)
        return all(
            bool((torch._int_mm(high, other.T) == value).all())
            for other, value in zip((high, low), wanted, strict=True)
        )
    except (AttributeError, RuntimeError):
        return False


def tensor(array: NDArray[Any]) -> Tensor:
    """Return a tensor that shares an array's memory, which is only read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the memory cannot be written to
        return torch.from_numpy(array)
