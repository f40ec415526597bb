"""Blank sentences, which hold white space only: told apart, counted and left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from textrae.errors import CorpusError


def is_blank(sentence: str) -> bool:
    """Return whether a sentence holds nothing but white space, of any kind that Unicode has."""
    return not sentence or sentence.isspace()


def refuse_blank(sentences: Iterable[str]) -> None:
    """Raise :class:`CorpusError` if one of the sentences is blank, and say which."""
    for number, sentence in enumerate(sentences, start=1):
        if is_blank(sentence):
            raise CorpusError(f"sentence {number}: is blank, so there is nothing to read; give one with text")


class Filled:
    """The sentences of a stream that are not blank; iterate over it once.

    Args:
        sentences: any number.
    """

    def __init__(self, sentences: Iterable[str]) -> None:
        self._sentences = sentences
        self.rows: list[int] = []
        """Place in the stream of each sentence that was yielded, from 0."""
        self.seen = 0
        """Number of sentences taken from the stream."""

    @property
    def blank(self) -> int:
        """Number of blank sentences that were left out."""
        return self.seen - len(self.rows)

    def __iter__(self) -> Iterator[str]:
        """Yield each sentence that is not blank."""
        for sentence in self._sentences:
            self.seen += 1
            if not is_blank(sentence):
                self.rows.append(self.seen - 1)
                yield sentence

    def refuse_none(self) -> None:
        """Raise :class:`ValueError` if the whole stream held no sentence, or blank ones only."""
        if not self.rows:
            blank = f": all {self.blank:,} are blank" if self.blank > 1 else ": it is blank" * self.blank
            raise ValueError(f"no sentence to measure{blank}")


def filled_pairs(sentences: Sequence[str], others: Sequence[str]) -> tuple[list[str], list[str], int]:
    """Return both sides of the pairs of which neither side is blank, and the number of pairs left out.

    Args:
        sentences: one side.
        others: the other side, as many.
    """
    pairs = [
        (one, two)
        for one, two in zip(sentences, others, strict=True)
        if not is_blank(one) and not is_blank(two)
    ]
    return [one for one, _ in pairs], [two for _, two in pairs], len(sentences) - len(pairs)
