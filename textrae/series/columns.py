"""Choose the columns of a table of numbers, by their names or their numbers."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from textrae.errors import SeriesError

_SHOWN = 12
"""Names that a message lists at most."""


def choose(
    where: str,
    names: Sequence[str],
    width: int,
    wanted: Sequence[str] | None,
    known: Sequence[str] | None = None,
) -> list[int]:
    """Return the places of the columns to read, from 0.

    Args:
        where: the file, for messages.
        names: names of its columns; empty where it has none.
        width: its columns.
        wanted: columns that the user asks for, by name or by number from 1; None for all.
        known: names of the columns that a run was trained on, which are taken in their order wherever they stand; none
            where it knows no names, and has `wanted` from its own file. None without a run.

    Raises:
        SeriesError: there is no such column, two have its name, or one has none and was not asked for by number.
    """
    if known and names:
        if missing := [name for name in known if name not in names]:
            raise SeriesError(
                f"{where}: no column {missing[0]!r}, which the model reads; it has {listed(names)}; choose with `columns`"
            )
        return [_named(where, names, name) for name in known]
    if known is not None and width == len(known or wanted or ()):
        return list(range(width))
    if wanted is not None:
        places = [_wanted(where, names, width, one) for one in wanted]
        if len(set(places)) < len(places):
            raise SeriesError(f"{where}: `columns` names a column twice; leave one out")
        return places
    for place, name in enumerate(names):
        if not name:
            raise SeriesError(
                f"{where}: column {place + 1} has no name (it may number the rows); choose with `columns` from {listed([one for one in names if one])}"
            )
        _named(where, names, name)
    return list(range(width))


def _wanted(where: str, names: Sequence[str], width: int, one: str) -> int:
    """Return the place of a column that was asked for; a name comes before a number."""
    if one in names:
        return _named(where, names, one)
    if one.isascii() and one.isdigit() and 1 <= int(one) <= width:
        return int(one) - 1
    has = listed(names) if names else f"{width} without names: give numbers from 1"
    raise SeriesError(f"{where}: no column {one!r}; it has {has}")


def _named(where: str, names: Sequence[str], name: str) -> int:
    places = [place for place, each in enumerate(names) if each == name]
    if len(places) > 1:
        numbers = " and ".join(str(place + 1) for place in places)
        raise SeriesError(
            f"{where}: columns {numbers} are all named {name!r}; choose by number with `columns`"
        )
    return places[0]


def listed(names: Sequence[str]) -> str:
    """Return names for a message, a dozen at most."""
    shown = ", ".join(repr(name if len(name) <= 30 else name[:29] + "…") for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def joined(names: Sequence[str]) -> str:
    """Return names as the setting `columns` takes them, joined by commas; one with a comma in it is in quotes."""
    out = StringIO()
    csv.writer(out, lineterminator="").writerow(names)
    return out.getvalue()


def kept_names(names: Sequence[str], places: Sequence[int]) -> tuple[str, ...]:
    """Return the names of the chosen columns; none unless each has one of its own."""
    chosen = tuple(names[place] for place in places) if names else ()
    return chosen if all(chosen) and len(set(chosen)) == len(chosen) else ()
