"""Sequences that a Python caller gives: what is taken, and how what is not is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae.errors import SeriesError
from textrae.series.data import Series
from textrae.series.given import checked, gathered

STEPS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]]
FRAME = pd.DataFrame(STEPS, columns=["a", "b"])


def test_one_dimension_a_step_needs_no_second_axis() -> None:
    values = checked([np.arange(3, dtype=np.int32), np.ones((2, 1), np.float32)])
    assert [(one.shape, one.dtype) for one in values] == [((3, 1), np.float64), ((2, 1), np.float64)]


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ([], "no sequence: give at least one"),
        ([np.ones((2, 2)), np.ones(2)], "sequence 1 (counted from 0): 1 dimensions a step instead of 2"),
        ([np.ones((0, 2))], "sequence 0 (counted from 0): float64 of shape (0, 2)"),
        ([np.array([True])], "sequence 0 (counted from 0): bool"),
        ([np.array([1, np.nan])], "sequence 0 (counted from 0), step 1: NaN"),
    ],
)
def test_what_is_no_sequence_is_named(arrays: list[np.ndarray], said: str) -> None:
    with pytest.raises(SeriesError) as caught:
        checked(arrays)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "one",
    [
        np.array(STEPS),
        np.array(STEPS, np.float16),
        STEPS,
        [tuple(step) for step in STEPS],
        torch.tensor(STEPS),
        torch.tensor(STEPS, dtype=torch.bfloat16, requires_grad=True),
        FRAME,
        FRAME.convert_dtypes(),
        FRAME.astype(object),
        np.ma.masked_array(STEPS),
        pa.scalar(STEPS),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_sequence_is_taken_from_every_kind_of_array(one: object) -> None:
    for several in (
        [one],
        (one,),
        iter([one]),
        pd.Series([one]) if not isinstance(one, pd.DataFrame) else [one],
    ):
        (values,) = checked(several)
        assert values.dtype == np.float64
        assert values.tolist() == STEPS


def test_three_axes_are_several_sequences() -> None:
    whole = np.arange(12.0).reshape(2, 3, 2)
    for several in (
        whole,
        torch.from_numpy(whole),
        whole.tolist(),
        Series(list(whole)),
        pa.array(whole.tolist()),
    ):
        assert [one.tolist() for one in checked(several)] == whole.tolist()
    assert [one.tolist() for one in checked([[1, 2], [3]])] == [[[1], [2]], [[3]]]


@pytest.mark.parametrize(
    ("several", "said"),
    [
        (np.array(STEPS), r"series: one ndarray of shape \(3, 2\); give \[it\] for one sequence"),
        (np.ones(3), r"series: one ndarray of shape \(3,\)"),
        (torch.tensor(STEPS), r"series: one Tensor of shape \(3, 2\)"),
        (pd.Series([1.0, 2.0]), r"series: one Series of shape \(2,\)"),
        (FRAME, r"series: one DataFrame; give \[it\]"),
        ("file.csv", r"series: 'file\.csv'; .*read a file with model\.read"),
        (b"1", "series: b'1'"),
        (None, "series: None; give a list of sequences"),
        (3.5, r"series: 3\.5 \(float\)"),
        ({"a": [1.0]}, "series: a dict"),
        ({1.0}, "series: a set"),
        ([np.array(STEPS), None], r"sequence 1 \(counted from 0\): None"),
        (["1,2"], r"sequence 0 \(counted from 0\): '1,2'"),
        ([{"a": 1.0}], r"sequence 0 \(counted from 0\): a dict"),
    ],
)
def test_what_is_no_list_of_sequences_is_a_type_error(several: object, said: str) -> None:
    with pytest.raises(TypeError, match=said) as caught:
        checked(several)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        ([[1.0, 2.0], [3.0]], "no array of numbers"),
        ([1.0, None, 2.0], "step 1: NaN"),
        (pd.Series([1.0, pd.NA]), "step 1: NaN"),
        (np.array([1 + 2j]), "complex128"),
        (np.array(["2024-03-01"], "datetime64[D]"), "datetime64"),
        ([1, "x"], "<U"),
        (5.0, r"float64 of shape \(\)"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), "values are masked"),
        (pd.DataFrame({"a": [1.0], "day": ["monday"]}), "column 'day' holds no numbers"),
        (pd.DataFrame([[1.0, 2.0]], columns=["a", "a"]), "columns 1 and 2 are all named 'a'"),
    ],
)
def test_a_sequence_of_other_than_numbers_is_named(one: object, said: str) -> None:
    with pytest.raises(SeriesError, match=said) as caught:
        checked([one])
    assert "sequence 0 (counted from 0)" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_columns_of_data_frames_go_by_their_names() -> None:
    swapped = FRAME[["b", "a"]]
    assert gathered([FRAME, swapped]).names == ("a", "b")
    assert [one.tolist() for one in checked([FRAME, swapped])] == [STEPS, STEPS]
    assert checked([swapped], 2, ("a", "b"))[0].tolist() == STEPS
    assert checked([pd.DataFrame(STEPS)], 2, ("a", "b"))[0].tolist() == STEPS
    assert checked([FRAME.assign(more=0)], 2, ("a", "b"))[0].tolist() == STEPS
    with pytest.raises(SeriesError, match="no column 'c', which the model reads; it has 'a', 'b'"):
        checked([FRAME], 1, ("c",))


def numbers() -> st.SearchStrategy[object]:
    plain = (
        st.floats(allow_nan=True, width=32)
        | st.integers(-9, 9)
        | st.none()
        | st.booleans()
        | st.text(max_size=2)
    )
    return st.recursive(plain, lambda inner: st.lists(inner, max_size=3), max_leaves=12)


@settings(max_examples=100, deadline=None)
@given(numbers())
def test_whatever_is_given_is_right_or_one_line(several: object) -> None:
    found, said = None, ""
    try:
        found = checked(several)
    except (TypeError, SeriesError) as error:
        said = str(error)
    if found is None:
        assert said
        assert "\n" not in said
        return
    assert isinstance(several, list)
    assert len(found) == len(several)
    for values, one in zip(found, several, strict=True):
        np.testing.assert_array_equal(values, np.array(one, dtype=np.float64).reshape(len(values), -1))
