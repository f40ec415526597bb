"""Probes: what of a sentence's surface an encoding tells, asked of any sentences (after Conneau et al. 2018).

Each is a task of labelled sentences: the length in bins, which of some words is in it, and whether two words are swapped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from textrae.evaluation.suite.tasks import Task, make_task
from textrae.evaluation.suite.words import joined, terms, tokens
from textrae.text.scripts import words_parted

MOST: Final = 4_000
"""Distinct sentences of a file that are drawn for its probes, at most."""
BINS: Final = 6
"""Bins of lengths, about equally full, at most."""
WORDS: Final = 20
"""Words of which a sentence holds exactly one, at most."""
_A_WORD: Final = 100
"""Sentences of each word at most."""
_COMMON: Final = 0.05
"""Share of the sentences from which on a word is too common to be asked for."""
_LEAST: Final = 10
"""Sentences of each label at least."""
_SHORTEST: Final = 4
"""Words of a sentence of which two are swapped, at least: the first and the last stay."""


def probes(name: str, sentences: Sequence[str], seed: int) -> tuple[list[Task], list[str]]:
    """Return the probes that can be made from sentences, and what is to be said of them.

    Args:
        name: of the file; that of a probe is ``name:length``, ``name:word`` or ``name:order``.
        sentences: any that are not blank; of equal ones one counts.
        seed: of the sentences that are drawn and the words that are swapped.

    Returns:
        Tasks of the kind ``probing``, and notes: how many sentences were drawn, and which probe they are too few for.
    """
    distinct, notes = list(dict.fromkeys(sentences)), list[str]()
    generator = np.random.default_rng(seed)
    parted = words_parted(distinct)
    drawn = distinct
    if len(distinct) > MOST:
        drawn = [
            distinct[row] for row in np.sort(generator.choice(len(distinct), MOST, replace=False)).tolist()
        ]
        notes.append(f"{MOST:,} of {len(distinct):,} distinct sentences were drawn for its probes")
    made = {
        "length": _by_length(drawn, parted),
        "word": _by_word(drawn, parted),
        "order": _by_order(drawn, parted, generator),
    }
    tasks = []
    for what, labelled in made.items():
        counts = Counter(labelled.values())
        if len(counts) < 2 or min(counts.values()) < _LEAST:
            notes.append(f"no probe of {what}: its sentences are too few or too much alike")
            continue
        tasks.append(make_task("probing", f"{name}:{what}", [list(labelled)], list(labelled.values())))
    return tasks, notes


def _by_length(sentences: Sequence[str], parted: bool) -> dict[str, str]:
    """Label sentences with the bin of their number of words: bins are bounded by quantiles, and equal lengths share one."""
    lengths = np.array([len(tokens(sentence, parted)) for sentence in sentences])
    edges = np.unique(np.quantile(lengths, np.arange(1, BINS) / BINS, method="lower"))
    bins = np.searchsorted(
        edges, lengths, side="left"
    )  # a bin has what is longer than its edge, up to the next
    return {sentence: f"bin {number}" for sentence, number in zip(sentences, bins.tolist(), strict=True)}


def _by_word(sentences: Sequence[str], parted: bool) -> dict[str, str]:
    """Label sentences with the one word that they hold of the most frequent ones that are not common."""
    held = [set(terms(sentence, parted)) for sentence in sentences]
    counts = Counter(word for words in held for word in words)
    rare = [(-count, word) for word, count in counts.items() if _LEAST <= count <= _COMMON * len(sentences)]
    chosen = {word for _, word in sorted(rare)[:WORDS]}
    found: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for sentence, words in zip(sentences, held, strict=True):
        inside = words & chosen
        if len(inside) == 1 and taken[word := inside.pop()] < _A_WORD:
            found[sentence] = word
            taken[word] += 1
    return {sentence: word for sentence, word in found.items() if taken[word] >= _LEAST}


def _by_order(sentences: Sequence[str], parted: bool, generator: np.random.Generator) -> dict[str, str]:
    """Swap two neighbouring words of every second sentence, and label all with whether that was done.

    The first and the last word stay, whose capital or full stop would tell. Sentences without two different neighbours
    between them are left out.
    """
    found: dict[str, str] = {}
    swap = False
    for sentence in sentences:
        parts = tokens(sentence, parted)
        places = [at for at in range(1, len(parts) - 2) if parts[at] != parts[at + 1]]
        if len(parts) < _SHORTEST or not places:
            continue
        at = places[int(generator.integers(len(places)))]
        if swap:
            parts[at], parts[at + 1] = parts[at + 1], parts[at]
        found.setdefault(joined(parts, parted), "swapped" if swap else "kept")
        swap = not swap
    return found
