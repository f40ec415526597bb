"""Sequences in memory: checked, scaled, split, padded and put in batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from textrae.series.data import Scaling, Series, batches, hold_out, padded


@pytest.mark.parametrize(("activation", "low", "high"), [("tanh", -0.8, 0.8), ("relu", 0.1, 0.9)])
def test_scaling_fills_the_range_of_phi(activation: str, low: float, high: float) -> None:
    values = [np.array([[1.0, 10.0, 4.0], [3.0, 50.0, 4.0]]), np.array([[2.0, -30.0, 4.0]])]
    scaling = Scaling.fit(values, "column", activation)
    scaled = np.concatenate([scaling.apply(sequence) for sequence in values])
    np.testing.assert_allclose(scaled.min(0)[:2], low)
    np.testing.assert_allclose(scaled.max(0)[:2], high)
    np.testing.assert_allclose(scaled[:, 2], (low + high) / 2)  # a constant column
    np.testing.assert_allclose(scaling.undo(scaling.apply(values[0])), values[0])
    joint = Scaling.fit(values, "joint", activation)
    assert len(set(joint.size.tolist())) == 1
    np.testing.assert_array_equal(Scaling.fit(values, "none", activation).apply(values[0]), values[0])


def test_a_tenth_is_held_out() -> None:
    train, valid = hold_out(50, 200, 0)
    assert (len(train), len(valid)) == (45, 5)
    assert sorted([*train, *valid]) == list(range(50))
    assert [len(part) for part in hold_out(50, 2, 0)] == [48, 2]
    assert [len(part) for part in hold_out(9, 200, 0)] == [9, 0]


def test_rows_are_taken_with_their_labels() -> None:
    series = Series([np.full((1, 2), row) for row in range(3)], ["a", "b", "c"])
    some = series.take([2, 0])
    assert (some.labels, [values[0, 0] for values in some.values]) == (["c", "a"], [2, 0])
    assert (len(some), some.dim) == (2, 2)
    assert Series(series.values).take([1]).labels == []


def test_padding_is_zero_and_lengths_are_kept() -> None:
    x, lengths = padded([np.ones((1, 2)), np.full((3, 2), 2.0)], torch.float32, torch.device("cpu"))
    assert (x.shape, x.dtype, lengths.tolist()) == ((3, 2, 2), torch.float32, [1, 3])
    assert x[:, 0].tolist() == [[1, 1], [0, 0], [0, 0]]
    assert bool((x[:, 1] == 2).all())


def test_batches_hold_every_row_once_and_like_lengths() -> None:
    lengths = np.array([5, 1, 4, 2, 3, 6])
    assert [rows.tolist() for rows in batches(lengths, 2, None)] == [[1, 3], [4, 2], [0, 5]]
    drawn = [rows.tolist() for rows in batches(lengths, 4, np.random.default_rng(0))]
    assert sorted(row for rows in drawn for row in rows) == list(range(6))
    assert sorted(sorted(lengths[rows].tolist()) for rows in drawn) == [[1, 2, 3, 4], [5, 6]]
