"""The report of a run of real-valued series, which it knows only by its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrae.pictures.canvas import colour
from textrae.pictures.charts import Curve, curves, spectrum
from textrae.report.blocks import Block, Code, Drawn, Report, Said, Section, Table
from textrae.report.choosing import chosen
from textrae.report.describing import learning
from textrae.runs import metrics

Values = NDArray[np.float64]
_DIMENSIONS, _STEPS = 2, 400
"""Dimensions of a sequence that are drawn, and time steps, at most."""
_LISTED = 20
"""Dimensions whose errors are listed, at most."""
PICTURES = ("curves", "rate", "errors", "rebuilt")
"""Pictures of a run of series."""


@dataclass(frozen=True)
class Rebuilding:
    """How the sequences of a file were rebuilt."""

    file: str
    given: Sequence[Values]
    """Each (time, dimensions)."""
    rebuilt: Sequence[Values]
    """Each of the same shape as in `given`."""
    errors: Values
    """(sequences,), (1/T) Σ_t ‖x̂_t - x_t‖² on scaled values."""
    dimensions: Sequence[tuple[str, float, float | None]]
    """Of each dimension its name, the root of its mean squared error, and the share of variance that is rebuilt."""


@dataclass(frozen=True)
class SeriesStudy:
    """Settings and measurements of a run of series, for its report."""

    name: str
    facts: Mapping[str, str]
    """What there is to tell, by name."""
    command: str
    """Command that trains it again."""
    reports: Sequence[metrics.Report]
    result: Mapping[str, Any] = field(default_factory=dict)
    """Facts of the training, as plain values."""
    rebuilding: Rebuilding | None = None
    """How a file is rebuilt; None without one."""


def series_report(found: SeriesStudy) -> Report:
    """Return the report of a run of series."""
    sections = [
        Section(
            "What it is",
            [Table([], list(found.facts.items())), Said("Trained again by:"), Code(found.command)],
        ),
        learning([(found.name, found.reports)], "squared error on scaled values"),
    ]
    one = found.rebuilding
    lead = "An autoencoder of real-valued series, from what the run keeps of its training."
    if one is None:
        sections.append(Section("Quality", [Said("Not measured: needs series: give a FILE of them.")]))
    else:
        lead = (
            f"An autoencoder of real-valued series, measured on {len(one.given):,} sequences of `{one.file}`."
        )
        sections += [_errors(one), _rebuilt(one)]
    figures: dict[str, Any] = {"name": found.name, "command": found.command, "result": dict(found.result)}
    figures["errors"] = None if one is None else one.errors.tolist()
    return Report(f"{found.name}: a report", lead, sections, figures)


def _errors(one: Rebuilding) -> Section:
    """Return the section of errors, by sequence and by dimension."""
    middle = float(np.median(one.errors))
    caption = f"Error of each sequence, the largest first: mean {one.errors.mean():.4g}, median {middle:.4g} (dashed)."
    rows = [
        [name, f"{rmse:.4g}", "–" if share is None else f"{share:.1%}"]
        for name, rmse, share in one.dimensions[:_LISTED]
    ]
    blocks: list[Block] = [
        Drawn(
            "errors",
            spectrum("Errors of the sequences", one.errors.tolist(), middle, "sequences", "error, scaled"),
            caption,
        ),
        Table(["dimension", "rmse", "variance rebuilt"], rows),
    ]
    if len(one.dimensions) > _LISTED:
        blocks.append(Said(f"The first {_LISTED} of {len(one.dimensions):,} dimensions."))
    return Section("Errors", blocks)


def _rebuilt(one: Rebuilding) -> Section:
    """Return the section of sequences beside what they were rebuilt to: some by their error, and the worst."""
    order = np.argsort(one.errors, kind="stable")
    rows = list(dict.fromkeys([*(int(order[place]) for place in chosen(len(order), 3)), int(order[-1])]))
    blocks: list[Block] = []
    for row in rows:
        given, came = one.given[row][:_STEPS], one.rebuilt[row][:_STEPS]
        lines = [
            Curve(
                f"{one.dimensions[number][0]}{', rebuilt' if dashed else ''}",
                range(1, 1 + len(values)),
                values[:, number].tolist(),
                colour(2 * number + dashed),
                bool(dashed),
            )
            for number in range(min(_DIMENSIONS, given.shape[1]))
            for dashed, values in enumerate((given, came))
        ]
        caption = f"Sequence {row + 1:,}: error {one.errors[row]:.4g}."
        if len(one.given[row]) > _STEPS:
            caption += f" The first {_STEPS} of {len(one.given[row]):,} steps."
        blocks.append(Drawn("rebuilt", curves(caption, lines, "time steps", "value"), caption))
    return Section("Series, and what was rebuilt (dashed)", blocks)
