"""Which sentences a report shows, and where they lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrae.report.choosing import apart, by_label, by_length, chosen, nearest, plane, short_ones


def test_the_plane_is_that_of_the_largest_variance_and_signs_are_steady() -> None:
    generator = np.random.default_rng(0)
    hidden = generator.normal(size=(50, 2)) * [5.0, 2.0]
    vectors = (hidden @ generator.normal(size=(2, 8)) + 3.0).astype(np.float32)
    found = plane(vectors, ["x"] * 50, None)
    assert sum(found.explained) == pytest.approx(1.0, abs=1e-6)
    assert found.explained[0] > found.explained[1]
    np.testing.assert_allclose(found.points.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(
        np.ptp(found.points, axis=0), np.ptp(plane(vectors, ["x"] * 50, None).points, axis=0)
    )
    # distances in a plane are kept
    np.testing.assert_allclose(
        np.linalg.norm(found.points[0] - found.points[1]), np.linalg.norm(vectors[0] - vectors[1]), rtol=1e-4
    )
    flat = plane(np.ones((4, 3), np.float32), list("abcd"), None)
    np.testing.assert_allclose(flat.points, 0, atol=1e-9)


def test_groups_are_thirds_by_length_or_frequent_labels() -> None:
    groups, names = by_length(["a", "bb", "ccc", "dddd", "eeeee", "ffffff"])
    assert groups == [0, 0, 1, 1, 2, 2]
    assert names == ["up to 2 characters", "up to 4", "longer"]
    groups, names = by_label(["a", "b", "a", ""])
    assert (groups, names) == ([0, 1, 0, 2], ["a", "b", "(blank)"])
    groups, names = by_label([*"aabbccddeeffgg", "h", "i"])
    assert names[-1] == "others"
    assert groups[-2:] == [7, 7]


def test_the_nearest_are_found_by_cosine_without_repeats() -> None:
    vectors = np.array([[1, 0], [2, 0.1], [0, 1], [2, 0]], np.float32)
    found = nearest(vectors, ["a", "b", "c", "a"], 1)
    assert [one.sentence for one in found] == ["b"]
    assert [other for other, _ in found[0].others] == ["a", "c"]
    assert found[0].others[0][1] == pytest.approx(1.0, abs=0.01)
    assert nearest(vectors, ["a"] * 4, 3) == []


@given(st.integers(0, 50), st.integers(0, 60))
def test_chosen_places_are_different_and_inside(size: int, count: int) -> None:
    places = chosen(size, count)
    assert len(set(places)) == len(places) == min(size, count)
    assert all(0 <= place < size for place in places)


@given(st.lists(st.text("ab ", min_size=1, max_size=9), min_size=1, max_size=9))
def test_the_ends_of_a_walk_are_places_and_differ_where_they_can(sentences: list[str]) -> None:
    first, second = apart(sentences)
    assert 0 <= first < len(sentences)
    assert 0 <= second < len(sentences)


def test_sentences_that_fit_a_small_picture_come_first() -> None:
    assert short_ones(["x" * 100, "a fitting sentence", "short"], 2) == ["a fitting sentence"]
    assert short_ones(["x" * 100, "short"], 2) == ["short", "x" * 100]
    assert short_ones(["x" * 1_000, " "], 2) == []
