"""Sentences moved across a boundary of two kinds, each no farther than it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from textrae.inference.vectors import Vectors
from textrae.latent.boundary import Boundary, slots_that_oppose
from textrae.latent.draw import level_of
from textrae.settings.model import ModelConfig

MARGIN = 0.6
"""How far across the boundary what is written must lie, in deviations of a kind."""
_SLOTS = (2, 3, 5, 8)
"""Numbers of slots that are moved by themselves, those that say most against the target."""
_WHOLE = (0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
"""Strengths of moves of whole encodings."""
_PART = (1.0, 1.5, 2.0, 3.0, 4.0)
"""Strengths of moves of some slots."""
_LEVELS = (0.0, 0.3, 0.5)
"""Levels of noise that a decoder is told of, if it knows noise."""


MOST_WAYS = (len(_SLOTS) * len(_PART) + len(_WHOLE)) * len(_LEVELS)
"""Ways that a sentence is moved in, at most."""


def tried(config: ModelConfig, encodings: Vectors, boundary: Boundary) -> Iterator[Vectors]:
    """Yield encodings (n, dimensions) moved in several ways: by some slots or as a whole, by several strengths."""
    evidence = boundary.evidence(encodings)
    for count, strengths in _counts(config):
        step = boundary.step
        if count < config.slots:
            step = slots_that_oppose(evidence, config.meaning, config.slots, count) * step
        for strength in strengths:
            yield encodings + np.float32(strength) * step


def ways(config: ModelConfig, blur: float | None) -> int:
    """Return in how many ways a sentence is moved, with the level of noise that is given or several."""
    return len(levels(config, blur)) * sum(len(strengths) for _, strengths in _counts(config))


def _counts(config: ModelConfig) -> list[tuple[int, tuple[float, ...]]]:
    """Return how many slots are moved, the whole encoding last, and with what strengths."""
    return [*((some, _PART) for some in _SLOTS if some < config.slots), (config.slots, _WHOLE)]


def levels(config: ModelConfig, given: float | None) -> tuple[float, ...]:
    """Return the levels of noise that are tried: the one given, or several of a decoder that knows noise."""
    return _LEVELS if given is None and config.blur else (level_of(config, given, 0.0),)


def least_moved(
    originals: Sequence[Sequence[int]],
    candidates: Iterator[list[str]],
    read: Callable[[list[str]], Vectors],
    pieces: Callable[[list[str]], list[list[int]]],
    boundary: Boundary,
) -> Iterator[list[str]]:
    """Yield after each list of candidates the best ones so far; the last are those of all.

    Of a sentence's candidates that lie across the boundary when read again, the best is the one that keeps most of it.
    Where none does, it is the one that lies farthest.

    Args:
        originals: ids of the sentences' pieces.
        candidates: lists with a candidate for each sentence.
        read: encodes sentences.
        pieces: returns the ids of sentences' pieces.
        boundary: between the kinds.
    """
    best = [(False, -np.inf)] * len(originals)
    found = [""] * len(originals)
    for written in candidates:
        across = boundary.across(read(written))
        for row, ids in enumerate(pieces(written)):
            there = bool(across[row] > MARGIN)
            worth = (there, kept(originals[row], ids) if there else float(across[row]))
            if worth > best[row]:
                best[row], found[row] = worth, written[row]
        yield [*found]


def kept(original: Sequence[int], other: Sequence[int]) -> float:
    """Return how much two sentences share, 0 to 1: the F1 of their pieces and pairs of pieces."""
    first, second = (Counter([*ids, *pairwise(ids)]) for ids in (original, other))
    return 2 * (first & second).total() / max(1, first.total() + second.total())
