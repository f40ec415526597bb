"""Sentences to vectors and back: one in, one out; several in any usual form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError
from textrae.inference.sampling import Sampling

SOME = sentences()[:3]


def test_a_string_is_one_sentence_and_a_vector_one_encoding(model: SentenceAutoencoder) -> None:
    vector, rows = model.encode(SOME[0]), model.encode(SOME)
    assert vector.shape == (model.encoding_size,)
    np.testing.assert_allclose(vector, rows[0], atol=1e-5)
    assert model.decode(vector) == model.reconstruct(SOME[0]) == model.reconstruct(SOME)[0]
    assert model.translate(SOME[0], beam=2) == model.translate(SOME, beam=2)[0]
    step = np.zeros(model.encoding_size)
    assert model.move(SOME[0], step) == model.move(rows[0], step) == model.reconstruct(SOME[0])
    assert model.move(SOME, step) == model.move(rows, step) == model.reconstruct(SOME)


def test_where_several_are_needed_a_string_is_refused(model: SentenceAutoencoder) -> None:
    asked: list[Any] = [
        lambda: model.direction("file.txt", SOME), lambda: model.evaluate("A dog."), lambda: model.xsim("A", "B"),
        lambda: model.evaluate_translation("A", "B"), lambda: model.encode_stream("A dog."),
        lambda: model.reconstruct_stream("A dog."), lambda: model.translate_stream("A"), lambda: model.translations("A"),
    ]  # fmt: skip
    for ask in asked:
        with pytest.raises(TypeError, match="several sentences are expected, not one string"):
            ask()


@pytest.mark.parametrize(
    "form", [np.array, pd.Series, pa.array, iter, tuple, lambda some: (one for one in some)]
)
def test_every_method_takes_every_form(model: SentenceAutoencoder, form: Any) -> None:
    rows = model.encode(SOME)
    np.testing.assert_array_equal(model.encode(form(SOME)), rows)
    rebuilt = model.reconstruct(SOME)
    assert model.reconstruct(form(SOME)) == rebuilt
    assert model.move(form(SOME), rows[0] * 0) == rebuilt
    assert model.interpolate(form(SOME), steps=2) == model.interpolate(*SOME, steps=2)
    assert model.evaluate(form(SOME)) == model.evaluate(SOME)
    assert model.xsim(form(SOME), form(SOME)) == 0.0
    np.testing.assert_array_equal(model.direction(form(SOME), form(SOME)), 0 * rows[0])
    assert list(model.translations(form(SOME), beam=2)) == list(model.translations(SOME, beam=2))


@pytest.mark.parametrize(
    "form",
    [
        lambda some: torch.from_numpy(some).requires_grad_(), lambda some: pd.Series(list(some)), list,
        lambda some: some.tolist(), lambda some: pa.array(some.tolist()), lambda some: [torch.from_numpy(row) for row in some],
    ],
)  # fmt: skip
def test_vectors_in_every_form(model: SentenceAutoencoder, form: Any) -> None:
    rows = model.encode(SOME)
    assert model.decode(form(rows.copy())) == model.decode(rows)
    assert model.move(form(rows.copy()), rows[0] * 0) == model.decode(rows)
    assert model.interpolate(form(rows.copy()), steps=3) == model.interpolate(*SOME, steps=3)


def test_read_only_arrays_and_maps_are_decoded_without_a_warning(
    model: SentenceAutoencoder, tmp_path: Any, recwarn: pytest.WarningsRecorder
) -> None:
    rows = model.encode(SOME)
    np.save(tmp_path / "rows.npy", rows)
    frozen = rows.copy()
    frozen.flags.writeable = False
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert model.decode(frozen) == model.decode(mapped) == model.decode(rows)
    assert not recwarn.list


def refusals(model: SentenceAutoencoder) -> Iterable[tuple[str, Any]]:
    """Yield calls that are refused, each with what the line says."""
    rows = model.encode(SOME)
    yield "`beam`: a whole number from 1 to 1,000", lambda: model.decode(rows, beam=0)
    yield "`beam`: a whole number from 1 to 1,000", lambda: model.reconstruct(SOME, beam=-1)
    yield "`beam`: a whole number from 1 to 1,000", lambda: model.translate(SOME, beam=2.0)  # type: ignore[call-overload]
    yield "`beam` searches and `sampling` draws", lambda: model.decode(rows, beam=3, sampling=Sampling())
    yield "`window`: a whole number", lambda: model.translate_stream(SOME, window=0)
    yield "`batch_tokens`: a whole number", lambda: model.encode(SOME, batch_tokens=0)
    yield "`batch_size`: a whole number", lambda: model.decode(rows, batch_size=0)
    yield "`length_penalty`: a finite number", lambda: model.translate(SOME, length_penalty=float("nan"))
    yield "`to`: a string is expected, not 3", lambda: model.decode(rows, to=3)  # type: ignore[arg-type]
    yield "`cuts`: a Cuts is expected", lambda: model.encode_stream(SOME, cuts=3)  # type: ignore[arg-type]


def test_wrong_arguments_are_refused_in_one_line(model: SentenceAutoencoder) -> None:
    for said, ask in refusals(model):
        with pytest.raises((ConfigError, TypeError)) as refused:
            ask()
        assert str(refused.value).startswith(said), refused.value
        assert "\n" not in str(refused.value)
