"""A picture drawn by matplotlib, an optional dependency, for PNG and PDF."""

from __future__ import annotations

from io import BytesIO

from textrae.pictures.canvas import LIGHT, PAPER, Box, Canvas, Dots, Polyline

_DPI = 72
"""Pixels of a canvas to the inch."""
_SHARPER = 2.5
"""Pixels of a PNG for each of the canvas."""
_SIDES = {"start": "left", "middle": "center", "end": "right"}


def rastered(canvas: Canvas, kind: str) -> bytes:
    """Draw a picture.

    Args:
        canvas: what is drawn.
        kind: ``png`` or ``pdf``.

    Raises:
        ValueError: it is too large to be drawn.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    if max(canvas.width, canvas.height) * _SHARPER > 2**15:
        raise ValueError(f"{canvas.width:,.0f} × {canvas.height:,.0f} pixels")
    figure = Figure((canvas.width / _DPI, canvas.height / _DPI), facecolor=LIGHT[PAPER])
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, canvas.width), ylim=(canvas.height, 0))
    axes.axis("off")
    for order, shape in enumerate(canvas.shapes):
        ink = LIGHT[shape.colour]
        if isinstance(shape, Polyline):
            xs, ys = zip(*shape.points, strict=True)
            axes.plot(xs, ys, color=ink, lw=shape.width, ls="--" if shape.dashed else "-", zorder=order)
        elif isinstance(shape, Box):
            place = (shape.x, shape.y), shape.width, shape.height
            axes.add_patch(Rectangle(*place, color=ink, alpha=shape.opacity, lw=0, zorder=order))
        elif isinstance(shape, Dots):
            if shape.points:
                xs, ys = zip(*shape.points, strict=True)
                size = (2 * shape.radius) ** 2
                axes.scatter(xs, ys, s=size, color=ink, alpha=shape.opacity, lw=0, zorder=order)
        else:
            axes.text(
                shape.x,
                shape.y,
                shape.text,
                color=ink,
                size=shape.size,
                ha=_SIDES[shape.anchor],
                va="baseline",
                rotation=-shape.turn,
                rotation_mode="anchor",
                weight="bold" if shape.bold else "normal",
                parse_math=False,
                zorder=order,
            )
    content = BytesIO()
    figure.savefig(content, dpi=_DPI * _SHARPER, format=kind)
    return content.getvalue()
