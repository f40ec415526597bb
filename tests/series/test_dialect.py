"""How a text is to be read is told from its first rows, or refused with both readings."""

from __future__ import annotations

from typing import Any

import pytest

from textrae import SeriesFormat
from textrae.errors import SeriesError
from textrae.series.dialect import is_gap, is_name, plain_number, sample, tell


def told(text: str, **format: Any) -> tuple[str, str | None, bool]:
    dialect = tell("f", text.split("\n"), SeriesFormat(**format))
    return dialect.delimiter if dialect.delimiter != "\x1f" else "", dialect.mark, dialect.header


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2,3\n4,5,6", (",", None, False)),
        ("1.5,2\n3,4", (",", ".", False)),
        ("1, 2.5\n3, 4", (",", ".", False)),
        ("1,5;2,5\n3;4", (";", ",", False)),
        ("1.5;2\n3;4", (";", ".", False)),
        ("1,5\t2", ("\t", ",", False)),
        ("a|b\n1|2", ("|", None, True)),
        ("1,5 2,5\n3 4", (" ", ",", False)),
        ("1.5   2\n3 4", (" ", ".", False)),
        ("temp\n1,5\n2", ("", ",", True)),
        ("temp C\n1.5\n2", ("", ".", True)),
        ('"a,b"\n1.5', ("", ".", True)),
        ("a,b\n1,5\n2,7", (",", None, True)),
        ("2024-03-01 10:00;0,143", (";", ",", False)),
        ("2024-03-01 10:00,1.5", (",", ".", False)),
        ("01.03.2024;12:30:05;1,5", (";", ",", False)),
        ("day;a\n01.03.2024;1,5", (";", ",", True)),
        ("NA;1\n2;3", (";", None, False)),
        (",0,1\n0,1.5,2", (",", ".", True)),
        ("1,0,2\n\n0,1,4", (",", None, False)),
        ("0,143;1\n1,500;2", (";", ",", False)),
        ('"1,5","2,25"', (",", ",", False)),
    ],
)
def test_what_is_clear_is_told(text: str, expected: tuple[str, str | None, bool]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "said", "settings"),
    [
        (
            "1,5\n2,7",
            "two ways, parted by commas, or one column, decimal commas; give `delimiter=comma` or `decimal=comma`",
            {"delimiter=comma": (",", None, False), "decimal=comma": ("", ",", False)},
        ),
        (
            "1,5\n2",
            "'1,5' may be one number or two columns",
            {"delimiter=comma": (",", None, False), "decimal=comma": ("", ",", False)},
        ),
        (
            "1,2,05\n1,3,10",
            "'2,05' may be a number with a decimal comma or two columns",
            {"delimiter=comma": (",", None, False)},
        ),
        (
            "1.5;2,5",
            "give `decimal=point` or `decimal=comma`",
            {"decimal=point": (";", ".", False), "decimal=comma": (";", ",", False)},
        ),
        (
            "1,500;2,300",
            "'1,500' may be a decimal comma or thousands; give `decimal=comma`",
            {"decimal=comma": (";", ",", False)},
        ),
        (
            "0,1,2\n5.5,7,8",
            "its first row, 0,1,2, may be names of columns or numbers; give `header=True` or `header=False`",
            {"header=True": (",", ".", True), "header=False": (",", ".", False)},
        ),
        (
            "sensor 1,5\nsensor 1,7",
            "may be read in two ways",
            {"delimiter=comma": (",", None, False), "delimiter=space": (" ", ",", False)},
        ),
    ],
)
def test_what_may_be_read_in_two_ways_is_refused_and_the_settings_choose(
    text: str, said: str, settings: dict[str, tuple[str, str | None, bool]]
) -> None:
    with pytest.raises(SeriesError) as caught:
        told(text)
    assert said in str(caught.value)
    for setting, expected in settings.items():
        name, value = setting.split("=")
        assert told(text, **{name: {"True": True, "False": False}.get(value, value)}) == expected


def test_gaps_names_and_numbers() -> None:
    assert all(map(is_gap, ("", "NaN", "NA", "n/a", "null", "None", "-", "?")))
    assert not any(map(is_gap, ("0", "--", "inf", "x")))
    assert [is_name(text) for text in ("a", "1", "1,5", "2024-03-01", "nan", "a1")] == [
        True,
        *[False] * 4,
        True,
    ]
    assert [plain_number(text) for text in ("1.5", "-2e3", "1,5", "x", "1e999", "")] == [
        1.5,
        -2000,
        *[None] * 4,
    ]


def test_a_sample_is_bounded() -> None:
    assert len(sample(iter(["1"] * 2000))) == 1000
    assert len(sample(iter(["1" * 2**20] * 20))) == 5
