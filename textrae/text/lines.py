"""Sentences from files, tables, pipes and named data sets, in bounded batches: one for each line or row.

A line ends only at a newline (``str.splitlines`` also breaks at U+2028, U+0085, VT and FF, which would shift rows).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.text import tables
from textrae.text.blocks import MAX_LINE, ReadCounts, decoded_lines, read_blocks
from textrae.text.json_values import LONGEST, line_items, shape_of, stream_items
from textrae.text.objects import object_rows
from textrae.text.sources import Source, listed, locate

__all__ = [
    "ReadCounts",
    "Source",
    "locate",
    "read_lines",
    "read_sources",
    "refuse_column",
    "refuse_delimiter",
    "windows",
]

BATCH_LINES: Final = 4096
"""Sentences of a batch at most."""
_WINDOW_CHARACTERS: Final = 1 << 24
"""Characters after which a window of sentences ends."""


def read_lines(
    paths: Sequence[str],
    config: CorpusConfig,
    counts: ReadCounts,
    stdin: BinaryIO | None = None,
    *,
    keep_blank: bool = False,
) -> Iterator[list[str]]:
    """Yield the sentences of all `paths` in order, in lists of at most 4,096; memory does not grow with the corpus.

    Args:
        paths: files, folders or patterns of files, ``-`` for standard input, or names of data sets.
        config: their format, the column of tables, and what to do with bytes that are not UTF-8.
        counts: updated as the lists are yielded.
        stdin: stream to read in place of standard input.
        keep_blank: yield blank lines too, so that sentences and lines agree.

    Raises:
        CorpusError: something cannot be read, or a column is named and nothing has columns; the one line names the file
            and, where known, the line.
    """
    sources = [locate(path, config, stdin) for path in paths]
    refuse_column(sources, config.column)
    refuse_delimiter(sources, config.delimiter)
    if counts.kept is not None:
        refuse_column(sources, counts.kept.names[0], "keep")
    yield from read_sources(sources, config, counts, keep_blank=keep_blank)


def refuse_column(sources: Sequence[Source], column: str | None, setting: str = "column") -> None:
    """Raise :class:`CorpusError` if a `column` is named that would not be used, as all `sources` are lines of text.

    Args:
        sources: as :func:`locate` found them.
        column: name of a column of a table.
        setting: name of the setting that names it.
    """
    if column is not None and all(source.format == "text" for source in sources):
        names = listed([source.name for source in sources])
        raise CorpusError(
            f"{names}: has no column {column!r}, as it is read as lines of text; leave `{setting}` out, or give the "
            "format of the table, as in `format=csv`"
        )


def refuse_delimiter(sources: Sequence[Source], delimiter: str | None) -> None:
    """Raise :class:`CorpusError` if a `delimiter` is given that would not be used, as no source is CSV or TSV.

    Args:
        sources: as :func:`locate` found them.
        delimiter: as the user gave it.
    """
    if delimiter is not None and not any(source.format in ("csv", "tsv") for source in sources):
        names = listed([source.name for source in sources])
        raise CorpusError(
            f"{names}: has no columns for a delimiter to part; leave `delimiter` out, or give the format of the table, "
            "as in `format=csv`"
        )


def read_sources(
    sources: Sequence[Source], config: CorpusConfig, counts: ReadCounts, *, keep_blank: bool = False
) -> Iterator[list[str]]:
    """Yield the sentences of located sources in order, in lists of at most 4,096.

    Args:
        sources: as :func:`locate` found them.
        config: the column of tables, and what to do with bytes that are not UTF-8.
        counts: updated as the lists are yielded.
        keep_blank: yield blank lines too, so that sentences and lines agree.

    Raises:
        CorpusError: something cannot be read; the one line names the file and, where known, the line.
    """
    for source in sources:
        counts.tables.append("")
        for batch in _batches(source, config, counts):
            for start in range(0, len(batch), BATCH_LINES):
                part = batch[start : start + BATCH_LINES]
                filled = [line for line in part if line and not line.isspace()]
                counts.lines += len(part)
                counts.blank += len(part) - len(filled)
                if keep_blank or filled:
                    yield part if keep_blank else filled
        counts.ends.append(counts.lines)


def _batches(source: Source, config: CorpusConfig, counts: ReadCounts) -> Iterator[list[str]]:
    """Yield the sentences of one source in lists of any length, up to the lines of a block of text."""
    for batch in _every_row(source, config, counts):
        yield batch if source.format == "text" else bounded(batch, counts)


def bounded(batch: list[str], counts: ReadCounts) -> list[str]:
    """Return the sentences of a table with those over 1 MiB truncated, and count these; lines of text are bounded already."""
    for row in [row for row, text in enumerate(batch) if len(text) > MAX_LINE]:
        batch[row] = batch[row][:MAX_LINE]
        counts.cut += 1
    return batch


def _every_row(source: Source, config: CorpusConfig, counts: ReadCounts) -> Iterator[list[str]]:
    """Yield the sentences of the files of a source, one file after another.

    Raises:
        CorpusError: a file has another column than those before it, or cannot be read.
    """
    first = ""
    for part in source.files:
        counts.tell("")
        for batch in _rows(part, config, counts):
            first = _refuse_unlike(first, counts.tables[-1], part.name)
            yield batch
        first = _refuse_unlike(first, counts.tables[-1], part.name)  # of a table without rows, too
    counts.tell(first)


def _refuse_unlike(first: str, now: str, name: str) -> str:
    """Return what is read of the first file; a later one of which another column would be read is refused."""
    if not first or now in ("", first):
        return first or now
    column, other = (said.partition(" (")[0] for said in (first, now))
    if column != other:
        raise CorpusError(
            f"{name}: {other} would be read, and of the files before it {column}; name it as `column`"
        )
    return first


def _rows(source: Source, config: CorpusConfig, counts: ReadCounts) -> Iterator[list[str]]:
    """Return the reader of a source."""
    if source.format == "parquet":
        if source.stream is not None:
            raise CorpusError(
                f"{source.name}: a parquet file cannot be read from a pipe; save it as a file first"
            )
        return tables.parquet_rows(source, config.column, counts)
    if source.format == "datasets":
        return tables.hub_rows(source.path, config.column, counts)
    blocks = read_blocks(source)
    if source.format == "text":
        lines = decoded_lines(blocks, source.name, config.errors, counts)
        return _looked_at(lines, source.name) if config.format == "auto" else lines
    if source.format == "jsonl":
        return _json_rows(source.name, blocks, config, counts)
    lines = decoded_lines(blocks, source.name, config.errors, counts, refuse_over=MAX_LINE)
    return tables.csv_rows(lines, source.name, config, counts, tabs=source.format == "tsv")


def _looked_at(lines: Iterator[list[str]], name: str) -> Iterator[list[str]]:
    """Yield lines of text, of which the first list must not be that of a table."""
    for number, batch in enumerate(lines):
        if not number:
            tables.refuse_hidden_table(batch, name)
        yield batch


def _json_rows(
    name: str, blocks: Iterator[bytes], config: CorpusConfig, counts: ReadCounts
) -> Iterator[list[str]]:
    shape, blocks = shape_of(blocks)
    if shape == "lines":
        lines = decoded_lines(blocks, name, config.errors, counts, refuse_over=LONGEST)
        items = line_items(lines, name)
    else:
        items = stream_items(blocks, name, config.errors, counts, array=shape == "array")
    unit, noted = ("line", "") if shape == "lines" else ("row", "a JSON array" if shape == "array" else "")

    def where(number: int) -> str:
        return f"{name}: {unit} {number}" if number else name

    yield from object_rows(items, where, config.column, config.errors, counts, noted)


def windows(sentences: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield lists of `size` sentences, of fewer where they are long, so that memory is bounded; the last one may be shorter."""
    window, held = list[str](), 0
    for sentence in sentences:
        window.append(sentence)
        held += len(sentence)
        if len(window) == size or held >= _WINDOW_CHARACTERS:
            yield window
            window, held = [], 0
    if window:
        yield window
