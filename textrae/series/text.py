"""Read sequences from text: rows of numbers in columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np

from textrae.errors import SeriesError
from textrae.series.columns import choose, joined, kept_names
from textrae.series.data import LARGEST, Series, framed
from textrae.series.dialect import Dialect, cells, has_comma, is_gap, sample, tell
from textrae.series.settings import SeriesFormat

_LONGEST_LINE = 1 << 24
_NOT_FINITE = re.compile(r"[+-]?(inf|infinity)", re.ASCII | re.IGNORECASE)
_SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)
"""First line by which Excel names the delimiter."""


def read_text(path: Path, stream: IO[bytes], format: SeriesFormat, known: Sequence[str] | None) -> Series:
    """Read the sequences of a text, with NaN for its gaps.

    Args:
        path: the file, for messages.
        stream: the text.
        format: how sequences lie in it.
        known: names of the columns that a run was trained on; None without a run.

    Raises:
        SeriesError: a line cannot be read, or holds what is no number; it names the line.
    """
    lines = _lines(path, stream)
    first = _opened(sample(lines), format)
    dialect = tell(str(path), first, format)
    try:
        rows = _Rows(path, format, dialect, known, first)
        for number, row in cells(chain(first, lines), dialect.delimiter):
            rows.add(number, row)
    except csv.Error as error:
        raise SeriesError(f"{path}: {error}; check its quotes") from None
    return rows.end()


def _lines(path: Path, stream: IO[bytes]) -> Iterator[str]:
    """Yield the lines of a text without their ends."""
    number = 0
    while raw := stream.readline(_LONGEST_LINE + 1):
        number += 1
        where = f"{path}, line {number}"
        if len(raw) > _LONGEST_LINE:
            raise SeriesError(f"{where}: longer than {_LONGEST_LINE >> 20} MiB; break the rows with newlines")
        try:
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise SeriesError(
                f"{where}: not text in UTF-8; save it as UTF-8, or give .npy or .parquet their ending"
            ) from None


def _opened(lines: list[str], format: SeriesFormat) -> list[str]:
    """Return the first lines without Excel's ``sep=;``, and where rows are steps, NumPy's ``#`` before a header."""
    for place, line in enumerate(lines):
        if line.strip():
            if _SEPARATOR.fullmatch(line.strip()):
                lines[place] = ""
            elif line.lstrip().startswith("#") and format.layout == "steps":
                lines[place] = line.lstrip("# ")
            break
    return lines


class _Rows:
    """The rows of a text, grouped into sequences as they come."""

    def __init__(
        self,
        path: Path,
        format: SeriesFormat,
        dialect: Dialect,
        known: Sequence[str] | None,
        first: Sequence[str],
    ) -> None:
        self.path, self.format, self.dialect, self.known = path, format, dialect, known
        self.series, self.steps = Series(), list[list[float]]()
        self.width, self.places, self.names = 0, list[int](), tuple[str, ...]()
        self.header, self.trailing = dialect.header, False
        self.sample = [row for _, row in cells(first, dialect.delimiter) if row]

    def add(self, number: int, row: list[str]) -> None:
        """Add a row; a blank one ends a sequence."""
        where = f"{self.path}, line {number}"
        if not row:
            self._close()
        elif self.format.layout == "rows":
            self._row(where, row)
        else:
            self._step(where, row)

    def end(self) -> Series:
        """Return the sequences, and say how they were read."""
        self._close()
        self.series.names = self.names
        named = f"columns {', '.join(self.names)}" if self.names else "no header"
        if self.format.layout == "rows":
            named = "a header" if self.dialect.header else "no header"
        elif self.width > len(self.places):
            named = f"{len(self.places)} of {self.width} columns{f': {named[8:]}' if self.names else ''}"
        self.series.notes.append(f"{self.path}: {self.dialect.described()}; {named}")
        return self.series

    def _close(self) -> None:
        if self.steps:
            self.series.values.append(np.array(self.steps))
            self.steps = []

    def _row(self, where: str, row: list[str]) -> None:
        """Add a row that is a whole sequence."""
        if self.header:
            self.header = False
            return
        first = 1 if self.format.labels else 0
        if len(row) == first:
            raise SeriesError(f"{where}: a label and no number; give rows of a label and its numbers")
        self.series.labels += row[:first]
        values = [self._number(where, place, row[place]) for place in range(first, len(row))]
        self.series.values.append(framed(np.array(values), self.format.frame, where))

    def _step(self, where: str, row: list[str]) -> None:
        """Add a row that is a time step."""
        if not self.width:
            self._begin(row)
            if self.header:
                return
        if len(row) != self.width:
            raise SeriesError(
                f"{where}: {len(row)} columns where the lines before have {self.width}; make all rows of one width"
            )
        if self.trailing and row[-1]:
            raise SeriesError(f"{where}, column {self.width}: {_short(row[-1])} in a column without a name")
        self.steps.append([self._number(where, place, row[place]) for place in self.places])

    def _begin(self, row: list[str]) -> None:
        """Take the first row: choose the columns, each of which holds a number."""
        self.width = len(row)
        names = row if self.header else []
        data = self.sample[1:] if self.header else self.sample
        # a delimiter at the end of every line makes no column
        self.trailing = self.width > 1 and not row[-1] and not any(each[-1] for each in data)
        names, width = (names[:-1], self.width - 1) if self.trailing else (names, self.width)
        self.places = choose(str(self.path), names, width, self.format.columns, self.known)
        self.names = kept_names(names, self.places)
        numeric = [place for place in range(width) if self._numeric(data, place) is None]
        for place in self.places:
            if place not in numeric:
                others = joined([names[each] if names else str(each + 1) for each in numeric])
                name = repr(names[place]) if names else str(place + 1)
                raise SeriesError(
                    f"{self.path}: column {name} holds no number ({_short(str(self._numeric(data, place)))}); "
                    + (f"give `columns={others}`" if others else "give rows of numbers")
                )

    def _numeric(self, rows: Sequence[Sequence[str]], place: int) -> str | None:
        """Return a cell that shows that a column holds no number; None if it holds one, or nothing at all."""
        found = [row[place] for row in rows if place < len(row) and not is_gap(row[place])]
        numbers = any(self.dialect.number(text) is not None or _NOT_FINITE.fullmatch(text) for text in found)
        return None if numbers or not found else found[0]

    def _number(self, where: str, place: int, text: str) -> float:
        """Return the number of a cell, NaN for a gap.

        Raises:
            SeriesError: the cell is no number, not finite, or a gap that the format refuses; it names the column.
        """
        value = self.dialect.number(text)
        if value is not None and abs(value) <= LARGEST:
            return value
        if value is None and is_gap(text) and self.format.missing != "error":
            return float("nan")
        name = f" ({self.names[self.places.index(place)]!r})" if self.names else ""
        raise SeriesError(f"{where}, column {place + 1}{name}: {self._wrong(value, text)}")

    def _wrong(self, value: float | None, text: str) -> str:
        """Return what is wrong with a cell, and what to do."""
        if value is not None:
            return f"{_short(text)} is beyond float32; use a larger unit"
        if is_gap(text):
            return f"a gap ({text!r}); fill it, or give `missing=drop` or `missing=interpolate`"
        if _NOT_FINITE.fullmatch(text):
            return f"{_short(text)} is not a finite number; leave the step out"
        told = has_comma(text) and self.dialect.mark is None and self.dialect.delimiter != ","
        return f"{_short(text)} is not a number; {'give `decimal=comma`' if told else 'correct it'}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 20 else text[:20] + "…")
