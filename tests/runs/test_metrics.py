"""Metrics are read with bounds, whatever is in them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrae.errors import RunError
from textrae.runs import metrics
from textrae.runs.metrics import best_validation, figures, read_metrics, reports_of

ODD = [
    None,
    True,
    0,
    -1.5,
    10**400,
    float("nan"),
    float("inf"),
    "x",
    [],
    [1, None, "x", [2]],
    {"a": 1, "b": None},
]


def test_the_best_validation_is_that_of_the_least_loss(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    lines = [
        {"kind": "train", "step": 5, "loss": 0.1},
        {"kind": "valid", "step": 10, "loss": 2.0, "accuracy": 0.5, "kl_by_dimension": [0.5, None, "x"]},
        {"kind": "valid", "step": 20, "loss": 1.0, "accuracy": 0.75, "kl": 3.0, "active_units": 2},
        {"kind": "valid", "step": 30, "loss": 1.5},
    ]
    file.write_text("\n".join([*map(json.dumps, lines), "{half", "[]", '{"step": true}']) + "\n")
    found, left_out = read_metrics(file)
    assert left_out == 3
    assert [one.numbers["step"] for one in found] == [5, 10, 20, 30]
    assert found[1].kl_by_dimension == [0.5]
    best = best_validation(found)
    assert best is found[2]
    assert figures(found) == {"accuracy": 0.75, "kl": 3.0, "active_units": 2.0}
    assert figures([]) == {}


def test_a_line_of_series_is_a_validation_and_the_mean_before_it(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    file.write_text('{"step": 1, "loss": 2.0, "valid_loss": 3.0, "rate": 0.1}\n')
    (train, valid), _ = read_metrics(file)
    assert (train.kind, train.numbers["loss"]) == ("train", 2.0)
    assert (valid.kind, valid.numbers["loss"]) == ("valid", 3.0)


def test_numbers_have_names_that_tell_the_kind() -> None:
    (found,) = reports_of({"kind": "valid", "step": 5, "loss": 2, "losses": {"de": 1.5}, "kl": math.nan})
    assert found.named() == {"valid/loss": 2.0, "valid/loss/de": 1.5}
    assert reports_of({"loss": 2.0}) == []


def test_a_missing_file_has_no_reports_and_a_folder_is_refused(tmp_path: Path) -> None:
    assert read_metrics(tmp_path / "none") == ([], 0)
    (tmp_path / "metrics.jsonl").mkdir()
    with pytest.raises(RunError, match="is a folder"):
        read_metrics(tmp_path / "metrics.jsonl")


def test_what_is_read_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "metrics.jsonl"
    file.write_text('{"step": 1}\n' * 100)
    monkeypatch.setattr(metrics, "LARGEST", 125)
    found, left_out = read_metrics(file)
    assert (len(found), left_out) == (10, 1)


NAMES = ["step", "kind", "loss", "valid_loss", "kl_by_dimension", "losses", "advice"]


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(ODD)))
def test_any_json_is_read_or_left_out(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object]
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.jsonl"
    file.write_text(json.dumps(values) + "\n")
    found, left_out = read_metrics(file)
    assert (len(found) > 0) == (left_out == 0)
    assert all(isinstance(one, float) for report in found for one in report.numbers.values())
