"""A training followed and stopped."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from functools import partial
from typing import Any

import pytest
from textrae_cli import app
from textrae_cli.failures import in_options
from typer.main import get_command

from textrae.training.following import ProgressBar, Stopped, Stopper, following
from textrae.training.job import Watch
from textrae.training.state import TrainingReport

REPORT = TrainingReport(
    kind="valid", step=10, done=0.5, loss=1.25, tokens=500, seconds=2.0, rate=1e-3, passes=0.7,
    accuracy=0.9, kl=3.0, kl_by_dimension=[1.0, 2.0], active_units=2, mutual_information=2.5, advice="lower `beta`",
)  # fmt: skip


@pytest.mark.usefixtures("hangups")
def test_a_signal_stops_the_loop_and_a_second_one_everything() -> None:
    stopper, before = Stopper(), signal.getsignal(signal.SIGTERM)
    with stopper:
        assert not stopper()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopper()
        assert stopper.signal == signal.SIGTERM
        os.kill(os.getpid(), signal.SIGHUP)  # as a service that is stopped gets it after SIGTERM
        assert stopper.signal == signal.SIGTERM
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.usefixtures("hangups")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_the_first_step_stops_at_once(number: signal.Signals) -> None:
    with pytest.raises(Stopped) as caught, Stopper():
        os.kill(os.getpid(), number)
    assert caught.value.number == number
    assert isinstance(caught.value, KeyboardInterrupt)


@pytest.mark.usefixtures("hangups")
def test_a_terminal_that_closes_sends_several_signals() -> None:
    stopper = Stopper()
    with stopper:
        stopper()
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGHUP)
        assert stopper()
        assert stopper.signal == signal.SIGHUP


def test_what_was_started_to_ignore_a_closing_terminal_goes_on() -> None:
    stopper, before = Stopper(), signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopper:
            stopper()
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stopper()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_nobody_need_read_the_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    progress = ProgressBar()
    with progress:
        monkeypatch.setattr(sys, "stderr", Closed())
        progress.note("nobody reads this")
        progress.report(REPORT)


def test_validations_are_told_and_advice_once_as_options(capsys: pytest.CaptureFixture[str]) -> None:
    group: Any = get_command(app)
    context = group.make_context("textrae", ["train"], resilient_parsing=True)
    progress = ProgressBar(partial(in_options, context))
    with progress:
        progress.report(REPORT)
        progress.report(REPORT)
    said = capsys.readouterr().err
    assert said.count("validation loss 1.2500  token accuracy 90.00%  250 tokens/s") == 2
    assert "active units 2/2" in said
    assert said.count("lower --beta") == 1


def test_python_callers_follow_a_training_too(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    with following(Watch(note=told.append), progress=True) as watch:
        watch.note("two sentences")
        assert not watch.should_stop()
    assert told == ["two sentences"]
    assert "two sentences" in capsys.readouterr().err
    with following(None, progress=False) as watch:
        watch.note("nothing is shown")
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("interrupts")
def test_control_c_stops_a_training_and_warns() -> None:
    def press() -> None:
        with following(None, progress=False) as watch:
            assert not watch.should_stop()
            watch.report(REPORT)
            os.kill(os.getpid(), signal.SIGINT)
            assert watch.should_stop()

    with pytest.warns(UserWarning, match="interrupted after step 10"):
        press()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_thread_gets_no_signals() -> None:
    found: list[bool] = []

    def work() -> None:
        with Stopper() as _, following(None, progress=False) as watch:
            found.append(watch.should_stop())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]
