"""What a corpus turned out to hold, in numbers and in lines for its owner."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CorpusStats:
    """The figures of a prepared corpus."""

    sources: tuple[str, ...]
    """Where the sentences came from, as messages name it."""
    lines: int
    """Lines or rows read, blank ones included."""
    blank: int
    """Blank lines, which are left out."""
    distinct: int
    """Different sentences."""
    cut: int
    """Sentences of more than `max_length` tokens, of which only the beginning is used."""
    max_length: int
    """Tokens a sentence may have."""
    long: int
    """Lines over 1 MiB, of which only the beginning was read."""
    undecodable: int
    """Lines with bytes that are not UTF-8, read as U+FFFD."""
    words: int
    """Words (between white space) of the sentences, before any is cut at `max_length`."""
    bytes: int
    """UTF-8 bytes of the sentences, before any is cut at `max_length`."""
    vocabulary: int
    """Pieces of the tokenizer."""
    train_rows: int
    """Sentences to train on."""
    train_tokens: int
    """Their tokens, without begin and end."""
    valid_rows: int
    """Sentences to validate on."""
    valid_tokens: int
    """Their tokens."""
    repeats: int
    """Repeats of held-out sentences, which are left out so that nothing leaks."""
    valid_source: str | None
    """The validation file, where there is one."""
    overlap: int
    """Different sentences of the validation file that are in the training text too."""
    valid_blank: int = 0
    """Its blank lines, which are left out."""
    valid_cut: int = 0
    """Its sentences that were cut at `max_length`."""
    valid_undecodable: int = 0
    """Its lines with bytes that are not UTF-8."""
    target_tokens: int | None = None
    """Of parallel text: tokens of the target side to train on. `lines` are pairs then, `blank` those with a blank side."""
    vectors: bool = False
    """Whether what the sentences belong to are vectors, whose "tokens" are none."""

    def describe(self, validating: int | None = None) -> list[str]:
        """One line about what was read, and one about the split.

        Args:
            validating: sentences that a validation measures on at most, from the first; None for all.
        """
        count = self.train_tokens + (0 if self.valid_source else self.valid_tokens)
        tokens = _short((self.target_tokens or 0) if self.vectors else count)
        names = ", ".join(self.sources[:3]) + (" …" if len(self.sources) > 3 else "")
        pairs = self.target_tokens is not None and not self.vectors
        blank = "with a blank side dropped" if pairs else "blank dropped"
        dropped = [f"{self.blank:,} {blank}", f"{self.cut:,} cut at {self.max_length:,} tokens"]
        if self.long:
            dropped.append(f"{self.long:,} over 1 MiB cut there")
        dropped.append(f"{self.undecodable:,} undecodable")
        what = "pairs" if pairs else "lines and their vectors" if self.vectors else "lines"
        read = f"read {self.lines:,} {what} ({self.distinct:,} distinct, {tokens} tokens) from {names}"
        split = f"{self.train_rows:,} {'pairs' if pairs else 'sentences'} to train on, {self.valid_rows:,} to validate on"
        if self.valid_source is None:
            split += f"; {self.repeats:,} repeats of these left out" if self.repeats else ""
        else:
            split += f" from {self.valid_source}"
            split += f"; {self.overlap:,} of these are in the training text too" if self.overlap else ""
            split += f"; {self.valid_blank:,} blank dropped" if self.valid_blank else ""
            split += f"; {self.valid_cut:,} cut at {self.max_length:,} tokens" if self.valid_cut else ""
            split += f"; {self.valid_undecodable:,} undecodable" if self.valid_undecodable else ""
            if validating is not None and validating < self.valid_rows:
                split += f"; a validation measures on the first {validating:,} (--valid-size)"
        return [f"{read}; {', '.join(dropped)}", split]


def _short(count: int) -> str:
    for unit, name in ((10**9, " G"), (10**6, " M"), (10**3, " k")):
        if count >= unit:
            return f"{count / unit:.1f}{name}"
    return str(count)
