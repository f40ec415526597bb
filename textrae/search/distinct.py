"""Lines that are the same told apart from others by their hashes, in a few bytes a line."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from textrae.text.blank import is_blank

_BLOCK = 8_192
"""Lines that are looked up at once."""
_RECENT = 1 << 17
"""Hashes that are kept apart from the many before them, so that each new block moves few."""


class Distinct:
    """The different sentences of a stream, each once, and the rows where they stand; iterate over it once.

    Blank ones are left out. Two sentences count as the same if their hashes of 64 bits are: among ten million that
    takes one pair for another with a probability of 3 in a million.

    Args:
        sentences: any number.
    """

    def __init__(self, sentences: Iterable[str]) -> None:
        self._sentences = sentences
        self._rows, self._numbers = array("q"), array("q")
        self._old, self._new = _Table(), _Table()
        self.seen = 0
        """Number of sentences taken from the stream."""
        self.count = 0
        """Number of different ones."""

    @property
    def blank(self) -> int:
        """Number of blank sentences, which were left out."""
        return self.seen - len(self._rows)

    def __iter__(self) -> Iterator[str]:
        """Yield each sentence that is not blank when it comes for the first time."""
        block: list[str] = []
        for sentence in self._sentences:
            if not is_blank(sentence):
                block.append(sentence)
                self._rows.append(self.seen)
            self.seen += 1
            if len(block) == _BLOCK:
                yield from self._fresh(block)
                block = []
        yield from self._fresh(block)

    def rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where the sentences stand that were yielded, once all were.

        Returns:
            Rows from 0, those of the first sentence before those of the second, each in order; and (count + 1,) places
            where the rows of each begin.
        """
        numbers = np.frombuffer(self._numbers, dtype=np.int64)
        order = np.argsort(numbers, kind="stable")
        starts = np.zeros(self.count + 1, dtype=np.int64)
        np.cumsum(np.bincount(numbers, minlength=self.count), out=starts[1:])
        return np.frombuffer(self._rows, dtype=np.int64)[order], starts

    def _fresh(self, block: list[str]) -> Iterator[str]:
        """Yield the sentences of a block that did not come before, and note the number of each."""
        if not block:
            return
        hashes = np.fromiter(map(hash, block), dtype=np.int64, count=len(block))
        values, first, which = np.unique(hashes, return_index=True, return_inverse=True)
        numbers = np.maximum(self._old.find(values), self._new.find(values))
        unknown = np.flatnonzero(numbers < 0)
        unknown = unknown[np.argsort(first[unknown])]  # in the order in which they came
        numbers[unknown] = np.arange(self.count, self.count + len(unknown))
        self.count += len(unknown)
        self._numbers.extend(numbers[which].tolist())
        self._new.add(values[unknown], numbers[unknown])
        if len(self._new.hashes) >= _RECENT:
            self._old.add(self._new.hashes, self._new.numbers)
            self._new = _Table()
        for place in first[unknown].tolist():
            yield block[place]


class _Table:
    """Numbers by hash, in sorted arrays."""

    def __init__(self) -> None:
        self.hashes = np.empty(0, dtype=np.int64)
        self.numbers = np.empty(0, dtype=np.int64)

    def find(self, hashes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of each hash, -1 for one that is not there."""
        if not len(self.hashes):
            return np.full(len(hashes), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.where(self.hashes[places] == hashes, self.numbers[places], -1)

    def add(self, hashes: NDArray[np.int64], numbers: NDArray[np.int64]) -> None:
        """Take in hashes that are not there."""
        order = np.argsort(hashes, kind="stable")
        places = np.searchsorted(self.hashes, hashes[order])
        self.hashes = np.insert(self.hashes, places, hashes[order])
        self.numbers = np.insert(self.numbers, places, numbers[order])
