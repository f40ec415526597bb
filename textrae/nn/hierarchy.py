"""Several time scales: tokens → segments → text and back (HRAE).

A tree of segments is flat: counts (units,) say of how many units of the level below each unit is made.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from textrae.nn.encoder import Encoder, Reading
from textrae.nn.recurrence import Recurrence


class Planner(nn.Module):
    """A recurrence that lays out the parts of a unit: from the unit's vector a plan for each part.

    It is told what the part before has become, as in a hierarchical encoder-decoder (Sordoni et al. 2015).

    Args:
        cell: ``rnn``, ``lstm`` or ``gru``.
        parent: numbers of the unit's vector.
        told: numbers that it is told at every step.
        hidden: numbers of a plan.
    """

    def __init__(self, cell: str, parent: int, told: int, hidden: int) -> None:
        super().__init__()
        self.recurrence = Recurrence(cell, told, hidden, constant=parent)
        self.initial = nn.Linear(parent, self.recurrence.state_size)

    def begin(self, parents: Tensor) -> tuple[Tensor, Tensor]:
        """State before the first part, and what conditions every part: (units, parent) → (units, …) twice."""
        return torch.tanh(self.initial(parents)), self.recurrence.condition(parents)

    def forward(self, told: Tensor, state: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """What it is told of the parts, (steps, units, told), → plans (steps, units, hidden) and the state."""
        return self.recurrence.forward(told, state, condition)


class Places(nn.Module):
    """The encoding's numbers in so many places, to which a text's parts go in turn: part i to place i mod `count`.

    Piecewise pooling (Zeng et al. 2015) with pieces that need no end to be known: the mean over the parts of a place,
    projected by one matrix for all. The planner finds part i's own numbers at step i instead of having to learn to
    count them out of the whole.

    Args:
        count: places.
        features: numbers of a part's features.
        latent: numbers of the encoding, a multiple of `count`.
    """

    def __init__(self, count: int, features: int, latent: int) -> None:
        super().__init__()
        self.count = count
        self.project = nn.Linear(features, latent // count, bias=False)

    def forward(self, parts: Tensor, counts: Tensor) -> Tensor:
        """(texts, parts, features) and (texts,) real parts of each → (texts, latent)."""
        step = torch.arange(parts.shape[1], device=parts.device)
        turn = step % self.count == torch.arange(self.count, device=parts.device).unsqueeze(1)
        mine = (turn & (step < counts.view(-1, 1, 1))).to(parts.dtype)  # (texts, count, parts)
        means: Tensor = self.project(mine / mine.sum(-1, keepdim=True).clamp_min(1.0) @ parts)
        return means.flatten(1)

    def of(self, vector: Tensor, first: int, steps: int) -> Tensor:
        """Each step's place: (texts, latent) → (steps, texts, latent / count) from step `first` on."""
        turns = torch.arange(first, first + steps, device=vector.device) % self.count
        return vector.view(len(vector), self.count, -1).transpose(0, 1)[turns]


class Hierarchy(nn.Module):
    """The levels above the finest segments: readers that fold features up, planners that unfold a vector.

    Args:
        cell: ``rnn``, ``lstm`` or ``gru``.
        features: numbers of a unit's features, the same at every level.
        hidden: units of a recurrence (of each way in a reader).
        levels: levels above the finest segments, the text's own counted.
        bidirectional: whether readers read both ways.
        pooling: of the readers.
        vector: numbers of a text's encoding.
        dropout: of the readers.
        places: of the encoding; 0 for none.
    """

    def __init__(
        self,
        cell: str,
        features: int,
        hidden: int,
        levels: int,
        bidirectional: bool,
        pooling: str,
        vector: int,
        dropout: float,
        places: int = 0,
    ) -> None:
        super().__init__()
        self.features = features
        self.places = Places(places, features, vector) if places else None
        self.readers = nn.ModuleList(
            Encoder(cell, features, hidden, 1, bidirectional, pooling, dropout) for _ in range(levels)
        )
        own = vector // places if places else 0
        self.planners = nn.ModuleList(Planner(cell, hidden, features, hidden) for _ in range(levels - 1))
        self.planners.append(Planner(cell, vector, features + own, hidden))
        self.shortcut = nn.Linear(features, hidden)

    def initialise_planners(self) -> None:
        """Begin anew with what unfolds."""
        for level in range(len(self.planners)):
            planner = self.planner(level)
            planner.recurrence.initialise()
            planner.initial.reset_parameters()
        self.shortcut.reset_parameters()

    def fold(self, units: Tensor, tree: Sequence[Tensor]) -> tuple[Reading, list[Tensor]]:
        """Read from the finest segments up.

        Args:
            units: (finest, features).
            tree: counts of each level above them.

        Returns:
            The top level's reading, one column a text, and each level's unit features, (units, features).
        """
        levels = [units]
        for level, counts in enumerate(tree):
            reader = self.reader(level)
            reading = reader.forward(grouped(levels[-1], counts), counts)
            if level < len(tree) - 1:
                levels.append(reader.pool(reading))
        return reading, levels

    def unfold(self, vector: Tensor, tree: Sequence[Tensor], levels: Sequence[Tensor]) -> Tensor:
        """Plans of the finest segments, given what stands before each part.

        Args:
            vector: (texts, vector).
            tree: counts of each level above the finest.
            levels: from :meth:`fold`.

        Returns:
            (finest, hidden).
        """
        for level in range(len(tree) - 1, -1, -1):
            parts = grouped(levels[level], tree[level])
            before = torch.cat([torch.zeros_like(parts[:1]), parts[:-1]])
            planner, told = self.planner(level), self.told(level, before, vector, 0)
            vector = ungrouped(planner.forward(told, *planner.begin(vector))[0], tree[level])
        return vector

    def rehearsed(self, plans: Tensor, segments: Tensor, tree: Sequence[Tensor], share: float) -> Tensor:
        """The plans, those of a random `share` of the texts made from the segments' own features.

        So the lowest level learns early to write a segment from a plan that holds it, and the planners what such a
        plan is: from the bottom up, as deep autoencoders were first trained (Hinton & Salakhutdinov 2006).

        Args:
            plans: (finest, hidden), from :meth:`unfold`.
            segments: (finest, features).
            tree: counts of each level above them.
            share: of the texts, 0 to 1.
        """
        chosen = torch.rand(len(tree[-1]), device=plans.device) < share
        own = torch.tanh(self.shortcut(segments)).to(plans.dtype)
        return torch.where(chosen[owners(tree)].unsqueeze(1), own, plans)

    def told(self, level: int, before: Tensor, vectors: Tensor, first: int) -> Tensor:
        """What a level's planner is told from step `first` on.

        Args:
            level: of the parts.
            before: (steps, units, features) of the parts before.
            vectors: (units, …) what the units are planned from.
            first: number of the first step.
        """
        if self.places is None or level < len(self.planners) - 1:
            return before
        own = self.places.of(vectors, first, len(before))
        return torch.cat([before, own.to(before.dtype)], dim=-1)

    def reader(self, level: int) -> Encoder:
        """Of the units of `level`, into one of the next."""
        reader = self.readers[level]
        assert isinstance(reader, Encoder)
        return reader

    def planner(self, level: int) -> Planner:
        """Of the units of `level`, from one of the next."""
        planner = self.planners[level]
        assert isinstance(planner, Planner)
        return planner


def grouped(units: Tensor, counts: Tensor) -> Tensor:
    """Units one after another → padded columns: (units, …) → (most, groups, …); padding repeats some unit."""
    steps = torch.arange(int(counts.max()), device=units.device).unsqueeze(1)
    rows = (counts.cumsum(0) - counts) + torch.minimum(steps, counts - 1)
    return units.index_select(0, rows.flatten()).view(*rows.shape, *units.shape[1:])


def ungrouped(columns: Tensor, counts: Tensor) -> Tensor:
    """The other way: (most, groups, …) → (units, …)."""
    real = torch.arange(len(columns), device=columns.device) < counts.unsqueeze(1)  # (groups, most)
    return columns.transpose(0, 1)[real]


def owners(tree: Sequence[Tensor]) -> Tensor:
    """Of which text each finest segment is: (finest,)."""
    found = torch.arange(len(tree[-1]), device=tree[-1].device)
    for counts in reversed(tree):
        found = found.repeat_interleave(counts)
    return found
