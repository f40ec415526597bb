"""Near-identical sentences: pairs above a cosine, joined to groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from textrae.inference import arguments
from textrae.search.index import Index
from textrae.search.nearest import Rows, products, tensor, unit_of

_BLOCK = 1_024
"""Rows on each side that are multiplied at once, whose products fit into a processor's cache."""
_MANY = 1_000
"""Pairs of a block above which float32 decides first: whole numbers of 8 bits let many pass that lie just below."""
_PAIRS = 16_384
"""Pairs that are decided at once, after those that are joined already were left out."""
_SLACK = 1e-5
"""What rounding adds to a bound."""
_ROUNDED = 1e-6
"""How far below the threshold a cosine may lie by rounding only: that of a vector with itself is 1."""


@dataclass(frozen=True)
class Group:
    """Sentences of which each is near-identical to another one, or the rows of one that comes again."""

    texts: list[str]
    """Different sentences, in the order of their first rows."""
    rows: list[list[int]]
    """Rows of the input, from 0, where each stands."""
    similarities: list[float]
    """Cosine of each with the first; of a group that hangs together by its neighbours it may be below the threshold."""

    @property
    def size(self) -> int:
        """Number of rows."""
        return sum(map(len, self.rows))


def duplicates(index: Index, threshold: float = 0.95) -> Iterator[Group]:
    """Find the groups of sentences that are the same or near-identical, the largest first.

    Every pair whose cosine is at least the threshold is found, and two sentences are in one group if a chain of such pairs
    joins them. Time grows with the square of the different sentences; memory by 16 bytes a sentence.

    Args:
        index: of the sentences.
        threshold: least cosine of a pair; 1 finds sentences that are the same, and those that are to the model.

    Raises:
        TypeError: the threshold is no number.
        ConfigError: it is not above 0 and at most 1.
        SearchError: the index is damaged.
    """
    return _groups(index, joined(index.store.kept, check_threshold(threshold)))


def check_threshold(threshold: object) -> float:
    """Return the least cosine of near-identical sentences; errors as :func:`duplicates`."""
    least = arguments.real("threshold", threshold, 0.0, 1.0)
    arguments.expect(least > 0, "`threshold`: a cosine above 0 and at most 1 is expected")
    return least


def joined(rows: Rows, threshold: float) -> NDArray[np.int64]:
    """Return the first row of the group that each row belongs to, (rows,)."""
    forest = _Forest(len(rows))
    for places, others in near_pairs(rows, threshold):
        for start in range(0, len(places), _PAIRS):
            some, more = places[start : start + _PAIRS], others[start : start + _PAIRS]
            apart = forest.roots(some) != forest.roots(more)
            some, more = some[apart], more[apart]
            near = rows.pair_cosines(some, more) >= threshold - _ROUNDED
            forest.join(some[near], more[near])
    return forest.roots(np.arange(len(rows)))


def near_pairs(rows: Rows, threshold: float) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the pairs that may have a cosine of the threshold or more, and all that do.

    The bound is that of :mod:`textrae.search.nearest`, with the largest errors of a block.

    Yields:
        (pairs,) rows, and (pairs,) later rows that they may be near to.
    """
    unit, count = unit_of(rows.steps.shape[1]), len(rows)
    worst = [float(rows.errors[start : start + _BLOCK].max()) for start in range(0, count, _BLOCK)]
    for start in range(0, count, _BLOCK):
        block, error = tensor(rows.steps[start : start + _BLOCK]), worst[start // _BLOCK]
        for after in range(start, count, _BLOCK):
            other = worst[after // _BLOCK]
            floor = (threshold - _ROUNDED - _SLACK - error * (1 + other) - other) / unit
            scores = products(block, tensor(rows.steps[after : after + _BLOCK]))
            if scores.max() < floor:
                continue
            near = scores >= floor
            if int(near.count_nonzero()) > _MANY:
                one, more = rows.units(start, start + _BLOCK), rows.units(after, after + _BLOCK)
                near = torch.mm(one, more.t()) >= threshold - _ROUNDED - _SLACK
            places, others = near.nonzero().numpy().T
            later = places + start < others + after
            yield places[later] + start, others[later] + after


class _Forest:
    """Rows joined to groups, each by its first row."""

    def __init__(self, count: int) -> None:
        self._above = np.arange(count)

    def roots(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the first row of the group of each."""
        found = self._above[rows]
        while not np.array_equal(above := self._above[found], found):
            found = above
        self._above[rows] = found
        return found

    def join(self, rows: NDArray[np.int64], others: NDArray[np.int64]) -> None:
        """Join the groups of pairs."""
        while len(rows):
            rows, others = self.roots(rows), self.roots(others)
            apart = rows != others
            rows, others = np.minimum(rows, others)[apart], np.maximum(rows, others)[apart]
            np.minimum.at(
                self._above, others, rows
            )  # of several that one is joined to, the first; then again


def _groups(index: Index, first: NDArray[np.int64]) -> Iterator[Group]:
    """Yield the groups of several rows."""
    store = index.store
    order = np.argsort(first, kind="stable")
    roots, starts = np.unique(first[order], return_index=True)
    sizes = np.add.reduceat(store.copies()[order], starts)
    ends = np.append(starts[1:], len(order))
    for group in np.lexsort((roots, -sizes)):
        if sizes[group] < 2:
            return
        members = order[starts[group] : ends[group]]
        cosines = store.kept.pair_cosines(np.full(len(members), members[0]), members)
        numbers = members.tolist()
        yield Group(
            [store.text_of(one) for one in numbers], [store.rows_of(one) for one in numbers], cosines.tolist()
        )
