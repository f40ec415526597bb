"""Gaps, windows, and what is held out: no step is on both sides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae import SeriesFormat
from textrae.errors import SeriesError
from textrae.series.data import Series, Window
from textrae.series.windows import prepared, split

NAN = float("nan")


def made(*sequences: list[float]) -> Series:
    return Series([np.array(values)[:, None] for values in sequences])


def test_steps_with_gaps_are_dropped_and_told() -> None:
    series = prepared("f", made([1, NAN, 3], [NAN, NAN], [4]), SeriesFormat(missing="drop"))
    assert [values.ravel().tolist() for values in series.values] == [[1, 3], [4]]
    assert series.notes == [
        "f: 3 of 6 steps had a gap and were left out",
        "f: 1 sequences had nothing but gaps and were left out",
    ]


def test_gaps_are_interpolated_between_numbers_only() -> None:
    two = Series([np.array([[NAN, 1], [1, 2], [NAN, NAN], [NAN, 8], [4, NAN]])])
    series = prepared("f", two, SeriesFormat(missing="interpolate"))
    assert series.values[0].tolist() == [[1, 2], [2, 5], [3, 8]]
    assert series.notes == [
        "f: gaps filled by linear interpolation: 3",
        "f: 2 of 5 steps had a gap and were left out",
    ]
    assert np.isnan(two.values[0]).sum() == 5  # what was given is as it was


def test_gaps_are_refused_unless_they_are_expected() -> None:
    with pytest.raises(SeriesError, match=r"f, sequence 1 \(counted from 0\), step 2: a gap \(NaN\)"):
        prepared("f", made([1], [1, 2, NAN]), SeriesFormat())
    for missing in ("drop", "interpolate"):
        with pytest.raises(SeriesError, match="f: every step has a gap"):
            prepared("f", made([NAN]), SeriesFormat(missing=missing))  # type: ignore[arg-type]


def test_sequences_are_cut_into_windows() -> None:
    given = Series(made(list(range(7)), [10, 11], [20, 21, 22]).values, ["a", "b", "c"])
    series = prepared("f", given, SeriesFormat(window=3, stride=2))
    assert [values.ravel().tolist() for values in series.values] == [
        [0, 1, 2],
        [2, 3, 4],
        [4, 5, 6],
        [20, 21, 22],
    ]
    assert series.labels == ["a", "a", "a", "c"]
    assert series.windows[1:] == [Window(0, 2, 2), Window(0, 4, 4), Window(2, 0, 0)]
    assert series.notes == [
        "f: 12 steps cut into 4 windows of 3, one every 2; 2 steps are in none and were left out"
    ]
    with pytest.raises(SeriesError, match=r"f: no sequence has the 9 steps of a window \(7 at most\)"):
        prepared("f", given, SeriesFormat(window=9))


def test_a_window_says_where_it_began_before_steps_were_dropped() -> None:
    series = prepared("f", made([NAN, 1, 2, NAN, 3, 4]), SeriesFormat(window=2, missing="drop"))
    assert series.windows == [Window(0, 0, 1), Window(0, 2, 4)]


@settings(max_examples=200, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 80), min_size=1, max_size=14),
    size=st.integers(1, 12),
    stride=st.none() | st.integers(1, 14),
    most=st.integers(1, 30),
    seed=st.integers(0, 5),
)
def test_no_step_is_on_both_sides(
    lengths: list[int], size: int, stride: int | None, most: int, seed: int
) -> None:
    if max(lengths) < size:
        return
    steps, begins = [], 0
    for length in lengths:
        steps.append(list(np.arange(begins, begins + length, dtype=float)))
        begins += length
    series = prepared("f", made(*steps), SeriesFormat(window=size, stride=stride))
    train, held, left_out = split(series, most, seed)
    seen, kept = (
        {step for row in rows for step in series.values[row].ravel().tolist()} for rows in (train, held)
    )
    assert not seen & kept
    assert len(train)
    assert len(held) <= min(most, len(series) // 10)
    assert len(train) + len(held) + left_out == len(series)
    assert len({*train.tolist(), *held.tolist()}) == len(train) + len(held)


def test_the_end_of_one_long_sequence_is_held_out() -> None:
    series = prepared("f", made(list(range(1000))), SeriesFormat(window=50, stride=10))
    train, held, left_out = split(series, 200, 0)
    assert [series.windows[row].start for row in held] == list(range(870, 960, 10))
    assert train.tolist() == list(range(83))  # the last ends at step 870
    assert left_out == 4


def test_of_many_sequences_whole_ones_are_held_out() -> None:
    series = prepared("f", made(*[list(range(100)) for _ in range(20)]), SeriesFormat(window=10))
    train, held, left_out = split(series, 200, 0)
    assert (len(train), len(held), left_out) == (180, 20, 0)
    apart = [{series.windows[row].sequence for row in rows} for rows in (train, held)]
    assert not apart[0] & apart[1]
    few = split(series, 3, 0)
    assert (len(few[0]), len(few[1]), few[2]) == (190, 3, 7)


def test_windows_too_few_or_too_long_to_hold_any_out() -> None:
    for length, size, stride in ((50, 10, None), (100, 60, 1)):
        series = prepared("f", made(list(range(length))), SeriesFormat(window=size, stride=stride))
        train, held, left_out = split(series, 200, 0)
        assert (len(train), len(held), left_out) == (len(series), 0, 0)
