"""Measure what smaller vectors lose, in neighbours and reconstructions, by how dimensions are stored.

    python scripts/experiments/storage.py RUN FILE

Encodes FILE and stores the vectors in each way. Prints the bytes of a vector, how many of its ten nearest neighbours by
cosine are still among the nearest ten, and the quality of decoding. "first n" keeps only the first n dimensions, which
cannot be decoded.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import sacrebleu
from numpy.typing import NDArray

from textrae import SentenceAutoencoder
from textrae.inference.vectors import STORAGE, restored, stored

Array = NDArray[np.float32]


def neighbours(vectors: Array, queries: int, count: int = 10) -> NDArray[np.int64]:
    """Return the `count` nearest other rows of each of the first `queries` rows."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    near = unit[:queries] @ unit.T
    near[np.arange(queries), np.arange(queries)] = -np.inf
    return np.argpartition(-near, count, axis=1)[:, :count]


def main() -> None:
    """Measure every storage and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--sentences", type=int, default=2_000, help="number decoded, and asked for neighbours"
    )
    args = parser.parse_args()
    model = SentenceAutoencoder.load(args.run, precision="auto")
    lines = list(dict.fromkeys(args.file.read_text(encoding="utf-8").removesuffix("\n").split("\n")))
    some = lines[: args.sentences]
    vectors = model.encode(lines)
    width, length = vectors.shape[1], model.run.settings.model.keeps_length
    wanted = neighbours(vectors, len(some))

    def kept(changed: Array) -> float:
        found = neighbours(changed, len(some))
        return float(np.mean([np.isin(a, b).mean() for a, b in zip(wanted, found, strict=True)]))

    print(f"{len(lines):,} distinct sentences, {len(some):,} asked")
    for storage in STORAGE:
        small = stored(vectors, storage, length)
        numbers = restored(small, width, length).astype(np.float32)
        rebuilt = model.decode(small[: len(some)])
        bleu = sacrebleu.corpus_bleu(rebuilt, [some], tokenize="none", force=True).score
        exact = np.mean([a == b for a, b in zip(some, rebuilt, strict=True)])
        print(
            f"{storage:>9}: {small[0].nbytes:>4} bytes, neighbours {kept(numbers):.1%}, BLEU {bleu:.2f}, exact {exact:.2%}"
        )
    for count in (width // 2, width // 4):
        print(f"first {count:>3}: {4 * count:>4} bytes, neighbours {kept(vectors[:, :count]):.1%}")


if __name__ == "__main__":
    main()
