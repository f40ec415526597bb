"""Make the vectors of a teacher: what any sentence-transformers model makes of the lines of a corpus.

    pip install sentence-transformers
    python scripts/corpus/teacher.py corpus.txt --model sentence-transformers/all-MiniLM-L6-v2 -o teacher.npy
    textrae train corpus.txt --teacher teacher.npy

For a corpus of N files whose lines are translations of one another (`textrae train a b c --aligned`), --times N writes the vectors
of one of them N times, so that it teaches all.

The model is a name on the hub or a folder. Row n is the vector of line n; blank lines have one too, which nothing learns from.
Vectors have unit length and are kept as float16, which changes cosines by less than 0.001. Memory does not grow with the corpus.
"""

from __future__ import annotations

import argparse
import time
from itertools import islice
from pathlib import Path

import numpy as np

BLOCK = 8_192
"""Lines that are encoded at once."""


def lines_in(path: Path) -> int:
    """Count the lines of a file, which end at a newline only."""
    with path.open("rb") as file:
        count, last = 0, b"\n"
        while block := file.read(1 << 20):
            count, last = count + block.count(b"\n"), block[-1:]
    return count + (last != b"\n")


def main() -> None:
    """Encode the lines in blocks, and give the file its name when it is complete."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--model", required=True, help="name on the hub, or folder")
    parser.add_argument("--out", "-o", type=Path, required=True, help="the .npy file to write")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--times", type=int, default=1, help="write all vectors so many times")
    args = parser.parse_args()
    if args.times < 1:
        parser.error("--times is at least 1")
    from sentence_transformers import SentenceTransformer

    model, total = SentenceTransformer(args.model), lines_in(args.corpus)
    size, draft = model.get_sentence_embedding_dimension(), args.out.with_name(f"{args.out.name}.part")
    out = np.lib.format.open_memmap(draft, mode="w+", dtype=np.float16, shape=(args.times * total, size))
    done, began = 0, time.perf_counter()
    with args.corpus.open(encoding="utf-8", newline="\n") as file:
        while block := [line.rstrip("\r\n") for line in islice(file, BLOCK)]:
            out[done : done + len(block)] = model.encode(
                block, batch_size=args.batch_size, normalize_embeddings=True, show_progress_bar=False
            )
            done += len(block)
            print(f"{done:,} of {total:,} lines, {done / (time.perf_counter() - began):,.0f} a second")
    for start in range(total, len(out), total):
        out[start : start + total] = out[:total]
    out.flush()
    draft.replace(args.out)


if __name__ == "__main__":
    main()
