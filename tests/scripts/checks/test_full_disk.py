"""A write that the disk refuses leaves what stood there, and one line tells where: the script's quick part."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import environment

SCRIPT = Path(__file__).parents[3] / "scripts" / "checks" / "full_disk.py"


@pytest.mark.skipif(sys.platform != "linux", reason="limits files as Linux does")
def test_a_refused_write_leaves_nothing_half_written() -> None:
    words = [sys.executable, SCRIPT, "--quick", "--kinds", "text", "--only", "few.txt v.p"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 wrong" in done.stdout
