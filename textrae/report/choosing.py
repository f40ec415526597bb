"""Which sentences a report shows, and where they lie in the plane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrae.pictures.canvas import shortened

Encodings = NDArray[np.float32]
_GROUPS = 7
"""Labels that have a colour of their own; the rarer ones share one."""
_SHOWN = 90
"""Characters of a sentence at a point of a map."""


@dataclass(frozen=True)
class Layout:
    """Encodings in the plane of their first two principal components."""

    points: NDArray[np.float64]
    """(sentences, 2)."""
    explained: tuple[float, float]
    """Share of the variance along each axis."""
    groups: list[int]
    """Group of each sentence."""
    names: list[str]
    """Name of each group."""
    titles: list[str]
    """Each sentence, cut where it is long."""


@dataclass(frozen=True)
class Neighbours:
    """A sentence and those whose encodings are nearest."""

    sentence: str
    others: list[tuple[str, float]]
    """Each with its cosine, the nearest first."""


def plane(vectors: Encodings, sentences: Sequence[str], labels: Sequence[str] | None) -> Layout:
    """Lay encodings out by principal components, in groups by label, or by length without labels.

    Args:
        vectors: (sentences, dimensions), at least two.
        sentences: one for each.
        labels: class of each; None groups by length.
    """
    centred = vectors.astype(np.float64) - vectors.mean(0, dtype=np.float64)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    points = centred @ axes[:2].T
    if points.shape[1] < 2:
        points = np.pad(points, ((0, 0), (0, 2 - points.shape[1])))
    # the sign of an axis means nothing: the one that makes its largest weight positive is always the same
    signs = [np.sign(axis[np.abs(axis).argmax()]) or 1.0 for axis in axes[:2]]
    points[:, : len(signs)] *= signs
    total = float((sizes**2).sum()) or 1.0
    first, second = (float(size) ** 2 / total for size in [*sizes[:2], 0.0][:2])
    groups, names = by_length(sentences) if labels is None else by_label(labels)
    return Layout(points, (first, second), groups, names, [shortened(one, _SHOWN) for one in sentences])


def by_length(sentences: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return the third of each sentence's length, in characters, and the names of the thirds."""
    lengths = np.array([len(one) for one in sentences])
    low, high = (int(one) for one in np.quantile(lengths, (1 / 3, 2 / 3), method="lower"))
    names = [f"up to {low} characters", f"up to {high}", "longer"]
    return np.digitize(lengths, (low, high), right=True).tolist(), names


def by_label(labels: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return the group of each label, the most frequent first, and their names; rare labels share a group."""
    names = [name for name, _ in Counter(labels).most_common(_GROUPS)]
    places = {name: place for place, name in enumerate(names)}
    groups = [places.get(one, len(names)) for one in labels]
    shown = [shortened(name, 24) or "(blank)" for name in names]
    return groups, [*shown, "others"] if len(names) in groups else shown


def nearest(vectors: Encodings, sentences: Sequence[str], count: int, others: int = 3) -> list[Neighbours]:
    """Return some sentences, evenly chosen, with the different sentences nearest to each by cosine."""
    distinct = list(dict.fromkeys(sentences))
    rows = {one: row for row, one in reversed(list(enumerate(sentences)))}
    kept = np.array([rows[one] for one in distinct])
    sizes = np.linalg.norm(vectors[kept], axis=1, keepdims=True)
    unit = vectors[kept] / np.maximum(sizes, 1e-12)
    found = []
    for place in chosen(len(distinct), count):
        cosines = unit @ unit[place]
        cosines[place] = -np.inf
        best = np.argsort(-cosines, kind="stable")[: min(others, len(distinct) - 1)]
        found.append(
            Neighbours(distinct[place], [(distinct[row], float(cosines[row])) for row in best.tolist()])
        )
    return [one for one in found if one.others]


def chosen(size: int, count: int) -> list[int]:
    """Return at most `count` places of `size`, evenly apart."""
    count = min(size, count)
    return [(2 * number + 1) * size // (2 * count) for number in range(count)]


def apart(sentences: Sequence[str]) -> tuple[int, int]:
    """Return the places of two sentences of middling length that share few words, to walk between."""
    lengths = np.array([len(one) for one in sentences])
    low, high = np.quantile(lengths, 0.3, method="lower"), np.quantile(lengths, 0.7, method="higher")
    usual = [place for place, size in enumerate(lengths.tolist()) if low <= size <= high]
    some = [usual[place] for place in chosen(len(usual), 60)]
    first, words = some[0], set(sentences[some[0]].split())
    others = [place for place in some if sentences[place] != sentences[first]]
    if not others:
        return first, (first + 1) % len(sentences)
    return first, min(others, key=lambda place: len(words & set(sentences[place].split())))


def short_ones(sentences: Sequence[str], count: int, longest: int = 60) -> list[str]:
    """Return some different sentences that fit a small picture: the shortest if all are long."""
    usable = [one for one in dict.fromkeys(sentences) if one.strip() and len(one) <= 4 * longest]
    fitting = [one for one in usable if 12 <= len(one) <= longest]
    if not fitting:
        fitting = sorted(usable, key=lambda one: (len(one), one))[:count]
    return [fitting[place] for place in chosen(len(fitting), count)]
