"""Schedules at the points that define them."""

from __future__ import annotations

import numpy as np
import pytest

from textrae.errors import ConfigError
from textrae.settings.files import build
from textrae.settings.training import TrainingConfig
from textrae.training.schedules import beta, rehearsal, schedule


def test_schedule_rises_and_decays_to_zero() -> None:
    assert schedule(0.0, 0.1) == pytest.approx(1e-3)
    assert schedule(0.05, 0.1) == pytest.approx(0.5)
    assert schedule(0.1, 0.1) == pytest.approx(1.0)
    assert schedule(0.55, 0.1) == pytest.approx(0.5)
    assert schedule(1.0, 0.1) == pytest.approx(0.0)
    assert schedule(0.0, 0.0) == pytest.approx(1.0)


def test_beta_rises_linearly() -> None:
    config = TrainingConfig(beta=2.0, beta_warmup=0.5)
    assert [beta(config, done) for done in (0.0, 0.25, 0.5, 1.0)] == pytest.approx([0.0, 1.0, 2.0, 2.0])


def test_beta_rises_along_the_logistic_function() -> None:
    config = TrainingConfig(beta=1.0, beta_schedule="sigmoid", beta_warmup=0.5)
    points = np.linspace(-6, 6, 7)
    expected = 1 / (1 + np.exp(-points))
    expected = (expected - expected[0]) / (expected[-1] - expected[0])
    assert [beta(config, 0.5 * step / 6) for step in range(7)] == pytest.approx(expected.tolist(), abs=1e-9)
    assert beta(config, 0.25) == pytest.approx(0.5)


def test_beta_goes_in_cycles() -> None:
    """Fu et al. 2019: four cycles, each rising over its first half and staying there."""
    config = TrainingConfig(beta=1.0, beta_schedule="cyclical", beta_warmup=0.5, beta_cycles=4)
    one = [0.0, 0.5, 1.0, 1.0]
    assert [beta(config, step / 16) for step in range(17)] == pytest.approx([*one, *one, *one, *one, 1.0])


def test_a_constant_beta_is_there_from_the_start_but_not_while_pre_training() -> None:
    config = TrainingConfig(beta=3.0, beta_schedule="constant", pretrain=0.25)
    assert [beta(config, done) for done in (0.0, 0.24, 0.25, 1.0)] == [0.0, 0.0, 3.0, 3.0]
    rising = TrainingConfig(beta=1.0, beta_warmup=0.5, pretrain=0.5)
    assert beta(rising, 0.625) == pytest.approx(0.5)
    with pytest.raises(ConfigError, match="give `pretrain` too"):
        build(TrainingConfig, {"reset_decoder": True})


def test_rehearsal_falls_to_nothing() -> None:
    config = TrainingConfig(rehearsal=0.4)
    assert [rehearsal(config, done) for done in (0.0, 0.2, 0.4, 1.0)] == pytest.approx([1.0, 0.5, 0.0, 0.0])
    assert rehearsal(TrainingConfig(rehearsal=0.0), 0.0) == 0.0
