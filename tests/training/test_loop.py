"""The loop: budgets, schedule, guards, early best, exact resumption."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support import SPECIALS, make_trainer
from torch import Tensor

from textrae.devices import choose_bf16, choose_device
from textrae.errors import DeviceError, TrainingError
from textrae.settings.training import TrainingConfig
from textrae.text.batch import LengthBuckets
from textrae.training.loop import fit
from textrae.training.state import Trainer, TrainingReport
from textrae.training.validation import Validation, validate


def test_training_lowers_the_loss_and_reports() -> None:
    trainer = make_trainer(TrainingConfig(steps=120, lr=1e-2, batch_tokens=120, validations=4))
    reports: list[TrainingReport] = []
    trainer.on_report = reports.append
    before = validate(trainer).loss
    assert fit(trainer)
    after = validate(trainer)
    assert after.loss < 0.7 * before
    assert [r.step for r in reports if r.kind == "valid"] == [30, 60, 90, 120]
    assert [r.step for r in reports if r.kind == "train"] == [50, 100]
    assert reports[-1].done == 1.0
    assert 0 < after.accuracy <= 1
    assert after.diagnosis is None


def test_passes_count_sentences() -> None:
    trainer = make_trainer(TrainingConfig(epochs=2, batch_tokens=120, validations=2))
    reports: list[TrainingReport] = []
    trainer.on_report = reports.append
    assert fit(trainer)
    assert trainer.progress.sentences == 2 * len(trainer.train)
    passes = [report.passes for report in reports if report.kind == "valid"]
    assert passes == sorted(passes)
    assert passes == [1.0, 2.0]


def test_minutes_end_the_training_in_time() -> None:
    trainer = make_trainer(TrainingConfig(minutes=0.02, batch_tokens=60))
    assert fit(trainer)
    assert trainer.progress.seconds >= 0.4  # how far beyond is the machine's affair
    assert trainer.progress.step > 0


def test_a_step_that_is_not_finite_is_left_out_and_counted() -> None:
    trainer = make_trainer(TrainingConfig(steps=20, batch_tokens=120))
    calls = 0

    def spoil(gradient: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return gradient * math.nan if calls in (3, 4) else gradient

    trainer.network.bias.register_hook(spoil)
    assert fit(trainer)
    assert trainer.progress.skipped == 2
    assert all(torch.isfinite(p).all() for p in trainer.network.parameters())


def test_gradients_that_stay_not_finite_stop_the_training() -> None:
    trainer = make_trainer(TrainingConfig(steps=100, batch_tokens=120))
    trainer.network.bias.register_hook(lambda gradient: gradient * math.nan)
    with pytest.raises(TrainingError, match="lower `lr`"):
        fit(trainer)


@pytest.mark.parametrize("spoilt", [math.nan, math.inf, -math.inf])
def test_a_first_validation_that_is_not_finite_is_beaten(
    spoilt: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trainer = make_trainer(
        TrainingConfig(steps=40, batch_tokens=120, validations=4), metrics=tmp_path / "m.jsonl"
    )
    measured = iter([spoilt, 7.0, 9.0, spoilt])
    kept: list[Tensor] = []

    def found(trainer: Trainer) -> Validation:
        kept.append(trainer.network.bias.detach().clone())
        return replace(validate(trainer), loss=next(measured))

    monkeypatch.setattr("textrae.training.loop.validate", found)
    assert fit(trainer)
    assert trainer.progress.valid_loss == 7.0
    assert torch.equal(trainer.network.bias, kept[1])
    losses = [json.loads(line)["loss"] for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert losses == [None, 7.0, 9.0, None]


def test_a_training_without_a_finite_validation_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make_trainer(TrainingConfig(steps=40, batch_tokens=120, validations=4))
    monkeypatch.setattr(
        "textrae.training.loop.validate", lambda trainer: replace(validate(trainer), loss=math.nan)
    )
    with pytest.raises(TrainingError, match=r"step 40: no validation loss was finite; lower `lr`"):
        fit(trainer)


@pytest.mark.parametrize("regulariser", ["mmd", "adversarial"])
def test_a_regulariser_brings_encodings_to_the_prior(regulariser: Any) -> None:
    """Without one, the standard deviation of encodings goes its own way."""
    spreads = []
    for weight in (0.0, 10.0):
        config = TrainingConfig(
            steps=200, batch_tokens=400, lr=1e-2, regulariser_weight=weight, weight_decay=0.0
        )
        trainer = make_trainer(config, regulariser=regulariser)
        with torch.no_grad():
            trainer.network.bottleneck.project.weight *= 8
        fit(trainer)
        batch = next(LengthBuckets(trainer.valid, 4_096, SPECIALS, 0).in_order(50))
        with torch.no_grad():
            vectors = trainer.network.eval().encode(batch.source, batch.lengths).vector
        spreads.append(float((vectors.square().mean() - 1).abs()))
    assert spreads[1] < 0.5 * spreads[0]


def test_devices_and_precision() -> None:
    assert choose_device("cpu").type == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="`device=cuda`"):
            choose_device("cuda")
    assert choose_bf16("bf16", torch.device("cpu"))
    assert not choose_bf16("fp32", torch.device("cpu"))
