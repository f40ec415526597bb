"""A picture as SVG: small, with text as text, and nothing of what it shows can be markup."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from textrae.pictures.canvas import LIGHT, PAPER, Box, Canvas, Dots, Polyline, Shape, Words

INLINE = {role: f"var(--{role})" for role in LIGHT}
"""Colours of a picture inside a page, whose style sheet defines them."""
_FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif"


def to_svg(canvas: Canvas, colours: Mapping[str, str] = LIGHT, *, inline: bool = False) -> str:
    """Write a picture as an SVG element.

    Args:
        canvas: what is drawn.
        colours: by role.
        inline: for a page: no XML declaration and no ground, and it is as wide as its place has room.
    """
    parts = [_written(shape, colours) for shape in canvas.shapes]
    size = f'viewBox="0 0 {_number(canvas.width)} {_number(canvas.height)}"'
    head = f"<title>{plain(canvas.title)}</title>"
    if inline:
        return f'<svg {size} role="img" font-family="inherit">{head}{"".join(parts)}</svg>'
    size = f'width="{_number(canvas.width)}" height="{_number(canvas.height)}" {size}'
    ground = f'<rect width="100%" height="100%" fill="{colours[PAPER]}"/>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{escape(_FONT)}">'
        f"{head}{ground}\n" + "\n".join(parts) + "\n</svg>\n"
    )


def plain(text: str) -> str:
    """Escape a text for HTML and XML; characters that XML cannot hold become U+FFFD."""
    return escape("".join(letter if _allowed(letter) else "\ufffd" for letter in text))


def _allowed(letter: str) -> bool:
    code = ord(letter)
    if code < 0x20:
        return letter in "\t\n"
    # no C1 controls, surrogates, non-characters, or marks that change the direction of what follows
    return not (
        0x7F <= code <= 0x9F
        or 0xD800 <= code <= 0xDFFF
        or code & 0xFFFE == 0xFFFE
        or 0xFDD0 <= code <= 0xFDEF
        or 0x202A <= code <= 0x202E
        or 0x2066 <= code <= 0x2069
    )


def _written(shape: Shape, colours: Mapping[str, str]) -> str:
    ink = colours[shape.colour]
    if isinstance(shape, Polyline):
        points = " ".join(f"{_number(x)},{_number(y)}" for x, y in shape.points)
        dashes = ' stroke-dasharray="5 3"' if shape.dashed else ""
        return f'<polyline points="{points}" fill="none" stroke="{ink}" stroke-width="{_number(shape.width)}"{dashes}/>'
    if isinstance(shape, Box):
        place = " ".join(
            f'{name}="{_number(value)}"'
            for name, value in (
                ("x", shape.x),
                ("y", shape.y),
                ("width", shape.width),
                ("height", shape.height),
            )
        )
        filled = f'<rect {place} fill="{ink}"{_opacity(shape.opacity)}'
        return f"{filled}/>" if shape.title is None else f"{filled}>{_hover(shape.title)}</rect>"
    if isinstance(shape, Dots):
        return _dots(shape, ink)
    return _words(shape, ink)


def _dots(shape: Dots, ink: str) -> str:
    if shape.titles is None:  # one path of round ends: ten bytes a dot
        path = "".join(f"M{_number(x)} {_number(y)}h0" for x, y in shape.points)
        return (
            f'<path d="{path}" stroke="{ink}" stroke-width="{_number(2 * shape.radius)}" stroke-linecap="round"'
            f"{_opacity(shape.opacity)}/>"
        )
    dots = "".join(
        f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(shape.radius)}">{_hover(title)}</circle>'
        for (x, y), title in zip(shape.points, shape.titles, strict=True)
    )
    return f'<g fill="{ink}"{_opacity(shape.opacity)}>{dots}</g>'


def _words(shape: Words, ink: str) -> str:
    anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
    weight = ' font-weight="600"' if shape.bold else ""
    place = f'x="{_number(shape.x)}" y="{_number(shape.y)}"'
    turn = (
        f' transform="rotate({_number(shape.turn)} {_number(shape.x)} {_number(shape.y)})"'
        if shape.turn
        else ""
    )
    return f'<text {place} fill="{ink}" font-size="{_number(shape.size)}"{anchor}{weight}{turn}>{plain(shape.text)}</text>'


def _hover(title: str) -> str:
    return f"<title>{plain(title)}</title>"


def _opacity(value: float) -> str:
    return "" if value >= 1 else f' opacity="{_number(value)}"'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
