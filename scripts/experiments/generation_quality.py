"""Judge sentences that any tool wrote: forward and reverse perplexity by an LSTM language model.

    python scripts/experiments/generation_quality.py TRAIN VALID SAMPLES [SAMPLES…] --minutes 5
    python scripts/experiments/generation_quality.py TRAIN VALID SAMPLES --paths

Forward perplexity (fluency): a language model trained on TRAIN measures the samples. Reverse perplexity (coverage; Zhao et
al. 2018): a language model trained on the samples measures VALID. Each model is trained for --minutes. The first row has the
figures of real text: of VALID, and of as many TRAIN sentences as there are samples. Each SAMPLES file holds one sentence a
line. All files are tokenized by one tokenizer, trained on TRAIN; perplexities are per word, each sentence's end counted as
one.

With --paths the files are interpolations, for which reverse perplexity makes no sense: only the forward one is measured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import torch

from textrae.devices import choose_bf16, keep_freed_memory
from textrae.evaluation.language_model import perplexity, train_language_model
from textrae.evaluation.samples import sample_quality
from textrae.settings.corpus import CorpusConfig
from textrae.text.corpus import prepare
from textrae.text.tokenizer import Tokenizer


def read(path: Path) -> list[str]:
    """Return the lines of a file that are not blank, and report how many are."""
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    filled = [line for line in lines if line.strip()]
    if len(filled) < len(lines):
        print(
            f"{path}: {len(lines) - len(filled):,} of {len(lines):,} lines are blank and not judged",
            file=sys.stderr,
        )
    return filled


def tokenizer_of(train: Path, vocabulary: int) -> Tokenizer:
    """Train a tokenizer on a file."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = prepare(
            [str(train)], CorpusConfig(vocab_size=vocabulary), Path(folder), None, lambda line: None
        )
        corpus.close()
        return corpus.tokenizer


def main() -> None:
    """Measure all files and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("samples", type=Path, nargs="+")
    parser.add_argument("--minutes", type=float, default=5.0, help="for each language model")
    parser.add_argument("--vocabulary", type=int, default=5_000)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--paths", action="store_true")
    args = parser.parse_args()
    keep_freed_memory()
    bf16 = choose_bf16("auto", torch.device("cpu"))
    train, valid, tokenizer = read(args.train), read(args.valid), tokenizer_of(args.train, args.vocabulary)

    def model_of(sentences: list[str]):  # type: ignore[no-untyped-def]
        return train_language_model(sentences, tokenizer, minutes=args.minutes, hidden=args.hidden, bf16=bf16)

    judge = model_of(train)
    head = (
        "text",
        "sentences",
        "forward ppl",
        "reverse ppl",
        "novel",
        "distinct-2",
        "distinct-2 of real",
        "self-BLEU",
    )
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head), flush=True)
    samples = {path: read(path) for path in args.samples}
    rows = [("real", valid, train[: max(map(len, samples.values()))])]
    rows += [(path.name, written, written) for path, written in samples.items()]
    for name, measured, learnt in rows:
        reverse = "-" if args.paths else f"{perplexity(model_of(learnt), valid, tokenizer):.1f}"
        quality = sample_quality(measured, train)
        cells = (
            name,
            f"{len(measured):,}",
            f"{perplexity(judge, measured, tokenizer):.1f}",
            reverse,
            f"{quality.novel:.1%}",
            f"{quality.distinct_2:.3f}",
            f"{quality.real_distinct_2:.3f}",
            f"{quality.self_bleu:.1f}",
        )
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
