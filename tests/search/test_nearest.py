"""The nearest rows beside a search by definition: ties, borders of blocks, both ways of multiplying."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from searched import clumps, cosines_of, rows_of, vectors

from textrae.search import nearest as module
from textrae.search.encoding import scaled
from textrae.search.nearest import Rows, nearest, products, small, unit_of


def by_definition(rows: Rows, queries: NDArray[np.float32], k: int) -> list[list[int]]:
    found = []
    for query in queries:
        cosines = cosines_of(rows, query)
        found.append(sorted(range(len(rows)), key=lambda row: (-cosines[row], row))[:k])
    return found


@pytest.fixture(params=[True, False], ids=["whole", "floats"])
def whole(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few rows, multiplied as whole numbers and as floats."""
    monkeypatch.setattr(module, "_whole", lambda: request.param)
    monkeypatch.setattr(module, "_BLOCK", 7)
    monkeypatch.setattr(module, "_QUERIES", 2)
    monkeypatch.setattr(module, "_WEIGHED", 3)


@settings(max_examples=60)
@given(st.data())
def test_ties_go_to_the_earlier_row(data: st.DataObject) -> None:
    some = data.draw(vectors())
    rows = rows_of(some, data.draw(st.sampled_from(["float16", "float32"])))
    queries = scaled(some[: data.draw(st.integers(1, 3))])
    k = data.draw(st.integers(1, len(some) + 2))
    found, cosines = nearest(rows, queries, k)
    assert found.tolist() == by_definition(rows, queries, k)
    for query, places, near in zip(queries, found, cosines, strict=True):
        assert np.array_equal(near, cosines_of(rows, query)[places])


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize("count", [1, 6, 7, 8, 50])
def test_blocks_have_no_borders(count: int) -> None:
    rows = rows_of(clumps(count, 33, seed=count))
    queries = scaled(clumps(5, 33, seed=99))
    found, _ = nearest(rows, queries, 4)
    assert found.tolist() == by_definition(rows, queries, 4)


def test_few_rows_have_their_vectors_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(np.random.default_rng(0).standard_normal((3_000, 64)).astype(np.float32))
    queries = scaled(rows.vectors[:20].astype(np.float32))
    read = []
    exact = Rows.exact
    monkeypatch.setattr(
        Rows, "exact", lambda self, places: (read.append(len(places)), exact(self, places))[1]
    )
    found, cosines = nearest(rows, queries, 3)
    assert found[:, 0].tolist() == list(range(20))
    assert np.allclose(cosines[:, 0], 1)
    assert sum(read) < 0.02 * 20 * len(rows)


@pytest.mark.parametrize("width", [50, 256, 600])
def test_small_numbers_miss_what_their_errors_say(width: int) -> None:
    unit = scaled(clumps(40, width, seed=1))
    unit[0] = 0
    unit[0, 0] = 1  # all of its length in one number, as much as whole numbers of 8 bits would not reach
    steps, errors = small(unit)
    again = steps * np.sqrt(unit_of(width))
    turned = module._turned(unit)
    assert np.allclose(np.linalg.norm(turned - again, axis=1), errors, atol=1e-6)
    assert np.allclose(turned @ turned.T, unit @ unit.T, atol=1e-6)
    assert np.median(errors) < 0.01
    if width <= 256:  # of 600 numbers 256 hold all of it, and reach not quite as far
        assert errors[0] < 0.02
    rows = Rows(unit, steps, errors)
    found, _ = nearest(rows, unit[:3], 2)
    assert found.tolist() == by_definition(rows, unit[:3], 2)


def test_products_are_those_of_whole_numbers() -> None:
    generator = np.random.default_rng(0)
    for shape in ((1, 3, 1), (5, 7, 1023), (33, 2, 64)):
        a = torch.from_numpy(generator.integers(-127, 128, (shape[0], shape[2]), dtype=np.int8))
        b = torch.from_numpy(generator.integers(-127, 128, (shape[1], shape[2]), dtype=np.int8))
        wanted = a.long() @ b.long().T
        assert torch.equal(products(a, b).long(), wanted)


def test_a_torch_without_whole_products_multiplies_floats(monkeypatch: pytest.MonkeyPatch) -> None:
    module._whole.cache_clear()
    monkeypatch.delattr(torch, "_int_mm")
    try:
        some = torch.full((2, 8), 127, dtype=torch.int8)
        assert products(some, some).tolist() == [[8 * 127 * 127.0] * 2] * 2
        assert not module._whole()
    finally:
        module._whole.cache_clear()
