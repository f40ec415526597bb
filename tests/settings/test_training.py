"""Settings of a training: budgets, and what is out of range or without use."""

from __future__ import annotations

from typing import Any

import pytest

from textrae import TrainingConfig
from textrae.errors import ConfigError
from textrae.settings.files import build


def test_two_budgets_are_refused_at_construction() -> None:
    with pytest.raises(ConfigError, match="each a budget"):
        TrainingConfig(epochs=1, steps=1)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"minutes": 1, "epochs": 1}, "`minutes` and `epochs` are each a budget"),
        ({"reset_decoder": True}, "`reset_decoder`: .*`pretrain`"),
        ({"lr": 1.0}, "`lr`: .*less than 1"),
        ({"dropout": 0.1}, "`dropout`: no such setting"),
        ({"noise_shuffle": -1}, "noise_shuffle"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        build(TrainingConfig, values)
    assert "\n" not in str(caught.value)


def test_a_decoder_may_be_reset_after_pretraining() -> None:
    assert TrainingConfig(pretrain=0.1, reset_decoder=True).reset_decoder
