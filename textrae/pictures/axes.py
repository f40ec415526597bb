"""The frame of a picture: a scale on each side, its ticks, and a legend above."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textrae.pictures.canvas import FAINT, GRID, INK, Canvas, Polyline, Words, text_width

WIDTH, HEIGHT = 420.0, 270.0
"""Size of a picture: its words stay legible on a page of 400 pixels."""
LEFT, RIGHT, BOTTOM = 46.0, 12.0, 36.0
"""Room for the labels beside the frame."""
_LINE = 16.0


@dataclass(frozen=True)
class Scale:
    """A map from values to pixels."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    """Whether equal ratios are equal ways; `low` and `high` are logarithms then."""

    @classmethod
    def over(
        cls, values: Sequence[float], start: float, end: float, *, zero: bool = False, log: bool = False
    ) -> Scale:
        """Make one that holds all values, with 0 if `zero` is set.

        Args:
            values: what it holds; those that are not finite are left out.
            start: pixel of its low end.
            end: pixel of its high end.
            zero: whether it begins at 0.
            log: whether it is logarithmic; values that are not positive are left out.
        """
        kept = [math.log10(v) if log else v for v in values if math.isfinite(v) and (v > 0 or not log)]
        low, high = (min(kept), max(kept)) if kept else (0.0, 1.0)
        if zero and not log:
            low, high = min(0.0, low), max(0.0, high)
        if high - low < 1e-12 * max(1.0, abs(high)):
            low, high = (low, low + 1.0) if zero else (low - 0.5, high + 0.5)
        return cls(low, high, start, end, log)

    def at(self, value: float) -> float:
        """Return the pixel of a value; a value beyond an end is placed on it."""
        if self.log:
            value = math.log10(value) if value > 0 else self.low
        share = min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 5) -> list[float]:
        """Return round values between the ends."""
        if self.log:
            return self._powers(most)
        step = nice((self.high - self.low) / most)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]

    def _powers(self, most: int) -> list[float]:
        exponents = range(math.floor(self.low), math.ceil(self.high) + 1)
        for digits in ((1,), (1, 3), (1, 2, 5)):
            found = [digit * 10.0**exponent for exponent in exponents for digit in digits]
            inside = [one for one in found if self.low - 1e-9 <= math.log10(one) <= self.high + 1e-9]
            if len(inside) >= 3:
                break
        else:  # less than a power of ten: as on a plain scale
            ends = 10.0**self.low, 10.0**self.high
            return Scale(*ends, self.start, self.end).ticks(most)
        return inside[:: max(1, math.ceil(len(inside) / (most + 2)))]


def nice(step: float) -> float:
    """Return the least of 1, 2 and 5 times a power of ten that is no less than `step`."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= step * (1 - 1e-9))


def shown(value: float) -> str:
    """Write a tick's value, thousands as k and millions as M."""
    if value and abs(value) >= 1e6:
        return f"{value / 1e6:.3g}M"
    if abs(value) >= 10_000:
        return f"{value / 1_000:.3g}k"
    return f"{value:.3g}" if abs(value) < 1_000 else f"{value:.0f}"


def legend(canvas: Canvas, names: Sequence[tuple[str, str, bool]], top: float = 14.0) -> float:
    """Write what the colours stand for, in as many lines as it takes; return where the frame may begin.

    Args:
        canvas: where it is drawn.
        names: of each name, colour, and whether its line is dashed.
        top: baseline of the first line.
    """
    x, y = LEFT, top
    for name, colour, dashed in names:
        size = 24 + text_width(name)
        if x > LEFT and x + size > canvas.width:
            x, y = LEFT, y + _LINE
        canvas.add(Polyline([(x, y - 4), (x + 14, y - 4)], colour, 2.5, dashed), Words(x + 18, y, name))
        x += size + 10
    return y + 10


def frame(canvas: Canvas, x: Scale | None, y: Scale, names: tuple[str, str], top: float) -> None:
    """Draw the ticks and grid lines of both scales, and what they measure.

    Args:
        canvas: where it is drawn.
        x: scale from left to right; None where the caller writes what is below.
        y: scale from below to above.
        names: what is measured from left to right, and from below to above.
        top: where the frame begins.
    """
    left, right, bottom = LEFT, canvas.width - RIGHT, y.start
    for value in y.ticks():
        at = y.at(value)
        canvas.add(Polyline([(left, at), (right, at)], GRID, 1.0))
        canvas.add(Words(left - 5, at + 4, shown(value), FAINT, anchor="end"))
    for value in x.ticks() if x is not None else []:
        at = x.at(value) if x is not None else 0.0
        canvas.add(Polyline([(at, bottom), (at, bottom + 4)], FAINT, 1.0))
        canvas.add(Words(at, bottom + 15, shown(value), FAINT, anchor="middle"))
    canvas.add(Polyline([(left, bottom), (right, bottom)], FAINT, 1.0))
    canvas.add(Words((left + right) / 2, canvas.height - 4, names[0], INK, anchor="middle"))
    canvas.add(Words(11, (top + bottom) / 2, names[1], INK, anchor="middle", turn=-90))
