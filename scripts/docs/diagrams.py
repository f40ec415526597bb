"""Draw the pictures of docs/how/: boxes and arrows, as SVG that follows the reader's light or dark colours.

    python scripts/docs/diagrams.py --write
    python scripts/docs/diagrams.py

Without `--write` it checks that the files are what it draws. A picture has a ground of its own, because a page may be dark where the system is light. It needs no font and no script.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "how"
WIDE, HIGH = 66, 30
"""Width and height of a box."""
STYLE = """text{font:13px system-ui,sans-serif;fill:#1c2b33;text-anchor:middle}.s{font-size:11px;fill:#4a5a63}
rect{fill:#e6f2f1;stroke:#00796b}.z{fill:#fdeecb;stroke:#b26a00}.d{fill:#e7eaf6;stroke:#3949ab}.b{fill:#fff;stroke:none}
path{stroke:#55656e;fill:none;stroke-width:1.4}.t{stroke-dasharray:4 3}marker path{fill:#55656e;stroke:none}
@media(prefers-color-scheme:dark){text{fill:#e8eef0}.s{fill:#b4c2c9}rect{fill:#12312e;stroke:#4db6ac}.z{fill:#3d2f12;stroke:#ffb74d}
.d{fill:#1d2342;stroke:#9fa8da}path{stroke:#a5b4bb}marker path{fill:#a5b4bb}
.b{fill:#14191d}}"""


class Picture:
    """Boxes, arrows and words, placed by the centres of boxes."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self.width, self.height, self.title = width, height, title
        self.parts: list[str] = []

    def box(self, x: float, y: float, text: str, kind: str = "", wide: int = WIDE) -> tuple[float, float]:
        """Draw a box around (x, y), and return its centre."""
        name = f' class="{kind}"' if kind else ""
        self.parts.append(
            f'<rect{name} x="{x - wide / 2:g}" y="{y - HIGH / 2:g}" width="{wide}" height="{HIGH}" rx="5"/>'
        )
        self.word(x, y + 4.5, text)
        return x, y

    def word(self, x: float, y: float, text: str, small: bool = False) -> None:
        """Write a line around x, on the base line y."""
        name = ' class="s"' if small else ""
        self.parts.append(f'<text{name} x="{x:g}" y="{y:g}">{escape(text)}</text>')

    def arrow(self, x: float, y: float, to_x: float, to_y: float, dashed: bool = False) -> None:
        """Draw an arrow from a point to another."""
        name = ' class="t"' if dashed else ""
        self.parts.append(f'<path{name} marker-end="url(#a)" d="M{x:g} {y:g}L{to_x:g} {to_y:g}"/>')

    def across(self, boxes: Sequence[tuple[float, float]], back: bool = False, wide: int = WIDE) -> None:
        """Draw arrows along a row of boxes, or against it."""
        for (x, y), (to, _) in pairwise(boxes):
            ends = (to - wide / 2, x + wide / 2 + 3) if back else (x + wide / 2, to - wide / 2 - 3)
            self.arrow(ends[0], y, ends[1], y)

    def up(self, x: float, y: float, to_y: float, to_x: float | None = None, dashed: bool = False) -> None:
        """Draw an arrow from a box to one above it, or below it."""
        sign = 1 if to_y < y else -1
        self.arrow(x, y - sign * HIGH / 2, x if to_x is None else to_x, to_y + sign * (HIGH / 2 + 3), dashed)

    def svg(self) -> str:
        """Return the file's text."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" role="img"><title>{escape(self.title)}</title><style>{STYLE}</style>'
            '<defs><marker id="a" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
            '<path d="M0 0L8 4L0 8z"/></marker></defs>\n<rect class="b" width="100%" height="100%" rx="8"/>\n'
            + "\n".join(self.parts)
            + "\n</svg>\n"
        )


SOURCE = ("A", "dog", "runs", "⟨end⟩")
AT = (46, 134, 222, 310)
"""Places of the encoder's steps."""
LATER = (520, 608, 696, 784)
"""Places of the decoder's steps, right of the encoding."""


def reader(picture: Picture, y: float, name: str = "h", back: bool = False) -> list[tuple[float, float]]:
    """Draw a row of the encoder's states, from left to right or back."""
    boxes = [picture.box(x, y, f"{name}{'₁₂₃₄'[step]}") for step, x in enumerate(AT)]
    picture.across(boxes, back)
    return boxes


def words(picture: Picture, y: float, to_y: float, at: Sequence[float] = AT) -> None:
    """Write the words that are read under what reads them."""
    for x, word in zip(at, SOURCE, strict=True):
        picture.word(x, y, word)
        picture.arrow(x, y - 15, x, to_y + HIGH / 2 + 3)


def writer(picture: Picture, y: float, above: float) -> list[tuple[float, float]]:
    """Draw a row of the decoder's states, and the words that they write."""
    boxes = [picture.box(x, y, f"d{'₁₂₃₄'[step]}", "d") for step, x in enumerate(LATER)]
    picture.across(boxes)
    for (x, _), word in zip(boxes, SOURCE, strict=True):
        picture.arrow(x, y - HIGH / 2, x, above + 7)
        picture.word(x, above, word)
    return boxes


def conditioned(picture: Picture, y: float, under: float) -> None:
    """Draw the line by which the encoding reaches every step of the decoder."""
    picture.parts.append(f'<path d="M415 {y + HIGH / 2:g}V{under:g}H784"/>')
    for x in LATER:
        picture.arrow(x, under, x, y + HIGH / 2 + 3)


def plain() -> Picture:
    """Draw a sentence read into one vector and written from it."""
    picture = Picture(
        830, 170, "A sentence is read step by step; its states are pooled into z; the decoder writes from z"
    )
    reader(picture, 80)
    words(picture, 140, 80)
    for x in AT:
        picture.parts.append(f'<path d="M{x} 65V45"/>')
    picture.parts.append('<path d="M46 45H370"/>')
    picture.box(415, 80, "z", "z")
    picture.arrow(370, 45, 400, 62)
    picture.arrow(415 + WIDE / 2, 80, LATER[0] - WIDE / 2 - 3, 80)
    writer(picture, 80, 30)
    conditioned(picture, 80, 125)
    picture.word(178, 30, "pooled: each unit's largest value, or the last state", small=True)
    picture.word(415, 30, "encoding", small=True)
    picture.word(640, 158, "decoder; each word is an input of the next step too", small=True)
    return picture


def both_ways() -> Picture:
    """Draw a sentence read from both ends."""
    picture = Picture(
        520, 190, "Two recurrences read the sentence, one from each end; both are pooled into z"
    )
    words(picture, 172, 120)
    for y, name, back in ((120, "→h", False), (60, "←h", True)):
        reader(picture, y, name, back)
    for x in AT:
        picture.parts.append(f'<path class="t" d="M{x} 105V75"/>')
    picture.box(465, 90, "z", "z")
    picture.arrow(345, 60, 429, 84)
    picture.arrow(345, 120, 429, 96)
    picture.word(400, 60, "max", small=True)
    picture.word(178, 28, "two readings, pooled side by side", small=True)
    return picture


def slots() -> Picture:
    """Draw states, slots that look at parts of them, and a decoder that looks at the slots."""
    picture = Picture(
        830, 230, "Slots attend over the states, each near its own share; the decoder attends over the slots"
    )
    reader(picture, 160)
    words(picture, 218, 160)
    places = [(90, "slot 1"), (178, "slot 2"), (266, "slot 3")]
    for place, (x, name) in enumerate(places):
        picture.box(x, 70, name, "z", 70)
        for step in (place, place + 1):
            picture.up(AT[step], 160, 70, x)
    picture.word(178, 30, "the encoding: all slots side by side", small=True)
    boxes = [picture.box(x, 160, f"d{'₁₂₃₄'[step]}", "d") for step, x in enumerate(LATER)]
    picture.across(boxes)
    for (x, _), word in zip(boxes, SOURCE, strict=True):
        picture.arrow(x, 175, x, 199)
        picture.word(x, 218, word)
    picture.parts.append('<path d="M301 70H784"/>')
    for x in LATER:
        picture.arrow(x, 70, x, 160 - HIGH / 2 - 3)
    picture.word(640, 55, "each step looks at the slots around its share p = (t + ½) / T", small=True)
    return picture


def hierarchy() -> Picture:
    """Draw segments read by themselves, then the text, then plans and the segments that are written from them."""
    picture = Picture(
        740, 220, "Segments are read, then their features; plans are made from z, then segments from plans"
    )
    names = ("segment 1", "segment 2", "segment 3")
    for start, kind, low, high in ((60, "", "reader of tokens", "c"), (480, "d", "decoder", "p")):
        below = [picture.box(start + 100 * i, 160, names[i], kind, 84) for i in range(3)]
        above = [picture.box(start + 100 * i, 90, f"{high}{'₁₂₃'[i]}", kind) for i in range(3)]
        picture.across(above)
        for (x, y), (_, to) in zip(below, above, strict=True):
            if kind:
                picture.up(x, to, y)
            else:
                picture.up(x, y, to)
        picture.word(start + 100, 195, f"{low}: each segment by itself", small=True)
    picture.word(160, 60, "reader of segments", small=True)
    picture.word(580, 60, "planner", small=True)
    picture.box(370, 90, "z", "z")
    picture.arrow(293, 90, 334, 90)
    picture.arrow(403, 90, 444, 90)
    return picture


def variational() -> Picture:
    """Draw a posterior, a draw from it, and a decoder that is told how much noise there is."""
    picture = Picture(
        640, 170, "The encoder gives a mean and a variance; z is drawn; KL pulls the posterior to the prior"
    )
    picture.box(60, 90, "encoder", wide=80)
    picture.box(200, 55, "μ", "z", 50)
    picture.box(200, 125, "σ²", "z", 50)
    picture.arrow(100, 86, 172, 58)
    picture.arrow(100, 94, 172, 122)
    picture.box(350, 90, "z = μ + σ ε", "z", 110)
    picture.arrow(225, 58, 292, 82)
    picture.arrow(225, 122, 292, 98)
    picture.word(350, 150, "ε drawn from N(0, I)", small=True)
    picture.arrow(350, 137, 350, 108, dashed=True)
    picture.box(530, 90, "decoder", "d", 90)
    picture.arrow(405, 90, 482, 90)
    picture.word(200, 25, "KL(N(μ, σ²) ‖ N(0, I)) is paid for", small=True)
    return picture


def squared() -> Picture:
    """Draw an output that is compared with an embedding of length 1, which no gradient reaches."""
    picture = Picture(
        560, 130, "The output is compared with the token's embedding, scaled to length 1 and held still"
    )
    picture.box(60, 65, "decoder", "d", 84)
    picture.box(190, 65, "y", "d", 50)
    picture.arrow(102, 65, 162, 65)
    picture.box(340, 65, "‖y − ê‖²", wide=100)
    picture.arrow(215, 65, 287, 65)
    picture.box(490, 65, "ê = e / ‖e‖", "z", 100)
    picture.arrow(440, 65, 393, 65, dashed=True)
    picture.word(400, 110, "no gradient this way; read back: the nearest ê", small=True)
    return picture


PICTURES = {
    "rae": plain,
    "brae": both_ways,
    "ara": slots,
    "hrae": hierarchy,
    "vrae": variational,
    "mse": squared,
}
"""Every picture by the name of its page."""


def main() -> None:
    """Write the pictures, or exit with 1 where one is not what is drawn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the pictures")
    options = parser.parse_args()
    for name, draw in PICTURES.items():
        path, text = FOLDER / f"{name}.svg", draw().svg()
        if options.write:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.name} is not current: python scripts/docs/diagrams.py --write")


if __name__ == "__main__":
    main()
