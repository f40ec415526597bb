"""The training sentence that is closest to each sample: whether a model invents or remembers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from textrae.latent.path import edit_distance
from textrae.text.scripts import words_parted

_COMPARED = 20
"""Sentences of the text, those that share most units with a sample, whose edit distance is counted."""


@dataclass(frozen=True)
class Closest:
    """The sentence of a text that is closest to another one."""

    text: str
    """The sentence; empty where the text has none with a word in common."""
    edits: int
    """Words to insert, delete or substitute (characters where spaces part no words); 0 for the sentence itself."""
    of: int
    """Words of the sample."""


def closest(samples: Sequence[str], training: Iterable[str]) -> list[Closest]:
    """Find the sentence of a text that is closest to each sample, by edit distance in words.

    The distance is counted for the twenty sentences that share the largest part of their words with the sample
    (the Sørensen-Dice coefficient of both), so that a closer one with fewer words in common may be missed.

    Args:
        samples: any number; each takes a pass over the words of the text.
        training: sentences; blank ones are left out.
    """
    spaced = words_parted(samples)
    lines = [line for line in dict.fromkeys(training) if line.strip()]
    own = [_units(sample, spaced) for sample in samples]
    numbers: dict[str, int] = {}
    for row in own:
        for unit in row:
            numbers.setdefault(unit, len(numbers) + 1)
    rows = [_units(line, spaced) for line in lines]
    flat = np.fromiter((numbers.get(unit, 0) for row in rows for unit in row), dtype=np.int32)
    lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    starts = np.cumsum(lengths) - lengths
    found = []
    for row in own:
        shared = np.zeros(len(lines))
        if row and len(lines):
            holds = np.zeros(len(numbers) + 1, dtype=np.int32)
            holds[[numbers[unit] for unit in row]] = 1
            shared = 2 * np.add.reduceat(holds[flat], starts) / (lengths + len(row))
        places = np.argsort(-shared, kind="stable")[:_COMPARED]
        tried = [(edit_distance(row, rows[place]), place) for place in places if shared[place] > 0]
        edits, place = min(tried, default=(len(row), -1))
        found.append(Closest("" if place < 0 else lines[place], edits, len(row)))
    return found


def _units(text: str, spaced: bool) -> list[str]:
    """Split a sentence into words, or into characters if `spaced` is not set."""
    return text.split() if spaced else [one for one in text if not one.isspace()]
