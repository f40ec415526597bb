"""Latents → token ids."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from textrae.inference.sampling import Choose, likeliest
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.text.batch import Specials

_ROWS = 32
"""A batch has a multiple of so many rows: kernels are made and kept for each shape, of which there are few then."""

_NEVER = -1e9
"""Score of a token that is not to be written."""


@torch.no_grad()
def write(
    model: Autoencoder,
    latent: Latent,
    specials: Specials,
    max_length: int,
    choose: Choose = likeliest,
    table: Tensor | None = None,
) -> list[list[int]]:
    """Choose a token at every step, by default the most likely one, until the end token or `max_length` tokens.

    A hierarchical model's segments are written one after another, each planned from what those before it became.

    Args:
        latent: what to decode.
        choose: the next tokens; :class:`Sampling` draws them.
        table: from :meth:`Autoencoder.writing_table`.

    Returns:
        For each latent its token ids, the end token left out.
    """
    if model.hierarchy is not None:
        return _Outline(model, latent, specials, max_length, choose, table).write()
    return _until_end(_write(model, *model.begin(latent), specials, max_length, choose, table), specials.eos)


def _write(
    model: Autoencoder,
    state: Tensor,
    condition: Sequence[Tensor],
    specials: Specials,
    max_length: int,
    choose: Choose,
    table: Tensor | None,
) -> Tensor:
    """Step by step: (batch, steps) ids up to and with each row's end, then end tokens.

    Sentences that have ended leave the batch once they are half of it, so a long one does not hold up the rest.
    """
    weight = _text_scores(model, specials)
    rows = torch.arange(len(state), device=state.device)
    current = torch.full_like(rows, specials.first)
    written = torch.full((max_length, len(rows)), specials.eos, device=state.device)
    for step in range(max_length):
        features, state = model.decode(current.unsqueeze(0), state, condition, table)
        ended = _ends(model, current, specials)  # and goes on ending until it leaves
        chosen = choose(_scores(features, weight)).to(rows.device)
        current = chosen.masked_fill_(ended, specials.eos)
        written[step, rows] = current
        ended = _ends(model, current, specials)
        left = len(ended) - int(ended.sum())
        if left == 0:
            break
        kept = left + -left % _ROWS
        if kept <= len(ended) // 2:
            stay = ended.to(torch.uint8).argsort(stable=True)[:kept]
            rows, state, current = rows[stay], state[stay], current[stay]
            condition = [part[stay] for part in condition]
    return written[: step + 1].t()


def _ends(model: Autoencoder, ids: Tensor, specials: Specials) -> Tensor:
    """Which ids end a text or a segment."""
    return (ids == specials.eos) | ((ids >= model.first_end) & (ids < model.first_tag))


class _Outline:
    """Writes texts of a hierarchical model, all texts of the batch side by side."""

    def __init__(
        self,
        model: Autoencoder,
        latent: Latent,
        specials: Specials,
        max_length: int,
        choose: Choose,
        table: Tensor | None,
    ) -> None:
        assert model.hierarchy is not None
        self.choose, self.table = choose, table
        self.model, self.hierarchy, self.specials = model, model.hierarchy, specials
        self.max_length, self.vector, self.items = max_length, latent.vector, model.items(latent)

    def write(self) -> list[list[int]]:
        """The texts' token ids."""
        texts = torch.arange(len(self.vector), device=self.vector.device)
        ids, _, _ = self._units(len(self.hierarchy.planners), self.vector, texts)
        return [row[: self.max_length] for row in ids]

    def _units(
        self, level: int, vectors: Tensor, texts: Tensor
    ) -> tuple[list[list[int]], Tensor | None, Tensor]:
        """Write a unit of a level from each vector.

        Args:
            level: 0 for the finest segments.
            vectors: (units, …).
            texts: (units,) the text that each one belongs to.

        Returns:
            Token ids of each, their features (units, features; none of a whole text), and how many levels above the
            finest end with each.
        """
        if level == 0:
            return self._segments(vectors, texts)
        planner, reader = self.hierarchy.planner(level - 1), self.hierarchy.reader(level - 1)
        state, condition = planner.begin(vectors)
        ids: list[list[int]] = [[] for _ in vectors]
        parts: list[list[Tensor]] = [[] for _ in vectors]
        closed = torch.zeros(len(vectors), dtype=torch.long, device=vectors.device)
        alive = torch.arange(len(vectors), device=vectors.device)
        before = vectors.new_zeros(1, len(vectors), self.hierarchy.features)
        for step in range(self.max_length):
            told = self.hierarchy.told(level - 1, before, vectors, step)
            plans, state = planner.forward(told, state, condition)
            words, features, ends = self._units(level - 1, plans[0], texts[alive])
            assert features is not None
            for place, row in enumerate(alive.tolist()):
                ids[row] += words[place]
                parts[row].append(features[place])
            closed[alive] = ends
            # empty parts count too, or a poor model would never be done
            room = torch.tensor([len(ids[row]) < self.max_length > len(parts[row]) for row in alive.tolist()])
            stay = ((ends < level) & room.to(ends.device)).nonzero().squeeze(1)
            if not len(stay):
                break
            alive, vectors, state, condition = alive[stay], vectors[stay], state[stay], condition[stay]
            before = features[stay].unsqueeze(0)
        if level == len(self.hierarchy.planners):
            return ids, None, closed
        counts = torch.tensor([len(row) for row in parts], device=vectors.device)
        padded = torch.nn.utils.rnn.pad_sequence([torch.stack(row) for row in parts])
        return ids, reader.pool(reader.forward(padded, counts)), closed

    def _segments(self, plans: Tensor, texts: Tensor) -> tuple[list[list[int]], Tensor, Tensor]:
        encoder = self.model.reader()
        start, condition = self.model.begin_segments(plans, self.vector, self.items, texts)
        written = _write(
            self.model, start, condition, self.specials, self.max_length, self.choose, self.table
        )
        ended = _ends(self.model, written, self.specials)
        cut = ~ended.any(1)  # at the longest text: its last token is none that ends it
        last = torch.where(cut, written.shape[1] - 1, ended.to(torch.uint8).argmax(1))
        final = written.gather(1, last.unsqueeze(1)).squeeze(1)
        # a segment that was cut, or ends its text, ends all levels
        top = torch.full_like(final, len(self.hierarchy.planners))
        closed = torch.where(final >= self.model.first_end, final - self.model.first_end, top)
        features = encoder.pool(encoder.forward(self.model.embed(written.t()), last + 1))
        lengths = (last + cut).tolist()
        rows = [row[:length] for row, length in zip(written.tolist(), lengths, strict=True)]
        return rows, features, closed


def _text_scores(model: Autoencoder, specials: Specials) -> Tensor:
    """The softmax's matrix and, as its last column, bias, under which padding, begin, blank and languages never win."""
    weight, bias = model.softmax()
    ids = [specials.pad, specials.bos, specials.blank, *range(model.first_tag, len(weight))]
    never = torch.tensor(ids, device=bias.device)
    both = torch.cat([weight, bias.index_fill(0, never, _NEVER).unsqueeze(1)], dim=1)
    kind = both.device.type
    return both.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else both


def _scores(features: Tensor, weight: Tensor) -> Tensor:
    """(1, batch, embedding) → (batch, vocabulary). A bias beside the product would be copied to every row before it."""
    return F.linear(F.pad(features.squeeze(0), (0, 1), value=1.0), weight)


def _until_end(ids: Tensor, eos: int) -> list[list[int]]:
    """Rows up to their first end."""
    return [row[: row.index(eos)] if eos in row else row for row in ids.tolist()]
