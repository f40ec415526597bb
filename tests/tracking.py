"""Trainings that the tests of trackers follow."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from conftest import SMALL, TEXT

from textrae import TrainingConfig
from textrae.integrations.trackers import tracked
from textrae.runs.metrics import reports_of
from textrae.settings.run import Settings
from textrae.training.job import Watch
from textrae.training.pipeline import train_run

STEPS = 100


def train(corpus: Path, out: Path, track: str | None, stop_at: int = 0, **options: Any) -> list[str]:
    """Train on a corpus, and return what was said; with `stop_at`, stop before that step."""
    asked, said = iter(range(1_000_000)), list[str]()
    training = TrainingConfig(steps=STEPS, lr=1e-2, seed=0, precision="fp32", validations=3, beta=0.05)
    settings = Settings(replace(SMALL, hidden=16, variational=True), TEXT, training, sources=(str(corpus),))
    watch = Watch(said.append, should_stop=lambda: bool(stop_at) and next(asked) >= stop_at)
    resume = bool(options.get("resume"))
    with tracked(track, out, watch, resume=resume) as followed:
        train_run(settings, out, watch=followed, **options)
    return said


def expected(out: Path) -> dict[str, dict[int, float]]:
    """Return the numbers that a training wrote, by their name and step."""
    found: dict[str, dict[int, float]] = {}
    for line in (out / "metrics.jsonl").read_text().splitlines():
        for report in reports_of(json.loads(line)):
            for name, value in report.named().items():
                found.setdefault(name, {})[int(report.numbers["step"])] = value
    return found
