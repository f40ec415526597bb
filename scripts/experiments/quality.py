"""Measure quality by corpus and length: train with the defaults for some minutes, then rebuild text never trained on.

    python scripts/experiments/quality.py --corpus yelp=TRAIN,VALID --corpus ptb=TRAIN,VALID --minutes 5,10,30 --out quality.jsonl
    python scripts/experiments/quality.py --corpus yelp=TRAIN,VALID --minutes 10 --unseen ptb=VALID --out quality.jsonl
    python scripts/experiments/quality.py --table quality.jsonl

Trains once for each corpus and budget, with no switch but that budget and those after --, and prints Markdown: steps, tokens/s,
the encoding, token accuracy, exact match and BLEU, then the same by length, and the machine with its measured peak. With
--unseen every model is measured on texts of other domains too. A line is printed, and added to the file of --out, as soon as it
is measured; what the file holds is not measured again. So a table can be made over several sessions: the same command goes
on where it was stopped. A machine of another speed can train the same steps, with --steps. With --keep the trained runs stay,
and further texts are measured without training again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import figure_tables
from measured import add_arguments, check, measure, planned, read
from side_by_side import parsed


def main() -> int:
    """Train, measure and print; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    parser.add_argument("--unseen", type=_text, action="append", default=[], metavar="NAME=FILE")
    args, further = parsed(parser)
    unseen: dict[str, Path] = dict(args.unseen)
    check(parser, args, list(unseen.values()))
    if args.table:
        rows, well = read(args.table), True
        print(figure_tables.whole(rows))
    else:
        rows, well = measure(planned(args, further), args, unseen)
    for part in (*figure_tables.by_length(rows), *figure_tables.notes(rows)):
        print(f"\n{part}")
    return int(not well)


def _text(word: str) -> tuple[str, Path]:
    """Read NAME=FILE."""
    name, _, path = word.partition("=")
    if not (name and path):
        raise argparse.ArgumentTypeError(f"{word!r}: give NAME=FILE")
    return name, Path(path)


if __name__ == "__main__":
    sys.exit(main())
