"""The loop: budgets, schedule, guards, early best, exact resumption."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from support import Memory, make_trainer

from textrae.config import TrainingConfig
from textrae.errors import DeviceError, TrainingError
from textrae.text.batch import LengthBuckets, Specials
from textrae.training import (
    Report,
    choose_bf16,
    choose_device,
    fit,
    make_optimizer,
    schedule,
    step_budget,
    validation_loss,
)


def test_schedule_rises_and_decays_to_zero() -> None:
    assert schedule(0.0, 0.1) == pytest.approx(1e-3)
    assert schedule(0.05, 0.1) == pytest.approx(0.5)
    assert schedule(0.1, 0.1) == pytest.approx(1.0)
    assert schedule(0.55, 0.1) == pytest.approx(0.5)
    assert schedule(1.0, 0.1) == pytest.approx(0.0)
    assert schedule(0.0, 0.0) == pytest.approx(1.0)


def test_epochs_are_counted_in_batches() -> None:
    buckets = LengthBuckets(Memory([[5, 6]] * 100), 30, Specials(0, 1, 2, 3), 0)
    assert buckets.batches_in(0) == 10
    assert step_budget(TrainingConfig(epochs=2.5), buckets) == 25
    assert step_budget(TrainingConfig(steps=7), buckets) == 7
    assert step_budget(TrainingConfig(minutes=7), buckets) == 0


def test_training_lowers_the_loss_and_reports() -> None:
    trainer = make_trainer(TrainingConfig(steps=120, lr=1e-2, batch_tokens=120, validations=4))
    reports: list[Report] = []
    trainer.on_report = reports.append
    before, _, _ = validation_loss(trainer)
    assert fit(trainer)
    after, accuracy, _ = validation_loss(trainer)
    assert after < 0.7 * before
    assert [r.step for r in reports if r.kind == "valid"] == [30, 60, 90, 120]
    assert [r.step for r in reports if r.kind == "train"] == [50, 100]
    assert reports[-1].done == 1.0
    assert 0 < accuracy <= 1


def test_the_best_weights_are_kept() -> None:
    trainer = make_trainer(TrainingConfig(steps=40, lr=1e-3, batch_tokens=120, validations=4))
    losses: list[float] = []

    def spoil(report: Report) -> None:
        if report.kind == "valid":
            losses.append(report.loss)
            if len(losses) == 2:  # what follows is worse
                with torch.no_grad():
                    trainer.network.bias += 10 * torch.randn(20)

    trainer.on_report = spoil
    fit(trainer)
    assert min(losses) == losses[1] < losses[-1]
    assert validation_loss(trainer)[0] == pytest.approx(losses[1])


def test_minutes_end_the_training_in_time() -> None:
    trainer = make_trainer(TrainingConfig(minutes=0.02, batch_tokens=60))
    assert fit(trainer)
    assert trainer.progress.seconds >= 1.2  # how far beyond is the machine's affair
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
    with pytest.raises(TrainingError, match="lower --lr"):
        fit(trainer)


@pytest.mark.parametrize("noise", [{}, {"word_dropout": 0.3, "denoise": 0.2}])
def test_a_stopped_training_resumes_to_the_same_bits(tmp_path: Path, noise: dict[str, float]) -> None:
    config = TrainingConfig(steps=60, batch_tokens=120, lr=1e-2, validations=5, **noise)  # type: ignore[arg-type]
    whole = make_trainer(config, dropout=0.1)
    fit(whole)
    for stop in (1, 17, 59):
        checkpoint, metrics = tmp_path / f"{stop}.safetensors", tmp_path / f"{stop}.jsonl"
        first = make_trainer(config, dropout=0.1, checkpoint=checkpoint, metrics=metrics)
        first.should_stop = lambda trainer=first, stop=stop: trainer.progress.step >= stop
        assert not fit(first)
        torch.manual_seed(999)
        second = make_trainer(config, dropout=0.1, checkpoint=checkpoint, metrics=metrics, seed=5)
        assert fit(second)
        for name, value in whole.network.state_dict().items():
            assert torch.equal(value, second.network.state_dict()[name]), (stop, name)
        assert second.progress.valid_loss == whole.progress.valid_loss
        steps = [json.loads(line)["step"] for line in metrics.read_text().splitlines()]
        assert steps == sorted(set(steps)) or steps == [12, 24, 36, 48, 50, 60]


def test_a_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    checkpoint = tmp_path / "state.safetensors"
    config = TrainingConfig(steps=4, batch_tokens=120)
    first = make_trainer(config, checkpoint=checkpoint, hidden=24)
    first.should_stop = lambda: first.progress.step >= 1
    fit(first)
    with pytest.raises(TrainingError, match="--overwrite"):
        fit(make_trainer(config, checkpoint=checkpoint, hidden=16))


@pytest.mark.parametrize("size", [0.01, 100.0])
def test_clipping_inside_the_step_is_clipping_before_it(size: float) -> None:
    results = []
    for inside in (True, False):
        network = make_trainer(TrainingConfig(steps=1)).network
        optimizer = make_optimizer(network, TrainingConfig(weight_decay=0.1))
        generator = torch.Generator().manual_seed(0)
        for _ in range(3):
            for parameter in network.parameters():
                parameter.grad = size * torch.randn(parameter.shape, generator=generator)
            if inside:
                assert optimizer.clip(1.0)
            else:
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        results.append(network.state_dict())
    for ours, theirs in zip(*(result.values() for result in results), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_devices_and_precision() -> None:
    assert choose_device("cpu").type == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="--device cuda"):
            choose_device("cuda")
    assert choose_bf16("bf16", torch.device("cpu"))
    assert not choose_bf16("fp32", torch.device("cpu"))
