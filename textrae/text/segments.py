"""Where a text is cut into segments, of one level or of several: clauses, sentences, or so many tokens.

A tree of segments is kept flat, as counts: of tokens in each finest segment, of finest segments in each of the next
level, and so on up to each text.
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
"""Of scripts that put no space behind them."""
_CLOSING = "\"'”’»)]}」』）"
_SPACE = "\u2581"
"""How SentencePiece writes a space."""


@dataclass(frozen=True)
class Stretches:
    """Cuts after so many tokens."""

    size: int
    """Tokens of a segment at most; the segments of a longer unit are of like length."""

    def ends(self, ids: NDArray[np.integer], within: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether a segment ends behind each token, given where those of the coarser level do."""
        sizes = _counts(within)
        starts = np.cumsum(sizes) - sizes
        place, total = np.arange(len(ids)) - np.repeat(starts, sizes), np.repeat(sizes, sizes)
        parts = -(-total // self.size)
        # the number of the part that a token is in grows where the next token's differs
        different: NDArray[np.bool_] = place * parts // total != (place + 1) * parts // total
        return different


@dataclass(frozen=True)
class Behind:
    """Cuts behind some pieces."""

    before_space: NDArray[np.bool_]
    """(vocabulary,) those behind which a segment ends if the next piece begins a word."""
    anywhere: NDArray[np.bool_]
    """(vocabulary,) those behind which it always ends."""
    begins: NDArray[np.bool_]
    """(vocabulary,) those that begin a word."""

    def ends(self, ids: NDArray[np.integer], within: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """As of :class:`Stretches`."""
        following = np.append(self.begins[ids[1:]], True)[: len(ids)]
        found: NDArray[np.bool_] = self.anywhere[ids] | (self.before_space[ids] & following)
        return found


@dataclass(frozen=True)
class Segmenter:
    """Cuts texts by rules, the finest level first."""

    rules: tuple[Stretches | Behind, ...]
    first_end: int
    """The id that ends a segment alone; the next ones end one of the next levels too. They follow the vocabulary."""

    @classmethod
    def of(cls, names: str, pieces: Sequence[str]) -> Segmenter:
        """From ``sentence``, ``clause`` or numbers, joined by commas from the finest level to the coarsest.

        Args:
            names: for instance ``sentence`` or ``12,sentence``.
            pieces: of the vocabulary, by id, as SentencePiece writes them.
        """
        return cls(tuple(_rule(name, pieces) for name in names.split(",")), len(pieces))

    def ends(self, counts: Sequence[Counts], text_end: int) -> Counts:
        """The id that ends each finest segment, by the levels that end there.

        Args:
            counts: from :meth:`cut`.
            text_end: the id that ends a text.
        """
        closed, last = np.zeros(len(counts[0]), dtype=np.int64), np.arange(len(counts[0]))
        for level in counts[1:]:
            last = last[np.cumsum(level) - 1]
            closed[last] += 1
        return np.where(closed == len(self.rules), text_end, self.first_end + closed)

    def cut(self, ids: NDArray[np.integer], lengths: NDArray[np.integer]) -> list[Counts]:
        """Cut texts.

        Args:
            ids: tokens of the texts one after another.
            lengths: tokens of each text; a text of none is one empty segment.

        Returns:
            Counts: of tokens in each finest segment, of segments in each one of the next level, …, in each text.
        """
        last = np.zeros(len(ids), dtype=bool)
        last[np.cumsum(lengths)[lengths > 0] - 1] = True
        ends = [last]
        for rule in reversed(self.rules):
            ends.append(ends[-1] | rule.ends(ids, ends[-1]))
        ends.reverse()  # finest first, the texts' own last
        # of each level, which of its segments end a coarser one
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
    """How many there are up to and with each True since the one before it."""
    places = np.flatnonzero(ends)
    return np.diff(places, prepend=-1)


def _with_empty(counts: list[Counts], lengths: NDArray[np.integer]) -> list[Counts]:
    """The same with one empty segment, at every level, for each text without tokens."""
    empty = np.flatnonzero(lengths == 0)
    if not len(empty):
        return counts
    out, where = [], empty
    for level in range(len(counts) - 1, -1, -1):
        # where, among this level's units of the other texts, those of the empty ones are to stand
        before = where - np.arange(len(where))
        out.append(np.insert(counts[level], before, 0 if level == 0 else 1))
        where = (np.cumsum(out[-1]) - 1)[where] if level else where
    return out[::-1]


def segmenter(model: ModelConfig, tokenizer: Tokenizer) -> Segmenter | None:
    """How a hierarchical model's texts are cut; None of another model."""
    return Segmenter.of(model.segment_rules, tokenizer.pieces()) if model.hierarchical else None
