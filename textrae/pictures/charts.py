"""Pictures of figures: curves, bars, clouds of points, maps of weights, and marks in rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrae.pictures.axes import BOTTOM, HEIGHT, LEFT, RIGHT, WIDTH, Scale, frame, legend, shown
from textrae.pictures.canvas import (
    FAINT,
    GRID,
    INK,
    Box,
    Canvas,
    Dots,
    Polyline,
    Words,
    colour,
    shortened,
    text_width,
)

Numbers = NDArray[np.float32] | NDArray[np.float64]
POINTS = 400
"""Points of a curve that are drawn, at most."""
_CELL = 22.0
"""Width and height of a weight of a map, in pixels."""
_TALLEST = 20 * _CELL
"""Height of a panel from which on its rows are lower."""


@dataclass(frozen=True)
class Curve:
    """A line through measured values, which need not all be finite."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    colour: str
    dashed: bool = False
    marked: bool = False
    """Whether each value has a dot."""


def curves(title: str, lines: Sequence[Curve], x: str, y: str, *, log: bool = False) -> Canvas:
    """Draw curves over one another.

    Args:
        title: what the picture shows.
        lines: the curves.
        x: what is measured from left to right.
        y: what is measured from below to above.
        log: whether equal ratios upwards are equal ways.
    """
    canvas = Canvas(WIDTH, HEIGHT, title)
    several = [(line.name, line.colour, line.dashed) for line in lines] if len(lines) > 1 else []
    top = legend(canvas, several)
    every = [value for line in lines for value in line.ys]
    across = Scale.over([v for line in lines for v in line.xs], LEFT, WIDTH - RIGHT, zero=True)
    up = Scale.over(every, HEIGHT - BOTTOM, top, log=log)
    frame(canvas, across, up, (x, y), top)
    for line in lines:
        kept = [
            (across.at(a), up.at(b))
            for a, b in thinned(list(zip(line.xs, line.ys, strict=True)))
            if math.isfinite(b) and (b > 0 or not log)
        ]
        if len(kept) > 1:
            canvas.add(Polyline(kept, line.colour, 2.0, line.dashed))
        if kept and (line.marked or len(kept) == 1):
            canvas.add(Dots(kept, line.colour, 3.0))
    return canvas


def thinned(points: Sequence[tuple[float, float]], most: int = POINTS) -> list[tuple[float, float]]:
    """Return at most `most` points, evenly chosen, the last one among them."""
    if len(points) <= most:
        return list(points)
    return [points[round(place * (len(points) - 1) / (most - 1))] for place in range(most)]


def bars(
    title: str,
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float], str]],
    x: str,
    y: str,
    below: Sequence[str] = (),
) -> Canvas:
    """Draw groups of bars side by side.

    Args:
        title: what the picture shows.
        labels: name of each group.
        series: of each name, a value for each group, and the colour; a value that is not finite has no bar.
        x: what the groups are.
        y: what the bars measure.
        below: a second line below each label, or nothing.
    """
    canvas = Canvas(WIDTH, HEIGHT + (14 if below else 0), title)
    top = legend(canvas, [(name, ink, False) for name, _, ink in series] if len(series) > 1 else [])
    bottom = canvas.height - BOTTOM - (14 if below else 0)
    up = Scale.over([v for _, values, _ in series for v in values], bottom, top, zero=True)
    frame(canvas, None, up, (x, y), top)
    room = (WIDTH - RIGHT - LEFT) / max(1, len(labels))
    wide = 0.8 * room / max(1, len(series))
    every = max(1, math.ceil(max(map(text_width, [*labels, *below]), default=0) / room))
    for group, label in enumerate(labels):
        left = LEFT + group * room + 0.1 * room
        for number, (name, values, ink) in enumerate(series):
            if math.isfinite(values[group]):
                high, foot = up.at(values[group]), up.at(0.0)
                box = left + number * wide, min(high, foot), wide, abs(foot - high)
                canvas.add(Box(*box, ink, title=f"{label}, {name}: {values[group]:.4g}"))
        if group % every == 0:
            middle = LEFT + (group + 0.5) * room
            canvas.add(Words(middle, bottom + 15, label, FAINT, 10, "middle"))
            if below:
                canvas.add(Words(middle, bottom + 28, below[group], FAINT, 9, "middle"))
    return canvas


def spectrum(title: str, values: Sequence[float], line: float, x: str, y: str) -> Canvas:
    """Draw many values as thin bars, the largest first; of more than :data:`POINTS` some, evenly chosen.

    Args:
        title: what the picture shows.
        values: the values.
        line: value at which a dashed line is drawn.
        x: what the bars are.
        y: what they measure.
    """
    canvas = Canvas(WIDTH, 220.0, title)
    ordered = sorted((value for value in values if math.isfinite(value)), reverse=True)
    across = Scale(0.0, max(1.0, float(len(ordered))), LEFT, WIDTH - RIGHT)
    up = Scale.over([*ordered, line], canvas.height - BOTTOM, 14.0, zero=True)
    frame(canvas, across, up, (x, y), 14.0)
    drawn = thinned(list(enumerate(ordered)))
    wide = (across.end - across.start) / max(1, len(drawn))
    for place, value in drawn:
        high, foot = up.at(value), up.at(0.0)
        left = across.at(place)
        canvas.add(Box(left, min(high, foot), max(0.4, 0.9 * wide), abs(foot - high), colour(0)))
    canvas.add(Polyline([(LEFT, up.at(line)), (WIDTH - RIGHT, up.at(line))], colour(1), 2.0, dashed=True))
    return canvas


def cloud(
    title: str,
    points: Numbers,
    groups: Sequence[int],
    names: Sequence[str],
    axes: tuple[str, str],
    titles: Sequence[str] | None = None,
) -> Canvas:
    """Draw points of a plane.

    Args:
        title: what the picture shows.
        points: (points, 2).
        groups: number of each point's group, which has a colour.
        names: name of each group; no legend for a single one.
        axes: what is measured from left to right, and from below to above.
        titles: what a browser shows where one points at a point.
    """
    canvas = Canvas(WIDTH, 400.0, title)
    top = legend(canvas, [(name, colour(n), False) for n, name in enumerate(names)] if len(names) > 1 else [])
    bottom = canvas.height - BOTTOM
    across = Scale.over(points[:, 0].tolist(), LEFT + 6, WIDTH - RIGHT - 6)
    up = Scale.over(points[:, 1].tolist(), bottom - 6, top + 6)
    frame(canvas, across, up, axes, top)
    for group in range(len(names)):
        rows = [row for row, its in enumerate(groups) if its == group]
        placed = [(across.at(float(points[row, 0])), up.at(float(points[row, 1]))) for row in rows]
        said = None if titles is None else [titles[row] for row in rows]
        if placed:
            canvas.add(Dots(placed, colour(group), 2.2, 0.7, said))
    return canvas


@dataclass(frozen=True)
class Panel:
    """Weights of a map."""

    name: str
    """What the rows are."""
    weights: Numbers
    """(rows, columns), each from 0 to 1."""
    rows: Sequence[str]


def heat(title: str, panels: Sequence[Panel], columns: Sequence[str]) -> Canvas:
    """Draw weights as squares, the darker the larger, one panel below the other.

    Args:
        title: what the picture shows.
        panels: weights over the same columns.
        columns: name of each column.
    """
    names = [shortened(one, 24) for one in columns]
    labelled = [[shortened(one, 24) for one in panel.rows] for panel in panels]
    left = 24 + max((text_width(row) for rows in labelled for row in rows), default=0.0)
    foot = 12 + 0.87 * max(map(text_width, names), default=0.0)
    size = left + _CELL * len(names) + 12
    steps = [min(_CELL, _TALLEST / max(1, len(its))) for its in labelled]
    high = sum(step * len(its) for step, its in zip(steps, labelled, strict=True))
    canvas = Canvas(max(200.0, size), 6 + high + 10 * (len(panels) - 1) + foot, title)
    top = 6.0
    for panel, its, step in zip(panels, labelled, steps, strict=True):
        canvas.add(Words(11, top + step * len(its) / 2, panel.name, FAINT, 10, "middle", turn=-90))
        canvas.add(Box(left, top, _CELL * len(names), step * len(its), GRID, 0.35))
        _weights(canvas, panel, its, names, (left, top, step))
        top += step * len(its) + 10
    for column, label in enumerate(names):
        at = left + (column + 0.5) * _CELL + 4, top - 4
        canvas.add(Words(*at, label, INK, anchor="end", turn=-60))
    return canvas


def _weights(
    canvas: Canvas,
    panel: Panel,
    labels: Sequence[str],
    columns: Sequence[str],
    place: tuple[float, float, float],
) -> None:
    """Draw the weights of a panel, at (left, top, height of a row)."""
    left, top, step = place
    every = math.ceil(14 / step)
    gap = min(0.5, step / 20)
    for row, label in enumerate(labels):
        y = top + row * step
        if row % every == 0:
            canvas.add(Words(left - 5, y + step / 2 + 4, label, INK, anchor="end"))
        for column, weight in enumerate(panel.weights[row].tolist()):
            if weight >= 0.005:
                said = f"{label} → {columns[column]}: {weight:.2f}"
                box = left + column * _CELL + 0.5, y + gap, _CELL - 1, step - 2 * gap
                canvas.add(Box(*box, colour(0), min(1.0, weight), title=said))


def marks(
    title: str, rows: Sequence[str], series: Sequence[tuple[str, Sequence[float], bool]], x: str
) -> Canvas:
    """Draw for each row a mark of each series at its value.

    Args:
        title: what the picture shows.
        rows: name of each row.
        series: of each name, a value for each row, and whether it is the one that is looked at.
        x: what is measured from left to right.
    """
    names = [(name, INK if own else colour(number), False) for number, (name, _, own) in enumerate(series)]
    canvas = Canvas(640.0, 0.0, title)
    top = legend(canvas, names)
    left = 20 + max(map(text_width, rows), default=0.0)
    canvas.height = top + _CELL * len(rows) + BOTTOM + 6
    across = Scale.over([v for _, values, _ in series for v in values], left, canvas.width - RIGHT - 6)
    bottom = canvas.height - BOTTOM
    for value in across.ticks():
        at = across.at(value)
        canvas.add(Polyline([(at, top), (at, bottom)], GRID, 1.0))
        canvas.add(Words(at, bottom + 15, shown(value), FAINT, anchor="middle"))
    for row, label in enumerate(rows):
        y = top + (row + 0.5) * _CELL
        canvas.add(Words(left - 8, y + 4, label, anchor="end"))
        canvas.add(Polyline([(left, y), (canvas.width - RIGHT, y)], GRID, 1.0))
        for number, (name, values, own) in sorted(enumerate(series), key=lambda one: one[1][2]):
            if math.isfinite(values[row]):
                ink = INK if own else colour(number)
                said = [f"{name}: {values[row]:.4g}"]
                canvas.add(Dots([(across.at(values[row]), y)], ink, 5.0 if own else 4.0, titles=said))
    canvas.add(Words((left + canvas.width) / 2, canvas.height - 4, x, anchor="middle"))
    return canvas
