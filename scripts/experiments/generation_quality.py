"""Judge sentences that any tool wrote: forward and reverse perplexity by an LSTM language model.

    python scripts/experiments/generation_quality.py TRAIN VALID SAMPLES [SAMPLES…] --minutes 5
    python scripts/experiments/generation_quality.py TRAIN VALID SAMPLES --paths

Forward perplexity (fluency): a language model trained on TRAIN measures the samples. Reverse perplexity (coverage; Zhao et
al. 2018): a language model trained on the samples measures VALID. Each model is trained for --minutes. The first row has the
figures of real text: of VALID, and of as many TRAIN sentences as there are samples. Each SAMPLES file holds one sentence a
line. All files are tokenized by one tokenizer, trained on TRAIN; perplexities are per word, each sentence's end counted as
one (per character where spaces part no words).

MAUVE (Pillutla et al. 2021), with --mauve, compares the samples with as many sentences of VALID by the features of the judge; take
at least 5,000 of both. Its values can be compared only within one table. *Lengths* is the Wasserstein distance of the lengths
from those of TRAIN, in words. With --language-model MINUTES a row has the sentences of a language model that was trained for so
long: the anchor for models that write from a vector.

With --paths the files are interpolations, for which reverse perplexity makes no sense: only the forward one is measured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import torch

from textrae.devices import choose_bf16, keep_freed_memory
from textrae.evaluation.language_model import (
    LanguageModel,
    perplexity,
    text_features,
    train_language_model,
    write_sentences,
)
from textrae.evaluation.samples import sample_quality
from textrae.inference.sampling import Sampling
from textrae.settings.corpus import CorpusConfig
from textrae.text.corpus import prepare
from textrae.text.scripts import words_parted
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


def columns() -> list[str]:
    """Return the names of the columns."""
    names = [
        "text",
        "sentences",
        "forward ppl",
        "reverse ppl",
        "novel",
        "distinct-2",
        "distinct-2 of real",
    ]
    return [*names, "self-BLEU", "lengths", "MAUVE"]


class Judge:
    """Language models of one size that measure texts, beside real text.

    Args:
        args: of the command line.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.bf16 = args, choose_bf16("auto", torch.device("cpu"))
        self.train, self.valid = read(args.train), read(args.valid)
        self.tokenizer = tokenizer_of(args.train, args.vocabulary)
        self.words = words_parted(self.train[:1_000])
        self.model = self.learnt(self.train)

    def learnt(self, sentences: list[str], minutes: float | None = None, seed: int = 0) -> LanguageModel:
        """Train a language model on sentences."""
        minutes = minutes or self.args.minutes
        hidden = self.args.hidden
        return train_language_model(
            sentences, self.tokenizer, minutes=minutes, hidden=hidden, bf16=self.bf16, seed=seed
        )

    def written(self, count: int) -> list[str]:
        """Return sentences that a language model of another seed writes: what a model without a vector comes to."""
        model = self.learnt(self.train, self.args.language_model, seed=1)
        draws = Sampling(generator=torch.Generator().manual_seed(0))
        return [one for one in write_sentences(model, self.tokenizer, count, choose=draws) if one.strip()]

    def row(self, name: str, measured: list[str], learnt: list[str]) -> list[str]:
        """Return the cells of a text.

        Args:
            name: of the text.
            measured: sentences whose forward perplexity, diversity and lengths are measured.
            learnt: sentences that the model of the reverse perplexity learns.
        """
        reverse = "-"
        if not self.args.paths:
            model = self.learnt(learnt)
            reverse = f"{perplexity(model, self.valid, self.tokenizer, self.words):.1f}"
        quality = sample_quality(measured, self.train)
        return [
            name,
            f"{len(measured):,}",
            f"{perplexity(self.model, measured, self.tokenizer, self.words):.1f}",
            reverse,
            f"{quality.novel:.1%}",
            f"{quality.distinct_2:.3f}",
            f"{quality.real_distinct_2:.3f}",
            f"{quality.self_bleu:.1f}",
            f"{quality.length_distance:.2f}",
            self.mauve(learnt),
        ]

    def mauve(self, sentences: list[str]) -> str:
        """Return MAUVE of sentences and real ones, by the features of the judge; a dash where it is not asked for."""
        if not self.args.mauve or self.args.paths:
            return "-"
        from mauve import compute_mauve

        count = min(len(sentences), len(self.valid))
        sides = [text_features(self.model, some[:count], self.tokenizer) for some in (sentences, self.valid)]
        return f"{compute_mauve(p_features=sides[0], q_features=sides[1]).mauve:.3f}"


def main() -> None:
    """Measure all files and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("samples", type=Path, nargs="+")
    parser.add_argument("--minutes", type=float, default=5.0, help="for each language model that judges")
    parser.add_argument("--vocabulary", type=int, default=5_000)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--paths", action="store_true")
    parser.add_argument("--mauve", action="store_true", help="needs: pip install mauve-text")
    parser.add_argument(
        "--language-model",
        type=float,
        metavar="MINUTES",
        help="train one that writes sentences, a row of its own",
    )
    args = parser.parse_args()
    if args.mauve and find_spec("mauve") is None:
        parser.error("--mauve needs mauve-text; install it with: pip install mauve-text")
    keep_freed_memory()
    samples, judge = {path: read(path) for path in args.samples}, Judge(args)
    print("| " + " | ".join(columns()) + " |\n|" + "---|" * len(columns()), flush=True)
    count = max(map(len, samples.values()))
    texts = [("real", judge.valid, judge.train[:count])]
    if args.language_model:
        written = judge.written(count)
        texts.append(("language model", written, written))
    texts += [(path.name, written, written) for path, written in samples.items()]
    for name, measured, learnt in texts:
        print("| " + " | ".join(judge.row(name, measured, learnt)) + " |", flush=True)


if __name__ == "__main__":
    main()
