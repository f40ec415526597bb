"""The report of one or several runs of sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from textrae.report.blocks import Block, Report, Said, Section
from textrae.report.describing import described_runs, learning
from textrae.report.showing import attended, mapped, posteriors, quality, rebuilt, suites, written
from textrae.report.studying import Study, Text
from textrae.settings.command import training_command


def made(studies: Sequence[Study], text: Text | None) -> Report:
    """Return the report of some studies, all of them on the same text.

    Args:
        studies: one for each run.
        text: what they were measured on; None without sentences.
    """
    units = dict.fromkeys(_unit(one) for one in studies)
    sections: list[Section | None] = [
        described_runs(studies),
        learning([(one.name, one.reports) for one in studies], " or ".join(units)),
        quality(studies, text),
        rebuilt(studies) if any(one.pairs for one in studies) else None,
        *written(studies),
        mapped(studies, text),
        posteriors(studies),
        attended(studies),
        suites(studies),
        _notes(studies, text),
    ]
    names = ", ".join(one.name for one in studies)
    title = f"{names}: a report" if len(studies) == 1 else f"{names}: compared"
    return Report(
        title, _lead(studies, text), [one for one in sections if one is not None], _figures(studies, text)
    )


def _unit(one: Study) -> str:
    """Return what a run's loss is measured in."""
    shape = one.model.run.settings.model
    unit = "squared distance a token" if shape.reconstruction == "mse" else "nats a token"
    return f"{unit} with the KL" if shape.variational else unit


def _lead(studies: Sequence[Study], text: Text | None) -> str:
    on = (
        "from what the run keeps of its training"
        if text is None
        else f"measured on {len(text.sentences):,} sentences of `{text.name}`"
    )
    what = "A sentence autoencoder" if len(studies) == 1 else "Sentence autoencoders"
    if all(one.model.run.translates for one in studies):
        what = "A translator" if len(studies) == 1 else "Translators"
    return f"{what}, {on}."


def _notes(studies: Sequence[Study], text: Text | None) -> Section | None:
    lines = [*(text.notes if text is not None else ())]
    lines += [f"{one.name}: {note}" for one in studies for note in one.notes]
    skipped = [
        f"{one.name}, {part}: {reason}"
        for one in studies
        for part, reason in one.missing.items()
        if part == "attention"
    ]
    blocks: list[Block] = [Said(line) for line in [*lines, *skipped]]
    return Section("Notes", blocks) if blocks else None


def _figures(studies: Sequence[Study], text: Text | None) -> dict[str, Any]:
    """Return what was measured, as plain values."""
    return {
        "file": None if text is None else {"name": text.name, "sentences": len(text.sentences)},
        "runs": [
            {
                "name": one.name,
                "command": training_command(one.model.run.settings, one.name),
                "result": one.model.run.training,
                "quality": None if one.quality is None else asdict(one.quality),
                "samples": one.samples,
                "walk": one.walk,
                "explained": None if one.layout is None else one.layout.explained,
                "posterior": None if one.posterior is None else asdict(one.posterior),
                "suite": None if one.suite is None else asdict(one.suite),
                "missing": one.missing,
            }
            for one in studies
        ],
    }
