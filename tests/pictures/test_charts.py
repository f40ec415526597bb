"""Pictures of figures hold every figure at its place."""

from __future__ import annotations

import math

import numpy as np
import pytest

from textrae.pictures.axes import WIDTH
from textrae.pictures.canvas import INK, Box, Canvas, Dots, Polyline, Words, colour
from textrae.pictures.charts import Curve, Panel, bars, cloud, curves, heat, marks, spectrum, thinned


def words(canvas: Canvas) -> list[str]:
    return [shape.text for shape in canvas.shapes if isinstance(shape, Words)]


def test_a_curve_goes_up_where_its_values_do_and_leaves_out_what_is_not_finite() -> None:
    line = Curve("loss", [0, 1, 2, 3], [1.0, math.nan, 2.0, 4.0], colour(0), marked=True)
    canvas = curves("t", [line], "steps", "nats")
    (dots,) = [shape for shape in canvas.shapes if isinstance(shape, Dots)]
    xs, ys = zip(*dots.points, strict=True)
    assert len(xs) == 3
    assert list(xs) == sorted(xs)
    assert list(ys) == sorted(ys, reverse=True)
    assert {"steps", "nats"} <= set(words(canvas))
    assert "loss" not in words(canvas)  # a single one needs no legend
    several = curves("t", [line, Curve("other", [0, 1], [0.0, 1.0], colour(1))], "steps", "nats", log=True)
    assert {"loss", "other"} <= set(words(several))


def test_curves_of_nothing_are_empty() -> None:
    canvas = curves("t", [Curve("a", [], [], INK), Curve("b", [1], [math.nan], INK)], "x", "y")
    assert not [shape for shape in canvas.shapes if isinstance(shape, Dots)]


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    points = [(float(place), 0.0) for place in range(10_001)]
    kept = thinned(points)
    assert len(kept) == 400
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert thinned(points[:3]) == points[:3]


def test_bars_are_as_high_as_their_values() -> None:
    found = [("a", [50.0, math.nan], colour(0)), ("b", [100.0, 25.0], colour(1))]
    canvas = bars("t", ["1-5", "6-10"], found, "tokens", "BLEU", ["n=3", "n=4"])
    boxes = [shape for shape in canvas.shapes if isinstance(shape, Box)]
    assert [box.height / boxes[1].height for box in boxes] == pytest.approx([0.5, 1.0, 0.25])
    assert boxes[0].title == "1-5, a: 50"
    assert {"1-5", "6-10", "n=3", "n=4", "a", "b"} <= set(words(canvas))


def test_a_spectrum_is_sorted() -> None:
    canvas = spectrum("t", [1.0, 3.0, math.inf, 2.0], 0.5, "dimensions", "nats")
    heights = [shape.height for shape in canvas.shapes if isinstance(shape, Box)]
    assert [high / heights[0] for high in heights] == pytest.approx([1.0, 2 / 3, 1 / 3])
    assert any(isinstance(shape, Polyline) and shape.dashed for shape in canvas.shapes)
    many = spectrum("t", [float(value) for value in range(50_000)], 0.5, "dimensions", "nats")
    assert len([shape for shape in many.shapes if isinstance(shape, Box)]) == 400


def test_a_cloud_has_dots_for_each_group() -> None:
    points = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]])
    canvas = cloud("t", points, [0, 1, 0], ["short", "long", "none"], ("x", "y"), ["a", "b", "c"])
    dots = [shape for shape in canvas.shapes if isinstance(shape, Dots)]
    assert [shape.titles for shape in dots] == [["a", "c"], ["b"]]
    assert dots[0].points[0][0] < dots[1].points[0][0] < dots[0].points[1][0]
    assert all(0 < x < WIDTH for shape in dots for x, _ in shape.points)


def test_a_map_leaves_out_weights_near_zero_and_lowers_many_rows() -> None:
    weights = np.array([[0.0, 1.0], [0.4, 0.6]])
    canvas = heat("t", [Panel("written", weights, ["a", "b"])], ["c", "d"])
    shades = [shape.opacity for shape in canvas.shapes if isinstance(shape, Box) and shape.title]
    assert shades == pytest.approx([1.0, 0.4, 0.6])
    many = heat("t", [Panel("slots", np.ones((100, 1)), list(map(str, range(100))))], ["c"])
    assert many.height < 550
    assert len(words(many)) < 40


def test_marks_stand_in_rows_and_what_is_missing_has_none() -> None:
    canvas = marks(
        "t", ["sts", "mr"], [("model", [50.0, 60.0], True), ("tfidf", [40.0, math.nan], False)], "×"
    )
    dots = [shape for shape in canvas.shapes if isinstance(shape, Dots)]
    assert len(dots) == 3
    assert [dot.colour for dot in dots].count(INK) == 2
    assert {"sts", "mr", "model", "tfidf", "×"} <= set(words(canvas))
