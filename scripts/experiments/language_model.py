"""Measure the perplexity of a recurrent language model, to compare a variational model's likelihood with.

    python scripts/experiments/language_model.py TRAIN VALID --minutes 15 --vocabulary 10000 --hidden 512 --dropout 0.4
        [--tokenizer RUN/tokenizer.model]

The perplexity is per white-space word, each sentence's end counted as one, whatever the pieces.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from generation_quality import read, tokenizer_of

from textrae.devices import choose_bf16, choose_device, keep_freed_memory
from textrae.evaluation.language_model import perplexity, train_language_model
from textrae.text.tokenizer import Tokenizer


def main() -> None:
    """Train, measure and print the perplexity."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--vocabulary", type=int, default=5_000)
    parser.add_argument(
        "--tokenizer", type=Path, help="a SentencePiece model instead of one trained on TRAIN"
    )
    parser.add_argument("--cell", default="gru")
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--embedding", type=int, default=256)
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--weight-dropout", type=float, default=0.0)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--weight-decay", type=float, default=0.6)
    parser.add_argument("--batch-tokens", type=int, default=1_024)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    args = parser.parse_args()
    device = choose_device(args.device)
    keep_freed_memory()
    given = args.tokenizer
    tokenizer = Tokenizer.load(given) if given else tokenizer_of(args.train, args.vocabulary)
    model = train_language_model(
        read(args.train),
        tokenizer,
        minutes=args.minutes,
        cell=args.cell,
        hidden=args.hidden,
        embedding=args.embedding,
        dropout=args.dropout,
        weight_dropout=args.weight_dropout,
        lr=args.lr,
        weight_decay=args.weight_decay,
        batch_tokens=args.batch_tokens,
        seed=args.seed,
        bf16=choose_bf16("auto", device),
        device=device,
    )
    print(f"{perplexity(model, read(args.valid), tokenizer):.2f}")


if __name__ == "__main__":
    main()
