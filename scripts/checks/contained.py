"""Run a command of textrae in a process of its own, and watch its memory, its time, and what it does to the machine.

The scripts that hand it damaged or hostile input import this. It works on Linux.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import re
import resource
import signal
import stat
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import typer.main
from textrae_cli import app
from textrae_cli.failures import LATE

GOOD = ("works", "refused")
"""Outcomes that are right: what was given is good enough, or one line says what is wrong with it."""
LIMIT = 1 << 30
"""Bytes of memory that a command may ask for beyond those it begins with."""
_PIPE = 1 << 20
"""Bytes of what a command says, at most; one that says more counts as hung."""
_LONGEST = 3_000
"""Characters of a message at most."""
_NO_ROOM = re.compile(
    r"MemoryError|can't allocate|bad_alloc|Cannot allocate|malloc of size|Unable to allocate", re.IGNORECASE
)
"""Words of an error that say that the limit of memory was hit."""
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_ELSEWHERE = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod", "shutil.rmtree")  # fmt: skip
_STARTS = (
    "os.system",
    "subprocess.Popen",
    "os.exec",
    "os.posix_spawn",
    "socket.connect",
    "pickle.find_class",
)
"""Events that no reading of data causes: a program, a connection, a class named by a pickle."""


@dataclass(frozen=True)
class Outcome:
    """What came of a command."""

    kind: str
    """``works``, ``refused``; or wrong: ``traceback``, ``unclear``, ``did more``, ``hung``, ``died``, ``memory``."""
    said: str
    """Last line on stderr, or what is wrong."""
    peak: int
    """Most bytes of memory that the process held, with those of the process that started it."""
    seconds: float
    """Seconds that it took."""

    @property
    def right(self) -> bool:
        """Whether the command did one of the two things that it may do."""
        return self.kind in GOOD


@dataclass(frozen=True)
class Limits:
    """What a command may use."""

    seconds: float = 60.0
    """Seconds after which it counts as hung."""
    memory: int = LIMIT
    """Bytes of memory beyond those at its start."""
    largest_file: int | None = None
    """Bytes of a file that it writes, at most: beyond, the system refuses; None for no limit."""
    user: int | None = None
    """User as which it works, if this process may choose; None for the same one."""


def textrae(words: Sequence[object], folder: Path, limits: Limits | None = None) -> Outcome:
    """Run a command of textrae in a folder, outside of which it may write nothing.

    Args:
        words: after the command's name.
        folder: where it runs; a temporary folder and a home lie there too.
        limits: what it may use.
    """
    command = _command()
    return watched(lambda: command.main([str(word) for word in words]), folder, limits or Limits())


def watched(work: Callable[[], Any], folder: Path, limits: Limits) -> Outcome:
    """Do some work in a child of this process, and tell what came of it."""
    out, end = os.pipe()  # and no file, which the limit of files would hold for too
    fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, _PIPE)
    with tempfile.TemporaryFile() as facts:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            _work(work, folder.resolve(), limits, end, facts)
        os.close(end)
        status, used, hung = _wait(child, limits.seconds)
        seconds = time.monotonic() - began
        os.set_blocking(out, False)
        with os.fdopen(out, "rb") as stream:
            said = (stream.read(_PIPE) or b"").decode("utf-8", "replace")
        facts.seek(0)
        told = facts.read()
    kind, why = graded(said, json.loads(told) if told else None, hung, status)
    return Outcome(kind, why, used.ru_maxrss * 1024, seconds)


def _wait(child: int, seconds: float) -> tuple[int, Any, bool]:
    """Wait for a child, and kill it when its time is up; return its status, what it used, and whether it was killed."""
    until, hung, pause = time.monotonic() + seconds, False, 0.001
    while True:
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            return status, used, hung
        if time.monotonic() > until and not hung:
            os.kill(child, signal.SIGKILL)
            hung = True
        time.sleep(pause)
        pause = min(0.02, pause * 1.5)


def _work(work: Callable[[], Any], folder: Path, limits: Limits, out: int, facts: Any) -> NoReturn:
    """Work in the child: stderr goes to `out`, and the exit code and what was done to `facts`."""
    code: Any = 99
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.dup2(out, 2)
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
        sys.stdout, sys.stderr = (
            io.TextIOWrapper(
                io.BufferedWriter(io.FileIO(number, "w", closefd=False)), errors="backslashreplace"
            )
            for number in (1, 2)
        )
        os.chdir(folder)
        os.environ.update(HOME=str(folder), TMPDIR=str(folder), HF_HUB_OFFLINE="1")
        tempfile.tempdir = str(folder)
        sys.dont_write_bytecode = True
        if limits.user is not None:
            os.setgroups([])
            os.setgid(limits.user)
            os.setuid(limits.user)
        held = int(re.findall(r"VmData:\s+(\d+)", Path("/proc/self/status").read_text())[0]) << 10
        most = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (held + limits.memory, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        largest = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        if limits.largest_file is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limits.largest_file, largest))
        done = _audited(folder)
        try:
            work()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        except BaseException as error:
            sys.stderr.write(f"Traceback: {type(error).__name__}: {str(error)[:500]}\n")
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        facts.write(json.dumps({"code": code, "done": done[:20]}).encode())
        facts.flush()
    except BaseException as error:  # of this script's own
        os.write(out, f"cannot watch: {error!r}\n".encode())
    finally:
        os._exit(0)


@cache
def _command() -> Any:
    """Return the command line with all its commands, made once for all children."""
    group: Any = typer.main.get_command(app)
    for name in list(LATE):
        group.get_command(None, name)
    return group


def _audited(folder: Path) -> list[str]:
    """Note every event from now on that no reading of data causes."""
    done: list[str] = []
    inside = f"{folder}/"
    free = ("/dev/full", "/dev/null", "/dev/tty", "/proc/self/")

    def outside(path: Any) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        whole = os.path.normpath(os.path.join(folder, os.fsdecode(path)))  # noqa: PTH118
        return not f"{whole}/".startswith(inside) and not whole.startswith(free)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            writes = set(mode or "") & set("wax+") or (flags or 0) & _WRITES
            if writes and outside(path):
                done.append(f"opened {path!r} to write")
        elif event in _ELSEWHERE:
            if any(outside(path) for path in args[:2]):
                done.append(f"{event} {args[:2]!r}")
        elif event in _STARTS:
            done.append(f"{event} {str(args)[:200]}")
        elif event in ("exec", "compile"):
            file = getattr(args[0], "co_filename", None) if event == "exec" else args[1]
            if isinstance(file, str) and file.startswith(inside):
                done.append(f"{event} of {file}")

    sys.addaudithook(hook)
    return done


def graded(said: str, facts: dict[str, Any] | None, hung: bool, status: int) -> tuple[str, str]:
    """Return the kind of an outcome, and the line that tells most.

    Args:
        said: what came on stderr.
        facts: exit code and doings; None of a process that did not come to its end.
        hung: whether it was killed as its time was up.
        status: as the system reports it.
    """
    lines = said.replace("\r", "\n").strip().split("\n")
    if hung:
        return "hung", lines[-1]
    if facts is None:
        ended = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"status {status}"
        return ("memory" if _NO_ROOM.search(said) else "died"), f"{ended}: {lines[-1]}"
    if facts["done"]:
        return "did more", "; ".join(facts["done"])[:500]
    if _NO_ROOM.search(said):
        return "memory", lines[-1]
    if "Traceback" in said or "run again with --debug and report this" in said:
        return "traceback", lines[-1]
    if facts["code"] == 0:
        return "works", lines[-1]
    told = [line for line in lines if line.startswith(("error: ", '{"error":'))]
    if len(told) != 1 or told[0] != lines[-1] or len(told[0]) > _LONGEST or facts["code"] not in (1, 2):
        return "unclear", f"exit {facts['code']}: {said[-500:]!r}"
    return ("refused", told[0]) if told[0].isprintable() else ("unclear", repr(told[0])[:500])


def snapshot(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Return what lies in a folder, by relative path: kind, size and digest."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        kind = stat.S_IFMT(info.st_mode)
        about: Any = None
        if kind == stat.S_IFREG:
            large = info.st_size > 1 << 26
            about = info.st_mtime_ns if large else hashlib.sha256(path.read_bytes()).hexdigest()
        elif kind == stat.S_IFLNK:
            about = str(path.readlink())
        found[str(path.relative_to(folder))] = (kind, info.st_size if kind == stat.S_IFREG else 0, about)
    return found


def unlike(before: dict[str, tuple[Any, ...]], after: dict[str, tuple[Any, ...]]) -> list[str]:
    """Return the paths that came, went, or changed between two snapshots."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def summed(counts: Mapping[str, Counter[str]], what: str) -> int:
    """Print the outcomes of each kind of input and of all of them; return how many were wrong."""
    for kind, found in counts.items():
        print(f"{kind}: " + ", ".join(f"{count:,} {one}" for one, count in sorted(found.items())))
    total = sum(counts.values(), Counter[str]())
    wrong = sum(count for one, count in total.items() if one not in ("works", "refused"))
    print(
        f"{total.total():,} changed {what}: {total['works']:,} work, {total['refused']:,} refused in one line, {wrong} wrong"
    )
    return wrong
