"""Measure how well sentences of exactly the longest length come back, greedily and with beams.

    python scripts/experiments/longest_sentences.py TRAIN HELD --max-length 10 --steps 3000 [--sentences 500] [--widths 1 2 5 10]
        [--run RUN]

A model of the default shape is trained on TRAIN for --steps, or the one that is in RUN already is taken. From HELD come the first
--sentences that have exactly --max-length tokens and are not in TRAIN. Prints a Markdown table: for each width the share that came
back character for character, and the share of answers that have fewer tokens. To compare two versions of textrae, give both the
same RUN.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import nullcontext
from pathlib import Path

from transfer_quality import lines

import textrae
from textrae import CorpusConfig, SentenceAutoencoder, TrainingConfig

HEAD = ("beam", "sentences", "exact", "shorter than the sentence")


def trained(train: Path, run: Path, max_length: int, steps: int, seed: int) -> SentenceAutoencoder:
    """Train a run, or load the one that is there."""
    if not run.exists():
        text = CorpusConfig(max_length=max_length)
        SentenceAutoencoder.train(train, training=TrainingConfig(steps=steps, seed=seed), text=text, out=run)
    return SentenceAutoencoder.load(run)


def longest(model: SentenceAutoencoder, held: Path, seen: set[str], count: int) -> list[str]:
    """Return the first `count` unseen sentences of exactly the model's longest length."""
    sentences = [line for line in dict.fromkeys(lines(held)) if line not in seen]
    tokens = model.run.tokenizer.encode(sentences)
    return [line for line, ids in zip(sentences, tokens, strict=True) if len(ids) == model.max_length][:count]


def row(model: SentenceAutoencoder, sentences: list[str], width: int) -> list[str]:
    """Rebuild the sentences with a beam, and return the cells of its row."""
    rebuilt = model.reconstruct(sentences, beam=width)
    exact = sum(ours == line for ours, line in zip(rebuilt, sentences, strict=True))
    short = sum(len(ids) < model.max_length for ids in model.run.tokenizer.encode(rebuilt))
    name = "1 (greedy)" if width == 1 else str(width)
    return [
        name,
        f"{len(sentences):,}",
        f"{100 * exact / len(sentences):.1f} %",
        f"{100 * short / len(sentences):.1f} %",
    ]


def main() -> None:
    """Train, rebuild, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("held", type=Path)
    parser.add_argument("--max-length", type=int, default=10)
    parser.add_argument("--steps", type=int, default=3_000)
    parser.add_argument("--sentences", type=int, default=500)
    parser.add_argument("--widths", type=int, nargs="+", default=[1, 2, 5, 10])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", type=Path, help="folder of the model; by default it is deleted")
    args = parser.parse_args()
    with nullcontext(args.run.parent) if args.run else tempfile.TemporaryDirectory() as folder:
        run = args.run or Path(folder) / "run"
        model = trained(args.train, run, args.max_length, args.steps, args.seed)
        sentences = longest(model, args.held, set(lines(args.train)), args.sentences)
        if not sentences:
            raise SystemExit(f"{args.held}: no sentence that is new has {model.max_length} tokens")
        print(f"{textrae.__file__}: {len(sentences):,} new sentences of {model.max_length} tokens\n")
        print("| " + " | ".join(HEAD) + " |\n|---|" + "---:|" * (len(HEAD) - 1), flush=True)
        for width in args.widths:
            print("| " + " | ".join(row(model, sentences, width)) + " |", flush=True)


if __name__ == "__main__":
    main()
