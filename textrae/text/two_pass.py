"""The writer of token caches: it reads the rows of a corpus twice, so that memory does not grow with them.

The first reading hashes and counts the rows while tokenizers are trained; the second one writes the tokens. Plain text,
parallel text and sentences beside vectors share it: each describes its rows, and how their sides become ids.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.text.lengths import Lengths, most_kept
from textrae.text.lines import ReadCounts, Source
from textrae.text.prepared import HASHES, SIDES, write_index
from textrae.text.rows import RowWriter
from textrae.text.sources import listed
from textrae.text.split import LineHashes, line_hashes
from textrae.text.stats import CorpusStats
from textrae.text.tokenizer import Tokenizer

_THREADS: Final = min(4, os.cpu_count() or 1)

Note = Callable[[str], None]
"""Function that takes a line for the user which is not a result."""


@dataclass(frozen=True)
class Block:
    """Consecutive rows of one file, at most 4,096; no side of a row is blank."""

    lines: list[str]
    """Line of each row by which it is split: equal lines fall on one side. Its words and bytes are counted."""
    sides: tuple[list[Any], ...]
    """Source of each row, and its target if there is one: lines, or numbers of vectors."""
    tag: int = 0
    """Number of the target's language; 0 where none is named."""


@dataclass(frozen=True)
class Rows:
    """Rows of a corpus that can be read more than once."""

    read: Callable[[ReadCounts], Iterator[Block]]
    """Function that yields the rows in order and counts them; a pair of lines counts as one, blank if a side is."""
    names: Sequence[str]
    """Names of the sources in messages."""
    labels: Sequence[str]
    """Names of the sources in the statistics."""

    def refuse(self, reason: str) -> NoReturn:
        """Raise :class:`CorpusError` with the sources' names and a reason."""
        raise CorpusError(f"{listed(self.names)}: {reason}")

    def refuse_empty(self, counts: ReadCounts) -> None:
        """Raise :class:`CorpusError` if a reading has found only blank lines."""
        if counts.lines == counts.blank:
            count = f"{counts.blank:,} blank line{'' if counts.blank == 1 else 's'}"
            self.refuse(f"no sentence ({count}); give a file with text")


@dataclass(frozen=True)
class Side:
    """How one side of the rows becomes token ids."""

    tokenizer: Tokenizer
    """Tokenizer that is kept beside the rows."""
    encode: Callable[[list[Any]], tuple[list[list[int]], list[bool]]]
    """Function from a column of a block to the ids of each row, and whether there are more of it."""
    tagged: bool = False
    """Whether every row begins with an id of its language: `tokenizer.vocab_size` and the number of the language."""
    numbers: bool = False
    """Whether the ids are numbers of lines."""

    def ids(self, block: Block, column: int) -> tuple[list[list[int]], NDArray[np.int64]]:
        """Return the ids of column `column` of a block, and how many tokens each of its rows needs.

        A row that was truncated is said to need one more than it has.
        """
        ids, more = self.encode(block.sides[column])
        needed = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids)) + np.array(more)
        if self.tagged:
            ids = [[self.tokenizer.vocab_size + block.tag, *row] for row in ids]
        return ids, needed


Learn = Callable[[Iterator[Block], Note], tuple[Side, ...]]
"""Function that goes through all blocks of the first reading and returns the sides with their tokenizers."""


@dataclass(frozen=True)
class _Survey:
    """What the first reading found."""

    counts: ReadCounts
    """Counts of the rows, which the second reading must find again."""
    distinct: int
    """Number of distinct lines."""
    threshold: int | None
    """Hash up to which a line is held out; None if there is a validation file."""
    lowest: frozenset[int]
    """Lowest hash of each language, whose line is held out in any case."""


class _Lowest:
    """The lowest and the highest hash of the lines of each language."""

    def __init__(self) -> None:
        self.found: dict[int, tuple[int, int]] = {}

    def add(self, tag: int, hashes: NDArray[np.uint64]) -> None:
        """Take up the hashes of some lines of a language, at least one."""
        low, high = self.found.get(tag, (int(hashes[0]), int(hashes[0])))
        self.found[tag] = min(low, int(hashes.min())), max(high, int(hashes.max()))


@dataclass(frozen=True)
class _Writers:
    """Writers of the rows of one side."""

    train: RowWriter
    valid: RowWriter


@dataclass(frozen=True)
class _Written:
    """Where the sides of a text are written, and what its rows need."""

    sides: tuple[Side, ...]
    writers: list[_Writers]
    """Writers of each side."""
    lengths: Lengths
    """Counts of the rows by the tokens of their longer side."""

    def encode(self, block: Block) -> list[list[list[int]]]:
        """Return the ids of a block's rows on every side, and count what the rows need."""
        found = [side.ids(block, column) for column, side in enumerate(self.sides)]
        self.lengths.add(np.maximum.reduce([needed for _, needed in found]))
        return [ids for ids, _ in found]


@dataclass
class _Tally:
    """What the second reading counts, under the names of :class:`CorpusStats`."""

    words: int = 0
    bytes: int = 0
    repeats: int = 0
    overlap: int = 0
    valid_blank: int = 0
    valid_undecodable: int = 0
    valid_missing: int = 0
    valid_tables: tuple[str, ...] = ()


def write_cache(
    rows: Rows,
    valid: Rows | None,
    learn: Learn,
    config: CorpusConfig,
    folder: Path,
    note: Note,
    identity: dict[str, Any] | None = None,
    vectors: bool = False,
) -> None:
    """Write the files of a token cache, its index last.

    Args:
        rows: what to train on; without a validation file, some are held out.
        valid: rows of the validation file, all of which are kept.
        learn: makes the sides; its notes are passed on once the corpus is accepted.
        config: tokens of a row at most, the size and the seed of the split.
        folder: where the files are written.
        note: called with each line for the user.
        identity: what the cache is made from, for :func:`~textrae.text.prepared.write_index`.
        vectors: whether each line has a vector.

    Raises:
        CorpusError: there is too little text, or a source cannot be read or changes between the readings.
        OSError: the disk refuses.
    """
    sides, survey = _first_reading(rows, valid is None, learn, config, folder, note)
    tally, files = _Tally(), SIDES[: len(sides)]
    lengths, valid_lengths = Lengths(), Lengths()
    with ExitStack() as stack:
        writers = [
            _Writers(*(stack.enter_context(RowWriter(folder / name)) for name in (names.train, names.valid)))
            for names in files
        ]
        known = None
        if valid is not None:
            known = _write_valid(valid, _Written(sides, writers, valid_lengths), config.seed, tally)
        _write_train(rows, _Written(sides, writers, lengths), survey, known, config.seed, tally)
    longest = lengths.resolved(config.max_length)
    limits = [longest + side.tagged for side in sides]
    for side, names in zip(sides, files, strict=True):
        side.tokenizer.save(folder / names.tokenizer)
    stats = CorpusStats(
        sources=tuple(rows.labels),
        valid_source=None if valid is None else ", ".join(valid.labels),
        lines=survey.counts.lines,
        blank=survey.counts.blank,
        long=survey.counts.cut,
        undecodable=survey.counts.undecodable,
        missing=survey.counts.missing,
        tables=tuple(survey.counts.tables),
        distinct=survey.distinct,
        cut=lengths.over(longest),
        max_length=longest,
        vocabulary=sides[0].tokenizer.vocab_size,
        train_rows=writers[0].train.lengths.rows(),
        train_tokens=writers[0].train.lengths.tokens(limits[0]),
        valid_rows=writers[0].valid.lengths.rows(),
        valid_tokens=writers[0].valid.lengths.tokens(limits[0]),
        valid_cut=valid_lengths.over(longest),
        target_tokens=None if len(sides) == 1 else writers[1].train.lengths.tokens(limits[1]),
        vectors=vectors,
        numbered=sides[0].numbers,
        ends=tuple(survey.counts.ends),
        **vars(tally),
    )
    write_index(folder, stats, [side.tokenizer for side in sides], limits, identity)


def _first_reading(
    rows: Rows, hold_out: bool, learn: Learn, config: CorpusConfig, folder: Path, note: Note
) -> tuple[tuple[Side, ...], _Survey]:
    """Make the sides, count the rows, and hash their lines for the split."""
    counts, notes, lowest = ReadCounts(), list[str](), _Lowest()
    with LineHashes(folder / HASHES) as hashes:

        def hashed() -> Iterator[Block]:
            for block in rows.read(counts):
                found = line_hashes(block.lines, config.seed)
                hashes.add(found)
                lowest.add(block.tag, found)
                yield block
            rows.refuse_empty(counts)

        sides = learn(hashed(), notes.append)
        distinct, threshold = hashes.split(config.valid_size)
    if hold_out and distinct < 2:
        rows.refuse(
            "1 distinct sentence: nothing to hold out; give more text, or a validation file as `valid`"
        )
    for line in notes:
        note(line)
    if not hold_out:
        return sides, _Survey(counts, distinct, None, frozenset())
    if any(low == high for low, high in lowest.found.values()):
        rows.refuse(
            "1 distinct sentence of one language: nothing to hold out; give more text, or validation files as `valid`"
        )
    return sides, _Survey(counts, distinct, threshold, frozenset(low for low, _ in lowest.found.values()))


def _write_valid(rows: Rows, written: _Written, seed: int, tally: _Tally) -> NDArray[np.uint64]:
    """Write all rows of the validation file; return the hashes of its distinct lines, ascending."""
    counts, hashes = ReadCounts(), [np.empty(0, dtype=np.uint64)]
    for block in rows.read(counts):
        for writer, ids in zip(written.writers, written.encode(block), strict=True):
            writer.valid.add(ids)
        hashes.append(line_hashes(block.lines, seed))
    rows.refuse_empty(counts)
    tally.valid_blank, tally.valid_undecodable = counts.blank, counts.undecodable
    tally.valid_missing, tally.valid_tables = counts.missing, tuple(counts.tables)
    return np.unique(np.concatenate(hashes))


def _write_train(
    rows: Rows,
    written: _Written,
    survey: _Survey,
    known: NDArray[np.uint64] | None,
    seed: int,
    tally: _Tally,
) -> None:
    """Write each row to the side of the split it is on.

    A line that is held out is kept only once for each language, with its first row, so that a frequent one does not fill
    the validation set.
    `known` are the hashes of a validation file's lines, ascending, for the count of those met again.
    """
    counts, seen = ReadCounts(), set[tuple[int, int]]()
    lowest = np.array(sorted(survey.lowest), dtype=np.uint64)
    met = np.zeros(0 if known is None else len(known), dtype=bool)
    for block in rows.read(counts):
        columns = written.encode(block)
        tally.words += sum(len(line.split()) for line in block.lines)
        tally.bytes += sum(len(line.encode()) for line in block.lines)
        hashes = line_hashes(block.lines, seed)
        if known is not None:
            places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
            met[places[known[places] == hashes]] = True
        held = np.zeros(len(hashes), dtype=bool)
        if survey.threshold is not None:
            held = (hashes <= np.uint64(survey.threshold)) | np.isin(hashes, lowest)
        first: list[int] = []
        for row in np.flatnonzero(held).tolist():
            if (key := (block.tag, int(hashes[row]))) in seen:
                tally.repeats += 1
            else:
                seen.add(key)
                first.append(row)
        kept = np.flatnonzero(~held).tolist()
        for writer, ids in zip(written.writers, columns, strict=True):
            writer.valid.add([ids[row] for row in first])
            writer.train.add([ids[row] for row in kept])
    if counts != survey.counts:
        rows.refuse("changed while it was read; run again when it is complete")
    tally.overlap = int(met.sum())


def text_side(tokenizer: Tokenizer, config: CorpusConfig, tagged: bool = False) -> Side:
    """Return a side of lines, of each of which as many tokens are encoded as may be kept."""
    limit = most_kept(config.max_length)
    return Side(tokenizer, partial(tokenizer.encode_cut, limit=limit, threads=_THREADS), tagged)


def load_or_train(path: str | None, lines: Iterable[str], config: CorpusConfig, note: Note) -> Tokenizer:
    """Load the tokenizer of `path`, or else train one on `lines`, which are read to the end in either case.

    Raises:
        CorpusError: the model file cannot be used, or `lines` cannot be read or learnt from.
    """
    if path is None:
        return Tokenizer.train(lines, config.vocab_size, config.seed, note, config.whole_words)
    tokenizer = Tokenizer.load(path)
    for _ in lines:
        pass
    return tokenizer


def rereadable(sources: Sequence[Source], folder: Path, name: str, stack: ExitStack) -> list[Source]:
    """Return sources that can be read twice: pipes are copied to files that go when `stack` closes.

    Args:
        sources: as :func:`~textrae.text.lines.locate` found them.
        folder: where the copies lie.
        name: part of the copies' names, another for each call.
        stack: decides how long the copies are kept.
    """
    return [_spooled(one, folder / f"spool-{name}{n}.tmp", stack) for n, one in enumerate(sources)]


def _spooled(source: Source, copy: Path, stack: ExitStack) -> Source:
    if source.rereadable:
        return source
    stack.callback(copy.unlink, missing_ok=True)
    with copy.open("wb") as file, ExitStack() as opened:
        pipe = source.stream if source.stream is not None else opened.enter_context(_opened(source))
        shutil.copyfileobj(pipe, file, 1 << 20)
    return replace(source, path=str(copy), stream=None, rereadable=True)


def _opened(source: Source) -> BinaryIO:
    try:
        return source.open()
    except OSError as error:
        raise source.unreadable(error) from None
