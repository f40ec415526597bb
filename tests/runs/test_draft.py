"""A file being written: whole at its place or nowhere, whatever happens to the process that writes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from textrae.runs.draft import Draft, is_alive

NOBODY = 2**22 + 1
"""A process id that Linux never gives."""


@pytest.fixture(params=["nameless", "named", "unlinkable"])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system as it is here, one without nameless files, and one that cannot give them a name."""
    if request.param == "named":
        monkeypatch.setattr("textrae.runs.draft._open_nameless", lambda folder: None)
    if request.param == "unlinkable":

        def refuse(*args: object, **more: object) -> None:
            raise OSError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("file_system")
@pytest.mark.parametrize("old", [None, b"old"])
def test_it_appears_when_it_is_whole(tmp_path: Path, old: bytes | None) -> None:
    path = tmp_path / "a [1].npy"
    if old is not None:
        path.write_bytes(old)
    draft = Draft(path)
    draft.stream.write(b"12345")
    draft.stream.seek(1)
    draft.stream.write(b"x")
    draft.stream.flush()
    assert (path.read_bytes() if path.exists() else None) == old
    draft.publish(durable=old is None)
    draft.discard()
    assert path.read_bytes() == b"1x345"
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask()


@pytest.mark.usefixtures("file_system")
def test_nothing_is_left_of_one_that_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    draft = Draft(path)
    draft.stream.write(b"new")
    draft.discard()
    draft.discard()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_refuses_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        Draft(tmp_path / "missing" / "a")


@pytest.mark.usefixtures("file_system")
def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    living = f".a.{os.getppid()}.partial"
    kept = {living, ".a.x.partial", f".b.{NOBODY}.partial", f".ab.{NOBODY}.partial", f"a.{NOBODY}.partial"}
    for name in (*kept, f".a.{NOBODY}.partial"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / f".a.{NOBODY + 1}.partial").mkdir()
    (tmp_path / f".a.{NOBODY + 1}.partial" / "config.json").write_bytes(b"")
    Draft(tmp_path / "a").discard()
    assert {path.name for path in tmp_path.iterdir()} == kept


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="this system has no nameless files")
def test_kill_9_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from textrae.runs.draft import Draft; "
        "draft = Draft(pathlib.Path(sys.argv[1]) / 'a'); draft.stream.write(b'1' * 99999); draft.stream.flush(); "
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path]).returncode == -9
    assert list(tmp_path.iterdir()) == []


def test_processes_that_live() -> None:
    assert is_alive(os.getpid())
    assert is_alive(1)
    assert not is_alive(NOBODY)
    assert not is_alive(10**30)


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
