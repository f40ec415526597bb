"""A comparison of settings goes on past switches that fail, and says why they did."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from support import script_here

SCRIPT = Path(__file__).parents[3] / "scripts" / "experiments" / "sweep.py"
SMALL = "--hidden 16 --embedding 16 --slots 0 --latent 12 --vocab-size 400"


def sweep(corpus: Path, *sets: str, form: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run the script on a corpus that is its own validation file."""
    return script_here(SCRIPT, corpus, corpus, "--steps", 2, *form, *(f"--set={one}" for one in sets))


def test_what_failed_is_said_and_the_others_are_measured(corpus: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.txt"
    few.write_text("".join(corpus.read_text().splitlines(keepends=True)[::40]))
    done = sweep(few, "--cell x", '--lr "', f"{SMALL} --variational", form=("--json",))
    assert done.returncode == 1
    assert done.stderr == ""
    wrong, torn, found = (json.loads(line) for line in done.stdout.splitlines())
    assert wrong["switches"] == "--cell x"
    assert wrong["error"].startswith("--cell: Input should be 'rnn', 'lstm'")
    assert torn == {"switches": '--lr "', "error": '--lr ": No closing quotation'}
    assert found["parameters"] > 5_000
    assert (found["encoding_size"], found["step"]) == (12, 2)
    assert 0 <= found["active_units"] <= 12
    assert found["kl"] >= 0
    assert found["loss"] > 1


def test_a_line_for_each(corpus: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.txt"
    few.write_text("".join(corpus.read_text().splitlines(keepends=True)[::40]))
    done = sweep(few, f"{SMALL} --reconstruction mse", "--nonsense")
    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert first.startswith(f"{SMALL} --reconstruction mse: ")
    assert " parameters, loss -, accuracy " in first
    assert "KL" not in first
    assert second.startswith("--nonsense: ")
    assert "No such option" in second
