"""A program for torchrun: small trainings on several processes. Its argument is a folder that gets their weights."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from support import make_trainer

from textrae.settings.training import TrainingConfig
from textrae.text.segments import Segmenter
from textrae.training.loop import fit
from textrae.training.processes import ALONE, Processes, joined
from textrae.training.state import Trainer, TrainingReport

BUDGET: dict[str, Any] = {"steps": 8, "lr": 1e-2, "validations": 2, "clip": 100.0}
SLOTS = {"slots": 3, "bidirectional": True}
EXACT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "slots": ({}, SLOTS),
    "states": ({}, {"memory": "states"}),
    "mse": ({}, {"reconstruction": "mse"}),
    "hierarchical": ({"rehearsal": 0.0}, {"hierarchical": True, "segments": "2"}),
    "variational": ({"beta": 0.5, "beta_warmup": 0.1, "free_bits": 0.02}, {"variational": True}),
    "per sentence": ({"beta": 0.5, "free_bits": 0.2, "free_bits_per": "sentence"}, {"variational": True}),
    "mmd": ({"regulariser_weight": 5.0}, {"regulariser": "mmd"}),
    "adversarial": ({"regulariser_weight": 5.0}, {"regulariser": "adversarial"}),
    "aggressive": ({"aggressive": 0.9, "beta": 0.3}, {"variational": True}),
    "smoothed": ({"label_smoothing": 0.1, "pretrain": 0.5}, {"variational": True}),
    "few": ({"batch_tokens": 7}, SLOTS),
}
"""Settings and models of trainings in which nothing is drawn, when normal numbers are 0."""
RANDOM: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "noise": ({"noise_drop": 0.2, "word_dropout": 0.3, "crossover": 0.5}, {**SLOTS, "dropout": 0.2}),
    "drawn": ({"beta": 0.1, "free_bits": 0.0}, {"variational": True}),
    "adversary": ({"regulariser_weight": 5.0}, {"regulariser": "adversarial"}),
    "begun again": ({"pretrain": 0.5, "reset_decoder": True, "free_bits": 0.0}, {"variational": True}),
}
"""Settings and models of trainings in which something is drawn."""


def trained(
    kind: str, times: int = 1, accumulate: int = 1, processes: Processes = ALONE, **others: Any
) -> Trainer:
    """Train one of the above.

    Args:
        kind: which.
        times: factor of its batches' tokens.
        accumulate: batches that are added up.
        processes: processes that train together.
        others: attributes of the trainer.
    """
    settings, switches = {**EXACT, **RANDOM}[kind]
    values = {"batch_tokens": 40, **BUDGET, **settings}
    config = TrainingConfig(
        **{**values, "batch_tokens": times * values["batch_tokens"], "accumulate": accumulate}
    )
    trainer = replace(make_trainer(config, **switches), processes=processes, **others)
    if switches.get("hierarchical"):
        trainer.segmenter = Segmenter.of(switches["segments"], [""] * 20)
    assert fit(trainer)
    return trainer


def without_draws(kind: str, **others: Any) -> Trainer:
    """Train one of those that are to have nothing drawn."""
    original = torch.randn_like
    torch.randn_like = torch.zeros_like  # type: ignore[assignment]
    try:
        return trained(kind, **others)
    finally:
        torch.randn_like = original


def kept(trainer: Trainer, reports: list[TrainingReport]) -> dict[str, torch.Tensor]:
    """Return what two trainings are compared by."""
    seen = [[report.loss, report.tokens, report.passes] for report in reports if report.kind == "valid"]
    progress = torch.tensor([trainer.progress.tokens, trainer.progress.sentences, trainer.progress.burst])
    weights = {name: value.contiguous().clone() for name, value in trainer.network.state_dict().items()}
    return {**weights, "valid": torch.tensor(seen, dtype=torch.float64), "progress": progress}


def stopped(folder: Path, processes: Processes) -> None:
    """Stop a training with a checkpoint, which the last process alone is asked for."""
    asked = iter(range(BUDGET["steps"]))
    last = processes.rank == processes.size - 1
    settings, switches = RANDOM["noise"]
    trainer = make_trainer(TrainingConfig(**{"batch_tokens": 40, **BUDGET, **settings}), **switches)
    trainer = replace(trainer, processes=processes, checkpoint=folder / "state.safetensors")
    trainer.should_stop = lambda: next(asked) >= 3 and last
    assert not fit(trainer)


if __name__ == "__main__":
    with joined(torch.device("cpu")) as together:
        stopped(Path(sys.argv[1]), together)
        for name in [*EXACT, *RANDOM]:
            told: list[TrainingReport] = []
            make = without_draws if name in EXACT else trained
            found = kept(make(name, processes=together, on_report=told.append), told)
            # every process ends with the same weights
            save_file(found, Path(sys.argv[1]) / f"{name}.{together.rank}.safetensors")
