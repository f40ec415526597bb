"""Validations: the best weights are kept, and a collapsed posterior is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from support import Memory, make_trainer

from textrae.settings.training import TrainingConfig
from textrae.training.loop import fit
from textrae.training.state import Trainer, TrainingReport
from textrae.training.validation import gather_latents, measured_rows, validate


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


class Tagged(Memory):
    """Targets that begin with the id of their language: 20 or 21."""

    def __init__(self, rows: list[list[int]], languages: list[int]) -> None:
        super().__init__([[20 + tag, *row] for tag, row in zip(languages, rows, strict=True)])


def translator(languages: list[int], valid_size: int = 50) -> Trainer:
    """A model that writes two languages, about to be trained; the validation rows are of `languages`."""
    trainer = make_trainer(TrainingConfig(steps=60, batch_tokens=200), languages=("de", "fr"))
    assert trainer.network.first_tag == 20
    trainer.languages, trainer.valid_size = ("de", "fr"), valid_size
    trainer.targets = Tagged(trainer.train.rows, [n % 2 for n in range(len(trainer.train))])
    trainer.valid_targets = Tagged(trainer.valid.rows, languages)
    return trainer


def test_each_language_is_validated_and_their_mean_over_tokens_counts(tmp_path: Path) -> None:
    tags = [0] * 30 + [1] * 20
    trainer = translator(tags)
    found, apart = validate(trainer), []
    for name, tag in (("de", 0), ("fr", 1)):
        alone = translator(tags)
        rows = [row for row, its in zip(trainer.valid.rows, tags, strict=True) if its == tag]
        alone.valid, alone.valid_targets = Memory(rows), Tagged(rows, [tag] * len(rows))
        only = validate(alone)
        assert found.losses[name] == pytest.approx(only.loss, rel=1e-5)
        assert only.losses == {name: pytest.approx(only.loss)}
        apart.append((only.loss, sum(len(row) + 1 for row in rows)))
    assert found.loss == pytest.approx(sum(loss * n for loss, n in apart) / sum(n for _, n in apart))
    trainer.metrics = tmp_path / "metrics.jsonl"
    fit(trainer)
    lines = [json.loads(line) for line in trainer.metrics.read_text().splitlines()]
    assert all(set(line["losses"]) == {"de", "fr"} for line in lines if line["kind"] == "valid")


def test_few_sentences_are_of_every_language() -> None:
    tags = [0] * 40 + [1] * 10
    assert measured_rows(translator(tags, 12)).tolist() == [*range(6), *range(40, 46)]
    assert measured_rows(translator(tags, 1)).tolist() == [0, 40]
    assert measured_rows(translator(tags, 40)).tolist() == [*range(30), *range(40, 50)]
    assert measured_rows(translator(tags, 60)).tolist() == list(range(50))
    assert measured_rows(translator([1] * 50, 7)).tolist() == list(range(7))
    planned = translator(tags, 40)
    planned.progress.planned_rows = 4
    assert measured_rows(planned).tolist() == [0, 1, 40, 41]


@pytest.mark.parametrize("variational", [False, True])
def test_a_run_keeps_encodings_of_training_sentences(variational: bool) -> None:
    trainer = make_trainer(TrainingConfig(steps=1), variational=variational)
    found = gather_latents(trainer)
    assert found is not None
    assert found.vectors.shape == (len(trainer.train), 12)
    assert (found.log_variance is not None) == variational


def test_a_run_keeps_no_encodings_that_nothing_decodes() -> None:
    assert gather_latents(make_trainer(TrainingConfig(steps=1), memory="states")) is None
