"""What teaches the part of an encoding that means: objectives that are minimised beside reconstruction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from textrae.text.batch import WINDOW, Batch, Rows, Specials, collate
from textrae.text.from_vectors import VectorTable
from textrae.text.rows import line_numbers

NESTED = (32, 64, 128, 256, 512, 1_024, 2_048)
"""First numbers of the part that are each to mean as much as they can (Matryoshka representations; Kusupati et al. 2022)."""
TEMPERATURE = 0.05
"""What cosines are divided by before a softmax tells a sentence from others (Gao et al. 2021)."""
DROPPED = 0.3
"""Share of the tokens that a spoilt copy of a sentence lacks."""
_SAMPLE = 20_000
"""Vectors of a teacher that its axes are found from."""

Read = Callable[[Tensor, Tensor], Tensor]
"""Function from ids (time, batch) and lengths (batch,) to what the sentences mean, (batch, meaning)."""


def prefixes(size: int) -> list[int]:
    """Return how many of the first numbers of a part of `size` numbers objectives look at: nested, and all of it."""
    return [*(count for count in NESTED if count < size), size]


class Objective(Protocol):
    """What a part for meaning is to learn."""

    def cost(self, meaning: Tensor, batch: Batch, read: Read) -> Tensor:
        """Return the cost of a batch, mean over its sentences: ().

        Args:
            meaning: what the sentences mean, (batch, meaning), with its gradient.
            batch: the sentences as they were read, with their vectors if a teacher has made some.
            read: reads other sentences, such as spoilt copies.
        """


class Teacher:
    """Vectors that another encoder made of the same sentences, to be imitated.

    The teacher's vectors are turned to their principal axes, so that their first numbers tell most. The cost is 1 − cos of
    a sentence's first numbers and its teacher's (Reimers & Gurevych 2020), and the squared difference of the cosines of
    all pairs of a batch from the teacher's own (Tung & Mori 2019). It is the mean over the nested prefixes.

    Args:
        table: the teacher's vectors.
        size: numbers of the part for meaning, at most as many as a vector of the teacher has.
    """

    def __init__(self, table: VectorTable, size: int) -> None:
        rows = np.linspace(0, len(table) - 1, min(_SAMPLE, len(table))).astype(np.int64)
        sample = F.normalize(torch.from_numpy(table.rows(rows)), dim=-1)
        axes = torch.linalg.eigh(sample.t() @ sample).eigenvectors
        self.axes, self.size = axes.flip(1)[:, :size], size

    def cost(self, meaning: Tensor, batch: Batch, read: Read) -> Tensor:
        """Return the cost of a batch; 0 where its sentences have no vectors of the teacher."""
        if batch.vectors is None:
            return meaning.new_zeros(())
        given = F.normalize(batch.vectors.float(), dim=-1)
        wanted, alike = given @ self.axes.to(given.device), given @ given.t()
        costs = []
        for count in prefixes(self.size):
            part = F.normalize(meaning[:, :count], dim=-1)
            direction = 1 - (part * F.normalize(wanted[:, :count], dim=-1)).sum(-1)
            costs.append(direction.mean() + (part @ part.t() - alike).square().mean())
        return torch.stack(costs).mean()


class Views:
    """Two spoilt copies of a sentence are told from those of the others of a batch.

    Each copy lacks some of the tokens. The cost is InfoNCE: the cross-entropy of a softmax over the cosines with all
    copies of the other kind (Gao et al. 2021; Giorgi et al. 2021). It is the mean over the nested prefixes.

    Args:
        spoil: returns spoilt ids and lengths, with other noise in each call.
    """

    def __init__(self, spoil: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> None:
        self.spoil = spoil

    def cost(self, meaning: Tensor, batch: Batch, read: Read) -> Tensor:
        """Return the cost of a batch."""
        one, other = (read(*self.spoil(batch.source, batch.lengths)) for _ in range(2))
        return contrast(one, other)


class Lines:
    """The lines to train on, found by their numbers in the corpus.

    Args:
        numbers: numbers of the lines, ascending, as halves of 16 bits.
        text: these lines.
        specials: ids of the special tokens.
    """

    def __init__(self, numbers: Rows, text: Rows, specials: Specials) -> None:
        blocks = (
            numbers.gather(np.arange(start, min(start + WINDOW, len(numbers))))[0]
            for start in range(0, len(numbers), WINDOW)
        )
        self.numbers = np.concatenate([line_numbers(block) for block in blocks])
        self.text, self.specials = text, specials

    def contrast(self, meaning: Tensor, wanted: NDArray[np.int64], read: Read) -> Tensor:
        """Return the InfoNCE of sentences and the lines that belong to them.

        Args:
            meaning: what the sentences mean, (batch, meaning).
            wanted: numbers of the lines that belong to them, (batch,); a line that is not among those to train on,
                because it is blank or was held out, leaves its sentence out.
            read: reads these lines.

        Returns:
            The cost, (); 0 where fewer than two sentences have such a line.
        """
        places = np.searchsorted(self.numbers, wanted).clip(max=len(self.numbers) - 1)
        rows = np.flatnonzero(self.numbers[places] == wanted)
        if len(rows) < 2:
            return meaning.new_zeros(())
        ids, offsets = self.text.gather(places[rows])
        others = collate(ids, np.diff(offsets), self.specials).to(meaning.device)
        return contrast(
            meaning[torch.from_numpy(rows).to(meaning.device)], read(others.source, others.lengths)
        )


class Context:
    """The next line is told from the next lines of the other sentences of a batch.

    The cost is InfoNCE, as for :class:`Views`. Logeswaran & Lee 2018 have an encoder of its own for the neighbour; here one
    encoder reads both. A line that ends a document, or whose next line was held out, has no part in it.

    Args:
        lines: the lines to train on.
        ends: number of lines up to the end of each file of the corpus, where a document ends too.
    """

    def __init__(self, lines: Lines, ends: Sequence[int]) -> None:
        self.lines, self.ends = lines, np.array(ends, dtype=np.int64)

    def cost(self, meaning: Tensor, batch: Batch, read: Read) -> Tensor:
        """Return the cost of a batch; 0 where fewer than two of its lines have a next one."""
        if batch.numbers is None:
            return meaning.new_zeros(())
        following = batch.numbers + 1
        return self.lines.contrast(meaning, np.where(np.isin(following, self.ends), -1, following), read)


class Aligned:
    """A line's translation, in another file of the corpus, is told from those of the other sentences of a batch.

    The cost is InfoNCE, as for :class:`Views` (Wieting et al. 2019; Feng et al. 2022). Which of the other files the
    translation is taken from is drawn each time.

    Args:
        lines: the lines to train on.
        ends: number of lines up to the end of each file of the corpus; all files have equally many.
    """

    def __init__(self, lines: Lines, ends: Sequence[int]) -> None:
        self.lines, self.files, self.each = lines, len(ends), ends[0]

    def cost(self, meaning: Tensor, batch: Batch, read: Read) -> Tensor:
        """Return the cost of a batch; 0 where fewer than two of its lines have a translation."""
        if batch.numbers is None:
            return meaning.new_zeros(())
        further = torch.randint(1, self.files, (len(batch.numbers),)).numpy()
        return self.lines.contrast(
            meaning, (batch.numbers + further * self.each) % (self.files * self.each), read
        )


class Translations:
    """A sentence's translation is told from those of the other sentences of a batch.

    The cost is InfoNCE, as for :class:`Views` (Wieting et al. 2019; Feng et al. 2022). The same encoder reads both.

    Args:
        specials: ids of the special tokens.
    """

    def __init__(self, specials: Specials) -> None:
        self.specials = specials

    def cost(self, meaning: Tensor, batch: Batch, read: Read) -> Tensor:
        """Return the cost of a batch of pairs."""
        return contrast(meaning, read(batch.target, (batch.target != self.specials.pad).sum(0)))


def count_tokens(text: Rows, vocab_size: int) -> Tensor:
    """Count how often each token occurs in a text: (vocabulary,)."""
    counts = np.zeros(vocab_size, dtype=np.int64)
    for start in range(0, len(text), WINDOW):
        ids, _ = text.gather(np.arange(start, min(start + WINDOW, len(text))))
        counts += np.bincount(ids, minlength=vocab_size)[:vocab_size]
    return torch.from_numpy(counts)


def contrast(one: Tensor, other: Tensor) -> Tensor:
    """Return the InfoNCE of two readings whose rows belong together, (batch, meaning) each; mean of both directions."""
    labels, costs = torch.arange(len(one), device=one.device), []
    for count in prefixes(one.shape[1]):
        a, b = (F.normalize(side[:, :count], dim=-1) for side in (one, other))
        scores = a @ b.t() / TEMPERATURE
        costs.append(0.5 * (F.cross_entropy(scores, labels) + F.cross_entropy(scores.t(), labels)))
    return torch.stack(costs).mean()
