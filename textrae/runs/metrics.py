"""What a training wrote about its course, a line of JSON for each report: read with bounds, trusting nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from textrae.runs.files import is_there, opened

LARGEST = 64 << 20
"""Bytes of a file that are read, at most."""
_DIMENSIONS = 65_536
"""Dimensions of an encoding whose divergences are taken, at most."""
_NUMBERS = (
    "step", "done", "loss", "tokens", "seconds", "valid_seconds", "rate", "passes", "accuracy", "kl", "active_units",
    "mutual_information",
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """One report of a training: its finite numbers by name."""

    kind: str
    """``valid``, or ``train`` for the mean since the report before."""
    numbers: dict[str, float]
    """Finite numbers by name: step, loss, seconds, …; one that is missing was not measured."""
    kl_by_dimension: list[float] = field(default_factory=list)
    """KL divergence of each latent dimension, nats; empty where it was not measured."""
    losses: dict[str, float] = field(default_factory=dict)
    """Loss of each language of several."""
    advice: str | None = None
    """Advice about a collapsed posterior."""

    def named(self) -> dict[str, float]:
        """Return the numbers but for the step by names that tell the kind: ``valid/loss``, ``valid/loss/de``."""
        found = {f"{self.kind}/{name}": value for name, value in self.numbers.items() if name != "step"}
        return found | {f"{self.kind}/loss/{language}": loss for language, loss in self.losses.items()}


def read_metrics(file: Path) -> tuple[list[Report], int]:
    """Read the reports of a training, the first 64 MB of them.

    Returns:
        The reports, and how many lines were left out: malformed ones, and the one that the end of what is read cuts.

    Raises:
        RunError: the file may not be read, or is none.
    """
    if not is_there(file):
        return [], 0
    with opened(file) as stream:
        lines = stream.read(LARGEST).split(b"\n")
    found = [_reports(line) for line in lines if line.strip()]
    return [one for some in found for one in some], sum(not some for some in found)


def best_validation(reports: Sequence[Report]) -> Report | None:
    """Return the validation of the least loss, whose weights a run keeps; None without any."""
    known = [one for one in reports if one.kind == "valid" and "loss" in one.numbers]
    return min(known, key=lambda one: one.numbers["loss"], default=None)


def figures(reports: Sequence[Report]) -> dict[str, float]:
    """Return what the best validation measured beside its loss: accuracy, and KL, active units and mutual information."""
    best = best_validation(reports)
    names = ("accuracy", "kl", "active_units", "mutual_information")
    return {} if best is None else {name: best.numbers[name] for name in names if name in best.numbers}


def _reports(line: bytes) -> list[Report]:
    """Return what a line reports; nothing if it is malformed."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return []
    return reports_of(values) if isinstance(values, dict) else []


def reports_of(values: Mapping[str, Any]) -> list[Report]:
    """Return what the values of a line report: a run of series writes a validation and the mean before it in one.

    Args:
        values: of a line; what is no finite number is left out, and without a step there is no report.
    """
    numbers = {name: float(values[name]) for name in _NUMBERS if _finite(values.get(name))}
    if "step" not in numbers:
        return []
    dimensions, losses, advice = (values.get(name) for name in ("kl_by_dimension", "losses", "advice"))
    dimensions = dimensions if isinstance(dimensions, list) else []
    losses = losses if isinstance(losses, dict) else {}
    found = Report(
        str(values.get("kind", "train"))[:20],
        numbers,
        [float(one) for one in dimensions[:_DIMENSIONS] if _finite(one)],
        {str(name)[:16]: float(one) for name, one in losses.items() if _finite(one)},
        advice[:500] if isinstance(advice, str) else None,
    )
    if not _finite(values.get("valid_loss")):
        return [found]
    return [found, replace(found, kind="valid", numbers={**numbers, "loss": float(values["valid_loss"])})]


def _finite(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False
