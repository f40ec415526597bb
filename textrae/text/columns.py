"""Which column of a table holds the sentences: by name, near-miss of a name, number, or path into nested ones."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from textrae.errors import CorpusError

_USUAL: Final = ("text", "sentence")
"""Names of columns that are read unless another is asked for."""
_NUMBER: Final = re.compile(r"[+-]?[0-9]+")
_DIGITS: Final = 9
"""Digits of a number that may be that of a column."""
_INVISIBLE: Final = "\ufeff\u200b\u00a0"


@dataclass(frozen=True)
class Column:
    """A column of a table, or a part of a nested one."""

    name: str
    """Name as the user gives it: the header's, or a path such as ``translation.en``."""
    text: bool
    """Whether it holds text."""
    place: int = 0
    """Place among the columns of the table, from 0."""
    path: tuple[str, ...] = ()
    """Names within the column that lead to a part of it."""
    in_list: bool = False
    """Whether it lies within lists, so that no row has one value."""

    @property
    def whole(self) -> bool:
        """Whether it is a column of the table, not a part of one."""
        return not self.path and not self.in_list


@dataclass(frozen=True)
class Choice:
    """A column that was chosen, and how."""

    column: Column
    """The column that sentences are read from."""
    how: str
    """Why it was chosen, such as ``taken for "text"``; empty if its name says it."""
    named: bool
    """Whether its name is the wanted or a usual one, letter by letter, or its number was given."""

    def said(self, *more: str) -> str:
        """Return a phrase for the user, such as ``column "Text" (taken for "text", delimiter ;)``.

        Args:
            more: what else was decided; empty ones are left out.
        """
        notes = ", ".join(note for note in (self.how, *more) if note)
        return f"column {shown(self.column.name)}" + (f" ({notes})" if notes else "")


def choose_column(
    columns: Sequence[Column], wanted: str | None, where: str, *, numbered: bool = True
) -> Choice:
    """Return the column to read: the wanted one, or else ``text``, ``sentence``, or the only one with text.

    A wanted name may be that of a column, a path into a nested one, or a number from 1. A literal name comes first. A
    name that differs only by capitals or by spaces around it is taken if no other is as near.

    Args:
        columns: columns of the table, and parts of nested ones.
        wanted: what the user asks for.
        where: the table in messages.
        numbered: whether the columns have an order that numbers can go by.

    Raises:
        CorpusError: there is no such column, or none or several that could be meant; it lists what there is.
    """
    if wanted is not None:
        found, how = find_column(columns, wanted, where, numbered=numbered)
    else:
        found, how = _usual(columns, where)
    if not found.text:
        raise CorpusError(
            f"{where}: column {shown(found.name)} holds no text; name one that does, as `column`: {listing(columns)}"
        )
    usual = wanted is not None or found.name in _USUAL
    return Choice(found, how, named=usual and not how.startswith("taken"))


def find_column(
    columns: Sequence[Column], wanted: str, where: str, *, numbered: bool = True
) -> tuple[Column, str]:
    """Return the column that a user names, of whatever kind, and how it was found if not by its name.

    Args:
        columns: columns of the table, and parts of nested ones.
        wanted: what the user asks for.
        where: the table in messages.
        numbered: whether the columns have an order that numbers can go by.

    Raises:
        CorpusError: there is no such column, or several could be meant; it lists what there is.
    """
    for same in (
        [column for column in columns if column.whole and column.name == wanted],
        [column for column in columns if column.path and not column.in_list and column.name == wanted],
    ):
        if len(same) > 1:
            raise CorpusError(_twice(same, where, numbered=numbered))
        if same:
            return same[0], ""
    count = 1 + max((column.place for column in columns), default=-1)
    if _NUMBER.fullmatch(wanted):
        if not numbered:
            raise CorpusError(
                f"{where}: no {wanted!r}; its columns have names only, not numbers; it has {listing(columns)}"
            )
        if not 1 <= _number(wanted) <= count:
            raise CorpusError(
                f"{where}: no column {shorten(wanted)}; columns are numbered from 1, and it has {count}: {listing(columns)}"
            )
        there = [column for column in columns if column.place == _number(wanted) - 1]
        if len(there) > 1 or not there[0].whole:
            raise CorpusError(f"{where}: column {wanted} is nested; name a part of it: {listing(there)}")
        return there[0], f"number {wanted}"
    if any(column.in_list and column.name == wanted for column in columns):
        raise CorpusError(f"{where}: {shown(wanted)} lies in lists, so that a row has no one sentence")
    near = [column for column in columns if _near(column.name) == _near(wanted) and not column.in_list]
    if len(near) != 1:
        few = near or columns
        more = "several are near it" if near else "it has"
        raise CorpusError(
            f"{where}: no column {shorten(wanted)!r}; {more}{':' if near else ''} {listing(few)}"
        )
    return near[0], f"taken for {shown(wanted)}"


def _usual(columns: Sequence[Column], where: str) -> tuple[Column, str]:
    """Return the column that is read if none is named, and how it was found if not by its name."""
    text = [column for column in columns if column.text]
    known = [column for column in columns if column.whole]
    exact, near = (
        {
            usual: [column for column in known if rule(column.name) == usual and _near(column.name) == usual]
            for usual in _USUAL
        }
        for rule in (str, _near)
    )
    for usual in _USUAL:
        if len(exact[usual]) > 1:
            raise CorpusError(_twice(exact[usual], where))
        if exact[usual]:
            return exact[usual][0], ""
        if near[usual]:
            # `Text` beside `sentence`: either may be meant.
            meant = [column for other in _USUAL for column in near[other]]
            if len(meant) > 1:
                raise CorpusError(
                    f"{where}: {listing(meant)} could each be meant; name the column of the sentences, as `column`"
                )
            return meant[0], f"taken for {shown(usual)}"
    if len(text) != 1 or not text[0].whole:
        raise CorpusError(
            f"{where}: name the column of the sentences, as `column`; it has {listing(columns)}"
        )
    return text[0], ""


def _twice(same: Sequence[Column], where: str, *, numbered: bool = True) -> str:
    places = [str(column.place + 1) for column in same]
    which = f"columns {', '.join(places[:-1])} and {places[-1]} have the name {shown(same[0].name)}"
    if not numbered or not all(column.whole for column in same):
        return f"{where}: two columns have the name {shown(same[0].name)}; rename one"
    return f"{where}: {which}; choose one by its number, as in `column={places[-1]}`"


def _number(wanted: str) -> int:
    """Return the number that a user names a column by, or 0 if it is none that a column can have."""
    return int(wanted) if _NUMBER.fullmatch(wanted) and len(wanted) <= _DIGITS else 0


def _near(name: str) -> str:
    """Return what is left of a name without capitals and what stands unseen around it."""
    return name.strip().strip(_INVISIBLE).strip().casefold()


def is_near(name: str, *others: str) -> bool:
    """Tell whether a name differs from one of others at most by capitals and by what stands unseen around it."""
    return _near(name) in map(_near, others or _USUAL)


def could_choose(names: Sequence[str], wanted: str | None) -> bool:
    """Tell whether a header has the wanted column, or one that is read by default."""
    if wanted is None:
        return any(map(is_near, names))
    return _near(wanted) in map(_near, names) or 1 <= _number(wanted) <= len(names)


def listing(columns: Iterable[Column | str]) -> str:
    """Return the first names in quotes, and how many more there are."""
    every = [column if isinstance(column, str) else column.name for column in columns]
    said = ", ".join(repr(shorten(name)) for name in dict.fromkeys(every[:12]))
    return (said or "none") + (f" and {len(every) - 12} more" if len(every) > 12 else "")


def shown(name: str) -> str:
    """Return a name in double quotes, on one line and not too long."""
    return json.dumps(shorten(name), ensure_ascii=not name.isprintable())


def shorten(name: str) -> str:
    """Return a name of at most 30 characters."""
    return name if len(name) <= 30 else name[:29] + "…"


def refuse_repeats(names: Sequence[str], where: str) -> None:
    """Raise :class:`CorpusError` if a name of an object stands twice in it.

    Args:
        names: names of the object, in order.
        where: its line in messages.
    """
    if repeats := [name for name, count in Counter(names).items() if count > 1]:
        raise CorpusError(f"{where}: has {shown(repeats[0])} twice; rename one")
