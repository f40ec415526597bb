"""Words of sentences: what TF-IDF counts, and what a probe swaps."""

from __future__ import annotations

import re
from itertools import pairwise

_WORD = re.compile(r"\w+")


def terms(sentence: str, parted: bool) -> list[str]:
    """Return the lower-cased words of a sentence; where spaces part none, its characters and pairs of them.

    Args:
        sentence: one that is not blank.
        parted: whether spaces part the words of the text (:func:`textrae.text.scripts.words_parted`).

    Returns:
        At least one: of a sentence without letters and digits, what stands between its spaces.
    """
    found = _WORD.findall(sentence.lower()) or sentence.split()
    if parted:
        return found
    return [*"".join(found), *(a + b for word in found for a, b in pairwise(word))]


def tokens(sentence: str, parted: bool) -> list[str]:
    """Return what stands between the spaces of a sentence; where spaces part no words, its characters."""
    return sentence.split() if parted else list("".join(sentence.split()))


def joined(parts: list[str], parted: bool) -> str:
    """Return the sentence of some :func:`tokens`."""
    return (" " if parted else "").join(parts)
