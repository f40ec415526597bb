"""Text files of series: how they are read, and how what is wrong is named with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from textrae import SeriesFormat
from textrae.errors import SeriesError
from textrae.series.reading import read_series

LABELLED = SeriesFormat(layout="rows", labels=True)


@pytest.mark.parametrize("separator", [",", ";", "\t", " ", " , ", "   "])
def test_text_has_a_step_a_row_and_blank_lines_between(tmp_path: Path, separator: str) -> None:
    rows = [["1", "-2.5"], ["3e-1", "+4"], [], ["5.", ".5"], [], [], ["6", "7"], ["8", "9"]]
    path = tmp_path / "series.csv"
    path.write_bytes(b"\n" + "\r\n".join(separator.join(row) for row in rows).encode())
    series = read_series(path)
    expected = [[[1, -2.5], [0.3, 4]], [[5, 0.5]], [[6, 7], [8, 9]]]
    assert [values.tolist() for values in series.values] == expected
    assert series.labels == []


def test_rows_are_whole_sequences_with_labels_and_frames(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_text("\ufeffnormal,1,2,3,4\n\nodd,5,6\n", encoding="utf-8")
    series = read_series(path, LABELLED)
    assert series.labels == ["normal", "odd"]
    assert [values.tolist() for values in series.values] == [[[1], [2], [3], [4]], [[5], [6]]]
    framed = read_series(path, SeriesFormat(layout="rows", labels=True, frame=2))
    assert [values.tolist() for values in framed.values] == [[[1, 2], [3, 4]], [[5, 6]]]
    with pytest.raises(SeriesError, match=r"line 1: 4 numbers do not divide into frames of 3"):
        read_series(path, SeriesFormat(layout="rows", labels=True, frame=3))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"1.5,2\n3,nan\n", "line 2, column 2: a gap ('nan'); fill it, or give `missing=drop`"),
        (b"a,b\n1.5,2\n3,\n", "line 3, column 2 ('b'): a gap ('')"),
        (b"1.5,2\n\n-Infinity,4\n", "line 3, column 1: '-Infinity' is not a finite number"),
        (b"1.5,2\n3,1e999\n", "line 2, column 2: '1e999' is beyond float32"),
        (b"1,2,3\n3\n", "line 2: 1 columns where the lines before have 3"),
        (b"1.5,2\n\n3,4,5\n", "line 3: 3 columns where the lines before have 2"),
        (b"a,b\n1.5,2\n1,x\n", "line 3, column 2 ('b'): 'x' is not a number"),
        (b"day;a\n2024-03-01;1\n", "column 'day' holds no number ('2024-03-01'); give `columns=a`"),
        (b"2024-03-01;1\n", "column 1 holds no number ('2024-03-01'); give `columns=2`"),
        (b"x,y\nu,v\n", "column 'x' holds no number ('u'); give rows of numbers"),
        (
            b",a,b\n0,1.5,2\n",
            "column 1 has no name (it may number the rows); choose with `columns` from 'a', 'b'",
        ),
        (b"a,a\n1.5,2\n", "columns 1 and 2 are all named 'a'; choose by number"),
        (b'a,b\n1,"2\n', "unexpected end of data; check its quotes"),
        (b"1;2\n" * 1000 + b"3;4,5\n", "line 1001, column 2: '4,5' is not a number; give `decimal=comma`"),
        (b"1;2;\n3;4;\n" * 500 + b"5;6;7\n", "line 1001, column 3: '7' in a column without a name"),
        (b"1 2\n3 1_0\n", "line 2, column 2: '1_0' is not a number"),
        ("1 2\n3 １\n".encode(), "line 2, column 2: '１' is not a number"),
        (b"1 2\n\xff\xfe 1\n", "line 2: not text in UTF-8"),
        (b"", "no sequence in it"),
        (b"\n \n", "no sequence in it"),
    ],
)
def test_what_is_wrong_with_a_text_is_named_with_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(SeriesError) as caught:
        read_series(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_what_is_wrong_with_labelled_rows_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("a,1,2\nb,3,inf\n")
    with pytest.raises(SeriesError, match=r"bad.csv, line 2, column 3: 'inf' is not a finite number"):
        read_series(path, LABELLED)
    path.write_text("a,1,2\nb\n")
    with pytest.raises(SeriesError, match=r"bad.csv, line 2: a label and no number"):
        read_series(path, LABELLED)


def read(tmp_path: Path, content: str, **format: Any) -> Any:
    path = tmp_path / "series.csv"
    path.write_text(content, encoding="utf-8")
    return read_series(path, SeriesFormat(**format))


def test_a_header_is_a_header(tmp_path: Path) -> None:
    series = read(tmp_path, "a,b\n0.5,1\n0.25,2\n\n3,4\n")
    assert series.names == ("a", "b")
    assert [values.tolist() for values in series.values] == [[[0.5, 1], [0.25, 2]], [[3, 4]]]
    assert series.notes[0].endswith("series.csv: parted by commas; columns a, b")


@pytest.mark.parametrize("wanted", ["b,a", "3,a", ("b", "a"), [3, 2]])
def test_columns_are_chosen_by_name_or_number(tmp_path: Path, wanted: object) -> None:
    series = read(tmp_path, "day;a;b\n2024-03-01;0,5;1\n2024-03-02;;2\n", columns=wanted, missing="drop")
    assert series.names == ("b", "a")
    assert series.values[0].tolist() == [[1, 0.5]]
    assert [note.split(": ", 1)[1] for note in series.notes] == [
        "parted by semicolons, decimal commas; 2 of 3 columns: b, a",
        "1 of 2 steps had a gap and were left out",
    ]
    with pytest.raises(SeriesError, match="no column 'c'; it has 'a', 'b'"):
        read(tmp_path, "a,b\n1.5,2\n", columns="c")
    with pytest.raises(SeriesError, match="`columns` names a column twice"):
        read(tmp_path, "a,b\n1.5,2\n", columns="a,1")


def test_what_other_programs_put_around_a_table(tmp_path: Path) -> None:
    assert read(tmp_path, "sep=;\na;b\n1,5;2\n").values[0].tolist() == [[1.5, 2]]
    assert read(tmp_path, "# a b\n1 2\n").names == ("a", "b")
    assert read(tmp_path, "a;b;\n1;2;\n3;4;\n").values[0].tolist() == [[1, 2], [3, 4]]
    assert read(tmp_path, '"a, in °C";b\n"1,5";2\n').names == ("a, in °C", "b")
    assert read(tmp_path, "label,t0,t1\nodd,1,2\n", layout="rows", labels=True).labels == ["odd"]


def test_a_gap_in_the_only_column_is_two_quotes(tmp_path: Path) -> None:
    assert [len(values) for values in read(tmp_path, "a\n1\n\n3\n").values] == [1, 1]
    filled = read(tmp_path, 'a\n1\n""\n3\n', missing="interpolate")
    assert [values.tolist() for values in filled.values] == [[[1], [2], [3]]]


TABLE = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(
            st.lists(
                st.none() | st.integers(-3000, 3000) | st.floats(-1e6, 1e6, allow_subnormal=False),
                min_size=width,
                max_size=width,
            ),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=3,
    )
)


@settings(max_examples=100, deadline=None)
@given(
    table=TABLE,
    sign=st.sampled_from([",", ";", "\t", "|", " "]),
    mark=st.sampled_from([".", ","]),
    names=st.sampled_from([None, ["a", "b b", "c;c", "d,d"], ["x", "y", "z", "w"]]),
    day=st.booleans(),
    gap=st.sampled_from(["", "NA", "nan"]),
    spell=st.sampled_from(["{!r}", "{:.3f}", "{:.0f}"]),
)
def test_a_text_is_read_as_it_was_meant_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    table: list[list[list[float | None]]],
    sign: str,
    mark: str,
    names: list[str] | None,
    day: bool,
    gap: str,
    spell: str,
) -> None:
    width, gap = len(table[0][0]), "NA" if sign == " " else gap  # white space parts no empty cells

    def cell(text: str) -> str:
        return f'"{text}"' if sign in text or (mark == "," and "," in text and sign == ",") else text

    # an empty column without a name, which is the last, is what a delimiter at the end of each line leaves
    assume(names is not None or any(step[-1] is not None for steps in table for step in steps))
    lines, meant = [], []
    if names:
        lines.append(sign.join(cell(name) for name in [*(["day"] if day else []), *names[:width]]))
    for number, steps in enumerate(table):
        lines += [""] if number else []
        for step in steps:
            said = ["" if value is None else spell.format(value).replace(".", mark) for value in step]
            meant.append([np.nan if not text else float(text.replace(mark, ".")) for text in said])
            lines.append(
                sign.join([*(["2024-03-01"] if day else []), *(cell(text) if text else gap for text in said)])
            )
    path = tmp_path_factory.getbasetemp() / "meant.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    columns = [str(place + 1 + day) for place in range(width)] if day else None
    series, said = None, ""
    try:
        series = read_series(path, SeriesFormat(columns=columns, missing="drop"))
    except SeriesError as error:
        said = str(error)
    if series is None:
        assert said.startswith(str(path))
        assert "\n" not in said
        return
    kept = [step for step in meant if not np.isnan(step).any()]
    np.testing.assert_array_equal(np.concatenate(series.values), kept)
    assert series.names in ((), tuple(names[:width]) if names else ())


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["ok", "odd", "1", "17", "2,5"]),
            st.lists(st.integers(-300, 300) | st.floats(-1e6, 1e6), min_size=1, max_size=5),
        ),
        min_size=1,
        max_size=4,
    ),
    sign=st.sampled_from([",", ";", "\t", "|", " "]),
    mark=st.sampled_from([".", ","]),
    labels=st.booleans(),
    spell=st.sampled_from(["{!r}", "{:.3f}"]),
)
def test_rows_are_read_as_they_were_meant_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, list[float]]],
    sign: str,
    mark: str,
    labels: bool,
    spell: str,
) -> None:
    lines, meant = [], []
    for label, values in rows:
        said = [spell.format(value).replace(".", mark) for value in values]
        meant.append([float(text.replace(mark, ".")) for text in said])
        cells = [*([label] if labels else []), *said]
        lines.append(sign.join(f'"{cell}"' if sign in cell else cell for cell in cells))
    path = tmp_path_factory.getbasetemp() / "rows.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    series, said_wrong = None, ""
    try:
        series = read_series(path, SeriesFormat(layout="rows", labels=labels))
    except SeriesError as error:
        said_wrong = str(error)
    if series is None:
        assert said_wrong.startswith(str(path))
        assert "\n" not in said_wrong
        return
    assert [values.ravel().tolist() for values in series.values] == meant
    assert series.labels == ([label for label, _ in rows] if labels else [])
