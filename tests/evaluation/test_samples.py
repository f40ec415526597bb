"""Sample quality by hand."""

from __future__ import annotations

import pytest

from textrae.evaluation.samples import distinct_n, length_distance, sample_quality, self_bleu


def test_distinct_by_hand() -> None:
    rows = [["a", "b", "a"], ["a", "b"], []]
    assert distinct_n(rows, 1) == pytest.approx(2 / 5)
    assert distinct_n(rows, 2) == pytest.approx(2 / 3)
    assert distinct_n([], 2) == 0.0


def test_self_bleu_tells_the_same_from_the_different() -> None:
    assert self_bleu(["the cat sat on the mat"] * 5) == pytest.approx(100.0)
    assert self_bleu(["a b c d e", "f g h i j", "k l m n o"]) == pytest.approx(0.0, abs=1e-6)
    assert self_bleu(["alone"]) == 0.0


def test_quality() -> None:
    found = sample_quality(["a b", "", "a b", "c d"], ["a b", "b c", "a b", "x"])
    assert (found.non_empty, found.distinct, found.novel, found.words) == (0.75, 0.75, 0.5, 1.5)
    assert found.real_distinct_2 == pytest.approx(2 / 3)
    assert sample_quality(["x"]).novel is None
    assert sample_quality(["", "a b"], ["a b", "", " "]) == sample_quality(["", "a b"], ["a b"])
    assert "not in the training text 50.0%" in found.describe()


def test_a_text_without_spaces_is_measured_by_the_character() -> None:
    found = sample_quality(["猫猫猫", "狗吃鱼"], ["我有猫"])
    assert (found.words, found.unit) == (3.0, "characters")
    assert found.distinct_2 == pytest.approx(3 / 4)
    assert found.real_distinct_2 == pytest.approx(2 / 4)


def test_length_distance_by_hand() -> None:
    one, two, four = (["a"] * count for count in (1, 2, 4))
    assert length_distance([one, two], [one, two, one, two]) == pytest.approx(0.0)
    assert length_distance([one, one], [four]) == pytest.approx(3.0)
    assert length_distance([one, four], [two]) == pytest.approx(1.5)
    assert sample_quality(["a b", "c d"], ["a", "b"]).length_distance == pytest.approx(1.0)
    assert sample_quality(["x"]).length_distance is None
    assert "(lengths 1.0 from those of the training text)" in sample_quality(["a b"], ["a"]).describe()
