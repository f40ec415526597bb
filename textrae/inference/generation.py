"""Step-by-step generation: latents → token ids."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from textrae.inference.sampling import Choose, likeliest
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.text.batch import Specials

ROW_MULTIPLE = 32
"""Batches have a multiple of this many rows: kernels are compiled and kept for each shape, so few shapes are used."""
NEVER = -1e9
"""Score of a token that must not be generated."""


@torch.no_grad()
def write(
    model: Autoencoder,
    latent: Latent,
    specials: Specials,
    max_length: int,
    choose: Choose = likeliest,
    table: Tensor | None = None,
) -> list[list[int]]:
    """Generate a sentence from each latent, one token at every step.

    A sentence ends with its end token. After `max_length` tokens nothing but the end may follow, so no step is computed
    for it. A hierarchical model generates segments one after another, each planned from those before it.

    Args:
        model: in evaluation mode.
        latent: what to decode.
        specials: ids that are not text, with what a sentence begins with.
        max_length: tokens of a sentence, at most; its end comes on top, as in training.
        choose: picks the next tokens from their scores; :class:`textrae.inference.sampling.Sampling` draws them.
        table: from :meth:`textrae.nn.autoencoder.Autoencoder.writing_table`.

    Returns:
        For each latent its token ids, without the end token.
    """
    if model.hierarchy is not None:
        return SegmentWriter(model, latent, specials, max_length, choose, table).write()
    return until_end(_write(model, *model.begin(latent), specials, max_length, choose, table), specials.eos)


def _write(
    model: Autoencoder,
    state: Tensor,
    condition: Sequence[Tensor],
    specials: Specials,
    max_length: int,
    choose: Choose,
    table: Tensor | None,
) -> Tensor:
    """Return (batch, steps) ids up to and with each row's end, then end tokens.

    Finished sentences leave the batch once they are half of it, so a long one does not hold up the rest.
    """
    weight = text_projection(model, specials)
    rows = torch.arange(len(state), device=state.device)
    current = torch.full_like(rows, specials.first)
    written = torch.full((max_length, len(rows)), specials.eos, device=state.device)
    for step in range(max_length):
        features, state = model.decode(current.unsqueeze(0), state, condition, table, step)
        ended = _ends(model, current, specials)  # a finished sentence goes on ending until it leaves
        chosen = choose(token_scores(features, weight)).to(rows.device)
        current = chosen.masked_fill_(ended, specials.eos)
        written[step, rows] = current
        ended = _ends(model, current, specials)
        left = len(ended) - int(ended.sum())
        if left == 0:
            break
        kept = left + -left % ROW_MULTIPLE
        if kept <= len(ended) // 2:
            stay = ended.to(torch.uint8).argsort(stable=True)[:kept]
            rows, state, current = rows[stay], state[stay], current[stay]
            condition = [part[stay] for part in condition]
    return written[: step + 1].t()


def _ends(model: Autoencoder, ids: Tensor, specials: Specials) -> Tensor:
    """Return which ids end a text or a segment."""
    return (ids == specials.eos) | ((ids >= model.first_end) & (ids < model.first_tag))


class SegmentWriter:
    """Generation with a hierarchical model, all texts of the batch side by side."""

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
        self.lengths = model.expected(latent)

    def write(self) -> list[list[int]]:
        """Return the token ids of each text."""
        texts = torch.arange(len(self.vector), device=self.vector.device)
        ids, _, _ = self._units(len(self.hierarchy.planners), self.vector, texts)
        return [row[: self.max_length] for row in ids]

    def _units(
        self, level: int, vectors: Tensor, texts: Tensor
    ) -> tuple[list[list[int]], Tensor | None, Tensor]:
        """Generate a unit of a level from each vector.

        Args:
            level: 0 for the finest segments.
            vectors: (units, …).
            texts: (units,) the text that each unit belongs to.

        Returns:
            Token ids of each, their features (units, features; None for whole texts), and how many levels above the
            finest end with each.
        """
        if level == 0:
            return self.segments(vectors, texts)
        planner, reader = self.hierarchy.planner(level - 1), self.hierarchy.reader(level - 1)
        state, condition = planner.begin(vectors)
        ids: list[list[int]] = [[] for _ in vectors]
        parts: list[list[Tensor]] = [[] for _ in vectors]
        closed = torch.zeros(len(vectors), dtype=torch.long, device=vectors.device)
        alive = torch.arange(len(vectors), device=vectors.device)
        before = vectors.new_zeros(1, len(vectors), self.hierarchy.features)
        top = level == len(self.hierarchy.planners)
        for step in range(self.max_length):
            lengths = self.lengths[texts[alive]] if top and self.lengths is not None else None
            told = self.hierarchy.told(level - 1, before, vectors, step, lengths)
            plans, state = planner.forward(told, state, condition)
            words, features, ends = self._units(level - 1, plans[0], texts[alive])
            assert features is not None
            for place, row in enumerate(alive.tolist()):
                ids[row] += words[place]
                parts[row].append(features[place])
            closed[alive] = ends
            # empty parts count too, or a poor model would never finish
            room = torch.tensor([len(ids[row]) < self.max_length > len(parts[row]) for row in alive.tolist()])
            stay = ((ends < level) & room.to(ends.device)).nonzero().squeeze(1)
            if not len(stay):
                break
            alive, vectors, state, condition = alive[stay], vectors[stay], state[stay], condition[stay]
            before = features[stay].unsqueeze(0)
        if top:
            return ids, None, closed
        counts = torch.tensor([len(row) for row in parts], device=vectors.device)
        padded = torch.nn.utils.rnn.pad_sequence([torch.stack(row) for row in parts])
        return ids, reader.pool(reader.forward(padded, counts)), closed

    def segments(self, plans: Tensor, texts: Tensor) -> tuple[list[list[int]], Tensor, Tensor]:
        """Generate a finest segment from each plan.

        Args:
            plans: (segments, features).
            texts: (segments,) the text that each segment belongs to.

        Returns:
            Token ids of each, their features (segments, features), and how many levels above the finest end with each.
        """
        encoder = self.model.reader()
        start, condition = self.model.begin_segments(plans, self.vector, self.items, texts)
        written = _write(
            self.model, start, condition, self.specials, self.max_length, self.choose, self.table
        )
        ended = _ends(self.model, written, self.specials)
        cut = ~ended.any(1)  # as long as the longest text: its last token is no end, but the end must follow
        last = torch.where(cut, written.shape[1] - 1, ended.to(torch.uint8).argmax(1))
        final = written.gather(1, last.unsqueeze(1)).squeeze(1)
        # a segment as long as the longest text, or one that ends its text, ends all levels
        top = torch.full_like(final, len(self.hierarchy.planners))
        closed = torch.where(final >= self.model.first_end, final - self.model.first_end, top)
        features = encoder.pool(encoder.forward(self.model.embed(written.t()), last + 1))
        lengths = (last + cut).tolist()
        rows = [row[:length] for row, length in zip(written.tolist(), lengths, strict=True)]
        return rows, features, closed


def text_projection(model: Autoencoder, specials: Specials) -> Tensor:
    """Return the softmax's matrix with its bias as the last column, for :func:`token_scores`.

    Padding, begin, blank and language tokens have the bias :data:`NEVER`, so that they are never generated. In autocast
    the result has autocast's type.

    Returns:
        (vocabulary, features + 1).
    """
    weight, bias = model.softmax()
    ids = [specials.pad, specials.bos, specials.blank, *range(model.first_tag, len(weight))]
    never = torch.tensor(ids, device=bias.device)
    both = torch.cat([weight, bias.index_fill(0, never, NEVER).unsqueeze(1)], dim=1)
    kind = both.device.type
    return both.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else both


def token_scores(features: Tensor, projection: Tensor) -> Tensor:
    """Return the scores of the next tokens: (1, batch, features) → (batch, vocabulary).

    Args:
        features: of one step of the decoder.
        projection: from :func:`text_projection`.
    """
    # a bias beside the product would be copied to every row before it
    return F.linear(F.pad(features.squeeze(0), (0, 1), value=1.0), projection)


def until_end(ids: Tensor, eos: int) -> list[list[int]]:
    """Return the rows of (batch, steps) ids, each up to its first end token."""
    return [row[: row.index(eos)] if eos in row else row for row in ids.tolist()]
