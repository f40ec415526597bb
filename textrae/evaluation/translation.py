"""Translation quality: BLEU, chrF and TER, overall and by length, and whether one system beats another."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from textrae.evaluation.tokenization import tokenizer_for
from textrae.text.scripts import units, words_parted, writing

BUCKETS = (10, 20, 30, 50)
"""Upper bounds of the length buckets, in words of the source; longer sentences make one more."""


@dataclass(frozen=True)
class Scores:
    """Scores of some sentences."""

    sentences: int
    """Number of sentences."""
    bleu: float
    """Corpus BLEU, 0 to 100."""
    chrf: float
    """Corpus chrF, 0 to 100."""
    ter: float | None
    """Translation edit rate in percent: lower is better; may exceed 100. None where it knows no words of the script."""


@dataclass(frozen=True)
class TranslationReport:
    """Scores over all sentences and by length."""

    overall: Scores
    """Scores over all sentences."""
    by_length: dict[str, Scores]
    """Scores by range of words of the source, for instance ``11-20``."""
    signatures: dict[str, str]
    """sacrebleu's statement of what makes each score reproducible."""
    unit: str = "words"
    """What the lengths count: ``words`` between white space, or ``chars`` of a source whose words no space parts."""
    blank: int = 0
    """Number of pairs with a blank side, which were left out."""
    notes: list[str] = field(default_factory=list)
    """Caveats for a reader of the figures, such as pairs left out."""

    def table(self) -> str:
        """Return the scores in aligned columns, one line a range of lengths."""
        lines = [f"{self.unit:>7}  {'sentences':>9}  {'BLEU':>6}  {'chrF':>6}  {'TER':>6}"]
        for name, s in [*self.by_length.items(), ("all", self.overall)]:
            ter = "-" if s.ter is None else f"{s.ter:.2f}"
            lines.append(f"{name:>7}  {s.sentences:>9,}  {s.bleu:>6.2f}  {s.chrf:>6.2f}  {ter:>6}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Comparison:
    """One measure of two systems."""

    metric: str
    """Name of the measure."""
    baseline: float
    """Score of the first system."""
    other: float
    """Score of the second system."""
    p: float
    """Chance of as large a difference between resamples of one system (paired bootstrap; Koehn 2004); 1 without any."""


def translation_report(
    sources: Sequence[str], written: Sequence[str], references: Sequence[str], tokenize: str = "auto"
) -> TranslationReport:
    """Compare translations with references.

    TER takes each ideograph for a word in Chinese and Japanese, and is left out for Thai and the like.

    Args:
        sources: sentences that were translated; their lengths make the buckets.
        written: translations, one for each source.
        references: references, one for each source.
        tokenize: sacrebleu's tokenizer for BLEU; ``auto`` is ``13a``, or what fits the script of the references where
            spaces part no words.

    Raises:
        ConfigError: there is no such tokenizer, or it is not installed.
    """
    metrics, words = _metrics(references, tokenize), words_parted(sources)
    groups: dict[str, list[int]] = {}
    lengths = [units(source, words) for source in sources]
    for row, length in sorted(enumerate(lengths), key=lambda pair: pair[1]):
        groups.setdefault(_bucket(length), []).append(row)

    def score(rows: Sequence[int]) -> Scores:
        some, right = [written[row] for row in rows], [[references[row] for row in rows]]
        values = {name: metric.corpus_score(some, right).score for name, metric in metrics.items()}
        return Scores(len(rows), **{"ter": None, **values})

    overall = score(range(len(written)))
    by_length = {name: score(rows) for name, rows in groups.items()}
    signatures = {name: str(metric.get_signature()) for name, metric in metrics.items()}
    return TranslationReport(overall, by_length, signatures, "words" if words else "chars")


def refuse_unpaired(sentences: Sequence[str], others: Sequence[str], what: str = "references") -> None:
    """Raise :class:`ValueError` unless there are sentences and one of the others, named by `what`, for each."""
    if not len(sentences) or len(sentences) != len(others):
        raise ValueError(f"{len(sentences)} sentences and {len(others)} {what}: there must be one for each")


def compare(
    baseline: Sequence[str],
    other: Sequence[str],
    references: Sequence[str],
    tokenize: str = "auto",
    samples: int = 1_000,
    seed: int = 12_345,
) -> list[Comparison]:
    """Compare two systems by paired bootstrap resampling (Koehn 2004).

    Args:
        baseline: translations of the first system.
        other: translations of the second system.
        references: one for each sentence.
        tokenize: sacrebleu's tokenizer for BLEU, as for :func:`translation_report`.
        samples: number of resamples of the sentences.
        seed: of the resampling.

    Returns:
        A comparison for each measure.
    """
    from sacrebleu.significance import PairedTest

    before = os.environ.get("SACREBLEU_SEED")
    os.environ["SACREBLEU_SEED"] = str(seed)  # sacrebleu takes the seed in no other way
    try:
        metrics = {type(metric).__name__: metric for metric in _metrics(references, tokenize).values()}
        systems: list[tuple[str, Sequence[str]]] = [("baseline", baseline), ("other", other)]
        test = PairedTest(systems, metrics, [list(references)], test_type="bs", n_samples=samples)
        _, results = test()
    finally:
        if before is None:
            del os.environ["SACREBLEU_SEED"]
        else:
            os.environ["SACREBLEU_SEED"] = before
    del results["System"]
    rows: Any = results.items()
    return [
        Comparison(name, one.score, two.score, two.p_value if one.score != two.score else 1.0)
        for name, (one, two) in rows
    ]


def _metrics(references: Sequence[str], tokenize: str) -> dict[str, Any]:
    """Return sacrebleu's metrics by name, for the script of the references."""
    import sacrebleu

    bleu = sacrebleu.BLEU(tokenize=tokenizer_for(references, tokenize, "13a"), force=True)
    found, script = {"bleu": bleu, "chrf": sacrebleu.CHRF()}, writing(references)
    if script != "unspaced":
        parts = script != "spaced"
        found["ter"] = sacrebleu.TER(normalized=parts, asian_support=parts)
    return found


def _bucket(words: int) -> str:
    lower = 0
    for bound in BUCKETS:
        if words <= bound:
            return f"{lower}-{bound}"
        lower = bound + 1
    return f"{lower}+"
