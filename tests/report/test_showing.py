"""Sections of what runs do with sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from textrae import SentenceAutoencoder
from textrae.evaluation.attention import AttentionMap
from textrae.evaluation.suite.report import SuiteReport, TaskReport
from textrae.report.blocks import Drawn, Rebuilt, Said, Table
from textrae.report.showing import attended, mapped, posteriors, quality, rebuilt, suites, written
from textrae.report.studying import Study


def test_sentences_that_were_changed_most_come_once(model: SentenceAutoencoder) -> None:
    same = [(f"sentence {number}", f"sentence {number}") for number in range(10)]
    pairs = [
        *same,
        ("one two", "one two"),
        ("x y", "a b"),
        ("x y", "a b"),
        ("a long one here", "a long one there"),
    ]
    section = rebuilt([Study("run", model, pairs=pairs)])
    first, most = [block for block in section.blocks if isinstance(block, Rebuilt)]
    assert [row.given for row in first.rows] == [given for given, _ in same]
    assert [row.given for row in most.rows] == ["x y", "a long one here"]
    exact = rebuilt([Study("run", model, pairs=same)])
    assert exact.blocks[-1] == Said("All 10 came back to the letter.")


def test_what_is_missing_is_said_with_its_reason(model: SentenceAutoencoder) -> None:
    one = Study("run", model, missing={"quality": "needs it", "samples": "no samples", "map": "no map"})
    assert quality([one], None).blocks == [Said("Not measured: needs it.")]
    assert [section.blocks[-1] for section in written([one])] == [Said("None: no samples.")]
    section = mapped([one], None)
    assert section is not None
    assert section.blocks == [Said("No map: no map.")]
    assert posteriors([one]) is attended([one]) is suites([one]) is None


def test_maps_of_attention_and_a_suite_are_drawn(model: SentenceAutoencoder) -> None:
    weights = np.ones((1, 1), np.float32)
    tasks = [TaskReport("similarity", "sts", 4, 8, 0, {"model": {"spearman": 0.5}})]
    one = Study("run", model, attention=[AttentionMap(["a"], ["b"], weights, None)])
    one.suite = SuiteReport({"model": 24}, tasks, 0, ["a note"])
    looked, suite = attended([one]), suites([one, Study("other", model)])
    assert looked is not None
    assert suite is not None
    assert isinstance(looked.blocks[0], Drawn)
    drawn, table, note = suite.blocks
    assert isinstance(drawn, Drawn)
    assert drawn.caption.startswith("run: ")
    assert isinstance(table, Table)
    assert table.rows == [["model", "24", "50.0"]]
    assert note == Said("a note")


def test_a_long_map_is_cut_and_says_so(model: SentenceAutoencoder) -> None:
    weights = np.ones((50, 1), np.float32)
    section = attended([Study("run", model, attention=[AttentionMap(["a"], ["b"] * 50, weights, None)])])
    assert section is not None
    (drawn,) = section.blocks
    assert isinstance(drawn, Drawn)
    assert drawn.caption.endswith("The first 40 of 50 pieces.")


def test_quality_by_length_is_in_order(run: Path, model: SentenceAutoencoder) -> None:
    found = model.evaluate(["a", "A dog sees a red ball today.", "x y z " * 5])
    from textrae.report.studying import Text

    section = quality([Study("run", model, quality=found)], Text("t.txt", ["a"] * 3))
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    assert [row[0] for row in table.rows] == [*found.by_length, "all"]
    assert len(table.head) == len(table.rows[0]) == 9
