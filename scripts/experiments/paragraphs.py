"""Make paragraphs, one a line, from files of one sentence a line with a blank line after each paragraph.

    python scripts/experiments/paragraphs.py SENTENCES… --train train.txt --valid valid.txt

Keeps paragraphs of 60 to 250 words. Longer ones are split between sentences into pieces of random lengths in that range (so
is a text without blank lines). Every tenth paragraph goes to the validation file.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path


def paragraphs(path: Path, least: int, most: int, generator: random.Random) -> Iterator[str]:
    """Yield paragraphs, and pieces of longer ones, of `least` to `most` words."""
    for block in path.read_text(encoding="utf-8").replace("\r", "").split("\n\n"):
        sentences = block.strip().split("\n")
        whole = sum(len(sentence.split()) for sentence in sentences) <= most
        wanted, words = most if whole else generator.randint(least, most), 0
        piece: list[str] = []
        for sentence in sentences:
            count = len(sentence.split())
            if words + count > wanted:
                if least <= words <= most:
                    yield " ".join(piece)
                wanted, words, piece = generator.randint(least, most), 0, []
            words, piece = words + count, [*piece, sentence]
        if least <= words <= most:
            yield " ".join(piece)


def main() -> None:
    """Write both files and print how many paragraphs they hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", type=Path, nargs="+")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--valid", type=Path, required=True)
    parser.add_argument("--least", type=int, default=60)
    parser.add_argument("--most", type=int, default=250)
    args = parser.parse_args()
    generator = random.Random(0)
    texts = [t for source in args.sources for t in paragraphs(source, args.least, args.most, generator)]
    texts = list(dict.fromkeys(texts))
    held_out = texts[9::10]
    kept = [text for number, text in enumerate(texts) if number % 10 != 9]
    for path, part in ((args.train, kept), (args.valid, held_out)):
        path.write_text("".join(f"{text}\n" for text in part), encoding="utf-8")
        words = sum(len(text.split()) for text in part)
        print(f"{path}: {len(part):,} paragraphs, {words:,} words")


if __name__ == "__main__":
    main()
