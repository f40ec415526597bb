"""Groups of near-identical sentences beside all pairs; what was planted is found."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from conftest import sentences
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from searched import clumps, rows_of, vectors

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError, SearchError
from textrae.search import Index, duplicates
from textrae.search.duplicates import joined
from textrae.search.nearest import Rows


def by_definition(rows: Rows, threshold: float) -> list[int]:
    """First row of each group, by going through all pairs again and again."""
    wide = rows.vectors.astype(np.float64)
    wide /= np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-30)
    near = (wide @ wide.T).astype(np.float32) >= threshold - 1e-6
    first = np.arange(len(rows))
    while True:
        lower = np.array([min([first[row], *first[near[row]]]) for row in range(len(rows))])
        if (lower == first).all():
            return first.tolist()
        first = lower


@settings(max_examples=60)
@given(vectors(), st.sampled_from([0.3, 0.5, 0.8, 0.95, 1.0]))
def test_groups_are_those_of_all_pairs(some: NDArray[np.float32], threshold: float) -> None:
    rows = rows_of(some)
    assert joined(rows, threshold).tolist() == by_definition(rows, threshold)


@pytest.mark.parametrize("many", [0, 1_000])
@pytest.mark.parametrize("count", [1, 15, 16, 17, 90])
def test_blocks_have_no_borders(count: int, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("textrae.search.duplicates")  # the function has the same name
    monkeypatch.setattr(module, "_BLOCK", 16)
    monkeypatch.setattr(module, "_PAIRS", 5)
    monkeypatch.setattr(module, "_MANY", many)
    for threshold, spread in ((0.9, 0.2), (0.97, 0.1), (0.5, 0.5)):
        rows = rows_of(clumps(count, 40, count, spread))
        assert joined(rows, threshold).tolist() == by_definition(rows, threshold)


def test_planted_ones_are_found(model: SentenceAutoencoder) -> None:
    lines = sentences()[:300]
    planted = [*lines, "", lines[7], lines[3], lines[7], lines[250]]
    groups = list(duplicates(Index.build(model, planted), 1.0))
    assert [(group.texts, group.rows) for group in groups] == [
        ([lines[7]], [[7, 301, 303]]),
        ([lines[3]], [[3, 302]]),
        ([lines[250]], [[250, 304]]),
    ]
    assert [group.size for group in groups] == [3, 2, 2]
    assert groups[0].similarities == [1.0]


def test_a_lower_threshold_joins_what_is_similar(model: SentenceAutoencoder) -> None:
    index = Index.build(model, sentences()[:200])
    sizes = [sum(group.size for group in duplicates(index, level)) for level in (0.99, 0.9, 0.2)]
    assert sizes == sorted(sizes)
    assert sizes[-1] == 200
    (whole,) = list(duplicates(index, 0.05))
    assert whole.size == len(whole.texts) == 200
    assert whole.rows[:2] == [[0], [1]]


@pytest.mark.parametrize("threshold", [0.0, 1.01, -1.0])
def test_a_threshold_out_of_range_is_refused(threshold: float, model: SentenceAutoencoder) -> None:
    with pytest.raises(ConfigError, match="`threshold`"):
        duplicates(Index.build(model, ["A dog."]), threshold)


def test_a_damaged_vector_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("textrae.search.duplicates"), "_MANY", 0)
    rows = rows_of(clumps(20, 40, 3, 0.1))
    rows.vectors[5, 3] = np.nan
    with pytest.raises(SearchError, match="damaged"):
        joined(rows, 0.5)
