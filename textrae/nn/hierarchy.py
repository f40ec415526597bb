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
        features: numbers of a part's features.
        hidden: numbers of a plan.
    """

    def __init__(self, cell: str, parent: int, features: int, hidden: int) -> None:
        super().__init__()
        self.recurrence = Recurrence(cell, features, hidden, constant=parent)
        self.initial = nn.Linear(parent, self.recurrence.state_size)

    def begin(self, parents: Tensor) -> tuple[Tensor, Tensor]:
        """State before the first part, and what conditions every part: (units, parent) → (units, …) twice."""
        return torch.tanh(self.initial(parents)), self.recurrence.condition(parents)

    def forward(self, parts: Tensor, state: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Features of the parts before, (steps, units, features), → plans (steps, units, hidden) and the state."""
        return self.recurrence.forward(parts, state, condition)


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
    ) -> None:
        super().__init__()
        self.features = features
        self.readers = nn.ModuleList(
            Encoder(cell, features, hidden, 1, bidirectional, pooling, dropout) for _ in range(levels)
        )
        self.planners = nn.ModuleList(
            Planner(cell, vector if level == levels - 1 else hidden, features, hidden)
            for level in range(levels)
        )

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
            plans, _ = self.planner(level).forward(before, *self.planner(level).begin(vector))
            vector = ungrouped(plans, tree[level])
        return vector

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
