"""A training followed and stopped."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import Any

import pytest
from textrae_cli import app
from textrae_cli.failures import in_options
from typer.main import get_command

from textrae.training.following import ProgressBar, Stopper
from textrae.training.state import TrainingReport


def test_a_signal_stops_the_loop_and_a_second_one_everything() -> None:
    stopper, before = Stopper(), signal.getsignal(signal.SIGTERM)
    with stopper:
        assert not stopper()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopper()
        assert stopper.signal == signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_before_the_first_step_stops_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), Stopper():
        os.kill(os.getpid(), signal.SIGINT)


def test_validations_are_told_and_advice_once_as_options(capsys: pytest.CaptureFixture[str]) -> None:
    group: Any = get_command(app)
    context = group.make_context("textrae", ["train"], resilient_parsing=True)
    progress = ProgressBar(partial(in_options, context))
    report = TrainingReport(
        kind="valid", step=10, done=0.5, loss=1.25, tokens=500, seconds=2.0, rate=1e-3, passes=0.7,
        accuracy=0.9, kl=3.0, kl_by_dimension=[1.0, 2.0], active_units=2, mutual_information=2.5, advice="lower `beta`",
    )  # fmt: skip
    with progress:
        progress.report(report)
        progress.report(report)
    said = capsys.readouterr().err
    assert said.count("validation loss 1.2500  token accuracy 90.00%  250 tokens/s") == 2
    assert "active units 2/2" in said
    assert said.count("lower --beta") == 1
