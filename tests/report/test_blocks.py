"""A report yields its pictures."""

from __future__ import annotations

from textrae.pictures.canvas import Canvas
from textrae.report.blocks import Drawn, Report, Said, Section


def test_pictures_come_in_order() -> None:
    drawn = [Drawn(name, Canvas(1, 1, name), name) for name in "abc"]
    report = Report("t", "l", [Section("1", [drawn[0], Said("x"), drawn[1]]), Section("2", [drawn[2]])])
    assert list(report.pictures()) == drawn
