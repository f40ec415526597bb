"""What the loop of a training works on, made from its settings and its corpus."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import SMALL, TEXT

from textrae.errors import ConfigError
from textrae.settings.run import Settings
from textrae.settings.training import TrainingConfig
from textrae.training.dial import Dial
from textrae.training.job import Job, Watch, make_trainer, refuse_shares
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


def test_what_looks_at_a_whole_batch_is_refused_where_batches_are_shared() -> None:
    model = replace(SMALL, variational=True, posterior_norm=0.5)
    settings = Settings(model, TEXT, TrainingConfig(steps=1), ("corpus.txt",))
    refuse_shares(settings, 1)
    with pytest.raises(ConfigError, match="`posterior_norm`: takes the mean and variance of a whole batch"):
        refuse_shares(settings, 2)
    with pytest.raises(ConfigError, match="`posterior_norm`"):
        refuse_shares(replace(settings, training=TrainingConfig(steps=1, accumulate=2)), 1)
