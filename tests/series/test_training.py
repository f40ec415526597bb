"""Training on sequences: the error falls, budgets are kept, and it can be stopped."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from series.sequences import Array, approaches, waves

from textrae import SeriesAutoencoder, SeriesConfig, SeriesTraining
from textrae.errors import TrainingError
from textrae.series.training import SeriesReport, SeriesWatch
from textrae.settings.fields import Cell


@pytest.mark.parametrize(
    ("model", "most"),
    [
        (SeriesConfig(hidden=8), 0.05),
        (SeriesConfig(hidden=8, activation="relu"), 0.1),
        (SeriesConfig(cell="gru", hidden=8), 0.1),
        (SeriesConfig(cell="lstm", hidden=8), 0.1),
    ],
)
def test_training_lowers_the_error(model: SeriesConfig, most: float) -> None:
    assert share_left(model, waves(60), waves(20, seed=1)) < most


@pytest.mark.parametrize("cell", get_args(Cell))
def test_training_through_a_bottleneck_lowers_the_error(cell: Cell) -> None:
    model = SeriesConfig(cell=cell, hidden=8, bottleneck="last", scaling="joint")
    assert share_left(model, approaches(60), approaches(20, seed=1)) < 0.2


def share_left(model: SeriesConfig, train: list[Array], unseen: list[Array]) -> float:
    """Return the error on unseen sequences after a short training, as a share of what a prediction of the mean leaves."""
    trained = SeriesAutoencoder.train(train, model, SeriesTraining(steps=150, batch_size=8, lr=3e-2))
    mean = np.concatenate(train).mean(0)
    left = [np.square((values - mean) / trained.run.scaling.size).sum(1).mean() for values in unseen]
    return float(trained.score(unseen).mean() / np.mean(left))


def test_the_same_seed_gives_the_same_model() -> None:
    first, second, other = (
        SeriesAutoencoder.train(waves(20), SeriesConfig(hidden=4), SeriesTraining(steps=10, seed=seed))
        for seed in (1, 1, 2)
    )
    unseen = waves(5, seed=7)
    np.testing.assert_array_equal(first.score(unseen), second.score(unseen))
    assert not np.allclose(first.score(unseen), other.score(unseen))


def test_budgets_and_stopping() -> None:
    config, training = SeriesConfig(hidden=4), SeriesTraining(epochs=2, batch_size=4, validations=3)
    told: list[SeriesReport] = []
    model = SeriesAutoencoder.train(waves(20), config, training, watch=SeriesWatch(report=told.append))
    assert model.run.training["step"] == told[-1].step == 2 * 5  # 18 sequences to train on
    assert model.run.training["valid_loss"] == min(report.valid_loss for report in told)
    stopped = SeriesAutoencoder.train(
        waves(20), config, SeriesTraining(minutes=5), watch=SeriesWatch(should_stop=lambda: True)
    )
    assert stopped.run.training["finished"] is False
    assert SeriesAutoencoder.train(waves(20), config, SeriesTraining(minutes=0.005)).run.training["finished"]


def test_few_sequences_are_said_to_be_validated_on() -> None:
    notes: list[str] = []
    watch = SeriesWatch(note=notes.append)
    SeriesAutoencoder.train(waves(4), SeriesConfig(hidden=4), SeriesTraining(steps=2), watch=watch)
    assert any("fewer than ten sequences" in note for note in notes)


def test_a_rate_at_which_no_loss_is_finite_is_refused() -> None:
    wild = [values * 1e20 for values in waves(20)]  # whose squares are beyond float32
    model = SeriesConfig(hidden=4, activation="relu", scaling="none")
    with pytest.raises(TrainingError, match="lower `lr`"):
        SeriesAutoencoder.train(wild, model, SeriesTraining(steps=4))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_the_first_finite_validation_loss_is_the_best_so_far(
    monkeypatch: pytest.MonkeyPatch, bad: float
) -> None:
    losses = iter([bad, 5.0, bad, 7.0])
    monkeypatch.setattr("textrae.series.training.mean_error", lambda network, values: next(losses))
    training = SeriesTraining(steps=4, validations=4)
    model = SeriesAutoencoder.train(waves(20), SeriesConfig(hidden=4), training)
    assert model.run.training["valid_loss"] == 5.0
    assert [report.step for report in model.run.reports] == [1, 2, 3, 4]
