"""The scripts that judge sentences of any tool, on a small text."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import sentences
from support import script_here

SCRIPTS = Path(__file__).parents[2] / "scripts" / "experiments"


def run(script: str, *args: object) -> str:
    done = script_here(SCRIPTS / script, *args)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    lines = sentences()
    parts = {"train": lines[:1_000], "valid": lines[1_000:], "same": lines[:150], "noise": ["x q z"] * 150}
    for name, part in parts.items():
        (tmp_path / name).write_text("\n".join(part) + "\n")
    return tmp_path


def cells(table: str) -> dict[str, list[str]]:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if "|" in line
    ]
    return {row[0]: row[1:] for row in rows}


def test_generation_quality(texts: Path) -> None:
    files = [texts / name for name in ("train", "valid", "same", "noise")]
    found = cells(
        run(
            "generation_quality.py",
            *files,
            "--minutes",
            0.03,
            "--vocabulary",
            400,
            "--hidden",
            32,
            "--language-model",
            0.03,
        )
    )
    assert list(found)[2:] == ["real", "language model", "same", "noise"]
    assert all(len(row) == len(found["text"]) for row in found.values())
    forward = {name: float(found[name][1]) for name in ("real", "same", "noise")}
    reverse = {name: float(found[name][2]) for name in ("real", "same", "noise")}
    assert forward["same"] < forward["noise"]
    assert reverse["same"] < reverse["noise"]
    assert found["same"][3] == "0.0%"
    assert found["noise"][3] == "100.0%"


def test_paths_have_no_reverse_perplexity(texts: Path) -> None:
    found = cells(
        run(
            "generation_quality.py",
            *(texts / name for name in ("train", "valid", "same")),
            "--minutes",
            0.01,
            "--vocabulary",
            400,
            "--hidden",
            16,
            "--paths",
        )
    )
    assert [found[name][2] for name in ("real", "same")] == ["-", "-"]
    assert float(found["same"][1]) > 1


def test_transfer_quality(texts: Path) -> None:
    lines = (texts / "same").read_text().splitlines()
    (texts / "shouted").write_text("\n".join(line.upper() for line in lines) + "\n")
    (texts / "loud").write_text("\n".join(line.upper() for line in sentences()[:1_000]) + "\n")
    files = [texts / name for name in ("train", "loud", "same", "shouted")]
    found = cells(run("transfer_quality.py", *files, "--steps", 20))
    assert found["same"][:2] == ["0.0%", "100.00"]
    assert found["shouted"][0] == "100.0%"
    assert float(found["shouted"][1]) < 50
