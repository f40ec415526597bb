"""One process at a time in a folder that several share: the others wait, and are told for whom."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

LOCK: Final = "preparing.lock"
"""File that the process which prepares a folder keeps locked; of one that was killed it means nothing."""
_POLL: Final = 0.1
"""Seconds after which a process that waits tries again."""


@contextmanager
def one_at_a_time(file: Path, note: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other process has a lock, and keep the others out meanwhile.

    The system lifts the lock of a process that dies, so that a crashed one holds up nobody.

    Args:
        file: of the lock, in an existing folder; it is there only while somebody has it.
        note: called with a line for the user if there is somebody to wait for.

    Raises:
        OSError: the disk refuses, or its file system has no locks.
    """
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        note(
            f"{file.parent}: {_holder(file)} prepares the corpus there; waiting for it, to use the same token cache"
        )
        lock.acquire(timeout=-1, poll_interval=_POLL)
    try:
        with suppress(OSError):
            file.write_text(f"{os.getpid()} {socket.gethostname()}\n", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            file.unlink()  # while it is locked: whoever has opened it sees that it is none any more
        lock.release()


def _holder(file: Path) -> str:
    """Return what is told of the process that has a lock."""
    with suppress(OSError, ValueError):
        number, host = file.read_bytes()[:300].decode().split()
        return f"process {int(number)}" + ("" if host == socket.gethostname() else f" on {host}")
    return "another process"
