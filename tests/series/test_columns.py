"""Columns of a table of numbers, by name and by number."""

from __future__ import annotations

import pytest

from textrae import SeriesFormat
from textrae.errors import SeriesError
from textrae.series.columns import choose, joined, kept_names, listed

NAMES = ("day", "a", "2", "a")


@pytest.mark.parametrize(
    ("names", "width", "wanted", "known", "places"),
    [
        ((), 3, None, (), [0, 1, 2]),
        ((), 3, None, None, [0, 1, 2]),
        ((), 2, ("3", "2"), (), [0, 1]),  # what a run that knows no names wrote itself
        ((), 3, ("3", "2"), (), [2, 1]),
        ((), 2, ("2", "1"), None, [1, 0]),
        (("a", "b"), 2, None, (), [0, 1]),
        (NAMES, 4, ("day", "4"), (), [0, 3]),
        (NAMES, 4, ("2",), (), [2]),  # a name before a number
        (("b", "x", "a"), 3, None, ("a", "b"), [2, 0]),
        (("b", "x", "a"), 3, ("x",), ("a", "b"), [2, 0]),
        ((), 2, ("a", "b"), ("a", "b"), [0, 1]),
        ((), 3, ("3", "1"), ("a", "b"), [2, 0]),
    ],
)
def test_columns_are_found(
    names: tuple[str, ...],
    width: int,
    wanted: tuple[str, ...] | None,
    known: tuple[str, ...],
    places: list[int],
) -> None:
    assert choose("f", names, width, wanted, known) == places


@pytest.mark.parametrize(
    ("names", "wanted", "known", "said"),
    [
        (NAMES, ("a",), (), "columns 2 and 4 are all named 'a'"),
        (NAMES, None, (), "columns 2 and 4 are all named 'a'"),
        (NAMES, ("5",), (), "no column '5'; it has 'day', 'a', '2', 'a'"),
        (NAMES, ("0",), (), "no column '0'"),
        (NAMES, ("day", "1"), (), "names a column twice"),
        ((), ("b",), (), "no column 'b'; it has 4 without names: give numbers from 1"),
        (("", "a", "b", "c"), None, (), "column 1 has no name"),
        (("x", "a", "b", "c"), None, ("y",), "no column 'y', which the model reads"),
    ],
)
def test_columns_that_are_not_there_are_refused(
    names: tuple[str, ...], wanted: tuple[str, ...] | None, known: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SeriesError, match=said):
        choose("f", names, 4, wanted, known)


def test_names_are_kept_if_each_is_its_own() -> None:
    assert kept_names(NAMES, [1, 0]) == ("a", "day")
    assert kept_names(NAMES, [1, 3]) == ()
    assert kept_names((), [0]) == ()
    assert kept_names(("", "a"), [0, 1]) == ()


def test_long_lists_are_short_in_messages() -> None:
    assert listed([str(n) for n in range(14)]).endswith("'11' and 2 more")
    assert len(listed(["x" * 99])) == 32


def test_names_are_joined_as_the_setting_takes_them() -> None:
    names = ("a", "temp, in °C", 'b "x"')
    assert SeriesFormat(columns=joined(names)).columns == names  # type: ignore[arg-type]
