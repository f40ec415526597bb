"""The report of a run of series."""

from __future__ import annotations

import numpy as np

from textrae.report.blocks import Said, Table
from textrae.report.numbers import Rebuilding, SeriesStudy, series_report
from textrae.runs.metrics import Report


def test_errors_and_some_series_are_drawn() -> None:
    given = [np.sin(np.linspace(0, 9, 500 if row == 1 else 30))[:, None] * [1.0, row] for row in range(4)]
    rebuilding = Rebuilding(
        "x.csv",
        given,
        [one * 0.9 for one in given],
        np.array([0.1, 0.4, 0.2, 0.3]),
        [("a", 0.1, 0.9), ("b", 0.2, None)],
    )
    reports = [Report("valid", {"step": 1.0, "loss": 0.5})]
    found = series_report(
        SeriesStudy("run", {"model": "GRU"}, "textrae train", reports, {"step": 1}, rebuilding)
    )
    assert [one.what for one in found.pictures()] == ["curves", "errors", *["rebuilt"] * 3]
    captions = [one.caption for one in found.pictures() if one.what == "rebuilt"]
    assert captions[-1] == "Sequence 2: error 0.4. The first 400 of 500 steps."
    (table,) = [block for block in found.sections[2].blocks if isinstance(block, Table)]
    assert table.rows == [["a", "0.1", "90.0%"], ["b", "0.2", "–"]]
    assert found.figures["errors"] == [0.1, 0.4, 0.2, 0.3]


def test_without_a_file_it_says_what_is_missing() -> None:
    found = series_report(SeriesStudy("run", {}, "textrae train", []))
    assert found.sections[-1].blocks == [Said("Not measured: needs series: give a FILE of them.")]
    assert found.figures["errors"] is None
