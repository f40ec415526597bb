"""Validations: the best weights are kept, and a collapsed posterior is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from support import make_trainer

from textrae.settings.training import TrainingConfig
from textrae.training.loop import fit
from textrae.training.state import TrainingReport
from textrae.training.validation import validate


def test_the_best_weights_are_kept() -> None:
    trainer = make_trainer(TrainingConfig(steps=40, lr=1e-3, batch_tokens=120, validations=4))
    losses: list[float] = []

    def spoil(report: TrainingReport) -> None:
        if report.kind == "valid":
            losses.append(report.loss)
            if len(losses) == 2:  # what follows is worse
                with torch.no_grad():
                    trainer.network.bias += 10 * torch.randn(20)

    trainer.on_report = spoil
    fit(trainer)
    assert min(losses) == losses[1] < losses[-1]
    assert validate(trainer).loss == pytest.approx(losses[1])


def test_a_collapsed_posterior_is_told_with_what_would_help(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.jsonl"
    config = TrainingConfig(steps=150, batch_tokens=120, lr=1e-2, beta=20.0, free_bits=0.0)
    reports: list[TrainingReport] = []
    trainer = make_trainer(config, variational=True, metrics=metrics)
    trainer.on_report = reports.append
    fit(trainer)
    last = reports[-1]
    assert last.active_units == 0
    assert last.advice is not None
    assert "`beta`" in last.advice
    written = json.loads(metrics.read_text().splitlines()[-1])
    assert len(written["kl_by_dimension"]) == 12
    assert written["kl"] == pytest.approx(sum(written["kl_by_dimension"]), abs=1e-3)
    assert all(report.advice is None for report in reports if report.done < 0.2)
