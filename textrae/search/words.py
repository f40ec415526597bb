"""Words that stand in some groups of sentences much more often than in others."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from textrae.search.index import Index
from textrae.text.scripts import words_parted

_SENTENCES = 100_000
"""Sentences whose words are counted, taken evenly from all of them."""
_SCRIPT = 1_000
"""Sentences that tell the script."""
_PRIOR = 500.0
"""Words of the whole text that each group is taken to have beside its own, so that a rare word says little."""
_WORD = re.compile(r"\w+(?:['’\-]\w+)*")
_LONGEST = 40
"""Characters of a word at most; a longer one is an address or the like."""


def typical_words(index: Index, own: NDArray[np.int64], count: int, wanted: int) -> list[list[str]]:
    """Return the words that tell each group from the others, by log-odds with a prior (Monroe et al. 2008).

    A word counts once in a sentence. Where spaces part no words, pairs of characters stand for them.

    Args:
        index: of the sentences.
        own: (sentences,), number of the group of each.
        count: number of groups.
        wanted: words of each; fewer where no more stand in it more often than elsewhere.
    """
    if not wanted:
        return [[] for _ in range(count)]
    numbers = np.unique(np.linspace(0, len(index) - 1, min(len(index), _SENTENCES)).astype(np.int64))
    first = [index.text(number) for number in numbers[:: max(1, len(numbers) // _SCRIPT)].tolist()]
    cut = _words if words_parted(first) else _pairs
    groups = [Counter[str]() for _ in range(count)]
    for number in numbers.tolist():
        groups[own[number]].update(set(cut(index.text(number))))
    total = Counter[str]()
    for group in groups:
        total.update(group)
    return [_telling(group, total, wanted) for group in groups]


def _telling(group: Counter[str], total: Counter[str], wanted: int) -> list[str]:
    """Return the words of a group whose log-odds are the most standard deviations above those of the rest."""
    inside, every = group.total(), total.total()
    share = _PRIOR / max(1, every)

    def deviations(word: str) -> float:
        prior = total[word] * share
        mine, others = group[word] + prior, total[word] - group[word] + prior
        mine_not = inside + _PRIOR - mine
        others_not = every - inside + _PRIOR - others
        odds = math.log(mine / mine_not) - math.log(others / others_not)
        return odds / math.sqrt(1 / mine + 1 / others)

    scored = sorted(((deviations(word), word) for word in group), key=lambda one: (-one[0], one[1]))
    return [word for score, word in scored[:wanted] if score > 0]


def _words(text: str) -> Iterator[str]:
    return (word for word in _WORD.findall(text.casefold()) if len(word) <= _LONGEST)


def _pairs(text: str) -> Iterator[str]:
    return (a + b for part in re.findall(r"\w+", text) for a, b in pairwise(part))
