"""Kinds of runs: the commands do not know them, and series go by deleting their folder and their file of commands."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from textrae_cli.kinds import KINDS

from textrae import SeriesFormat

ROOT = Path(__file__).parents[2]


def test_a_kind_brings_its_options() -> None:
    kind = KINDS["series"]
    assert kind.train_option.name == "series"
    fields = [field.name for field in dataclasses.fields(SeriesFormat)]
    named = {name: [one.name for one in command.options()] for name, command in kind.commands.items()}
    assert named == {
        "encode": ["pooling", *fields],
        **dict.fromkeys(("reconstruct", "evaluate", "report", "plot"), fields),
    }
    assert all(cls.__module__ == "textrae.series.settings" for cls in kind.settings())


def test_the_contract_names_everything_beside_series() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (contract,) = [
        one for one in contracts["contracts"] if "textrae.series" in one.get("forbidden_modules", [])
    ]
    found = {
        f"{package}.{path.stem}"
        for package, folder in (("textrae", "textrae"), ("textrae_cli", "cli"))
        for path in (ROOT / folder).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    outside = {"textrae.__init__", "textrae_cli.__init__", *contract["forbidden_modules"]}
    assert set(contract["source_modules"]) == found - outside


@pytest.fixture(scope="module")
def without_series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code without the wing of series."""
    place = tmp_path_factory.mktemp("without")
    ignored = shutil.ignore_patterns("__pycache__", "series", "series.py")
    shutil.copytree(ROOT / "textrae", place / "textrae", ignore=ignored)
    shutil.copytree(ROOT / "cli", place / "textrae_cli", ignore=ignored)
    assert not (place / "textrae" / "series").exists()
    assert not (place / "textrae_cli" / "series.py").exists()
    return place


def command(place: Path, *words: str | Path) -> str:
    # without the finder of an editable installation, which would find the module that is gone
    code = (
        "import sys; sys.meta_path = [one for one in sys.meta_path if 'ditable' not in repr(one)];"
        "from textrae_cli import app; sys.argv[0] = 'textrae'; app()"
    )
    environment = {**os.environ, "PYTHONPATH": str(place), "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, env=environment, cwd=place)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_everything_else_works_without_series(without_series: Path, corpus: Path, tmp_path: Path) -> None:
    listed = command(without_series, "--help")
    assert "train" in listed
    assert "score" not in listed
    shown = command(without_series, "train", "--help")
    assert "--hidden" in shown
    assert "series" not in shown.replace("real-valued series", "")
    assert "--layout" not in command(without_series, "reconstruct", "--help")
    out = tmp_path / "run"
    small = ("--steps", "3", "--model", "brae", "--hidden", "16", "--embedding", "16", "--vocab-size", "400")
    command(without_series, "train", corpus, "-o", out, *small)
    text = tmp_path / "text.txt"
    text.write_text("A dog sees a red ball today.\n")
    assert command(without_series, "reconstruct", out, text).count("\n") == 1
    assert "encoding_size: 128" in command(without_series, "info", out)
