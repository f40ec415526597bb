"""How many tokens the lines of a corpus need, and how many of them are kept where nobody says so."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

PER_MILLE: Final = 995
"""Of 1,000 lines, how many are to be kept whole."""
FEWEST: Final = 128
"""Tokens that are kept in any case.

A lower limit would spare nothing, as no row is padded to it, and cut text from elsewhere. Of the Penn Treebank, 52 % of the
lines need more than 32 tokens of Yelp's tokenizer, 6 % more than 64, and 0.06 % more than 128.
"""
MOST: Final = 512
"""Tokens that are kept at most; longer texts need a number of their own."""
_STEP: Final = 8


def most_kept(max_length: int | Literal["auto"]) -> int:
    """Return how many tokens of a line are kept at most, before the corpus is known."""
    return MOST if max_length == "auto" else max_length


class Lengths:
    """Counts of rows by their numbers of tokens; its memory depends only on the longest row."""

    def __init__(self) -> None:
        self._counts = np.zeros(1, dtype=np.int64)

    def add(self, lengths: NDArray[np.integer]) -> None:
        """Count rows of these numbers of tokens."""
        found = np.bincount(lengths, minlength=len(self._counts))
        found[: len(self._counts)] += self._counts
        self._counts = found

    def rows(self) -> int:
        """Return the number of rows."""
        return int(self._counts.sum())

    def over(self, limit: int) -> int:
        """Return the number of rows of more than `limit` tokens."""
        return int(self._counts[limit + 1 :].sum())

    def tokens(self, limit: int) -> int:
        """Return the number of tokens of all rows, of each of which the first `limit` are kept."""
        return int(np.minimum(np.arange(len(self._counts)), limit) @ self._counts)

    def resolved(self, max_length: int | Literal["auto"]) -> int:
        """Return how many tokens of a row are to be kept.

        Args:
            max_length: their number, or ``auto`` for what :data:`PER_MILLE` of 1,000 rows need. That is rounded up to a
                multiple of 8, and is at least :data:`FEWEST` and at most :data:`MOST`.
        """
        if max_length != "auto":
            return max_length
        enough = int(np.argmax(np.cumsum(self._counts) * 1000 >= self.rows() * PER_MILLE))
        return min(max(-(-enough // _STEP) * _STEP, FEWEST), MOST)
