"""Pictures as pixels show what the canvas says."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from matplotlib.image import imread

from textrae.pictures.canvas import INK, LIGHT, SERIES, Box, Canvas, Dots, Polyline, Words
from textrae.pictures.raster import rastered


def test_boxes_and_dots_stand_where_they_are_placed() -> None:
    canvas = Canvas(40, 20, "two", [Box(0, 0, 10, 10, SERIES[0]), Dots([(30, 15)], SERIES[1], 4)])
    canvas.add(Polyline([(20, 0), (20, 20)], INK, 2), Words(12, 8, "$x_1$"), Dots([], INK))
    pixels = imread(BytesIO(rastered(canvas, "png")), format="png")
    assert pixels.shape == (50, 100, 4)

    def colour(x: float, y: float) -> str:
        red, green, blue = np.round(255 * pixels[int(2.5 * y), int(2.5 * x), :3]).astype(int)
        return f"#{red:02x}{green:02x}{blue:02x}"

    assert colour(5, 5) == LIGHT[SERIES[0]]
    assert colour(30, 15) == LIGHT[SERIES[1]]
    assert colour(20, 15) == LIGHT[INK]
    assert colour(5, 15) == LIGHT["paper"]


def test_a_pdf_is_one_and_a_huge_picture_is_refused() -> None:
    assert rastered(Canvas(40, 20, "nothing"), "pdf").startswith(b"%PDF")
    with pytest.raises(ValueError, match="20,000 × 10 pixels"):
        rastered(Canvas(20_000, 10, "wide"), "png")
