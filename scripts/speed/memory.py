"""Measure peak memory of training, encoding, decoding and reconstructing as the corpus grows tenfold.

    python scripts/speed/memory.py CORPUS --lines 300000 --times 10

Makes corpora of distinct lines by numbering the lines of CORPUS, and for each trains a fixed number of steps, encodes it,
decodes the vectors and reconstructs the lines. Prints the peak resident memory of each process, in which pages of the mapped
token cache count. The model is small (128 hidden units), so that it does not hide what grows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

WORKS = ["train", "encode", "decode", "reconstruct"]


def enlarge(corpus: Path, lines: int, out: Path) -> None:
    """Write `lines` distinct lines: the corpus again and again, with a number behind each line."""
    with out.open("w", encoding="utf-8", newline="\n") as stream:
        written = 0
        while written < lines:
            with corpus.open(encoding="utf-8", newline="\n") as source:
                for line in islice(source, lines - written):
                    stream.write(f"{line.rstrip()} {written}\n")
                    written += 1


def peak(arguments: list[str | Path]) -> float:
    """Run a command and return its peak resident memory in MiB; exit if it fails."""
    command = Path(sys.executable).with_name("textrae")
    process = subprocess.Popen([command, *arguments], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{arguments}: {said}")
    return usage.ru_maxrss / 1024


def main() -> None:
    """Measure both sizes and print the growth."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--lines", type=int, default=300_000)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--steps", default="150")
    parser.add_argument("--works", nargs="+", default=WORKS, choices=WORKS)
    args = parser.parse_args()
    figures: dict[str, list[float]] = {work: [] for work in args.works}
    with tempfile.TemporaryDirectory() as folder:
        run, vectors, text = (Path(folder) / name for name in ("run", "v.npy", "text.txt"))
        commands: dict[str, list[str | Path]] = {
            "train": ["train", text, "-o", run, "--overwrite", "--steps", args.steps, "--hidden", "128"],
            "encode": ["encode", run, text, "-o", vectors, "--precision", "auto"],
            "decode": ["decode", run, vectors, "--precision", "auto"],
            "reconstruct": ["reconstruct", run, text, "--precision", "auto"],
        }
        for lines in (args.lines, args.lines * args.times):
            enlarge(args.corpus, lines, text)
            for work, command in commands.items():
                needed = (work == "train" and not run.exists()) or (
                    work == "encode" and "decode" in args.works
                )
                if needed or work in args.works:
                    used = peak(command)
                    print(f"{lines:>10,} lines: {work:>11} {used:7.0f} MiB", flush=True)
                    if work in args.works:
                        figures[work].append(used)
    for work, (before, after) in figures.items():
        print(
            f"{work}: {100 * (after / before - 1):+.1f} % from {args.lines:,} to {args.lines * args.times:,} lines"
        )


if __name__ == "__main__":
    main()
