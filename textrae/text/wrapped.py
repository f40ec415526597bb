"""Whether a text is hard-wrapped: its lines end where they are full, and not where sentences do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

SAMPLE: Final = 5_000
"""Number of lines that are looked at."""
_FEWEST: Final = 20
"""Number of lines below which nothing is said."""
_NARROW: Final = 30
"""Characters of the longest lines below which they are no lines of running text, but words of a list."""
_BROKEN: Final = 0.3
"""Share of lines that the next one goes on with, from which on a text is taken for hard-wrapped."""
_FULL: Final = 0.8
"""Share of these that have no room for the next line's first word."""
_ENDS: Final = tuple(".!?…:;。！？؟।")
"""Signs that a sentence or a part of it may end with."""
_CLOSING: Final = "\"'”’»›)]}*_」』”"
"""Signs that may follow them."""


class Wrapped:
    """A look at the first lines of a text while they are read."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def watched(self, lines: Iterable[str]) -> Iterator[str]:
        """Yield the lines, and keep the first ones."""
        for line in lines:
            if len(self._lines) < SAMPLE:
                self._lines.append(line)
            yield line

    def broken(self) -> float:
        """Return the share of the first lines that were broken off, or 0 if the text does not seem to be hard-wrapped."""
        return broken(self._lines)


def broken(lines: Sequence[str]) -> float:
    """Return the share of lines that end within a sentence for want of room, or 0 if most sentences have a line.

    Such a line does not end as a sentence does, the next one begins with a small letter, and its first word would not
    have fitted. The last of these tells wrapped lines from text in small letters without punctuation.
    """
    kept = [line.strip() for line in lines if line.strip()]
    if len(kept) < _FEWEST:
        return 0.0
    going_on = [
        (line, after)
        for line, after in pairwise(kept)
        if after[0].islower() and not line.rstrip(_CLOSING).endswith(_ENDS)
    ]
    share = len(going_on) / len(kept)
    width = sorted(map(len, kept))[int(0.98 * len(kept))]
    if width < _NARROW:
        return 0.0
    full = sum(len(line) + 1 + len(after.split(maxsplit=1)[0]) > 0.95 * width for line, after in going_on)
    return share if share >= _BROKEN and full >= _FULL * len(going_on) else 0.0
