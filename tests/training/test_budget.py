"""Budgets: what is spent, and how much of it validations may take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import SPECIALS, Memory, make_trainer

from textrae.settings.training import TrainingConfig
from textrae.text.batch import LengthBuckets
from textrae.training.budget import LEAST, SHARE, VALIDATING, Budget, plan, step_budget
from textrae.training.loop import fit
from textrae.training.state import Trainer


def test_epochs_are_counted_in_batches() -> None:
    buckets = LengthBuckets(Memory([[5, 6]] * 100), 30, SPECIALS, 0)
    assert buckets.batches_in(0) == 10
    assert step_budget(TrainingConfig(epochs=2.5), buckets) == 25
    assert step_budget(TrainingConfig(steps=7), buckets) == 7
    assert step_budget(TrainingConfig(minutes=7), buckets) == 0


def test_a_large_budget_has_room_for_all_that_is_asked_for() -> None:
    found = plan(1_800 * 1_024, 10, 2_000, 13.0, 13.0)
    assert (found.validations, found.rows, found.kept) == (10, 2_000, 5_000)


@pytest.mark.parametrize(
    ("tokens", "validations", "rows"),
    [
        (20 * 1_024, 1, 393),  # 20 steps
        (40 * 1_024, 3, 200),
        (150 * 1_024, 10, 295),
        (1_024, 1, 19),
        (1, 1, LEAST),
    ],
)
def test_a_small_budget_has_fewer_sentences_then_fewer_validations(
    tokens: int, validations: int, rows: int
) -> None:
    found = plan(tokens, 10, 2_000, 13.0, 13.0)
    assert (found.validations, found.rows) == (validations, rows)


@given(st.floats(1, 1e12), st.integers(1, 10**6), st.integers(1, 10**6), st.floats(2, 500), st.floats(2, 500))
def test_validations_take_at_most_their_share(
    tokens: float, validations: int, rows: int, valid_mean: float, train_mean: float
) -> None:
    found = plan(tokens, validations, rows, valid_mean, train_mean)
    assert 1 <= found.validations <= validations
    assert 1 <= found.rows <= rows
    assert found.kept >= LEAST
    spent = found.validations * found.rows * valid_mean * VALIDATING
    assert spent <= SHARE * tokens * 1.000001 or (found.validations == 1 and found.rows <= LEAST)


def small(config: TrainingConfig) -> tuple[Trainer, list[str]]:
    """A training about to begin, and what it tells."""
    trainer, said = make_trainer(config), list[str]()
    trainer.on_note = said.append
    return trainer, said


def test_what_a_small_budget_leaves_out_is_told() -> None:
    trainer, said = small(TrainingConfig(steps=20, batch_tokens=60))
    measured: list[float] = []
    trainer.on_report = lambda report: measured.append(report.done) if report.kind == "valid" else None
    assert fit(trainer)
    # 20 · 60 tokens leave 300 to validations, some 60 sentences of the 50 that there are
    assert measured == [1.0]
    assert said == [
        "a budget as small as this one has room for 1 validation on 50 sentences, not 10 validations on 50 "
        "(`validations`, `valid_size`): they take a tenth of it at most"
    ]
    assert 0 < trainer.progress.valid_seconds < trainer.progress.seconds
    large, nothing = small(TrainingConfig(steps=200, batch_tokens=60))
    assert Budget(large, large.buckets(60, 0)).validations == 10
    assert nothing == []


def test_a_budget_in_steps_knows_no_clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A slow machine validates as a fast one does, so that a resumed training is that of one sitting."""
    found = []
    for pace in (1.0, 100.0):
        trainer, _ = small(TrainingConfig(steps=60, batch_tokens=60))
        trainer.metrics = tmp_path / f"{pace}.jsonl"
        ticks = iter(range(10**9))
        monkeypatch.setattr("textrae.training.budget.time.perf_counter", lambda p=pace, t=ticks: p * next(t))
        assert fit(trainer)
        lines = [json.loads(line) for line in trainer.metrics.read_text().splitlines()]
        assert lines[-1]["seconds"] > pace * 60
        found.append([(line["step"], line["loss"]) for line in lines if line["kind"] == "valid"])
    assert found[0] == found[1]
    assert len(found[0]) == 4


def test_a_small_budget_resumes_to_the_same_bits(tmp_path: Path) -> None:
    config = TrainingConfig(steps=30, batch_tokens=60, lr=1e-2)
    whole, _ = small(config)
    assert fit(whole)
    for stop in (3, 29):
        trainers = [make_trainer(config, checkpoint=tmp_path / str(stop), seed=seed) for seed in (0, 5)]
        trainers[0].should_stop = lambda first=trainers[0], stop=stop: first.progress.step >= stop
        assert [fit(trainer) for trainer in trainers] == [False, True]
        resumed = trainers[1]
        assert resumed.progress.planned_validations == whole.progress.planned_validations < 10
        assert resumed.progress.valid_loss == whole.progress.valid_loss
        for name, value in whole.network.state_dict().items():
            assert torch.equal(value, resumed.network.state_dict()[name]), (stop, name)


@pytest.mark.parametrize("validations", [1, 10])
def test_a_budget_in_minutes_ends_on_time(monkeypatch: pytest.MonkeyPatch, validations: int) -> None:
    """Time goes by in steps and validations only; the last validation and what follows lie within the budget."""
    clock = [0.0]
    monkeypatch.setattr("textrae.training.budget.time.perf_counter", lambda: clock[0])
    trainer, said = small(TrainingConfig(minutes=1, batch_tokens=60, validations=validations))
    per_token = 0.004

    def step(*args: object) -> None:
        clock[0] += 50 * per_token

    trainer.network.bias.register_hook(step)
    rows: list[int] = []

    def validated(t: Trainer) -> object:
        clock[0] += t.progress.planned_rows * 5 * per_token * VALIDATING
        rows.append(t.progress.planned_rows)
        return original(t)

    from textrae.training import loop

    original = loop.validate
    monkeypatch.setattr(loop, "validate", validated)
    assert fit(trainer)
    assert 55 < trainer.progress.seconds <= 60
    assert trainer.progress.valid_seconds <= 6.5
    assert 1 <= len(rows) <= validations
    assert rows == rows[:1] * len(rows)
    assert trainer.progress.step > 200
    assert said == [] or validations > 1
