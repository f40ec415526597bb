"""Sentences from files, tables, pipes and named data sets, in bounded batches: one for each line or row.

A line ends only at a newline (``str.splitlines`` also breaks at U+2028, U+0085, VT and FF, which would shift rows).
"""

from __future__ import annotations

import re
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig, CorpusFormat
from textrae.text import tables
from textrae.text.blocks import MAX_LINE, ReadCounts, decoded_lines, read_blocks
from textrae.text.json_values import LONGEST, line_items, shape_of, stream_items
from textrae.text.objects import object_rows

__all__ = [
    "ReadCounts",
    "Source",
    "locate",
    "read_lines",
    "read_sources",
    "refuse_column",
    "refuse_delimiter",
]

BATCH_LINES: Final = 4096
"""Sentences of a batch at most."""

_FORMATS: Final[dict[str, CorpusFormat]] = {
    ".txt": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".psv": "csv",
    ".parquet": "parquet",
}
_HUB_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?(:[\w.\[\]%:-]+)?")


@dataclass(frozen=True)
class Source:
    """A place that sentences are read from, and its format."""

    name: str
    """Name in messages."""
    path: str
    """Path of a file, or name of a data set."""
    format: CorpusFormat
    """Format of the content; never ``auto``."""
    gzipped: bool = False
    """Whether the bytes are gzip data."""
    stream: BinaryIO | None = None
    """Open stream that is read in place of the path."""
    rereadable: bool = True
    """Whether it can be read more than once; False for a pipe."""


def locate(path: str, config: CorpusConfig, stdin: BinaryIO | None = None) -> Source:
    """Find out what `path` is: ``-`` for standard input, a file, or the name of a data set.

    Args:
        path: as the user gave it.
        config: its format, unless that is ``auto``.
        stdin: stream to read in place of standard input.

    Raises:
        CorpusError: there is no such file and it cannot be a data set's name, or it is a folder.
    """
    if path == "-":
        if config.format == "datasets":
            raise CorpusError("-: a data set is given by its name; standard input can be text or a table")
        stream = stdin if stdin is not None else sys.stdin.buffer
        return Source("standard input", path, _or_text(config.format), stream=stream, rereadable=False)
    if config.format == "datasets":
        return Source(path, path, "datasets")
    ending, gzipped = _ending(path)
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        if config.format == "auto" and ending not in _FORMATS and not gzipped and _HUB_NAME.fullmatch(path):
            return Source(path, path, "datasets")
        raise CorpusError(f"{path}: no such file; check the path") from None
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_ISDIR(mode):
        raise CorpusError(f"{path}: is a folder; give the files in it, as in {path.rstrip('/')}/*.txt")
    kind = _FORMATS.get(ending, "text") if config.format == "auto" else config.format
    if kind == "parquet" and gzipped:
        raise CorpusError(f"{path}: a parquet file is compressed inside; decompress it with gunzip")
    return Source(path, path, kind, gzipped, rereadable=stat.S_ISREG(mode))


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
        paths: files, ``-`` for standard input, or names of data sets.
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
        names = ", ".join(source.name for source in sources)
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
        names = ", ".join(source.name for source in sources)
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
    for batch in _rows(source, config, counts):
        if source.format != "text":  # whose lines are bounded already
            for row in [row for row, text in enumerate(batch) if len(text) > MAX_LINE]:
                batch[row] = batch[row][:MAX_LINE]
                counts.cut += 1
        yield batch


def _rows(source: Source, config: CorpusConfig, counts: ReadCounts) -> Iterator[list[str]]:
    """Return the reader of a source."""
    if source.format == "parquet":
        if source.stream is not None:
            raise CorpusError(
                f"{source.name}: a parquet file cannot be read from a pipe; save it as a file first"
            )
        return tables.parquet_rows(source.path, config.column, counts)
    if source.format == "datasets":
        return tables.hub_rows(source.path, config.column, counts)
    blocks = read_blocks(source.name, source.path, source.gzipped, source.stream)
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


def _ending(path: str) -> tuple[str, bool]:
    name = Path(path)
    gzipped = name.suffix.lower() == ".gz"
    return (Path(name.stem) if gzipped else name).suffix.lower(), gzipped


def _or_text(kind: CorpusFormat) -> CorpusFormat:
    return "text" if kind == "auto" else kind
