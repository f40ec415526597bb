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
from textrae.training.validation import gather_latents, validate


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


def test_a_validation_counts_the_divergence_at_full_weight() -> None:
    """Whatever a warm-up has reached: validations are comparable."""
    losses = []
    for beta in (0.0, 2.0):
        trainer = make_trainer(TrainingConfig(steps=1, beta=beta, free_bits=0.0), variational=True)
        found = validate(trainer)
        assert found.diagnosis is not None
        losses.append(found.loss)
    tokens = sum(len(row) + 1 for row in trainer.valid.rows)
    assert losses[1] - losses[0] == pytest.approx(
        2.0 * found.diagnosis.kl * len(trainer.valid) / tokens, rel=1e-3
    )


@pytest.mark.parametrize("variational", [False, True])
def test_a_run_keeps_encodings_of_training_sentences(variational: bool) -> None:
    trainer = make_trainer(TrainingConfig(steps=1), variational=variational)
    found = gather_latents(trainer)
    assert found is not None
    assert found.vectors.shape == (len(trainer.train), 12)
    assert (found.log_variance is not None) == variational


def test_a_run_keeps_no_encodings_that_nothing_decodes() -> None:
    assert gather_latents(make_trainer(TrainingConfig(steps=1), memory="states")) is None
