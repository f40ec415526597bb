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
_MORE_CLOSING = "›】〉》〕］｝"
"""Further characters that close, where what closes may be a piece of its own."""
_BESIDE_SPACE = "“‘«‹"
"""Characters that close in some languages and open in others: they close between a mark and a space."""
_BETWEEN_SPACES = "”’»›)]}"
"""Characters that close even between two spaces, as in French, and in text whose signs stand apart."""
_BYTE = re.compile("<0x[0-9A-F]{2}>")
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


_NOTHING, _NARROW, _WIDE, _MARKS, _SPACED, _CLOSES, _BETWEEN = range(7)
"""What a token is to :class:`BehindClosings`: any other one; one that ends with a mark, and what closes, before a space or
anywhere; one of such marks only; one that closes if a space follows it; one that closes; one that does between spaces too."""


@dataclass(frozen=True)
class BehindClosings:
    """Rule that cuts behind a mark and the quotes and brackets that close after it, whatever pieces or bytes spell them."""

    kinds: NDArray[np.int8]
    """(vocabulary,) what each piece is."""
    begins: NDArray[np.bool_]
    """(vocabulary,) pieces that begin a word."""
    space: int
    """Id of the piece that is only a space, or -1."""
    byte: NDArray[np.int64]
    """(vocabulary,) the byte that a piece stands for, or -1."""
    spelled: dict[int, int]
    """What a character is whose UTF-8 bytes, read as one number, are spelled as pieces."""

    def ends(self, ids: NDArray[np.integer], within: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return whether a segment ends behind each token.

        Args:
            ids: (tokens,) ids of the texts, one after another.
            within: (tokens,) whether a segment of the coarser level ends behind each.
        """
        if not len(ids):
            return np.zeros(0, dtype=np.bool_)
        space = np.append(self.begins[ids[1:]], True) | within
        kinds = self._kinds(ids, within, space)
        closes = kinds >= _CLOSES
        # what closes is of the kind of what it follows within its unit
        first = np.append(True, within[:-1])
        state = kinds[np.maximum.accumulate(np.where(~closes | first, np.arange(len(ids)), 0))]
        # nor does a unit begin with what closes, or with a further mark
        more = np.append((closes | (kinds == _MARKS))[1:], False) & ~within
        anywhere = (state == _WIDE) | (state == _MARKS)
        found: NDArray[np.bool_] = ((state == _NARROW) & space | anywhere) & ~more
        return found

    def _kinds(
        self, ids: NDArray[np.integer], within: NDArray[np.bool_], space: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        """Return what each token is: all bytes of a character are what the character is."""
        kinds: NDArray[np.int8] = self.kinds[ids]
        kinds[kinds == _SPACED] = np.where(space[kinds == _SPACED], _CLOSES, _NOTHING)
        byte = self.byte[ids]
        if (byte >= 0).any():
            self._spell(kinds, byte, within, space)
        # a space before what closes between spaces belongs to it
        for place in np.flatnonzero((ids[:-1] == self.space) & (kinds[1:] == _BETWEEN) & ~within[:-1]):
            last = place + 1
            while not within[last] and kinds[last + 1] == _BETWEEN:
                last += 1
            if space[last]:
                kinds[place] = _CLOSES
        return kinds

    def _spell(
        self,
        kinds: NDArray[np.int8],
        byte: NDArray[np.int64],
        within: NDArray[np.bool_],
        space: NDArray[np.bool_],
    ) -> None:
        """Fill in what the characters are that are spelled in bytes."""
        code, run = byte.copy(), byte >= 0
        for length in (1, 2, 3):
            if length > 1:  # the bytes before each, as long as they are bytes of the same unit
                run = run[1:] & (byte[: -length + 1] >= 0) & ~within[: len(within) - length + 1]
                code = code[1:] + (byte[: -length + 1] << 8 * (length - 1))
            codes = [code for code in self.spelled if 256 ** (length - 1) <= code < 256**length]
            for first in np.flatnonzero(run & np.isin(code, codes)):
                last, kind = first + length - 1, self.spelled[int(code[first])]
                if kind == _SPACED:
                    kind = _CLOSES if space[last] else _NOTHING
                # the bytes before the last one end nothing, and are parted from nothing
                kinds[first:last] = kind if kind >= _CLOSES else _CLOSES if kind == _MARKS else _NOTHING
                kinds[last] = kind


@dataclass(frozen=True)
class Segmenter:
    """Rules by which texts are cut, a level each."""

    rules: tuple[Stretches | Behind | BehindClosings, ...]
    """Rules of the levels, the finest first."""
    first_end: int
    """Id that ends only a finest segment; the ids after it end one of each further level too. They follow the vocabulary."""

    @classmethod
    def of(cls, names: str, pieces: Sequence[str], closings: bool = True) -> Segmenter:
        """Make a segmenter from the names of its rules.

        Args:
            names: ``sentence``, ``clause`` or a number of tokens, joined by commas from the finest level to the coarsest,
                for instance ``12,sentence``.
            pieces: pieces of the vocabulary by id, as SentencePiece writes them.
            closings: whether quotes and brackets close a sentence or clause where they are pieces of their own too.
        """
        return cls(tuple(_rule(name, pieces, closings) for name in names.split(",")), len(pieces))

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


def _rule(name: str, pieces: Sequence[str], closings: bool) -> Stretches | Behind | BehindClosings:
    if name.isdigit():
        return Stretches(int(name))
    narrow, wide = (_SENTENCE, _WIDE_SENTENCE) if name == "sentence" else (_CLAUSE, _WIDE_CLAUSE)
    begins = np.array([piece.startswith(_SPACE) for piece in pieces])
    if not closings:
        close = re.escape(_CLOSING)
        ending = re.compile(f"[{re.escape(narrow)}][{close}]*$")
        ending_wide = re.compile(f"[{wide}][{close}]*$")
        return Behind(
            np.array([bool(ending.search(piece)) for piece in pieces]),
            np.array([bool(ending_wide.search(piece)) for piece in pieces]),
            begins,
        )
    bytes_ = [int(piece[3:-1], 16) if _BYTE.fullmatch(piece) else -1 for piece in pieces]
    kinds = [
        _kind(piece, narrow, wide) if byte < 0 else _NOTHING
        for piece, byte in zip(pieces, bytes_, strict=True)
    ]
    characters = narrow + wide + _CLOSING + _MORE_CLOSING + _BESIDE_SPACE
    spelled = {int.from_bytes(one.encode()): _kind(one, narrow, wide) for one in characters}
    space = pieces.index(_SPACE) if _SPACE in pieces else -1
    return BehindClosings(
        np.array(kinds, dtype=np.int8), begins, space, np.array(bytes_, dtype=np.int64), spelled
    )


def _kind(piece: str, narrow: str, wide: str) -> int:
    """Return what a piece is to :class:`BehindClosings`."""
    closing, either = _CLOSING + _MORE_CLOSING, _CLOSING + _MORE_CLOSING + _BESIDE_SPACE
    if piece and not piece.strip(closing):
        return _CLOSES if piece.strip(_BETWEEN_SPACES) else _BETWEEN
    begun, spaced = piece.removeprefix(_SPACE), _BETWEEN_SPACES if piece.startswith(_SPACE) else either
    if begun and not begun.strip(spaced):
        return _SPACED
    if piece and not piece.strip(wide + closing):
        return _MARKS
    if piece.rstrip(either).endswith(tuple(narrow)):
        return _NARROW
    return _WIDE if piece.rstrip(closing).endswith(tuple(wide)) else _NOTHING


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
    if not model.hierarchical:
        return None
    return Segmenter.of(model.segment_rules, tokenizer.pieces(), model.closings)
