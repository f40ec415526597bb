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
    assert series.labels == ([f"{row[0]:g}" for row in array] if format == LABELLED else [])


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
        (array, "sequence 2 (counted from 0), step 1: NaN"),
        (np.ones((2, 2, 2, 2)), "shape (2, 2, 2, 2)"),
        (np.array(["a"]), "<U1 of shape"),
        (np.ones((0, 3, 2)), "no sequence"),
        (np.full((3, 2), 1e300), "step 0: NaN, infinity or beyond float32"),
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
        ({"a": [[1.0, None]]}, "row 0 (counted from 0): empty, or with a gap"),
        ({"a": [[1.0], None]}, "row 1 (counted from 0): empty, or with a gap"),
        ({"a": [[1.0], [float("inf")]]}, "row 1 (counted from 0), step 0: NaN"),
        ({"a": [[[1.0, 2.0], [3.0]]]}, "row 0 (counted from 0): steps of 1 to 2 dimensions"),
        ({"a": [[[1.0, 2.0]], [[3.0]]]}, "row 1 (counted from 0): 1 dimensions a step"),
        ({"a": [["x"]]}, "row 0 (counted from 0): string"),
        ({"a": [1.0]}, "0 columns of lists (a)"),
        ({"a": [[1.0]], "b": [[1.0]]}, "2 columns of lists (a, b)"),
    ],
)
def test_parquet_that_is_refused(tmp_path: Path, columns: dict[str, object], said: str) -> None:
    path = tmp_path / "bad.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(SeriesError) as caught:
        read_series(path)
    assert said in str(caught.value)
