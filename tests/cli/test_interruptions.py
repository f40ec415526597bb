"""Signals that stop a command, with its processes and its files; notes that nobody reads."""

from __future__ import annotations

import importlib.util
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from support import command, environment
from textrae_cli.interruptions import exit_code, keep_noting, stoppable

from textrae.training.following import Stopped

SCRIPT = Path(__file__).parents[2] / "scripts" / "checks" / "signals.py"


@pytest.fixture(scope="module")
def signals() -> ModuleType:
    spec = importlib.util.spec_from_file_location("signals", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.usefixtures("hangups")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_stops_and_the_next_leave_the_tidying_up_undisturbed(number: signal.Signals) -> None:
    tidied, before = [], signal.getsignal(number)

    def work() -> Iterator[None]:
        with stoppable():
            try:
                os.kill(os.getpid(), number)
                yield
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                os.kill(os.getpid(), signal.SIGHUP)
                tidied.append(True)

    with pytest.raises(Stopped) as caught:
        next(work())
    assert exit_code(caught.value) == 128 + number
    assert tidied
    assert signal.getsignal(number) is before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ctrl_c_has_its_usual_code() -> None:
    assert exit_code(KeyboardInterrupt()) == 130


@pytest.mark.parametrize("buffered", [True, False])
def test_notes_that_nobody_reads_go_nowhere(monkeypatch: pytest.MonkeyPatch, buffered: bool) -> None:
    read, write = os.pipe()
    raw: Any = io.FileIO(write, "w")
    errors = io.TextIOWrapper(io.BufferedWriter(raw) if buffered else raw, encoding="utf-8")
    monkeypatch.setattr(sys, "stderr", errors)
    for _ in range(2):  # a second time changes nothing
        keep_noting()
    typer.echo("a note: ä", err=True)
    assert os.read(read, 100).decode() == "a note: ä\n"
    os.close(read)
    for _ in range(3):
        typer.echo("unread", err=True)
    assert errors.fileno() == sys.stderr.fileno() == write


def test_notes_that_were_closed_from_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    keep_noting()
    typer.echo("unread", err=True)
    assert sys.stderr.name > 2  # this process has its own


@pytest.mark.usefixtures("hangups")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_leaves_no_process_and_no_file(
    signals: ModuleType, run: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """While two workers load a model or wait for sentences, and vectors are being written."""
    process = subprocess.Popen(
        [command(), "encode", str(run), "-", "-o", str(tmp_path / "v.npy"), "--workers", "2"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), start_new_session=True,
    )  # fmt: skip
    wait(lambda: len(signals.processes(process.pid)) == 3)
    process.send_signal(number)
    wait(lambda: not signals.processes(process.pid))
    _, said = process.communicate()
    assert process.returncode == (-9 if number == signal.SIGKILL else 128 + number)
    assert said == (b"" if number == signal.SIGKILL else b"stopped; nothing was left half-written\n")
    assert list(tmp_path.iterdir()) == []


def wait(condition: object) -> None:
    deadline = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)
