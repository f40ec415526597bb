"""Columns of a table that are carried along beside its sentences, such as an id or a date."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

from textrae.errors import CorpusError
from textrae.text.columns import Column, find_column, listing

_ENOUGH: Final = 1_000
"""Objects of which one must have a column that is kept."""
_LISTED: Final = 100
"""Columns of an object that a message can name."""
_MISSING: Final = object()


class Kept:
    """Values of some columns, which wait until the vectors of their rows are there.

    Args:
        names: names of the columns, or paths such as ``translation.en``.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._rows: deque[Sequence[Any]] = deque()
        self._blocks: deque[Sequence[Any]] = deque()
        self._unseen, self._objects = set(names), 0
        self._known: dict[str, None] = {}
        self._types: list[Any] = []

    def find(self, columns: Sequence[Column], where: str) -> list[Column]:
        """Return the columns of a table that are kept.

        Args:
            columns: columns of the table, and parts of nested ones.
            where: the table in messages.

        Raises:
            CorpusError: there is no such column, or several could be meant; it lists what there is.
        """
        return [find_column(columns, name, where)[0] for name in self.names]

    def add(self, values: Sequence[Any]) -> None:
        """Keep the values of a row, one for each column."""
        self._rows.append(values)

    def add_block(self, columns: Sequence[Any], where: str) -> None:
        """Keep Arrow arrays of the same rows, one for each column, as they are.

        Args:
            columns: the arrays.
            where: the table in messages.

        Raises:
            CorpusError: a column is of another type than in the tables before.
        """
        types = [column.type for column in columns]
        self._types = self._types or types
        for name, kind, before in zip(self.names, types, self._types, strict=True):
            if kind != before:
                raise CorpusError(
                    f"{where}: column {name!r} is {kind}, and {before} in the files before it; write them with one type"
                )
        self._blocks.append(columns)

    def add_object(self, value: Any, where: str) -> None:
        """Keep the values of an object of JSON; a column that it lacks is a null, and so is everything of a blank line.

        Args:
            value: the object, or None.
            where: its file and line in messages.

        Raises:
            CorpusError: it is no object, or none of the first 1,000 has a column.
        """
        if value is not None and not isinstance(value, dict):
            raise CorpusError(f"{where}: is no object, and has no columns to `keep`; leave `keep` out")
        found = [_part(value or {}, name) for name in self.names]
        self._rows.append([None if part is _MISSING else part for part in found])
        self._objects += value is not None
        if self._unseen:
            self._known.update(dict.fromkeys(islice(value or (), _LISTED)))
            self._unseen -= {
                name for name, part in zip(self.names, found, strict=True) if part is not _MISSING
            }
            if self._objects >= _ENOUGH:
                self.refuse_unseen(where)

    def refuse_unseen(self, where: str) -> None:
        """Raise :class:`CorpusError` if there were objects, and none had a column that is kept.

        Args:
            where: the place in messages.
        """
        for name in self.names:
            if name in self._unseen and self._objects:
                raise CorpusError(
                    f"{where}: no row up to here has a column {name!r} to `keep`; there is {listing(self._known)}"
                )

    def take(self, count: int) -> dict[str, Any]:
        """Return the values of the next rows by column: lists, or Arrow arrays.

        Args:
            count: number of rows; not more than were kept.
        """
        if not self._blocks:
            rows = [self._rows.popleft() for _ in range(count)]
            return {name: [row[place] for row in rows] for place, name in enumerate(self.names)}
        import pyarrow as pa

        parts: list[Sequence[Any]] = []
        while count or not parts:
            block = self._blocks.popleft()
            some = min(count, len(block[0]))
            parts.append([column.slice(0, some) for column in block])
            if some < len(block[0]):
                self._blocks.appendleft([column.slice(some) for column in block])
            count -= some
        return {
            name: pa.concat_arrays([part[place] for part in parts]) for place, name in enumerate(self.names)
        }


def _part(value: Mapping[str, Any], name: str) -> Any:
    """Return what a name may mean in an object: a column, or what dots in it lead to."""
    if name in value:
        return value[name]
    at = name.find(".")
    while at >= 0:
        inner = value.get(name[:at])
        if isinstance(inner, dict):
            found = _part(inner, name[at + 1 :])
            if found is not _MISSING:
                return found
        at = name.find(".", at + 1)
    return _MISSING
