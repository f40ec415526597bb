"""Counts of what was read, truncated, and not known to the tokenizer."""

from __future__ import annotations

from dataclasses import dataclass

from textrae.text.spelling import MUCH

SAMPLE = 100_000
"""Bytes after which no more of them are counted."""
_SOME = 10
"""Bytes without a piece below which nothing is said: a short sentence may have an accent."""


@dataclass
class Cuts:
    """Counts of the sentences that were read and truncated, and of the bytes that the tokenizer has no pieces for."""

    sentences: int = 0
    """Sentences read."""
    cut: int = 0
    """Sentences truncated to the model's longest."""
    bytes: int = 0
    """Bytes of the first sentences read, up to :data:`SAMPLE` and a window of sentences."""
    spelled: int = 0
    """Bytes of these that the tokenizer spells as themselves; most of them if it was trained on another script."""

    def unknown(self) -> list[str]:
        """Return a line for the user if the tokenizer hardly knows the text that was read, or none."""
        if self.spelled < max(_SOME, MUCH * self.bytes):
            return []
        share = f"{self.spelled / self.bytes:.0%} of this text is single bytes to the run's tokenizer"
        return [
            f"{share}, which was trained on other text; expect little of this run, or train one on such text"
        ]

    def add(self, other: Cuts) -> None:
        """Add the counts of another process."""
        self.sentences += other.sentences
        self.cut += other.cut
        self.bytes += other.bytes
        self.spelled += other.spelled
