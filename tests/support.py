"""What several tests need."""

from __future__ import annotations

import importlib
import io
import json
import os
import runpy
import shutil
import subprocess
import sys
from contextlib import chdir, nullcontext, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import typer.testing
from numpy.typing import NDArray
from textrae_cli import app

from textrae.nn.autoencoder import Autoencoder
from textrae.settings.model import ModelConfig, Regulariser
from textrae.settings.training import TrainingConfig
from textrae.text.batch import Specials
from textrae.training.regularisers import make_regulariser
from textrae.training.state import Trainer

# the commands are made once, which takes longer than most of them do
typer.testing._get_command = cache(typer.testing._get_command)  # type: ignore[attr-defined]
SPECIALS = Specials(0, 1, 2, 3)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Memory:
    """Token rows held in memory."""

    def __init__(self, rows: list[list[int]]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def lengths_of(self, rows: NDArray[np.int64]) -> NDArray[np.uint16]:
        return np.array([len(self.rows[row]) for row in rows], dtype=np.uint16)

    def gather(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
        chosen = [self.rows[row] for row in rows]
        flat = np.array([token for row in chosen for token in row], dtype=np.uint16)
        return flat, np.cumsum([0, *map(len, chosen)])


def make_trainer(
    config: TrainingConfig,
    *,
    dropout: float = 0.0,
    hidden: int = 24,
    seed: int = 0,
    checkpoint: Path | None = None,
    metrics: Path | None = None,
    regulariser: Regulariser = "none",
    **switches: Any,
) -> Trainer:
    """A small network about to be trained on random rows of 1 to 6 tokens; `switches` are the model's."""
    generator = np.random.default_rng(0)
    rows = [generator.integers(4, 20, generator.integers(1, 7)).tolist() for _ in range(300)]
    torch.manual_seed(seed)
    sizes = {"hidden": hidden, "embedding": 16, "slots": 0, "latent": 12, "dropout": dropout}
    network = Autoencoder(ModelConfig(**{**sizes, "regulariser": regulariser, **switches}), 20)
    device = torch.device("cpu")
    return Trainer(
        network=network,
        train=Memory(rows[:250]),
        valid=Memory(rows[250:]),
        specials=SPECIALS,
        config=config,
        valid_size=50,
        device=device,
        bf16=False,
        regulariser=make_regulariser(
            regulariser, sizes["latent"] * max(1, int(switches.get("slots", 0))), device
        ),
        checkpoint=checkpoint,
        metrics=metrics,
    )


def textrae(*args: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the installed command, which takes seconds to start: for what is about processes, streams or an import."""
    return subprocess.run([command(), *map(str, args)], input=stdin, capture_output=True, env=environment())


def textrae_here(
    *args: object, stdin: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in this process, where it takes milliseconds; tests/cli/test_app.py compares the two."""
    with chdir(cwd) if cwd else nullcontext():
        # an error that the command lets through is no exit code: it fails the test
        done = typer.testing.CliRunner().invoke(
            app, [str(arg) for arg in args], input=stdin, prog_name="textrae", catch_exceptions=False
        )
    return subprocess.CompletedProcess(args, done.exit_code, done.stdout_bytes, done.stderr_bytes)


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load a script, as in experiments/quality, which imports those of its folder."""
    path = Path(__file__).parents[1] / "scripts" / f"{name}.py"
    monkeypatch.syspath_prepend(path.parent)
    return importlib.import_module(path.stem)


def script_here(path: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a script in this process, as the program that it is."""
    out, errors, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(errors):
        patch.setattr(sys, "argv", [str(path), *map(str, words)])
        patch.syspath_prepend(path.parent)
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as left:
            code = int(left.code or 0)  # a message instead of a number fails the test
    return subprocess.CompletedProcess(words, code, out.getvalue(), errors.getvalue())


def answer_here(*words: object) -> dict[str, Any]:
    """Run a command of textrae in this process, and return the object that it prints."""
    done = textrae_here(*words, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def command() -> str:
    """Where the command is installed: beside the interpreter that runs the tests."""
    found = shutil.which("textrae", path=str(Path(sys.executable).parent))
    assert found, "install the project first: make install"
    return found


def environment() -> dict[str, str]:
    """The tests' processes share two cores with one another: one thread each."""
    return {**os.environ, "OMP_NUM_THREADS": "1"}
