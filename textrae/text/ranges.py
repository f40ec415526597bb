"""Rows of a file from one place to another, for processes that share it: they are found without what stands before them."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.text import tables
from textrae.text.blank import is_blank
from textrae.text.blocks import ReadCounts, decoded_lines, read_blocks
from textrae.text.json_values import LONGEST, Item, line_items, shape_of
from textrae.text.lines import bounded
from textrae.text.objects import object_rows
from textrae.text.sources import Source

STRIDE: Final = 8_192
"""Lines of text from one known place to the next."""
_BLOCK: Final = 2**20
_HEAD: Final = 1_000
"""Values of a file of JSON that decide which column is read."""
_NEWLINE: Final = 10


@dataclass(frozen=True)
class Ranged:
    """A file of which the places of rows are known."""

    source: Source
    """The file."""
    rows: int
    """Number of rows, or of lines with the blank ones."""
    starts: NDArray[np.int64]
    """Offset in bytes of every :data:`STRIDE`-th line; empty for parquet, which has places of its own."""
    read: str = ""
    """Column that is read, in words; empty for lines of text."""


def ranged(source: Source, config: CorpusConfig) -> Ranged:
    """Find the places of a file's rows: lines are counted, the rows of parquet are known.

    Args:
        source: a single file, as :func:`textrae.text.sources.locate` found it.
        config: how it is read.

    Raises:
        CorpusError: it cannot be read, or is of a kind that is read only from its beginning on.
    """
    counts = ReadCounts(tables=[""])
    if source.format == "parquet":
        for _ in tables.parquet_rows(source, config.column, counts, range(0)):
            pass
        return Ranged(source, tables.parquet_size(source), np.empty(0, np.int64), counts.tables[0])
    if source.stream is not None or source.gzipped or source.format not in ("text", "jsonl"):
        what = "compressed" if source.gzipped else f"read as {source.format}"
        what = "a stream" if source.stream is not None else what
        raise CorpusError(
            f"{source.name}: is {what}, so that its parts cannot be read apart; give plain text, .jsonl or .parquet files"
        )
    if source.format == "jsonl":
        shape, _ = shape_of(read_blocks(source))
        if shape != "lines":
            raise CorpusError(
                f"{source.name}: is one JSON text, not one a line; write it as .jsonl or .parquet"
            )
        for _ in _objects(source, config, counts, iter(())):
            pass
    elif config.format == "auto":
        first = next(decoded_lines(read_blocks(source), source.name, "replace", ReadCounts()), [])
        tables.refuse_hidden_table(first, source.name)
    try:
        with source.open() as stream:
            rows, starts = _counted(stream)
    except Exception as error:  # a driver's error may be of any kind
        raise source.unreadable(error) from None
    return Ranged(source, rows, starts, counts.tables[0])


def read_range(file: Ranged, rows: range, config: CorpusConfig, counts: ReadCounts) -> Iterator[list[str]]:
    """Yield the sentences of some rows, blank ones too, just as reading the whole file yields them.

    Args:
        file: as :func:`ranged` returned it.
        rows: the rows, from 0; those beyond the end are none.
        config: as for :func:`ranged`.
        counts: updated for these rows only.

    Raises:
        CorpusError: something cannot be read; the one line names the file and, where known, the line.
    """
    for batch in _read(file, rows, config, counts):
        counts.lines += len(batch)
        counts.blank += sum(map(is_blank, batch))
        yield batch


def _read(file: Ranged, rows: range, config: CorpusConfig, counts: ReadCounts) -> Iterator[list[str]]:
    source = file.source
    if source.format == "parquet":
        for batch in tables.parquet_rows(source, config.column, counts, rows):
            yield bounded(batch, counts)
        return
    at = rows.start // STRIDE
    if not rows or at >= len(file.starts):
        return
    blocks = _between(source, int(file.starts[at]), rows.start - at * STRIDE, len(rows))
    long = None if source.format == "text" else LONGEST
    lines = decoded_lines(blocks, source.name, config.errors, counts, refuse_over=long, before=rows.start)
    if source.format == "text":
        yield from lines
        return
    for batch in _objects(source, config, counts, line_items(lines, source.name, rows.start + 1)):
        yield bounded(batch, counts)


def _objects(
    source: Source, config: CorpusConfig, counts: ReadCounts, items: Iterator[list[Item]]
) -> Iterator[list[str]]:
    """Yield the sentences of values of JSON, whose column the first values of the file decide."""

    def where(number: int) -> str:
        return f"{source.name}: line {number}" if number else source.name

    lines = decoded_lines(read_blocks(source), source.name, config.errors, ReadCounts(), refuse_over=LONGEST)
    every = (item for batch in line_items(lines, source.name) for item in batch)
    head = list(islice(every, _HEAD))
    yield from object_rows(items, where, config.column, config.errors, counts, head=head)


def _between(source: Source, offset: int, skip: int, count: int) -> Iterator[bytes]:
    """Yield the bytes of `count` lines, which begin `skip` lines after an offset, in blocks of at most 1 MiB."""
    try:
        with source.open() as stream:
            stream.seek(offset)
            while count and (block := stream.read(_BLOCK)):
                ends = np.flatnonzero(np.frombuffer(block, np.uint8) == _NEWLINE)
                if skip > len(ends):
                    skip -= len(ends)
                    continue
                first = int(ends[skip - 1]) + 1 if skip else 0
                ends, skip = ends[skip:], 0
                last = int(ends[count - 1]) + 1 if len(ends) >= count else len(block)
                count -= min(count, len(ends))
                yield block[first:last]
    except Exception as error:  # a driver's error may be of any kind
        raise source.unreadable(error) from None


def _counted(stream: BinaryIO) -> tuple[int, NDArray[np.int64]]:
    """Return the number of lines of a file, and the offset of every :data:`STRIDE`-th."""
    mark = len(codecs.BOM_UTF8)
    at = mark if stream.read(mark) == codecs.BOM_UTF8 else 0
    stream.seek(at)
    starts, rows, begun = [at], 0, False
    while block := stream.read(_BLOCK):
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == _NEWLINE)
        for line in range(-(rows + 1) % STRIDE, len(ends), STRIDE):
            starts.append(at + int(ends[line]) + 1)
        rows += len(ends)
        at += len(block)
        begun = block[-1] != _NEWLINE
    return rows + begun, np.array(starts, np.int64)
