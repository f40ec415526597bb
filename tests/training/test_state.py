"""The checkpoint: a training resumes to the same bits, and only its own checkpoint is taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from support import make_trainer
from torch import Tensor

from textrae.errors import TrainingError
from textrae.runs.files import read_tensors
from textrae.settings.training import TrainingConfig
from textrae.training.loop import fit
from textrae.training.state import resume, save_state

NOISE = {"noise_drop": 0.1, "noise_blank": 0.1, "noise_substitute": 0.1, "noise_shuffle": 2}


@pytest.mark.parametrize(
    ("settings", "switches"),
    [
        ({}, {}),
        ({"word_dropout": 0.3, "embedding_rate": 2.0, "adam_beta2": 0.999, **NOISE}, {}),
        ({"pretrain": 0.5, "reset_decoder": True, "free_bits": 0.1}, {"variational": True}),
        ({"aggressive": 0.8}, {"variational": True, "posterior_norm": 0.6}),
        ({}, {"regulariser": "adversarial"}),
    ],
    ids=["plain", "noise", "pretrained", "aggressive", "adversarial"],
)
def test_a_stopped_training_resumes_to_the_same_bits(
    tmp_path: Path, settings: dict[str, Any], switches: dict[str, Any]
) -> None:
    config = TrainingConfig(steps=60, batch_tokens=120, lr=1e-2, validations=5, **settings)
    whole = make_trainer(config, dropout=0.1, **switches)
    fit(whole)
    for stop in (1, 17, 59):
        files = {"checkpoint": tmp_path / f"{stop}.safetensors", "metrics": tmp_path / f"{stop}.jsonl"}
        metrics = files["metrics"]
        first = make_trainer(config, dropout=0.1, **files, **switches)
        first.should_stop = lambda trainer=first, stop=stop: trainer.progress.step >= stop
        assert not fit(first)
        torch.manual_seed(999)
        second = make_trainer(config, dropout=0.1, **files, seed=5, **switches)
        assert fit(second)
        for name, value in whole.network.state_dict().items():
            assert torch.equal(value, second.network.state_dict()[name]), (stop, name)
        assert second.progress.valid_loss == whole.progress.valid_loss
        steps = [json.loads(line)["step"] for line in metrics.read_text().splitlines()]
        assert steps == [12, 24, 36, 48, 50, 60]


def test_the_random_state_of_any_accelerator_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Accelerator:
        state = torch.tensor([3, 1, 4], dtype=torch.uint8)

        def get_rng_state(self) -> Tensor:
            return self.state

        def set_rng_state(self, state: Tensor) -> None:
            self.state = state

    there = Accelerator()
    monkeypatch.setattr(torch, "get_device_module", lambda device: there)
    trainer = make_trainer(TrainingConfig(steps=10), checkpoint=tmp_path / "state.safetensors")
    trainer.device = torch.device("mps")
    optimizer = torch.optim.Adam(trainer.network.parameters())
    save_state(trainer, optimizer)
    there.state = torch.zeros(3, dtype=torch.uint8)
    resume(trainer, optimizer)
    assert there.state.tolist() == [3, 1, 4]


def test_a_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    checkpoint = tmp_path / "state.safetensors"
    config = TrainingConfig(steps=4, batch_tokens=120)
    first = make_trainer(config, checkpoint=checkpoint, hidden=24)
    first.should_stop = lambda: first.progress.step >= 1
    fit(first)
    with pytest.raises(TrainingError, match="start again with `overwrite=True`"):
        fit(make_trainer(config, checkpoint=checkpoint, hidden=16))


@pytest.mark.parametrize(
    "forged",
    [
        {"progress": "[" * 5_000}, {"progress": "[1]"}, {"progress": '{"step": -1}'}, {"progress": '{"step": 1e300}'},
        {"progress": '{"step": 1.5}'}, {"progress": '{"__class__": 1}'}, {"progress": '{"save": 1}'}, {"best.x": torch.zeros(3)},
        {"optimizer.0.exp_avg": torch.zeros(3)}, {"optimizer.99.step": torch.zeros(())}, {"optimizer.0.x": torch.zeros(3)},
        {"optimizer.0.step": torch.zeros((), dtype=torch.int64)}, {"random.cpu": torch.zeros(3)},
    ],
    ids=str,
)  # fmt: skip
def test_a_forged_checkpoint_is_refused(tmp_path: Path, forged: dict[str, Any]) -> None:
    file, config = tmp_path / "state.safetensors", TrainingConfig(steps=4)
    trainer = make_trainer(config, checkpoint=file)
    trainer.should_stop = lambda: trainer.progress.step >= 2
    assert not fit(trainer)
    tensors, metadata = read_tensors(file)
    metadata |= {name: value for name, value in forged.items() if isinstance(value, str)}
    tensors |= {name: value for name, value in forged.items() if not isinstance(value, str)}
    save_file({name: value.clone() for name, value in tensors.items()}, file, metadata)
    with pytest.raises(TrainingError, match="not a state of this training") as caught:
        fit(make_trainer(config, checkpoint=file))
    assert len(str(caught.value).splitlines()) == 1
