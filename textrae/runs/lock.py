"""One training for one run folder at a time: a lock that the system lifts when its process ends, however it ends."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from textrae.errors import RunError, cannot_write
from textrae.runs.draft import is_alive

LOCK = "training.lock"
"""File of a run folder that the process which trains into it keeps locked; of one that was killed it means nothing."""
_WAIT = 1.0
"""Seconds in which a process that has the lock has said who it is."""
_ours: set[Path] = set()
"""Folders that this process trains into."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other trainings out of an existing run folder.

    Raises:
        RunError: another one is there, whose process is named, or the disk refuses.
    """
    file, whole = folder / LOCK, folder.resolve()
    lock = FileLock(file, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(_refusal(folder)) from None
    except OSError as error:
        raise RunError(cannot_write(file, error)) from None
    try:
        with suppress(OSError):
            file.write_text(f"{os.getpid()} {socket.gethostname()}\n", encoding="utf-8")
        _ours.add(whole)
        yield
    finally:
        _ours.discard(whole)
        with suppress(OSError):
            file.unlink()  # while it is locked: whoever has opened it sees that it is none any more
        lock.release()


def refuse_running(folder: Path) -> None:
    """Reject a run folder that another process trains into.

    Raises:
        RunError: that process is named.
    """
    if folder.resolve() in _ours or not (folder / LOCK).is_file():
        return
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(_refusal(folder)) from None
    except OSError:  # what cannot be locked is said where it is written
        return
    lock.release()


def _refusal(folder: Path) -> str:
    """Say which process trains into a folder, as soon as its lock's file tells."""
    who, until = "another process", time.monotonic() + _WAIT
    while time.monotonic() < until:
        with suppress(OSError, ValueError):
            number, host = (folder / LOCK).read_bytes()[:300].decode().split()
            if host != socket.gethostname():
                who = f"process {int(number)} on {host}"
                break
            if is_alive(int(number)):  # and not the one before, which was killed
                who = f"process {int(number)}"
                break
        time.sleep(0.02)
    return f"{folder}: {who} is training there; wait for it, stop it, or choose another folder"
