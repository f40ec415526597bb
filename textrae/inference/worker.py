"""A process that works for another one and never outlives it.

It imports nothing heavy before it watches: where the other process ends, however it ends, this one does at once, while
it still loads a model or computes.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.spawn import get_executable
from queue import SimpleQueue
from typing import IO, Any

Outcome = tuple[bool, Any]
"""Whether a task succeeded, and what it returned, or else what it raised."""
_SIZE = 8
"""Bytes that tell the size of a task."""


class Worker:
    """A process that does one task after another, in the order in which they are given.

    Tasks and outcomes go through its standard input and output, of which a killed process leaves nothing. It has a
    process group of its own: Ctrl-C, or a terminal that closes, is for the process that it works for, which ends it.

    Args:
        outcomes: gets this object and each outcome of its tasks, in their order; and None in its place where the process
            has died.
    """

    def __init__(self, outcomes: SimpleQueue[tuple[Worker, Outcome | None]]) -> None:
        self.tasks: deque[int] = deque()
        """Numbers of the tasks whose outcomes were not taken yet."""
        code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; serve()"
        self._process = subprocess.Popen(
            [os.fsdecode(get_executable()), "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        threading.Thread(target=self._listen, args=(outcomes,), daemon=True).start()

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    def give(self, number: int, function: Callable[..., Any], *args: Any) -> None:
        """Give a task, which does not wait for those before it, and a number that is kept in :attr:`tasks`.

        Raises:
            OSError: the process has died.
        """
        content = pickle.dumps((function, args), pickle.HIGHEST_PROTOCOL)
        stream = self._process.stdin
        assert stream is not None
        stream.write(len(content).to_bytes(_SIZE, "little"))
        stream.write(content)
        stream.flush()
        self.tasks.append(number)

    def end(self) -> None:
        """End the process at once, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with suppress(OSError):  # what it did not read
            self._process.stdin.close()

    def _listen(self, outcomes: SimpleQueue[tuple[Worker, Outcome | None]]) -> None:
        """Hand over outcomes until the process ends."""
        stream = self._process.stdout
        assert stream is not None
        with stream:
            try:
                while True:
                    outcomes.put((self, pickle.load(stream)))  # what this program's own process has sent
            except (EOFError, OSError, pickle.UnpicklingError):
                outcomes.put((self, None))


def serve() -> None:
    """Do what comes through standard input until it closes: this process is a worker."""
    for name in (
        "SIGTERM",
        "SIGHUP",
    ):  # where they come to every process of a service, its first one ends the others
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    outcomes = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no outcome
    tasks: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_watch, args=(tasks,), daemon=True).start()
    while True:
        try:
            function, args = pickle.loads(
                tasks.get()
            )  # of the process that is worked for; the first imports torch
            outcome: Outcome = True, function(*args)
        except Exception as error:
            outcome = False, error
        try:
            _send(outcomes, outcome)
        except OSError:  # nobody waits for it
            os._exit(1)


def _send(stream: IO[bytes], outcome: Outcome) -> None:
    """Send an outcome; an error that cannot be sent is told in its words."""
    try:
        content = pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)
        if not outcome[0]:
            pickle.loads(content)
    except Exception as error:
        error = error if outcome[0] else outcome[1]
        content = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    stream.write(content)
    stream.flush()


def _watch(tasks: SimpleQueue[bytes]) -> None:
    """Receive tasks while others are done, and end the process where no more can come."""
    stream = sys.stdin.buffer
    while len(size := stream.read(_SIZE)) == _SIZE:
        tasks.put(stream.read(int.from_bytes(size, "little")))
    os._exit(0)
