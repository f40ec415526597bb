"""Files of series of every kind: how they are found, joined and made one width."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from textrae import SeriesFormat
from textrae.errors import SeriesError
from textrae.series.reading import inherited, read_all, read_series

LABELLED = SeriesFormat(layout="rows", labels=True)


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
    (tmp_path / "a.csv").write_text("1.5,2\n")
    (tmp_path / "b.csv").write_text("1,2,3\n")
    with pytest.raises(SeriesError, match=r"b\.csv: 3 dimensions a time step instead of 2"):
        read_all([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], SeriesFormat())
    with pytest.raises(SeriesError, match="no such file"):
        read_series(tmp_path / "none.csv")


def test_columns_of_a_run_are_found_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("b;day;a\n1;mo;2,5\n3;tu;4\n")
    assert read_series(path, None, 2, ("a", "b")).values[0].tolist() == [[2.5, 1], [4, 3]]
    with pytest.raises(SeriesError, match="no column 'c', which the model reads; it has 'b', 'day', 'a'"):
        read_series(path, None, 1, ("c",))
    path.write_text("1;2,5\n3;4\n")
    series = read_series(path, None, 2, ("a", "b"))
    assert series.values[0].tolist() == [[1, 2.5], [3, 4]]
    assert "no names of columns; they are taken for a, b, in this order" in series.notes[-1]


def test_files_with_other_orders_of_columns_are_joined_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2.5\n")
    (tmp_path / "b.csv").write_text("b,a\n1,2.5\n")
    whole = read_all([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], SeriesFormat())
    assert [values.tolist() for values in whole.values] == [[[1, 2.5]], [[2.5, 1]]]
    assert whole.names == ("a", "b")


def test_windows_of_several_files_are_of_several_sequences(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("1\n2\n3\n4\n\n5\n6\n")
    whole = read_all([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], SeriesFormat(window=2))
    assert [(one.sequence, one.start) for one in whole.windows] == [
        (0, 0),
        (0, 2),
        (1, 0),
        (2, 0),
        (2, 2),
        (3, 0),
    ]


def test_a_format_of_text_holds_for_other_files_without_what_only_text_has() -> None:
    format = SeriesFormat(delimiter=";", decimal="comma", header=True, window=3)
    assert inherited(format, "a.npy") == SeriesFormat(window=3)
    assert inherited(format, "a.csv") == format
