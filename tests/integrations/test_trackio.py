"""Trackio, which writes to a data base on this machine: it is read back."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracking import expected, train

pytest.importorskip("trackio")
from trackio import utils
from trackio.sqlite_storage import SQLiteStorage


def test_what_metrics_hold_is_there_and_resuming_goes_on(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(utils, "TRACKIO_DIR", tmp_path / "trackio")
    monkeypatch.setattr("trackio.sqlite_storage.TRACKIO_DIR", tmp_path / "trackio")
    train(corpus, tmp_path / "run", "trackio", stop_at=60)
    train(corpus, tmp_path / "run", "trackio", resume=True)
    (name,) = SQLiteStorage.get_runs("textrae")
    assert name.startswith("run-2")
    found: dict[str, dict[int, float]] = {}
    for one in SQLiteStorage.get_logs("textrae", name):
        for key, value in one.items():
            if "/" in key:
                found.setdefault(key, {})[one["step"]] = value
    wanted = expected(tmp_path / "run")
    assert found.keys() == wanted.keys()
    for key, values in wanted.items():
        assert found[key] == pytest.approx(values)
    assert SQLiteStorage.get_run_config("textrae", name)["training"]["steps"] == 100
