"""Files of series that are written: read again, and refused before the work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from textrae import SeriesFormat
from textrae.errors import RunError, SeriesError
from textrae.series.data import Series
from textrae.series.reading import read_series
from textrae.series.writing import check_ending, check_place, csv_lines, write_series


@pytest.mark.parametrize("ending", [".csv", ".npy", ".parquet"])
def test_what_is_written_is_read_again(tmp_path: Path, ending: str) -> None:
    text = tmp_path / "a.txt"
    text.write_text("x 1.5 -2 3 4\ny 5 6.25 7 8\n")
    format = SeriesFormat(layout="rows", labels=True, frame=2)
    series = read_series(text, format)
    plain = SeriesFormat(layout="rows", frame=2)
    for given, how in ((series, plain), (series, SeriesFormat())):
        given.labels = []
        write_series(tmp_path / f"b{ending}", given, how)
        again = read_series(tmp_path / f"b{ending}", how)
        np.testing.assert_array_equal(again.values, series.values)
    with pytest.raises(SeriesError, match=r"\.csv, \.npy, \.parquet"):
        write_series(tmp_path / "b.xls", series, format)


def test_lengths_that_differ_make_no_array(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("1 2\n3 4\n\n5 6\n")
    series = read_series(text)
    with pytest.raises(
        SeriesError, match=r"sequences of 1 to 2 steps make no array; give \.csv or \.parquet"
    ):
        write_series(tmp_path / "b.npy", series, SeriesFormat())
    write_series(tmp_path / "b.csv", series, SeriesFormat())
    assert (tmp_path / "b.csv").read_text() == "1,2\n3,4\n\n5,6\n"


def test_labels_stand_before_their_rows() -> None:
    series = Series([np.array([[1.5], [2]]), np.array([[1 / 3]])], ["a", "b"])
    lines = list(csv_lines(series, SeriesFormat(layout="rows", labels=True)))
    assert lines == ["a,1.5,2\n", "b,0.333333333\n"]


def test_a_place_is_refused_before_the_work(tmp_path: Path) -> None:
    series = Series([np.ones((2, 1))])
    check_place(tmp_path / "a.npy", series)
    for place in (tmp_path / "none" / "a.csv", tmp_path / "folder.csv"):
        (tmp_path / "folder.csv").mkdir(exist_ok=True)
        with pytest.raises(RunError, match="no file can be written there"):
            check_place(place, series)
    with pytest.raises(SeriesError, match="give one of these endings"):
        check_ending(tmp_path / "a.txt")
    assert not (tmp_path / "a.npy").exists()
