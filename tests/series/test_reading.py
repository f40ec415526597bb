"""Text files of series: how they are read, and how what is wrong is named with its line."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from textrae import SeriesFormat
from textrae.errors import SeriesError
from textrae.series.reading import read_all, read_series

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
        (b"1,2\n3,nan\n", "line 2, column 2: 'nan' is not a finite number"),
        (b"1,2\n\n-Infinity,4\n", "line 3, column 1: '-Infinity' is not a finite number"),
        (b"1,2\n3,1e999\n", "line 2, column 2: '1e999' is beyond float32"),
        (b"1,2\n3\n", "line 2: 1 numbers where the lines before have 2"),
        (b"1,2\n\n3,4,5\n", "line 3: 3 numbers where the lines before have 2"),
        (b"x,y\n1,2\n", "line 1, column 1: 'x' is not a number"),
        (b"1;2\n3;4,5\n", "line 2, column 2: '4,5' is not a number"),
        (b"1,2\n3,\n", "line 2, column 2: '' is not a number"),
        (b"1 2\n3 1_0\n", "line 2, column 2: '1_0' is not a number"),
        ("1 2\n3 １\n".encode(), "line 2, column 2: '１' is not a number"),
        (b"1 2\n\xff\xfe 1\n", "line 2: not text"),
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


def test_a_hyphen_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"1 2\n3 4\n")))
    assert [values.tolist() for values in read_series("-").values] == [[[1, 2], [3, 4]]]


def test_several_files_are_read_in_order(tmp_path: Path) -> None:
    for name, content in (("a", "x,1,2\n"), ("b", "y,3,4\nz,5\n")):
        (tmp_path / f"{name}.csv").write_text(content)
    whole = read_all([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], LABELLED)
    assert whole.labels == ["x", "y", "z"]
    np.testing.assert_array_equal(np.concatenate(whole.values).ravel(), [1, 2, 3, 4, 5])


def test_files_are_of_one_width(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2\n")
    (tmp_path / "b.csv").write_text("1,2,3\n")
    with pytest.raises(SeriesError, match=r"b\.csv: 3 dimensions a time step instead of 2"):
        read_all([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], SeriesFormat())
    with pytest.raises(SeriesError, match="no such file"):
        read_series(tmp_path / "none.csv")
