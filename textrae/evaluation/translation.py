"""Translation quality: BLEU, chrF and TER, overall and by length, and whether one system beats another."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BUCKETS = (10, 20, 30, 50)
"""Upper bounds of the length buckets, in white-space words of the source; longer sentences make one more."""


@dataclass(frozen=True)
class Scores:
    """Scores of some sentences."""

    sentences: int
    """Number of sentences."""
    bleu: float
    """Corpus BLEU, 0 to 100."""
    chrf: float
    """Corpus chrF, 0 to 100."""
    ter: float
    """Translation edit rate in percent: lower is better; may exceed 100."""


@dataclass(frozen=True)
class TranslationReport:
    """Scores over all sentences and by length."""

    overall: Scores
    """Scores over all sentences."""
    by_length: dict[str, Scores]
    """Scores by range of white-space words of the source, for instance ``11-20``."""
    signatures: dict[str, str]
    """sacrebleu's statement of what makes each score reproducible."""

    def table(self) -> str:
        """Return the scores in aligned columns, one line a range of lengths."""
        lines = [f"{'words':>7}  {'sentences':>9}  {'BLEU':>6}  {'chrF':>6}  {'TER':>6}"]
        for name, s in [*self.by_length.items(), ("all", self.overall)]:
            lines.append(f"{name:>7}  {s.sentences:>9,}  {s.bleu:>6.2f}  {s.chrf:>6.2f}  {s.ter:>6.2f}")
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
    sources: Sequence[str], written: Sequence[str], references: Sequence[str], tokenize: str = "13a"
) -> TranslationReport:
    """Compare translations with references.

    Args:
        sources: sentences that were translated; their lengths make the buckets.
        written: translations, one for each source.
        references: references, one for each source.
        tokenize: sacrebleu's tokenizer for BLEU.
    """
    metrics = _metrics(tokenize)
    groups: dict[str, list[int]] = {}
    for row, source in sorted(enumerate(sources), key=lambda pair: len(pair[1].split())):
        groups.setdefault(_bucket(len(source.split())), []).append(row)

    def score(rows: Sequence[int]) -> Scores:
        some, right = [written[row] for row in rows], [[references[row] for row in rows]]
        values = {name: metric.corpus_score(some, right).score for name, metric in metrics.items()}
        return Scores(len(rows), **values)

    overall = score(range(len(written)))
    by_length = {name: score(rows) for name, rows in groups.items()}
    return TranslationReport(
        overall, by_length, {name: str(metric.get_signature()) for name, metric in metrics.items()}
    )


def refuse_unpaired(sentences: Sequence[str], references: Sequence[str]) -> None:
    """Raise :class:`ValueError` unless there are sentences and one reference for each."""
    if not sentences or len(sentences) != len(references):
        raise ValueError(
            f"{len(sentences)} sentences and {len(references)} references: there must be one for each"
        )


def compare(
    baseline: Sequence[str],
    other: Sequence[str],
    references: Sequence[str],
    tokenize: str = "13a",
    samples: int = 1_000,
    seed: int = 12_345,
) -> list[Comparison]:
    """Compare two systems by paired bootstrap resampling (Koehn 2004).

    Args:
        baseline: translations of the first system.
        other: translations of the second system.
        references: one for each sentence.
        tokenize: sacrebleu's tokenizer for BLEU.
        samples: number of resamples of the sentences.
        seed: of the resampling.

    Returns:
        A comparison for each measure.
    """
    from sacrebleu.significance import PairedTest

    before = os.environ.get("SACREBLEU_SEED")
    os.environ["SACREBLEU_SEED"] = str(seed)  # sacrebleu takes the seed in no other way
    try:
        metrics = {type(metric).__name__: metric for metric in _metrics(tokenize).values()}
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


def _metrics(tokenize: str) -> dict[str, Any]:
    import sacrebleu

    return {
        "bleu": sacrebleu.BLEU(tokenize=tokenize, force=True),
        "chrf": sacrebleu.CHRF(),
        "ter": sacrebleu.TER(),
    }


def _bucket(words: int) -> str:
    lower = 0
    for bound in BUCKETS:
        if words <= bound:
            return f"{lower}-{bound}"
        lower = bound + 1
    return f"{lower}+"
