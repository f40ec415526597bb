"""The least move that takes a sentence across."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrae import ModelConfig
from textrae.errors import ConfigError
from textrae.inference.moving import MOST_WAYS, kept, least_moved, levels, tried, ways
from textrae.latent.boundary import Boundary, boundary

ACROSS = Boundary(np.array([2.0, 0.0], dtype=np.float32), np.zeros(2), np.array([1.0, 0.0]), 1.0)
PIECES = st.lists(st.integers(0, 4), max_size=8)


@given(PIECES, PIECES)
def test_what_sentences_share_is_between_nothing_and_all(first: list[int], second: list[int]) -> None:
    assert 0.0 <= kept(first, second) == kept(second, first) <= 1.0
    assert kept(first, first) == (1.0 if first else 0.0)


def test_pairs_count_beside_pieces() -> None:
    assert kept([1, 2, 3], [1, 2, 3]) == 1.0
    assert kept([1, 2, 3], [1, 2, 4]) == 2 * 3 / 10
    assert kept([1, 2], [2, 1]) == 2 * 2 / 6


def test_of_the_candidates_that_are_across_the_one_that_keeps_most_is_taken() -> None:
    places = {"aab": 0.5, "abb": 0.7, "bbb": 3.0, "": -1.0, "ccc": 0.1}

    def read(texts: list[str]) -> np.ndarray:
        return np.array([[places[text], 0.0] for text in texts], dtype=np.float32)

    def pieces(texts: list[str]) -> list[list[int]]:
        return [[ord(letter) for letter in text] for text in texts]

    candidates = [["bbb", ""], ["aab", "ccc"], ["abb", ""]]
    found = list(least_moved(pieces(["aaa", "aaa"]), iter(candidates), read, pieces, ACROSS))
    assert found[-1] == ["abb", "ccc"]  # of the second none is across
    assert found[:2] == [["bbb", ""], ["bbb", "ccc"]]  # the best so far


def test_some_slots_are_moved_and_then_all() -> None:
    config = ModelConfig(slots=4, latent=2)
    draws = np.random.default_rng(0)
    first, second = (draws.normal(shift, 1.0, (200, 8)).astype(np.float32) for shift in (0.0, 1.0))
    across = boundary([first], [second], 8)
    moved = [found - first[:5] for found in tried(config, first[:5], across)]
    slots = [int((one.reshape(5, 4, 2) != 0).any(2).sum(1).max()) for one in moved]
    assert len(moved) == ways(config, None) <= MOST_WAYS
    assert sorted(set(slots)) == [2, 3, 4]
    assert slots == sorted(slots)
    np.testing.assert_allclose(moved[-1], np.tile(3.0 * across.step, (5, 1)), atol=1e-5)
    single = list(tried(ModelConfig(slots=0, latent=8), first[:5], across))
    assert all(
        np.allclose((one - first[:5]) @ across.normal, (single[0] - first[:5]) @ across.normal * ratio)
        for one, ratio in zip(single[:2], (1.0, 4 / 3), strict=True)
    )


def test_the_levels_are_tried_by_a_decoder_that_knows_noise_unless_one_is_given() -> None:
    knows = ModelConfig(variational=True, blur=0.5)
    assert len(levels(knows, None)) == 3
    assert ways(knows, None) == 3 * ways(knows, 0.2)
    assert ways(ModelConfig(slots=16, latent=8, variational=True, blur=0.5), None) == MOST_WAYS == 81
    assert levels(knows, 0.2) == (0.2,)
    assert levels(ModelConfig(), None) == (0.0,)
    with pytest.raises(ConfigError):
        levels(ModelConfig(), 0.2)
