"""Files of series that are written: read again, and refused before the work."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae import SeriesFormat
from textrae.errors import ConfigError, RunError, SeriesError
from textrae.series.data import Series, Window
from textrae.series.reading import read_series
from textrae.series.writing import check_ending, check_place, csv_lines, write_encodings, write_series


@pytest.mark.parametrize("ending", [".csv", ".npy", ".parquet"])
@pytest.mark.parametrize("labels", [[], ["1234560", "1234561"]])
def test_what_is_written_is_read_again(tmp_path: Path, ending: str, labels: list[str]) -> None:
    values = np.random.default_rng(0).normal(1.7e9, 1, (2, 4, 2)) / 3
    rows = SeriesFormat(layout="rows", frame=2, labels=bool(labels))
    for how in (rows, *([] if labels else [SeriesFormat()])):
        write_series(tmp_path / f"b{ending}", Series(list(values), labels), how)
        again = read_series(tmp_path / f"b{ending}", how)
        np.testing.assert_array_equal(again.values, values)
        assert again.labels == labels
    with pytest.raises(ConfigError, match=r"\.csv, \.npy, \.parquet"):
        write_series(tmp_path / "b.xls", Series(list(values)), rows)


def test_times_keep_every_digit(tmp_path: Path) -> None:
    times = 1.7e9 + 0.25 * np.arange(200)
    write_series(tmp_path / "a.csv", Series([times[:, None]], names=("t",)), SeriesFormat())
    again = read_series(tmp_path / "a.csv")
    assert again.names == ("t",)
    assert again.values[0].ravel().tolist() == times.tolist()


def test_labels_that_are_no_numbers_have_no_place_in_an_array(tmp_path: Path) -> None:
    format = SeriesFormat(layout="rows", labels=True)
    for labels, said in (
        (["1", "odd"], "the label 'odd' is no number"),
        (["1", "1.0"], "would be one number"),
    ):
        series = Series([np.ones((2, 1)), np.ones((2, 1))], labels)
        with pytest.raises(SeriesError, match=said):
            check_place(tmp_path / "a.npy", series, format)
        check_place(tmp_path / "a.csv", series, format)


WORDS = st.text("ab ,;|\t\"'#1.-n", min_size=1, max_size=4)
VALUES = st.floats(-3e38, 3e38, allow_nan=False)


@settings(max_examples=100, deadline=None)
@given(
    sequences=st.lists(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=3), min_size=1, max_size=3),
    names=st.none() | st.lists(WORDS, min_size=2, max_size=2),
    labels=st.none() | st.lists(WORDS | st.integers(10**6, 10**7).map(str), min_size=3, max_size=3),
    ending=st.sampled_from([".csv", ".csv", ".npy", ".parquet"]),
    rows=st.booleans(),
)
def test_what_is_written_is_read_again_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    sequences: list[list[tuple[float, float]]],
    names: list[str] | None,
    labels: list[str] | None,
    ending: str,
    rows: bool,
) -> None:
    format = SeriesFormat(layout="rows", labels=labels is not None, frame=2) if rows else SeriesFormat()
    series = Series(
        [np.array(steps) for steps in sequences],
        (labels or [])[: len(sequences)] if rows else [],
        () if rows else tuple(names or ()),
    )
    path = tmp_path_factory.getbasetemp() / f"written{ending}"
    again, said = None, ""
    try:
        write_series(path, series, format)
        again = read_series(path, format)
    except SeriesError as error:
        said = str(error)
    if again is None:
        assert said.startswith(str(path))
        assert "\n" not in said
        return
    assert [values.tolist() for values in again.values] == [values.tolist() for values in series.values]
    assert again.names in ((), tuple(name.strip() for name in series.names))
    kept = float if ending == ".npy" else str.strip
    assert [kept(label) for label in again.labels] == [kept(label) for label in series.labels]


@pytest.mark.parametrize("ending", [".npy", ".parquet", ".jsonl"])
def test_encodings_say_whose_they_are(tmp_path: Path, ending: str) -> None:
    series = Series(
        [np.ones((3, 1)), np.ones((3, 1))], ["a", "b"], windows=[Window(0, 0, 0), Window(1, 4, 6)]
    )
    vectors = np.array([[0.1, -2], [3e-9, 1 / 3]], np.float32)
    path = tmp_path / f"v{ending}"
    write_encodings(path, series, vectors)
    if ending == ".npy":
        np.testing.assert_array_equal(np.load(path), vectors)
        return
    if ending == ".parquet":
        rows = pq.read_table(path).to_pylist()
    else:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    np.testing.assert_array_equal(np.array([row.pop("vector") for row in rows], np.float32), vectors)
    assert rows == [
        {"sequence": 0, "first": 0, "steps": 3, "label": "a"},
        {"sequence": 1, "first": 6, "steps": 3, "label": "b"},
    ]


def test_lengths_that_differ_make_no_array(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("1 2\n3 4\n\n5 6\n")
    series = read_series(text)
    with pytest.raises(
        SeriesError, match=r"sequences of 1 to 2 steps make no array; give \.csv or \.parquet"
    ):
        write_series(tmp_path / "b.npy", series, SeriesFormat())
    write_series(tmp_path / "b.csv", series, SeriesFormat())
    assert (tmp_path / "b.csv").read_text() == "1.0,2.0\n3.0,4.0\n\n5.0,6.0\n"


def test_labels_stand_before_their_rows() -> None:
    series = Series([np.array([[1.5], [2]]), np.array([[1 / 3]])], ["a", "b"])
    lines = list(csv_lines(series, SeriesFormat(layout="rows", labels=True)))
    assert lines == ["a,1.5,2.0\n", "b,0.3333333333333333\n"]


def test_a_place_is_refused_before_the_work(tmp_path: Path) -> None:
    series = Series([np.ones((2, 1))])
    check_place(tmp_path / "a.npy", series, SeriesFormat())
    for place in (tmp_path / "none" / "a.csv", tmp_path / "folder.csv"):
        (tmp_path / "folder.csv").mkdir(exist_ok=True)
        with pytest.raises(RunError, match="no file can be written there"):
            check_place(place, series, SeriesFormat())
    with pytest.raises(ConfigError, match="give one of these endings"):
        check_ending(tmp_path / "a.txt")
    assert not (tmp_path / "a.npy").exists()
