"""Read sequences from files: CSV and other columns of numbers, NumPy arrays, Parquet lists."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from textrae.errors import SeriesError
from textrae.series import arrays
from textrae.series.data import LARGEST, Series
from textrae.series.settings import SeriesFormat

_LONGEST_LINE = 1 << 24
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)


def read_series(path: str | Path, format: SeriesFormat | None = None, dim: int | None = None) -> Series:
    """Read the sequences of a file.

    ``.npy`` holds (sequences, time, dim), or (time, dim), which is one sequence, or with the layout ``rows``
    (sequences, time). ``.parquet`` holds a sequence a row, as a list of numbers or of lists of them. Anything else
    (and ``-``, standard input) is text: numbers separated by commas, semicolons, tabs or spaces.

    Args:
        path: the file.
        format: how the sequences lie in it.
        dim: dimensions that a time step must have; None for those of the first step of the file.

    Raises:
        SeriesError: missing, unreadable, ragged, not finite, of another width, or without a sequence; it names the
            file and the line. Pickled arrays are never read.
    """
    format = format or SeriesFormat()
    file = Path(path)
    with _one_line_errors(file):
        if file.suffix == ".npy":
            series = arrays.read_npy(file, format)
        elif file.suffix == ".parquet":
            series = arrays.read_parquet(file, format)
        else:
            series = _read_text(file, format)
    if not series:
        raise SeriesError(f"{file}: no sequence in it; give rows of numbers")
    if dim is not None and series.dim != dim:
        raise SeriesError(
            f"{file}: {series.dim} dimensions a time step instead of {dim}; give sequences of the same width"
        )
    return series


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


def _read_text(path: Path, format: SeriesFormat) -> Series:
    if str(path) == "-":
        return _sequences(path, sys.stdin.buffer, format)
    with path.open("rb") as stream:
        return _sequences(path, stream, format)


def _sequences(path: Path, stream: IO[bytes], format: SeriesFormat) -> Series:
    """Group the rows of a text into sequences."""
    series, width = Series(), 0
    steps: list[list[float]] = []
    for number, fields in _rows(path, stream):
        where = f"{path}, line {number}"
        if not fields:
            if steps:
                series.values.append(np.array(steps))
                steps = []
            continue
        if format.layout == "rows":
            if format.labels:
                series.labels.append(fields.pop(0))
            row = np.array(_numbers(where, fields, 2 if format.labels else 1))
            series.values.append(arrays.framed(row, format.frame, where))
            continue
        width = width or len(fields)
        if len(fields) != width:
            raise SeriesError(
                f"{where}: {len(fields)} numbers where the lines before have {width}; make all rows of one width"
            )
        steps.append(_numbers(where, fields))
    if steps:
        series.values.append(np.array(steps))
    return series


def _rows(path: Path, stream: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """Yield each line's number and fields, none for a blank one; the first row tells what separates them."""
    separator: str | None = None
    number, first = 0, True
    while raw := stream.readline(_LONGEST_LINE + 1):
        number += 1
        where = f"{path}, line {number}"
        if len(raw) > _LONGEST_LINE:
            raise SeriesError(f"{where}: longer than {_LONGEST_LINE >> 20} MiB; break the rows with newlines")
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError:
            raise SeriesError(
                f"{where}: not text; give .npy or .parquet their ending, or rows of numbers"
            ) from None
        if line and first:
            separator = next((sign for sign in ";\t," if sign in line), None)
            first = False
        yield number, [field.strip() for field in line.split(separator)] if line else []


def _numbers(where: str, fields: list[str], first: int = 1) -> list[float]:
    """Parse the numbers of a row, whose columns count from `first`.

    Raises:
        SeriesError: a field is no number, or not finite; it names the column.
    """
    values = []
    for column, text in enumerate(fields, first):
        if _NUMBER.fullmatch(text) is None:
            finite = _NOT_FINITE.fullmatch(text) is None
            said = f"{_short(text)} is not {'a' if finite else 'a finite'} number"
            what = (
                "rows hold only numbers, with no header"
                if finite
                else "leave the sequence out or fill the gap"
            )
            raise SeriesError(f"{where}, column {column}: {said}; {what}")
        values.append(float(text))
        if abs(values[-1]) > LARGEST:
            raise SeriesError(
                f"{where}, column {column}: {_short(text)} is beyond float32; use a larger unit"
            )
    if not values:
        raise SeriesError(f"{where}: a label and no number; give rows of a label and its numbers")
    return values


def _short(text: str) -> str:
    return repr(text if len(text) <= 20 else text[:20] + "…")


def read_all(paths: Sequence[str], format: SeriesFormat) -> Series:
    """Read the sequences of several files of one width, in order.

    Raises:
        SeriesError: see :func:`read_series`; or the widths differ.
    """
    whole = Series()
    for path in paths:
        part = read_series(path, format, whole.dim if whole else None)
        whole.values += part.values
        whole.labels += part.labels
    return whole
