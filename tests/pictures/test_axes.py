"""Scales and ticks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrae.pictures.axes import Scale, legend, nice, shown
from textrae.pictures.canvas import INK, Canvas, Words

FINITE = st.floats(-1e9, 1e9)


@given(st.lists(FINITE, max_size=5), st.booleans())
def test_values_stay_between_the_ends_and_ticks_are_inside(values: list[float], zero: bool) -> None:
    scale = Scale.over([*values, math.nan, math.inf], 10, 110, zero=zero)
    assert all(10 <= scale.at(value) <= 110 for value in values)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 7
    assert all(9.99 <= scale.at(tick) <= 110.01 for tick in ticks)


@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=5))
def test_logarithmic_ticks_are_inside(values: list[float]) -> None:
    scale = Scale.over([*values, 0.0, -1.0], 0, 100, log=True)
    assert all(-1e-6 <= scale.at(value) <= 100 + 1e-6 for value in values)
    low, high = 10.0**scale.low, 10.0**scale.high
    assert all(low * 0.999 <= tick <= high * 1.001 for tick in scale.ticks())
    assert scale.at(0.0) == 0


def test_equal_ratios_are_equal_ways_on_a_logarithmic_scale() -> None:
    scale = Scale.over([1, 100], 0, 100, log=True)
    assert scale.at(10) == pytest.approx(50)
    assert scale.ticks() == pytest.approx([1, 10, 100])
    assert Scale.over([4, 8], 0, 100, log=True).ticks() == pytest.approx([4, 5, 6, 7, 8])


@pytest.mark.parametrize(("step", "found"), [(0.9, 1), (1.0, 1), (1.1, 2), (2.5, 5), (6, 10), (0.03, 0.05)])
def test_a_nice_step_is_one_two_or_five(step: float, found: float) -> None:
    assert nice(step) == pytest.approx(found)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.25, "0.25"), (1500, "1500"), (20_000, "20k"), (3e6, "3M"), (-2, "-2")]
)
def test_a_tick_is_short(value: float, text: str) -> None:
    assert shown(value) == text


def test_a_legend_takes_another_line_where_there_is_no_room() -> None:
    canvas = Canvas(420, 100, "t")
    assert legend(canvas, [("short", INK, False)]) == 24
    assert legend(canvas, [("a rather long name of a run", INK, False)] * 3) == 56
    assert len([one for one in canvas.shapes if isinstance(one, Words)]) == 4
