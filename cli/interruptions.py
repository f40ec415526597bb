"""What comes from outside while a command works: signals that stop it, and a reader of its notes that leaves."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def stoppable() -> Iterator[None]:
    """Have SIGTERM and SIGHUP stop what runs in this context as Ctrl-C does, so that it leaves nothing half-made.

    Those that the command was started to ignore (`nohup`) stay ignored, and so does what comes after the first: what is
    being tidied up is tidied up.
    """
    from textrae.training.following import STOPPING, Stopped

    before: dict[int, Any] = {}

    def stop(number: int, frame: FrameType | None) -> None:
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        raise Stopped(number)

    if threading.current_thread() is threading.main_thread():
        for number in STOPPING:
            if number != signal.SIGINT and signal.getsignal(number) == signal.SIG_DFL:
                before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code(stop: KeyboardInterrupt) -> int:
    """Return the exit code of a command that a signal has stopped, as shells have it: 130 after Ctrl-C."""
    return 128 + int(getattr(stop, "number", signal.SIGINT))


class _Notes(io.FileIO):
    """Standard error, whose reader may leave."""

    def write(self, content: Any, /) -> int:
        """Write bytes; those that nobody can read any more count as written."""
        try:
            return super().write(content) or 0
        except OSError:
            return len(memoryview(content).cast("B"))


def keep_noting() -> None:
    """Have notes go nowhere once their pipe or terminal has closed, instead of stopping the command."""
    errors = sys.stderr
    if errors is None:  # closed from the beginning; its number must not become another file's
        number = os.open(os.devnull, os.O_WRONLY)
        sys.stderr = os.fdopen(number, "w", encoding="utf-8")
    elif type(errors) is io.TextIOWrapper and isinstance(errors.buffer, io.BufferedWriter | io.FileIO):
        errors.flush()
        raw = _Notes(errors.fileno(), "w", closefd=False)
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding=errors.encoding, errors=errors.errors, line_buffering=True
        )
