"""Paragraphs, one a line, from a file of one sentence a line with a blank line after each paragraph.

    python scripts/paragraphs.py SENTENCES… --train train.txt --valid valid.txt

Keeps paragraphs of 60 to 250 words; every tenth goes to the validation file.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def paragraphs(path: Path, least: int, most: int) -> list[str]:
    """Those of so many words."""
    blocks = path.read_text(encoding="utf-8").replace("\r", "").split("\n\n")
    joined = [" ".join(block.split("\n")).strip() for block in blocks]
    return [text for text in joined if least <= len(text.split()) <= most]


def main() -> None:
    """Write both files and say how many there are."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", type=Path, nargs="+")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--valid", type=Path, required=True)
    parser.add_argument("--least", type=int, default=60)
    parser.add_argument("--most", type=int, default=250)
    args = parser.parse_args()
    texts = [text for source in args.sources for text in paragraphs(source, args.least, args.most)]
    texts = list(dict.fromkeys(texts))
    held_out = texts[9::10]
    kept = [text for number, text in enumerate(texts) if number % 10 != 9]
    for path, part in ((args.train, kept), (args.valid, held_out)):
        path.write_text("".join(f"{text}\n" for text in part), encoding="utf-8")
        words = sum(len(text.split()) for text in part)
        print(f"{path}: {len(part):,} paragraphs, {words:,} words")


if __name__ == "__main__":
    main()
