"""Pictures as SVG: well formed whatever they show."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from textrae.pictures.canvas import INK, SERIES, Box, Canvas, Dots, Polyline, Words
from textrae.pictures.svg import INLINE, plain, to_svg

ANY = st.text(st.characters(), max_size=20)


@given(ANY, ANY)
def test_any_text_makes_well_formed_xml(title: str, text: str) -> None:
    canvas = Canvas(100, 50, title)
    canvas.add(
        Words(1, 2, text, turn=-90, bold=True, anchor="end"),
        Box(0, 0, 5, 5, INK, 0.5, title=text),
        Dots([(1, 2)], SERIES[0], titles=[text]),
        Dots([(3.456, 4)], SERIES[1]),
        Polyline([(0, 0), (9, 9)], INK, dashed=True),
    )
    tree = ElementTree.fromstring(to_svg(canvas).encode())
    assert tree.get("width") == "100"
    written = [part.text or "" for part in tree.iter() if part.tag.endswith("text")]
    assert len(written) == 1
    assert "<script" not in to_svg(Canvas(1, 1, f"<script>{title}"))


def test_what_xml_cannot_hold_is_replaced_and_markup_escaped() -> None:
    assert plain("<a & 'b'>\x00\ud800\u202e") == "&lt;a &amp; &#x27;b&#x27;&gt;\ufffd\ufffd\ufffd"
    assert plain("漢字 😀\t") == "漢字 😀\t"


def test_inside_a_page_colours_are_variables_and_there_is_no_ground() -> None:
    canvas = Canvas(100, 50, "t", [Words(1, 2, "a"), Dots([(1, 1), (2, 2.126)], SERIES[2], 3)])
    svg = to_svg(canvas, INLINE, inline=True)
    assert svg.startswith('<svg viewBox="0 0 100 50" role="img"')
    assert 'fill="var(--ink)"' in svg
    assert 'd="M1 1h0M2 2.13h0" stroke="var(--series2)" stroke-width="6"' in svg
    assert "<rect" not in svg
