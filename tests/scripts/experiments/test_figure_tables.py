"""Tables of measured trainings."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from support import script


def row(**changes: Any) -> dict[str, Any]:
    """What a training reached on a text; all of it that a table shows."""
    part = {"sentences": 8, "token_accuracy": 0.98765, "exact": 0.5, "bleu": 91.234}
    return {
        **{"corpus": "ptb", "text": "ptb", "budget": ["minutes", 10.0], "shape": None, "further": ""},
        **{"step": 5_281, "tokens": 5_300_000, "passes": 4.0, "seconds": 600.0, "parameters": 12_345_678},
        **{"train_rows": 42_068, "overlap": 0, "hidden": 512},
        **{"slots": 32, "latent": 32, "encoding_size": 1_024, "overall": part},
        **{"by_length": {"0-5": {**part, "sentences": 3}, "6-10": {**part, "sentences": 5, "bleu": 80.0}}},
        **{"machine": "a machine", "precision": "bf16", "peak": 8.0e11, "commit": "abc"},
        **changes,
    }


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return script("experiments/figure_tables", monkeypatch)


def test_a_line_a_row(tables: ModuleType) -> None:
    head, rule, line = tables.whole([row()]).splitlines()
    assert head.count("|") == rule.count("|") == line.count("|")
    assert line == (
        "| ptb | 10 minutes | ptb | 5,281 | 5.30 M | 8,833 | 32 × 32 = 1,024 | 12.3 M | 98.77% | 50.00% | 91.23 |"
    )


def test_switches_are_a_column_where_they_differ_and_a_note_where_not(tables: ModuleType) -> None:
    other = row(further="--slots 0", slots=0, encoding_size=128, tokens=900)
    head, _, first, second = tables.whole([row(), other]).splitlines()
    assert "| switches |" in head
    assert "| defaults |" in first
    assert "| 900 |" not in second
    assert "| 0.9 k | 2 | 128 | 12.3 M | `--slots 0` |" in second
    assert "switches" not in tables.whole([other, other])
    assert next(tables.notes([other, other])) == "All with `--slots 0`."


def test_lengths_are_lines_and_trainings_columns(tables: ModuleType) -> None:
    short = row(budget=["minutes", 5.0], by_length={"0-5": row()["by_length"]["0-5"]})
    unseen = row(text="yelp")
    (table,) = tables.by_length([short, row(), unseen])
    title, blank, head, rule, few, many, total = table.splitlines()
    assert (title, blank) == ("ptb, by length in tokens: token accuracy, exact, BLEU", "")
    assert head == "| tokens | sentences | 5 minutes | 10 minutes |"
    assert rule.count("|") == head.count("|")
    assert few == "| 0-5 | 3 | 98.77% / 50.00% / 91.23 | 98.77% / 50.00% / 91.23 |"
    assert many == "| 6-10 | 5 |  | 98.77% / 50.00% / 80.00 |"
    assert total.startswith("| all | 8 | ")
    assert list(tables.by_length([unseen])) == []


def test_notes_tell_machines_and_what_was_trained_on(tables: ModuleType) -> None:
    faster = row(peak=8.2e11, overlap=2)
    machine, corpus = tables.notes([row(), faster])
    assert machine == (
        "Measured on a machine; bf16 matrix peak 800 to 820 GFLOP/s before each training; commit abc."
    )
    assert (
        corpus == "ptb: 42,068 texts to train on, 8 to measure on; 2 of these are also in the training text."
    )
    first, second, *_ = tables.notes([row(), row(corpus="zh", text="zh", machine="another")])
    assert first.endswith("; ptb 10 minutes.")
    assert second.startswith("Measured on another; bf16 matrix peak 800 GFLOP/s ")
