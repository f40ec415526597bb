"""Run folders that were damaged or forged work, or are refused in one line: the quick part of the script."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import environment, script

from textrae import SentenceAutoencoder
from textrae.errors import RunError

SCRIPT = Path(__file__).parents[3] / "scripts" / "checks" / "mutated_runs.py"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches processes as Linux has them")


def test_changed_folders_work_or_are_refused() -> None:
    words = [sys.executable, SCRIPT, "--count", "30", "--kinds", "text", "series", "index"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 changed folders" in done.stdout


def test_a_forged_folder_passes_its_digests(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the script would find only what the digests find."""
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    values = json.loads((copy / "config.json").read_text())
    values["model"]["dropout"] = 0.5
    (copy / "config.json").write_text(json.dumps(values))
    with pytest.raises(RunError, match="shape are not what was saved"):
        SentenceAutoencoder.load(copy)
    script("checks/mutated_runs", monkeypatch).reseal(copy)
    assert SentenceAutoencoder.load(copy).run.settings.model.dropout == 0.5
