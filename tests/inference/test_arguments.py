"""Arguments: what is right comes back, and the rest is refused in one line that names the argument and the item."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st

from textrae.errors import ConfigError, VectorError
from textrae.inference import arguments

LINES = ["A dog.", "", "猫 🐱", "a\nb"]
ROWS = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 4.0]], dtype=np.float32)


@pytest.mark.parametrize(
    "form",
    [
        list, tuple, iter, np.array, pd.Series, pa.array, lambda some: np.array(some, dtype=object),
        lambda some: pd.Series(some, dtype=object), lambda some: pa.chunked_array([some[:1], some[1:]]),
        lambda some: (one for one in some), lambda some: Dataset.from_dict({"text": some})["text"],
        lambda some: pa.array(some).dictionary_encode(), lambda some: pa.array(some, pa.large_string()), pd.Index,
    ],
)  # fmt: skip
def test_every_usual_form_of_sentences_is_taken(form: Any) -> None:
    found = list(arguments.sentences("sentences", form(LINES)))
    assert found == LINES
    assert {type(one) for one in found} == {str}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("A dog.", "`sentences`: several sentences are expected, not one string; give a list: ['A dog.']"),
        (None, "`sentences`: several sentences are expected, not None; give a list"),
        (b"A dog.", "`sentences`: several sentences are expected, not b'A dog.'; give a list"),
        (3, "`sentences`: several sentences are expected, not 3 (int); give a list"),
        ({"a": "b"}, "`sentences`: several sentences are expected, not a dict; give a list"),
        ({"a"}, "`sentences`: several sentences are expected, not a set; give a list"),
        (pd.DataFrame({"text": ["A dog."]}), "`sentences`: several sentences are expected, not a DataFrame of shape (1, 1); give one of its columns"),
        (pa.table({"text": ["A dog."]}), "`sentences`: several sentences are expected, not a Table of shape (1, 1); give one of its columns"),
        (Dataset.from_dict({"text": ["A dog."]}), "`sentences`: several sentences are expected, not a Dataset of shape (1, 1); give one of its columns"),
        (np.array([["A dog."]]), "`sentences`: several sentences are expected, not a ndarray of shape (1, 1); give one dimension"),
        (np.array("A dog."), "`sentences`: several sentences are expected, not a ndarray of shape (); give one dimension"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_sentences_is_refused_before_anything_is_read(value: Any, said: str) -> None:
    with pytest.raises(TypeError) as refused:
        arguments.sentences("sentences", value)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("item", "what"),
    [
        (None, "None"), (float("nan"), "nan (float)"), (pd.NA, "a NAType"), (b"A dog.", "b'A dog.'"), (7, "7 (int)"),
        (["A", "dog"], "a list"), (("A", "dog"), "a tuple"), (np.float32(2), "2.0 (float32)"), (True, "True (bool)"),
    ],
)  # fmt: skip
def test_an_item_that_is_no_sentence_is_named(item: Any, what: str) -> None:
    coming = arguments.sentences("sentences", ["A dog.", item])
    assert next(coming) == "A dog."
    with pytest.raises(TypeError) as refused:
        next(coming)
    assert str(refused.value) == f"`sentences`: item 1 (counted from 0) is {what}; a string is expected"


def test_gaps_of_a_series_and_of_an_array_are_named() -> None:
    for gaps in (pd.Series(["A dog.", None]), pa.array(["A dog.", None])):
        with pytest.raises(TypeError, match="item 1 "):
            list(arguments.sentences("sentences", gaps))
    with pytest.raises(ConfigError, match="lone surrogate"):
        list(arguments.sentences("sentences", ["\ud800"]))


@pytest.mark.parametrize(
    "form",
    [
        lambda some: some, torch.from_numpy, list, lambda some: some.tolist(), lambda some: pd.Series(list(some)), iter,
        lambda some: torch.from_numpy(some).bfloat16(), lambda some: torch.from_numpy(some).requires_grad_(),
        lambda some: pa.array(some.tolist()), lambda some: pa.FixedSizeListArray.from_arrays(some.ravel(), 3),
        lambda some: [torch.from_numpy(row) for row in some], lambda some: np.array(list(some), dtype=object),
        lambda some: some.astype(np.float64), lambda some: some.astype(np.float16), lambda some: (tuple(row) for row in some),
        lambda some: some.astype(">f4"), lambda some: [pd.Series(row) for row in some],
        np.asfortranarray,
    ],
)  # fmt: skip
def test_every_usual_form_of_vectors_is_taken(form: Any) -> None:
    found, one = arguments.vectors("vectors", form(ROWS.copy()), 3)
    assert not one
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, ROWS)
    row, single = arguments.vectors("vectors", form(ROWS.copy()[:1]), 3)
    assert not single
    np.testing.assert_array_equal(row, ROWS[:1])


@pytest.mark.parametrize("form", [np.array, list, tuple, torch.tensor, pd.Series, pa.array, iter])
def test_one_vector_is_one(form: Any) -> None:
    found, one = arguments.vectors("vectors", form([1.0, 2.0, 3.0]), 3)
    assert one
    np.testing.assert_array_equal(found, [[1.0, 2.0, 3.0]])
    whole, one = arguments.vectors("vectors", form([1, 2, 3]), 3)
    np.testing.assert_array_equal(whole, [[1.0, 2.0, 3.0]])


def test_no_vector_is_none() -> None:
    for empty in ([], (), iter([]), np.empty((0, 3)), pa.array([], pa.list_(pa.float32()))):
        found, one = arguments.vectors("vectors", empty, 3)
        assert found.shape == (0, 3)
        assert not one


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        ("A dog.", TypeError, "vectors are expected, not 'A dog.'"),
        (None, TypeError, "vectors are expected, not None"),
        ([1.0, 2.0], VectorError, "shape (1, 2)"),
        ([[1.0, 2.0, 3.0], [1.0]], VectorError, "item 1 (counted from 0) has shape (1,)"),
        ([[1.0, 2.0, None]], VectorError, "item 0 (counted from 0) holds None; numbers are expected"),
        ([[1.0, 2.0, True]], VectorError, "holds True (bool)"),
        ([True, False, True], VectorError, "holds True (bool)"),
        (["A dog."], TypeError, "item 0 (counted from 0) is 'A dog.'; a vector is expected"),
        ([ROWS[0], None], TypeError, "item 1 (counted from 0) is None"),
        ([[10**400, 0, 0]], VectorError, "too large"),
        ([[1e300, 0.0, 0.0]], VectorError, "NaN or infinity"),
        ([1.0, float("nan"), 2.0], VectorError, "NaN or infinity"),
        (pd.DataFrame(ROWS), TypeError, "give one of its columns"),
        (np.ma.masked_array(ROWS, mask=ROWS == 0), VectorError, "masked"),
        (torch.eye(3).to_sparse(), VectorError, "give a dense one"),
        (torch.zeros(2, 3, device="meta"), VectorError, "give a dense one"),
        (np.zeros((1, 3), dtype=complex), VectorError, "floating-point"),
        (np.zeros((1, 2, 3)), VectorError, "shape (1, 2, 3)"),
    ],
)  # fmt: skip
def test_what_are_no_vectors_is_refused(value: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error) as refused:
        arguments.vectors("vectors", value, 3)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_numbers_choices_and_flags() -> None:
    assert arguments.whole("beam", np.int64(3), 1, 5) == 3
    assert arguments.real("strength", np.float32(0.5)) == 0.5
    assert arguments.choice("method", "linear", ("linear", "spherical")) == "linear"
    assert arguments.flag("overwrite", np.bool_(True)) is True
    assert arguments.place("path", Path("a") / "b") == "a/b"
    assert arguments.word("to", None) is None
    for value, error, said in [
        (0, ConfigError, "`beam`: a whole number from 1 to 5 is expected, not 0 (int)"),
        (6, ConfigError, "`beam`: a whole number from 1 to 5 is expected, not 6 (int)"),
        (4.0, TypeError, "`beam`: a whole number from 1 to 5 is expected, not 4.0 (float)"),
        (True, TypeError, "`beam`: a whole number from 1 to 5 is expected, not True (bool)"),
        ("3", TypeError, "`beam`: a whole number from 1 to 5 is expected, not '3'"),
        (10**5_000, ConfigError, "`beam`: a whole number from 1 to 5 is expected, not a number (int)"),
    ]:
        with pytest.raises(error) as refused:
            arguments.whole("beam", value, 1, 5)
        assert str(refused.value) == said
    with pytest.raises(
        ConfigError, match=r"`distance`: a finite number of at least 0 is expected, not nan \(float\)"
    ):
        arguments.real("distance", float("nan"), 0.0)
    with pytest.raises(TypeError, match="Decimal"):
        arguments.real("distance", Decimal("1.5"))
    with pytest.raises(ConfigError, match="`method`: linear or spherical is expected, not 'cubic'"):
        arguments.choice("method", "cubic", ("linear", "spherical"))
    assert arguments.place("path", "caf\udce9") == "caf\udce9"  # a name that is not UTF-8
    for path in ("", "a\0b", "a\nb", "x" * 300, "\ud800", "/".join(["abc"] * 2_000)):
        with pytest.raises(ConfigError, match=r"`path`: .* is no path"):
            arguments.place("path", path)


@given(
    st.one_of(
        st.integers(), st.floats(), st.text(), st.binary(), st.none(), st.lists(st.integers()), st.decimals()
    )
)
def test_a_value_is_described_in_one_short_line(value: Any) -> None:
    said = arguments.shown(value)
    assert len(said) < 80
    assert "\n" not in said
