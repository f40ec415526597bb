"""What several tests need."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from textrae_cli import app
from typer.testing import CliRunner

from textrae.nn.autoencoder import Autoencoder
from textrae.settings.model import ModelConfig, Regulariser
from textrae.settings.training import TrainingConfig
from textrae.text.batch import Specials
from textrae.training.regularisers import make_regulariser
from textrae.training.state import Trainer

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


def textrae(*args: object, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the installed command."""
    return subprocess.run(
        [command(), *map(str, args)], input=stdin, capture_output=True, cwd=cwd, env=environment()
    )


def textrae_here(*args: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command in this process, where it takes milliseconds."""
    done = CliRunner().invoke(app, [str(arg) for arg in args], input=stdin)
    return subprocess.CompletedProcess(args, done.exit_code, done.stdout_bytes, done.stderr_bytes)


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load a script, as in experiments/quality, which imports those of its folder."""
    path = Path(__file__).parents[1] / "scripts" / f"{name}.py"
    monkeypatch.syspath_prepend(path.parent)
    return importlib.import_module(path.stem)


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
