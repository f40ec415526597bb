"""A process that works for another one and never outlives it.

It imports nothing heavy before it watches: where the other process ends, however it ends, this one does at once, while
it still loads a model or computes.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from queue import SimpleQueue
from types import FrameType
from typing import Any

Outcome = tuple[bool, Any]
"""Whether a task succeeded, and what it returned, or else what it raised."""
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Signals that end a program in good order: the process that is worked for gets them, and ends its workers."""


class Worker:
    """A process that does one task after another, in the order in which they are given.

    Tasks and outcomes go through a pipe and not through queues, whose named semaphores a killed process would leave.
    """

    def __init__(self) -> None:
        context = get_context("spawn")  # a forked process cannot use a GPU, nor torch's threads safely
        self.connection: Connection[Any, Any]
        self.connection, theirs = context.Pipe()
        self.tasks: deque[int] = deque()
        """Numbers of the tasks whose outcomes were not received yet."""
        self.process: BaseProcess = context.Process(target=_serve, args=(theirs,), daemon=True)
        with _held():
            self.process.start()
        theirs.close()  # so that the end of the process is an end of what can be read

    def give(self, number: int, function: Callable[..., Any], *args: Any) -> None:
        """Give a task, which does not wait for those before it, and a number for its outcome.

        Raises:
            OSError: the process has died.
        """
        self.connection.send_bytes(ForkingPickler.dumps((function, args)))
        self.tasks.append(number)

    def outcome(self) -> tuple[int, Outcome]:
        """Wait for the next outcome, and return the task's number and the outcome.

        Raises:
            EOFError, OSError: the process has died.
        """
        outcome: Outcome = self.connection.recv()
        return self.tasks.popleft(), outcome

    def end(self) -> None:
        """End the process at once, whatever it is doing."""
        self.connection.close()
        self.process.kill()
        self.process.join()


def _serve(connection: Connection[Any, Any]) -> None:
    """Do what comes through a pipe until its other end closes."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    tasks: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, tasks), daemon=True).start()
    while True:
        try:
            function, args = ForkingPickler.loads(tasks.get())  # the first one imports torch
            outcome: Outcome = True, function(*args)
        except Exception as error:
            outcome = False, error
        try:
            _send(connection, outcome)
        except OSError:  # nobody waits for it
            os._exit(1)


def _send(connection: Connection[Any, Any], outcome: Outcome) -> None:
    """Send an outcome; an error that cannot be sent is told in its words."""
    try:
        content = ForkingPickler.dumps(outcome)
        if not outcome[0]:
            ForkingPickler.loads(content)
    except Exception as error:
        error = error if outcome[0] else outcome[1]
        content = ForkingPickler.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    connection.send_bytes(content)


def _listen(connection: Connection[Any, Any], tasks: SimpleQueue[bytes]) -> None:
    """Receive tasks while others are done, and end the process where no more can come."""
    while True:
        try:
            tasks.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)


@contextmanager
def _held() -> Iterator[None]:
    """Hold back signals until a process is started: in this thread by a handler, in the process by its mask.

    Python starts it in several steps, and an exception between them would leave a process that nobody knows.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield  # no handler of Python's runs in another thread
        return
    resource_tracker.ensure_running()  # starting it would lift the mask
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    ours = [number for number in _SIGNALS if signal.getsignal(number) is not None]  # None: not Python's
    before = {number: signal.signal(number, note) for number in ours}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)
