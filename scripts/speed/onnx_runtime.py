"""Measure ONNX Runtime beside textrae with the same run, on one core, as Markdown tables.

    python scripts/speed/onnx_runtime.py RUN FILE [--target FILE] [--sts FILE] --lines 1000 --rounds 7

The run is exported as float32 and as int8. Encoding, and rebuilding (for a translator, translating), are measured with batches
of 1 and of 64 sentences of FILE. The three take turns, and times are those of the processor, medians of the rounds, so that other
work disturbs ratios little. BLEU compares what is written greedily with FILE, or with --target, by 13a's tokens. --sts takes lines
of a score and two sentences, joined by tabs, and gives Spearman's correlation with cosines. Encodings are cut to their part for
meaning where they have one.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sacrebleu
import torch
from machine import commit, describe
from scipy.stats import spearmanr

from textrae import SentenceAutoencoder
from textrae.integrations.onnx.exporting import export
from textrae.integrations.onnx.generate import Exported

BATCHES = (1, 64)
"""Sentences that are given at once."""
SINGLE = 64
"""Sentences of a round that are given one by one."""


def turns(
    ways: dict[str, Callable[[list[str]], Any]], lines: list[str], batch: int, rounds: int
) -> list[float]:
    """Return sentences a second of each way, in turns; the first round does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    some = lines[: SINGLE if batch == 1 else 4 * batch]
    given = [some[first : first + batch] for first in range(0, len(some), batch)]
    for round_ in range(rounds + 1):
        for name, way in ways.items():
            began = time.process_time()
            for block in given:
                way(block)
            if round_:
                seconds[name].append(time.process_time() - began)
    return [len(some) / statistics.median(found) for found in seconds.values()]


def correlation(vectors: Callable[[list[str]], Any], rows: list[list[str]]) -> float:
    """Return Spearman's correlation of the scores with the cosines of the sentences' encodings."""
    pairs = [np.concatenate([vectors([row[side] for row in rows[at : at + 64]]) for at in range(0, len(rows), 64)]) for side in (1, 2)]  # fmt: skip
    a, b = (pair / np.linalg.norm(pair, axis=1, keepdims=True) for pair in pairs)
    return float(spearmanr([float(row[0]) for row in rows], (a * b).sum(1)).statistic)


def speeds(model: SentenceAutoencoder, loops: dict[str, Exported], lines: list[str], rounds: int) -> None:
    """Print how many sentences a second each computes."""
    names = ["textrae", *(f"ONNX Runtime{name}" for name in loops)]
    print(f"\n| sentences/s, one core | {' | '.join(names)} | {names[1]} ÷ textrae |")
    print("|---|" + "---:|" * (len(names) + 1))
    rebuild = {"textrae": lambda block: model.translate(block, beam=1)} | {
        name: loop.rebuild for name, loop in loops.items()
    }
    encode = {"textrae": model.encode} | {name: loop.encode for name, loop in loops.items()}
    for what, ways in (("encoding", encode), ("encoding and decoding", rebuild)):
        for batch in BATCHES:
            found = turns(ways, lines, batch, rounds)
            figures = " | ".join(f"{one:,.0f}" for one in found)
            print(f"| {what}, batch {batch} | {figures} | {found[1] / found[0]:.2f} |", flush=True)


def losses(
    model: SentenceAutoencoder,
    loops: dict[str, Exported],
    lines: list[str],
    references: list[str],
    rows: list[list[str]],
    sizes: dict[str, int],
) -> None:
    """Print what each writes, and how far its encodings are from the model's."""
    part: Any = model.run.settings.model.compared
    name = "meaning" if part == "meaning" else "vector"
    ours, exact = model.translate(lines, beam=1), model.encode(lines)
    print(
        f"\n| {len(lines):,} sentences | MB | largest difference of an encoding | same sentences | BLEU | STS |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    for title in ("textrae", *loops):
        if title == "textrae":
            away, written = 0.0, ours
            sts = correlation(lambda some: model.encode(some, part=part), rows) if rows else None
        else:
            loop = loops[title]
            found = np.concatenate(
                [loop.encode(lines[at : at + 64])["vector"] for at in range(0, len(lines), 64)]
            )
            away, written = float(np.abs(found - exact).max()), loop.rebuild(lines)
            sts = correlation(lambda some, loop=loop: loop.encode(some)[name], rows) if rows else None
        same = sum(a == b for a, b in zip(ours, written, strict=True))
        bleu = sacrebleu.corpus_bleu(written, [references], force=True).score
        said = "" if sts is None else f"{100 * sts:.2f}"
        shown = title if title == "textrae" else f"ONNX Runtime{title}"
        print(
            f"| {shown} | {sizes[title] / 1e6:.1f} | {away:.1e} | {same:,} | {bleu:.2f} | {said} |",
            flush=True,
        )


def main() -> None:
    """Export the run twice, measure, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--target", type=Path)
    parser.add_argument("--sts", type=Path)
    parser.add_argument("--lines", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    torch.set_num_threads(1)

    def read(file: Path) -> list[str]:
        return file.read_text(encoding="utf-8").split("\n")[: given.lines]

    lines, model = read(given.file), SentenceAutoencoder.load(given.run, device="cpu")
    references = lines if given.target is None else read(given.target)
    kept = [row for row, line in enumerate(lines) if line.strip()]
    lines, references = [lines[row] for row in kept], [references[row] for row in kept]
    rows = (
        []
        if given.sts is None
        else [row.split("\t") for row in given.sts.read_text(encoding="utf-8").splitlines()]
    )
    print(f"{describe()}; textrae {commit()}; {given.run}, {given.file}")
    with tempfile.TemporaryDirectory() as folder:
        sizes = {"textrae": (given.run / "model.safetensors").stat().st_size}
        loops = {}
        for name, int8 in (("", False), (", int8", True)):
            found = export(model.run, Path(folder) / f"graphs{name}", int8=int8)
            sizes[name] = sum(size for file, size in found.items() if file.endswith(".onnx"))
            loops[name] = Exported(Path(folder) / f"graphs{name}", threads=1)
        speeds(model, loops, lines, given.rounds)
        losses(model, loops, lines, references, rows, sizes)


if __name__ == "__main__":
    main()
