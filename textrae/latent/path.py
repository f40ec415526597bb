"""Ways through the latent space: between encodings, around one, and along the difference of two kinds of sentences."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Method = Literal["linear", "spherical"]


def between(start: Vectors, end: Vectors, steps: int, method: Method = "linear") -> Vectors:
    """Points on the way from one encoding to another, both of them included.

    ``linear``: (1 - t) a + t b. ``spherical``: along the great circle, the length changing evenly (White 2016); where
    two directions are opposite or one has no length there is no such circle, and the way is the linear one.

    Args:
        start: (numbers,).
        end: the same.
        steps: points, at least 2.

    Returns:
        (steps, numbers).
    """
    a, b = start.astype(np.float64), end.astype(np.float64)
    t = np.linspace(0.0, 1.0, steps)[:, None]
    points = (1 - t) * a + t * b
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    if method == "spherical" and min(lengths) > 0:
        u, v = a / lengths[0], b / lengths[1]
        angle = np.arccos(np.clip(u @ v, -1.0, 1.0))
        if 1e-6 < angle < np.pi - 1e-6:
            direction = (np.sin((1 - t) * angle) * u + np.sin(t * angle) * v) / np.sin(angle)
            points = ((1 - t) * lengths[0] + t * lengths[1]) * direction
    out = points.astype(np.float32)
    out[0], out[-1] = start, end  # to the bit, so that they decode as the sentences' own reconstructions
    return out


def path(stations: Vectors, steps: int, method: Method = "linear") -> Vectors:
    """Through several encodings, `steps` points from each to the next; every station once.

    Args:
        stations: (stations, numbers), at least two.

    Returns:
        ((stations - 1) · (steps - 1) + 1, numbers).
    """
    legs = [between(a, b, steps, method) for a, b in itertools.pairwise(stations)]
    return np.concatenate([legs[0], *(leg[1:] for leg in legs[1:])])


def without_repeats(sentences: Sequence[str]) -> list[str]:
    """Each run of the same sentence once."""
    return [one for place, one in enumerate(sentences) if place == 0 or one != sentences[place - 1]]


def smoothness(sentences: Sequence[str]) -> float:
    """1 minus the largest step's share of all change on a way: near 1 where it changes evenly, 0 where all at once.

    Change is the Levenshtein distance between successive sentences, in white-space words (in characters where no sentence
    has a space). A way on which nothing changes is smooth: 1.
    """
    words = any(" " in one for one in sentences)
    units = [one.split() if words else list(one) for one in sentences]
    changes = [edit_distance(a, b) for a, b in itertools.pairwise(units)]
    return 1.0 - max(changes) / sum(changes) if sum(changes) else 1.0


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Insertions, deletions and substitutions that turn one into the other (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (left != right))
    return row[-1]
