"""Tables and pictures of a suite's figures."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from textrae.errors import ConfigError
from textrae.evaluation.suite.report import SuiteReport, TaskReport


def report() -> SuiteReport:
    pairs = {"model": {"spearman": 0.5}, "tfidf": {"spearman": math.nan}, "chance": {"spearman": 0.0}}
    found = {"accuracy@1": 1.0, "mrr": 0.666}
    answers = dict.fromkeys(pairs, found)
    tasks = [
        TaskReport("similarity", "sts", 4, 8, 0, pairs),
        TaskReport("retrieval", "a-long-name", 3, 6, 0, answers),
    ]
    return SuiteReport({"model": 1_024, "tfidf": None, "chance": None}, tasks, 0, [])


def test_a_table_has_a_line_an_encoding_and_a_column_a_measure() -> None:
    assert report().table().splitlines() == [
        "                        sts  a-long-name  a-long-name",
        "encoding  numbers  spearman   accuracy@1          mrr",
        "model       1,024      50.0        100.0         66.6",
        "tfidf           -         -        100.0         66.6",
        "chance          -       0.0        100.0         66.6",
    ]


@pytest.mark.parametrize("ending", [".png", ".svg"])
def test_a_picture_names_tasks_and_encodings(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"suite{ending}"
    report().save_picture(path)
    assert path.stat().st_size > 2_000
    if ending == ".svg":
        drawn = path.read_text()
        assert all(f">{name}</text>" in drawn for name in ("model", "tfidf", "a-long-name, mrr"))
    with pytest.raises(ConfigError, match="pictures are written to"):
        report().save_picture(tmp_path / "suite.txt")
