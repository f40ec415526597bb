"""Tasks of distinct sentences."""

from __future__ import annotations

from textrae.evaluation.suite.tasks import Suite, make_task


def test_sentences_stand_once_in_the_order_of_the_lines() -> None:
    pairs = make_task("similarity", "x", [["b", "a", "c"], ["a", "c", "b"]], [1.0, 0.5, 3])
    assert pairs.sentences == ["b", "a", "c"]
    assert [column.tolist() for column in pairs.columns] == [[0, 1, 2], [1, 2, 0]]
    assert (pairs.gold.tolist(), pairs.labels) == ([1.0, 0.5, 3.0], ())
    labelled = make_task("labels", "y", [["d", "a", "d"]], ["no", "yes", "no"])
    assert (labelled.sentences, labelled.labels) == (["d", "a"], ("no", "yes"))
    assert (labelled.columns[0].tolist(), labelled.gold.tolist()) == ([0, 1, 0], [0, 1, 0])
    suite = Suite([pairs, labelled])
    assert suite.sentences == ["b", "a", "c", "d"]
    assert suite.places == {"b": 0, "a": 1, "c": 2, "d": 3}
