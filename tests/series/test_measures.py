"""Figures of how series are rebuilt, beside their definitions."""

from __future__ import annotations

import numpy as np

from textrae.series.measures import measured


def test_figures_are_those_of_their_definitions() -> None:
    values = [np.array([[1.0, 5], [3, 5]]), np.array([[2.0, 5]])]
    rebuilt = [np.array([[1.0, 5], [2, 5]]), np.array([[4.0, 6]])]
    found = measured(values, rebuilt, np.array([2.0, 1.0]), ("a", "b"))
    assert (found.sequences, found.steps) == (2, 3)
    assert (found.error, found.median, found.largest) == ((0.125 + 2) / 2, (0.125 + 2) / 2, 2)
    assert found.error_data == (0.5 + 5) / 2
    first, second = found.dimensions
    np.testing.assert_allclose(first.rmse, np.sqrt(5 / 3))
    np.testing.assert_allclose(first.explained, 1 - (5 / 3) / (2 / 3))
    assert second.explained is None  # b never varies
    assert [one.name for one in measured(values, rebuilt, np.ones(2), ()).dimensions] == ["1", "2"]
    table = found.table().splitlines()
    assert table[0] == "2 sequences, 3 steps"
    assert table[-1].split() == ["b", "0.5774", "-"]
