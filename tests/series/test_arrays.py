"""NumPy and Parquet files of series: how they are read and what is refused."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textrae import SeriesFormat
from textrae.errors import SeriesError
from textrae.series.reading import read_series

ROWS = SeriesFormat(layout="rows")
LABELLED = SeriesFormat(layout="rows", labels=True)


@pytest.mark.parametrize(
    ("shape", "format", "expected"),
    [
        ((4, 3, 2), None, (4, (3, 2))),
        ((5, 2), None, (1, (5, 2))),
        ((5,), None, (1, (5, 1))),
        ((4, 6), ROWS, (4, (6, 1))),
        ((4, 6), SeriesFormat(layout="rows", frame=3), (4, (2, 3))),
        ((4, 7), LABELLED, (4, (6, 1))),
    ],
)
def test_arrays(tmp_path: Path, shape: tuple[int, ...], format: SeriesFormat, expected: object) -> None:
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    np.save(tmp_path / "a.npy", array)
    series = read_series(tmp_path / "a.npy", format)
    assert (len(series), series.values[0].shape) == expected
    whole = np.concatenate([values.ravel() for values in series.values])
    np.testing.assert_array_equal(whole, (array[:, 1:] if series.labels else array).ravel())
    assert series.labels == ([str(int(row[0])) for row in array] if format == LABELLED else [])


@pytest.mark.parametrize(
    ("first", "kind", "labels"),
    [
        ([1234560, 1234561], np.int64, ["1234560", "1234561"]),
        ([1234560, 1234561], np.float64, ["1234560", "1234561"]),
        ([2**63 - 1, 2**63 - 2], np.uint64, ["9223372036854775807", "9223372036854775806"]),
        ([0.1, 1 / 3], np.float64, ["0.1", "0.3333333333333333"]),
        ([0.1, -2.5], np.float32, ["0.1", "-2.5"]),
    ],
)
def test_labels_keep_every_digit(tmp_path: Path, first: list[float], kind: type, labels: list[str]) -> None:
    array = np.zeros((2, 4), kind)
    array[:, 0] = first
    np.save(tmp_path / "a.npy", array)
    assert read_series(tmp_path / "a.npy", LABELLED).labels == labels


def test_columns_of_arrays_go_by_number(tmp_path: Path) -> None:
    array = np.arange(12.0).reshape(2, 2, 3)
    np.save(tmp_path / "a.npy", array)
    chosen = read_series(tmp_path / "a.npy", SeriesFormat(columns="3,1"))
    np.testing.assert_array_equal(chosen.values, array[..., [2, 0]])
    with pytest.raises(SeriesError, match="no column '4'; it has 3 without names"):
        read_series(tmp_path / "a.npy", SeriesFormat(columns="4"))
    with pytest.raises(SeriesError, match="`decimal` is for text"):
        read_series(tmp_path / "a.npy", SeriesFormat(decimal="comma"))


def test_parquet_of_columns_is_one_sequence(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"day": ["mo", "tu", "we"], "b": [1, None, 3], "a": [0.5, 1.5, 2.5]}), path)
    series = read_series(path, SeriesFormat(columns="a,b", missing="interpolate"))
    assert series.names == ("a", "b")
    assert series.values[0].tolist() == [[0.5, 1], [1.5, 2], [2.5, 3]]
    again = read_series(path, SeriesFormat(missing="drop"), 2, ("b", "a"))
    assert again.values[0].tolist() == [[1, 0.5], [3, 2.5]]


def test_parquet_has_labels_in_a_column_of_that_name(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = {"label": [1234560, 1234561], "x": [[1.0, 2.0], [3.0]]}
    pq.write_table(pa.table(table), path)
    assert read_series(path, LABELLED).labels == ["1234560", "1234561"]
    pq.write_table(pa.table({"x": table["x"]}), path)
    with pytest.raises(SeriesError, match="no column 'label'; it has 'x'"):
        read_series(path, LABELLED)


def test_a_malformed_header_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    header = b"(" * 9000
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(SeriesError, match="not a readable file of series") as caught:
        read_series(path)
    assert "\n" not in str(caught.value)


def test_parquet_holds_lists_of_numbers_or_of_steps(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    for rows, shapes in (
        ([[1.0, 2.0], [3.0]], [(2, 1), (1, 1)]),
        ([[[1, 2]], [[3, 4], [5, 6]]], [(1, 2), (2, 2)]),
    ):
        pq.write_table(pa.table({"id": [1, 2], "values": rows}), path)
        series = read_series(path)
        assert [values.shape for values in series.values] == shapes
        assert [values.tolist() for values in series.values] == [
            row if len(shape_of[1:]) and shape_of[1] == 2 else [[value] for value in row]
            for row, shape_of in zip(rows, shapes, strict=True)
        ]


def test_arrays_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.npy"
    array = np.ones((3, 4, 2))
    array[2, 1, 0] = np.nan
    for bad, said in (
        (array, "sequence 2 (counted from 0), step 1: a gap (NaN)"),
        (np.ones((2, 2, 2, 2)), "shape (2, 2, 2, 2)"),
        (np.array(["a"]), "other values than numbers"),
        (np.array([True]), "bool of shape (1,)"),
        (np.ones((0, 3, 2)), "no sequence"),
        (np.full((3, 2), 1e300), "step 0: infinity or beyond float32"),
    ):
        np.save(path, bad)
        with pytest.raises(SeriesError) as caught:
            read_series(path)
        assert said in str(caught.value)
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(SeriesError, match="not a readable file of series"):
        read_series(path)
    path.write_bytes(pickle.dumps([1]))
    with pytest.raises(SeriesError, match="not a readable file of series"):
        read_series(path)
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and nothing of it")
    with pytest.raises(SeriesError, match="not a readable file of series"):
        read_series(tmp_path / "bad.parquet")
    np.save(path, np.ones((3, 4, 2)))
    with pytest.raises(SeriesError, match="the layout rows reads"):
        read_series(path, ROWS)
    with pytest.raises(SeriesError, match="2 dimensions a time step instead of 3"):
        read_series(path, dim=3)
    with pytest.raises(SeriesError, match="no such file"):
        read_series(tmp_path / "none.npy")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"a": [[1.0, None]]}, "sequence 0 (counted from 0), step 1: a gap (NaN)"),
        ({"a": [[1.0], None]}, "row 1 (counted from 0): an empty sequence"),
        ({"a": [[[1.0], None]]}, "row 0 (counted from 0): a step is missing"),
        ({"a": [[1.0], [float("inf")]]}, "row 1 (counted from 0), step 0: infinity"),
        ({"a": [[[1.0, 2.0], [3.0]]]}, "row 0 (counted from 0): steps of 1 to 2 dimensions"),
        ({"a": [[[1.0, 2.0]], [[3.0]]]}, "row 1 (counted from 0): 1 dimensions a step"),
        ({"a": [["x"]]}, "row 0 (counted from 0): string"),
        ({"day": ["monday"], "a": [1.0]}, "column 'day' holds string, no numbers; give `columns=a`"),
        (
            {"a": [[1.0]], "b": [[1.0]]},
            "2 columns of lists; choose the one with a sequence a row with `columns`, from 'a', 'b'",
        ),
    ],
)
def test_parquet_that_is_refused(tmp_path: Path, columns: dict[str, object], said: str) -> None:
    path = tmp_path / "bad.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(SeriesError) as caught:
        read_series(path)
    assert said in str(caught.value)
