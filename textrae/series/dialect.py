"""Tell from the first rows of a text how it is to be read: its delimiter, its decimal mark and its header.

Every reading that gives numbers is weighed. Where two fit equally well the text is refused, with both.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from textrae.errors import SeriesError
from textrae.series.settings import MARKS, NAMES, SeriesFormat
from textrae.settings.corpus import DELIMITERS

SAMPLE = 1000
"""Rows from which a reading is told."""
_LARGEST_SAMPLE = 1 << 22
_STRONG = (";", "\t", "|")
"""Delimiters that hardly ever stand in a cell of a table of numbers."""
_ONE = "\x1f"
"""Delimiter of a text of one column: a sign that no cell has."""
_POINT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+([eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)
_TIME = re.compile(
    r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})?[T ]*(\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2}|[AaPp]\.?[Mm]\.?)?",
    re.ASCII,
)
_GAPS = frozenset({"", "nan", "+nan", "-nan", "na", "n/a", "#n/a", "null", "none", "-", "?"})


@dataclass(frozen=True)
class Dialect:
    """How the rows of a text become cells, and its cells numbers."""

    delimiter: str
    """What parts the cells: ``,``, ``;``, a tab, ``|``, a space (white space of any length), or nothing (one column)."""
    mark: str | None
    """Decimal mark; None where no number of the first rows has a fraction."""
    header: bool
    """Whether the first row names the columns."""

    def number(self, text: str) -> float | None:
        """Return the number of a cell, or None if it is none."""
        if self.mark == ",":
            if _COMMA.fullmatch(text):
                return float(text.replace(",", "."))
            return float(text) if _WHOLE.fullmatch(text) else None
        return float(text) if _POINT.fullmatch(text) else None

    def described(self) -> str:
        """Return in words how a text is read."""
        names = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "white space"}
        parts = [f"parted by {names[self.delimiter]}" if self.delimiter != _ONE else "one column"]
        if self.mark == ",":
            parts.append("decimal commas")
        return ", ".join(parts)


def is_gap(text: str) -> bool:
    """Return whether a cell has no value."""
    return text.lower() in _GAPS


def is_name(text: str) -> bool:
    """Return whether a cell of a first row is surely a name: no number, gap or time."""
    return "\n" not in text and not text.lower().startswith(("#", "sep=")) and _is_word(text)


def plain_number(text: str) -> float | None:
    """Return the number that a text is, with a decimal point; None if it is none that is finite."""
    number = float(text) if _POINT.fullmatch(text) else None
    return number if number is not None and math.isfinite(number) else None


def has_comma(text: str) -> bool:
    """Return whether a cell is a number with a decimal comma."""
    return bool(_COMMA.fullmatch(text))


def cells(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row, none for a blank line, with the number of its (last) line, from 1.

    Raises:
        csv.Error: a cell in quotes does not end, or is longer than 128 KiB.
    """
    if delimiter == " ":
        for number, line in enumerate(lines, 1):
            yield number, [cell.strip('"') for cell in line.split()]
        return
    reader = csv.reader(
        (line.strip(" \r\n") if delimiter == "\t" else line.strip() for line in lines),
        delimiter=delimiter,
        skipinitialspace=True,
        strict=True,
    )
    for row in reader:
        yield reader.line_num, [cell.strip() for cell in row]


def tell(where: str, lines: Sequence[str], format: SeriesFormat) -> Dialect:
    """Tell how a text is to be read.

    Args:
        where: the file, for messages.
        lines: its first lines, blank ones too.
        format: what the caller decides about it.

    Raises:
        SeriesError: two readings fit equally well; the settings that choose are named.
    """
    found = [_Reading(dialect, lines, format) for dialect in _dialects(format)]
    fitting = [reading for reading in found if reading.numbers]
    if not fitting:  # what is wrong is told when the rows are read
        return next((one.dialect for one in found if one.width > 1), found[-1].dialect)
    least = min(reading.unfit for reading in fitting)
    best = [reading for reading in fitting if reading.unfit == least]
    strong = [reading for reading in best if reading.dialect.delimiter in _STRONG]
    best = strong or best
    if len(best) > 1:
        _refuse(where, best)
    chosen = best[0]
    if chosen.commas and format.decimal is None:
        if all(_THOUSANDS.fullmatch(text) for text in chosen.commas):
            raise SeriesError(
                f"{where}: {chosen.commas[0]!r} may be a decimal comma or thousands; give `decimal=comma`, "
                "or write the numbers without commas"
            )
        if chosen.dialect.delimiter == _ONE and not chosen.dialect.header:
            raise SeriesError(
                f"{where}: {chosen.commas[0]!r} may be one number or two columns; give `decimal=comma` or `delimiter=comma`"
            )
    zero = chosen.superfluous_zero()
    if chosen.dialect.delimiter == "," and format.delimiter is None and zero is not None:
        raise SeriesError(
            f"{where}: {zero!r} may be a number with a decimal comma or two columns; give `decimal=comma` or `delimiter=comma`"
        )
    if format.header is None and chosen.counts:
        raise SeriesError(
            f"{where}: its first row, {chosen.counts}, may be names of columns or numbers; give `header=True` or `header=False`"
        )
    return chosen.dialect


def _refuse(where: str, readings: Sequence[_Reading]) -> None:
    """Raise SeriesError: two readings fit."""
    first, second = (reading.dialect for reading in readings[:2])
    said = f"{first.described()}{', decimal points' if first.mark == '.' else ''}"
    other = f"{second.described()}{', decimal points' if second.mark == '.' else ''}"
    choices = [
        f"`decimal={'comma' if one.mark == ',' else 'point'}`"
        if first.delimiter == second.delimiter or one.delimiter == _ONE
        else f"`delimiter={NAMES[one.delimiter]}`"
        for one in (first, second)
    ]
    raise SeriesError(
        f"{where}: may be read in two ways, {said}, or {other}; give {choices[0]} or {choices[1]}"
    )


def _dialects(format: SeriesFormat) -> Iterator[Dialect]:
    """Yield the readings that a format allows."""
    delimiters = [*_STRONG, ",", " ", _ONE] if format.delimiter is None else [DELIMITERS[format.delimiter]]
    marks = (".", ",") if format.decimal is None else (MARKS[format.decimal],)
    for delimiter in delimiters:
        for mark in marks:
            yield Dialect(delimiter, mark, False)


class _Reading:
    """What the first rows give if they are read in one way."""

    def __init__(self, dialect: Dialect, lines: Sequence[str], format: SeriesFormat) -> None:
        self.commas: list[str] = []
        self.numbers, self.unfit, self.counts, self.width = 0, 1.0, "", 0
        self.dialect, self.rows = dialect, list[list[str]]()
        try:
            rows = [row for _, row in cells(lines, dialect.delimiter) if row]
        except csv.Error:
            self.width = 2 if any(dialect.delimiter in line for line in lines) else 0
            return
        if not rows or (dialect.delimiter != _ONE and format.delimiter is None and max(map(len, rows)) < 2):
            return
        self.width = len(rows[0])
        self.first = re.sub('"[^"]*"', "", next(line for line in lines if line.strip()))
        first = 1 if format.labels else 0
        self.rows = [row[first:] for row in rows]
        if format.labels and not all(self.rows):
            return
        self._weigh(format)

    def _weigh(self, format: SeriesFormat) -> None:
        """Count what is number, gap, time and text, and whether the rows are of one width."""
        dialect, rows = self.dialect, self.rows
        header = self._names(rows) if format.header is None else format.header
        # a header whose name has a comma in it names several columns
        if header and dialect.delimiter == _ONE and "," in self.first and format.delimiter is None:
            return
        data = rows[1:] if header else rows
        texts = total = ragged = points = 0
        for row in data:
            ragged += format.layout == "steps" and len(row) != len(rows[0])
            for text in row:
                total += 1
                if dialect.number(text) is not None:
                    self.numbers += 1
                    if has_comma(text):
                        self.commas.append(text)
                    elif "." in text:
                        points += 1
                else:
                    texts += not (is_gap(text) or _is_time(text))
        parted = dialect.delimiter == "," and format.delimiter is None
        if dialect.mark == "," and not self.commas and (parted or format.decimal is None):
            self.numbers = 0  # no comma in it: the reading with points says the same
        mark = dialect.mark if self.commas or points or format.decimal is not None else None
        self.dialect = replace(dialect, mark=mark, header=header)
        self.unfit = ragged + texts / max(1, total)

    def _names(self, rows: Sequence[Sequence[str]]) -> bool:
        """Return whether the first row names columns; note where it may, as 0, 1, 2 of pandas does."""
        row, number = rows[0], self.dialect.number
        if len(rows) > 1 and len(row) > 1:
            counted = [str(place) for place in range(len(row))]
            if row[0] == "" and row[1:] == counted[:-1]:
                return True
            if list(row) == counted:
                self.counts = ",".join(row[:4]) + (",…" if len(row) > 4 else "")
        if any(number(text) is not None for text in row):
            return False
        return any(map(_is_word, row))

    def superfluous_zero(self) -> str | None:
        """Return two neighbouring cells that look like one number with a decimal comma, as 1,05 does."""
        if any("." in text for row in self.rows for text in row):
            return None
        for row in self.rows:
            for left, right in pairwise(row):
                if re.fullmatch(r"0\d+", right, re.ASCII) and re.fullmatch(r"[+-]?\d+", left, re.ASCII):
                    return f"{left},{right}"
        return None


def _is_word(text: str) -> bool:
    """Return whether a cell is no number with any decimal mark, no gap and no time."""
    return not (is_gap(text) or _is_time(text) or has_comma(text) or _POINT.fullmatch(text))


def _is_time(text: str) -> bool:
    return bool(text) and any(map(str.isdigit, text)) and bool(_TIME.fullmatch(text))


def sample(lines: Iterator[str]) -> list[str]:
    """Take the first lines of a text, from which its dialect is told: 1,000, or 4 MiB of them."""
    found, size = list[str](), 0
    for line in islice(lines, SAMPLE):
        found.append(line)
        size += len(line)
        if size > _LARGEST_SAMPLE:
            break
    return found
