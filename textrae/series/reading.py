"""Read sequences from files: CSV and other columns of numbers, NumPy arrays, Parquet columns."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from textrae.errors import SeriesError
from textrae.series.arrays import read_npy, read_parquet
from textrae.series.data import Series
from textrae.series.settings import TEXT_ONLY, SeriesFormat
from textrae.series.text import read_text
from textrae.series.windows import prepared

_READERS = {".npy": read_npy, ".parquet": read_parquet}
"""Readers of files that are no text, by their endings."""


def read_series(
    path: str | Path,
    format: SeriesFormat | None = None,
    dim: int | None = None,
    known: Sequence[str] | None = None,
) -> Series:
    """Read the sequences of a file.

    ``.npy`` holds (sequences, time, dim), or (time, dim), which is one sequence, or with the layout ``rows``
    (sequences, time). ``.parquet`` holds a sequence a row, as a list of numbers or of lists of them, or columns of
    numbers. Anything else (and ``-``, standard input) is text: numbers in columns, whose delimiter, decimal mark and
    header are told from its first rows.

    Args:
        path: the file.
        format: how the sequences lie in it, and what is done with them.
        dim: dimensions that a time step must have; None for those of the first step of the file.
        known: names of the columns that a run was trained on, which are read wherever they stand. None without a run.

    Raises:
        SeriesError: missing, unreadable, ragged, not finite, of another width, or without a sequence; it names the
            file and the line. Pickled arrays are never read.
    """
    format = format or SeriesFormat()
    file = Path(path)
    with _one_line_errors(file):
        if file.suffix in _READERS:
            for name in TEXT_ONLY:
                if getattr(format, name) is not None:
                    raise SeriesError(f"{file}: `{name}` is for text; leave it out")
            series = _READERS[file.suffix](file, format, known)
        elif str(file) == "-":
            series = read_text(file, sys.stdin.buffer, format, known)
        else:
            with file.open("rb") as stream:
                series = read_text(file, stream, format, known)
    series = prepared(str(file), series, format)
    if not series:
        raise SeriesError(f"{file}: no sequence in it; give rows of numbers")
    if dim is not None and series.dim != dim:
        raise SeriesError(
            f"{file}: {series.dim} dimensions a time step instead of {dim}; give sequences of the same width"
        )
    if known and not series.names and not format.labels and format.layout == "steps":
        series.notes.append(
            f"{file}: no names of columns; they are taken for {', '.join(known)}, in this order"
        )
    return series


def inherited(format: SeriesFormat, path: str | Path) -> SeriesFormat:
    """Return a run's format as it holds for another file: what only text has is left out for one that is no text."""
    if Path(path).suffix not in _READERS:
        return format
    return replace(format, delimiter=None, decimal=None, header=None)


@contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    """Re-raise what a file's reader raises as a one-line :class:`SeriesError`."""
    try:
        yield
    except FileNotFoundError:
        raise SeriesError(f"{path}: no such file; name a file of numbers, or - for standard input") from None
    except (OSError, ValueError, EOFError, MemoryError, NotImplementedError) as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise SeriesError(f"{path}: not a readable file of series ({said}); make it again") from None


def read_all(paths: Sequence[str], format: SeriesFormat) -> Series:
    """Read the sequences of several files of one width, in order.

    Raises:
        SeriesError: see :func:`read_series`; or the widths or the names of columns differ.
    """
    whole, before = Series(), 0
    for path in paths:
        part = read_series(path, format, whole.dim if whole else None, whole.names or None)
        whole.values += part.values
        whole.labels += part.labels
        whole.names = whole.names or part.names
        whole.windows += [replace(one, sequence=one.sequence + before) for one in part.windows]
        whole.notes += part.notes
        before += 1 + max((one.sequence for one in part.windows), default=0)
    return whole
