"""Quality of sampled sentences: whether they are new, diverse and not empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

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
    length_distance: float | None
    """How far its lengths are from those of the training text, in words; None if that was not given.

    It is the Wasserstein distance of the two distributions: by how much a sentence would have to be longer or shorter, on
    average, for both to be alike.
    """
    unit: str
    """What these figures count as words: ``words`` between white space, or ``characters`` where spaces part no words."""

    def describe(self) -> str:
        """Return the figures in one line."""
        novel = "" if self.novel is None else f"not in the training text {self.novel:.1%}, "
        real = "" if self.real_distinct_2 is None else f" (of the training text {self.real_distinct_2:.3f})"
        apart = (
            ""
            if self.length_distance is None
            else f" (lengths {self.length_distance:.1f} from those of the training text)"
        )
        return (
            f"{self.sentences:,} samples: not empty {self.non_empty:.1%}, different {self.distinct:.1%}, {novel}"
            f"distinct-1 {self.distinct_1:.3f}, distinct-2 {self.distinct_2:.3f}{real}, "
            f"self-BLEU {self.self_bleu:.1f}, {self.words:.1f} {self.unit} each{apart}"
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
    known = real = apart = None
    if training is not None:
        training = list(Filled(training))
        known = set(training)
        some = [training[i * len(training) // count] for i in range(count)] if training else []
        real = distinct_n(_units(some, spaced), 2)
        apart = length_distance(rows, _units(training, spaced)) if training else None
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
        length_distance=apart,
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


def length_distance(rows: Sequence[Sequence[str]], others: Sequence[Sequence[str]]) -> float:
    """Return the Wasserstein distance of two distributions of lengths, in words; there is at least one row of each."""
    a, b = (np.sort([len(row) for row in some]) for some in (rows, others))
    places = np.arange(1_000) / 1_000 + 0.0005
    sides = [side[(places * len(side)).astype(int)] for side in (a, b)]
    return float(np.abs(sides[0] - sides[1]).mean())


def self_bleu(samples: Sequence[str]) -> float:
    """Return the mean sentence BLEU of up to 200 samples, each against the others of these; 0 for less than two."""
    import sacrebleu

    some = list(samples[:_REFERENCES])
    if len(some) < 2:
        return 0.0
    bleu = sacrebleu.BLEU(tokenize="none", effective_order=True)
    scores = [bleu.sentence_score(one, some[:i] + some[i + 1 :]).score for i, one in enumerate(some)]
    return float(sum(scores) / len(scores))
