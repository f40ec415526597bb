"""Where the results of commands go: whole or not at all, over no file that is read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support import textrae_here
from textrae_cli.output import Output

from textrae.errors import ConfigError, RunError


def test_rows_are_lines_or_objects(capsys: pytest.CaptureFixture[str]) -> None:
    for as_json in (False, True):
        with Output(None, as_json) as output:
            output.rows(text=["a", "b"], reconstruction=["ä\nb", ""])
            output.rows(text=["c"], reconstruction=["C"])
    said = capsys.readouterr()
    assert said.err == ""
    lines = said.out.splitlines()
    assert lines[:3] == ["ä b", "", "C"]
    assert [json.loads(line) for line in lines[3:]] == [
        {"row": 1, "text": "a", "reconstruction": "ä\nb"},
        {"row": 2, "text": "b", "reconstruction": ""},
        {"row": 3, "text": "c", "reconstruction": "C"},
    ]


def test_a_file_appears_when_it_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.txt"
    with Output(out, False) as output:
        output.lines(["一", "two"])
        assert not out.exists()
        output.text("three\nfour")
    assert out.read_text(encoding="utf-8") == "一\ntwo\nthree\nfour\n"
    assert capsys.readouterr() == ("", f"{out}: 4 lines\n")

    def fail() -> None:
        with Output(out, False) as output:
            output.lines(["half"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert out.read_text(encoding="utf-8").startswith("一")
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("place", [None, Path("-")])
def test_standard_output(place: Path | None, capsys: pytest.CaptureFixture[str]) -> None:
    with Output(place, False, "-", None) as output:
        output.lines(["x"])
    assert capsys.readouterr() == ("x\n", "")


def test_places_that_are_refused(tmp_path: Path) -> None:
    read, link = tmp_path / "read.txt", tmp_path / "link.txt"
    read.write_text("kept")
    link.symlink_to(read)
    for out in (read, link, tmp_path / "." / "read.txt"):
        with pytest.raises(ConfigError, match=r"`out`: .* is read by this command; give another file"):
            Output(out, False, tmp_path / "other.txt", str(read))
    with pytest.raises(RunError, match="is a folder; give a file"):
        Output(tmp_path, False)
    with pytest.raises(
        RunError,
        match=r"none/a.txt: cannot write .No such file or directory.; choose another",
    ):
        Output(tmp_path / "none" / "a.txt", False)
    assert read.read_text() == "kept"


def test_what_is_no_file_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with Output(pipe, False) as output:
        output.lines(["through"])
    assert os.read(reader, 100) == b"through\n"
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="/dev/full: cannot write"), Output(Path("/dev/full"), False) as output:
        output.lines(["x" * (1 << 20)])


def test_a_device_that_refuses_what_was_held_back_is_told(run: Path) -> None:
    done = textrae_here("info", run, "-o", "/dev/full")
    assert done.returncode == 1
    assert done.stderr.decode().startswith("error: /dev/full: cannot write (No space left on device)")
    assert textrae_here("info", run, "-o", "/dev/null").returncode == 0
