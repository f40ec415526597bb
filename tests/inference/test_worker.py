"""Processes that work for another one: in order, with every error told, and never longer than that one lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from textrae.inference.worker import Worker, _held
from textrae.runs.draft import is_alive


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.end()
    assert not is_alive(worker.process.pid or 0)


class Unsendable(Exception):
    """An error that cannot be read back, as its arguments are others than those it is made from."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a} and {b}")


def raise_unsendable() -> None:
    raise Unsendable(1, 2)


def test_tasks_are_done_in_order_and_errors_told(worker: Worker) -> None:
    worker.give(1, sorted, [3, 1, 2])
    worker.give(2, int, "x")
    worker.give(3, bytes, 1 << 20)  # more than a pipe holds, as is the next task
    worker.give(4, len, bytes(1 << 20))
    worker.give(5, raise_unsendable)
    worker.give(6, eval, "lambda: 0")
    assert worker.outcome() == (1, (True, [1, 2, 3]))
    number, (done, error) = worker.outcome()
    assert (number, done, type(error)) == (2, False, ValueError)
    assert worker.outcome() == (3, (True, bytes(1 << 20)))
    assert worker.outcome() == (4, (True, 1 << 20))
    assert repr(worker.outcome()[1][1]) == "RuntimeError('Unsendable: 1 and 2')"
    number, (done, error) = worker.outcome()
    assert (number, done) == (6, False)
    assert "pickle" in str(error)
    assert not worker.tasks


def test_signals_are_for_the_process_that_is_worked_for(worker: Worker) -> None:
    assert worker.process.pid
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(worker.process.pid, number)
    worker.give(1, abs, -1)
    assert worker.outcome() == (1, (True, 1))


def test_it_ends_at_once_whatever_it_does() -> None:
    worker = Worker()
    worker.give(1, time.sleep, 60)
    began = time.monotonic()
    worker.end()
    assert time.monotonic() - began < 5
    with pytest.raises(OSError, match="closed"):
        worker.outcome()


@pytest.mark.parametrize("loaded", [True, False], ids=["computing", "starting"])
def test_it_ends_where_the_process_that_is_worked_for_is_killed(loaded: bool) -> None:
    code = (
        "import os, time; from textrae.inference.worker import Worker\n"
        "if __name__ == '__main__':\n"
        "    worker = Worker(); worker.give(1, os.getpid); worker.give(2, eval, 'sum(range(10**11))')\n"
        f"    print(worker.process.pid, {loaded} and worker.outcome(), flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert parent.stdout is not None
    process = int(parent.stdout.readline().split()[0])
    parent.kill()
    deadline = time.monotonic() + 30
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(process)
    assert parent.communicate()[1] == b""


def test_signals_wait_until_a_process_is_started() -> None:
    def handle() -> None:
        with _held():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("started")

    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        handle()
    assert done == ["started"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
