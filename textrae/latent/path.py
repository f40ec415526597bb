"""Paths through the latent space: between encodings, and along the difference of two kinds of sentences."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Encodings = NDArray[np.float32]
"""Points of the latent space: (n, dimensions), or (dimensions,) for a single one."""
Method = Literal["linear", "spherical", "flow"]
METHODS: tuple[Method, ...] = get_args(Method)


def between(
    start: Encodings, end: Encodings, steps: int, method: Method = "linear", apart: int = 0
) -> Encodings:
    """Return points on the way from one encoding to another, both ends included.

    ``linear``: (1 - t) a + t b. ``spherical``: along the great circle, the length changing evenly (White 2016). There is
    no such circle between opposite directions or from the origin: the path is then linear.

    Args:
        start: (dimensions,).
        end: (dimensions,).
        steps: number of points, at least 2.
        method: ``linear`` or ``spherical``.
        apart: number of last dimensions that are linear in any case, such as a kept length.

    Returns:
        (steps, dimensions).
    """
    a, b = start.astype(np.float64), end.astype(np.float64)
    t = np.linspace(0.0, 1.0, steps)[:, None]
    points = (1 - t) * a + t * b
    a, b = a[: len(a) - apart], b[: len(b) - apart]
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    if method == "spherical" and min(lengths) > 0:
        u, v = a / lengths[0], b / lengths[1]
        angle = np.arccos(np.clip(u @ v, -1.0, 1.0))
        if 1e-6 < angle < np.pi - 1e-6:
            direction = (np.sin((1 - t) * angle) * u + np.sin(t * angle) * v) / np.sin(angle)
            points[:, : len(a)] = ((1 - t) * lengths[0] + t * lengths[1]) * direction
    out = points.astype(np.float32)
    out[0], out[-1] = start, end  # to the bit, so that they decode as the sentences' own reconstructions
    return out


def path(stations: Encodings, steps: int, method: Method = "linear", apart: int = 0) -> Encodings:
    """Return points through several encodings, `steps` from each to the next; every station occurs once.

    Args:
        stations: (stations, dimensions), at least two.
        steps: number of points from a station to the next, both counted.
        method: as for :func:`between`.
        apart: as for :func:`between`.

    Returns:
        ((stations - 1) · (steps - 1) + 1, dimensions).
    """
    legs = [between(a, b, steps, method, apart) for a, b in itertools.pairwise(stations)]
    return np.concatenate([legs[0], *(leg[1:] for leg in legs[1:])])


def difference(source: Iterable[Encodings], target: Iterable[Encodings], dimensions: int) -> Encodings:
    """Return the mean of the target encodings minus that of the source encodings: (dimensions,).

    Mikolov et al. (2013) do this with words, Shen et al. (2020) with sentences.

    Args:
        source: blocks (n, dimensions) of one kind's encodings.
        target: blocks (n, dimensions) of the other kind's.
        dimensions: of an encoding.

    Raises:
        ValueError: one of them has no row.
    """
    means = []
    for blocks in (source, target):
        total, count = np.zeros(dimensions), 0
        for block in blocks:
            total += block.sum(0, dtype=np.float64)
            count += len(block)
        if not count:
            raise ValueError("no example to find a direction from")
        means.append(total / count)
    found: Encodings = (means[1] - means[0]).astype(np.float32)
    return found


def without_repeats(sentences: Sequence[str]) -> list[str]:
    """Return the sentences, each run of equal ones reduced to one."""
    return [one for place, one in enumerate(sentences) if place == 0 or one != sentences[place - 1]]


def smoothness(sentences: Sequence[str]) -> float:
    """Return how evenly the sentences on a path change: 1 minus the largest step's share of all change.

    It is near 1 where they change evenly and 0 where they change all at once; 1 too where nothing changes. Change is the
    Levenshtein distance between successive sentences, in white-space words (in characters where no sentence has a space).
    """
    words = any(" " in one for one in sentences)
    units = [one.split() if words else list(one) for one in sentences]
    changes = [edit_distance(a, b) for a, b in itertools.pairwise(units)]
    return 1.0 - max(changes) / sum(changes) if sum(changes) else 1.0


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Count the insertions, deletions and substitutions that turn one sequence into the other (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (left != right))
    return row[-1]
