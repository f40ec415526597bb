"""Latents → token ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from textrae.errors import ConfigError
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.text.batch import Specials

_ROWS = 32
"""A batch has a multiple of so many rows: kernels are made and kept for each shape, of which there are few then."""

_GROUP = 64
_NEVER = -1e9
"""Score of a token that is not to be written."""

Choose = Callable[[Tensor], Tensor]
"""Scores (batch, vocabulary) → the next ids (batch,)."""


@dataclass(frozen=True)
class Sampling:
    """Draws each token from the softmax, of the scores divided by the temperature, among the likeliest."""

    temperature: float = 1.0
    """Below 1 the likely tokens gain."""
    top_k: int = 0
    """Tokens drawn from (Fan et al. 2018); 0 for all."""
    top_p: float = 1.0
    """The fewest of the likeliest tokens that have this probability together (nucleus; Holtzman et al. 2020)."""
    generator: torch.Generator = field(default_factory=torch.Generator)
    """On the CPU, so that a seed draws the same on every device."""

    def __call__(self, scores: Tensor) -> Tensor:
        """See :data:`Choose`."""
        scores = scores.float().cpu() / self.temperature
        if 0 < self.top_k < scores.shape[1]:
            least = scores.topk(self.top_k).values[:, -1:]
            scores = scores.masked_fill(scores < least, float("-inf"))
        shares = scores.softmax(-1)
        if self.top_p < 1.0:
            ordered, places = shares.sort(descending=True)
            before = ordered.cumsum(-1) - ordered  # the likeliest one always stays
            ordered = ordered.masked_fill(before >= self.top_p, 0.0)
            shares = torch.zeros_like(shares).scatter_(1, places, ordered)
        return torch.multinomial(shares, 1, generator=self.generator).squeeze(1)


def sampling_of(
    temperature: float | None, top_k: int | None, top_p: float | None, beam: int, seed: int
) -> Sampling | None:
    """How tokens are drawn; None where the likeliest is taken, or a beam searches.

    Where nothing is said they are drawn among the likeliest that have half of the probability together: as diverse as
    real text, with few words that are none.

    Args:
        temperature: 0 takes the likeliest.
        top_k: as :class:`Sampling` has it, as the next.

    Raises:
        ConfigError: draws are asked for together with a beam, or among few tokens without a temperature.
    """
    given = [value for value in (temperature, top_k, top_p) if value is not None]
    if beam > 1:
        if given and temperature != 0:
            raise ConfigError(
                "a beam searches and does not draw: leave out beam, or temperature, top-k and top-p"
            )
        return None
    if not given:
        top_p = 0.5
    if temperature == 0:
        if len(given) > 1:
            raise ConfigError(
                "top-k and top-p are for draws, of which temperature 0 makes none: leave them out"
            )
        return None
    generator = torch.Generator().manual_seed(seed)
    chosen = (1.0 if temperature is None else temperature, top_k or 0, 1.0 if top_p is None else top_p)
    return Sampling(*chosen, generator)


def likeliest(scores: Tensor) -> Tensor:
    """See :data:`Choose`."""
    if scores.device.type != "cpu":
        return scores.argmax(-1)
    numbers = scores.float() if scores.dtype == torch.bfloat16 else scores
    return torch.from_numpy(numbers.numpy().argmax(-1))  # in a tenth of the time that torch takes


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


@torch.no_grad()
def beam_search(
    model: Autoencoder,
    latent: Latent,
    specials: Specials,
    max_length: int,
    width: int,
    length_penalty: float = 0.0,
    table: Tensor | None = None,
) -> list[list[int]]:
    """The most likely of the sentences that a beam of `width` finds, all sentences of the batch side by side.

    An ended hypothesis stays in its beam at no further cost. A sentence is done when no living hypothesis can overtake
    the best ended one, and leaves the batch once half of it is done.

    Args:
        latent: what to decode.
        width: hypotheses kept at every step; 1 is the greedy search.
        length_penalty: scores are divided by tokens to this power (Wu et al. 2016 without their constant): 0 compares
            likelihoods, more favours longer sentences, less shorter ones.
        table: from :meth:`Autoencoder.writing_table`.

    Returns:
        For each latent its token ids, the end token left out.
    """
    beams = _Beams(model, latent, specials, max_length, width, length_penalty, table)
    while beams.step():
        pass
    return _until_end(beams.best, specials.eos)


@torch.no_grad()
def n_best(
    model: Autoencoder,
    latent: Latent,
    specials: Specials,
    max_length: int,
    width: int,
    length_penalty: float = 0.0,
    table: Tensor | None = None,
) -> list[list[tuple[list[int], float]]]:
    """All `width` hypotheses that a beam ends with, the best first, each with its score.

    The search goes on until every hypothesis of the beam has ended, so the first may be better than that of
    :func:`beam_search`, which stops when none can overtake it: never worse.

    Returns:
        For each latent (token ids, nats / tokens to the power of `length_penalty`).
    """
    beams = _Beams(model, latent, specials, max_length, width, length_penalty, table, whole=True)
    while beams.step():
        pass
    ranks, order = beams.ranks.sort(descending=True)
    found = []
    for hypotheses, places, scores in zip(beams.hypotheses, order, ranks.tolist(), strict=True):
        rows = _until_end(hypotheses[places], specials.eos)
        found.append([(row, score) for row, score in zip(rows, scores, strict=True) if score > 0.1 * _NEVER])
    return found


class _Beams:
    """The living sentences of a beam search; (batch, width) hypotheses each, ordered by score.

    With `whole` a sentence lives until all its hypotheses have ended.
    """

    def __init__(
        self,
        model: Autoencoder,
        latent: Latent,
        specials: Specials,
        max_length: int,
        width: int,
        length_penalty: float,
        table: Tensor | None,
        whole: bool = False,
    ) -> None:
        self.whole, self.table = whole, table
        self.model, self.eos, self.width, self.penalty = model, specials.eos, width, length_penalty
        self.weight = _text_scores(model, specials)
        state, condition = model.begin(latent)
        shape, device = (len(state), width), state.device
        self.state = state.repeat_interleave(width, 0)
        self.condition = [part.repeat_interleave(width, 0) for part in condition]
        self.scores = torch.full(shape, float("-inf"), device=device)
        self.scores[:, 0] = 0.0  # all begin alike: the first hypothesis alone has continuations
        self.lengths = torch.zeros(shape, device=device)
        self.written = torch.full((*shape, max_length), self.eos, device=device)
        self.current = torch.full(shape, specials.first, device=device)
        self.rows = torch.arange(shape[0], device=device)
        self.best = torch.full((shape[0], max_length), self.eos, device=device)
        self.found = torch.full((shape[0],), float("-inf"), device=device)  # the best ended one's rank
        self.hypotheses = self.written.clone() if whole else self.written
        self.ranks = torch.full(shape, float("-inf"), device=device)
        self.steps = 0

    def step(self) -> bool:
        """Add a token to every living hypothesis; is there another step?"""
        parents = self._extend()
        self.steps += 1
        ended = self.current == self.eos
        ranks = (self.scores / self.lengths**self.penalty).masked_fill(~ended, float("-inf"))
        rank, which = ranks.max(1)
        better = rank > self.found
        if self.steps == self.best.shape[1]:
            better |= self.found.isinf() & rank.isinf()  # nothing has ended: the likeliest as far as it goes
        self.best[self.rows[better]] = self.written[better, which[better]]
        self.found = torch.maximum(self.found, rank)
        # the most that a living hypothesis can come to: nothing more lost, and the longest sentence (or if short ones are
        # favoured, the end next)
        length = self.best.shape[1] if self.penalty >= 0 else self.steps + 1
        hope = self.scores.masked_fill(ended, float("-inf")) / length**self.penalty
        done = self.found >= hope.amax(1)
        if self.whole:
            self.hypotheses[self.rows] = self.written
            self.ranks[self.rows] = self.scores / self.lengths.clamp_min(1) ** self.penalty
            done = ended.all(1)
        left = len(done) - int(done.sum())
        self.state = self.state[parents]
        if left == 0 or self.steps == self.best.shape[1]:
            return False
        kept = left + -left % _ROWS
        if kept <= len(done) // 2:
            self._keep(done.to(torch.uint8).argsort(stable=True)[:kept])
        return True

    def _extend(self) -> Tensor:
        """Choose the next hypotheses; returns the flat index of each one's parent."""
        features, self.state = self.model.decode(
            self.current.view(1, -1), self.state, self.condition, self.table
        )
        scores = _scores(features, self.weight).float()
        values, tokens = _largest(scores, min(self.width, scores.shape[1]))  # (batch · width, continuations)
        values = values - scores.logsumexp(-1, keepdim=True)
        ended = (self.current == self.eos).view(-1, 1)
        only_end = torch.full_like(values[0], float("-inf"))
        only_end[0] = 0.0
        values, tokens = torch.where(ended, only_end, values), tokens.masked_fill(ended, self.eos)
        total = (self.scores.view(-1, 1) + values).view(len(self.rows), -1)
        self.scores, chosen = total.topk(self.width)
        parent = chosen // values.shape[1]  # (batch, width)
        self.current = tokens.view(len(self.rows), -1).gather(1, chosen)
        self.lengths = self.lengths.gather(1, parent) + ~ended.view_as(parent).gather(1, parent)
        self.written = self.written.gather(1, parent.unsqueeze(-1).expand_as(self.written))
        self.written[:, :, self.steps] = self.current
        first = torch.arange(len(parent), device=parent.device).unsqueeze(1) * self.width
        return (first + parent).flatten()

    def _keep(self, stay: Tensor) -> None:
        """Go on with some of the sentences."""
        self.rows, self.scores, self.lengths = self.rows[stay], self.scores[stay], self.lengths[stay]
        self.written, self.current, self.found = self.written[stay], self.current[stay], self.found[stay]
        hypotheses = (stay.unsqueeze(1) * self.width + torch.arange(self.width, device=stay.device)).flatten()
        self.state = self.state[hypotheses]
        self.condition = [part[hypotheses] for part in self.condition]


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


def _largest(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` largest of each row, and where they are, as `topk`.

    Found among the groups with the largest maxima, which hold them all: a sort of a tenth of the row.
    """
    rows, size = scores.shape
    groups = size // _GROUP
    if groups <= 2 * count:
        return scores.topk(count)
    body = scores[:, : groups * _GROUP].view(rows, groups, _GROUP)
    best = body.amax(-1).topk(count).indices  # (rows, count)
    places = (best.unsqueeze(-1) * _GROUP + torch.arange(_GROUP, device=scores.device)).flatten(1)
    tail = torch.arange(groups * _GROUP, size, device=scores.device).expand(rows, -1)
    places = torch.cat([places, tail], dim=1)
    values, chosen = scores.gather(1, places).topk(count)
    return values, places.gather(1, chosen)


def _until_end(ids: Tensor, eos: int) -> list[list[int]]:
    """Rows up to their first end."""
    return [row[: row.index(eos)] if eos in row else row for row in ids.tolist()]
