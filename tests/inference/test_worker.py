"""Processes that work for another one: in order, with every error told, and never longer than that one lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from textrae.inference.worker import Outcome, Worker
from textrae.runs.draft import is_alive


class Served:
    """A worker and the outcomes of its tasks."""

    def __init__(self) -> None:
        self.outcomes: SimpleQueue[tuple[Worker, Outcome | None]] = SimpleQueue()
        self.worker = Worker(self.outcomes)

    def outcome(self) -> Any:
        worker, outcome = self.outcomes.get(timeout=60)
        assert worker is self.worker
        return outcome and (worker.tasks.popleft(), outcome)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.worker.end()
    assert served.outcome() is None
    assert not is_alive(served.worker.pid)


class Unsendable(Exception):
    """An error that cannot be read back, as its arguments are others than those it is made from."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a} and {b}")


def raise_unsendable() -> None:
    raise Unsendable(1, 2)


def test_tasks_are_done_in_order_and_errors_told(served: Served) -> None:
    give = served.worker.give
    give(1, sorted, [3, 1, 2])
    give(2, int, "x")
    give(3, bytes, 1 << 20)  # more than a pipe holds, as is the next task
    give(4, len, bytes(1 << 20))
    give(5, raise_unsendable)
    give(6, eval, "lambda: 0")
    give(7, print, "no outcome")
    assert served.outcome() == (1, (True, [1, 2, 3]))
    number, (done, error) = served.outcome()
    assert (number, done, type(error)) == (2, False, ValueError)
    assert served.outcome() == (3, (True, bytes(1 << 20)))
    assert served.outcome() == (4, (True, 1 << 20))
    assert repr(served.outcome()[1][1]) == "RuntimeError('Unsendable: 1 and 2')"
    number, (done, error) = served.outcome()
    assert (number, done) == (6, False)
    assert "pickle" in str(error)
    assert served.outcome() == (7, (True, None))
    assert not served.worker.tasks


def test_signals_are_for_the_process_that_is_worked_for(served: Served) -> None:
    assert os.getpgid(served.worker.pid) != os.getpgid(0)
    for number in (signal.SIGTERM, signal.SIGHUP):
        os.kill(served.worker.pid, number)
    served.worker.give(1, abs, -1)
    assert served.outcome() == (1, (True, 1))


def test_it_ends_at_once_whatever_it_does() -> None:
    served = Served()
    served.worker.give(1, time.sleep, 60)
    began = time.monotonic()
    served.worker.end()
    assert time.monotonic() - began < 5
    with pytest.raises(ValueError, match="closed"):
        served.worker.give(2, abs, 1)


@pytest.mark.parametrize("loaded", [True, False], ids=["computing", "starting"])
def test_it_ends_where_the_process_that_is_worked_for_is_killed(loaded: bool) -> None:
    code = (
        "import os, time, queue; from textrae.inference.worker import Worker\n"
        "outcomes = queue.SimpleQueue(); worker = Worker(outcomes)\n"
        "worker.give(1, os.getpid); worker.give(2, exec, 'while True: pass')\n"
        f"print(worker.pid, {loaded} and outcomes.get(), flush=True); time.sleep(60)"
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
