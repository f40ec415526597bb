"""Several time scales: tokens → segments → text and back (HRAE).

A tree of segments is flat: for each level, counts (units,) of the units of the level below that make up each unit.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from textrae.nn.clock import Windows, positions
from textrae.nn.encoder import Encoder, Reading
from textrae.nn.recurrence import Recurrence


class Planner(nn.Module):
    """A recurrence over the parts of a unit: from the unit's vector, a plan for each part.

    Its input at every step is the part before, as in a hierarchical encoder-decoder (Sordoni et al. 2015).

    Args:
        cell: a name in :data:`textrae.nn.cells.CELLS`.
        parent: dimensions of the unit's vector.
        told: dimensions of the input of a step.
        hidden: dimensions of a plan.
    """

    def __init__(self, cell: str, parent: int, told: int, hidden: int) -> None:
        super().__init__()
        self.recurrence = Recurrence(cell, told, hidden, constant=parent)
        self.initial = nn.Linear(parent, self.recurrence.state_size)

    def begin(self, parents: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the state before the first part and what conditions every part: (units, parent) → (units, …) twice."""
        return torch.tanh(self.initial(parents)), self.recurrence.condition(parents)

    def forward(self, told: Tensor, state: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Plan some parts: inputs (steps, units, told) → plans (steps, units, hidden) and the state after them."""
        return self.recurrence.forward(told, state, condition)


class Places(nn.Module):
    """The encoding's dimensions divided into places, each of which holds some of a text's parts.

    Each place holds the mean over its parts, projected by one matrix for all places: piecewise pooling (Zeng et al.
    2015) for texts whose number of parts is unknown. A step of the planner gets the place of its part, and need not
    learn to find it in the whole encoding. With a clock, places stand for successive shares of the text: place k has a
    window on the parts around (k + ½) / N, and so has a step on the places. Without one, part i goes to place i mod N.

    Args:
        count: number of places, N.
        features: dimensions of a part's features.
        latent: dimensions of the encoding, a multiple of `count`.
        clock: whether places stand for successive shares.
    """

    def __init__(self, count: int, features: int, latent: int, clock: bool) -> None:
        super().__init__()
        self.count = count
        self.project = nn.Linear(features, latent // count, bias=False)
        self.filled = Windows(count, count) if clock else None
        self.shown = Windows(count, 2 * count) if clock else None

    def forward(self, parts: Tensor, counts: Tensor) -> Tensor:
        """Pool parts (texts, parts, features), of which (texts,) `counts` are real → (texts, latent)."""
        step = torch.arange(parts.shape[1], device=parts.device)
        there = step < counts.view(-1, 1, 1)
        if self.filled is None:
            turn = step % self.count == torch.arange(self.count, device=parts.device).unsqueeze(1)
            mine = (turn & there).to(parts.dtype)  # (texts, count, parts)
            shares = mine / mine.sum(-1, keepdim=True).clamp_min(1.0)
        else:
            scores = self.filled.forward(positions(counts, len(step))).transpose(1, 2)
            shares = scores.masked_fill(~there, float("-inf")).softmax(-1).to(parts.dtype)
        means: Tensor = self.project(shares @ parts)
        return means.flatten(1)

    def of(self, vector: Tensor, first: int, steps: int, lengths: Tensor | None = None) -> Tensor:
        """Return what each step from `first` on is shown: encodings (texts, latent) → (steps, texts, latent / count).

        Args:
            vector: (texts, latent).
            first: index of the first step.
            steps: number of steps.
            lengths: (texts,) expected numbers of parts, for places with a clock.
        """
        places = vector.view(len(vector), self.count, -1)
        if self.shown is None:
            return places.transpose(0, 1)[
                torch.arange(first, first + steps, device=vector.device) % self.count
            ]
        assert lengths is not None
        weights = self.shown.forward(positions(lengths, steps, first)).softmax(-1)
        return (weights.to(places.dtype) @ places).transpose(0, 1)


class Hierarchy(nn.Module):
    """The levels above the finest segments: readers that fold features up, planners that unfold a vector.

    Args:
        cell: a name in :data:`textrae.nn.cells.CELLS`.
        features: dimensions of a unit's features, the same at every level.
        hidden: hidden units of a recurrence (of each way in a reader).
        levels: number of levels above the finest segments, including that of texts.
        bidirectional: whether readers read both ways.
        pooling: pooling of the readers, ``max``, ``mean`` or ``last``.
        vector: dimensions of a text's encoding.
        dropout: share of features zeroed in training in the readers.
        places: number of places of the encoding, see :class:`Places`; 0 for none.
        clock: whether places stand for successive shares of the text.
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
        clock: bool = False,
    ) -> None:
        super().__init__()
        self.features = features
        self.places = Places(places, features, vector, clock) if places else None
        self.readers = nn.ModuleList(
            Encoder(cell, features, hidden, 1, bidirectional, pooling, dropout) for _ in range(levels)
        )
        own = vector // places if places else 0
        self.planners = nn.ModuleList(Planner(cell, hidden, features, hidden) for _ in range(levels - 1))
        self.planners.append(Planner(cell, vector, features + own, hidden))
        self.shortcut = nn.Linear(features, hidden)

    def initialise_planners(self) -> None:
        """Initialise the planners and the shortcut again."""
        for level in range(len(self.planners)):
            planner = self.planner(level)
            planner.recurrence.initialise()
            planner.initial.reset_parameters()
        self.shortcut.reset_parameters()

    def fold(self, units: Tensor, tree: Sequence[Tensor]) -> tuple[Reading, list[Tensor]]:
        """Read from the finest segments up.

        Args:
            units: (finest, features).
            tree: counts of each level above the finest.

        Returns:
            The top level's reading, one column per text, and each level's unit features, (units, features).
        """
        levels = [units]
        for level, counts in enumerate(tree):
            reader = self.reader(level)
            reading = reader.forward(grouped(levels[-1], counts), counts)
            if level < len(tree) - 1:
                levels.append(reader.pool(reading))
        return reading, levels

    def unfold(
        self,
        vector: Tensor,
        tree: Sequence[Tensor],
        levels: Sequence[Tensor],
        lengths: Tensor | None = None,
    ) -> Tensor:
        """Plan the finest segments with teacher forcing: each part is planned from the real part before it.

        Args:
            vector: (texts, vector).
            tree: counts of each level above the finest.
            levels: from :meth:`fold`.
            lengths: (texts,) expected numbers of parts, for places with a clock.

        Returns:
            Plans (finest, hidden).
        """
        for level in range(len(tree) - 1, -1, -1):
            parts = grouped(levels[level], tree[level])
            before = torch.cat([torch.zeros_like(parts[:1]), parts[:-1]])
            planner, told = self.planner(level), self.told(level, before, vector, 0, lengths)
            vector = ungrouped(planner.forward(told, *planner.begin(vector))[0], tree[level])
        return vector

    def rehearsed(self, plans: Tensor, segments: Tensor, tree: Sequence[Tensor], share: float) -> Tensor:
        """Replace the plans of a random share of the texts by plans made from the segments' own features.

        So the lowest level learns early to decode a segment from a plan that holds it, and planners learn what such a
        plan is. Deep autoencoders were first trained like this, from the bottom up (Hinton & Salakhutdinov 2006).

        Args:
            plans: (finest, hidden), from :meth:`unfold`.
            segments: (finest, features).
            tree: counts of each level above the finest.
            share: share of the texts, 0 to 1.

        Returns:
            Plans (finest, hidden).
        """
        chosen = torch.rand(len(tree[-1]), device=plans.device) < share
        own = torch.tanh(self.shortcut(segments)).to(plans.dtype)
        return torch.where(chosen[owners(tree)].unsqueeze(1), own, plans)

    def told(
        self, level: int, before: Tensor, vectors: Tensor, first: int, lengths: Tensor | None = None
    ) -> Tensor:
        """Return the input of a level's planner from step `first` on.

        Args:
            level: level of the parts.
            before: (steps, units, features), features of the part before each step.
            vectors: (units, …), vectors from which the units are planned.
            first: index of the first step.
            lengths: (units,) expected numbers of parts, for places with a clock.

        Returns:
            (steps, units, told): the features, at the top level with each part's place of the encoding.
        """
        if self.places is None or level < len(self.planners) - 1:
            return before
        own = self.places.of(vectors, first, len(before), lengths)
        return torch.cat([before, own.to(before.dtype)], dim=-1)

    def reader(self, level: int) -> Encoder:
        """Return the encoder that reads units of `level` into units of the next level."""
        reader = self.readers[level]
        assert isinstance(reader, Encoder)
        return reader

    def planner(self, level: int) -> Planner:
        """Return the planner that plans units of `level` from a unit of the next level."""
        planner = self.planners[level]
        assert isinstance(planner, Planner)
        return planner


def grouped(units: Tensor, counts: Tensor) -> Tensor:
    """Group consecutive units in padded columns: (units, …) → (longest, groups, …); padding repeats a group's last unit."""
    steps = torch.arange(int(counts.max()), device=units.device).unsqueeze(1)
    rows = (counts.cumsum(0) - counts) + torch.minimum(steps, counts - 1)
    return units.index_select(0, rows.flatten()).view(*rows.shape, *units.shape[1:])


def ungrouped(columns: Tensor, counts: Tensor) -> Tensor:
    """Undo :func:`grouped`: columns (longest, groups, …) → units (units, …)."""
    real = torch.arange(len(columns), device=columns.device) < counts.unsqueeze(1)  # (groups, longest)
    return columns.transpose(0, 1)[real]


def owners(tree: Sequence[Tensor]) -> Tensor:
    """Return the index of the text to which each finest segment belongs: (finest,)."""
    found = torch.arange(len(tree[-1]), device=tree[-1].device)
    for counts in reversed(tree):
        found = found.repeat_interleave(counts)
    return found
