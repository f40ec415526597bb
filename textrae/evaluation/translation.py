"""Translation quality: BLEU, chrF and TER, in all and by length, and whether one system is better than another."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BUCKETS = (10, 20, 30, 50)
"""Upper bounds, in white-space words of the source, of the length buckets; what is longer makes one more."""


@dataclass(frozen=True)
class Scores:
    """Of some sentences, each measure from 0 to 100."""

    sentences: int
    bleu: float
    chrf: float
    ter: float
    """Translation edit rate: the lower, the better; may exceed 100."""


@dataclass(frozen=True)
class TranslationReport:
    """Figures in all and by length."""

    overall: Scores
    by_length: dict[str, Scores]
    """By white-space words of the source."""
    signatures: dict[str, str]
    """What makes the scores reproducible, as sacrebleu states it."""

    def table(self) -> str:
        """Aligned columns."""
        lines = [f"{'words':>7}  {'sentences':>9}  {'BLEU':>6}  {'chrF':>6}  {'TER':>6}"]
        for name, s in [*self.by_length.items(), ("all", self.overall)]:
            lines.append(f"{name:>7}  {s.sentences:>9,}  {s.bleu:>6.2f}  {s.chrf:>6.2f}  {s.ter:>6.2f}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Comparison:
    """One measure of two systems."""

    metric: str
    baseline: float
    other: float
    p: float
    """Chance of a difference as large between resamples of one and the same system (paired bootstrap; Koehn 2004); 1 where
    there is no difference."""


def translation_report(
    sources: Sequence[str], written: Sequence[str], references: Sequence[str], tokenize: str = "13a"
) -> TranslationReport:
    """Compare translations with references.

    Args:
        sources: what was translated, for the buckets.
        written: the translations.
        references: one for each.
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


def compare(
    baseline: Sequence[str],
    other: Sequence[str],
    references: Sequence[str],
    tokenize: str = "13a",
    samples: int = 1_000,
    seed: int = 12_345,
) -> list[Comparison]:
    """Paired bootstrap resampling between two systems, for each measure.

    Args:
        baseline: the first system's translations.
        other: the second's.
        references: one for each sentence.
        samples: resamples of the sentences.
        seed: of the resampling.
    """
    from sacrebleu.significance import PairedTest

    before = os.environ.get("SACREBLEU_SEED")
    os.environ["SACREBLEU_SEED"] = str(seed)  # the only way to tell it
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
