"""Ways through a space, by hand and by their properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrae.latent.path import between, difference, edit_distance, path, smoothness, without_repeats


@pytest.mark.parametrize("method", ["linear", "spherical"])
def test_ends_are_there_to_the_bit(method: str) -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 16)).astype(np.float32)
    way = between(a, b, 5, method)  # type: ignore[arg-type]
    assert np.array_equal(way[0], a)
    assert np.array_equal(way[-1], b)
    assert way.dtype == np.float32


def test_linear_and_spherical_by_hand() -> None:
    a, b = np.array([2.0, 0.0], np.float32), np.array([0.0, 4.0], np.float32)
    np.testing.assert_allclose(between(a, b, 3)[1], [1.0, 2.0])
    np.testing.assert_allclose(between(a, b, 3, "spherical")[1], [3 / 2**0.5] * 2, rtol=1e-6)
    lengths = np.linalg.norm(between(a, b, 5, "spherical"), axis=1)
    np.testing.assert_allclose(lengths, [2.0, 2.5, 3.0, 3.5, 4.0], rtol=1e-6)
    np.testing.assert_allclose(
        between(a, -a, 3, "spherical")[1], [0.0, 0.0], atol=1e-6
    )  # no circle: straight
    np.testing.assert_allclose(between(a, a, 3, "spherical"), [a, a, a])


def test_a_kept_length_changes_evenly_whatever_the_way_of_the_rest() -> None:
    a, b = np.array([2.0, 0.0, 1.0], np.float32), np.array([0.0, 4.0, 3.0], np.float32)
    way = between(a, b, 3, "spherical", apart=1)
    np.testing.assert_allclose(way[1], [3 / 2**0.5, 3 / 2**0.5, 2.0], rtol=1e-6)
    assert np.array_equal(path(np.stack([a, b]), 3, "spherical", apart=1), way)


def test_a_path_goes_through_its_stations_once() -> None:
    stations = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    way = path(stations, 4)
    assert len(way) == 7
    np.testing.assert_array_equal(way[[0, 3, 6]], stations)


def test_a_difference_is_that_of_means_however_they_come() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 50, 4)).astype(np.float32)
    found = difference([a[:7], a[7:]], iter([b[:1], b[1:40], b[40:]]), 4)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, b.mean(0) - a.mean(0), rtol=1e-5)
    for source, target in (([], [b]), ([a], []), ([a], [b[:0]])):
        with pytest.raises(ValueError, match="no example"):
            difference(source, target, 4)


def test_repeats_and_smoothness() -> None:
    assert without_repeats(["a", "a", "b", "a"]) == ["a", "b", "a"]
    assert smoothness(["a b c d", "x b c d", "x y c d", "x y z d"]) == pytest.approx(2 / 3)
    assert smoothness(["a b c", "a b c", "x y z"]) == 0.0
    assert smoothness(["a b", "a b"]) == 1.0
    assert smoothness(["Hi", "Hi there", "Hi there you"]) == 0.5  # words, though one sentence has no space
    assert smoothness(["你好", "你们好", "你们都好"]) == 0.5  # and characters where none has


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_edit_distance_is_a_distance(a: str, b: str, c: str) -> None:
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


def test_edit_distance_by_hand() -> None:
    assert edit_distance("kitten", "sitting") == 3
