"""Measure what a decoder that is told of noise keeps of sentences, and write what lies half-way between them.

    python scripts/experiments/noise_levels.py RUN FILE --out FOLDER --sentences 1000

RUN was trained with --blur (as --model vrae is). Prints a Markdown table: for each level of noise in the encodings of FILE's
first sentences, the BLEU of what comes back, and one of them. FOLDER gets a file for each way between the first half of these
sentences and the second: the sentences half-way, for generation_quality.py --paths.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

import sacrebleu

from textrae import SentenceAutoencoder
from textrae.devices import keep_freed_memory
from textrae.latent.draw import noise_of

WAYS = [("linear", 0.0), ("spherical", 0.0), ("spherical", 0.15), ("spherical", 0.3), ("spherical", 0.5)]
"""Ways between two sentences: methods, and levels of noise that the decoder assumes half-way."""


def half_way(
    model: SentenceAutoencoder, first: list[str], second: list[str], method: str, level: float
) -> list[str]:
    """Return the sentence half-way between each two."""
    ends = model.encode(first), model.encode(second)
    return [
        model.interpolate([a, b], steps=3, method=method, blur=level)[1]  # type: ignore[arg-type]
        for a, b in zip(*ends, strict=True)
    ]


def main() -> None:
    """Measure all levels, print the table, and write the files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=1_000)
    args = parser.parse_args()
    keep_freed_memory()
    model = SentenceAutoencoder.load(args.run, precision="auto")
    with args.file.open(encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in islice(file, args.sentences)]
    vectors, engine = model.encode(lines), model.engine
    print("| level | BLEU | a sentence |\n|---:|---:|---|")
    for tenths in range(11):
        noise = noise_of(vectors, tenths / 10, seed=0)
        written = engine.decode(vectors, beam=1, sampling=None, to=None, batch_size=1_024, noise=noise)
        bleu = sacrebleu.corpus_bleu(written, [lines], force=True).score
        print(f"| {tenths / 10:g} | {bleu:.1f} | {written[0]} |", flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    middle = len(lines) // 2
    for method, level in WAYS:
        found = half_way(model, lines[:middle], lines[middle : 2 * middle], method, level)
        (args.out / f"{method}-{level:g}.txt").write_text("\n".join(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
