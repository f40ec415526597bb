"""Reconstruction quality: token accuracy, exact match, BLEU, chrF and perplexity, overall and by length."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from textrae.evaluation.tokenization import tokenizer_for
from textrae.text.scripts import words_parted

BUCKETS = (5, 10, 15, 20, 30, 50, 100, 200)
"""Upper bounds of the length buckets, in tokens; longer sentences make one more."""


@dataclass(frozen=True)
class Scored:
    """One sentence as the model read and rebuilt it."""

    text: str
    """The sentence as it was given."""
    rebuilt: str
    """The sentence decoded greedily from its encoding."""
    tokens: int
    """Number of target tokens, the end counted."""
    right: int
    """Target tokens predicted right when the tokens before are given (teacher forcing)."""
    nll: float | None
    """Negative log-likelihood of the target, in nats; None for a model without likelihoods (``mse``)."""
    read: str | None = None
    """The part of the text that was read, where it was truncated."""


@dataclass(frozen=True)
class Measures:
    """Figures over some sentences."""

    sentences: int
    """Number of sentences measured."""
    token_accuracy: float
    """Share of target tokens predicted right under teacher forcing."""
    exact: float
    """Share of sentences rebuilt character by character."""
    bleu: float
    """Corpus BLEU, 0 to 100."""
    chrf: float
    """Corpus chrF, 0 to 100."""
    perplexity_token: float | None
    """exp(nats / tokens), each sentence's end counted as one; None for a model without likelihoods."""
    perplexity_word: float | None
    """exp(nats / white-space words), each sentence's end counted as one; None too where spaces part no words."""
    perplexity_byte: float | None
    """exp(nats / UTF-8 bytes), each sentence's line end counted as one."""


@dataclass(frozen=True)
class ReconstructionReport:
    """Figures over all sentences and by length."""

    overall: Measures
    """Figures over all sentences."""
    by_length: dict[str, Measures]
    """Figures by range of tokens, for instance ``6-10``."""
    signatures: dict[str, str] = field(default_factory=dict)
    """sacrebleu's statement of what makes each score reproducible."""
    blank: int = 0
    """Number of blank sentences, which were left out."""
    notes: list[str] = field(default_factory=list)
    """Caveats for a reader of the figures, such as truncated sentences."""

    def table(self) -> str:
        """Return the figures as an aligned table, one line a range of lengths."""
        head = (
            "tokens",
            "sentences",
            "token acc",
            "exact",
            "BLEU",
            "chrF",
            "ppl/token",
            "ppl/word",
            "ppl/byte",
        )
        lines: list[tuple[str, ...]] = [head]
        for name, m in [*self.by_length.items(), ("all", self.overall)]:
            shares = (
                f"{100 * m.token_accuracy:.2f}%",
                f"{100 * m.exact:.2f}%",
                f"{m.bleu:.2f}",
                f"{m.chrf:.2f}",
            )
            measured = (m.perplexity_token, m.perplexity_word, m.perplexity_byte)
            perplexities = tuple("-" if value is None else f"{value:.4g}" for value in measured)
            lines.append((name, f"{m.sentences:,}", *shares, *perplexities))
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
        )


def reconstruction_report(scored: Iterable[Scored], tokenize: str = "auto") -> ReconstructionReport:
    """Summarise how well sentences were rebuilt.

    Args:
        scored: at least one sentence.
        tokenize: sacrebleu's tokenizer for BLEU: ``none`` splits at spaces; ``13a`` for raw text; ``zh``, ``char``.
            ``auto`` is ``none``, or what fits the script where spaces part no words.

    Raises:
        ConfigError: there is no such tokenizer, or it is not installed.
    """
    import sacrebleu

    rows = list(scored)
    buckets: dict[str, list[Scored]] = {bucket_name(bound): [] for bound in (*BUCKETS, math.inf)}
    for row in rows:
        buckets[bucket_name(row.tokens - 1)].append(row)
    texts = [row.text for row in rows]
    words = words_parted(texts)
    bleu = sacrebleu.BLEU(tokenize=tokenizer_for(texts, tokenize, "none"), force=True)
    chrf = sacrebleu.CHRF()
    overall = _measure(rows, bleu, chrf, words)
    by_length = {name: _measure(part, bleu, chrf, words) for name, part in buckets.items() if part}
    signatures = {"bleu": str(bleu.get_signature()), "chrf": str(chrf.get_signature())}
    return ReconstructionReport(overall, by_length, signatures)


def bucket_name(tokens: float) -> str:
    """Return the length bucket of a sentence of this many tokens, its end not counted."""
    lower = 0
    for bound in BUCKETS:
        if tokens <= bound:
            return f"{lower}-{bound}"
        lower = bound + 1
    return f"{lower}+"


def _measure(rows: Sequence[Scored], bleu: object, chrf: object, spaced: bool) -> Measures:
    rebuilt, references = [row.rebuilt for row in rows], [[row.text for row in rows]]
    known = [row.nll for row in rows if row.nll is not None]
    nats = math.fsum(known) if len(known) == len(rows) else None
    tokens = sum(row.tokens for row in rows)
    read = [row.text if row.read is None else row.read for row in rows]  # the nats are of this
    words = sum(len(text.split()) + 1 for text in read)
    size = sum(len(text.encode()) + 1 for text in read)
    return Measures(
        sentences=len(rows),
        token_accuracy=sum(row.right for row in rows) / tokens,
        exact=sum(row.text == row.rebuilt for row in rows) / len(rows),
        bleu=bleu.corpus_score(rebuilt, references).score,  # type: ignore[attr-defined]
        chrf=chrf.corpus_score(rebuilt, references).score,  # type: ignore[attr-defined]
        perplexity_token=_perplexity(nats, tokens),
        perplexity_word=_perplexity(nats, words) if spaced else None,
        perplexity_byte=_perplexity(nats, size),
    )


def _perplexity(nats: float | None, count: int) -> float | None:
    """Return the perplexity per unit; None without likelihoods."""
    if nats is None:
        return None
    return math.exp(min(700.0, nats / count))
