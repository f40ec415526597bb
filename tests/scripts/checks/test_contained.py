"""What a watched command did wrong is told: code that ran, files elsewhere, memory, time, tracebacks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import script

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches processes as Linux has them")


@pytest.fixture
def contained(monkeypatch: pytest.MonkeyPatch) -> Any:
    return script("checks/contained", monkeypatch)


@pytest.fixture
def payloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = script("checks/mutations", monkeypatch).payloads(tmp_path / "CANARY")
    return found


@pytest.mark.parametrize(
    ("work", "kind"),
    [
        (lambda: None, "works"),
        (lambda: sys.exit("error: a line"), "unclear"),
        (lambda: (sys.stderr.write("error: a line\n"), sys.exit(1)), "refused"),
        (lambda: (sys.stderr.write("error: one\nerror: two\n"), sys.exit(1)), "unclear"),
        (lambda: (sys.stderr.write("error: \x1b[31mred\n"), sys.exit(1)), "unclear"),
        (lambda: (sys.stderr.write("error: x; run again with --debug and report this\n"), sys.exit(1)), "traceback"),
        (lambda: {}["missing"], "traceback"),
        (lambda: bytearray(1 << 31), "memory"),
        (lambda: time.sleep(30), "hung"),
        (lambda: Path("inside").write_text("x"), "works"),
        (lambda: Path("../outside").write_text("x"), "did more"),
        (lambda: Path("inside").rename("../outside"), "did more"),
    ],
)  # fmt: skip
def test_outcomes_are_told_apart(contained: Any, tmp_path: Path, work: Callable[[], Any], kind: str) -> None:
    box = tmp_path / "box"
    box.mkdir()
    assert contained.watched(work, box, contained.Limits(seconds=2)).kind == kind


def test_a_pickle_that_is_read_is_told(contained: Any, payloads: dict[str, bytes], tmp_path: Path) -> None:
    import pickle

    found = contained.watched(lambda: pickle.loads(payloads["a pickle"]), tmp_path, contained.Limits())
    assert found.kind == "did more"
    assert (tmp_path / "CANARY").exists()


def test_a_command_that_works_and_one_that_fails(contained: Any, run: Path, tmp_path: Path) -> None:
    assert contained.textrae(["info", run], tmp_path).kind == "works"
    assert contained.textrae(["info", tmp_path / "none"], tmp_path).kind == "refused"
    # torch may make the folder of its compiler, wherever temporary files lie
    assert [path for path in tmp_path.iterdir() if not path.name.startswith("torchinductor")] == []


def test_snapshots_tell_what_changed(contained: Any, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    before = contained.snapshot(tmp_path)
    (tmp_path / "a").write_text("c")
    (tmp_path / "b").unlink()
    (tmp_path / "d").symlink_to("a")
    assert contained.unlike(before, contained.snapshot(tmp_path)) == ["a", "b", "d"]
