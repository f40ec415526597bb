"""How a table of plain text is written, told from its header and first rows: the delimiter and its quotes."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from textrae.errors import CorpusError
from textrae.text.columns import could_choose, is_near, listing, shown

DELIMITERS: Final = ",;\t|"
"""Delimiters that are told from a table."""
_FIELD: Final = 2**20
"""Characters of a CSV field at most."""
_HEAD: Final = 5_000
"""Lines that are looked at."""
_EXCEL: Final = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
"""First line by which Excel is told the delimiter."""
_WRITTEN: Final = {"\t": "tab", " ": "space"}
_WRAPPED: Final = re.compile(r'"[^"]*(?:""[^"]*)*"')
_TAB_FIELD: Final = re.compile(rf'({_WRAPPED.pattern}|(?!")[^\t\n]*)(\t|\n|\Z)')
_CUT: Final = 50
"""Lines of a row that may be cut off."""
_IN_NAMES: Final = " _-.()[]{}?!'\"¿¡"
"""Signs that the name of a column may well have."""
_MANY: Final = 3
"""Rows that have the same number of commas by design rather than by chance."""


@dataclass(frozen=True)
class Dialect:
    """How a table is written."""

    delimiter: str
    """Character that parts fields."""
    quoted: bool = True
    """Whether fields may be quoted; otherwise a quote is a character like others."""
    spaced: bool = False
    """Whether spaces follow each delimiter, which belong to no field."""
    sure: bool = True
    """Whether the first rows show that quotes are characters; otherwise the next ones still may show the contrary."""

    @property
    def said(self) -> str:
        """The delimiter as the user is told it."""
        return f"delimiter {written(self.delimiter)}" + (" and spaces" if self.spaced else "")

    def rows(self, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
        """Yield each row with the number of its last line; a blank line is a row without fields.

        Raises:
            csv.Error: quotes do not match, or a field is over 1 MiB.
        """
        if not self.quoted:
            for number, line in enumerate(lines, 1):
                yield number, line.split(self.delimiter) if line else []
            return
        csv.field_size_limit(max(_FIELD, csv.field_size_limit()))
        escaped = False

        def ended() -> Iterator[str]:
            nonlocal escaped
            for line in lines:
                escaped |= '\\"' in line and '\\""' not in line
                yield line + "\n"

        reader = csv.reader(ended(), delimiter=self.delimiter, skipinitialspace=self.spaced, strict=True)
        for row in reader:
            if escaped and any('\\"' in field for field in row):
                # A backslash before a quote that is not doubled: another way to write quotes than that of CSV.
                raise csv.Error("a quote is escaped by a backslash; write it twice instead")
            escaped = False
            yield reader.line_num, row


def written(delimiter: str) -> str:
    """Return a delimiter as a user reads and writes it."""
    known = _WRITTEN.get(delimiter, delimiter)
    return known if known.isprintable() else repr(delimiter)


def delimiter_line(line: str) -> str | None:
    """Return the delimiter that a line such as ``sep=;`` of Excel names, or None if it is no such line."""
    found = _EXCEL.fullmatch(line)
    return found[1] if found else None


def tell_dialect(
    lines: Sequence[str], name: str, column: str | None, given: str | None, *, tabs: bool, plain: bool
) -> Dialect:
    """Tell how a table is written.

    Args:
        lines: its header and first rows; the last one need not be whole.
        name: the table in messages.
        column: the column that the user asks for.
        given: the delimiter, if it is known.
        tabs: whether it is TSV, where a tab comes first and quotes are usually characters.
        plain: whether quotes in TSV are characters for certain.

    Raises:
        CorpusError: it can be read in two ways, or visibly has another delimiter; it says which.
    """
    head = lines[:_HEAD]
    delimiter = given or _delimiter(head, name, column, tabs=tabs)
    if tabs and delimiter == "\t":
        return Dialect("\t", quoted=False) if plain else _tab_dialect(head, name)
    dialect = _spaced(head, Dialect(delimiter))
    if given is not None and column is None:
        header = _header(head, dialect)
        others = [mark for mark in DELIMITERS if len(_header(head, Dialect(mark))) > 1]
        if len(header) == 1 and others:
            raise CorpusError(
                f"{name}: {written(given)} parts nothing in its header {shown(header[0])}, and {written(others[0])} would; "
                f"give that as `delimiter`, or name the column as `column`"
            )
    return dialect


def _delimiter(head: Sequence[str], name: str, column: str | None, *, tabs: bool) -> str:
    if tabs and "\t" in head[0]:
        return "\t"
    default = "\t" if tabs else ","
    parting = {mark: _spaced(head, Dialect(mark)) for mark in DELIMITERS}
    parting = {mark: one for mark, one in parting.items() if len(_header(head, one)) > 1}
    fitting = {mark: one for mark, one in parting.items() if _agrees(head, one)}
    if len(fitting) > 1:
        headers = {mark: _header(head, one) for mark, one in fitting.items()}
        chosen = [mark for mark, header in headers.items() if could_choose(header, column)]
        if len(chosen) == 1:
            return chosen[0]
        ways = " or ".join(f"by {written(mark)} ({listing(header)})" for mark, header in headers.items())
        raise CorpusError(f"{name}: its columns can be parted {ways}; give the `delimiter`")
    for some in (fitting, parting):
        if some:
            # Of those that fit no row: reading by it tells the row.
            return default if default in some else next(iter(some))
    _refuse_unknown(head, name, tabs=tabs)
    return default


def fits(head: Sequence[str], delimiter: str) -> bool:
    """Tell whether a delimiter parts all rows alike, below names one of which is that of a column read by default."""
    dialect = Dialect(delimiter)
    header = _header(head, dialect)
    words = all(len(field.split()) < 2 for field in header)
    return words and len(header) > 1 and could_choose(header, None) and _agrees(head, dialect)


def _header(head: Sequence[str], dialect: Dialect) -> list[str]:
    """Return the fields of the first row; none if its quotes do not match."""
    try:
        return next((row for _, row in dialect.rows(head)), [])
    except csv.Error:
        return []


def _agrees(head: Sequence[str], dialect: Dialect) -> bool:
    """Tell whether all rows have the header's number of fields; the last one may be cut off."""
    width = 0
    try:
        for _, row in dialect.rows(head):
            width = width or len(row)
            if row and len(row) != width:
                return False
    except csv.Error as error:
        return width > 0 and "unexpected end" in str(error)
    return True


def _spaced(head: Sequence[str], dialect: Dialect) -> Dialect:
    """Return the dialect, with spaces after delimiters if there is one after each."""
    header = _header(head, dialect)
    if len(header) < 2 or not all(field.startswith(" ") for field in header[1:]):
        return dialect
    # With a space before its quotes a field is not quoted, so that the rows may not agree.
    if _agrees(head, dialect) and any(
        field and not field.startswith(" ")
        for _, row in islice(dialect.rows(head), 1, None)
        for field in row[1:]
    ):
        return dialect
    return Dialect(dialect.delimiter, spaced=True)


def _refuse_unknown(head: Sequence[str], name: str, *, tabs: bool) -> None:
    """Raise :class:`CorpusError` if a table of one column looks like one of several.

    That is, if a sign of the header stands in all rows, or the rows are parted and the header is not.
    """
    header, rows = head[0], [line for line in head[1:] if line]
    if not rows:
        return
    for mark in dict.fromkeys(header):
        if mark.isalnum() or mark in _IN_NAMES:
            continue
        counts = {row.count(mark) for row in rows}
        if (len(counts) == 1 and counts != {0}) or any(map(is_near, header.split(mark))):
            raise CorpusError(
                f"{name}: its header {shown(header)} looks parted by {written(mark)}; give that as `delimiter`, or "
                "name the column as `column`"
            )
    if is_near(header.strip('"')):
        return
    for mark in DELIMITERS if tabs else DELIMITERS[1:]:
        # A blank line follows a title, seldom the name of a column.
        enough = 1 if not head[1] else _MANY if mark == "," else 2
        if len(rows) >= enough and len(_header(rows, Dialect(mark))) > 1 and _agrees(rows, Dialect(mark)):
            raise CorpusError(
                f"{name}: its first line {shown(header)} is one name, and the rows look parted by {written(mark)}; put the "
                "header first, or give the `delimiter`"
            )


def _tab_dialect(head: Sequence[str], name: str) -> Dialect:
    """Tell whether a table parted by tabs quotes fields, as spreadsheets and pandas do, or has quotes as characters.

    Raises:
        CorpusError: both are possible, and would give other sentences.
    """
    plain = Dialect("\t", quoted=False)
    quotes = [line for line in head if '"' in line]
    if any('\\"' in line for line in quotes) and all(map(_escaped, quotes)):
        raise CorpusError(
            f"{name}: a backslash stands before each quote; give `format=tsv` if it belongs to the sentence, or else "
            "write the quotes without"
        )
    if not any('"' in line for line in head):
        return Dialect("\t", quoted=False, sure=False)
    fields = _quoted_fields("\n".join(head))
    if fields is None or not _ruled(fields):
        return plain
    wrapped = [text for row in fields for text in row if text.startswith('"')]
    if not wrapped:
        return plain
    agrees = len({len(row) for row in fields if row != [""]}) == 1
    if not _agrees(head, plain):
        return Dialect("\t") if agrees else plain
    if not agrees:
        return plain
    if any(field.startswith('"') for field in fields[0]) or any('""' in text[1:-1] for text in wrapped):
        return Dialect("\t")
    raise CorpusError(
        f"{name}: {shown(wrapped[0])} may be a sentence in quotes, or a quoted field; give `format=tsv` if its quotes "
        "belong to the sentences, or else `format=csv`"
    )


def _escaped(line: str) -> bool:
    """Tell whether each quote of a line has a backslash before it, or is the first or last sign of a field."""
    fields = (field.replace('\\"', "") for field in line.split("\t"))
    return not any('"' in field.removeprefix('"').removesuffix('"') for field in fields)


def _quoted_fields(text: str) -> list[list[str]] | None:
    """Return the fields of each row with their quotes, or None if a field begins with a quote that is not its last."""
    rows: list[list[str]] = [[]]
    at = 0
    while found := _TAB_FIELD.match(text, at):
        rows[-1].append(found[1])
        if not found[2]:
            return rows
        if found[2] == "\n":
            rows.append([])
        at = found.end()
    # An open quote near the end may be that of a row that was cut off.
    cut = text.count("\n", at) < _CUT and _WRAPPED.match(text, at) is None
    return rows[:-1] if cut and len(rows) > 1 else None


def _ruled(fields: list[list[str]]) -> bool:
    """Tell whether a rule explains which fields are quoted.

    Writers quote what needs it, what holds a comma or another delimiter too, or all fields of a column.
    """
    for column in zip(*(row for row in fields[1:] if len(row) == len(fields[0])), strict=True):
        filled = [text for text in column if text not in ("", '""')]
        quoted = [text.startswith('"') for text in filled]
        rules = ("", *('\t\n\r"' + mark for mark in DELIMITERS))
        inner = [text[1:-1] if is_quoted else text for text, is_quoted in zip(filled, quoted, strict=True)]
        explained = [[any(mark in text for mark in rule) or not rule for text in inner] for rule in rules]
        if quoted not in explained:
            return False
    return True


class LateQuotes:
    """A watch over the rows of a table that has shown no quote yet, and so may still turn out to quote fields.

    Args:
        head: its first lines.
        name: the table in messages.
    """

    def __init__(self, head: Sequence[str], name: str) -> None:
        self._commas = any("," in line for line in head[1:])
        self._name = name
        self._settled = False

    def over(self, lines: Iterable[str]) -> Iterator[str]:
        """Yield lines that are watched.

        Raises:
            CorpusError: one looks quoted.
        """
        for number, line in enumerate(lines, 1):
            if not self._settled:
                self._see(line, number)
            yield line

    def _see(self, line: str, number: int) -> None:
        if '"' not in line:
            return
        fields = [field for field in line.split("\t") if '"' in field]
        if '\\"' in line:
            doubted = _escaped(line)
        elif all(_WRAPPED.fullmatch(field) for field in fields):
            doubled = any('""' in field[1:-1] for field in fields)
            doubted = doubled or (not self._commas and any("," in field for field in fields))
        else:
            doubted = "\t" not in line and line.startswith('"') and line.count('"') % 2 == 1
        if doubted:
            raise CorpusError(
                f"{self._name}: line {number} may hold quotes of the sentence, or a quoted field; give `format=tsv` if "
                "its quotes belong to the sentences, or else `format=csv`"
            )
        self._settled = True
