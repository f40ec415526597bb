"""A small suite with a file of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from conftest import sentences


def varied(count: int, seed: int = 0) -> list[str]:
    """Sentences of 3 to 14 words out of 200, of which half are rare."""
    generator = np.random.default_rng(seed)
    chances = np.where(np.arange(200) % 2, 0.002, 0.008)
    words = [f"w{number}" for number in range(200)]
    return [
        " ".join(generator.choice(words, generator.integers(3, 15), p=chances / chances.sum()))
        for _ in range(count)
    ]


QUICK = ("similarity", "retrieval", "clusters")
"""Kinds that need no classifier."""


def write_suite(folder: Path, kinds: Sequence[str] = (*QUICK, "labels", "probing")) -> Path:
    """Write a suite of the corpus's sentences, some of whose answers and labels their words tell."""
    some = sentences()[::7][:80]
    pairs = list(zip(some[:40], some[40:], strict=True))
    lines = {
        "similarity/pairs.tsv": [f"{n % 6}\t{one}\t{two}" for n, (one, two) in enumerate(pairs)],
        "labels/animal.tsv": [f"{'dog' if 'dog' in one else 'other'}\t{one}" for one in some],
        "retrieval/end.tsv": [f"{one}\t{one[:-6]} now." for one in some[:30]],
        "clusters/animal.tsv": [f"{one.split()[1]}\t{one}" for one in some],
        "probing/some.txt": varied(400),
    }
    for name, held in lines.items():
        path = folder / name
        if path.parent.name in kinds:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(held) + "\n", encoding="utf-8")
    return folder
