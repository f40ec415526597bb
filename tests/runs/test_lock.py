"""One training for one run folder: another one is refused, and a crash lifts the lock."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from textrae.errors import RunError
from textrae.runs.lock import LOCK, locked, refuse_running


@contextmanager
def training_elsewhere(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the lock of a folder, until its input closes."""
    code = (
        "import pathlib, sys; from textrae.runs.lock import locked\n"
        "with locked(pathlib.Path(sys.argv[1])): print('locked', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        yield process
        process.kill()


def test_another_process_is_named_and_a_crash_lifts_its_lock(tmp_path: Path) -> None:
    with training_elsewhere(tmp_path) as process:
        for refused in (lambda: refuse_running(tmp_path), lambda: locked(tmp_path).__enter__()):
            with pytest.raises(RunError) as caught:
                refused()
            assert str(caught.value) == (
                f"{tmp_path}: process {process.pid} is training there; wait for it, stop it, or choose another folder"
            )
        (tmp_path / LOCK).write_text("77 elsewhere\n")
        with pytest.raises(RunError, match="process 77 on elsewhere is training"):
            refuse_running(tmp_path)
    assert (tmp_path / LOCK).exists()  # which was killed
    refuse_running(tmp_path)
    with locked(tmp_path):
        assert (tmp_path / LOCK).read_text() == f"{os.getpid()} {socket.gethostname()}\n"
    assert not list(tmp_path.iterdir())


def test_a_process_that_does_not_say_who_it_is_is_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textrae.runs.lock._WAIT", 0.05)
    with training_elsewhere(tmp_path):
        for said in (b"", b"\xff", b"1" * 10**6, f"{2**22 + 1} {socket.gethostname()}".encode()):
            (tmp_path / LOCK).write_bytes(said)
            with pytest.raises(RunError, match="another process is training there"):
                refuse_running(tmp_path)


def test_this_process_trains_once_and_may_save_there(tmp_path: Path) -> None:
    with locked(tmp_path):
        refuse_running(tmp_path)
        with pytest.raises(RunError, match=f"process {os.getpid()} is training"), locked(tmp_path):
            pass
    with locked(tmp_path):
        pass


def test_what_cannot_be_locked_is_one_line(tmp_path: Path) -> None:
    (tmp_path / LOCK).mkdir()
    with pytest.raises(RunError, match="cannot write"), locked(tmp_path):
        pass
    refuse_running(tmp_path)
