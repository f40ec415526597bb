"""Segments of a text, on one level or several: clauses, sentences, or at most N tokens.

A tree of segments is kept flat, as counts: of tokens in each finest segment, of finest segments in each segment of the
next level, and so on up to each text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrae.settings.model import ModelConfig
from textrae.text.tokenizer import Tokenizer

Counts = NDArray[np.int64]
_SENTENCE, _CLAUSE = ".!?…", ".!?…,;:–—"
_WIDE_SENTENCE, _WIDE_CLAUSE = "。！？", "。！？，、；："
"""Ends in scripts that put no space behind them."""
_CLOSING = "\"'”’»)]}」』）"
_SPACE = "\u2581"
"""Character that SentencePiece writes for a space."""


@dataclass(frozen=True)
class Stretches:
    """Rule that cuts a unit into the fewest segments of at most N tokens, of similar length."""

    size: int
    """Tokens of a segment at most."""

    def ends(self, ids: NDArray[np.integer], within: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return whether a segment ends behind each token.

        Args:
            ids: (tokens,) ids of the texts, one after another.
            within: (tokens,) whether a segment of the coarser level ends behind each.
        """
        sizes = _counts(within)
        starts = np.cumsum(sizes) - sizes
        place, total = np.arange(len(ids)) - np.repeat(starts, sizes), np.repeat(sizes, sizes)
        parts = -(-total // self.size)
        # the number of the part that a token is in grows where the next token's differs
        different: NDArray[np.bool_] = place * parts // total != (place + 1) * parts // total
        return different


@dataclass(frozen=True)
class Behind:
    """Rule that cuts behind certain pieces, such as those that end with a full stop."""

    before_space: NDArray[np.bool_]
    """(vocabulary,) pieces behind which a segment ends if the next piece begins a word."""
    anywhere: NDArray[np.bool_]
    """(vocabulary,) pieces behind which a segment always ends."""
    begins: NDArray[np.bool_]
    """(vocabulary,) pieces that begin a word."""

    def ends(self, ids: NDArray[np.integer], within: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return whether a segment ends behind each token.

        Args:
            ids: (tokens,) ids of the texts, one after another.
            within: (tokens,) whether a segment of the coarser level ends behind each; not used.
        """
        following = np.append(self.begins[ids[1:]], True)[: len(ids)]
        found: NDArray[np.bool_] = self.anywhere[ids] | (self.before_space[ids] & following)
        return found


@dataclass(frozen=True)
class Segmenter:
    """Rules by which texts are cut, a level each."""

    rules: tuple[Stretches | Behind, ...]
    """Rules of the levels, the finest first."""
    first_end: int
    """Id that ends only a finest segment; the ids after it end one of each further level too. They follow the vocabulary."""

    @classmethod
    def of(cls, names: str, pieces: Sequence[str]) -> Segmenter:
        """Make a segmenter from the names of its rules.

        Args:
            names: ``sentence``, ``clause`` or a number of tokens, joined by commas from the finest level to the coarsest,
                for instance ``12,sentence``.
            pieces: pieces of the vocabulary by id, as SentencePiece writes them.
        """
        return cls(tuple(_rule(name, pieces) for name in names.split(",")), len(pieces))

    def ends(self, counts: Sequence[Counts], text_end: int) -> Counts:
        """Return the id that ends each finest segment, which depends on the levels that end there.

        Args:
            counts: what :meth:`cut` returned.
            text_end: id that ends a text.
        """
        closed, last = np.zeros(len(counts[0]), dtype=np.int64), np.arange(len(counts[0]))
        for level in counts[1:]:
            last = last[np.cumsum(level) - 1]
            closed[last] += 1
        return np.where(closed == len(self.rules), text_end, self.first_end + closed)

    def cut(self, ids: NDArray[np.integer], lengths: NDArray[np.integer]) -> list[Counts]:
        """Cut texts into segments.

        Args:
            ids: (tokens,) ids of the texts, one after another.
            lengths: (texts,) number of tokens of each; a text without tokens is one empty segment.

        Returns:
            Counts of each level: of tokens in each finest segment, of segments in each of the next level, up to each text.
        """
        last = np.zeros(len(ids), dtype=bool)
        last[np.cumsum(lengths)[lengths > 0] - 1] = True
        ends = [last]
        for rule in reversed(self.rules):
            ends.append(ends[-1] | rule.ends(ids, ends[-1]))
        ends.reverse()  # finest first, the texts' own last
        # a count for each level: of its segments, by those that end a coarser one
        counts = [_counts(coarser[finer]) for finer, coarser in itertools.pairwise(ends)]
        return _with_empty([_counts(ends[0]), *counts], lengths)


def _rule(name: str, pieces: Sequence[str]) -> Stretches | Behind:
    if name.isdigit():
        return Stretches(int(name))
    narrow, wide = (_SENTENCE, _WIDE_SENTENCE) if name == "sentence" else (_CLAUSE, _WIDE_CLAUSE)
    close = re.escape(_CLOSING)
    ending = re.compile(f"[{re.escape(narrow)}][{close}]*$")
    ending_wide = re.compile(f"[{wide}][{close}]*$")
    return Behind(
        np.array([bool(ending.search(piece)) for piece in pieces]),
        np.array([bool(ending_wide.search(piece)) for piece in pieces]),
        np.array([piece.startswith(_SPACE) for piece in pieces]),
    )


def _counts(ends: NDArray[np.bool_]) -> Counts:
    """Return how many elements each True ends: those after the True before it, itself included."""
    places = np.flatnonzero(ends)
    return np.diff(places, prepend=-1)


def _with_empty(counts: list[Counts], lengths: NDArray[np.integer]) -> list[Counts]:
    """Insert one empty segment, at every level, for each text without tokens."""
    empty = np.flatnonzero(lengths == 0)
    if not len(empty):
        return counts
    out, where = [], empty
    for level in range(len(counts) - 1, -1, -1):
        # where the empty texts' units belong among those of the other texts on this level
        before = where - np.arange(len(where))
        out.append(np.insert(counts[level], before, 0 if level == 0 else 1))
        where = (np.cumsum(out[-1]) - 1)[where] if level else where
    return out[::-1]


def segmenter(model: ModelConfig, tokenizer: Tokenizer) -> Segmenter | None:
    """Return the segmenter of a hierarchical model; None for another model."""
    return Segmenter.of(model.segment_rules, tokenizer.pieces()) if model.hierarchical else None
