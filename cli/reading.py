"""Sentences from a file or from standard input, one for each line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textrae.inference.cuts import Cuts
from textrae.settings.corpus import CorpusConfig
from textrae.settings.files import build
from textrae.text.kept import Kept
from textrae.text.lines import ReadCounts, read_lines
from textrae.text.stats import read_from

from .failures import note

if TYPE_CHECKING:
    from textrae.model import SentenceAutoencoder


@dataclass
class Input:
    """A source of sentences, which counts what was truncated or replaced while it is read."""

    file: str
    config: CorpusConfig
    max_length: int
    counts: ReadCounts = field(default_factory=ReadCounts)
    cuts: Cuts = field(default_factory=Cuts)

    @classmethod
    def of(
        cls,
        file: str,
        corpus_format: str,
        column: str | None,
        errors: str,
        max_length: int,
        delimiter: str | None = None,
        keep: Sequence[str] = (),
    ) -> Input:
        """Make it from the options of a command."""
        values = {"format": corpus_format, "column": column, "errors": errors, "delimiter": delimiter}
        counts = ReadCounts(kept=Kept(keep) if keep else None)
        return cls(file, build(CorpusConfig, values), max_length, counts)

    def __iter__(self) -> Iterator[str]:
        """Yield every line (``-``: of standard input), blank ones too, so that rows stay aligned; tell how a table is read."""
        for batch in read_lines([self.file], self.config, self.counts, keep_blank=True):
            yield from batch
        if any(self.counts.tables):
            name = "standard input" if self.file == "-" else self.file
            unit, where = read_from([name], self.counts.tables)
            lacking = f" ({self.counts.missing:,} without a value)" if self.counts.missing else ""
            note(f"read {self.counts.lines:,} {unit} from {where}{lacking}")

    def told(self) -> dict[str, int]:
        """Return how many lines were blank, truncated, and not UTF-8."""
        counts = self.counts
        return {"blank": counts.blank, "truncated": self.cuts.cut, "undecodable": counts.undecodable}

    def say(self) -> None:
        """Print what was truncated or replaced."""
        _say_cuts(self.cuts, self.max_length)
        if self.counts.undecodable:
            note(f"{self.counts.undecodable:,} lines held bytes that are not UTF-8, now U+FFFD")


def say_cuts(model: SentenceAutoencoder) -> None:
    """Print how many of the sentences that the model read were truncated."""
    _say_cuts(model.cuts, model.max_length)


def _say_cuts(cuts: Cuts, longest: int) -> None:
    if cuts.cut:
        note(f"{cuts.cut:,} of {cuts.sentences:,} sentences were truncated at {longest} tokens")
    for line in cuts.unknown():
        note(line)
