"""The sections that tell what runs are, how they were trained, and how to train them again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from textrae.pictures.canvas import colour
from textrae.pictures.charts import Curve, curves
from textrae.report.blocks import Block, Code, Drawn, Said, Section, Table
from textrae.report.studying import Study
from textrae.runs.card import described
from textrae.runs.metrics import Report, best_validation, figures
from textrae.settings.command import training_command
from textrae.settings.files import to_dict

_SHOWN = {
    "accuracy": "validation, tokens right",
    "kl": "KL divergence, nats a sentence",
    "active_units": "active units",
    "mutual_information": "mutual information, nats",
}


def facts(one: Study) -> dict[str, str]:
    """Return what there is to tell of a run, by name, in the order in which it is told."""
    run = one.model.run
    settings, result = run.settings, run.training
    corpus = result.get("corpus") if isinstance(result.get("corpus"), dict) else {}
    sources = ", ".join(PurePath(name).name for name in settings.sources) or "text given in memory"
    written = ", ".join(PurePath(name).name for name in settings.target)
    found = {
        "model": described(settings.model, run.tokenizer.vocab_size),
        "parameters": f"{sum(p.numel() for p in run.network.parameters()):,}",
        "trained on": f"{sources} → {written}" if written else sources,
        "sentences": _count(corpus, "train_rows"),
        "tokens of the corpus": _count(corpus, "train_tokens"),
        "steps": _count(result, "step"),
        "passes over the corpus": _plain(result.get("passes"), "{:.2f}"),
        "minutes": _plain(result.get("seconds"), "{:.1f}", 1 / 60),
        "precision": str(result.get("precision") or ""),
        "validation loss": _plain(result.get("valid_loss"), "{:.4f}"),
    }
    for name, value in figures(one.reports).items():
        found[_SHOWN[name]] = f"{value:.2%}" if name == "accuracy" else f"{value:,.4g}"
    return {name: value for name, value in found.items() if value}


def described_runs(studies: Sequence[Study]) -> Section:
    """Return the section that tells what the runs are and how to train them again."""
    every = [facts(one) for one in studies]
    names = list(dict.fromkeys(name for known in every for name in known))
    rows = [[name, *(known.get(name, "–") for known in every)] for name in names]
    blocks: list[Block] = [
        Table(["", *(one.name for one in studies)], rows, texts=True) if len(studies) > 1 else Table([], rows)
    ]
    if len(studies) > 1 and (different := _differing(studies)):
        blocks += [Said("Settings in which they differ:"), different]
    blocks.append(Said("Trained again by:"))
    for one in studies:
        settings = one.model.run.settings
        blocks.append(Code(training_command(settings, one.name)))
        if not settings.sources or "-" in settings.sources:
            blocks.append(Said("Its text was given in memory or on standard input: `CORPUS` stands for it."))
    steps = [one.model.run.training.get("step") for one in studies]
    if any(one.model.run.settings.training.minutes for one in studies):
        known = ", ".join(f"{step:,}" for step in steps if isinstance(step, int))
        blocks.append(
            Said(f"A budget in minutes makes as many steps as the machine can; here it made {known}.")
        )
    return Section("What it is" if len(studies) == 1 else "What they are", blocks)


def _differing(studies: Sequence[Study]) -> Table | None:
    """Return the settings that are not the same in all runs."""
    every = [
        {
            name: value
            for part in (run.settings.model, run.settings.corpus, run.settings.training)
            for name, value in to_dict(part).items()
        }
        for run in (one.model.run for one in studies)
    ]
    rows = [
        [name, *("–" if known[name] is None else str(known[name]) for known in every)]
        for name in every[0]
        if any(known[name] != every[0][name] for known in every)
    ]
    return Table(["setting", *(one.name for one in studies)], rows, texts=True) if rows else None


def learning(runs: Sequence[tuple[str, Sequence[Report]]], unit: str) -> Section:
    """Return the section of learning curves.

    Args:
        runs: of each name and reports.
        unit: what the loss is measured in.
    """
    blocks: list[Block] = []
    several = len(runs) > 1
    loss = [
        Curve(_named(name, kind, several), *columns, colour(number), kind == "train", kind == "valid")
        for number, (name, reports) in enumerate(runs)
        for kind in ("train", "valid")
        if (columns := _column(reports, kind, "loss"))[0]
    ]
    if not loss:
        return Section("Learning", [Said("The run keeps no metrics of its training.")])
    loss = [
        Curve(line.name, line.xs, line.ys, colour(1), True) if not several and line.dashed else line
        for line in loss
    ]
    caption = f"Loss, {unit}, on a logarithmic scale: validation with dots, training dashed."
    positive = all(value > 0 for line in loss for value in line.ys)
    if not positive:
        caption = f"Loss, {unit}: validation with dots, training dashed."
    blocks.append(
        Drawn("curves", curves("Loss over the steps of training", loss, "steps", unit, log=positive), caption)
    )
    for what, name, percent in (
        ("accuracy", "tokens right, %", 100.0),
        ("divergence", "KL, nats a sentence", 1.0),
        ("rate", "learning rate × 1,000", 1_000.0),
    ):
        blocks += _curve(runs, what, name, percent)
    for name, reports in runs:
        best = best_validation(reports)
        if best is not None and several is False and len(best.losses) > 1:
            rows = [[language, f"{value:.4f}"] for language, value in best.losses.items()]
            blocks.append(Table([f"language of {name}", "loss"], rows))
    return Section("Learning", blocks)


_MEASURED = {"accuracy": ("valid", "accuracy"), "divergence": ("valid", "kl"), "rate": ("train", "rate")}


def _curve(runs: Sequence[tuple[str, Sequence[Report]]], what: str, name: str, factor: float) -> list[Block]:
    kind, column = _MEASURED[what]
    lines = []
    for number, (run, reports) in enumerate(runs):
        xs, ys = _column(reports, kind, column)
        if xs:
            lines.append(Curve(run, xs, [factor * y for y in ys], colour(number), marked=kind == "valid"))
    if not lines or (what == "rate" and len(runs) > 1):
        return []
    captions = {
        "accuracy": "Tokens of the validation sentences that are right when those before are given.",
        "divergence": "KL divergence of the posteriors from the prior.",
        "rate": "Learning rate, times 1,000.",
    }
    return [Drawn(what, curves(captions[what], lines, "steps", name), captions[what])]


def _column(reports: Sequence[Report], kind: str, name: str) -> tuple[list[float], list[float]]:
    kept = [one.numbers for one in reports if one.kind == kind and name in one.numbers]
    return [one["step"] for one in kept], [one[name] for one in kept]


def _named(run: str, kind: str, several: bool) -> str:
    what = "validation" if kind == "valid" else "training"
    return f"{run}, {what}" if several else what


def _count(values: Any, name: str) -> str:
    value = values.get(name)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else ""


def _plain(value: Any, form: str, factor: float = 1.0) -> str:
    return form.format(value * factor) if isinstance(value, int | float) else ""
