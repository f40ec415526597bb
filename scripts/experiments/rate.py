"""Measure how quality grows with the numbers of an encoding, and with the budget; draw it.

    python scripts/experiments/rate.py --corpus ptb=TRAIN,VALID --corpus paragraphs=TRAIN,VALID --minutes 10,30 --out rate.jsonl
    python scripts/experiments/rate.py --table rate.jsonl --picture rate.svg

Trains once for each corpus, budget and number of numbers: a model of base size (512 units) whose slots hold them, as SHAPES says.
Slots have 16 numbers each, as by default, and 8 where the encoding has few: at equal numbers more slots learn faster. One of the
numbers is the length of the text. Prints a Markdown table. A line is printed, and added to the file of --out, as soon as it
is measured; what the file holds is not measured again. With --picture, BLEU and exact match are drawn; that needs matplotlib.
Arguments after -- are passed to `textrae train`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import figure_tables
from figure_tables import Row
from measured import add_arguments, check, measure, planned, read
from side_by_side import parsed

SHAPES = {
    64: (8, 8),
    128: (16, 8),
    256: (32, 8),
    512: (32, 16),
    1024: (64, 16),
    2048: (128, 16),
    4096: (256, 16),
}
"""Slots, and numbers of each, by the numbers of an encoding."""
DRAWN = {"bleu": ("BLEU", 1), "exact": ("exact match, %", 100)}
"""Measures that are drawn: their names, and what they are multiplied by."""


def main() -> int:
    """Train, measure, print and draw; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    parser.add_argument(
        "--numbers", type=_sizes, default=list(SHAPES)[:-1], help=f"of {', '.join(map(str, SHAPES))}"
    )
    parser.add_argument("--picture", type=Path, help="draw BLEU and exact match into this .svg")
    args, further = parsed(parser)
    check(parser, args)
    if args.picture and args.picture.suffix != ".svg":
        parser.error(f"{args.picture}: the picture is an .svg")
    if args.picture and find_spec("matplotlib") is None:
        parser.error("--picture needs matplotlib; install it with: pip install matplotlib")
    if args.table:
        rows, well = [row for row in read(args.table) if row["shape"] and row["text"] == row["corpus"]], True
        print(figure_tables.whole(rows))
    else:
        rows, well = measure(planned(args, further, [SHAPES[size] for size in args.numbers]), args)
    for note in figure_tables.notes(rows):
        print(f"\n{note}")
    if args.picture and rows:
        draw(rows, args.picture)
    return int(not well)


def _sizes(word: str) -> list[int]:
    """Read numbers of SHAPES that commas part."""
    found = [int(part) if part.isdecimal() else 0 for part in word.split(",")]
    if not set(found) <= set(SHAPES):
        raise argparse.ArgumentTypeError(f"{word!r}: give some of {', '.join(map(str, SHAPES))}")
    return found


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw a panel for each corpus and measure, with a curve for each budget; the same rows make the same bytes."""
    import matplotlib
    from matplotlib.figure import Figure

    corpora = list(dict.fromkeys(row["corpus"] for row in rows))
    budgets = sorted({tuple(row["budget"]) for row in rows})
    sizes = sorted({row["encoding_size"] for row in rows})
    with matplotlib.rc_context({"svg.hashsalt": "textrae", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure((0.6 + 2.9 * len(corpora), 4.8), layout="constrained")
        panels = figure.subplots(len(DRAWN), len(corpora), squeeze=False, sharex=True, sharey="row")
        for across, corpus in enumerate(corpora):
            for down, (measure, (name, scale)) in enumerate(DRAWN.items()):
                panel = panels[down][across]
                for budget in budgets:
                    part = sorted(
                        (row["encoding_size"], scale * row["overall"][measure])
                        for row in rows
                        if row["corpus"] == corpus and tuple(row["budget"]) == budget
                    )
                    panel.plot(
                        *zip(*part, strict=True) if part else ((), ()), "o-", markersize=3.5, linewidth=1.3
                    )
                panel.set_xscale("log", base=2)
                panel.set_xticks(sizes, [f"{size:,}" for size in sizes], rotation=45)
                panel.minorticks_off()
                panel.set_ylim(0, 102)
                panel.grid(axis="y", alpha=0.3)
                panel.set_ylabel(name if across == 0 else "")
            panels[0][across].set_title(corpus)
            panels[-1][across].set_xlabel("numbers of the encoding")
        labels = [f"{value:,g} {name}" for name, value in budgets]
        figure.legend(panels[0][0].lines, labels, loc="outside upper center", ncols=4, frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    sys.exit(main())
