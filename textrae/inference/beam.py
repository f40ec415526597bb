"""Beam search: latents → the token ids of the most likely sentences found."""

from __future__ import annotations

import torch
from torch import Tensor

from textrae.inference.generation import NEVER, ROW_MULTIPLE, text_projection, token_scores, until_end
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.text.batch import Specials

_GROUP = 64
"""Scores whose largest is compared first by :func:`largest`."""


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
    """Return the best sentence that a beam of `width` finds for each latent, all of them searched side by side.

    A hypothesis that has ended stays in its beam at no further cost, and is remembered where others push it out. A
    sentence is done when no hypothesis that goes on can overtake the best ended one. Once half of the batch is done,
    those sentences leave it.

    Args:
        model: in evaluation mode.
        latent: what to decode.
        specials: ids that are not text, with what a sentence begins with.
        max_length: tokens of a sentence, at most; its end comes on top, as in training.
        width: hypotheses kept at every step; 1 is the greedy search.
        length_penalty: scores are divided by tokens, the end counted, to this power (Wu et al. 2016 without their
            constant): 0 compares likelihoods, more favours longer sentences, less shorter ones.
        table: from :meth:`textrae.nn.autoencoder.Autoencoder.writing_table`.

    Returns:
        For each latent its token ids, without the end token.
    """
    beams = _Beams(
        model, latent, specials, max_length, width=width, length_penalty=length_penalty, table=table, wanted=1
    )
    while beams.step():
        pass
    return until_end(beams.best[:, 0], specials.eos)


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
    """Return the best `width` sentences that a beam of `width` finds for each latent, the best first, with their scores.

    All have ended. The first is the one of :func:`beam_search`: the beams are the same, and go on until no hypothesis
    can overtake any of the best `width`.

    Args:
        model: in evaluation mode.
        latent: what to decode.
        specials: ids that are not text, with what a sentence begins with.
        max_length: as for :func:`beam_search`.
        width: hypotheses kept at every step, and sentences returned.
        length_penalty: as for :func:`beam_search`.
        table: from :meth:`textrae.nn.autoencoder.Autoencoder.writing_table`.

    Returns:
        For each latent, pairs of token ids and score (log-likelihood in nats / tokens to the power of `length_penalty`).
    """
    beams = _Beams(
        model,
        latent,
        specials,
        max_length,
        width=width,
        length_penalty=length_penalty,
        table=table,
        wanted=width,
    )
    while beams.step():
        pass
    found = []
    for sentences, scores in zip(beams.best, beams.found.tolist(), strict=True):
        rows = until_end(sentences, specials.eos)
        found.append([(row, score) for row, score in zip(rows, scores, strict=True) if score > float("-inf")])
    return found


class _Beams:
    """State of a beam search over the unfinished sentences: (batch, width) hypotheses, ordered by score.

    The best `wanted` hypotheses that have ended are kept in a pool beside the beams.
    """

    def __init__(
        self,
        model: Autoencoder,
        latent: Latent,
        specials: Specials,
        max_length: int,
        *,
        width: int,
        length_penalty: float,
        table: Tensor | None,
        wanted: int,
    ) -> None:
        self.table, self.max_length = table, max_length
        self.model, self.eos, self.width, self.penalty = model, specials.eos, width, length_penalty
        self.projection = text_projection(model, specials)
        state, condition = model.begin(latent)
        count, device = len(state), state.device
        self.state = state.repeat_interleave(width, 0)
        self.condition = [part.repeat_interleave(width, 0) for part in condition]
        self.scores = torch.full((count, width), float("-inf"), device=device)
        self.scores[:, 0] = 0.0  # all begin alike: only the first hypothesis has continuations
        self.written = torch.full((count, width, max_length), self.eos, device=device)
        self.current = torch.full((count, width), specials.first, device=device)
        self.rows = torch.arange(count, device=device)
        # the pool: sentences that have ended, and their ranks, the best first
        self.best = torch.full((count, wanted, max_length), self.eos, device=device)
        self.found = torch.full((count, wanted), float("-inf"), device=device)
        self.steps = 0

    def step(self) -> bool:
        """Add a token to every unfinished hypothesis, and return whether there is another step.

        The last step, after `max_length` tokens, adds the end.
        """
        if self.steps == self.max_length:
            self._end()
            return False
        parents, fresh = self._extend()
        self.steps += 1
        self._collect(fresh)
        # upper bound of an unfinished hypothesis: no further loss and the longest sentence, or, if short ones are
        # favoured, the end next
        length = (self.max_length if self.penalty >= 0 else self.steps) + 1
        hope = self.scores.masked_fill(self.current == self.eos, float("-inf")) / length**self.penalty
        done = self.found[self.rows, -1] >= hope.amax(1)
        left = len(done) - int(done.sum())
        if left == 0:
            return False
        self.state = self.state[parents]
        kept = left + -left % ROW_MULTIPLE
        last = self.steps == self.max_length and kept < len(done)
        if last or kept <= len(done) // 2:
            self._keep(done.to(torch.uint8).argsort(stable=True)[:kept])
        return True

    def _scores(self) -> Tensor:
        """Compute the next step: (hypotheses, vocabulary) scores."""
        features, self.state = self.model.decode(
            self.current.view(1, -1), self.state, self.condition, self.table, self.steps
        )
        return token_scores(features, self.projection).float()

    def _extend(self) -> tuple[Tensor, Tensor]:
        """Choose the next hypotheses; return the flat index of each one's parent, and (batch, width) which end now."""
        scores = self._scores()
        values, tokens = largest(scores, min(self.width, scores.shape[1]))  # (batch · width, continuations)
        values = values - scores.logsumexp(-1, keepdim=True)
        values = values.masked_fill(
            values < 0.1 * NEVER, float("-inf")
        )  # beams may be wider than the vocabulary
        ended = self.current == self.eos
        only_end = torch.full_like(values[0], float("-inf"))
        only_end[0] = 0.0
        done = ended.view(-1, 1)
        values, tokens = torch.where(done, only_end, values), tokens.masked_fill(done, self.eos)
        total = (self.scores.view(-1, 1) + values).view(len(self.rows), -1)
        self.scores, chosen = total.topk(self.width)
        parent = chosen // values.shape[1]  # (batch, width)
        self.current = tokens.view(len(self.rows), -1).gather(1, chosen)
        self.written = self.written.gather(1, parent.unsqueeze(-1).expand_as(self.written))
        self.written[:, :, self.steps] = self.current
        first = torch.arange(len(parent), device=parent.device).unsqueeze(1) * self.width
        fresh = (self.current == self.eos) & ~ended.gather(1, parent)
        return (first + parent).flatten(), fresh

    def _end(self) -> None:
        """End every hypothesis that goes on, since a sentence has no more tokens."""
        scores = self._scores()
        self.scores += (scores[:, self.eos] - scores.logsumexp(-1)).view_as(self.scores)
        self.steps += 1
        self._collect(self.current != self.eos)

    def _collect(self, fresh: Tensor) -> None:
        """Put the hypotheses that end at this step, (batch, width) `fresh`, into the pool, if they are good enough."""
        ranks = (self.scores / self.steps**self.penalty).masked_fill(~fresh, float("-inf"))
        better = (ranks.amax(1) > self.found[self.rows, -1]).nonzero().squeeze(1)
        if not len(better):
            return
        rows = self.rows[better]
        both = torch.cat([self.found[rows], ranks[better]], dim=1)
        # stable: of equals the one found first, whatever the number wanted
        both, order = both.sort(dim=1, descending=True, stable=True)
        wanted = self.found.shape[1]
        place = order[:, :wanted]
        kept = self.best[rows.unsqueeze(1), place.clamp_max(wanted - 1)]
        added = self.written[better.unsqueeze(1), (place - wanted).clamp_min(0)]
        self.best[rows] = torch.where((place < wanted).unsqueeze(-1), kept, added)
        self.found[rows] = both[:, :wanted]

    def _keep(self, stay: Tensor) -> None:
        """Keep only some of the sentences: `stay` holds their rows."""
        self.rows, self.scores, self.written = self.rows[stay], self.scores[stay], self.written[stay]
        self.current = self.current[stay]
        hypotheses = (stay.unsqueeze(1) * self.width + torch.arange(self.width, device=stay.device)).flatten()
        self.state = self.state[hypotheses]
        self.condition = [part[hypotheses] for part in self.condition]


def largest(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the `count` largest scores of each row and their columns, as ``topk`` does but faster on long rows.

    They are all in the `count` groups with the largest maxima, so only about a tenth of a row is sorted.

    Args:
        scores: (rows, columns).
        count: of a row.

    Returns:
        Values and columns, each (rows, count), the largest first.
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
