"""How well sentences were moved from one kind to another: accuracy, closeness, fluency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textrae.evaluation.classifier import train_classifier
from textrae.evaluation.language_model import perplexity, train_language_model
from textrae.text.tokenizer import Tokenizer

_PASSES = 25
"""Over the examples at most, in the language model's training."""
_BATCH_TOKENS = 1_024


@dataclass(frozen=True)
class Transfer:
    """Of some sentences, moved with one strength."""

    strength: float
    accuracy: float
    """Share that the classifier takes for the kind wanted."""
    bleu: float
    """Against the sentences as they were, 0 to 100."""
    perplexity: float
    """A word, by a language model of both kinds."""


@dataclass(frozen=True)
class Sweep:
    """Of several strengths."""

    classifier: float
    """The classifier's accuracy on examples held out from it."""
    rows: list[Transfer]

    def table(self) -> str:
        """Aligned columns."""
        head = f"{'strength':>8}  {'accuracy':>8}  {'BLEU':>6}  {'perplexity':>10}"
        body = [
            f"{row.strength:>8g}  {row.accuracy:>8.1%}  {row.bleu:>6.2f}  {row.perplexity:>10.2f}"
            for row in self.rows
        ]
        return "\n".join([head, *body])


def sweep(
    move: Callable[[float], list[str]],
    sentences: Sequence[str],
    first: Sequence[str],
    second: Sequence[str],
    strengths: Sequence[float],
    tokenizer: Tokenizer,
    steps: int = 1_000,
    seed: int = 0,
) -> Sweep:
    """Move sentences with several strengths and judge them.

    Args:
        move: the sentences as a strength moves them.
        sentences: as they were.
        first: examples of their kind, for the judges.
        second: examples of the kind wanted.
        strengths: to try.
        tokenizer: of the judges.
        steps: of the language model's training, at most: few examples are gone through 25 times.
    """
    import sacrebleu

    classifier, right = train_classifier(first, second, tokenizer, seed)
    examples = [*first, *second]
    tokens = sum(len(row) + 1 for row in tokenizer.encode(examples))
    steps = min(steps, max(1, _PASSES * tokens // _BATCH_TOKENS))
    judge = train_language_model(
        examples, tokenizer, steps=steps, hidden=256, dropout=0.2, seed=seed, batch_tokens=_BATCH_TOKENS
    )
    bleu, rows = sacrebleu.BLEU(tokenize="none", force=True), []
    for strength in strengths:
        moved = move(strength)
        rows.append(
            Transfer(
                strength,
                classifier.share(moved),
                bleu.corpus_score(moved, [list(sentences)]).score,
                perplexity(judge, moved, tokenizer),
            )
        )
    return Sweep(right, rows)
