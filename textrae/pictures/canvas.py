"""What a picture is made of: lines, boxes, dots and words at places, in colours that are named by their role."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

INK, FAINT, GRID, PAPER = "ink", "faint", "grid", "paper"
"""Roles of colours: words and axes, what matters less, lines behind, and the ground."""
SERIES = tuple(f"series{number}" for number in range(8))
"""Roles of the colours of what is compared."""
LIGHT = {
    INK: "#1b1f24", FAINT: "#59636e", GRID: "#d8dee4", PAPER: "#ffffff",
    **dict(zip(SERIES, ("#0063a6", "#c14b00", "#007a57", "#a8407f", "#7a5d00", "#2f86b8", "#6a3d9a", "#5b5b5b"), strict=True)),
}  # fmt: skip
"""Colours on a light ground; each has a contrast of at least 4 to it, but for the grid."""
DARK = {
    INK: "#e8ecf0", FAINT: "#9da7b3", GRID: "#3a424b", PAPER: "#14181d",
    **dict(zip(SERIES, ("#5cb3f0", "#ff9452", "#3fcf9f", "#f08fc9", "#e3c04b", "#8ad4ff", "#b99aec", "#b0b0b0"), strict=True)),
}  # fmt: skip
"""Colours on a dark ground."""

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]


def colour(number: int) -> str:
    """Return the role of the colour of the n-th of several things; after eight they repeat."""
    return SERIES[number % len(SERIES)]


@dataclass(frozen=True)
class Polyline:
    """A line through points."""

    points: Sequence[Point]
    colour: str
    width: float = 1.5
    dashed: bool = False


@dataclass(frozen=True)
class Box:
    """A filled rectangle; `title` is shown by a browser where one points at it."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    opacity: float = 1.0
    title: str | None = None


@dataclass(frozen=True)
class Dots:
    """Filled circles of one colour, each with a title or none with one."""

    points: Sequence[Point]
    colour: str
    radius: float = 2.5
    opacity: float = 1.0
    titles: Sequence[str] | None = None


@dataclass(frozen=True)
class Words:
    """A line of text; `y` is that of its baseline, and `turn` turns it, in degrees clockwise."""

    x: float
    y: float
    text: str
    colour: str = INK
    size: float = 11.0
    anchor: Anchor = "start"
    turn: float = 0.0
    bold: bool = False


Shape = Polyline | Box | Dots | Words


@dataclass
class Canvas:
    """A picture: shapes drawn one over the other, y growing downwards, in CSS pixels."""

    width: float
    height: float
    title: str
    """What the picture shows, in words for who does not see it."""
    shapes: list[Shape] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        """Draw shapes over what is there."""
        self.shapes.extend(shapes)


def text_width(text: str, size: float = 11.0) -> float:
    """Estimate the width of a line of text in a sans-serif font, in pixels."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return size * (0.57 * (len(text) - wide) + wide)


def shortened(text: str, most: int) -> str:
    """Return a text of at most `most` characters on one line, an ellipsis at its end where it was cut."""
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
