"""The boundary between two kinds of sentences in the latent space: Fisher's linear discriminant (1936)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from textrae.latent.path import Encodings

Least = Literal["least"]
"""The strength of a move that goes no farther than across the boundary."""
LEAST: Least = get_args(Least)[0]
_SHRINKAGE = 0.01
"""Share of the mean variance that is added to each, so that the covariance can be inverted."""


@dataclass(frozen=True)
class Boundary:
    """A hyperplane between two kinds of encodings, and the step from one kind's mean to the other's."""

    step: Encodings
    """Mean of the target's encodings minus that of the source's, (dimensions,)."""
    middle: NDArray[np.float64]
    """Point half-way between the means, (dimensions,)."""
    normal: NDArray[np.float64]
    """Normal w = Σ⁻¹ step of the hyperplane, (dimensions,); Σ is the mean covariance of the kinds."""
    spread: float
    """Deviation of w · z among encodings of a kind."""

    def evidence(self, encodings: Encodings) -> NDArray[np.float64]:
        """Return what each dimension says for the target, (n, dimensions); a row's sum is :meth:`across`."""
        evidence: NDArray[np.float64] = (encodings - self.middle) * self.normal / self.spread
        return evidence

    def across(self, encodings: Encodings) -> NDArray[np.float64]:
        """Return how far encodings lie on the target's side, in deviations of a kind: (n, dimensions) → (n,)."""
        across: NDArray[np.float64] = self.evidence(encodings).sum(1)
        return across


def boundary(source: Iterable[Encodings], target: Iterable[Encodings], dimensions: int) -> Boundary:
    """Find the boundary between two kinds of encodings, in bounded memory.

    Args:
        source: blocks (n, dimensions) of one kind's encodings.
        target: blocks (n, dimensions) of the other kind's.
        dimensions: of an encoding.

    Raises:
        ValueError: one of them has no row.
    """
    (first, one), (second, other) = (_moments(blocks, dimensions) for blocks in (source, target))
    covariance, step = (one + other) / 2, second - first
    variance = max(np.trace(covariance) / dimensions, 1e-12)
    covariance[np.diag_indices(dimensions)] += _SHRINKAGE * variance
    normal: NDArray[np.float64] = np.linalg.solve(covariance, step).astype(np.float64)
    spread = float(np.sqrt(normal @ covariance @ normal))
    return Boundary(step.astype(np.float32), (first + second) / 2, normal, max(spread, 1e-12))


def _moments(blocks: Iterable[Encodings], dimensions: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean (dimensions,) and the covariance of blocks of encodings."""
    total, squares, count = np.zeros(dimensions), np.zeros((dimensions, dimensions)), 0
    for block in blocks:
        wide = block.astype(np.float64)
        total += wide.sum(0)
        squares += wide.T @ wide
        count += len(block)
    if not count:
        raise ValueError("no example to find a boundary from")
    mean = total / count
    return mean, squares / count - np.outer(mean, mean)


def slots_that_oppose(evidence: NDArray[np.float64], first: int, slots: int, count: int) -> Encodings:
    """Return which dimensions belong to the slots of a sentence that say most against the target.

    Args:
        evidence: (n, dimensions), from :meth:`Boundary.evidence`.
        first: dimension that the slots begin at; those before are always among them.
        slots: number of slots, which have all the dimensions from there on.
        count: slots that are taken of each sentence.

    Returns:
        (n, dimensions) of 0 and 1.
    """
    said = evidence[:, first:].reshape(len(evidence), slots, -1).sum(2)
    taken = np.zeros_like(said)
    np.put_along_axis(taken, said.argsort(1, kind="stable")[:, :count], 1.0, axis=1)
    chosen = np.ones(evidence.shape, dtype=np.float32)
    chosen[:, first:] = np.repeat(taken, (evidence.shape[1] - first) // slots, axis=1)
    return chosen
