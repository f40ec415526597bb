"""Tasks that vectors are measured on, as typed values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["similarity", "labels", "retrieval", "clusters", "probing"]
"""Kinds of tasks, which are the names of a suite's folders."""
Places = NDArray[np.int64]
"""Places of sentences in a list of distinct ones."""


@dataclass(frozen=True)
class Task:
    """Sentences with what is known of them."""

    kind: Kind
    """How it is measured."""
    name: str
    """Name of its file without the ending; of a probe with what it asks for, as in ``news:length``."""
    sentences: list[str]
    """Distinct sentences in the order in which they first stand in the file."""
    columns: tuple[Places, ...]
    """Places of each line's sentences: two arrays (lines,) of pairs, or one of labelled sentences."""
    gold: NDArray[Any]
    """Each line's score or number of its label, (lines,); of retrieval none, (0,)."""
    labels: tuple[str, ...] = ()
    """Names of the labels, sorted, by their numbers."""


@dataclass(frozen=True)
class Suite:
    """All tasks of a folder."""

    tasks: list[Task]
    """Tasks by their kinds in the order of :data:`Kind`, and by the names of their files."""
    files: list[Path] = field(default_factory=list)
    """Files that were read."""
    notes: list[str] = field(default_factory=list)
    """What was left out or replaced, a line each."""

    @cached_property
    def sentences(self) -> list[str]:
        """Distinct sentences of all tasks, in the order in which they first stand in them."""
        return list(dict.fromkeys(sentence for task in self.tasks for sentence in task.sentences))

    @cached_property
    def places(self) -> dict[str, int]:
        """Place of each sentence in :attr:`sentences`."""
        return {sentence: place for place, sentence in enumerate(self.sentences)}


def make_task(
    kind: Kind, name: str, columns: Sequence[Sequence[str]], gold: Sequence[float] | Sequence[str] = ()
) -> Task:
    """Return a task of sentences.

    Args:
        kind: how it is measured.
        name: of the task.
        columns: for each column of sentences those of all lines.
        gold: each line's score, or its label as a string.
    """
    sentences = list(dict.fromkeys(sentence for line in zip(*columns, strict=True) for sentence in line))
    places = {sentence: place for place, sentence in enumerate(sentences)}
    found = tuple(np.array([places[one] for one in column], dtype=np.int64) for column in columns)
    labels = _labels(gold)
    numbers = {label: number for number, label in enumerate(labels)}
    values = np.array([numbers[one] for one in gold] if labels else gold)  # type: ignore[index]
    return Task(kind, name, sentences, found, values, labels)


def _labels(gold: Iterable[float | str]) -> tuple[str, ...]:
    return tuple(sorted({one for one in gold if isinstance(one, str)}))
