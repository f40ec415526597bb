"""The notebooks run from top to bottom, and hold what a run of them showed."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from support import script

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST = 200_000
"""Bytes of a notebook."""
MACHINE = re.compile(r"/(work|tmp|home|root|Users)/|\x1b|\r")
"""Paths of a machine, and what moves a terminal's cursor."""


def cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["first-model", "meaning-and-search", "sampling-and-walking"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # the tests' processes share the cores
    done = script("checks/notebooks", monkeypatch).run(
        path, steps=10, seconds=600
    )  # with fewer they would write until they must stop
    assert all(cell.get("execution_count") for cell in done.cells if cell.cell_type == "code")
    assert [cell.source for cell in done.cells] == ["".join(cell["source"]) for cell in cells(path)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_it_showed_is_kept(path: Path) -> None:
    assert path.stat().st_size < LARGEST
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    pictures = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 1
    assert base64.b64decode(pictures[0]).startswith(b"\x89PNG")
    told = [
        "".join(text)
        for output in outputs
        for kind, text in {**output.get("data", {}), "text": output.get("text", "")}.items()
        if kind != "image/png"
    ]
    assert not [text for text in told if MACHINE.search(text)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_run_with_its_own_budget(path: Path) -> None:
    """Its first cell of code reads the budget, which a training then has; none trains as long as it likes."""
    code = ["".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == "code"]
    assert 'STEPS = int(os.environ.get("TEXTRAE_STEPS", ' in code[0]
    budgets = re.findall(r"TrainingConfig\(([^)]*)\)", "\n".join(code))
    assert budgets
    assert all("steps=STEPS" in budget and "seed=0" in budget for budget in budgets)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_links_lead_somewhere(path: Path) -> None:
    text = "\n".join("".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == "markdown")
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert "://" in target or (path.parent / target).exists(), target
