"""Counts of a prepared corpus, and the lines that report them to the user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from textrae.text.lengths import MOST, PER_MILLE


@dataclass(frozen=True)
class CorpusStats:
    """Counts of a prepared corpus."""

    sources: tuple[str, ...]
    """Names of the files or data sets."""
    lines: int
    """Number of lines, rows or pairs read, blank ones included."""
    blank: int
    """Number of blank lines, or of pairs with a blank side, which are left out."""
    distinct: int
    """Number of distinct sentences (of parallel text: of the source)."""
    cut: int
    """Number of sentences or pairs truncated at `max_length` tokens."""
    max_length: int
    """Tokens of a sentence at most."""
    long: int
    """Number of lines over 1 MiB, of which only the beginning was read."""
    undecodable: int
    """Number of lines with bytes that are not UTF-8, read as U+FFFD."""
    words: int
    """Number of words (between white space) of the sentences, before any is truncated."""
    bytes: int
    """Number of UTF-8 bytes of the sentences, before any is truncated."""
    vocabulary: int
    """Number of pieces of the tokenizer."""
    train_rows: int
    """Number of sentences to train on."""
    train_tokens: int
    """Number of tokens to train on, without begin and end."""
    valid_rows: int
    """Number of sentences to validate on."""
    valid_tokens: int
    """Number of tokens to validate on, without begin and end."""
    repeats: int
    """Number of repeats of held-out sentences, which are left out so that nothing leaks."""
    valid_source: str | None
    """Name of the validation file; None if sentences are held out."""
    overlap: int
    """Number of distinct sentences of the validation file that are in the training text too."""
    valid_blank: int = 0
    """Number of blank lines of the validation file, which are left out."""
    valid_cut: int = 0
    """Number of sentences of the validation file truncated at `max_length` tokens."""
    valid_undecodable: int = 0
    """Number of lines of the validation file with bytes that are not UTF-8."""
    target_tokens: int | None = None
    """Number of target tokens to train on; None for plain text. With it, `lines` are pairs."""
    missing: int = 0
    """Number of rows of tables without a value in the column; they are blank."""
    tables: tuple[str, ...] = ()
    """What was read of each source, such as ``column "text" (delimiter ;)``; empty for lines of text."""
    valid_missing: int = 0
    """Number of rows of the validation file without a value in the column; they are blank."""
    valid_tables: tuple[str, ...] = ()
    """What was read of the validation file (of both its sides)."""
    vectors: bool = False
    """Whether each sentence has a vector, whose number the source side holds."""
    numbered: bool = False
    """Whether the source side holds numbers of lines, which are not counted as tokens."""

    @classmethod
    def of_json(cls, values: dict[str, Any]) -> Self:
        """Make it from what JSON gives back, where tuples are lists.

        Raises:
            TypeError: there are other names.
        """
        known: dict[str, Any] = {
            name: tuple(one) if isinstance(one, list) else one for name, one in values.items()
        }
        return cls(**known)

    ends: tuple[int, ...] = ()
    """Number of lines read up to the end of each source; empty in older caches and for pairs."""

    @property
    def translates(self) -> bool:
        """Whether what is written is another text than what is read, or than the vectors that are."""
        return self.target_tokens is not None and not self.by_number

    @property
    def by_number(self) -> bool:
        """Whether the text is the target side; older caches with vectors do not say so."""
        return self.numbered or self.vectors

    def describe(self, validating: int | None = None, *, auto: bool = False) -> list[str]:
        """Return one line about what was read, and one about the split.

        Args:
            validating: number of first sentences that a validation uses at most; None for all.
            auto: whether `max_length` was found in the corpus, which is then explained.
        """
        count = self.train_tokens + (0 if self.valid_source else self.valid_tokens)
        tokens = short((self.target_tokens or 0) if self.by_number else count)
        pairs = self.translates
        blank = "with a blank side dropped" if pairs else "blank dropped"
        unit, names = read_from(self.sources, self.tables, apart=pairs)
        what = "pairs" if pairs else f"{unit} and their vectors" if self.vectors else unit
        found = f" ({self._found(what.split()[0])})" if auto else ""
        dropped = [
            f"{self.blank:,} {blank}{_without(self.missing)}",
            f"{self.cut:,} truncated at {self.max_length:,} tokens{found}",
        ]
        if self.long:
            dropped.append(f"{self.long:,} over 1 MiB truncated there")
        dropped.append(f"{self.undecodable:,} undecodable")
        read = f"read {self.lines:,} {what} from {names} ({self.distinct:,} distinct, {tokens} tokens)"
        split = f"{self.train_rows:,} {'pairs' if pairs else 'sentences'} to train on, {self.valid_rows:,} to validate on"
        if self.valid_source is None:
            split += f"; {self.repeats:,} repeats of these left out" if self.repeats else ""
        else:
            split += f" from {read_from(self.valid_source.split(', '), self.valid_tables, apart=True)[1]}"
            split += f"; {self.overlap:,} of these are in the training text too" if self.overlap else ""
            split += (
                f"; {self.valid_blank:,} blank dropped{_without(self.valid_missing)}"
                if self.valid_blank
                else ""
            )
            split += f"; {self.valid_cut:,} truncated at {self.max_length:,} tokens" if self.valid_cut else ""
            split += f"; {self.valid_undecodable:,} undecodable" if self.valid_undecodable else ""
            if validating is not None and validating < self.valid_rows:
                split += f"; a validation measures on the first {validating:,} (`valid_size`)"
        return [f"{read}; {', '.join(dropped)}", split]

    def _found(self, what: str) -> str:
        """Return why `max_length` is what was found; `what` are the rows of the corpus."""
        rows = self.lines - self.blank
        if self.cut * 1000 <= rows * (1000 - PER_MILLE):
            return f"`max_length=auto`: {PER_MILLE / 10:g}% of the {what} need no more"
        return f"`max_length=auto` is {MOST} at most, and {self.cut / rows:.1%} of the {what} need more; give a number"


def read_from(names: Sequence[str], tables: Sequence[str], *, apart: bool = False) -> tuple[str, str]:
    """Return what was read, such as ``rows of column "text" (delimiter ;)``, and from where.

    Args:
        names: names of the sources.
        tables: what was read of each; none, or an empty one, for lines of text.
        apart: whether to tell for each source what was read of it, even if it is the same everywhere.
    """
    alike = len(set(tables)) == 1 and not apart
    told = [""] * len(names) if alike or len(tables) != len(names) else tables
    parts = [f"{name} [{what}]" if what else name for name, what in zip(names, told, strict=True)]
    where = ", ".join(parts[:3]) + (" …" if len(parts) > 3 else "")
    if not any(tables):
        return "lines", where
    return (f"rows of {tables[0]}" if alike else "rows"), where


def _without(missing: int) -> str:
    return f" ({missing:,} of them without a value)" if missing else ""


def short(count: float) -> str:
    """Return a count as it is told: 206.3 k."""
    for unit, name in ((10**9, " G"), (10**6, " M"), (10**3, " k")):
        if count >= unit:
            return f"{count / unit:.1f}{name}"
    return f"{count:.0f}"
