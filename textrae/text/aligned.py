"""Rows of two sides that belong together, made ready for training: what parallel text and given vectors share.

They are read twice, first for the tokenizers and the split, then for the tokens; memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.text.corpus import (
    TARGET_TOKENIZER,
    TARGET_TRAIN,
    TARGET_VALID,
    TOKENIZER,
    TRAIN,
    VALID,
    Tally,
    refuse_empty,
    write_index,
)
from textrae.text.lines import ReadCounts
from textrae.text.rows import RowWriter
from textrae.text.split import LineHashes, line_hashes
from textrae.text.stats import CorpusStats
from textrae.text.tokenizer import Tokenizer

Pair = tuple[list[Any], list[str], int]
"""Some rows of the source side (lines, or numbers), the lines that belong to them, and the number of their file."""
Encoded = tuple[list[list[int]], list[bool]]
"""Ids, and which rows were cut."""
THREADS = 4


@dataclass
class PairCounts:
    """What reading has come across so far."""

    source: ReadCounts = field(default_factory=ReadCounts)
    target: ReadCounts = field(default_factory=ReadCounts)
    pairs: int = 0
    """Lines of either side."""
    dropped: int = 0
    """Of them, those of which a side is blank."""


@dataclass(frozen=True)
class Pairs:
    """Rows that can be read again and again."""

    read: Callable[[PairCounts], Iterator[Pair]]
    """Batches of pairs of which neither side is blank, in order."""
    names: tuple[str, ...]
    """The files' own names."""
    split: Callable[[Pair], list[str]]
    """The lines by which pairs are held out: no such line is on both sides."""

    def hashes(self, pair: Pair, seed: int) -> NDArray[np.uint64]:
        """Of these lines."""
        return line_hashes(self.split(pair), seed)

    def surveyed(self, hashes: LineHashes, seed: int, counts: PairCounts) -> Iterator[Pair]:
        """The batches, whose hashes are noted on the way."""
        for pair in self.read(counts):
            hashes.add(self.hashes(pair, seed))
            yield pair
        if counts.pairs == counts.dropped:
            refuse_empty(self.names, counts.dropped)


@dataclass(frozen=True)
class Coder:
    """How rows become ids."""

    source: Callable[[list[Any]], Encoded]
    target: Callable[[list[str]], Encoded]
    tags: Sequence[int] = ()
    """The id that each file's target rows begin with, if they are to."""
    vectors: bool = False
    """Whether the source's ids are numbers of vectors."""

    def __call__(self, pair: Pair) -> tuple[list[list[int]], list[list[int]], int]:
        """The ids of both sides, and how many pairs were cut."""
        (a, cut_a), (b, cut_b) = self.source(pair[0]), self.target(pair[1])
        if self.tags:
            b = [[self.tags[pair[2]], *row] for row in b]
        return a, b, sum(x or y for x, y in zip(cut_a, cut_b, strict=True))


def held_out(
    hashes: LineHashes, pairs: Pairs, config: CorpusConfig, with_file: bool
) -> tuple[int, int | None]:
    """Distinct lines, and up to which hash they are held out (None beside a validation file).

    Raises:
        CorpusError: there is but one line to split.
    """
    distinct, threshold = hashes.split(config.valid_size)
    if with_file:
        return distinct, None
    if distinct < 2:
        raise CorpusError(
            f"{', '.join(pairs.names)}: 1 distinct sentence: nothing to hold out; give more text or a validation file"
        )
    return distinct, threshold


def write(
    pairs: Pairs,
    held: Pairs | None,
    coder: Coder,
    tokenizers: tuple[Tokenizer, Tokenizer],
    found: tuple[PairCounts, int, int | None],
    config: CorpusConfig,
    folder: Path,
) -> None:
    """The second reading, and the files of the cache.

    Args:
        held: the validation file's, if there is one.
        tokenizers: of source and target.
        found: what the first reading counted, and what :func:`held_out` said.

    Raises:
        CorpusError: the files changed since the first reading.
    """
    counts, distinct, threshold = found
    with ExitStack() as stack:
        train, target_train, valid, target_valid = (
            stack.enter_context(RowWriter(folder / name))
            for name in (TRAIN, TARGET_TRAIN, VALID, TARGET_VALID)
        )
        again, tally = PairCounts(), Tally()
        known = None if held is None else _write_valid(held, coder, config.seed, valid, target_valid, tally)
        writers = (train, target_train, valid, target_valid)
        _write_train(pairs, coder, config.seed, writers, threshold, known, again, tally)
    if again.pairs != counts.pairs:
        raise CorpusError(
            f"{', '.join(pairs.names)}: changed while it was read; run again when it is complete"
        )
    tokenizers[0].save(folder / TOKENIZER)
    tokenizers[1].save(folder / TARGET_TOKENIZER)
    stats = CorpusStats(
        sources=pairs.names,
        valid_source=None if held is None else ", ".join(held.names),
        lines=counts.pairs,
        blank=counts.dropped,
        long=counts.source.cut + counts.target.cut,
        undecodable=counts.source.undecodable + counts.target.undecodable,
        distinct=distinct,
        max_length=config.max_length,
        vocabulary=tokenizers[0].vocab_size,
        train_rows=train.rows,
        train_tokens=train.tokens,
        valid_rows=valid.rows,
        valid_tokens=valid.tokens,
        target_tokens=target_train.tokens,
        vectors=coder.vectors,
        **vars(tally),
    )
    write_index(folder, stats, *tokenizers)


def _write_valid(
    pairs: Pairs, coder: Coder, seed: int, source: RowWriter, target: RowWriter, tally: Tally
) -> NDArray[np.uint64]:
    """Tokenise the validation files in whole; the hashes of their distinct lines, ascending."""
    counts, hashes = PairCounts(), [np.empty(0, dtype=np.uint64)]
    for pair in pairs.read(counts):
        a, b, cut = coder(pair)
        tally.valid_cut += cut
        source.add(a)
        target.add(b)
        hashes.append(pairs.hashes(pair, seed))
    if counts.pairs == counts.dropped:
        refuse_empty(pairs.names, counts.dropped)
    tally.valid_blank = counts.dropped
    tally.valid_undecodable = counts.source.undecodable + counts.target.undecodable
    return np.unique(np.concatenate(hashes))


def _write_train(
    pairs: Pairs,
    coder: Coder,
    seed: int,
    writers: tuple[RowWriter, RowWriter, RowWriter, RowWriter],
    threshold: int | None,
    known: NDArray[np.uint64] | None,
    counts: PairCounts,
    tally: Tally,
) -> None:
    """Tokenise, and send each pair to its side; of a line that is held out its first pair is kept alone."""
    seen, met = set[int](), set[int]()
    train, target_train, valid, target_valid = writers
    for pair in pairs.read(counts):
        a, b, cut = coder(pair)
        lines = pairs.split(pair)
        tally.cut += cut
        tally.words += sum(len(line.split()) for line in lines)
        tally.bytes += sum(len(line.encode()) for line in lines)
        hashes = pairs.hashes(pair, seed)
        if known is not None:
            met.update(np.intersect1d(known, hashes).tolist())
        out = np.zeros(len(a), dtype=bool) if threshold is None else hashes <= np.uint64(threshold)
        first = []
        for row in np.flatnonzero(out).tolist():
            if (key := int(hashes[row])) in seen:
                tally.repeats += 1
            else:
                seen.add(key)
                first.append(row)
        kept = np.flatnonzero(~out).tolist()
        for rows, one, other in ((first, valid, target_valid), (kept, train, target_train)):
            one.add([a[row] for row in rows])
            other.add([b[row] for row in rows])
    tally.overlap = len(met)
