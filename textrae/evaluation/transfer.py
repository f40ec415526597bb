"""How well sentences were moved from one kind to another: accuracy, closeness to the originals, fluency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textrae.evaluation.classifier import train_classifier
from textrae.evaluation.language_model import perplexity, train_language_model
from textrae.evaluation.tokenization import tokenizer_for
from textrae.latent.boundary import Least
from textrae.text.scripts import words_parted
from textrae.text.tokenizer import Tokenizer

_PASSES = 25
"""Most passes over the examples in the language model's training."""
_BATCH_TOKENS = 1_024
"""Tokens of a batch in the language model's training."""


@dataclass(frozen=True)
class Transfer:
    """Figures over some sentences, moved with one strength."""

    strength: float | Least
    """Factor of the step through the latent space, or ``least``."""
    accuracy: float
    """Share of moved sentences that the classifier takes for the kind wanted."""
    bleu: float
    """BLEU against the sentences before they were moved, 0 to 100."""
    perplexity: float
    """Perplexity by a language model of both kinds, per word, or per character where spaces part no words."""


@dataclass(frozen=True)
class Sweep:
    """Figures for several strengths."""

    classifier: float
    """Accuracy of the classifier on examples held out from it."""
    rows: list[Transfer]
    """Figures for each strength, in the order tried."""
    unit: str = "word"
    """What the perplexity is per: ``word``, or ``char`` where spaces part no words."""

    def table(self) -> str:
        """Return the figures in aligned columns, one line a strength."""
        head = f"{'strength':>8}  {'accuracy':>8}  {'BLEU':>6}  {f'ppl/{self.unit}':>10}"
        body = [
            f"{_shown(row.strength):>8}  {row.accuracy:>8.1%}  {row.bleu:>6.2f}  {row.perplexity:>10.2f}"
            for row in self.rows
        ]
        return "\n".join([head, *body])


def _shown(strength: float | Least) -> str:
    return strength if isinstance(strength, str) else f"{strength:g}"


def sweep(
    move: Callable[[float | Least], list[str]],
    sentences: Sequence[str],
    first: Sequence[str],
    second: Sequence[str],
    strengths: Sequence[float | Least],
    tokenizer: Tokenizer,
    steps: int = 1_000,
    seed: int = 0,
) -> Sweep:
    """Move sentences with several strengths and judge them.

    Args:
        move: returns the sentences moved with a strength.
        sentences: the sentences before they are moved.
        first: examples of the sentences' kind, for the judges.
        second: examples of the kind wanted, for the judges.
        strengths: strengths to try.
        tokenizer: splits the judges' sentences into pieces.
        steps: of the language model's training; fewer if these would be more than 25 passes over the examples.
        seed: of the judges.
    """
    import sacrebleu

    classifier, right = train_classifier(first, second, tokenizer, seed)
    examples = [*first, *second]
    tokens = sum(len(row) + 1 for row in tokenizer.encode(examples))
    steps = min(steps, max(1, _PASSES * tokens // _BATCH_TOKENS))
    judge = train_language_model(
        examples, tokenizer, steps=steps, hidden=256, dropout=0.2, seed=seed, batch_tokens=_BATCH_TOKENS
    )
    words = words_parted(sentences)
    bleu, rows = sacrebleu.BLEU(tokenize=tokenizer_for(sentences, "auto", "none"), force=True), []
    for strength in strengths:
        moved = move(strength)
        rows.append(
            Transfer(
                strength=strength,
                accuracy=classifier.share(moved),
                bleu=bleu.corpus_score(moved, [list(sentences)]).score,
                perplexity=perplexity(judge, moved, tokenizer, words),
            )
        )
    return Sweep(right, rows, "word" if words else "char")
