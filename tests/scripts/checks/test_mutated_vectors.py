"""Files of vectors, tables, texts and series that were damaged are read, or refused in one line: the script's quick part."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import environment

SCRIPT = Path(__file__).parents[3] / "scripts" / "checks" / "mutated_vectors.py"


@pytest.mark.skipif(sys.platform != "linux", reason="watches processes as Linux has them")
def test_changed_files_are_read_or_refused() -> None:
    words = [sys.executable, SCRIPT, "--count", "30", "--seed", "1"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 changed files" in done.stdout
