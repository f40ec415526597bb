"""Quality of sampled sentences: whether they are new, diverse and not empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textrae.text.blank import Filled
from textrae.text.scripts import words_parted

_REFERENCES = 200
"""Most samples that self-BLEU compares with one another."""


@dataclass(frozen=True)
class SampleQuality:
    """Figures over some sampled sentences."""

    sentences: int
    """Number of samples."""
    non_empty: float
    """Share of samples with any word."""
    distinct: float
    """Different samples, as a share of all."""
    novel: float | None
    """Share of samples not in the training text; None if that was not given."""
    distinct_1: float
    """Different words, as a share of all (Li et al. 2016)."""
    distinct_2: float
    """Different pairs of successive words, as a share of all."""
    real_distinct_2: float | None
    """`distinct_2` of as many sentences spread over the training text; None if that was not given."""
    self_bleu: float
    """Mean BLEU, 0 to 100, of a sample against the others (Zhu et al. 2018): lower is more diverse."""
    words: float
    """Mean number of words of a sample."""
    unit: str
    """What these figures count as words: ``words`` between white space, or ``characters`` where spaces part no words."""

    def describe(self) -> str:
        """Return the figures in one line."""
        novel = "" if self.novel is None else f"not in the training text {self.novel:.1%}, "
        real = "" if self.real_distinct_2 is None else f" (of the training text {self.real_distinct_2:.3f})"
        return (
            f"{self.sentences:,} samples: not empty {self.non_empty:.1%}, different {self.distinct:.1%}, {novel}"
            f"distinct-1 {self.distinct_1:.3f}, distinct-2 {self.distinct_2:.3f}{real}, "
            f"self-BLEU {self.self_bleu:.1f}, {self.words:.1f} {self.unit} each"
        )


def sample_quality(samples: Sequence[str], training: Sequence[str] | None = None) -> SampleQuality:
    """Measure samples.

    Args:
        samples: at least one.
        training: training sentences, to measure novelty and to compare diversity; blank ones are left out.
    """
    count = len(samples)
    spaced = words_parted(samples)
    rows = _units(samples, spaced)
    known = real = None
    if training is not None:
        training = list(Filled(training))
        known = set(training)
        some = [training[i * len(training) // count] for i in range(count)] if training else []
        real = distinct_n(_units(some, spaced), 2)
    return SampleQuality(
        sentences=count,
        non_empty=sum(bool(row) for row in rows) / count,
        distinct=len(set(samples)) / count,
        novel=None if known is None else sum(sample not in known for sample in samples) / count,
        distinct_1=distinct_n(rows, 1),
        distinct_2=distinct_n(rows, 2),
        real_distinct_2=real,
        self_bleu=self_bleu([" ".join(row) for row in rows]),
        words=sum(map(len, rows)) / count,
        unit="words" if spaced else "characters",
    )


def _units(sentences: Sequence[str], spaced: bool) -> list[list[str]]:
    """Split sentences into words, or into characters if `spaced` is not set."""
    return [
        sentence.split() if spaced else [c for c in sentence if not c.isspace()] for sentence in sentences
    ]


def distinct_n(rows: Iterable[Sequence[str]], n: int) -> float:
    """Return different n-grams as a share of all n-grams, 0 if there is none; it falls as the rows get more."""
    grams = Counter(tuple(row[i : i + n]) for row in rows for i in range(len(row) - n + 1))
    return len(grams) / max(1, grams.total())


def self_bleu(samples: Sequence[str]) -> float:
    """Return the mean sentence BLEU of up to 200 samples, each against the others of these; 0 for less than two."""
    import sacrebleu

    some = list(samples[:_REFERENCES])
    if len(some) < 2:
        return 0.0
    bleu = sacrebleu.BLEU(tokenize="none", effective_order=True)
    scores = [bleu.sentence_score(one, some[:i] + some[i + 1 :]).score for i, one in enumerate(some)]
    return float(sum(scores) / len(scores))
