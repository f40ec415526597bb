"""A file that is being written: it appears at its place when it is whole, and of an unfinished one nothing is left."""

from __future__ import annotations

import errno
import glob
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import IO, cast


class Draft:
    """A file that has no name until it is published, so that even a killed process leaves nothing of it.

    Some file systems have no files without names (NFS, those of macOS). There it lies beside its place as
    ``.NAME.PROCESS.partial``; the next draft of the same file removes what a killed process has left.

    Args:
        path: place of the file; a file there stays until this one is whole.

    Raises:
        OSError: the folder is missing or refuses.
    """

    stream: IO[bytes]
    """Where the content goes; it can seek."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._beside = path.with_name(partial_name(path.name))
        remove_leftovers(path.parent, path.name)
        nameless = _open_nameless(path.parent)
        self._named = nameless is None
        self.stream = cast("IO[bytes]", self._beside.open("w+b")) if nameless is None else nameless

    def publish(self, *, durable: bool = False) -> None:
        """Put the file at its place, in one step.

        Args:
            durable: whether it is written to the disk itself before.

        Raises:
            OSError: the disk refuses; :meth:`discard` is still to be called.
        """
        self.stream.flush()
        if durable:
            os.fsync(self.stream.fileno())
        if not self._named:
            self._name()
        self.stream.close()
        if self._named:
            self._beside.replace(self.path)

    def discard(self) -> None:
        """Leave nothing of the file, unless it was published."""
        with suppress(OSError):
            self.stream.close()
        if self._named:
            self._beside.unlink(missing_ok=True)

    def _name(self) -> None:
        """Give the nameless file its place, or where another file is there, a name beside it."""
        try:
            _link(self.stream, self.path)
        except OSError as error:
            self._beside.unlink(missing_ok=True)
            self._named = True
            if error.errno == errno.EEXIST:
                _link(self.stream, self._beside)
            else:
                self._copy()

    def _copy(self) -> None:
        """Copy the file to a named one, where the file system can hold it and cannot name it."""
        self.stream.seek(0)
        with self._beside.open("xb") as named:
            shutil.copyfileobj(self.stream, named)


def _open_nameless(folder: Path) -> IO[bytes] | None:
    """Open a file without a name in a folder, which can be given one; return None where there are no such files."""
    if not hasattr(os, "O_TMPFILE"):
        return None
    try:
        number = os.open(folder, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o666)
    except OSError:  # also what is wrong with the folder, which opening a named file tells
        return None
    if Path(f"/proc/self/fd/{number}").exists():
        return os.fdopen(number, "w+b")
    os.close(number)
    return None


def _link(stream: IO[bytes], place: Path) -> None:
    """Give a nameless file a name.

    Raises:
        OSError: there is such a file, or the file system cannot.
    """
    folder = os.open(place.parent, os.O_RDONLY)
    try:  # with a folder's number Python takes the call that follows the link in /proc
        os.link(f"/proc/self/fd/{stream.fileno()}", place.name, dst_dir_fd=folder)
    finally:
        os.close(folder)


def partial_name(name: str) -> str:
    """Return what this process calls a file or folder beside its place, until it is whole."""
    return f".{name}.{os.getpid()}.partial"


def is_leftover(name: str) -> bool:
    """Return whether this may be the name of something that was never whole."""
    return re.fullmatch(r"\..+\.[0-9]+\.partial", name, re.DOTALL) is not None


def remove_leftovers(folder: Path, name: str) -> None:
    """Remove what killed processes have left of a file or folder in `folder` before it was whole."""
    for left in folder.glob(f".{glob.escape(name)}.*.partial"):
        number = left.name.removeprefix(f".{name}.").removesuffix(".partial")
        if is_leftover(left.name) and number.isdecimal() and not is_alive(int(number)):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def is_alive(process: int) -> bool:
    """Return whether this machine has a process of that id; on Windows, which cannot be asked so, always True."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True
