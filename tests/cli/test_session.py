"""Commands at work: what they print, and to whom."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from support import command, environment


def test_a_reader_that_leaves_is_no_error(run: Path, tmp_path: Path) -> None:
    big = tmp_path / "big.txt"
    big.write_text("A dog sees his ball today.\n" * 30_000)
    process = subprocess.Popen(
        [command(), "reconstruct", str(run), str(big)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is not None
    assert process.stderr.read() == b""
