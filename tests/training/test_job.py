"""What the loop of a training works on, made from its settings and its corpus."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from conftest import SMALL, TEXT

from textrae.settings.run import Settings
from textrae.settings.training import TrainingConfig
from textrae.training.dial import Dial
from textrae.training.job import Job, Watch, make_trainer
from textrae.training.reading import prepared


def test_a_seed_makes_the_network(corpus: Path, tmp_path: Path) -> None:
    def made(seed: int) -> torch.Tensor:
        settings = Settings(SMALL, TEXT, TrainingConfig(steps=1, seed=seed), (str(corpus),))
        cpu = torch.device("cpu")
        job = Job(
            settings=settings, tables=(None, None), out=tmp_path / "run", stopped=None, dial=Dial(), device=cpu,
            bf16=False, watch=Watch(), held=None,
        )  # fmt: skip
        cache = prepared(settings, job.tables, tmp_path / "cache", print)
        weight = make_trainer(job, cache, None).network.embedding.weight.detach().clone()
        cache.remove()
        return weight

    first = made(0)
    assert torch.equal(first, made(0))
    assert made(1).numpy() != pytest.approx(first.numpy())
