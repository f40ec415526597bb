"""A process that works for another one and never outlives it.

It imports nothing heavy before it watches: where the other process ends, however it ends, this one does at once, while
it still loads a model or computes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.reduction import ForkingPickler
from multiprocessing.spawn import get_executable
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer

Outcome = tuple[bool, Any]
"""Whether a task succeeded, and what it returned, or else what it raised."""
_SIZE = 8
"""Bytes that tell the size of what follows."""


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
        assert self._process.stdin is not None
        _write(self._process.stdin, ForkingPickler.dumps((function, args)))
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
        try:
            with stream:
                while (content := _read(stream)) is not None:
                    outcomes.put((self, ForkingPickler.loads(content)))
        finally:
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
            function, args = ForkingPickler.loads(tasks.get())  # the first one imports torch
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
        content = ForkingPickler.dumps(outcome)
        if not outcome[0]:
            ForkingPickler.loads(content)
    except Exception as error:
        error = error if outcome[0] else outcome[1]
        content = ForkingPickler.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    _write(stream, content)


def _watch(tasks: SimpleQueue[bytes]) -> None:
    """Receive tasks while others are done, and end the process where no more can come."""
    while (content := _read(sys.stdin.buffer)) is not None:
        tasks.put(content)
    os._exit(0)


def _write(stream: IO[bytes], content: Buffer) -> None:
    """Write a task or an outcome behind its size."""
    stream.write(memoryview(content).nbytes.to_bytes(_SIZE, "little"))
    stream.write(content)
    stream.flush()


def _read(stream: IO[bytes]) -> bytes | None:
    """Read what :func:`_write` wrote; return None where the stream ends, if only before all of it is there."""
    size = stream.read(_SIZE)
    if len(size) < _SIZE:
        return None
    content = stream.read(wanted := int.from_bytes(size, "little"))
    return content if len(content) == wanted else None
